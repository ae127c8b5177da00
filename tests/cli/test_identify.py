"""``archstat identify``."""

import csv
import io

import pytest


def test_an_answer_is_a_sentence_with_the_command_that_shows_it(archstat):
    code, out, err = archstat("identify", "lenet5", "651 kFLOPs")
    assert (code, err) == (0, "")
    assert "lenet5 at 32×32, by conv+linear, in FLOPs of which a MAC is two: 651,360 → 651 kFLOPs" in out
    assert "archstat reconcile lenet5" in out
    assert "a random number there, printed so, is met by" in out


def test_the_command_of_an_answer_says_its_input(archstat):
    out = archstat("identify", "resnet20", "162,202,240 MACs", "--format", "csv").out
    row = next(csv.DictReader(io.StringIO(out)))
    assert row["command"] == "archstat reconcile resnet20 --resolution 64"


def test_no_answer_ends_with_1_and_shows_what_comes_nearest(archstat):
    code, out, err = archstat("identify", "lenet5", "61,000 params", "--limit", "2")
    assert (code, err) == (1, "")
    assert "Nothing that was tried prints so; these come nearest." in out
    assert out.count("≠ 61,000 params") == 2


@pytest.mark.parametrize("number", ["", "x", "0", "-3", "<script>", "9" * 300, "\x1b[2J"])
def test_a_number_that_is_none_is_wrong_use(archstat, number):
    code, out, err = archstat("identify", "lenet5", "--", number)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_a_network_that_is_none_is_wrong_use(archstat):
    code, out, err = archstat("identify", "resnet5", "4.1G")
    assert (code, out) == (2, "")
    assert "No architecture is named 'resnet5'" in err


def test_programs_get_numbers_in_full_and_every_way_to_count(archstat):
    out = archstat("identify", "vgg11", "7,609,090,048 MACs", "--format", "csv").out
    row = next(csv.DictReader(io.StringIO(out)))
    assert (row["network"], row["number"], row["size"]) == ("vgg11", "7609090048", "224×224")
    assert "by conv+linear, in MACs; " in row["ways"]
    assert "by fvcore, in MACs" in row["ways"]


def test_few_digits_are_said_to_tell_little(archstat):
    out = archstat("identify", "lenet5", "0.3 MMACs").out
    assert "So few digits tell little" in out
