"""What cannot be in a saved measurement or cost: a file that was tampered with, or cut, is noticed before use."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

from archstat.errors import quoted, shortened
from archstat.records import Latency, LayerTimes, Measurement, ModelCost

_POSITIVE = frozenset(
    "n block rounds passes batch_size min_s median_s whole_s measured_s pipelined_s span_s graph_s window_s "
    "passes_per_s flops_per_s bytes_per_s".split()
)
"""What is never 0 where it is known, wherever it stands."""

LARGEST_NUMBER = 10**30
"""What nothing is that archstat counts or measures, in base units; arithmetic holds out far beyond it."""

_DIFFERENCES = frozenset(["overhead_s", "kept_bytes"])
"""What can be negative: a difference of two times is noisy, and a layer may let go of what it was given."""


def faults(measurement: Measurement) -> Iterator[str]:
    """Why the numbers of a measurement cannot be."""
    yield from _impossible(measurement)
    if measurement.latency is not None:
        yield from _faults_of_latency(measurement.latency)
    if measurement.layers is not None:
        yield from _faults_of_layers(measurement.layers)


def faults_of_cost(cost: ModelCost) -> Iterator[str]:
    """Why the numbers of a saved cost cannot be: they are counts, of what can be built."""
    for place, number in _numbers(msgspec.to_builtins(cost), ""):
        if not 0 <= number < LARGEST_NUMBER:
            yield f"{place} is {_told(number)}, which no network has"


def _impossible(record: Any) -> Iterator[str]:
    """Numbers of a record that no clock and no count gives."""
    for place, number in _numbers(msgspec.to_builtins(record), ""):
        name = place.rpartition(".")[2].partition("[")[0]
        if not -LARGEST_NUMBER < number < LARGEST_NUMBER:
            yield f"{place} is {_told(number)}"
            continue
        if name in _POSITIVE and number <= 0:
            yield f"{place} is {number:g}, and must be more than 0"
        is_amount = name.endswith(("_s", "_bytes")) or place.startswith(("counted.", "input_shapes["))
        if is_amount and number < 0 and name not in _DIFFERENCES:
            yield f"{place} is {number:g}, and cannot be negative"


def _told(number: float) -> str:
    """A number that may be too large for a float, briefly."""
    return shortened(str(number), 30)


def _numbers(value: Any, place: str) -> Iterator[tuple[str, float]]:
    """Every number of a record, and where it stands: ``latency.median_s``."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, f"{place}.{name}" if place else name)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{place}[{index}]")
    elif isinstance(value, int | float):
        yield place, value


def _faults_of_latency(latency: Latency) -> Iterator[str]:
    ordered = ("min_s", "p25_s", "median_s", "p75_s", "max_s")
    for less, more in itertools.pairwise(ordered):
        if getattr(latency, less) > getattr(latency, more):
            yield f"latency.{less} is {getattr(latency, less):g}, more than {more}, {getattr(latency, more):g}"
    if latency.samples_s and len(latency.samples_s) != latency.n:
        yield f"latency.n is {latency.n:,}, and there are {len(latency.samples_s):,} samples"
    if len(latency.round_medians_s) != latency.rounds:
        yield f"latency.rounds is {latency.rounds}, and there are {len(latency.round_medians_s)} round medians"
    if latency.interval is not None and latency.interval.low > latency.interval.high:
        yield f"latency.interval ends at {latency.interval.high:g}, before it begins at {latency.interval.low:g}"


def _faults_of_layers(layers: LayerTimes) -> Iterator[str]:
    seen: set[tuple[str, int]] = set()
    for row in layers.rows:
        if (row.layer, row.call) in seen:
            yield f"run {row.call} of layer {quoted(row.layer)} is there twice"
        seen.add((row.layer, row.call))
