"""A worksheet in Markdown that was filled in → what stands in each of its numbered cells."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

import msgspec

from archstat.errors import DataError, quoted
from archstat.language import languages, speaking
from archstat.quiz.worksheets import Blank, Worksheet, numbered, sheet_table
from archstat.tables.formats import markdown


class Filled(msgspec.Struct, frozen=True):
    """What stands in a cell.

    Attributes:
        blank: The cell.
        text: What was written, without the number of the cell; ``""``: nothing.
        line: The line of the file.
    """

    blank: Blank
    text: str
    line: int


class _Line(msgspec.Struct, frozen=True):
    """A row of the table in a file.

    Attributes:
        cells: The texts of its cells.
        number: The line of the file.
    """

    cells: tuple[str, ...]
    number: int


def answers_in(text: str, path: str, sheet: Worksheet) -> list[Filled]:
    """What was written into the cells of a sheet, in their order.

    Args:
        text: The sheet, in Markdown.
        path: The file, for complaints.
        sheet: The sheet as it was given out.

    Raises:
        DataError: The table is no longer that of the sheet.
    """
    rows, expected = list(_rows(text)), _names(sheet)
    if len(rows) != len(expected):
        raise DataError(
            f"{path}: its table has {len(rows):,} rows, and the sheet of {sheet.exercise.network} has "
            f"{len(expected):,}: write into the cells, and leave the rows as they are."
        )
    for row, names in zip(rows, expected, strict=True):
        _check(row, names, len(sheet.names) + 2, path)
    return [_answer(blank, rows[blank.row], sheet) for blank in sheet.blanks]


def _names(sheet: Worksheet) -> list[list[str]]:
    """The name of each row, in every language: a sheet is marked whichever one it was given out in."""
    spoken = []
    for each in languages():
        with speaking(each):
            spoken.append([_unescaped(row.cells[0]) for row in _rows(markdown(sheet_table(sheet)))])
    return list(map(list, zip(*spoken, strict=True)))


def _rows(text: str) -> Iterator[_Line]:
    """The rows of the first table behind the line of the sheet, without its header."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    begins = next((place for place, (_, line) in enumerate(lines) if _is_rule(line)), len(lines))
    for number, line in lines[begins + 1 :]:
        if not line.startswith("|"):
            return
        yield _Line(tuple(_cells(line)), number)


_RULE = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)+")


def _is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None


_PIPE = re.compile(r"(?<!\\)\|")


def _cells(line: str) -> list[str]:
    """The texts between the bars of a row."""
    return [cell.strip() for cell in _PIPE.split(line)[1 : -1 if line.endswith("|") else None]]


_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def _unescaped(cell: str) -> str:
    """A cell as it is read, without what Markdown needs around signs of its own."""
    return " ".join(html.unescape(_ESCAPED.sub(r"\1", cell)).split())


def _check(row: _Line, names: Sequence[str], most: int, path: str) -> None:
    """See to it that a row is still the one of its layer.

    Raises:
        DataError: The row is another one.
    """
    if len(row.cells) != most:
        raise DataError(
            f"{path}:{row.number}: the row has {len(row.cells)} cells in place of {most}; a bar in an answer is "
            "taken for the end of its cell."
        )
    found = _unescaped(row.cells[0])
    if found not in names:
        raise DataError(f"{path}:{row.number}: {quoted(found)} stands where the sheet has {quoted(names[0])}.")


_EMPHASIS = "*_`~$ "


def _answer(blank: Blank, row: _Line, sheet: Worksheet) -> Filled:
    """What stands in a cell behind its number, which may be gone; both may be set bold, as code or as mathematics."""
    text = row.cells[sheet.names.index(blank.name) + 2].strip(_EMPHASIS).removeprefix(numbered(blank))
    return Filled(blank, _unescaped(text.strip(_EMPHASIS)), row.number)
