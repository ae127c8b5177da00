"""What of a table stands in a paper: which columns, its caption and label, and what is explained under it."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from archstat.errors import shortened
from archstat.files.text import printable
from archstat.language import listed, say
from archstat.tables.cells import NO_VALUE
from archstat.tables.columns import Column, Table
from archstat.tables.latex.characters import unknown_in
from archstat.tables.latex.fitting import Field, Fit, fitted_to


class _Kept(msgspec.Struct, frozen=True):
    """Which columns tell something.

    Attributes:
        places: The places of columns that tell something.
        empty: The headers of those without a value.
        same: The headers of those with one value alone, and that value.
    """

    places: tuple[int, ...]
    empty: tuple[str, ...]
    same: tuple[tuple[str, str], ...]


class PaperTable(msgspec.Struct, frozen=True):
    """A table on its way to the page.

    Attributes:
        columns: All of its columns.
        rows: The cells as people read them.
        fit: How the columns that tell something are set.
        headings: The places of what stands over rows.
        caption: What the table shows.
        label: The name to refer to it by.
        notes: What stands under it.
        comments: What stands over it and is not printed.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    fit: Fit
    headings: tuple[int, ...]
    caption: str
    label: str
    notes: tuple[str, ...]
    comments: tuple[str, ...]


def paper_table(table: Table, rows: Sequence[Sequence[str]]) -> PaperTable:
    """What of a table is set, and how wide.

    Args:
        table: What to set.
        rows: The cells as people read them.
    """
    kept = _telling(table, rows)
    headings = tuple(place for place in kept.places if table.columns[place].is_heading)
    fields = {
        place: Field.of(table.columns[place], (row[place] for row in rows))
        for place in kept.places
        if place not in headings
    }
    fitted = fitted_to(fields)
    caption = "; ".join(map(_plain, table.title.splitlines())) or _described(table.columns, rows, fitted.widths)
    shown = [row[place] for row in rows for place in fitted.widths]
    notes = (
        *_notes((*table.notes, *table.legend)),
        *_same(kept.same),
        *([say("–: not known, or there is none.")] if NO_VALUE in shown else []),
    )
    too_wide = [_header(table.columns, place) for place in fields if place not in fitted.widths]
    text = "".join((caption, *notes, *shown, *(row[place] for row in rows for place in headings)))
    return PaperTable(
        columns=table.columns,
        rows=rows,
        fit=fitted,
        headings=headings,
        caption=caption,
        label=f"tab:{_label(table, caption)}",
        notes=notes,
        comments=tuple(_comments(too_wide, kept.empty, text)),
    )


def _comments(too_wide: Sequence[str], empty: Sequence[str], text: str) -> Iterator[str]:
    if too_wide:
        yield say("Left out, as the page is too narrow: {columns}.", columns=", ".join(too_wide))
    if empty:
        yield say("Left out, as empty: {columns}.", columns=", ".join(empty))
    strange = list(itertools.islice(unknown_in(text), _STRANGE_MOST + 1))
    if strange:
        shown = ", ".join(f"U+{ord(c):04X} {c}" for c in strange[:_STRANGE_MOST])
        if len(strange) > _STRANGE_MOST:
            shown = say("{characters} and others", characters=shown)
        yield say("Characters that pdfLaTeX does not have stand as their numbers: {characters}.", characters=shown)


_STRANGE_MOST = 20


def _telling(table: Table, rows: Sequence[Sequence[str]]) -> _Kept:
    """The columns without those that are empty, or the same in all rows; the first one stays in any case.

    Columns that a user chose all stay.
    """
    columns = table.columns
    if table.is_chosen:
        return _Kept(tuple(range(len(columns))), (), ())
    first = next(place for place, column in enumerate(columns) if not column.is_heading)
    is_empty = [bool(rows) and all(row[place] in ("", NO_VALUE) for row in rows) for place in range(len(columns))]
    is_same = [len(rows) > 1 and len({row[place] for row in rows}) == 1 for place in range(len(columns))]
    dull = [place != first and (is_empty[place] or is_same[place]) for place in range(len(columns))]
    gone = [place for place in range(len(columns)) if all(dull[each] for each in _with_followers(columns, place))]
    empty = tuple(_header(columns, place) for place in gone if is_empty[place] and columns[place].header)
    same = tuple((_header(columns, place), rows[0][place]) for place in gone if not is_empty[place])
    return _Kept(tuple(place for place in range(len(columns)) if place not in gone), empty, same)


