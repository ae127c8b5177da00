"""Where the time of a forward pass goes on a GPU, layer by layer: by its kernels, else by events, else each alone.

Hooks with the host's clock say nothing of a GPU, which works through its queue long after a module has returned.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from archstat.measuring.cuda import kernels
from archstat.measuring.cuda.device import QueueDevice
from archstat.measuring.cuda.events import time_by_events
from archstat.measuring.cuda.kernels import TracedPass
from archstat.measuring.cuda.passes import GpuPlan, latencies, span_times, trace_passes
from archstat.measuring.cuda.replay import time_isolated
from archstat.measuring.cuda.stall import Stall
from archstat.measuring.hooks.calls import CallHooks, ModuleCall
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import Clock, HostClock
from archstat.measuring.reasons import CannotMeasure, attempt
from archstat.measuring.statistics import interval_of_median, median
from archstat.records import LayerTime, LayerTimes, Reason

if TYPE_CHECKING:
    from typing_extensions import Self

KERNEL_RESOLUTION_S = 0.5e-6
"""What a trace resolves of a kernel. (NVIDIA/nvbench issue 184.)"""


def time_layers_on_gpu(
    prepared: Prepared, device: QueueDevice, clock: Clock | None = None, plan: GpuPlan | None = None
) -> LayerTimes:
    """The time of each run of each module, by the first of three methods that works.

    Kernels that are traced and attributed; events around modules in a stream that is held up; each leaf repeated alone.
    The rows of one result never come from two of them. The network runs eagerly, also where it is measured compiled.

    Args:
        prepared: The network.
        device: The device that the network is on.
        clock: The host's.
        plan: How many passes.

    Returns:
        With ``method``, and among the reasons why the methods before it were rejected.

    Raises:
        CannotMeasure: None of the three methods works.
    """
    whole = _Whole(prepared, device, clock or HostClock(), plan or GpuPlan())
    rejected: list[Reason] = list(whole.reasons)
    methods = {"kernels": _by_kernels, "events": _by_events, "replays of single layers": _isolated}
    for name, method in methods.items():
        times = attempt(f"The time of layers by {name}", partial(method, whole))
        if isinstance(times, LayerTimes):
            return msgspec.structs.replace(times, reasons=tuple(dict.fromkeys((*rejected, *times.reasons))))
        rejected.append(times)
    raise CannotMeasure(Reason(rejected[-1].code, " ".join(dict.fromkeys(reason.text for reason in rejected))))


class _Whole:
    """Passes that nothing is measured in.

    Attributes:
        prepared: The network.
        device: The device that the network is on.
        clock: The host's.
        plan: How many passes.
        reasons: Why the time of a pass has the host's launches in it, if it has.
        is_span: Whether the time is that on the GPU alone, the queue being full.
    """

    def __init__(self, prepared: Prepared, device: QueueDevice, clock: Clock, plan: GpuPlan) -> None:
        self.prepared, self.device, self.clock, self.plan = prepared, device, clock, plan
        self.reasons: tuple[Reason, ...] = ()
        stall = Stall(device, prepared.run_eagerly, clock)
        self._measure: Callable[[], list[float]] = lambda: span_times(prepared.run_eagerly, device, stall, plan)
        times = attempt("The span of a pass", self._measure)
        if isinstance(times, Reason):
            self.reasons = (times,)
            self._measure = lambda: latencies(prepared.run_eagerly, device, clock, plan)
            times = self._measure()
        self._times = times
        self.is_span = not self.reasons

    def again(self) -> None:
        """Time more passes, after a measurement, so that this lies in between."""
        self._times += self._measure()

    @property
    def seconds(self) -> float:
        """The median of their times so far."""
        return median(self._times)


def _by_events(whole: _Whole) -> LayerTimes:
    return time_by_events(whole.prepared, whole.device, whole.clock, whole.plan, whole.seconds)


def _isolated(whole: _Whole) -> LayerTimes:
    return time_isolated(whole.prepared, whole.device, whole.clock, whole.plan, whole.seconds)


def _by_kernels(whole: _Whole) -> LayerTimes:
    with _AnnotatedPasses(whole) as annotated:
        traced, reasons = annotated.trace()
        calls = list(annotated.hooks.calls)
        annotated.hooks.check()
    if whole.is_span:
        kernels.check_span(_median_s([one.busy_ns for one in traced]), whole.seconds)
    whole.again()
    return LayerTimes(
        "kernels",
        _rows(calls, traced),
        whole.seconds,
        _median_s([one.span_ns for one in traced]),
        len(traced),
        unowned_s=_median_s([one.unowned_ns for one in traced]),
        gap_s=_median_s([one.gap_ns for one in traced]),
        overlap_s=_median_s([one.total_ns - one.busy_ns for one in traced]),
        resolution_s=KERNEL_RESOLUTION_S,
        reasons=tuple(reasons),
    )


class _AnnotatedPasses:
    """Passes in which every run of a module is annotated."""

    def __init__(self, whole: _Whole) -> None:
        self._whole = whole
        self._annotations: list[contextlib.AbstractContextManager[object]] = []
        self.hooks = CallHooks(whole.prepared.model, self._enter, self._leave)

    def __enter__(self) -> Self:
        self.hooks.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.hooks.__exit__()

    def trace(self) -> tuple[tuple[TracedPass, ...], list[Reason]]:
        """The kernels of the passes, and why the gaps between them have the host's launches in them, if they have."""
        whole = self._whole
        if whole.is_span:
            try:
                stall = Stall(whole.device, self._run, whole.clock)
                return trace_passes(self._run, whole.device, stall, whole.plan, self._count), []
            except CannotMeasure as error:
                if error.reason.code not in {"QUEUE_RAN_DRY", "MODEL_SYNCS"}:
                    raise
                # The kernels take as long without the stall; only the gaps between them are then the host's too.
                return trace_passes(self._run, whole.device, None, whole.plan, self._count), [error.reason]
        return trace_passes(self._run, whole.device, None, whole.plan, self._count), []

    def _run(self) -> None:
        self.hooks.start_pass()
        self._whole.prepared.run_eagerly()

    def _count(self) -> int:
        return len(self.hooks.calls)

    def _enter(self, number: int) -> None:
        annotation = self._whole.device.annotate(f"{kernels.CALL}{number}")
        annotation.__enter__()
        self._annotations.append(annotation)

    def _leave(self, _number: int) -> None:
        self._annotations.pop().__exit__(None, None, None)


def _rows(calls: Sequence[ModuleCall], traced: Sequence[TracedPass]) -> tuple[LayerTime, ...]:
    """A row for each run of a module; one without kernels is known to take none of the GPU's time."""
    owned = [one.owned_ns for one in traced]
    rows = []
    for number, call in enumerate(calls):
        times = [one.get(number, 0) / 1e9 for one in owned]
        time_s, count = median(times), traced[0].count_of(number)
        row = LayerTime(
            call.layer,
            call.kind,
            call.call,
            call.is_leaf,
            time_s,
            interval_of_median(times)[0] if count else None,
            time_s,
            is_resolved=not count or time_s >= KERNEL_RESOLUTION_S,
            kernels=count,
            kernel_names=traced[0].names_of(number),
        )
        rows.append(row)
    return tuple(rows)


def _median_s(times_ns: Sequence[int]) -> float:
    return median(times_ns) / 1e9
