"""The registry of commands: one file is one command, which registers itself; and how commands were spelt before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from archstat.cli._streams import tell
from archstat.registry import Registry

COMMANDS: Registry[Any] = Registry("archstat.cli", "command")
"""Commands of click by name; every file of ``archstat/cli/`` without an underscore registers one."""


def command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """Register the decorated function as a command.

    Args:
        name: What a user types; ``None``: the name of the function.
    """

    def register(function: Callable[..., Any]) -> click.Command:
        made = click.command(name)(function)
        COMMANDS.add(made)
        return made

    return register


class Commands(click.Group):
    """The command line: what it offers is what is registered."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, if there is one."""
        found: click.Command | None = COMMANDS.all().get(cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every command with the first sentence of its help, whole however narrow the terminal is."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(limit=10_000)) for name, each in found if each is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of a command line, as they are spelt today."""
        return super().parse_args(ctx, today(args))


# -- what was spelt another way in version 0.1 -------------------------------------------------------------------------

_FORMER = {
    "--training": ("training NAME", []),
    "--memory": ("training NAME --memory", ["--memory"]),
    "--measured": ("roofline NAME FILE", []),
}
"""The options of 'archstat table' that are commands now: how each is written, and the options that it has there."""


def today(args: list[str]) -> list[str]:
    """A command line as it is written now; a note says so where that is another way.

    >>> today(["table", "vgg16", "--measured", "vgg16.json", "--exact"])
    ['roofline', 'vgg16', '--exact', 'vgg16.json']
    """
    options = [arg.partition("=")[0] for arg in args]
    old = next((option for option in _FORMER if option in options), None)
    if options[:1] != ["table"] or old is None:
        return args
    spelling, more = _FORMER[old]
    tell(f"Note: 'archstat table NAME {old}' is 'archstat {spelling}' now, and will not be understood much longer.")
    at = options.index(old)
    rest, value = args[at + 1 :], args[at].partition("=")[2]
    if old == "--measured" and not value and rest:
        value, *rest = rest
    return [spelling.split()[0], *args[1:at], *rest, *more, *([value] if value else [])]
