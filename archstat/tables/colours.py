"""What a terminal with colours shows besides: good and bad news in theirs, and a bar for each part of a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archstat.tables.columns import Column, Table

Paint = Callable[[int, str], str]
"""From the place of a column and a cell of it to the cell in its colour."""

_CODES = {"right": "\x1b[32m", "doubtful": "\x1b[33m", "wrong": "\x1b[31m"}
_NORMAL = "\x1b[0m"


def painter(columns: Sequence[Column], row: Sequence[Any]) -> Paint:
    """What colours the cells of a row that are good or bad news.

    Args:
        columns: The columns.
        row: The values.
    """
    tones = {place: column.tones.get(row[place]) for place, column in enumerate(columns) if column.tones}
    codes = {place: _CODES[tone] for place, tone in tones.items() if tone is not None}

    def paint(place: int, cell: str) -> str:
        words = cell.rstrip()
        return f"{codes[place]}{words}{_NORMAL}{cell[len(words) :]}" if place in codes and words else cell

    return paint


_LONGEST, _SHORTEST = 10, 4
"""The characters of the longest bar, and the fewest that are worth it."""
_GAP = "  "
_BLOCKS = " " + "".join(map(chr, range(0x258F, 0x2587, -1)))
"""No part of a character, an eighth of one, and so on up to a whole one."""


def bars_of(table: Table, widths: Mapping[int, int], room: int | None) -> list[str]:
    """The bar behind each row, where the last column has parts of a whole and there is room behind it.

    Args:
        table: The table.
        widths: How wide the columns are that are shown, by their places.
        room: How wide the terminal is; ``None``: as wide as it takes.
    """
    last = max(widths, default=None)
    taken = sum(widths.values()) + len(_GAP) * len(widths)
    longest = _LONGEST if room is None else min(room - taken, _LONGEST)
    if last is None or not table.columns[last].is_share or longest < _SHORTEST:
        return [""] * len(table.rows)
    most = largest_part(table, last)
    return [_bar((row[last] or 0.0) / most, longest) for row in table.rows]


def largest_part(table: Table, place: int) -> float:
    """The largest part in a column of parts of a whole: its bar is the longest, the others are in proportion."""
    return max((row[place] or 0.0 for row in table.rows), default=0.0) or 1.0


def _bar(part: float, longest: int) -> str:
    eighths = round(8 * longest * part)
    if not eighths:
        return ""
    whole, rest = divmod(eighths, 8)
    return f"{_GAP}\x1b[34m{_BLOCKS[8] * whole}{_BLOCKS[rest].strip()}{_NORMAL}"
