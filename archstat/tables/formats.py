"""Tables → text: one function is one format."""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.cells import cell_len

from archstat import units
from archstat.files.text import inert, json_text, printable
from archstat.tables import Column, Table
from archstat.tables.latex import typeset


def text(table: Table, *, is_exact: bool = False, width: int | None = None, is_plain: bool = True) -> str:
    """A table for a terminal.

    Where there is too little room names are shortened, then whole columns are left out, and a note says which. Numbers
    are never cut.

    Args:
        table: What to show.
        is_exact: Show counts in full.
        width: The columns of the terminal; ``None``: as many as it takes.
        is_plain: Leave out colours.
    """
    rows = [list(map(_short, table.columns, row)) for row in shown_cells(table, is_exact=is_exact)]
    widths = _widths(table.columns, rows, width)
    bold, normal = ("", "") if is_plain else ("\x1b[1m", "\x1b[0m")
    lines = [f"{bold}{printable(line)}{normal}" for line in table.title.splitlines()]
    if rows:
        headers = [f"{bold}{line}{normal}" for line in _header_lines(table.columns, rows, widths)]
        rule = "─" * (sum(widths.values()) + len(_GAP) * (len(widths) - 1))
        lines += [*([""] if lines else []), *headers, rule]
        for heading, members in itertools.groupby(rows, lambda row: _heading(table.columns, row)):
            lines += ["", f"{bold}{_cut(heading, width)}{normal}"] if heading else []
            lines += [_line(table.columns, row, widths) for row in members]
    columns = enumerate(table.columns)
    left_out = [column.header for number, column in columns if number not in widths and not column.is_heading]
    missing = f"Too narrow for {', '.join(left_out)}: widen the terminal, or append '| less -S'." if left_out else ""
    notes = [note for note in (*table.notes, missing) if note]
    return inert("\n".join([*lines, *([""] if notes and lines else []), *map(printable, notes)]) + "\n")


def sum_blocks(table: Table, *, is_exact: bool = True, width: int | None = None, is_plain: bool = True) -> str:  # noqa: ARG001 - a sum is always exact
    """A table of sums for a terminal: a block for each layer, and in it a line for each sum.

    Its columns are those of :func:`archstat.tables.explanation_table`.

    Args:
        table: What to show.
        is_exact: Makes no difference: a rounded sum would be wrong.
        width: The columns of the terminal; ``None``: 120. Long remarks are broken, sums are not.
        is_plain: Leave out colours.
    """
    bold, normal = ("", "") if is_plain else ("\x1b[1m", "\x1b[0m")
    lines = [f"{bold}{printable(line)}{normal}" for line in table.title.splitlines()]
    rows = shown_cells(table)
    first = max((cell_len(row[2]) for row in rows), default=0) + len(_GAP)
    second = max((min(cell_len(_equation(row)), _EQUATION_MAX) for row in rows if row[5]), default=0) + len(_GAP)
    for heading, members in itertools.groupby(rows, lambda row: _heading(table.columns, row)):
        lines += ["", f"{bold}{heading}{normal}"]
        for row in members:
            lines += _sum_lines(row, first, second, width or _BLOCK_WIDTH)
    return inert("\n".join([*lines, *([""] if table.notes else []), *map(printable, table.notes)]) + "\n")


_BLOCK_WIDTH = 120
_EQUATION_MAX = 40
_REMARK_MIN = 30


def _equation(row: Sequence[str]) -> str:
    """``formula = result``; a number alone is not repeated."""
    formula, result = row[3:5]
    if not formula and result == _NOTHING:
        return row[5]
    return f"{formula} = {result}" if formula and formula != result.replace(",", "") else result


def _sum_lines(row: Sequence[str], first: int, second: int, width: int) -> list[str]:
    """A quantity, its sum and the remark beside it; under the sum where there is no room beside it."""
    line = row[2].ljust(first) + _equation(row)
    if _equation(row) == row[5]:
        return [line]
    room = width - first - second
    if room >= _REMARK_MIN and cell_len(line) <= first + second - len(_GAP):
        remarks = textwrap.wrap(row[5], room) or [""]
        return [(line.ljust(first + second) + remarks[0]).rstrip(), *(" " * (first + second) + r for r in remarks[1:])]
    return [line, *(" " * first + remark for remark in textwrap.wrap(row[5], max(width - first, _REMARK_MIN)))]


_GAP = "  "
_NOTHING = "–"


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None) -> dict[int, int]:
    """The width of each column that fits, by its place."""
    heads = [max(_header(column, place, rows), key=cell_len) for place, column in enumerate(columns)]
    natural = [max(map(cell_len, cells)) for cells in zip(heads, *rows, strict=True)]
    places = [place for place, column in enumerate(columns) if not column.is_heading]
    while True:
        widths = {place: natural[place] for place in places}
        excess = sum(widths.values()) + len(_GAP) * (len(places) - 1) - (room or sys.maxsize)
        spare = {p: natural[p] - columns[p].least for p in places if not columns[p].is_number}
        if excess <= sum(max(chars, 0) for chars in spare.values()):
            break
        rank = max(columns[place].gives_way for place in places)
        if not rank:
            break
        places = [place for place in places if columns[place].gives_way != rank]
    while excess > 0 and any(chars > 0 for chars in spare.values()):
        widest = max(spare, key=lambda place: spare[place])
        widths[widest], spare[widest], excess = widths[widest] - 1, spare[widest] - 1, excess - 1
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
    lines = [_line(columns, [pair[number] for pair in pairs], widths) for number in (0, 1)]
    return lines if lines[0] else lines[1:]


