"""What a table is made of, and the columns that several tables share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from archstat import units

Show = Callable[[Any], str]


class Column(msgspec.Struct, frozen=True):
    """One column.

    Attributes:
        key: Its name in CSV and JSON.
        header: Its name for people, with the unit if the values show none.
        show: From a value to text.
        is_number: It is set to the right, and can be shown in full.
        least: How narrow a column of names may become where there is little room; numbers are never cut.
        is_path: Its end says more than its beginning.
        gives_way: Where there is still too little room, the column with the largest number is left out; 0: never.
    """

    key: str
    header: str
    show: Show = str
    is_number: bool = False
    least: int = 12
    is_path: bool = False
    gives_way: int = 0


class Table(msgspec.Struct, frozen=True):
    """Rows of plain values.

    Attributes:
        columns: The columns.
        rows: The values, in the order of the columns.
        title: What it shows.
        notes: Sentences under it.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()


def number(key: str, header: str, show: Show = units.compact, *, gives_way: int = 0) -> Column:
    """A column of counts."""
    return Column(key, header, show, is_number=True, gives_way=gives_way)


def path(key: str, header: str) -> Column:
    """A column of names whose end says more than their beginning."""
    return Column(key, header, least=20, is_path=True)


PARAMETERS = number("parameters", "Parameters")
MACS = number("macs", "MACs")
FLOPS = number("flops", "FLOPs", gives_way=2)
ACTIVATIONS = number("activations", "Activations", gives_way=3)
BYTES = number("activation_bytes", "Memory", units.data_size)
SHARE = number("macs_share", "MACs %", lambda part: f"{100 * part:.1f}", gives_way=1)
SHAPE = Column("output_shape", "Output", units.shape)
