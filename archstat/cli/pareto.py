"""The command ``archstat pareto``."""

from __future__ import annotations

from pathlib import Path

import click

from archstat.cli._commands import command
from archstat.cli._finding import candidate_options, choice_for, limits_of, quantity_named
from archstat.cli._options import output_options, put_table


@command()
@candidate_options
@click.option("--x", default="macs", show_default=True, metavar="QUANTITY", help="What a network costs.")
@click.option("--y", default="top1", show_default=True, metavar="QUANTITY", help="What it gives, or costs besides.")
@output_options
def pareto(
    pattern: str,
    *,
    place: str | None,
    evaluation: str,
    accuracies: tuple[str, ...],
    batch_size: int | None,
    x: str,
    y: str,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **limits: str | None,
) -> None:
    """Show the networks that no other one beats: none is better in Y without costing more in X.

    They are chosen among archstat's own and the results of a store, within limits. The more accurate is the better, and
    of every other quantity the less.

    Example: archstat pareto --x macs --y top1
    """
    from archstat.finding.choosing import pareto_front, within_limits
    from archstat.tables.candidates import candidates_table
    from archstat.tables.selection import keeping

    asked, at_x, at_y = limits_of(limits), quantity_named(x), quantity_named(y)
    pareto_front([], at_x, at_y)  # before thousands of networks are looked at
    choice = choice_for(pattern, place, evaluation, accuracies, batch_size)
    found = pareto_front(within_limits(choice.candidates, asked), at_x, at_y)
    table = candidates_table(found, choice, is_full=format_ in ("csv", "json"))
    put_table(keeping(table, [at_x, at_y, *(limit.quantity for limit in asked)]), format_, output, is_exact=is_exact)
