"""How closely two quantities of several networks go together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from archstat.language import say

LEAST = 3
"""Two points lie on a line always: no correlation is told of fewer than these."""


class Correlation(msgspec.Struct, frozen=True):
    """How closely two quantities go together.

    Attributes:
        n: Of how many points.
        pearson: Pearson's r of their logarithms: 1 if one is a power of the other.
        spearman: Spearman's rank correlation: 1 if one grows wherever the other does.
    """

    n: int
    pearson: float
    spearman: float


def correlation(first: Sequence[float], second: Sequence[float]) -> Correlation | None:
    """How closely positive quantities go together; ``None`` of fewer than three, or if one does not vary.

    Source: Spearman, The proof and measurement of association between two things (1904); equal values share the mean
    of their ranks.
    """
    if len(first) < LEAST or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    logarithms = [[math.log(value) for value in values] for values in (first, second)]
    return Correlation(
        len(first),
        statistics.correlation(*logarithms),
        statistics.correlation(_ranks(first), _ranks(second)),
    )


def _ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value; equal ones share the mean of theirs."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def correlation_text(found: Correlation | None, n: int) -> str:
    """A sentence on a correlation, or on why none is told.

    >>> correlation_text(Correlation(4, 0.912, 1.0), 4)
    'Pearson r of the logarithms 0.91, Spearman rank correlation 1.00, n = 4.'
    """
    if found is not None:
        return say(
            "Pearson r of the logarithms {pearson:.2f}, Spearman rank correlation {spearman:.2f}, n = {n}.",
            pearson=found.pearson,
            spearman=found.spearman,
            n=found.n,
        )
    if n < LEAST:
        return say("No correlation is told: n = {n}, fewer than {least}.", n=n, least=LEAST)
    return say("No correlation is told: one of the two does not vary.")
