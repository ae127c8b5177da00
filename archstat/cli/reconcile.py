"""The command ``archstat reconcile``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._measuring import Seconds
from archstat.cli._names import NetworkName
from archstat.cli._networks import network_of, opinions_on, twin_of
from archstat.cli._options import input_options, output_options, put_table


@command()
@click.argument("name", type=NetworkName())
@click.option("--run", is_flag=True, help="Run the tools that are installed too, each in a process of its own.")
@click.option(
    "--timeout", type=Seconds(least=1), default=300, show_default=True, help="Seconds that each tool may take."
)
@input_options
@output_options
def reconcile(
    name: str, *, run: bool, timeout: float, format_: str, output: Path | None, is_exact: bool, **given: Any
) -> None:
    """Show NAME by every convention: what papers and other tools count, and why it is not our number.

    Example: archstat reconcile resnet50
    """
    from archstat.tables import reconcile_table

    network, twin = network_of(name, **given), twin_of(name, **given)
    opinions = opinions_on(name, seconds=timeout, **given) if run else None
    is_full = format_ in ("csv", "json")
    table = reconcile_table(network, twin=twin, opinions=opinions, is_full=is_full)
    put_table(table, format_, output, is_exact=is_exact)
