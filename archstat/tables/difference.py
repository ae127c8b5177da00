"""Two networks: their rows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.analysis.matching import matched
from archstat.records import LayerCost, ModelCost
from archstat.tables.columns import Column, Row, Table, path
from archstat.tables.network import WHOLE_NETWORK, kind_of, title_of
from archstat.tables.quantities import ACTIVATION_BYTES, FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES, Quantity


def _of_both(quantity: Quantity, *, gives_way: int = 0) -> tuple[Column, Column]:
    """The columns of a quantity of A and of B."""
    first = quantity.column(of="a", header=f"{quantity.label} A", gives_way=gives_way)
    second = quantity.column(of="b", header="B", gives_way=gives_way)
    return first, msgspec.structs.replace(second, continues=True)


_DIFF_COLUMNS = (
    Column("mark", "", lambda mark: mark.replace("-", "−"), least=1),
    path("layer_a", "Layer of A"),
    path("layer_b", "Layer of B"),
    Column("kind", "Kind"),
    *_of_both(PARAMETERS, gives_way=1),
    *_of_both(MACS),
    *_of_both(ACTIVATION_BYTES, gives_way=2),
)


def diff_table(a: ModelCost, b: ModelCost, *, only_changes: bool = False) -> Table:
    """The rows of two networks side by side: ``=`` alike, ``~`` changed, ``-`` only in A, ``+`` only in B.

    Args:
        a: The network on the left.
        b: The network on the right.
        only_changes: Leave out the rows that are alike.
    """
    rows = [_side_by_side(*pair) for pair in matched(a.layers, b.layers)]
    shown = tuple(row for row in rows if row[0] != "=" or not only_changes)
    totals = [f"{each.label:<18}{_change(getattr(a, each.key), getattr(b, each.key), each)}" for each in _TOTALS]
    alike = f"{len(rows) - sum(row[0] != '=' for row in rows)} of {len(rows)} rows are alike."
    return Table(_DIFF_COLUMNS, shown, f"A: {title_of(a)}\nB: {title_of(b)}", (*totals, alike), _legend(shown))


_MARKS = {"=": "= alike", "~": "~ changed", "-": "− only in A", "+": "+ only in B"}


def _legend(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the marks mean that stand in the rows."""
    told = [meaning for mark, meaning in _MARKS.items() if any(row[0] == mark for row in rows)]
    both = [f"{_BOTH} the kinds in A and in B"] if any(_BOTH in row[3] for row in rows) else []
    return (f"{', '.join([*told, *both])}.",) if told else ()


_BOTH = "⇄"


_TOTALS = (PARAMETERS, MACS, FLOPS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)


def _change(a: int, b: int, quantity: Quantity) -> str:
    return f"{quantity.exact(a)} → {quantity.exact(b)}   {units.change(a, b, quantity.show)}"


def _side_by_side(a: LayerCost | None, b: LayerCost | None) -> tuple[Any, ...]:
    mark = "+" if a is None else "-" if b is None else "=" if _work(a) == _work(b) else "~"
    kinds = list(dict.fromkeys(kind_of(row) for row in (a, b) if row is not None))
    values = [getattr(row, name, None) for name in ("parameters", "macs", "activation_bytes") for row in (a, b)]
    paths = [(row.layer or WHOLE_NETWORK) if row is not None else "" for row in (a, b)]
    return (mark, *paths, f" {_BOTH} ".join(kinds), *values)


def _work(row: LayerCost) -> tuple[Any, ...]:
    return (row.kind, row.detail, row.output_shape, row.parameters, row.macs, row.other_flops, row.activation_bytes)
