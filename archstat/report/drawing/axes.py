"""Axes of amounts: from zero where they are of one size, logarithmic where they are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archstat import units
from archstat.report.drawing import theme

SPAN = 10
"""From this ratio of the largest to the smallest on, an axis is logarithmic."""


def amounts(values: Sequence[float], title: str, unit: str = "", *, room: float = 0.1) -> dict[str, Any]:
    """An axis over amounts above 0, with prefixes at its ticks: those of SI, and powers of two for bytes.

    Args:
        values: What is drawn along it.
        title: The title of the axis.
        unit: What stands behind the prefix at each tick: ``"s"``; ``"B"`` are bytes.
        room: How much of the axis stays free at either end.
    """
    low, high = theme.within(min(values)), theme.within(max(values))
    if high < SPAN * low:
        return _from_zero(high / (1 - room), title, unit)
    if unit != "B":
        return theme.logarithmic(low, high, title, unit=unit, room=room / (1 - 2 * room))
    axis = theme.logarithmic(low, high, title, room=room / (1 - 2 * room))
    powers = range(math.floor(math.log2(low)) - 2, math.ceil(math.log2(high)) + 3)
    return {
        **axis,
        "tickvals": [2.0**power for power in powers],
        "ticktext": [units.round_size(2.0**power) for power in powers],
    }


def is_logarithmic(axis: Mapping[str, Any]) -> bool:
    """Whether an axis is logarithmic."""
    return axis.get("type") == "log"


def place(axis: Mapping[str, Any], value: float) -> float:
    """Where a value is on an axis, in the units of its range."""
    return math.log10(value) if is_logarithmic(axis) else value


def _from_zero(end: float, title: str, unit: str) -> dict[str, Any]:
    step = _step(end, unit)
    ticks = [number * step for number in range(math.floor(end / step) + 1)]
    show: Callable[[float], str] = units.round_size if unit == "B" else lambda value: units.round_amount(value, unit)
    return theme.axis(title, range=[0, end], tickmode="array", tickvals=ticks, ticktext=[show(tick) for tick in ticks])


def _step(end: float, unit: str) -> float:
    """A round step that gives five to ten ticks, for bytes a power of two."""
    if unit == "B":
        return float(2.0 ** math.floor(math.log2(end / 4)))
    power = 10.0 ** math.floor(math.log10(end / 4))
    return max(step * power for step in (1, 2, 5) if step * power <= end / 4)


def thinned(axis: Mapping[str, Any], most: int) -> dict[str, Any]:
    """An axis with at most so many ticks in sight; on a logarithmic one powers of ten stay longest."""
    first, last = axis["range"]
    pairs = zip(axis["tickvals"], axis["ticktext"], strict=True)
    seen = [pair for pair in pairs if (not pair[0] and not first) or first <= place(axis, pair[0]) <= last]
    ones = [pair for pair in seen if is_logarithmic(axis) and math.log10(pair[0]) % 1 == 0]
    if len(seen) > most and len(ones) > 1:
        seen = ones
    kept = seen[:: math.ceil(len(seen) / most)]
    return {**axis, "tickvals": [value for value, _ in kept], "ticktext": [text for _, text in kept]}
