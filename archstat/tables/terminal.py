"""Tables as text for a terminal of any width: what has no room is shortened or left out, and said."""

from __future__ import annotations

import itertools
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence

import msgspec
from rich.cells import cell_len, set_cell_size

from archstat.files.text import inert, printable
from archstat.language import say
from archstat.tables.cells import NO_VALUE, shown_cells
from archstat.tables.colours import Paint, bars_of, painter
from archstat.tables.columns import Column, Table
from archstat.tables.lean import lean


def text(table: Table, *, is_exact: bool = False, width: int | None = None, is_plain: bool = True) -> str:
    """A table for a terminal.

    Columns that are empty, and conditions that all rows share, are no columns here. Where there is too little room
    names are shortened, then whole columns are left out, those that matter least first, and a note says which. Numbers
    are never cut.

    Args:
        table: What to show.
        is_exact: Show counts in full.
        width: The columns of the terminal; ``None``: as many as it takes.
        is_plain: Leave out colours.
    """
    table = lean(table)
    rows = [list(map(shortened_cell, table.columns, row)) for row in shown_cells(table, is_exact=is_exact)]
    widths = _Widths(table.columns, rows, width).found()
    bold, normal = ("", "") if is_plain else ("\x1b[1m", "\x1b[0m")
    lines = [f"{bold}{line}{normal}" for line in _wrapped_all(table.title.splitlines(), width)]
    painted = [_UNPAINTED if is_plain else painter(table.columns, row) for row in table.rows]
    bars = [""] * len(rows) if is_plain else bars_of(table, widths, width)
    if rows:
        headers = [f"{bold}{line}{normal}" for line in _header_lines(table.columns, rows, widths)]
        rule = "─" * (sum(widths.values()) + len(_GAP) * (len(widths) - 1))
        lines += [*([""] if lines else []), *headers, rule]
        shown = zip(rows, painted, bars, strict=True)
        for heading, members in itertools.groupby(shown, lambda each: _heading(table.columns, each[0])):
            lines += ["", *(f"{bold}{line}{normal}" for line in wrapped(heading, width))] if heading else []
            for row, paint, bar in members:
                first, *rest = _row_lines(table.columns, row, widths, paint)
                lines += [f"{first}{bar}", *rest]
    notes = _wrapped_all((*table.notes, _left_out(table.columns, widths)), width)
    return inert("\n".join([*lines, *([""] if notes and lines else []), *notes]) + "\n")


_UNPAINTED: Paint = lambda _, cell: cell  # noqa: E731 - the paint of a terminal without colours


def _left_out(columns: Sequence[Column], widths: dict[int, int]) -> str:
    """Which columns found no room."""
    missing = [column.header for place, column in enumerate(columns) if place not in widths and not column.is_heading]
    if not missing:
        return ""
    return say("Too narrow for {columns}: widen the terminal, or append '| less -S'.", columns=", ".join(missing))


def sum_blocks(table: Table, *, is_exact: bool = True, width: int | None = None, is_plain: bool = True) -> str:  # noqa: ARG001 - a sum is always exact
    """A table of sums for a terminal: a block for each layer, and in it a line for each sum.

    Its columns are those of :func:`archstat.tables.explanation_table`.

    Args:
        table: What to show.
        is_exact: Makes no difference: a rounded sum would be wrong.
        width: The columns of the terminal; ``None``: 120, and no sum is broken.
        is_plain: Leave out colours.
    """
    bold, normal = ("", "") if is_plain else ("\x1b[1m", "\x1b[0m")
    lines = [f"{bold}{line}{normal}" for line in _wrapped_all(table.title.splitlines(), width)]
    rows = shown_cells(table)
    first = max((cell_len(row[2]) for row in rows), default=0) + len(_GAP)
    second = max((min(cell_len(_equation(row)), _EQUATION_MAX) for row in rows if row[5]), default=0) + len(_GAP)
    for heading, members in itertools.groupby(rows, lambda row: _heading(table.columns, row)):
        lines += ["", *(f"{bold}{line}{normal}" for line in wrapped(heading, width))]
        for row in members:
            lines += _sum_lines(row, first, second, width)
    notes = _wrapped_all(table.notes, width)
    return inert("\n".join([*lines, *([""] if notes else []), *notes]) + "\n")


_BLOCK_WIDTH = 120
_EQUATION_MAX = 40
_REMARK_MIN = 30


