"""What a text is made of, whatever it is written in: tables, and paragraphs."""

from __future__ import annotations

import msgspec


class TextRow(msgspec.Struct, frozen=True):
    """A row of a table.

    Attributes:
        line: The line of the text where the row begins.
        cells: The words of each cell, without markup.
    """

    line: int
    cells: tuple[str, ...]


class TextTable(msgspec.Struct, frozen=True):
    """A table of a text.

    Attributes:
        headers: The words over each column.
        rows: The rows under the headers.
    """

    headers: tuple[str, ...]
    rows: tuple[TextRow, ...]


class TextLayout(msgspec.Struct, frozen=True):
    """A text, taken apart.

    Attributes:
        tables: The tables.
        prose: The paragraphs outside of tables, each with the number of its first line; its lines end as in the text.
    """

    tables: tuple[TextTable, ...]
    prose: tuple[tuple[int, str], ...]
