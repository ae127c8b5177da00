"""Polynomials with rational coefficients, computed exactly.

``coefficients[k]`` belongs to the ``k``-th power; the last one is not 0, and the polynomial 0 has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

Coefficients = tuple[Fraction, ...]
Node = tuple[int, int]
"""A number and the value at it."""


def value(coefficients: Sequence[Fraction], x: int) -> Fraction:
    """What a polynomial comes to.

    >>> value((Fraction(1), Fraction(0), Fraction(3)), 10)
    Fraction(301, 1)
    """
    total = Fraction(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def interpolated(places: Sequence[Node]) -> Coefficients:
    """The polynomial of the least degree through some places, no two of the same number, by divided differences.

    >>> interpolated([(1, 1), (2, 4), (3, 9)]) == (0, 0, 1)
    True
    """
    numbers = [x for x, _ in places]
    differences = [Fraction(y) for _, y in places]
    for order in range(1, len(places)):
        for k in range(len(places) - 1, order - 1, -1):
            differences[k] = (differences[k] - differences[k - 1]) / (numbers[k] - numbers[k - order])
    coefficients: list[Fraction] = []
    for x, difference in zip(reversed(numbers), reversed(differences), strict=True):
        coefficients = _times_x_minus(coefficients, x, difference)
    return _trimmed(coefficients)


def _times_x_minus(coefficients: list[Fraction], root: int, constant: Fraction) -> list[Fraction]:
    """The product and the sum ``p · (x - root) + constant``."""
    shifted, scaled = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
    product = [a - root * b for a, b in zip(shifted, scaled, strict=True)]
    return [product[0] + constant, *product[1:]]


def _trimmed(coefficients: Iterable[Fraction]) -> Coefficients:
    trimmed = list(coefficients)
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return tuple(trimmed)


def minus(a: Sequence[Fraction], b: Sequence[Fraction]) -> Coefficients:
    """The difference ``a - b`` of two polynomials."""
    length = max(len(a), len(b))
    a, b = ([*each, *[Fraction(0)] * (length - len(each))] for each in (a, b))
    return _trimmed(x - y for x, y in zip(a, b, strict=True))


def fitted(places: Sequence[Node], *, degree_max: int, spare: int) -> Coefficients | None:
    """The polynomial of the least degree that goes through all places, ``None`` if there is none.

    It is fitted on the first ``degree + 1`` places; at least ``spare`` others must be left to confirm it.
    """
    for degree in range(min(degree_max, len(places) - spare - 1) + 1):
        coefficients = interpolated(places[: degree + 1])
        if all(value(coefficients, x) == y for x, y in places[degree + 1 :]):
            return coefficients
    return None


def positive_from(coefficients: Sequence[Fraction], start: int, step: int = 1) -> int | None:
    """The first of ``start, start + step, …`` from which on a polynomial is positive at all of them.

    ``None`` if it never is for good.

    >>> positive_from((Fraction(0), Fraction(-6), Fraction(1)), 1)
    7
    """
    if not coefficients or coefficients[-1] <= 0:
        return None
    turns = _composed(coefficients, start, step)
    low, high = -1, 0
    while not _rises_from(turns, high):
        low, high = high, 2 * high + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _rises_from(turns, middle) else (middle, high)
    while high > 0 and value(turns, high - 1) > 0:  # it may fall before it rises, and stay above 0
        high -= 1
    return start + step * high


def _composed(coefficients: Sequence[Fraction], start: int, step: int) -> Coefficients:
    """``p(start + step · k)`` as a polynomial of ``k``."""
    found = [Fraction(0)] * len(coefficients)
    for power, coefficient in enumerate(coefficients):
        for k in range(power + 1):
            found[k] += coefficient * math.comb(power, k) * step**k * start ** (power - k)
    return tuple(found)


def _rises_from(coefficients: Sequence[Fraction], start: int) -> bool:
    """Whether the value and all derivatives are on the positive side from there on: then they stay so."""
    shifted = _composed(coefficients, start, 1)
    return shifted[0] > 0 and all(coefficient >= 0 for coefficient in shifted)
