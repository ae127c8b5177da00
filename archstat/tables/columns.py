"""What a table is made of, and the columns that several tables share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from archstat import units
from archstat.errors import UnknownNameError
from archstat.language import message, retold, say
from archstat.records.frames import pandas_frame

if TYPE_CHECKING:
    import pandas as pd

Show = Callable[[Any], str]
Row = tuple[Any, ...]
Tone = Literal["right", "doubtful", "wrong"]


class Column(msgspec.Struct, frozen=True):
    """One column of a table.

    Attributes:
        key: The name of the column in CSV and JSON.
        english: The name of the column for people, in English, with the unit if the values show none.
        show: From a value to text.
        is_number: Whether the values are numbers: set to the right, and shown in full where that is asked for.
        least: How narrow a column of names may become where there is little room; numbers are never cut.
        is_path: Whether the end of a value says more than its beginning.
        is_heading: In text it is no column: its value stands over the rows that share it.
        gives_way: Where there is still too little room, the column with the largest number is left out; 0: never.
        wraps: In text its header may take two lines.
        is_sentence: Whether a value is read as words, and goes on in another line where there is too little room.
        is_condition: Whether people read it once over all rows where it is the same in all: an input, a protocol.
        tones: Of values that are good or bad news, which: they stand in that colour where there are colours.
        is_share: Whether the values are parts of a whole, from 0 to 1: a bar shows them where there is room for one.
        continues: The header goes on from that of the column before, and says nothing without it.
        is_written: Whether people write into its cells, beside a number such as ``(3)``: they are wide on paper, and
            fields on a page.
    """

    key: str
    english: str
    show: Show = str
    is_number: bool = False
    least: int = 12
    is_path: bool = False
    is_heading: bool = False
    gives_way: int = 0
    wraps: bool = False
    is_sentence: bool = False
    is_condition: bool = False
    tones: Mapping[Any, Tone] = {}
    is_share: bool = False
    continues: bool = False
    is_written: bool = False

    @property
    def header(self) -> str:
        """The name of the column for people, in the language that is spoken."""
        return say(self.english)


class Table(msgspec.Struct, frozen=True):
    """Rows of plain values.

    Attributes:
        columns: The columns.
        rows: The values, in the order of the columns.
        title: What the table shows.
        notes: Sentences under the table.
        notes_about: The columns, by their keys, that a note is about; it goes with them. Any other
            note is about the whole table.
        is_chosen: Whether a user chose the columns: all of them are shown then, whatever stands in them.
        legend: What signs in it mean, for the readers of a paper, who have no help at hand.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    legend: tuple[str, ...] = ()
    is_chosen: bool = False
    notes_about: Mapping[str, tuple[str, ...]] = {}

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame, in base units; its columns are those of CSV.

        Raises:
            MissingPackageError: Pandas is not installed.
        """
        return pandas_frame(self.rows, [column.key for column in self.columns])


def number(key: str, header: str, show: Show = units.compact, *, gives_way: int = 0, continues: bool = False) -> Column:
    """A column of counts."""
    return Column(key, header, show, is_number=True, gives_way=gives_way, continues=continues)


def path(key: str, header: str) -> Column:
    """A column of names whose end says more than their beginning."""
    return Column(key, header, least=19, is_path=True)


NETWORK_ITSELF = message("(network)")
"""What stands for the empty path: ops that the network's own ``forward`` runs."""

OTHER_LAYERS, NO_LAYER, GAPS = message("(other layers)"), message("(no layer)"), message("(gaps)")
"""What stands for the time that no single layer takes."""


def layer_shown(layer: str) -> str:
    """The path of a layer as it is; what stands for one, in the language that is spoken."""
    return say(layer) if layer in _NO_PATHS else layer


_NO_PATHS = (NETWORK_ITSELF, OTHER_LAYERS, NO_LAYER, GAPS)

LAYER = Column("layer", "Layer", layer_shown, least=19, is_path=True)
KIND = Column("kind", "Kind", retold)


def part_of_whole(key: str, header: str, *, gives_way: int = 0) -> Column:
    """A column of parts of a whole, which are shown in percent."""
    return msgspec.structs.replace(number(key, header, _percent, gives_way=gives_way), is_share=True)


def _percent(part: float) -> str:
    return f"{100 * part:.1f}"


SHARE = part_of_whole("macs_share", "MACs %", gives_way=2)
SHAPE = Column("output_shape", "Output", units.shape)


_WORDS = (str, say, retold, layer_shown)
"""How names and words are shown, by which rows can be sorted."""


def sort_rows(columns: Sequence[Column], rows: Iterable[Row], key: str | None) -> tuple[Row, ...]:
    """The rows by the values of one column, numbers from the largest, names by the alphabet; no key: as they are.

    Raises:
        UnknownNameError: No column of numbers or names has that key.
    """
    if key is None:
        return tuple(rows)
    keys = [column.key for column in columns if column.is_number or column.show in _WORDS]
    if key not in keys:
        raise UnknownNameError.of("column", key, keys, f"The columns are {', '.join(keys)}.")
    place = [column.key for column in columns].index(key)
    is_number = columns[place].is_number
    return tuple(sorted(rows, key=lambda row: row[place] or (0 if is_number else ""), reverse=is_number))
