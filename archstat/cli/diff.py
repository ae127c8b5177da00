"""The command ``archstat diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import cost_named, measurements_named, network_of
from archstat.cli._options import (
    columns_asked,
    input_options,
    output_options,
    put_table,
    put_tables,
    refuse_counting,
    refuse_options,
)
from archstat.cli._pictures import put_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from archstat.errors import AbsentError
    from archstat.records import ModelCost

Found = TypeVar("Found")


@command()
@click.argument("a", type=NetworkName())
@click.argument("b", type=NetworkName())
@click.option("--only-changes", is_flag=True, help="Leave out the rows that are alike.")
@click.option("--depth", type=click.IntRange(1), help="Rows down to this depth of the network.")
@click.option("--sort", metavar="QUANTITY", help="The rows that changed it most come first, as 'macs'.")
@click.option(
    "--draw", "is_drawn", is_flag=True, help="Draw both as one diagram; files end in .svg, .html, .png, .pdf."
)
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
    is_drawn: bool,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show the layers of A and B side by side, and the change of every total.

    Before the file or the module of a network can stand a revision of git: 'main:./net.py:Net'. Layers are matched by
    path, then by kind and shape. The first column says = alike, ~ changed, - only in A, + only in B.

    Two files of 'archstat measure' are compared where their conditions are the same: what ran faster, and whether that
    can be told from the noise.

    With --draw, both are one diagram: what came, what went and what changed, and open where something did.

    Example: archstat diff resnet50 resnet50_v1_5 --only-changes --sort macs
    """
    if measurements_named((a, b)) is not None:
        refuse_counting(["depth", "sort", "is_drawn", *given])
        _put_measured(Path(a), Path(b), format_, output, only_changes=only_changes, is_exact=is_exact)
        return
    if is_drawn:
        refuse_options(["format_", "is_exact", "only_changes", "sort"], "A picture has no table")
        _draw(a, b, depth, output, given)
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


def _draw(a: str, b: str, depth: int | None, output: Path | None, given: dict[str, Any]) -> None:
    """Both networks as one diagram, into a file of the kind that it is named for, or as SVG to the terminal."""
    from archstat.report.diagram.difference import difference_of
    from archstat.report.pictures.svg_picture import ending_of

    if output is not None:
        ending_of(output)  # before anything is counted
    before, after = (_found(name, network_of, given) for name in (a, b))
    if isinstance(before, Exception) and isinstance(after, Exception):
        raise after
    present = [None if isinstance(each, Exception) else each for each in (before, after)]
    put_picture(difference_of(*present, depth=depth), output)


def _both(a: str, b: str, given: dict[str, Any]) -> tuple[ModelCost, ModelCost, list[str]]:
    """What two networks cost, and which of them a revision has not: that one costs nothing.

    Raises:
        AbsentError: There is neither.
    """
    from archstat.tables.difference import nothing_like

    before, after = (_found(name, cost_named, given) for name in (a, b))
    if not isinstance(before, Exception) and not isinstance(after, Exception):
        return before, after, []
    if not isinstance(after, Exception):
        return nothing_like(after, a), after, [f"{before} All of it is new."]
    if not isinstance(before, Exception):
        return before, nothing_like(before, b), [f"{after} All of it is gone."]
    raise after


def _found(name: str, find: Callable[..., Found], given: dict[str, Any]) -> Found | AbsentError:
    """What a name leads to, or that it is not there."""
    from archstat.errors import AbsentError

    try:
        return find(name, **given)
    except AbsentError as error:
        return error
