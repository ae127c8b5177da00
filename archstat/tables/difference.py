"""Two networks: their rows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.analysis.matching import Pair, matched, moves
from archstat.claims.growth import moves_in_words
from archstat.errors import UnknownNameError
from archstat.language import message, retold, say
from archstat.records import LayerCost, ModelCost
from archstat.tables.columns import KIND, Column, Row, Table, layer_shown, number, path
from archstat.tables.labels import labelled
from archstat.tables.network import WHOLE_NETWORK, kind_of, rows_to_depth, title_of
from archstat.tables.quantities import ACTIVATION_BYTES, FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES, Quantity

_OF_A = {
    PARAMETERS: message("Parameters A"),
    MACS: message("MACs A"),
    ACTIVATION_BYTES: message("Activation memory A"),
}
_OF_B = {
    PARAMETERS: message("Parameters B"),
    MACS: message("MACs B"),
    ACTIVATION_BYTES: message("Activation memory B"),
}


def _of_both(quantity: Quantity, *, gives_way: int = 0) -> tuple[Column, Column]:
    """The columns of a quantity of A and of B."""
    first = quantity.column(of="a", header=_OF_A[quantity], gives_way=gives_way)
    second = quantity.column(of="b", header="B", gives_way=gives_way)
    return first, msgspec.structs.replace(second, continues=True)


_BOTH = " ⇄ "
"""What stands between two texts in a cell, that of A and that of B."""


def _layers_shown(layers: str) -> str:
    """A path, or that in A and that in B."""
    return _BOTH.join(map(layer_shown, layers.split(_BOTH)))


_MARK = Column("mark", "", lambda mark: mark.replace("-", "−"), least=1)
_COUNTS = (
    *_of_both(PARAMETERS, gives_way=1),
    *_of_both(MACS),
    number("macs_change", "change", units.relative, gives_way=3, continues=True),
    *_of_both(ACTIVATION_BYTES, gives_way=2),
)
_SHOWN = (_MARK, Column("layer", "Layer", _layers_shown, least=19, is_path=True), KIND, *_COUNTS)
_IN_FULL = (_MARK, path("layer_a", "Layer of A"), path("layer_b", "Layer of B"), KIND, *_COUNTS)

TOTAL_MARK = "total"
"""The mark of the row of the totals, where programs read the rows."""


def diff_table(
    a: ModelCost,
    b: ModelCost,
    *,
    only_changes: bool = False,
    depth: int | None = None,
    sort: str | None = None,
    is_full: bool = False,
    has_totals: bool = True,
) -> Table:
    """The rows of two networks side by side: ``=`` alike, ``~`` changed, ``-`` only in A, ``+`` only in B.

    Args:
        a: The network on the left.
        b: The network on the right.
        only_changes: Leave out the rows that are alike.
        depth: Put everything below that many parts of a path into one row.
        sort: The quantity whose change orders the rows, the largest first: ``"macs"``; ``None``: as they run.
        is_full: The paths of A and B stand in columns of their own, and the totals in the first row.
        has_totals: Notes tell the totals; they need not where :func:`totals_table` stands beside.

    Raises:
        UnknownNameError: There is no such quantity to sort by.
    """
    pairs = matched(rows_to_depth(a.layers, depth), rows_to_depth(b.layers, depth))
    rows = [_side_by_side(*pair, is_full=is_full) for pair in _sorted(pairs, sort)]
    shown = [row for row in rows if row[0] != "=" or not only_changes]
    alike = say("{count} of {all} rows are alike.", count=sum(row[0] == "=" for row in rows), all=len(rows))
    notes = (*_total_lines(a, b), *_moved(a, b), alike) if has_totals else (alike,)
    title = f"A: {title_of(a)}\nB: {title_of(b)}"
    if is_full:
        return Table(_IN_FULL, (_total_row(a, b), *shown), title, notes)
    columns = _SHOWN if a.layers else tuple(map(_said_alone, _SHOWN))
    return Table(columns, tuple(shown), title, notes, _legend(shown))


def _said_alone(column: Column) -> Column:
    """A column of B that has none of A before it."""
    whole = next((each for each in (PARAMETERS, MACS, ACTIVATION_BYTES) if column.key == f"{each.key}_b"), None)
    return column if whole is None else msgspec.structs.replace(column, english=_OF_B[whole], wraps=True)


def nothing_like(cost: ModelCost, name: str) -> ModelCost:
    """A network that is not there, on the input of one that is: it costs nothing, and all of the other is a change.

    Args:
        cost: The network that is there.
        name: What the other one is called.
    """
    totals = dict.fromkeys(("trainable_parameters", "buffers", "other_flops", "activations"), 0)
    totals |= dict.fromkeys(("parameters", "macs", "activation_bytes", "peak_activation_bytes"), 0)
    texts = {"note": "", "paper": "", "remarks": (), "peak_layer": ""}
    masks = {"nonzero_weights": None, "effective_macs": None}
    return msgspec.structs.replace(cost, architecture=name, layers=(), ops=(), uncounted=(), **totals, **texts, **masks)


def totals_table(a: ModelCost, b: ModelCost) -> Table:
    """The totals of two networks and the change of each, for readers.

    Args:
        a: The network before.
        b: The network after.
    """
    columns = (Column("total", "Total", say), *(_text(key, header) for key, header in _TOTALS_HEADERS))
    rows = tuple(_total_cells(getattr(a, each.key), getattr(b, each.key), each) for each in _TOTALS)
    return Table(columns, rows, f"A: {title_of(a)}\nB: {title_of(b)}", tuple(_moved(a, b)))


_TOTALS_HEADERS = (("a", "A"), ("b", "B"), ("change", message("Change")), ("percent", "%"))


def _text(key: str, header: str) -> Column:
    """A column of numbers whose units are not alike."""
    return msgspec.structs.replace(Column(key, header), is_number=True)


def _total_cells(a: int, b: int, quantity: Quantity) -> Row:
    change = "=" if a == b else units.signed(b - a, quantity.show)
    percent = units.relative((b - a) / a) if a and a != b else ""
    return (quantity.english, quantity.exact(a), quantity.exact(b), change, percent)


def _sorted(pairs: Sequence[Pair], key: str | None) -> Sequence[Pair]:
    """Pairs by how much of a quantity they differ."""
    if key is None:
        return pairs
    keys = [each.key for each in _TOTALS if each is not PEAK_ACTIVATION_BYTES]
    if key not in keys:
        raise UnknownNameError.of("quantity to sort by", key, keys, f"Those are {', '.join(keys)}.")
    return sorted(pairs, key=lambda pair: -abs(_amount(pair[1], key) - _amount(pair[0], key)))


def _amount(row: LayerCost | None, key: str) -> int:
    amount: int = 0 if row is None else getattr(row, key)
    return amount


def _moved(a: ModelCost, b: ModelCost) -> list[str]:
    """Which layers moved a total most, where there are several that did."""
    changed = [each for each in (PARAMETERS, MACS) if getattr(a, each.key) != getattr(b, each.key)]
    found = {each: moves(a.layers, b.layers, each.key) for each in changed}
    return [
        say(
            "{quantity} changed most in {layers}.",
            quantity=quantity.label,
            layers=retold(moves_in_words(moved, quantity.show)),
        )
        for quantity, moved in found.items()
        if len(moved) > 1
    ]


ALIKE, CHANGED, GONE, NEW = "=", "~", "-", "+"

MARKS = {
    ALIKE: message("= alike"),
    CHANGED: message("~ changed"),
    GONE: message("− only in A"),
    NEW: message("+ only in B"),
}
"""What became of rows, and how that is told."""


def _legend(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the marks mean that stand in the rows."""
    told = [say(meaning) for mark, meaning in MARKS.items() if any(row[0] == mark for row in rows)]
    both = [say("⇄ in A and in B")] if any(_BOTH in row[1] or _BOTH in row[2] for row in rows) else []
    return (f"{', '.join([*told, *both])}.",) if told else ()


