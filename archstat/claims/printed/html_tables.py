"""Tables of HTML → tables: what people write into Markdown where a cell is to span rows or columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec

from archstat.claims.printed.layout import TextRow, TextTable, raised_after, spans_between

_OPEN = re.compile(r"<table[\s>]", re.IGNORECASE)
_CLOSE = re.compile(r"</table\s*>", re.IGNORECASE)
_MARKS = re.compile(r"\*\*|__|`|\[\^[^\]\s]{1,40}\]")
_WIDEST = 50
"""So many columns or rows a cell spans at the most."""


def html_tables_in(text: str) -> Iterator[tuple[int, int]]:
    """Where each table of HTML begins and ends in a text; one without an end is none.

    Args:
        text: The text.
    """
    return spans_between(text, _OPEN, _CLOSE)


def table_of_html(text: str, line: int) -> TextTable:
    """A table out of HTML.

    Args:
        text: The HTML, from its opening tag to its closing one.
        line: The line where it begins.
    """
    reader = _Reader(line)
    reader.feed(text)
    reader.close()
    rows = list(_filled(reader.rows))
    heads = max(next((place for place, row in enumerate(reader.rows) if not row.is_head), len(rows)), min(len(rows), 1))
    columns = max((len(row.cells) for row in rows), default=0)
    over = [[row.cells[place] for row in rows[:heads] if place < len(row.cells)] for place in range(columns)]
    headers = tuple(" ".join(dict.fromkeys(filter(None, words))) for words in over)
    return TextTable(headers, tuple(rows[heads:]))


class _Cell(msgspec.Struct):
    words: str = ""
    columns: int = 1
    rows: int = 1
    is_head: bool = False


class _Row(msgspec.Struct):
    line: int
    cells: list[_Cell]

    @property
    def is_head(self) -> bool:
        return all(cell.is_head for cell in self.cells)


class _Reader(HTMLParser):
    """Collects the cells of rows; what is raised stands apart, as the mark of a note does."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.rows: list[_Row] = []
        self._line = line
        self._raised = 0
        self._is_within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append(_Row(self._line + self.getpos()[0] - 1, []))
        elif tag in ("td", "th") and self.rows:
            spans = dict(attrs)
            cell = _Cell("", _span(spans.get("colspan")), _span(spans.get("rowspan")), tag == "th")
            self.rows[-1].cells.append(cell)
            self._is_within, self._raised = True, 0
        elif tag == "sup":
            self._raised += 1
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr"):
            self._is_within = False
        elif tag == "sup":
            self._raised = max(self._raised - 1, 0)

    def handle_data(self, data: str) -> None:
        if self._is_within and self.rows and self.rows[-1].cells:
            cell = self.rows[-1].cells[-1]
            cell.words += raised_after(cell.words, data) if self._raised else data


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _WIDEST) if text is not None and re.fullmatch(r"\d{1,4}", text, re.ASCII) else 1


def _filled(rows: list[_Row]) -> Iterator[TextRow]:
    """The rows, each with what spans it from above."""
    held: dict[int, tuple[int, str]] = {}
    for row in rows:
        words: list[str] = []
        for cell in [*row.cells, None]:
            while len(words) in held:
                left, above = held.pop(len(words))
                if left > 1:
                    held[len(words)] = (left - 1, above)
                words.append(above)
            if cell is None:
                break
            said = " ".join(_MARKS.sub("", cell.words).split())
            for _ in range(cell.columns):
                if cell.rows > 1:
                    held[len(words)] = (cell.rows - 1, said)
                words.append(said)
        yield TextRow(row.line, tuple(words))
