"""Tables → text: one function is one format."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from typing import Any

from archstat.files.text import inert, json_text, printable
from archstat.tables.cells import shown_cells
from archstat.tables.columns import Table
from archstat.tables.latex.setting import typeset
from archstat.tables.lean import lean
from archstat.tables.terminal import shortened_cell, text


def markdown(table: Table, *, is_exact: bool = False) -> str:
    """A table in GitHub's Markdown."""
    table = lean(table)
    headers = [_escaped(column.header, _MARKDOWN) for column in table.columns]
    rule = ["--:" if column.is_number else "---" for column in table.columns]
    rows = [[_escaped(cell, _MARKDOWN) for cell in row] for row in shown_cells(table, is_exact=is_exact)]
    lines = [f"| {' | '.join(cells)} |" for cells in (headers, rule, *rows)]
    title = [f"**{_escaped(printable(line), _MARKDOWN)}**\n" for line in table.title.splitlines()]
    notes = [f"* {_escaped(printable(' '.join(note.split())), _MARKDOWN)}" for note in table.notes]
    return inert("\n".join([*title, *lines, *([""] if notes else []), *notes]) + "\n")


_MARKDOWN = {**{character: f"\\{character}" for character in "\\|*_`[]~$"}, "<": "&lt;", "&": "&amp;"}


def in_markdown(text: str) -> str:
    """A text of one line that Markdown prints as it is, whatever it holds."""
    return inert(_escaped(printable(text), _MARKDOWN))


def _escaped(value: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in value)


def latex(table: Table, *, is_exact: bool = False) -> str:
    """A table for a paper; see :mod:`archstat.tables.latex.setting`."""
    rows = [list(map(shortened_cell, table.columns, row)) for row in shown_cells(table, is_exact=is_exact)]
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
