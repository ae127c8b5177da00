"""``published.toml`` and ``counted.json``."""

import re

import pytest

import archstat
from archstat.errors import DataError
from archstat.published import Counted, Figure, counted, decode, published
from archstat.registry import architectures

ENTRY = """
[net]
title = "A net"
authors = "Someone"
year = 2020
link = "https://example.org"
where = "Table 1"
task = "classification"
"""
FIGURE = 'printed = "1.8e9", convention = "all", source = "Table 1", verdict = "rounds"'


def test_every_architecture_has_an_entry_and_every_entry_an_architecture():
    assert set(published()) == set(architectures)


def test_every_architecture_has_our_counts():
    assert set(counted()) == set(architectures)


@pytest.mark.parametrize("name", list(architectures))
def test_our_stored_counts_are_those_of_today(name):
    cost = archstat.count(name)
    assert counted()[name] == Counted(cost.parameters, cost.macs), "write counted.json anew with 'make counts'"


@pytest.mark.parametrize("name", list(published()))
def test_every_entry_says_where_it_comes_from(name):
    about = published()[name]
    assert about.link.startswith(("https://", "http://"))
    assert 1990 < about.year < 2030
    assert all((about.title, about.authors, about.where, about.task))
    for figure in (about.parameters, about.macs):
        assert figure is None or figure.source
    for error in about.errors:
        assert error.protocol
        assert error.source
        rates = [rate for rate in (error.top1, error.top5) if rate is not None]
        assert rates
        assert all(0 < rate < 60 for rate in rates), "error, not accuracy"
        assert sorted(rates, reverse=True) == rates, "five guesses are wrong less often than one"


@pytest.mark.parametrize("name", list(published()))
def test_the_convention_of_a_figure_suits_it(name):
    about = published()[name]
    assert about.parameters is None or about.parameters.convention in ("all", "weights", "all+running")
    assert about.macs is None or about.macs.convention in ("conv+linear", "conv", "conv+linear+add")


def test_a_file_that_holds_together_is_read():
    entries = decode(f"{ENTRY}macs = {{ {FIGURE} }}".encode())
    assert entries["net"].macs == Figure("1.8e9", "all", "Table 1", "rounds")
    assert str(entries["net"].macs) == "1.8e9"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{ENTRY}color = "red"', "in [net]: Object contains unknown field `color`"),
        (ENTRY.replace("year = 2020", 'year = "2020"'), "in [net]: Expected `int`, got `str` - at `$.year`"),
        (ENTRY.replace("year = 2020\n", ""), "in [net]: Object missing required field `year`"),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("rounds", "differs"), "1.8e9 is differs: say why - at `$.macs`"),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("rounds", "truncated"), "1.8e9 is truncated: say why - at `$.macs`"),
        (
            f"{ENTRY}macs = {{ {FIGURE} }}".replace("rounds", "close"),
            "Invalid enum value 'close' - at `$.macs.verdict`",
        ),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("all", "some"), "Invalid enum value 'some'"),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("1.8e9", "many"), "in [net]: 'many' is no printed number"),
        (f'{ENTRY}[[net.errors]]\ntop1 = "low"\nprotocol = ""\nsource = ""', "at `$.errors[0].top1`"),
        ("net = 3", "Expected `object`, got `int`"),
        (f"{ENTRY}{ENTRY}", "Cannot declare ('net',) twice"),
        ("[net", "published.toml does not hold together"),
    ],
)
def test_what_does_not_hold_together_is_refused_and_the_message_says_where(text, says):
    with pytest.raises(DataError, match=re.escape(says)):
        decode(text.encode())


def test_a_file_in_another_encoding_is_refused():
    with pytest.raises(DataError, match="does not hold together"):
        decode(b"\xff\xfe")
