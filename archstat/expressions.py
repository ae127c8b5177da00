"""Sums as a text prints them, worked out exactly: ``(5*5*1 + 1)*6`` is 156.

Numbers, the four operations, powers, parentheses and rounding brackets, as typed or as printed.
There are no names and no calls, so whatever stands in a file can only be a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

from archstat.errors import DataError, quoted
from archstat.units import parse

_SIGNS = str.maketrans("−–×·⋅÷", "--***/")
_POWERS = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9"}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3}){1,8}(?:\.\d+)?[kKMGBT]?|\d+(?:\.\d+)?(?:e\d+|[kKMGBT])?(?![\w.]))"
    r"|(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<sign>\*\*|[-+*/^()\[\]⌊⌋⌈⌉]))",
    re.ASCII,
)
_LARGEST_POWER = 64
_LONGEST = 50_000
"""Characters of a sum: the longest in print have some hundred."""

_LARGEST = 10**60


def evaluate(text: str) -> Fraction:
    """The value of a sum.

    >>> evaluate("(5*5*1 + 1)*6"), evaluate("28² × 256 · 3²"), evaluate("⌊(224 + 2·3 − 7)/2⌋ + 1")
    (Fraction(156, 1), Fraction(1806336, 1), Fraction(112, 1))

    Raises:
        DataError: The text is no such sum, divides by nothing, or leads to a number of more than 60 digits.
    """
    if len(text) > _LONGEST:
        raise DataError(f"{quoted(text)} cannot be worked out: it has more than {_LONGEST:,} characters.")
    try:
        return _Reader(text).whole()
    except (ValueError, ZeroDivisionError) as error:
        raise DataError(f"{quoted(text)} cannot be worked out: {error}.") from error
    except RecursionError as error:
        raise DataError(f"{quoted(text)} cannot be worked out: too many parentheses.") from error


def is_number(text: str) -> bool:
    """Whether a text is one number, with nothing to be worked out.

    >>> is_number("138M"), is_number("(-40)"), is_number("16 - 9"), is_number("28²"), is_number("")
    (True, True, False, False, False)
    """
    try:
        return sum(token[:1].isdigit() for token in _tokens(text)) == 1
    except ValueError:
        return False


class _Reader:
    """Reads from left to right; powers bind before signs, products before sums."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0

    def whole(self) -> Fraction:
        value = self._sum()
        if self._next():
            raise ValueError(f"{quoted(self._next())} is not expected there")
        return value

    def _sum(self) -> Fraction:
        value = self._product()
        while (sign := self._take("+", "-")) is not None:
            value = _bounded(value + self._product() if sign == "+" else value - self._product())
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while (sign := self._take("*", "/")) is not None:
            value = _bounded(value * self._signed() if sign == "*" else _quotient(value, self._signed()))
        return value

    def _signed(self) -> Fraction:
        return -self._signed() if self._take("-") else self._power()

    def _power(self) -> Fraction:
        value = self._atom()
        return _raised(value, self._signed()) if self._take("^") else value

    def _atom(self) -> Fraction:
        token = self._next()
        self._place += 1
        if token in _BRACKETS:
            closing, rounded = _BRACKETS[token]
            value = self._sum()
            if self._take(closing) is None:
                raise ValueError(f"{closing!r} is missing")
            return rounded(value)
        if not token[:1].isdigit():
            raise ValueError(f"{quoted(token)} is not expected there" if token else "it ends too early")
        return Fraction(parse(token).value)

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, *signs: str) -> str | None:
        token = self._next()
        if token not in signs:
            return None
        self._place += 1
        return token


_BRACKETS: dict[str, tuple[str, Callable[[Fraction], Fraction]]] = {
    "(": (")", Fraction),
    "[": ("]", Fraction),
    "⌊": ("⌋", lambda value: Fraction(math.floor(value))),
    "⌈": ("⌉", lambda value: Fraction(math.ceil(value))),
}


def _tokens(text: str) -> list[str]:
    """Numbers and signs; a raised number becomes ``^`` and the number."""
    text, place, tokens = text.translate(_SIGNS).rstrip(), 0, list[str]()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{quoted(text[place:].split()[0])} is no number, operator or parenthesis")
        if match["power"]:
            tokens += ["^", "".join(_POWERS[digit] for digit in match["power"])]
        else:
            tokens.append("^" if match["sign"] == "**" else match["number"] or match["sign"])
        place = match.end()
    return tokens


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > _LARGEST or value.denominator > _LARGEST:
        raise ValueError("its value is too large")
    return value


def _quotient(value: Fraction, divisor: Fraction) -> Fraction:
    if not divisor:
        raise ZeroDivisionError("it divides by zero")
    return value / divisor


def _raised(value: Fraction, power: Fraction) -> Fraction:
    if power.denominator != 1 or abs(power) > _LARGEST_POWER:
        raise ValueError(f"{power} is no power from -{_LARGEST_POWER} to {_LARGEST_POWER}")
    if not value and power < 0:
        raise ZeroDivisionError("it divides by zero")
    return _bounded(Fraction(value**power.numerator))
