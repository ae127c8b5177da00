"""What texts state, and how values relate to it."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.claims.statements import deviation, shown_value, verdict_on
from archstat.errors import DataError


@pytest.mark.parametrize(
    ("stated", "value", "verdict"),
    [
        ("138,357,544", 138_357_544, "exact"),
        ("138M", 138_357_544, "rounds"),
        ("138.4 million", 138_357_544, "rounds"),
        ("3.8e9", 3_857_973_248, "truncated"),
        ("139M", 138_357_544, "does not hold"),
        ("60,000", 60_001, "does not hold"),
        ("<= 4.1G", 4_100_000_000, "holds"),
        ("<= 4.1G", 4_100_000_001, "does not hold"),
        ("< 4.1G", 4_100_000_000, "does not hold"),
        ("≥ 1,000", 1_000, "holds"),
        ("> 1000", 1_000, "does not hold"),
        ("== 25.6M", 25_557_032, "rounds"),
        ("8.55x", Fraction(4866, 569), "rounds"),
        ("9×", Fraction(4866, 569), "rounds"),
        ("> 2x", Fraction(854, 271), "holds"),
        ("45%", Fraction(22, 49), "rounds"),
        ("44 %", Fraction(22, 49), "does not hold"),
        ("2.33", Fraction(7, 3), "rounds"),
        ("2.3", Fraction(7, 3), "rounds"),
        ("28x28x6", (6, 28, 28), "exact"),
        ("6×28×28", (6, 28, 28), "exact"),
        ("28 * 28 * 6", (6, 28, 28), "exact"),
        ("28x6x28", (6, 28, 28), "does not hold"),
        ("1x1x4096", (4096,), "exact"),
        ("1x2x4096", (4096,), "does not hold"),
        ("400", (400,), "exact"),
        ("7", (7, 7), "exact"),
        ("7x7", (7, 7), "exact"),
    ],
)
def test_a_stated_number_means_its_last_digit(stated, value, verdict):
    assert verdict_on(stated, value) == verdict


@pytest.mark.parametrize(
    ("stated", "value", "verdict"),
    [
        ("12 MiB", 12 * 1024**2, "exact"),
        ("96MB", 96_400_000, "rounds"),
        ("96MB", 60_950_432, "does not hold"),
        ("<= 12 MiB", 10_436_608, "holds"),
        ("18,816 B", 18_816, "exact"),
        ("18816", 18_816, "exact"),
    ],
)
def test_a_stated_amount_of_memory_has_a_unit_of_memory(stated, value, verdict):
    assert verdict_on(stated, value, "B") == verdict


@pytest.mark.parametrize("stated", ["many", "", "12 parsecs", "<= ", "x", "%", "3 M M", "1e999"])
def test_what_is_no_number_is_refused(stated):
    with pytest.raises(DataError, match=re.escape("is no printed number; write it like '138M'")):
        verdict_on(stated, 3)


def test_a_shape_is_compared_with_a_shape_and_memory_with_memory():
    with pytest.raises(DataError, match="'5 million' is no shape: write it like '28x28x6'"):
        verdict_on("5 million", (6, 28, 28))
    with pytest.raises(DataError, match="'3 apples' is no amount of memory; write it like '96MB'"):
        verdict_on("3 apples", 3, "B")


@given(st.integers(1, 10**12), st.integers(0, 3))
def test_a_number_that_was_rounded_rounds_and_one_off_by_more_does_not_hold(value, dropped):
    step = 10**dropped
    printed = (value + step // 2) // step * step
    stated = f"{printed}e0" if not dropped else f"{printed // step}e{dropped}"
    assert verdict_on(stated, value) in ("exact", "rounds")
    assert verdict_on(stated, value + 2 * step) == "does not hold"
    assert verdict_on(stated, value - 2 * step) == "does not hold"


# -- what has a unit ---------------------------------------------------------------------------------------------------

ALEXNET_S = Fraction("0.020949544")


@pytest.mark.parametrize(
    ("stated", "value", "unit", "verdict"),
    [
        ("20.9 ms", ALEXNET_S, "s", "rounds"),
        ("20.949544 ms", ALEXNET_S, "s", "exact"),
        ("21 ms", ALEXNET_S, "s", "rounds"),
        ("0.021 s", ALEXNET_S, "s", "rounds"),
        ("20,950 µs", ALEXNET_S, "s", "rounds"),
        ("20.8 ms", ALEXNET_S, "s", "does not hold"),
        ("20.94 ms", ALEXNET_S, "s", "truncated"),
        ("20.9 us", ALEXNET_S, "s", "does not hold"),
        ("20.9 Ms", ALEXNET_S, "s", "does not hold"),  # a million seconds
        ("< 25 ms", ALEXNET_S, "s", "holds"),
        (">= 25 ms", ALEXNET_S, "s", "does not hold"),
        ("389 GFLOP/s", 389_165_504_197, "FLOP/s", "rounds"),
        ("0.39 TFLOPS", 389_165_504_197, "FLOP/s", "rounds"),
        ("27.4 GB/s", 27_382_952_803, "B/s", "rounds"),
        ("27.4 MB/s", 27_382_952_803, "B/s", "does not hold"),
        ("150 W", Fraction("149.6"), "W", "rounds"),
        ("0.41 J", Fraction("0.4132"), "J", "rounds"),
        ("413 mJ", Fraction("0.4132"), "J", "rounds"),
        ("413 MJ", Fraction("0.4132"), "J", "does not hold"),
        ("47.7 images/s", Fraction("47.73"), "inputs/s", "rounds"),
        ("2.1k/s", 2_100, "inputs/s", "exact"),
        ("6.67 %", Fraction("6.67"), "%", "exact"),
        ("6.67%", Fraction("6.67"), "%", "exact"),
        ("6.7", Fraction("6.67"), "%", "rounds"),
        ("6.6 %", Fraction("6.67"), "%", "truncated"),
        ("9.2 points", Fraction("9.23"), "%", "rounds"),
        ("12.0 GMAC/s", 12 * 10**9, "MAC/s", "exact"),
        ("2.5 nJ/MAC", Fraction("2.5e-9"), "J/MAC", "exact"),
    ],
)
def test_a_stated_amount_means_its_last_digit_in_its_unit(stated, value, unit, verdict):
    assert verdict_on(stated, value, unit) == verdict


@pytest.mark.parametrize(
    ("stated", "unit", "says"),
    [
        ("20.9", "s", "'20.9' is no amount in s; write it like '20.9 ms'."),
        ("20.9 m", "s", "'20.9 m' is no amount in s"),
        ("20.9 M", "s", "'20.9 M' is no amount in s"),
        ("20.9 ms ms", "s", "is no amount in s"),
        ("20.9 W", "s", "is no amount in s"),
        ("29 %", "s", "'29 %' is no amount in s"),
        ("2.4x", "s", "'2.4x' is no amount in s"),
        ("-3 ms", "s", "is no amount in s"),
        ("< ", "s", "'' is no amount in s"),
        ("3 GB", "B/s", "'3 GB' is no amount in B/s; write it like '389 GB/s'."),
        ("3 MiB/s", "B/s", "is no amount in B/s"),
        ("6.67k", "%", "'6.67k' is no amount in %; write it like '6.67 %'."),
        ("6.67 m%", "%", "is no amount in %"),
        ("20.9 ms", "", "'20.9 ms' is no printed number"),
        ("20.9 ms", "B", "'20.9 ms' is no amount of memory"),
    ],
)
def test_a_number_in_another_unit_is_refused(stated, unit, says):
    with pytest.raises(DataError, match=re.escape(says)):
        verdict_on(stated, 3, unit)


@pytest.mark.parametrize(
    ("value", "stated", "unit", "text"),
    [
        (ALEXNET_S, "20.9 ms", "s", "20.95 ms"),
        (ALEXNET_S, "< 0.03 s", "s", "0.02095 s"),
        (ALEXNET_S, "20,950 us", "s", "20,950 us"),
        (ALEXNET_S, "", "s", "20.95 ms"),
        (389_165_504_197, "0.39 TFLOP/s", "FLOP/s", "0.3892 TFLOP/s"),
        (389_165_504_197, "", "FLOP/s", "389.2 GFLOP/s"),
        (Fraction("0.4132"), "", "J", "413.2 mJ"),
        (Fraction("149.6"), "", "W", "149.6 W"),
        (Fraction("9.618"), "9.6 %", "%", "9.618 %"),
        (Fraction("9.618"), "9.6", "%", "9.618"),
        (Fraction("9.618"), "", "%", "9.618 %"),
        (2**20, "1 MiB", "B", "1,048,576 B (1.000 MiB)"),
        (Fraction(7, 3), "2.3x", "", "2.333×"),
        (15_470_264_320, "15.5G", "MAC", "15,470,264,320"),
    ],
)
def test_a_value_is_shown_in_the_unit_of_the_statement(value, stated, unit, text):
    assert shown_value(value, stated, unit) == text


def test_how_far_off_a_time_is_stands_in_its_unit():
    assert deviation("25 ms", ALEXNET_S, "s") == "stated more by 4.05 ms, 19.3 %"
    assert deviation("< 25 ms", ALEXNET_S, "s") == ""
    assert deviation("25%", Fraction(1, 5), "") == ""


@given(st.floats(min_value=1e-9, max_value=900))
def test_a_time_as_we_show_it_holds(value):
    exact = Fraction(str(value))
    assert verdict_on(shown_value(exact, "", "s"), exact, "s") in ("exact", "rounds")
