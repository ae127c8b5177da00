"""``archstat table``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._options import cost_of, explanations_of, input_options, output_options, put, put_table


@click.command()
@click.argument("name")
@click.option(
    "--by", type=click.Choice(["layer", "op", "stage"]), default="layer", show_default=True, help="What a row is."
)
@click.option("--depth", type=click.IntRange(1), help="Put what lies deeper than this into one row.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@click.option("--explain", is_flag=True, help="Show the sums of parameters and MACs (JSON has none).")
@input_options
@output_options
def table(
    name: str,
    *,
    by: str,
    depth: int | None,
    sort: str | None,
    explain: bool,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show what each layer of NAME costs, in the order of execution.

    JSON is the whole cost, layers and ops, whatever the rows; saved in a file, it is a NAME for every command.

    Example: archstat table resnet50 --depth 2 --format markdown
    """
    from archstat.results import to_json
    from archstat.tables import layer_table, op_table

    depth = 1 if by == "stage" else depth
    if explain and (by == "op" or depth):
        raise click.UsageError("'--explain' shows the sums of single layers: leave out '--by' and '--depth'.")
    cost, explained = explanations_of(name, **given) if explain else (cost_of(name, **given), None)
    if format_ == "json":
        put(to_json(cost), output)
    elif by == "op":
        put_table(op_table(cost, sort=sort), format_, output, is_exact=is_exact)
    else:
        shown = layer_table(cost, depth=depth, sort=sort, explained=explained)
        put_table(shown, format_, output, is_exact=is_exact)