_TOTALS = (PARAMETERS, MACS, FLOPS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)


def _total_lines(a: ModelCost, b: ModelCost) -> list[str]:
    """A line for each total: before, after, and the change."""
    return [labelled(each.label, change_told(a, b, each)) for each in _TOTALS]


def change_told(a: ModelCost, b: ModelCost, quantity: Quantity) -> str:
    """A total before and after, and by how much it changed.

    Args:
        a: The network before.
        b: The network after.
        quantity: Which total.
    """
    before, after = (getattr(cost, quantity.key) for cost in (a, b))
    return f"{quantity.exact(before)} → {quantity.exact(after)}   {units.change(before, after, quantity.show)}"


def _side_by_side(a: LayerCost | None, b: LayerCost | None, *, is_full: bool) -> Row:
    kinds = list(dict.fromkeys(kind_of(row) for row in (a, b) if row is not None))
    paths = [(row.layer or WHOLE_NETWORK) if row is not None else "" for row in (a, b)]
    named = paths if is_full else [_both(paths)]
    return (change_mark(a, b), *named, _both(kinds), *_counted(a, b))


def change_mark(a: LayerCost | None, b: LayerCost | None) -> str:
    """What became of a row: a key of :data:`MARKS`.

    Args:
        a: The row before; ``None``: it is new.
        b: The row after; ``None``: it is gone.
    """
    if a is None or b is None:
        return NEW if a is None else GONE
    return ALIKE if work_of(a) == work_of(b) else CHANGED


def _both(texts: Sequence[str]) -> str:
    """Two texts as one where they are equal, or where there is only one."""
    return _BOTH.join(dict.fromkeys(filter(None, texts)))


def _counted(a: LayerCost | ModelCost | None, b: LayerCost | ModelCost | None) -> list[Any]:
    """The counts of both sides, and by which part the MACs changed."""
    both = {name: [getattr(row, name, None) for row in (a, b)] for name in ("parameters", "macs", "activation_bytes")}
    before, after = both["macs"]
    change = (after - before) / before if before and after is not None and after != before else None
    return [*both["parameters"], *both["macs"], change, *both["activation_bytes"]]


def _total_row(a: ModelCost, b: ModelCost) -> Row:
    return (TOTAL_MARK, *[TOTAL_MARK] * 2, "", *_counted(a, b))


def work_of(row: LayerCost) -> tuple[Any, ...]:
    """What a row does and costs, which is equal of rows that are alike.

    Args:
        row: The row.
    """
    return (row.kind, row.detail, row.output_shape, row.parameters, row.macs, row.other_flops, row.activation_bytes)
