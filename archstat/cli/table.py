"""``archstat table``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._options import cost_of, input_options, output_options, put, put_table


@click.command()
@click.argument("name")
@click.option(
    "--by", type=click.Choice(["layer", "op", "stage"]), default="layer", show_default=True, help="What a row is."
)
@click.option("--depth", type=click.IntRange(1), help="Put what lies deeper than this into one row.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@input_options
@output_options
def table(
    name: str,
    *,
    by: str,
    depth: int | None,
    sort: str | None,
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

    cost = cost_of(name, **given)
    if format_ == "json":
        put(to_json(cost), output)
    elif by == "op":
        put_table(op_table(cost, sort=sort), format_, output, is_exact=is_exact)
    else:
        depth = 1 if by == "stage" else depth
        put_table(layer_table(cost, depth=depth, sort=sort), format_, output, is_exact=is_exact)
