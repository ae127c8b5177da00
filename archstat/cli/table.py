"""The command ``archstat table``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import command
from archstat.cli._limits import is_within, max_option, parse_limits
from archstat.cli._names import NetworkName
from archstat.cli._networks import network_of
from archstat.cli._options import columns_asked, convention_option, input_options, output_options, put, put_table

if TYPE_CHECKING:
    from archstat.analysis.network import Network
    from archstat.records import Step


@command()
@click.argument("name", type=NetworkName())
@click.option(
    "--by", type=click.Choice(["layer", "op", "stage"]), default="layer", show_default=True, help="What a row is."
)
@click.option("--depth", type=click.IntRange(1), help="Put what lies deeper than this into one row.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@click.option("--explain", is_flag=True, help="Show the sums of parameters and MACs (JSON has none).")
@click.option("--unfold", is_flag=True, help="Show equal blocks one by one (CSV, JSON and HTML always do).")
@click.option("--only", metavar="KINDS", help="Only layers of these kinds, as 'conv,linear'.")
@click.option("--zero-rows/--no-zero-rows", "has_zero_rows", default=True, help="Also layers that cost nothing.")
@click.option("--indent", is_flag=True, help="Show each module over what is in it, with what that comes to.")
@convention_option
@max_option
@input_options
@output_options
def table(
    name: str,
    *,
    by: str,
    depth: int | None,
    sort: str | None,
    explain: bool,
    unfold: bool,
    only: str | None,
    has_zero_rows: bool,
    indent: bool,
    convention: str | None,
    limits: tuple[str, ...],
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show what each layer of NAME costs, in the order of execution.

    JSON is the whole cost, layers and ops, whatever the rows; saved in a file, it is a NAME for every command.
    'archstat training' shows a training step, 'archstat roofline' what was measured. Exit code 1: a limit of --max is
    broken, and stderr says by how much.

    Example: archstat table resnet50 --depth 2 --format markdown
    """
    depth, kinds = 1 if by == "stage" else depth, _kinds(only)
    picks = bool(kinds) or not has_zero_rows
    _refuse(by, depth, convention, is_explained=explain, picks=picks)
    _refuse_tree(by, convention, format_, is_tree=indent, is_other=bool(depth or sort or explain or picks))
    held = parse_limits(limits)
    network = network_of(name, **given)
    rows: dict[str, Any] = {"depth": depth, "sort": sort, "only": kinds, "has_zero_rows": has_zero_rows}
    told: dict[str, Any] = {"explain": explain, "unfold": unfold, "convention": convention, "indent": indent}
    _show(network, by, format_, output, is_exact=is_exact, **rows, **told)
    if not is_within(network, held):
        click.get_current_context().exit(1)


def _show(
    network: Network,
    by: str,
    format_: str,
    output: Path | None,
    *,
    depth: int | None,
    sort: str | None,
    only: list[str],
    has_zero_rows: bool,
    indent: bool,
    explain: bool,
    unfold: bool,
    convention: str | None,
    is_exact: bool,
) -> None:
    """Put out the rows that are asked for."""
    from archstat.files.results import cost_to_json
    from archstat.tables import layer_table, op_table
    from archstat.tables.network import MORE_OF_LAYERS
    from archstat.tables.selection import keeping, with_rows

    picks = bool(only) or not has_zero_rows
    cost, tally = network.cost, network.tally(convention) if convention else None
    if format_ == "json" and not (columns_asked() or picks):
        return put(cost_to_json(cost), output)
    if by == "op":
        return put_table(op_table(cost, sort=sort), format_, output, is_exact=is_exact)
    explained = network.explanations() if explain else None
    fields = network.fields() if _FIELD in columns_asked() else None
    folds = not (unfold or picks or fields is not None) and format_ not in ("csv", "html", "json")
    how: dict[str, Any] = {"depth": depth, "sort": sort, "folds": folds, "is_tree": indent, "attributes": _more()}
    shown = layer_table(cost, explained=explained, tally=tally, fields=fields, **how)
    shown = with_rows(keeping(shown, [sort, *(_SUMS if explain else ())]), only=only, has_zero_rows=has_zero_rows)
    sums = () if depth or sort or picks or indent else _sums(network, format_)
    return put_table(shown, format_, output, is_exact=is_exact, sums=sums, more_columns=[_FIELD, *MORE_OF_LAYERS])


def _more() -> list[str]:
    """The further columns that are asked for."""
    from archstat.tables.network import MORE_OF_LAYERS

    return [key for key in MORE_OF_LAYERS if key in columns_asked()]


_SUMS = ("parameters_formula", "macs_formula")
_FIELD = "receptive_field"
"""A column that takes as long as the count, and is there where it is asked for."""


def _refuse_tree(by: str, convention: str | None, format_: str, *, is_tree: bool, is_other: bool) -> None:
    """Refuse a tree of what has no modules, or of rows that a program would add up twice.

    Raises:
        UsageError: A tree is asked for, and something that has none.
    """
    if is_tree and (by != "layer" or convention or is_other):
        raise click.UsageError("'--indent' shows every layer in its module: leave out what chooses or orders rows.")
    if is_tree and format_ in ("csv", "json"):
        raise click.UsageError("'--indent' shows modules over their layers, which CSV and JSON would count twice.")


def _sums(network: Network, format_: str) -> Sequence[tuple[Step, ...]]:
    """The sums behind the rows, for the format that can open them."""
    if format_ != "html":
        return ()
    from archstat.report.compose import sums_of

    return sums_of(network)


def _kinds(only: str | None) -> list[str]:
    """The kinds of layers that are asked for.

    Raises:
        UsageError: No kind stands there.
    """
    kinds = [kind.strip() for kind in (only or "").split(",") if kind.strip()]
    if only is not None and not kinds:
        raise click.UsageError("'--only' names kinds of layers, as 'conv,linear'.")
    return kinds


def _refuse(by: str, depth: int | None, convention: str | None, *, is_explained: bool, picks: bool) -> None:
    """Refuse what needs single layers where rows are others.

    Raises:
        UsageError: A row has no sums, or no number by that convention.
    """
    if is_explained and (by == "op" or depth):
        raise click.UsageError("'--explain' shows what belongs to single layers: leave out '--by' and '--depth'.")
    if convention and by == "op":
        raise click.UsageError("'--convention' has a number for each layer, none for an op: leave out '--by'.")
    if picks and (by == "op" or depth):
        raise click.UsageError("'--only' and '--no-zero-rows' choose among layers: leave out '--by' and '--depth'.")
