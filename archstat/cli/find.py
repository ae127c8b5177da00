"""The command ``archstat find``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archstat.cli._commands import command
from archstat.cli._finding import candidate_options, choice_for, limits_of, quantity_named
from archstat.cli._options import output_options, put_table
from archstat.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from archstat.finding.candidates import Candidate


@command("find")
@candidate_options
@click.option("--near", metavar="NAME", help="Those nearest to this network come first.")
@click.option("--by", metavar="QUANTITY", help="With --near: near in what; macs if nothing is said.")
@click.option("--sort", metavar="QUANTITY", help="The best of this come first, as 'top1' or 'macs'.")
@click.option("--limit", "most", type=click.IntRange(1, 10**9), help="Show as many at the most.")
@output_options
def find_networks(
    pattern: str,
    *,
    place: str | None,
    evaluation: str,
    accuracies: tuple[str, ...],
    batch_size: int | None,
    near: str | None,
    by: str | None,
    sort: str | None,
    most: int | None,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **limits: str | None,
) -> None:
    """Find networks within limits, among archstat's own and the results of a store.

    PATTERN is a part of a name; with * or ? the form of a whole name. Accuracies come from one source, and a network
    that it does not have is not compared by them.

    Example: archstat find --macs '<1G' --parameters '<6M' --peak-activation-memory '<40MB' --sort top1
    """
    from archstat.finding.choosing import ordered, within_limits
    from archstat.tables.candidates import candidates_table
    from archstat.tables.selection import keeping

    if by is not None and near is None:
        raise InputError("'--by' says in what a network is near another one: add '--near NAME'.")
    if near is not None and sort is not None:
        raise InputError("'--near' has an order of its own: leave out '--sort'.")
    asked, quantity = limits_of(limits), quantity_named(by or sort or "macs")
    choice = choice_for(pattern, place, evaluation, accuracies, batch_size)
    found = within_limits(choice.candidates, asked)
    if near is not None:
        found = _near(found, choice.candidates, near, quantity)
    elif sort is not None:
        found = ordered(found, quantity)
    table = candidates_table(found[:most], choice, is_full=format_ in ("csv", "json"))
    put_table(keeping(table, [quantity, *(limit.quantity for limit in asked)]), format_, output, is_exact=is_exact)


def _near(found: list[Candidate], every: Sequence[Candidate], name: str, quantity: str) -> list[Candidate]:
    """The networks in the order of how near they are to another one.

    Raises:
        UnknownNameError: No network to choose from has that name.
    """
    from archstat.finding.candidates import networks_of
    from archstat.finding.choosing import near

    to = next((each for each in every if each.network == name), None)
    if to is None:
        raise UnknownNameError.of("network to choose from", name, networks_of(every), "")
    return near(found, to, quantity)
