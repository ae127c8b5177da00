"""Ways to time passes on a GPU: many in a row, one by one, by events behind a stall, by a trace."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from archstat.measuring.cuda import kernels
from archstat.measuring.cuda.device import Event, QueueDevice
from archstat.measuring.cuda.stall import Stall
from archstat.measuring.protocols import Clock
from archstat.measuring.reasons import CannotMeasure
from archstat.measuring.statistics import median
from archstat.records import Reason

SHORTEST_S = 20e-3
"""What is timed by the host's clock lasts at least so long: the wait at its end, about 10 us, is then no part of it."""
DISCARDED = 3
"""Passes at the head of a trace that are thrown away: their records are lost or spoilt at times."""
_MOST_CALLS = 100_000


class GpuPlan(msgspec.Struct, frozen=True):
    """How a GPU is to be timed.

    Attributes:
        passes: Passes that a span or a layer is measured in; with fewer than 20 the interval of a layer is coarser.
        samples: Samples of what the host's clock times.
        is_confidential: The GPU computes confidentially: the times of its events are not to be relied on.
    """

    passes: int = 20
    samples: int = 5
    is_confidential: bool = False


def repeated_s(start: Callable[[], object], device: QueueDevice, clock: Clock, samples: int) -> float:
    """The time of one of many calls in a row, none of which is waited for before the last.

    As many calls as take 20 ms make a sample; the result is the median of the samples.

    Raises:
        CannotMeasure: The calls take no time.
    """
    calls = 1
    while (seconds := calls_s(start, calls, device, clock)) < SHORTEST_S:
        if calls >= _MOST_CALLS:
            raise CannotMeasure(Reason("BELOW_RESOLUTION", f"{calls:,} calls took {seconds:.3g} s."))
        # At most eleven times as many: a first sample that was too short says little of how many are missing.
        missing = SHORTEST_S / max(seconds, SHORTEST_S / 10)
        calls = min(_MOST_CALLS, math.ceil(calls * max(1.2, 1.1 * missing)))
    return median([calls_s(start, calls, device, clock) / calls for _ in range(samples)])


def calls_s(start: Callable[[], object], calls: int, device: QueueDevice, clock: Clock) -> float:
    """The time of so many calls by the host's clock, from an idle device until it is idle again."""
    device.synchronize()
    begin = clock.now_ns()
    for _ in range(calls):
        start()
    device.synchronize()
    return (clock.now_ns() - begin) / 1e9


def latencies(start: Callable[[], object], device: QueueDevice, clock: Clock, plan: GpuPlan) -> list[float]:
    """The times of single passes by the host's clock, each waited for."""
    return [calls_s(start, 1, device, clock) for _ in range(plan.passes)]


def span_times(start: Callable[[], object], device: QueueDevice, stall: Stall, plan: GpuPlan) -> list[float]:
    """The times of passes on the GPU, by events before and after, the queue being full all the while.

    An event costs the GPU some time too, a few microseconds, which is in there.

    Raises:
        CannotMeasure: The host cannot stay ahead, or the events give impossible times.
    """
    refuse_confidential(plan)
    times = []
    for _ in range(plan.passes):
        first, last = stall.behind(lambda: _between(device, start))
        device.synchronize()
        times.append(first.seconds_until(last))
    return believed(times)


def _between(device: QueueDevice, start: Callable[[], object]) -> tuple[Event, Event]:
    first, last = device.event(), device.event()
    first.record()
    start()
    last.record()
    return first, last


def believed(times: Sequence[float]) -> list[float]:
    """The times of events, if all of them are possible.

    Raises:
        CannotMeasure: One is not; then none is to be trusted.
    """
    wrong = next((seconds for seconds in times if not 0 < seconds < math.inf), None)
    if wrong is not None:
        text = f"CUDA events gave an impossible time ({wrong:.3g} s): none of their times is used."
        raise CannotMeasure(Reason("EVENT_TIME_INVALID", text))
    return list(times)


def refuse_confidential(plan: GpuPlan) -> None:
    """Events are not timed under confidential computing.

    Raises:
        CannotMeasure: Confidential computing is on.
    """
    if plan.is_confidential:
        text = "Confidential computing is on, where CUDA events give wrong times: only the host's clock is used."
        raise CannotMeasure(Reason("CC_ENABLED", text))


def trace_passes(
    start: Callable[[], object],
    device: QueueDevice,
    stall: Stall | None,
    plan: GpuPlan,
    calls: Callable[[], int] = lambda: 0,
) -> tuple[kernels.TracedPass, ...]:
    """The kernels of passes in one session of the profiler, the first few passes left out.

    Args:
        start: One pass; it annotates the runs of its modules.
        device: Where.
        stall: Hold the queue up before each pass, so that the gaps are the GPU's own; ``None``: do not.
        plan: How many passes.
        calls: How many runs of modules a pass annotates, asked afterwards.

    Raises:
        CannotMeasure: There is no trace, it cannot be believed, or the host cannot stay ahead.
    """
    done: list[int] = []
    begun = 0

    def one_pass() -> int:
        nonlocal begun
        number, begun = begun, begun + 1
        with device.annotate(f"{kernels.PASS}{number}"):
            start()
        return number

    def all_passes() -> None:
        for _ in range(DISCARDED + plan.passes):
            done.append(one_pass() if stall is None else stall.behind(one_pass))
            device.synchronize()

    records = device.trace(all_passes)
    return kernels.traced_passes(records, done[DISCARDED:], calls(), device.index)