def _equation(row: Sequence[str]) -> str:
    """``formula = result``; a number alone is not repeated."""
    formula, result = row[3:5]
    if not formula and result == NO_VALUE:
        return row[5]
    return f"{formula} = {result}" if formula and formula != result.replace(",", "") else result


def _sum_lines(row: Sequence[str], first: int, second: int, width: int | None) -> list[str]:
    """A quantity, its sum and the remark beside it; under the sum where there is no room beside it."""
    equation = _equation(row)
    line, *rest = _beside(_padded(row[2], first), equation, width)
    if equation == row[5]:
        return [line, *rest]
    room = (width or _BLOCK_WIDTH) - first - second
    if not rest and room >= _REMARK_MIN and cell_len(line) <= first + second - len(_GAP):
        remarks = _lines(row[5], room) or [""]
        beside = _padded(line, first + second) + remarks[0]
        return [beside.rstrip(), *(" " * (first + second) + remark for remark in remarks[1:])]
    remarks = _lines(row[5], max((width or _BLOCK_WIDTH) - first, _REMARK_MIN))
    return [line, *rest, *(" " * first + remark for remark in remarks)]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _lines(words: str, room: int) -> list[str]:
    """Words in as many lines as they take."""
    return textwrap.wrap(words, room) if cell_len(words) == len(words) else _by_cells(words, room)


def _beside(label: str, equation: str, width: int | None) -> list[str]:
    """A label and what stands beside it, in as many lines as that takes."""
    if width is None:
        return [f"{label}{equation}".rstrip()]
    return _hung(label, equation, width)


# -- sentences ---------------------------------------------------------------------------------------------------------

_LABEL = re.compile(r" *\S.*?  +|  +")
"""What stands before a sentence, set off by two spaces at least: ``Paper   ``."""
_INDENT_MAX = 20
"""A longer label stands by itself: what comes behind it goes on below it."""


