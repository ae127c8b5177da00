"""``archstat table``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._options import convention_option, input_options, network_of, output_options, put, put_table


@click.command()
@click.argument("name")
@click.option(
    "--by", type=click.Choice(["layer", "op", "stage"]), default="layer", show_default=True, help="What a row is."
)
@click.option("--depth", type=click.IntRange(1), help="Put what lies deeper than this into one row.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@click.option("--explain", is_flag=True, help="Show the sums of parameters and MACs (JSON has none).")
@convention_option
@input_options
@output_options
def table(
    name: str,
    *,
    by: str,
    depth: int | None,
    sort: str | None,
    explain: bool,
    convention: str | None,
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
    _refuse(by, depth, explain=explain, convention=convention)
    network = network_of(name, **given)
    cost, tally = network.cost, network.tally(convention) if convention else None
    if format_ == "json":
        put(to_json(cost), output)
    elif by == "op":
        put_table(op_table(cost, sort=sort), format_, output, is_exact=is_exact)
    else:
        explained = network.explanations() if explain else None
        shown = layer_table(cost, depth=depth, sort=sort, explained=explained, tally=tally)
        put_table(shown, format_, output, is_exact=is_exact)


def _refuse(by: str, depth: int | None, *, explain: bool, convention: str | None) -> None:
    """Refuse what goes with layers alone.

    Raises:
        UsageError: The rows are none.
    """
    if explain and (by == "op" or depth):
        raise click.UsageError("'--explain' shows the sums of single layers: leave out '--by' and '--depth'.")
    if convention and by == "op":
        raise click.UsageError("'--convention' has a number for each layer, none for an op: leave out '--by'.")
