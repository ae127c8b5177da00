"""The command ``archstat diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import cost_named, measurements_named
from archstat.cli._options import columns_asked, input_options, output_options, put_table, put_tables, refuse_counting

if TYPE_CHECKING:
    from archstat.errors import AbsentError
    from archstat.records import ModelCost


@command()
@click.argument("a", type=NetworkName())
@click.argument("b", type=NetworkName())
@click.option("--only-changes", is_flag=True, help="Leave out the rows that are alike.")
@click.option("--depth", type=click.IntRange(1), help="Rows down to this depth of the network.")
@click.option("--sort", metavar="QUANTITY", help="The rows that changed it most come first, as 'macs'.")
@input_options
@output_options
def diff(
    a: str,
    b: str,
    format_: str,
    output: Path | None,
    *,
    only_changes: bool,
    depth: int | None,
    sort: str | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show the layers of A and B side by side, and the change of every total.

    Before the file or the module of a network can stand a revision of git: 'main:./net.py:Net'. Layers are matched by
    path, then by kind and shape. The first column says = alike, ~ changed, - only in A, + only in B.

    Two files of 'archstat measure' are compared where their conditions are the same: what ran faster, and whether that
    can be told from the noise.

    Example: archstat diff resnet50 resnet50_v1_5 --only-changes --sort macs
    """
    if measurements_named((a, b)) is not None:
        refuse_counting(["depth", "sort", *given])
        _put_measured(Path(a), Path(b), format_, output, only_changes=only_changes, is_exact=is_exact)
        return
    from archstat.tables.difference import diff_table, totals_table

    before, after, notes = _both(a, b, given)
    is_apart = format_ in ("markdown", "html", "latex") and not columns_asked()
    is_full = format_ in ("csv", "json") or bool({"layer_a", "layer_b"} & set(columns_asked()))
    how: dict[str, Any] = {"only_changes": only_changes, "depth": depth, "sort": sort}
    table = diff_table(before, after, is_full=is_full, has_totals=not is_apart, **how)
    table = msgspec.structs.replace(table, notes=(*table.notes, *notes))
    if is_apart:
        totals = totals_table(before, after)
        rest = [msgspec.structs.replace(table, title="")]
        if not table.rows:  # there is nothing to show, and its notes are those of the totals
            totals, rest = msgspec.structs.replace(totals, notes=(*totals.notes, *table.notes)), []
        put_tables([totals, *rest], format_, output, is_exact=is_exact)
    else:
        put_table(table, format_, output, is_exact=is_exact)


def _put_measured(a: Path, b: Path, format_: str, output: Path | None, *, only_changes: bool, is_exact: bool) -> None:
    """Two files of measurements side by side; for programs the pairs alone, a row each."""
    from archstat.files.results import read_measurements
    from archstat.tables.measured_difference import measured_diff_tables

    tables = measured_diff_tables(read_measurements(a), read_measurements(b), only_changes=only_changes)
    if format_ in ("csv", "json"):
        put_table(tables[0], format_, output, is_exact=is_exact)
    else:
        put_tables(tables, format_, output, is_exact=is_exact)


def _both(a: str, b: str, given: dict[str, Any]) -> tuple[ModelCost, ModelCost, list[str]]:
    """What two networks cost, and which of them a revision has not: that one costs nothing.

    Raises:
        AbsentError: There is neither.
    """
    from archstat.tables.difference import nothing_like

    before, after = _known(a, given), _known(b, given)
    if not isinstance(before, Exception) and not isinstance(after, Exception):
        return before, after, []
    if not isinstance(after, Exception):
        return nothing_like(after, a), after, [f"{before} All of it is new."]
    if not isinstance(before, Exception):
        return before, nothing_like(before, b), [f"{after} All of it is gone."]
    raise after


def _known(name: str, given: dict[str, Any]) -> ModelCost | AbsentError:
    """What a network costs, or that it is not there."""
    from archstat.errors import AbsentError

    try:
        return cost_named(name, **given)
    except AbsentError as error:
        return error
