"""A table without what says nothing: columns that are empty, and conditions that are the same in every row."""

from __future__ import annotations

from typing import Any

import msgspec

from archstat.tables.cells import shown_cells
from archstat.tables.columns import Column, Table


def lean(table: Table) -> Table:
    """A table for people. Columns that are empty leave it, and a condition that all rows share stands over them.

    The first column stays, and so does everything in a table without rows. Data formats need every column, and take
    the table as it is.
    """
    if table.is_chosen:
        return table
    places = [place for place in range(len(table.columns)) if place == 0 or not is_empty(table, place)]
    shared = [place for place in places if is_shared(table, place)]
    kept = [place for place in places if place not in shared]
    if len(kept) == len(table.columns):
        return table
    above = " · ".join(told_once(table, place) for place in shared if is_told_above(table, place))
    return msgspec.structs.replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
        title="\n".join(filter(None, (table.title, above))),
    )


def is_told_above(table: Table, place: int) -> bool:
    """Whether a column is a condition of all rows that no note tells."""
    if not is_shared(table, place):
        return False
    value = _known(table, place)[0]
    told = (str(value), table.columns[place].show(value))
    return not any(each in note for note in table.notes for each in told)


def is_empty(table: Table, place: int) -> bool:
    """Whether a column has nothing in any row."""
    return bool(table.rows) and not table.is_chosen and all(row[place] in (None, "") for row in table.rows)


def is_shared(table: Table, place: int) -> bool:
    """Whether a column is a condition, and the same one wherever it is known."""
    is_condition = place > 0 and table.columns[place].is_condition and not table.is_chosen
    return is_condition and len(table.rows) > 1 and len(_known(table, place)) == 1


def _known(table: Table, place: int) -> list[Any]:
    """The values of a column that differ, two of them at the most."""
    found: list[Any] = []
    for row in table.rows:
        if row[place] is not None and row[place] not in found:
            found.append(row[place])
        if len(found) > 1:
            break
    return found


def told_once(table: Table, place: int) -> str:
    """What a column says in all rows: ``Input 1×3×224×224``."""
    column: Column = table.columns[place]
    one = Table((column,), ((_known(table, place)[0],),))
    return f"{column.header} {shown_cells(one)[0][0]}".strip()


def headed_once(table: Table) -> Table:
    """A table in which a heading stands in the first of the rows that share it.

    Args:
        table: A table whose headings are its first columns.
    """
    count = sum(column.is_heading for column in table.columns)
    heads = [row[:count] for row in table.rows]
    rows = [
        (*([""] * count if before == head else head), *row[count:])
        for before, head, row in zip([None, *heads], heads, table.rows, strict=False)
    ]
    return msgspec.structs.replace(table, rows=tuple(rows))
