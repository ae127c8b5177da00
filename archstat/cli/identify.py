"""The command ``archstat identify``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import identified
from archstat.cli._options import columns_asked, input_options, output_options, put_table
from archstat.cli._remedies import OPTIONS

if TYPE_CHECKING:
    from archstat.identifying import Origin


@command()
@click.argument("name", type=NetworkName())
@click.argument("number")
@click.option("--all", "is_thorough", is_flag=True, help="Search on where there is an answer already.")
@click.option(
    "--limit", "most", type=click.IntRange(1, 10**6), default=8, show_default=True, help="Show as many at the most."
)
@input_options
@output_options
@click.pass_context
def identify(
    context: click.Context,
    /,
    name: str,
    number: str,
    *,
    is_thorough: bool,
    most: int,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Say where a printed NUMBER of the network NAME comes from.

    NUMBER is read as it is printed: 4.11G is what rounds to that, 4,089,184,256 is meant to the last digit. With a unit
    ('0.85 GMac', '25.6M params', '97.8 MB') only what has it is searched. Searched are conventions of papers and tools,
    sizes of the input, variants of the network and its namesakes, element types, and what is published; an option that
    says the input holds it fast.

    Exit code 1: nothing prints so, and what comes nearest is shown.

    Example: archstat identify resnet50 '4.11 GFLOPs'
    """
    from archstat.tables import identification_table

    found = identified(name, number, is_thorough=is_thorough, **given)
    is_full = format_ in ("csv", "json") or bool(columns_asked())
    table = identification_table(found, limit=most, is_full=is_full, shown=_command_of)
    put_table(table, format_, output, is_exact=is_exact)
    context.exit(0 if found.is_found else 1)


def _command_of(origin: Origin) -> str:
    """The command that shows the count of an answer."""
    options = {name: OPTIONS[name] for name in OPTIONS if name in origin.how}
    words = [word for name, option in options.items() for word in (option, str(origin.how[name]))]
    return shlex.join(["archstat", origin.shown_by, origin.network.replace(" ", ""), *words])
