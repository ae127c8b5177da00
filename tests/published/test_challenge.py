"""``challenge.toml``."""

import re

import pytest

from archstat.analysis.inference import analyse
from archstat.errors import DataError
from archstat.networks.settings import Setting
from archstat.published.challenge import challenge_of, human, winners
from archstat.registry import architectures

ENTRY = """
[human]
top5_error = 5.1
measured = "test set"
source = "Someone, 2015"
note = "One person."

[[entries]]
year = 2012
entry = "AlexNet"
team = "SuperVision"
top5_error = 16.4
measured = "test set"
place = 1
source = "Someone, 2012"
"""


def depth_of(name):
    return analyse(name, Setting()).depth()


def test_the_challenge_ran_from_2010_to_2017_and_had_one_winner_each_year():
    assert [each.year for each in winners() if each.place == 1] == list(range(2010, 2018))
    assert [each.entry for each in winners() if each.place != 1] == ["VGG"]


def test_entries_are_in_the_order_of_the_chart():
    years = [each.year for each in winners()]
    errors = [each.top5_error for each in winners()]
    assert years == sorted(years)
    assert errors == sorted(errors, reverse=True) == [28.2, 25.8, 16.4, 11.7, 7.3, 6.7, 3.6, 3.0, 2.3]


def test_the_first_two_are_shallow_and_the_others_tell_their_layers():
    assert [each.layers for each in winners()] == [None, None, 8, 8, 19, 22, 152, 152, 152]


@pytest.mark.parametrize("each", winners(), ids=lambda each: each.team)
def test_every_entry_says_where_it_comes_from(each):
    assert all((each.entry, each.team, each.measured, each.source))
    assert not each.architecture or each.architecture in architectures
    assert each.layers is None or each.note, "an ensemble is not its largest network: say what it is"


def test_the_layers_of_the_chart_are_those_that_we_count():
    ours = {each.architecture: each.layers for each in winners() if each.architecture}
    ours.pop("senet154")
    assert ours == {name: depth_of(name) for name in ("alexnet", "vgg19", "googlenet", "resnet152")}


def test_senet_has_neither_the_layers_of_the_chart_nor_those_of_its_name():
    (each,) = [each for each in winners() if each.architecture == "senet154"]
    blocks, layers_of_a_block = 3 + 8 + 36 + 3, 2
    depth = depth_of("senet154")
    assert depth - blocks * layers_of_a_block == 154 != each.layers
    assert f"and {depth} with them" in each.note


def test_a_person_errs_less_than_the_winner_of_2014_and_more_than_that_of_2015():
    after = [each.year for each in winners() if each.top5_error < human().top5_error]
    assert human().top5_error == 5.1
    assert min(after) == 2015
    assert all((human().measured, human().source, human().note))


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_file_that_holds_together_is_read():
    found = challenge_of(ENTRY.encode())
    assert (found.human.top5_error, len(found.entries)) == (5.1, 1)
    assert (found.entries[0].precise, found.entries[0].layers, found.entries[0].architecture) == (None, None, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{ENTRY}precise = 15.32", "15.32 does not round to 16.4 - at `$.entries[0]`"),
        (ENTRY.replace("16.4", "164"), "164 is no error in percent - at `$.entries[0]`"),
        (ENTRY.replace("5.1", "0.0"), "0 is no error in percent - at `$.human`"),
        (ENTRY.replace("2012\n", '"2012"\n', 1), "Expected `int`, got `str` - at `$.entries[0].year`"),
        (f'{ENTRY}color = "red"', "unknown field `color` - at `$.entries[0]`"),
        ('[human]\ntop5_error = 5.1\nmeasured = ""\nsource = ""\nnote = ""', "missing required field `entries`"),
        ("[human", "challenge.toml does not hold together"),
    ],
)
def test_what_does_not_hold_together_is_refused_and_the_message_says_where(text, says):
    with pytest.raises(DataError, match=re.escape(says)):
        challenge_of(text.encode())


def test_a_file_in_another_encoding_is_refused():
    with pytest.raises(DataError, match="does not hold together"):
        challenge_of(b"\xff\xfe")
