"""The sums behind the rows of one network: a row for each sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from archstat import units
from archstat.errors import UnknownNameError
from archstat.language import message, retold, say
from archstat.records import Explanation, Explanations, ModelCost
from archstat.tables.columns import Column, Row, Table, layer_shown, number
from archstat.tables.formats import FORMATS
from archstat.tables.labels import labelled
from archstat.tables.network import WHOLE_NETWORK, run_of, title_of, uncounted_in
from archstat.tables.terminal import sum_blocks

_COLUMNS = (
    Column("layer", "Layer", layer_shown, is_heading=True),
    Column("kind", "Kind", retold, is_heading=True),
    Column("quantity", "Quantity", retold),
    Column("formula", "Formula"),
    number("result", "Result", units.exact),
    Column("remark", "Remark", retold),
)


def explanation_table(cost: ModelCost, explained: Sequence[Explanation], layer: str = "") -> Table:
    """One row for each sum; under it, what the layers cost together.

    Args:
        cost: The network.
        explained: The sums behind its rows.
        layer: Which rows: a path, the beginning of some, or a form of them with * and ?; ``""``: all.

    Raises:
        UnknownNameError: There is no such layer.
    """
    found = chosen(explained, layer)
    rows = tuple(row for each in found for row in _sums(each))
    free = say("{layer} has no parameters, no MACs and no memory of its own.", layer=layer or say("The network"))
    missing = say("Not counted: {ops}.", ops=uncounted_in(cost)) if cost.uncounted else ""
    notes = ("" if rows else free, *(_together(found) if len(found) > 1 else ()), missing)
    return Table(_COLUMNS, rows, title_of(cost), tuple(note for note in notes if note))


def sums_table(explained: Explanation) -> Table:
    """One row for each sum of a single layer."""
    return Table(_COLUMNS, tuple(_sums(explained)))


def sums_as(explained: Explanations, format_: str) -> str:
    """All sums in one of the formats, without a terminal's width.

    Raises:
        UnknownNameError: There is no such format.
    """
    if format_ not in FORMATS:
        raise UnknownNameError.of("format", format_, FORMATS, f"The formats are {', '.join(FORMATS)}.")
    write = sum_blocks if format_ == "text" else FORMATS[format_]
    return write(explanation_table(explained.cost, explained))


def _sums(explained: Explanation) -> Iterator[Row]:
    layer, kind = explained.row.layer or WHOLE_NETWORK, run_of(explained.row)
    for step in explained.steps:
        yield layer, kind, step.quantity, step.formula, step.result, step.remark


def chosen(explained: Iterable[Explanation], layer: str) -> list[Explanation]:
    """The rows of one layer and of those inside, or of all layers of that form.

    Raises:
        UnknownNameError: There is no such layer.
    """
    explained = list(explained)
    found = [each for each in explained if not layer or _fits(each.row.layer, layer)]
    if not found and explained:
        hint = "'archstat table' shows the layers of a network."
        raise UnknownNameError.of("layer", layer, _places(explained), hint)
    return found


def _fits(path: str, layer: str) -> bool:
    return (path or WHOLE_NETWORK) == layer or path.startswith(f"{layer}.") or fnmatchcase(path, layer)


def _places(explained: Iterable[Explanation]) -> list[str]:
    """Every path, and whatever stands around one."""
    parts = (each.row.layer.split(".") for each in explained)
    return list(
        dict.fromkeys(".".join(path[:depth]) or WHOLE_NETWORK for path in parts for depth in range(1, len(path) + 1))
    )


_TERMS_MAX = 12
_TOGETHER = (
    (message("Parameters together"), "parameters"),
    (message("MACs together"), "macs"),
    (message("Activations together"), "activations"),
)


def _together(found: Sequence[Explanation]) -> Iterator[str]:
    """What some rows cost together; a long sum is left out."""
    for title, name in _TOGETHER:
        terms = [number for each in found if (number := getattr(each.row, name))]
        formula = f"{' + '.join(map(units.exact, terms))} = " if 1 < len(terms) <= _TERMS_MAX else ""
        if terms:
            yield labelled(say(title), f"{formula}{units.exact(sum(terms))}", width=22)
