"""Equal blocks that follow each other as one: 126 decoder layers of a language model are one of them, 126 times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from archstat.records import LayerCost
from archstat.tables.sums import SUMMED

FEWEST_BLOCKS = 4
"""So many equal blocks are shown as one; fewer are read as easily one by one."""


class FoldedRow(NamedTuple):
    """One row of a table.

    Attributes:
        row: The row; of equal ones, what they come to together.
        members: The places of the rows that it stands for.
    """

    row: LayerCost
    members: tuple[int, ...]


class _Repeated(NamedTuple):
    """Equal blocks that follow each other: the rows of each, how many there are, and the number of the first."""

    length: int
    times: int
    depth: int
    first: int


def folded(rows: Sequence[LayerCost]) -> list[FoldedRow]:
    """Rows with equal blocks put together: each row of the block once, with what all of them come to.

    Blocks are equal if their rows are, but for the number in the path. Their paths become ``layers.0–125.mlp``.

    Args:
        rows: The rows of a cost, in the order of execution.
    """
    paths = [tuple(row.layer.split(".")) for row in rows]
    found: list[FoldedRow] = []
    place = 0
    while place < len(rows):
        repeated = _repeated(rows, paths, place)
        if repeated is None:
            found.append(FoldedRow(rows[place], (place,)))
            place += 1
        else:
            found += _together(rows, paths, place, repeated)
            place += repeated.length * repeated.times
    return found


def _repeated(rows: Sequence[LayerCost], paths: Sequence[tuple[str, ...]], place: int) -> _Repeated | None:
    """The outermost equal blocks that begin at a row."""
    for depth, part in enumerate(paths[place]):
        if part.isdecimal():
            length = _length(paths, place, depth)
            times = _times(rows, paths, place, depth, length)
            if times >= FEWEST_BLOCKS:
                return _Repeated(length, times, depth, int(part))
    return None


def _length(paths: Sequence[tuple[str, ...]], place: int, depth: int) -> int:
    """How many rows a block has."""
    start, end = paths[place][: depth + 1], place
    while end < len(paths) and paths[end][: depth + 1] == start:
        end += 1
    return end - place


def _times(rows: Sequence[LayerCost], paths: Sequence[tuple[str, ...]], place: int, depth: int, length: int) -> int:
    """How many equal blocks follow each other."""
    first, times = int(paths[place][depth]), 1
    while place + (times + 1) * length <= len(rows):
        shift = times * length
        if not all(_is_like(rows, paths, at, at + shift, depth, first + times) for at in range(place, place + length)):
            break
        times += 1
    return times


def _is_like(
    rows: Sequence[LayerCost], paths: Sequence[tuple[str, ...]], one: int, other: int, depth: int, number: int
) -> bool:
    """Whether a row is another one in the block of that number."""
    mine, theirs = paths[one], paths[other]
    if theirs[:depth] != mine[:depth] or theirs[depth:] != (str(number), *mine[depth + 1 :]):
        return False
    return msgspec.structs.replace(rows[one], layer="") == msgspec.structs.replace(rows[other], layer="")


def _together(
    rows: Sequence[LayerCost], paths: Sequence[tuple[str, ...]], place: int, repeated: _Repeated
) -> Iterator[FoldedRow]:
    numbers = f"{repeated.first}–{repeated.first + repeated.times - 1}"
    for at in range(place, place + repeated.length):
        path = (*paths[at][: repeated.depth], numbers, *paths[at][repeated.depth + 1 :])
        changes = {name: repeated.times * getattr(rows[at], name) for name in SUMMED}
        row = msgspec.structs.replace(
            rows[at], layer=".".join(path), kind=f"{repeated.times} × {rows[at].kind}", **changes
        )
        yield FoldedRow(row, tuple(at + number * repeated.length for number in range(repeated.times)))
