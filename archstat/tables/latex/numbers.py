"""Columns of numbers → columns of siunitx, which stand at the decimal point, with their prefixes and units."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from archstat.tables.cells import NO_VALUE
from archstat.tables.latex.characters import tex, width_of

_NUMBER = re.compile(
    r"(?P<sign>[-−+]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?(?:\s(?P<unit>\S+))?", re.ASCII
)
_THIN = 0.1667


class Numbers(msgspec.Struct, frozen=True):
    """What the numbers of a column look like.

    Attributes:
        whole: The digits before the point.
        part: The digits behind it.
        is_signed: Whether a number has a sign.
        unit: The widest prefix or unit behind a number.
    """

    whole: int
    part: int
    is_signed: bool
    unit: str

    @property
    def column(self) -> str:
        """The type of the column."""
        unit = f"{{\\,{tex(self.unit)}}}" if self.unit else ""
        sign, signed = ("+", ",retain-explicit-plus") if self.is_signed else ("", "")
        return f"S[table-format={sign}{self.whole}.{self.part}{unit}{signed}]"

    @property
    def width(self) -> float:
        """How wide the column becomes, in units of the size of its letters."""
        number = f"{10**self.whole - 1:,}" + (f".{'9' * self.part}" if self.part else "")
        return width_of(f"{'−' * self.is_signed}{number}{self.unit}") + _THIN * bool(self.unit)


def numbers_in(cells: Iterable[str]) -> Numbers | None:
    """What the numbers of a column look like; ``None`` if it holds anything else, or no number."""
    found = [_NUMBER.fullmatch(cell) for cell in cells if cell not in ("", NO_VALUE)]
    matches = [match for match in found if match is not None]
    if not matches or len(matches) < len(found):
        return None
    return Numbers(
        whole=max(len(match["whole"].replace(",", "")) for match in matches),
        part=max(len(match["part"] or "") for match in matches),
        is_signed=any(match["sign"] for match in matches),
        unit=_widest(match["unit"] or "" for match in matches),
    )


def _widest(units: Iterable[str]) -> str:
    return max(units, key=width_of)


def set_number(cell: str) -> str:
    r"""A number as it stands in such a column: plain digits, so that they can be edited.

    >>> set_number("25.56 M"), set_number("−9,408"), set_number("–"), set_number("")
    ('25.56{\\,M}', '-9408', '{--}', '')
    """
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return f"{{{tex(cell)}}}" if cell else ""
    part = f".{match['part']}" if match["part"] else ""
    unit = f"{{\\,{tex(match['unit'])}}}" if match["unit"] else ""
    return f"{match['sign'].replace('−', '-')}{match['whole'].replace(',', '')}{part}{unit}"
