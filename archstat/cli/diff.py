"""The command ``archstat diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import cost_named
from archstat.cli._options import input_options, output_options, put_table


@command()
@click.argument("a", type=NetworkName())
@click.argument("b", type=NetworkName())
@click.option("--only-changes", is_flag=True, help="Leave out the rows that are alike.")
@input_options
@output_options
def diff(
    a: str, b: str, format_: str, output: Path | None, *, only_changes: bool, is_exact: bool, **given: Any
) -> None:
    """Show the layers of A and B side by side, and the change of every total.

    Layers are matched by path, then by kind and shape. The first column says = alike, ~ changed, - only in A, + only
    in B.

    Example: archstat diff resnet50 resnet50_v1_5 --only-changes
    """
    from archstat.tables import diff_table

    table = diff_table(cost_named(a, **given), cost_named(b, **given), only_changes=only_changes)
    put_table(table, format_, output, is_exact=is_exact)
