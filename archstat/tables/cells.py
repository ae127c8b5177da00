"""The cells of a table as people read them."""

from __future__ import annotations

from typing import Any

from archstat import units
from archstat.files.text import printable
from archstat.tables.columns import Column, Table

NO_VALUE = "–"
"""What stands where there is no value."""


def shown_cells(table: Table, *, is_exact: bool = False) -> list[list[str]]:
    """The cells as people read them."""
    return [
        [_cell(column, value, is_exact=is_exact) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def _cell(column: Column, value: Any, *, is_exact: bool) -> str:
    if value is None:
        return NO_VALUE
    if is_exact and column.is_number and isinstance(value, int):
        return units.exact(value)
    return printable(column.show(value))
