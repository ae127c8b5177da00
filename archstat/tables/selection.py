"""The columns of a table that a user asks for, in the order asked for; and the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archstat.errors import UnknownNameError
from archstat.language import say
from archstat.tables.columns import Column, Table


def with_columns(table: Table, names: Sequence[str], more: Sequence[str] = ()) -> Table:
    """A table with these columns alone, none of which gives way or leaves it.

    Args:
        table: The table.
        names: Keys of columns, as in CSV, or their headers; none: every column.
        more: Columns that the table can have besides, where they are asked for.

    Raises:
        UnknownNameError: There is no such column.
    """
    if not names:
        return table
    places = [_place(table, name, more) for name in dict.fromkeys(names)]
    kept = [msgspec.structs.replace(table.columns[place], gives_way=0, is_heading=False) for place in places]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    shown = {column.key for column in kept}
    notes = tuple(note for note in table.notes if shown & set(table.notes_about.get(note, shown)))
    return msgspec.structs.replace(table, columns=tuple(kept), rows=rows, notes=notes, is_chosen=True)


def keeping(table: Table, names: Iterable[str | None]) -> Table:
    """A table in which some columns, by their keys, never give way: what it is sorted by, or was asked for."""
    kept = set(names)
    columns = [msgspec.structs.replace(each, gives_way=0) if each.key in kept else each for each in table.columns]
    return msgspec.structs.replace(table, columns=tuple(columns))


def has_column(table: Table, name: str) -> bool:
    """Whether a table has a column of that key or header."""
    return any(name == column.key or _letters(name) in map(_letters, _headers(column)) for column in table.columns)


def _headers(column: Column) -> tuple[str, str]:
    """What a column is called in English, and in the language that is spoken."""
    return column.english, column.header


def _place(table: Table, name: str, more: Sequence[str]) -> int:
    keys = [column.key for column in table.columns]
    if name in keys:
        return keys.index(name)
    for simplified in (_plain, _letters):
        for place, column in enumerate(table.columns):
            if simplified(name) in map(simplified, _headers(column)):
                return place
    known = list(dict.fromkeys([*keys, *more]))
    raise UnknownNameError.of("column", name, known, f"The columns are {', '.join(known)}.")


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", " ").replace("_", " ")


def _letters(name: str) -> str:
    """A header by what is neither a space nor a sign: users write ``top1`` for ``Top-1 %``."""
    return "".join(character for character in name.lower() if character.isalnum())


def with_rows(table: Table, *, only: Sequence[str] = (), has_zero_rows: bool = True) -> Table:
    """A table of layers with some rows alone, and a note of how many are not shown.

    Args:
        table: A table with the columns ``kind`` and ``macs``.
        only: What the kinds of rows begin with, in any case: ``"conv"``, ``"linear"``; none: every row.
        has_zero_rows: Whether rows stay that have neither parameters nor MACs.

    Raises:
        UnknownNameError: No row is of such a kind.
    """
    keys = [column.key for column in table.columns]
    kind, counts = keys.index("kind"), [keys.index(key) for key in ("parameters", "macs")]
    for wanted in only:
        if table.rows and not any(_is_of(row[kind], wanted) for row in table.rows):
            kinds = dict.fromkeys(row[kind].partition(" ")[0] for row in table.rows)
            raise UnknownNameError.of("kind of layer", wanted, kinds, f"The kinds are {', '.join(kinds)}.")
    rows = tuple(
        row
        for row in table.rows
        if (not only or any(_is_of(row[kind], wanted) for wanted in only))
        and (has_zero_rows or any(row[place] for place in counts))
    )
    left = len(table.rows) - len(rows)
    told = say("{count} of {all} rows are not shown; totals are those of all.", count=left, all=len(table.rows))
    notes = (*table.notes, told) if left else table.notes
    return msgspec.structs.replace(table, rows=rows, notes=notes)


def _is_of(kind: str, wanted: str) -> bool:
    return kind.lower().startswith(wanted.lower())
