"""What the library says would help is an option that a user can type."""

from typing import get_args

import click
import pytest

from archstat.cli._commands import COMMANDS
from archstat.cli._remedies import OPTIONS, with_options
from archstat.errors import ArchstatError, Helps


def options_of(command):
    """The options of a command."""
    return {
        spelling for each in COMMANDS.all()[command].params if isinstance(each, click.Option) for spelling in each.opts
    }


def unknown_options(table):
    """The entries of a table whose option no command has, or not the one that is named with it."""
    every = {option for command in COMMANDS for option in options_of(command)}
    unknown = []
    for key, typed in table.items():
        *command, option = typed.split()
        if option not in (options_of(command[-1]) if command else every):
            unknown.append(key)
    return unknown


def test_every_setting_that_an_error_can_name_has_an_option():
    assert set(OPTIONS) == set(get_args(Helps))


def test_every_option_is_one_that_a_command_has():
    assert unknown_options(OPTIONS) == []


@pytest.mark.parametrize("typed", ["--inputs", "archstat list --layers"])
def test_an_option_that_no_command_has_would_be_found(typed):
    assert unknown_options({"inputs": typed}) == ["inputs"]


def test_what_would_help_is_added_with_its_value():
    assert with_options(ArchstatError("Give its input.", helps={"inputs": "3x8x8"})) == (
        "Give its input ('--input 3x8x8')."
    )


def test_an_error_without_help_is_told_as_it_is():
    assert with_options(ArchstatError("It is so.")) == "It is so."


def test_a_file_that_needs_trust_is_told_the_option(archstat, net, tmp_path):
    claims = tmp_path / "claims.toml"
    claims.write_text(
        f"""title = "T"
[[claim]]
id = "a"
text = "1"
stated = "1"
source = "s"
architecture = "{net}"
quantity = "macs"
"""
    )
    code, _, err = archstat("check", claims)
    assert code == 2
    assert err.endswith("say that you trust this file ('--trust')\n")
