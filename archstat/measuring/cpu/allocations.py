"""What torch's profiler sees of a CPU's memory: every allocation with its time, replayed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile

from archstat.measuring.isolation import without_profiler_log
from archstat.tracing import torch_private

_PROBE_BYTES = 12_345
"""What is allocated first, and must be seen: a profiler that sees nothing would else make a peak of 0."""


class Change(NamedTuple):
    """Memory that was allocated, or freed if that is less than 0."""

    time_ns: int
    nbytes: int


def profiled(run: Callable[[], object]) -> list[Any]:
    """The events of a run by their start, those of memory included, in the profiler's own records."""
    with without_profiler_log(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    results = profiler.profiler.kineto_results
    return sorted(results.events(), key=lambda event: event.start_ns())


def allocations_of(events: list[Any]) -> list[Change]:
    """What of these events is memory."""
    return [Change(event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"]


def levels_of(memory: list[Change]) -> list[int]:
    """How much there is after each change, above what was there before the first.

    >>> levels_of([Change(0, 8), Change(1, 4), Change(2, -8)])
    [8, 12, 4]
    """
    return list(itertools.accumulate(change.nbytes for change in memory))


def peak_of(run: Callable[[], object]) -> int | None:
    """The most bytes that a run allocates at once; ``None`` if the profiler does not see allocations, or is in use."""
    if torch_private.is_profiling():  # a second session would end the user's own
        return None

    def probe_and_run() -> None:
        torch.empty(_PROBE_BYTES, dtype=torch.uint8)
        run()

    seen = allocations_of(profiled(probe_and_run))
    # Allocated and freed at once, as nobody holds it.
    if [change.nbytes for change in seen[:2]] != [_PROBE_BYTES, -_PROBE_BYTES]:
        return None
    return max(levels_of(seen[2:]), default=0)
