"""Samples of a time → what may be said about it.

The interval of the median comes from the medians of consecutive batches: the sixth and the fifteenth of twenty, farther
apart where neighbours resemble each other. On a computer that does other things too they do, and intervals that take
samples for independent hold the truth far too seldom. Ranks, and not standard deviations, since one batch that was
disturbed for good would make any deviation as large as it is itself. (On ranks: Hoefler, Belli: Scientific Benchmarking
of Parallel Computing Systems, 2015. The widening is that of the error of a mean of correlated values.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from archstat.records import Interval

BATCHES = 20
FEWEST_FOR_P95 = 72
"""From so many samples on there is a two-sided 95 % interval of this percentile without assuming a distribution."""
FEWEST_FOR_P99 = 368
_OUTLIER = 14.826  # ten standard deviations of normally distributed samples, in median absolute deviations


def quantile(samples: Sequence[float], share: float) -> float:
    """The value below which that share of the samples lies, linearly in between.

    >>> quantile([1, 2, 3, 4], 0.5)
    2.5
    """
    return float(np.quantile(np.asarray(samples, dtype=float), share))


def median(samples: Sequence[float]) -> float:
    """The middle of the samples."""
    return quantile(samples, 0.5)


def interval_of_median(samples: Sequence[float], batches: int = BATCHES) -> tuple[Interval | None, float | None]:
    """The 95 % interval of the median, and the autocorrelation of neighbouring batches.

    Args:
        samples: In the order in which they were taken.
        batches: Into how many they are put together; with fewer samples the interval comes from order statistics,
            which need 6 at least and take the samples for independent.
    """
    if len(samples) < batches:
        return _from_order(samples), None
    size = len(samples) // batches
    kept = np.asarray(samples[len(samples) - size * batches :], dtype=float)  # the head is the least steady part
    medians = np.median(kept.reshape(batches, size), axis=1).tolist()
    lag1 = autocorrelation(medians)
    ranks = _from_order(medians)
    assert ranks is not None  # 20 medians are enough
    wider = math.sqrt((1 + lag1) / max(1 - lag1, 0.05)) if lag1 > 0 else 1.0
    return _around(median(samples), ranks, wider), lag1


def _around(middle: float, ranks: Interval, wider: float) -> Interval:
    """The interval with its ends so many times as far from the middle, which it holds; no time is below 0."""
    low, high = (max(wider * distance, 0.0) for distance in (middle - ranks.low, ranks.high - middle))
    return Interval(max(middle - low, 0.0), middle + high, "batch medians")


def interval_of_rounds(medians: Sequence[float], middle: float) -> Interval | None:
    """The 95 % interval of the median, from those of separate rounds; ``None`` of a single one.

    From six rounds on it comes from their ranks, below that from Student's t.

    Args:
        medians: Of each round.
        middle: The median of all samples, which the interval holds.
    """
    found = _from_order(medians) or interval_of_mean(medians, "")
    if found is None:
        return None
    return Interval(max(min(found.low, middle), 0.0), max(found.high, middle), "round medians")


def _from_order(samples: Sequence[float]) -> Interval | None:
    """The narrowest pair of ordered samples that holds the median with 95 %; ``None`` below 6 samples."""
    n = len(samples)
    outside, rank = 0.0, 0
    while rank < n // 2 and 2 * (outside + math.comb(n, rank) / 2**n) <= 0.05:
        outside += math.comb(n, rank) / 2**n
        rank += 1
    if rank == 0:
        return None
    ordered = sorted(samples)
    return Interval(ordered[rank - 1], ordered[n - rank], "order statistics")


def interval_of_mean(values: Sequence[float], method: str) -> Interval | None:
    """The 95 % interval of the mean of a few independent values; ``None`` of a single one."""
    if len(values) < 2:
        return None
    middle = float(np.mean(values))
    half = t_quantile(len(values) - 1) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Interval(middle - half, middle + half, method)


def autocorrelation(values: Sequence[float]) -> float:
    """How much a value resembles the one before it, from -1 to 1."""
    around = np.asarray(values, dtype=float) - np.mean(values)
    power = float(around @ around)
    return float(around[1:] @ around[:-1]) / power if power else 0.0


def outliers(samples: Sequence[float]) -> int:
    """How many samples lie far from the median."""
    distances = np.abs(np.asarray(samples, dtype=float) - median(samples))
    return int(np.sum(distances > _OUTLIER * np.median(distances))) if np.median(distances) else 0


def drift(samples: Sequence[float]) -> float:
    """The median of the second half over that of the first, less 1."""
    half = len(samples) // 2
    return median(samples[half:]) / median(samples[:half]) - 1 if half else 0.0


def spread(medians: Sequence[float]) -> float:
    """The largest less the smallest, over their median."""
    return (max(medians) - min(medians)) / median(medians)


@cache
def t_quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t.

    >>> round(t_quantile(1), 3), round(t_quantile(4), 3), round(t_quantile(19), 3)
    (12.706, 2.776, 2.093)
    """
    low, high = 0.0, 16.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 0.95 else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """The probability of lying between -t and t: the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, is_odd = math.cos(angle), freedom % 2
    term = cosine if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + is_odd, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + math.sin(angle) * total) if is_odd else math.sin(angle) * total