def wrapped(line: str, width: int | None) -> list[str]:
    """A line of words in as many lines as a terminal needs, those that follow set under the words of the first."""
    line = printable(line)
    if width is None or cell_len(line) <= width:
        return [line] if line else []
    label = _LABEL.match(line)
    if label is None or cell_len(label[0]) > min(_INDENT_MAX, width // 2):
        return _hung("", line, width)
    return _hung(label[0], line[label.end() :], width)


def _wrapped_all(lines: Iterable[str], width: int | None) -> list[str]:
    return [each for line in lines for each in wrapped(line, width)]


def _hung(label: str, words: str, width: int) -> list[str]:
    """A label, and words beside it; where they go on they hang under the first of them."""
    indent = " " * (cell_len(label) or len(_GAP))
    if cell_len(label + words) != len(label + words):
        first, *rest = _by_cells(words, width - len(indent))
        return [f"{label}{first}", *(f"{indent}{line}" for line in rest)]
    return textwrap.wrap(words, width, initial_indent=label, subsequent_indent=indent, break_on_hyphens=False) or [
        label.rstrip()
    ]


def _by_cells(words: str, room: int) -> list[str]:
    """Words with characters that are two columns wide, in as many lines as they take."""
    from rich.console import Console  # noqa: PLC0415 - takes longer to load than most tables to show
    from rich.text import Text  # noqa: PLC0415

    return [line.plain.rstrip() for line in Text(words).wrap(Console(width=room), room)]


# -- columns -----------------------------------------------------------------------------------------------------------

_GAP = "  "
_SHORTEST = 8
"""No name can be told by fewer characters, wherever there is too little room."""


class _Widths:
    """How wide each column is, of those that fit."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None) -> None:
        """Of these cells, in a terminal of that many columns."""
        heads = [max(_header(column, place, rows), key=cell_len) for place, column in enumerate(columns)]
        self._natural = [max(map(cell_len, cells)) for cells in zip(heads, *rows, strict=True)]
        self._columns = columns
        self._room = room or sys.maxsize
        self._places = [place for place, column in enumerate(columns) if not column.is_heading]

    def found(self) -> dict[int, int]:
        """The width of each column that fits, by its place."""
        least = {place: self._least(place) for place in self._places}
        while self._excess(least) > 0 and self._leave_out():
            least = {place: self._least(place) for place in self._places}
        if self._excess(least) > 0:
            least = {place: min(size, self._shortest(place)) for place, size in least.items()}
        while self._excess(least) > 0 and len(least) > 1:
            del least[self._least_missed(least)]  # there is no room for what matters
        return self._widened(least)

    def _least_missed(self, widths: Iterable[int]) -> int:
        """The last column of words that is not the first column; if there is none, the last one of numbers."""
        _, *rest = widths
        words = [place for place in rest if not self._columns[place].is_number]
        return (words or rest)[-1]

    def _least(self, place: int) -> int:
        column, natural = self._columns[place], self._natural[place]
        return natural if column.is_number else min(natural, column.least)

    def _shortest(self, place: int) -> int:
        return self._natural[place] if self._columns[place].is_number else min(self._natural[place], _SHORTEST)

    def _excess(self, widths: dict[int, int]) -> int:
        """How many columns of the terminal are missing."""
        return sum(widths.values()) + len(_GAP) * (len(widths) - 1) - self._room

    def _leave_out(self) -> bool:
        """Whether there was a column that may be left out; those that matter least are now."""
        rank = max(self._columns[place].gives_way for place in self._places)
        self._places = [place for place in self._places if not rank or self._columns[place].gives_way != rank]
        return bool(rank)

    def _widened(self, widths: dict[int, int]) -> dict[int, int]:
        """The room that is left goes to names that are cut, the shortest of them first."""
        spare = -self._excess(widths)
        while spare > 0:
            cut = [place for place in widths if widths[place] < self._natural[place]]
            if not cut:
                break
            least = min(cut, key=lambda place: widths[place])
            widths[least], spare = widths[least] + 1, spare - 1
        if len(widths) == 1 and widths:
            (only,) = widths
            widths[only] = min(widths[only], self._room)
        return widths


def _header(column: Column, place: int, rows: Sequence[Sequence[str]]) -> tuple[str, str]:
    """A header in two lines, the upper one empty where it is no wider than what stands below it, or may not break."""
    words = column.header.split()
    widest = max((cell_len(row[place]) for row in rows), default=0)
    if not column.wraps or cell_len(column.header) <= widest:
        return "", column.header
    breaks = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return min(breaks, key=lambda lines: max(map(cell_len, lines)))


def _header_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: dict[int, int]) -> list[str]:
    """The line, or the two lines, over the rows."""
    pairs = [_header(column, place, rows) for place, column in enumerate(columns)]
    columns = [msgspec.structs.replace(column, is_path=False) for column in columns]
    lines = [_line(columns, [pair[number] for pair in pairs], widths) for number in (0, 1)]
    return lines if lines[0] else lines[1:]


def _row_lines(
    columns: Sequence[Column], cells: Sequence[str], widths: dict[int, int], paint: Paint = _UNPAINTED
) -> list[str]:
    """A row in as many lines as its sentences take."""
    sentences = {
        place: wrapped(cells[place], width)
        for place, width in widths.items()
        if columns[place].is_sentence and cell_len(cells[place]) > width
    }
    first = [sentences.get(place, [cell])[0] for place, cell in enumerate(cells)]
    lines = [_line(columns, first, widths, paint)]
    for number in range(1, max(map(len, sentences.values()), default=1)):
        rest = {place: each[number] for place, each in sentences.items() if number < len(each)}
        lines.append(_line(columns, [rest.get(place, "") for place in range(len(cells))], widths))
    return lines


def _line(columns: Sequence[Column], cells: Sequence[str], widths: dict[int, int], paint: Paint = _UNPAINTED) -> str:
    set_cells = (paint(place, _set(columns[place], cells[place], width)) for place, width in widths.items())
    return _GAP.join(set_cells).rstrip()


def _heading(columns: Sequence[Column], cells: Sequence[str]) -> str:
    """What stands over a row."""
    return " · ".join(cell for column, cell in zip(columns, cells, strict=True) if column.is_heading)


_CELL_MOST = 500
"""As many characters of a name are enough anywhere: each row is as wide as the longest one."""


def shortened_cell(column: Column, cell: str) -> str:
    """A cell that is no wider than anybody reads."""
    return cell if column.is_number or len(cell) <= _CELL_MOST else _set(column, cell, _CELL_MOST)


def _set(column: Column, cell: str, width: int) -> str:
    """A cell in its column, cut at the end or, if it is a path, at the beginning."""
    if cell_len(cell) > width:
        kept = set_cell_size(cell[::-1] if column.is_path else cell, width - 1)
        cell = f"…{kept[::-1]}" if column.is_path else f"{kept}…"
    space = " " * (width - cell_len(cell))
    return space + cell if column.is_number else cell + space
