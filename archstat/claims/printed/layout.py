"""What a text is made of, whatever it is written in: tables, and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec


class TextRow(msgspec.Struct, frozen=True):
    """A row of a table.

    Attributes:
        line: The line of the text where the row begins.
        cells: The words of each cell, without markup.
        lines: The line of each cell, where they are not of one line; else empty.
    """

    line: int
    cells: tuple[str, ...]
    lines: tuple[int, ...] = ()

    def line_of(self, place: int) -> int:
        """The line that a cell begins in."""
        return self.lines[place] if self.lines else self.line


class TextTable(msgspec.Struct, frozen=True):
    """A table of a text.

    Attributes:
        headers: The words over each column.
        rows: The rows under the headers.
        is_list: Whether the text has it as a list, each item ``key: value``.
    """

    headers: tuple[str, ...]
    rows: tuple[TextRow, ...]
    is_list: bool = False


class TextLayout(msgspec.Struct, frozen=True):
    """A text, taken apart.

    Attributes:
        tables: The tables.
        prose: The paragraphs outside of tables, each with the number of its first line; its lines end as in the text.
    """

    tables: tuple[TextTable, ...]
    prose: tuple[tuple[int, str], ...]


def raised_after(before: str, words: str) -> str:
    """What raised words add to a text: the power of a ten, nothing where they are the mark of a note, or themselves.

    Args:
        before: What stands before them.
        words: The words.

    >>> raised_after("4.1×10", "9"), raised_after("25.6", "1"), raised_after("Params", "(M)")
    ('^9', '', '(M)')
    """
    if re.search(r"(?<![\d.,])10\s*$", before):
        return f"^{words}"
    return "" if re.fullmatch(r"\s*[\d*†‡§¶a-z,]{1,3}\s*", words, re.ASCII) else words


def spans_between(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where each piece of a text begins and ends that stands between two marks; one without an end is none.

    Args:
        text: The text.
        opening: What a piece begins with.
        closing: What the piece ends with.
    """
    place = 0
    while (begin := opening.search(text, place)) and (end := closing.search(text, begin.end())):
        yield begin.start(), end.end()
        place = end.end()


def left_out(text: str, spans: list[tuple[int, int]]) -> str:
    """A text without some of its pieces, each line in its place.

    Args:
        text: The text.
        spans: Where the pieces begin and end, in their order.
    """
    kept, end = [], 0
    for start, stop in spans:
        kept += [text[end:start], "\n" * text.count("\n", start, stop)]
        end = stop
    return "".join([*kept, text[end:]])
