"""Printed numbers, as people write them."""

from decimal import Decimal

import pytest

from archstat.errors import DataError
from archstat.identifying import asked


@pytest.mark.parametrize(
    ("text", "kind", "value", "step"),
    [
        ("4.11G", "", "4.11e9", "1e7"),
        ("4.11 GFLOPs", "FLOPs", "4.11e9", "1e7"),
        ("~4.1 GFLOPS", "FLOPs", "4.1e9", "1e8"),
        ("15.5 BFLOPs", "FLOPs", "15.5e9", "1e8"),
        ("3.8B", "", "3.8e9", "1e8"),
        ("3.8×10⁹ FLOPs", "FLOPs", "3.8e9", "1e8"),
        (r"3.8\times10^{9}", "", "3.8e9", "1e8"),
        ("0.85 GMac", "MACs", "0.85e9", "1e7"),
        ("569 Million Mult-Adds", "MACs", "569e6", "1e6"),
        ("25.6 M params", "parameters", "25.6e6", "1e5"),
        ("11.1M acts", "elements", "11.1e6", "1e5"),
        ("4,089,184,256", "", "4089184256", "1"),
        ("60_000 parameters", "parameters", "60000", "1"),
        ("12 MiB", "bytes", str(12 * 2**20), str(2**20)),
    ],
)
def test_a_number_is_read_with_its_precision_and_what_it_is_of(text, kind, value, step):
    found = asked(text)
    assert (found.kind, found.printed.value, found.printed.step) == (kind, Decimal(value), Decimal(step))


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("25 557 032", "25557032", "1"),
        ("25\u00a0557\u00a0032 parameters", "25557032", "1"),
        ("25\u202f557\u202f032", "25557032", "1"),
        ("25'557'032", "25557032", "1"),
        ("25.557.032", "25557032", "1"),
        ("4,1 G", "4.1e9", "1e8"),
        ("4,11 GFLOPs", "4.11e9", "1e7"),
        ("4,1×10⁹", "4.1e9", "1e8"),
        ("1 820,5 MFLOPs", "1820.5e6", "1e5"),
        ("1.8 e9", "1.8e9", "1e8"),
        ("0,652 MFLOPs", "652e3", "1e3"),
        ("4,123", "4123", "1"),
        ("4.123 G", "4.123e9", "1e6"),
        ("4,089,184,256", "4089184256", "1"),
    ],
)
def test_digits_are_grouped_and_points_are_set_as_anywhere_in_the_world(text, value, step):
    found = asked(text)
    assert (found.printed.value, found.printed.step) == (Decimal(value), Decimal(step))


@pytest.mark.parametrize("text", ["25 57 032", "25 557 03", "4,1,2", "4,1.2", "25.557.03", "1 2", "25 557.032 1"])
def test_digits_that_are_grouped_as_nowhere_are_refused(text):
    with pytest.raises(DataError, match="is no printed number"):
        asked(text)


def test_a_last_zero_may_be_one_that_was_rounded_to():
    said, other = asked("110M params").readings
    assert (said.printed.step, said.assumption) == (10**6, "")
    assert (other.printed.value, other.printed.step, other.assumption) == (110 * 10**6, 10**7, "rounded to tens")


@pytest.mark.parametrize("text", ["10M", "111M", "110.0M", "110,000,000", "1000", "60,000 params", "110 MiB"])
def test_a_last_digit_that_is_none_of_these_is_meant(text):
    assert len(asked(text).readings) == 1


def test_megabytes_may_be_mebibytes_and_then_that_is_assumed():
    said, other = asked("97.8 MB").readings
    assert (said.printed.value, said.assumption) == (97_800_000, "")
    assert (other.printed.value, other.assumption) == (Decimal("97.8") * 2**20, "MB of 1,048,576 bytes")


def test_a_number_too_small_for_any_network_has_lost_its_prefix():
    readings = [(reading.printed.value, reading.assumption) for reading in asked("8.2").readings]
    assert readings[:2] == [(8_200_000_000, "the prefix G left out"), (8_200_000, "the prefix M left out")]
    assert asked("8.2 GFLOPs").readings[0].assumption == asked("1000").readings[0].assumption == ""


def test_the_kind_of_a_column_is_used_where_the_cell_says_none():
    assert asked("25.6M", "parameters").kind == "parameters"
    assert asked("4.1 GMACs", "FLOPs").kind == "MACs"


@pytest.mark.parametrize(
    "text",
    ["", "x", "-3", "½", "4.1 %", "12 GFLOP/s", "25.6m", "9" * 300, "<script>", "\x1b[2J4G", "三", "1e999", "4 G G"],
)
def test_what_is_no_printed_number_is_refused(text):
    with pytest.raises(DataError, match=r"is no printed number; write it like '4\.11G'"):
        asked(text)


def test_nothing_is_refused():
    with pytest.raises(DataError, match=r"'0\.0G' is nothing, which anything may have"):
        asked("0.0G")