def _line(columns: Sequence[Column], cells: Sequence[str], widths: dict[int, int]) -> str:
    return _GAP.join(_set(columns[place], cells[place], width) for place, width in widths.items()).rstrip()


def _heading(columns: Sequence[Column], cells: Sequence[str]) -> str:
    """What stands over a row."""
    return " · ".join(cell for column, cell in zip(columns, cells, strict=True) if column.is_heading)


def _cut(line: str, width: int | None) -> str:
    return line if width is None or cell_len(line) <= width else f"{line[: width - 1]}…"


_CELL_MOST = 500
"""As many characters of a name are enough anywhere: each row is as wide as the longest one."""


def _short(column: Column, cell: str) -> str:
    return cell if column.is_number or len(cell) <= _CELL_MOST else _set(column, cell, _CELL_MOST)


def _set(column: Column, cell: str, width: int) -> str:
    """A cell in its column, cut at the end or, if it is a path, at the beginning."""
    if cell_len(cell) > width:
        cell = f"…{cell[1 - width :]}" if column.is_path else _cut(cell, width)
    space = " " * (width - cell_len(cell))
    return space + cell if column.is_number else cell + space


def shown_cells(table: Table, *, is_exact: bool = False) -> list[list[str]]:
    """The cells as people read them."""
    return [
        [_cell(column, value, is_exact=is_exact) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def _cell(column: Column, value: Any, *, is_exact: bool) -> str:
    if value is None:
        return _NOTHING
    if is_exact and column.is_number and isinstance(value, int):
        return units.exact(value)
    return printable(column.show(value))


def markdown(table: Table, *, is_exact: bool = False) -> str:
    """A table in GitHub's Markdown."""
    headers = [_escaped(column.header, _MARKDOWN) for column in table.columns]
    rule = ["--:" if column.is_number else "---" for column in table.columns]
    rows = [[_escaped(cell, _MARKDOWN) for cell in row] for row in shown_cells(table, is_exact=is_exact)]
    lines = [f"| {' | '.join(cells)} |" for cells in (headers, rule, *rows)]
    title = [f"**{_escaped(printable(line), _MARKDOWN)}**\n" for line in table.title.splitlines()]
    notes = [f"* {_escaped(printable(' '.join(note.split())), _MARKDOWN)}" for note in table.notes]
    return inert("\n".join([*title, *lines, *([""] if notes else []), *notes]) + "\n")


_MARKDOWN = {**{character: f"\\{character}" for character in "\\|*_`[]~$"}, "<": "&lt;", "&": "&amp;"}


def _escaped(value: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in value)


def latex(table: Table, *, is_exact: bool = False) -> str:
    """A table for a paper; see :mod:`archstat.tables.latex`."""
    rows = [list(map(_short, table.columns, row)) for row in shown_cells(table, is_exact=is_exact)]
    return inert(typeset(table, rows))


def csv_text(table: Table, *, is_exact: bool = True) -> str:  # noqa: ARG001 - CSV is always exact
    """Comma-separated values in base units, the first line naming the columns; shapes as ``1x3x224x224``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.key for column in table.columns)
    writer.writerows([_plain(value) for value in row] for row in table.rows)
    return inert(out.getvalue())


def _plain(value: Any) -> Any:
    """A value as it stands in a cell; no name is a formula, whichever spreadsheet opens it."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if not isinstance(value, str):
        return value
    text = "\n".join(map(printable, value.split("\n")))
    return f"'{text}" if text[:1] in _FORMULA and not _HARMLESS.fullmatch(text) else text


_FORMULA = frozenset("=+-@|%")
"""What a cell begins with that spreadsheets work out."""

_HARMLESS = re.compile(r"[-+=]{1,2}[\s\d.,]*(e[-+]?\d+)?\s*[kKMGTPB%x×]?", re.ASCII)
"""A sign by itself, as differences have, or a number behind one, as budgets are stated."""


def json(table: Table, *, is_exact: bool = True) -> str:  # noqa: ARG001 - JSON is always exact
    """A list of objects in base units, one for each row."""
    keys = [column.key for column in table.columns]
    rows: Iterable[dict[str, Any]] = [dict(zip(keys, row, strict=True)) for row in table.rows]
    return json_text(rows) + "\n"


FORMATS: dict[str, Callable[..., str]] = {
    "text": text,
    "markdown": markdown,
    "csv": csv_text,
    "json": json,
    "latex": latex,
}
