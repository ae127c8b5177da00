"""The command ``archstat explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import explanations_of
from archstat.cli._options import input_options, output_options, put_table


@command()
@click.argument("name", type=NetworkName())
@click.argument("layer", default="")
@input_options
@output_options
def explain(name: str, layer: str, *, format_: str, output: Path | None, is_exact: bool, **given: Any) -> None:
    """Show the sums behind the rows of NAME: output size, parameters, MACs, activations and receptive field.

    LAYER is the path of a layer, or of one around some layers; one with * or ? is the form of a whole path.

    Example: archstat explain lenet5 c1
    """
    from archstat.tables import explanation_table
    from archstat.tables.terminal import sum_blocks

    table = explanation_table(*explanations_of(name, **given), layer)
    put_table(table, format_, output, is_exact=is_exact, text=sum_blocks)
