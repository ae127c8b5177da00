"""What fits onto the page: the size of the letters, which columns, and how wide each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from archstat.tables.columns import Column
from archstat.tables.latex.characters import tex, width_of
from archstat.tables.latex.numbers import Numbers, numbers_in

PAGE_PT = 360.0
"""The width of the text of an A4 page in ``article`` at 11 pt; over two columns there is more."""

COLUMN_PT = 220.0
"""The width of one of two columns."""

PAGE_HEIGHT_PT = 570.0
"""How high a table may be with its caption and notes; the text of such a page has 592 pt."""


class LetterSize(msgspec.Struct, frozen=True):
    """A size of letters.

    Attributes:
        command: What chooses it.
        em_pt: What the widths of characters are multiples of; small letters are relatively wide.
        gap_pt: The space between two columns.
        line_pt: The distance of two lines.
    """

    command: str
    em_pt: float
    gap_pt: float
    line_pt: float


SMALL = LetterSize("\\small", 10.0, 10.0, 12.0)
FOOTNOTE = LetterSize("\\footnotesize", 9.26, 7.0, 11.0)
SCRIPT = LetterSize("\\scriptsize", 8.5, 6.0, 9.5)

_SHAPE = re.compile("[0-9×]*|–")
_WRITTEN_EM, _WRITTEN_LEAST_EM = 7.5, 5.0
"""Room for a number by hand behind that of its cell, and where the page is narrow."""
_LEAST_MOST = 17
_LEAST_EM = 3.5
"""Room for any one character, also for one that stands as its number."""


class Field(msgspec.Struct, frozen=True):
    """A column as it could be set.

    Attributes:
        header: What stands over the cells.
        text_em: The width of the widest cell, set as text.
        numbers: What the numbers look like; ``None``: the cells are text.
        least: How many characters of a text must stand on a line.
        gives_way: See :class:`archstat.tables.columns.Column`.
        is_right: Whether the cells are set to the right.
        is_rigid: Whether the cells are on one line whatever happens.
        written_em: The smallest width in which people can write into the cells; 0: nobody does.
    """

    header: str
    text_em: float
    numbers: Numbers | None
    least: int
    gives_way: int
    is_right: bool
    is_rigid: bool
    written_em: float = 0.0

    @classmethod
    def of(cls, column: Column, cells: Iterable[str]) -> Field:
        """The column of these cells, as people read them."""
        different = set(cells)
        numbers = numbers_in(different) if column.is_number else None
        is_rigid = column.is_number or all(map(_SHAPE.fullmatch, different))
        widest = max(map(width_of, different), default=0.0)
        written = max(widest, _WRITTEN_LEAST_EM) if column.is_written else 0.0
        wide = max(widest, _WRITTEN_EM * column.is_written)
        return cls(column.header, wide, numbers, column.least, column.gives_way, column.is_number, is_rigid, written)

    @property
    def body_em(self) -> float:
        """The width of the widest cell."""
        return self.numbers.width if self.numbers is not None else self.text_em

    @property
    def natural_em(self) -> float:
        """The width without a broken cell."""
        return max(self.body_em, _widest(header_lines(self.header, self.body_em)))

    def least_em(self, *, is_last_resort: bool = False) -> float:
        """The smallest width."""
        if self.written_em:
            return min(self.natural_em, max(self.written_em, _widest(header_lines(self.header, 0.0))))
        if self.is_rigid:
            return self.natural_em
        asked = _LEAST_EM if is_last_resort else max(_LEAST_EM, 0.5 * min(self.least, _LEAST_MOST))
        return min(self.natural_em, max(asked, _widest(header_lines(self.header, 0.0))))


def header_lines(header: str, room_em: float) -> list[str]:
    """A header on as few lines as fit above the cells, three at most; else on those that are narrowest.

    >>> header_lines("Activation memory", 4.0), header_lines("MACs", 1.0)
    (['Activation', 'memory'], ['MACs'])
    """
    ways = sorted(_ways(header.split(), 3), key=len)
    return next((way for way in ways if _widest(way) <= room_em), min(ways, key=_widest))


def _ways(words: Sequence[str], lines: int) -> Iterator[list[str]]:
    """All ways to put words on lines."""
    yield [" ".join(words)]
    for at in range(1, len(words) if lines > 1 else 0):
        yield from ([" ".join(words[:at]), *rest] for rest in _ways(words[at:], lines - 1))


def _widest(lines: Sequence[str]) -> float:
    return max(map(width_of, lines))


# -- the page ----------------------------------------------------------------------------------------------------------


class Fit(msgspec.Struct, frozen=True):
    """How a table is set.

    Attributes:
        size: The size of its letters.
        fields: The columns that it has, by place.
        widths: The width of each in points.
        broken: The columns in which lines are broken.
    """

    size: LetterSize
    fields: Mapping[int, Field]
    widths: Mapping[int, float]
    broken: frozenset[int]

    @property
    def width_pt(self) -> float:
        """The width of the table."""
        return sum(self.widths.values()) + self.size.gap_pt * (len(self.widths) - 1)

    def room_em(self, place: int) -> float:
        """The width of a column in units of the size of its letters."""
        return self.widths[place] / self.size.em_pt


def fitted_to(fields: Mapping[int, Field], room_pt: float = PAGE_PT) -> Fit:
    """The columns that fit, the important ones before others, in the largest letters; numbers are never cut.

    Args:
        fields: The columns, by place.
        room_pt: The width of the page.
    """
    first = min(fields)
    kept = {place: field for place, field in fields.items() if not field.gives_way or place == first}
    found = _loosely(kept, room_pt)
    if found is None:
        return _last_resort(kept, room_pt)
    for rank in sorted({field.gives_way for field in fields.values()} - {0}):
        more = {place: fields[place] for place in fields if place in kept or fields[place].gives_way == rank}
        wider = _loosely(more, room_pt) if rank == 1 else _aligned(more, room_pt)
        if wider is not None:
            kept, found = more, wider
    return found


def _aligned(fields: Mapping[int, Field], room_pt: float) -> Fit | None:
    """A fit in which numbers stand at the decimal point."""
    for size, breaks in ((SMALL, False), (FOOTNOTE, False), (FOOTNOTE, True)):
        least = {place: (field.least_em() if breaks else field.natural_em) for place, field in fields.items()}
        found = _narrowed(fields, size, least, room_pt)
        if found is not None:
            return found
    return None


def _loosely(fields: Mapping[int, Field], room_pt: float) -> Fit | None:
    """A fit in which they are set to the right, if there is no other."""
    loose = {place: msgspec.structs.replace(field, numbers=None) for place, field in fields.items()}
    least = {place: field.least_em() for place, field in loose.items()}
    return _aligned(fields, room_pt) or _narrowed(loose, FOOTNOTE, least, room_pt)


def _last_resort(fields: Mapping[int, Field], room_pt: float) -> Fit:
    """Where no column may give way any more: smaller letters, very narrow texts, and then columns from the right."""
    kept = {place: msgspec.structs.replace(field, numbers=None) for place, field in fields.items()}
    while True:
        least = {place: field.least_em(is_last_resort=True) for place, field in kept.items()}
        found = _narrowed(kept, SCRIPT, least, room_pt)
        if found is not None or len(kept) == 1:
            return found or Fit(SCRIPT, kept, dict.fromkeys(kept, room_pt), frozenset(kept))
        del kept[max(kept)]


def _narrowed(fields: Mapping[int, Field], size: LetterSize, least: Mapping[int, float], room_pt: float) -> Fit | None:
    """The widest columns are made as narrow as the next ones, until all of them fit."""
    room = room_pt - size.gap_pt * (len(fields) - 1)
    natural = {place: field.natural_em * size.em_pt for place, field in fields.items()}
    floor = {place: em * size.em_pt for place, em in least.items()}
    if sum(floor.values()) > room:
        return None
    widths = _lowered(natural, floor, room)
    return Fit(size, fields, widths, frozenset(place for place in fields if widths[place] < natural[place]))


def _lowered(natural: Mapping[int, float], floor: Mapping[int, float], room: float) -> dict[int, float]:
    """Each column as wide as it is by itself, or as the common most, or as its least."""
    low, high = 0.0, max(natural.values())
    while high - low > 0.25:
        most = (low + high) / 2
        if sum(_between(natural, floor, most).values()) > room:
            high = most
        else:
            low = most
    widths = _between(natural, floor, high)
    return widths if sum(widths.values()) <= room else _between(natural, floor, low)


def _between(natural: Mapping[int, float], floor: Mapping[int, float], most: float) -> dict[int, float]:
    return {place: max(min(width, most), floor[place]) for place, width in natural.items()}


# -- lines -------------------------------------------------------------------------------------------------------------

_BREAK = "\\allowbreak{}"
_JOINTS = (
    re.compile(r"(?<=[./→,;])(?=[^\s\d])|(?<=\D\.)(?=\d)|(?<=[/→])(?=\d)"),
    re.compile(r"(?<=[_:=×·+\-−|])(?=[^\s\d])|(?<=[_|×])(?=\d)|(?<=[a-z])(?=[A-Z])"),
    re.compile(r"(?<=.)(?=.)"),
)
"""Where a word is broken: at these places of a name if that is enough, else at those, else anywhere."""


def breakable(text: str, room_em: float) -> str:
    r"""A text in TeX that fits between margins: breaks where names have joints, and anywhere only where it must be.

    >>> breakable("a short line", 20), breakable("features.conv2d", 5)
    ('a short line', 'features.\\allowbreak{}conv2d')
    """
    return " ".join(_word(word, room_em) for word in text.split(" "))


def _word(word: str, room_em: float) -> str:
    lines = [""]
    for part in _parts(word, room_em, _JOINTS):
        if width_of(lines[-1] + part) <= room_em:
            lines[-1] += part
        else:
            lines.append(part)
    return _BREAK.join(map(tex, filter(None, lines)))


def _parts(word: str, room_em: float, joints: Sequence[re.Pattern[str]]) -> list[str]:
    """A word in parts that are narrow enough."""
    if width_of(word) <= room_em or not joints:
        return [word]
    return [part for piece in joints[0].split(word) for part in _parts(piece, room_em, joints[1:])]


def lines_of(text: str, room_em: float) -> int:
    """How many lines a text takes, or one more."""
    return max(1, int(width_of(text) * 1.15 / max(room_em, 0.1)) + 1) if width_of(text) > room_em else 1
