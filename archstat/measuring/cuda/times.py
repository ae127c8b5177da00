"""The times of one forward pass on a GPU besides its latency: waiting, a full queue, the GPU alone, a graph.

They differ, and are often taken for one another; ``docs/measuring.md`` tells them apart. None of them empties caches in
between: a network that runs again and again is what is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from archstat.measuring.cuda.device import QueueDevice
from archstat.measuring.cuda.passes import GpuPlan, repeated_s, span_times, trace_passes
from archstat.measuring.cuda.stall import Stall
from archstat.measuring.protocols import Clock, Repeatable
from archstat.measuring.reasons import CannotMeasure, attempt, reason_of
from archstat.measuring.statistics import median
from archstat.records import GpuTimes, Reason


def gpu_times(
    work: Repeatable, device: QueueDevice, clock: Clock, plan: GpuPlan | None = None
) -> tuple[GpuTimes, tuple[Reason, ...]]:
    """The times of a pass, each ``None`` if it could not be measured, and why.

    The graph comes last, since a capture that fails may leave something behind.
    """
    plan, reasons = plan or GpuPlan(), list[Reason]()

    def tried(what: str, measure: Callable[[], float]) -> float | None:
        found = attempt(what, measure)
        if isinstance(found, Reason):
            reasons.append(found)
            return None
        return found

    times = GpuTimes(
        synchronize_s=_synchronize_s(device, clock, plan),
        pipelined_s=tried("The time of passes in a row", partial(repeated_s, work.run, device, clock, plan.samples)),
        span_s=tried("The span of a pass", partial(_span_s, work, device, clock, plan)),
        busy_s=tried("The busy time of a pass", partial(_busy_s, work, device, plan)),
        graph_s=tried("A pass as a CUDA graph", partial(_graph_s, work, device, clock, plan)),
    )
    return times, tuple(dict.fromkeys(reasons))


def _synchronize_s(device: QueueDevice, clock: Clock, plan: GpuPlan) -> float:
    """What waiting for an idle device costs."""
    times = []
    for _ in range(max(plan.passes, 20)):
        device.synchronize()
        begin = clock.now_ns()
        device.synchronize()
        times.append(clock.now_ns() - begin)
    return median(times) / 1e9


def _span_s(work: Repeatable, device: QueueDevice, clock: Clock, plan: GpuPlan) -> float:
    """The time of a pass on the GPU, the queue being full.

    Raises:
        CannotMeasure: The host cannot stay ahead, or the events give impossible times.
    """
    return median(span_times(work.run, device, Stall(device, work.run, clock), plan))


def _busy_s(work: Repeatable, device: QueueDevice, plan: GpuPlan) -> float:
    """The time in which a kernel runs, by a trace; launches in between do not matter, so nothing is held up.

    Raises:
        CannotMeasure: There is no trace, or it cannot be believed.
    """
    return median([traced.busy_ns for traced in trace_passes(work.run, device, None, plan)]) / 1e9


def _graph_s(work: Repeatable, device: QueueDevice, clock: Clock, plan: GpuPlan) -> float:
    """A replay of the pass as a graph, by the host's clock over many of them.

    Raises:
        CannotMeasure: The pass cannot be captured or replayed; the reason names the class of the exception.
    """
    try:
        return repeated_s(device.capture(work.run).replay, device, clock, plan.samples)
    except CannotMeasure:
        raise
    except Exception as error:  # whatever a network or CUDA raises: the other times stand without this one
        raise CannotMeasure(reason_of("A pass as a CUDA graph", error, "GRAPH_FAILED")) from error