def _with_followers(columns: Sequence[Column], place: int) -> list[int]:
    """A column and those whose headers go on from its own."""
    if columns[place].continues:
        return [place]
    after = itertools.takewhile(lambda each: columns[each].continues, range(place + 1, len(columns)))
    return [place, *after]


def _header(columns: Sequence[Column], place: int) -> str:
    """A header that can stand alone."""
    column = columns[place]
    if not column.continues or not column.header:
        return column.header
    leader = next(each for each in reversed(columns[:place]) if not each.continues)
    return f"{leader.header}, {column.header}"


def _described(columns: Sequence[Column], rows: Sequence[Sequence[str]], shown: Iterable[int]) -> str:
    """What a table without a title shows: its columns of numbers and the names of its rows."""
    first = next(place for place, column in enumerate(columns) if not column.is_heading)
    names = list(dict.fromkeys(row[first] for row in rows if row[first].strip()))
    most = max((at for at in range(1, min(len(names), 40) + 1) if len(", ".join(names[:at])) < _NAMES_MOST), default=1)
    more = [say("{count} more", count=len(names) - most)] if len(names) > most else []
    named = _listed([*names[:most], *more])
    numbers = [columns[place].header for place in shown if columns[place].is_number and not columns[place].continues]
    if not numbers or not names or columns[first].is_number:
        return f"{columns[first].header}{': ' if names else ''}{named}"
    return say("{quantities} of {names}", quantities=_listed(numbers[:_HEADERS_MOST]), names=named)


_NAMES_MOST = 90
_HEADERS_MOST = 3


def _listed(words: Sequence[str]) -> str:
    return listed(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _label(table: Table, caption: str) -> str:
    """What to refer to a table by: its caption, and what its rows are unless they are layers."""
    first = next(column for column in table.columns if not column.is_heading)
    is_told = not table.title or first.is_number or first.key == "layer" or not first.header
    return _slug(caption) if is_told else f"{_slug(caption)}-by-{_slug(first.english)}"


def _slug(caption: str) -> str:
    """Letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", caption.replace("×", "x")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LABEL_MOST].strip("-") or "table"


_LABEL_MOST = 80


def _same(values: Iterable[tuple[str, str]]) -> list[str]:
    """What all rows have in common."""
    told = [f"{header} {value}" for header, value in values if header]
    return [say("In all rows: {values}.", values="; ".join(told))] if told else []


def _plain(text: str) -> str:
    return printable(shortened(" ".join(text.split()), _TEXT_MOST))


_TEXT_MOST = 2000
"""As many characters are enough: a name in a title or a note can have millions."""


_LONG = "Activation memory"
"""The one label that fills its column, so that a single space stands behind it."""

_TABULATED = re.compile(rf"(\S(?:.{{0,20}}\S)?) {{2,}}(\S.*)|({_LONG}) (.*)")
_SHORT = 60


def _notes(notes: Iterable[str]) -> list[str]:
    """The notes, each a sentence or more; what stands in columns on a terminal becomes lines that run on."""
    found: list[str] = []
    is_run_on = False
    for note in notes:
        match = _TABULATED.match(note)
        if note.startswith("  ") and found:
            found[-1] = f"{found[-1].removesuffix('.')}; {_plain(note).removesuffix('.')}."
        elif match is None:
            found.append(_plain(note))
        else:
            is_short = len(note) < _SHORT and ";" not in note
            shown = f"{match[1] or match[3]}: {_plain(re.sub(' {2,}', ', ', match[2] or match[4]))}"
            if is_short and is_run_on:
                found[-1] = f"{found[-1].removesuffix('.')}; {shown}."
            else:
                found.append(f"{shown.removesuffix('.')}.")
        is_run_on = match is not None and is_short
    return found
