"""What a text states, how a value relates to that, and the value as the text would print it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

import msgspec

from archstat import units
from archstat.claims.verdicts import ClaimVerdict
from archstat.errors import DataError, quoted
from archstat.language import recorded
from archstat.records import Shape

Number = int | Fraction
Result = Number | Shape

_RELATION = re.compile(r"(?P<relation><=|>=|==|<|>|≤|≥)?\s*(?P<said>.*)", re.DOTALL)
_MARKED = re.compile(r"(?P<number>.*?)\s*(?P<mark>%|[x×])?", re.DOTALL)
_SIZE = re.compile(r"\d{1,18}", re.ASCII)
_SHAPE = re.compile(r"\d{1,18}(?:\s*[x×*]\s*\d{1,18}){1,31}", re.ASCII)
_RELATIONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "≤": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "≥": lambda a, b: a >= b,
}
PLAIN = ("", "MAC", "FLOP")
"""The units of counts, which nothing is printed of."""


class Statement(msgspec.Struct, frozen=True):
    """A number as it is stated.

    Attributes:
        relation: ``"<="`` and the like, or ``""``.
        printed: The number.
        mark: ``"%"`` after a share, ``"x"`` after a factor, or ``""``.
    """

    relation: str
    printed: units.Printed
    mark: str = ""


def statement(stated: str, unit: str) -> Statement:
    """What a text says of a number in that unit.

    Raises:
        DataError: The text is no such number.
    """
    match = _RELATION.fullmatch(stated.strip())
    relation, said = match["relation"] or "", match["said"]  # type: ignore[index]  # any text is one
    if unit == "B":
        return Statement(relation, units.parse_size(said))
    if unit not in PLAIN:
        return Statement(relation, units.parse_amount(said, unit))
    number, mark = _MARKED.fullmatch(said).groups()  # type: ignore[union-attr]  # any text is one
    return Statement(relation, units.parse(number), mark or "")


def verdict_on(stated: str, value: Result, unit: str = "") -> ClaimVerdict:
    """How a value relates to what was stated.

    >>> [verdict_on(text, 138_357_544) for text in ("138M", "138,357,544", "139M", "<=140M", "> 1 billion")]
    ['rounds', 'exact', 'does not hold', 'holds', 'does not hold']
    >>> verdict_on("28x28x6", (6, 28, 28)), verdict_on("45%", Fraction(22, 49))
    ('exact', 'rounds')
    >>> verdict_on("8.55x", Fraction(4866, 569))
    'rounds'
    >>> verdict_on("20.9 ms", Fraction("0.020949544"), "s"), verdict_on("6.67 %", Fraction("6.67"), "%")
    ('rounds', 'exact')

    Raises:
        DataError: What was stated is no number, or no shape or unit where one is needed.
    """
    if isinstance(value, tuple):
        return "exact" if value in _orders(stated) else "does not hold"
    said = statement(stated, unit)
    value = Fraction(value) * (100 if said.mark == "%" else 1)
    if said.relation in _RELATIONS:
        return "holds" if _RELATIONS[said.relation](value, Fraction(said.printed.value)) else "does not hold"
    verdict = said.printed.verdict(value)
    return "does not hold" if verdict == "differs" else verdict  # type: ignore[return-value]  # the others are some


def _orders(stated: str) -> list[Shape]:
    """A stated shape with its maps last, as texts have it, and first, as tensors do; 1x1x4096 is also a flat 4096."""
    if _SIZE.fullmatch(stated.strip()):
        return [(int(stated),), (int(stated), int(stated))]
    if not _SHAPE.fullmatch(stated.strip()):
        raise DataError(f"{quoted(stated)} is no shape: write it like '28x28x6'.")
    sizes = tuple(int(size) for size in re.findall(r"\d+", stated))
    flat = [sizes[-1:]] if set(sizes[:-1]) == {1} else []
    return [sizes, (sizes[-1], *sizes[:-1]), *flat]


def deviation(stated: str, value: Result, unit: str) -> str:
    """How far off a stated number is."""
    if isinstance(value, tuple):
        return ""
    said = statement(stated, unit)
    if said.relation in _RELATIONS or said.mark:
        return ""
    off = Fraction(said.printed.value) - Fraction(value)
    share = f", {100 * abs(_near(off / value)):.3g} %" if value else ""
    amount = f"{shown_value(abs(off), stated, unit)}{share}"
    more = recorded("stated more by {amount}", amount=amount)
    return more if off > 0 else recorded("stated less by {amount}", amount=amount)


def _near(value: Number) -> float:
    """A number that is shown in a few digits; one that is beyond all floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def shown_value(value: Result, stated: str, unit: str) -> str:
    """A value as people read it, in the unit of what was stated; nothing stated: in the one that suits it."""
    if isinstance(value, tuple):
        return units.shape(value)
    if unit not in (*PLAIN, "B"):
        return statement(stated, unit).printed.likewise(Fraction(value)) if stated else units.amount(_near(value), unit)
    mark = "" if unit == "B" else stated.strip()[-1:]
    if mark == "%":
        return f"{100 * _near(value):.4g}%"
    if mark in ("x", "×"):
        return f"{_near(value):.4g}×"
    if Fraction(value).denominator != 1:
        return f"{_near(value):.4g}"
    text = units.exact(int(value))
    return f"{text} B ({units.data_size(int(value))})" if unit == "B" else text


_LAST_WORD = re.compile(r"\s*([A-Za-z]+)\s*\Z")
_LEAST_SHOWN = Fraction(1, 1000)


def in_unit_of(stated: str, value: Number, unit: str) -> str:
    """A value in the very unit of a limit, so that the two can be set beside each other.

    >>> in_unit_of("<= 4.1G", 120_000_000, "MAC"), in_unit_of("< 12 MiB", 2**19, "B"), in_unit_of("7", 1_234, "")
    ('0.12G', '0.5 MiB', '1,234')
    """
    word = _LAST_WORD.search(stated)
    if word is None or unit not in (*PLAIN, "B"):
        return shown_value(value, "" if unit in (*PLAIN, "B") else stated, unit)
    one = statement(f"1{word[1]}", unit).printed.value
    shown = Fraction(value) / Fraction(one)
    if shown < _LEAST_SHOWN:
        return shown_value(value, "", unit)
    return f"{_near(shown):,.4g}{word[0]}" if shown < _TEN_THOUSAND else f"{_near(shown):,.0f}{word[0]}"


_TEN_THOUSAND = 10_000
