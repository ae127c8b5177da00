"""The time of each module on a GPU by events around its runs, where there is no trace of kernels.

Behind a stall all work is enqueued before any of it begins, so two events that follow one another are as far apart as
the GPU needed for what was put between them. An event stands before and after every run of a module; the stretch from
one to the next belongs to the module that is innermost there. Two events with nothing in between are some microseconds
apart as well: that is measured, and taken off each stretch.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from archstat.measuring.cuda.device import Event, QueueDevice
from archstat.measuring.cuda.passes import GpuPlan, believed, refuse_confidential
from archstat.measuring.cuda.stall import DOUBLINGS, Stall
from archstat.measuring.hooks.calls import CallHooks, ModuleCall
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import Clock
from archstat.measuring.reasons import CannotMeasure
from archstat.measuring.statistics import interval_of_median, median
from archstat.records import LayerTime, LayerTimes, Reason

PAIRS = 128
"""Pairs of events with nothing in between whose median is taken off."""
RESOLVED = 10
"""A row of fewer such pairs cannot be told from the cost of measuring."""
MOST_SEGMENTS = 64
"""Into so many parts at most a pass is cut whose launches do not fit into the queue at once."""


def time_by_events(
    prepared: Prepared, device: QueueDevice, clock: Clock, plan: GpuPlan, whole_s: float, reasons: Sequence[Reason] = ()
) -> LayerTimes:
    """The time of each run of each module by events in a stream that is held up.

    The rows include what the GPU idles between ops. Work on other streams than that of the caller is not timed, so it
    is refused.

    Args:
        prepared: The network.
        device: The device that the network is on.
        clock: The host's.
        plan: How many passes.
        whole_s: The time of a pass that nothing was measured in.
        reasons: What is known already.

    Raises:
        CannotMeasure: The host cannot stay ahead, the events give impossible times, or there are several streams.
    """
    refuse_confidential(plan)
    passes = _EventPasses(prepared, device, clock)
    pair_s = empty_pair_s(device, passes.stall)
    samples = passes.measure(plan.passes)
    rows = tuple(
        _row(call, [one[number] for one in samples], passes.stretches[number], pair_s)
        for number, call in enumerate(passes.calls)
    )
    return LayerTimes(
        "events",
        rows,
        whole_s,
        median([sum(one) for one in samples]),
        plan.passes,
        overhead_s=pair_s,
        resolution_s=RESOLVED * pair_s,
        reasons=tuple(reasons),
    )


def empty_pair_s(device: QueueDevice, stall: Stall) -> float:
    """From one event to the next with nothing in between.

    Raises:
        CannotMeasure: The host cannot stay ahead, or the times are impossible.
    """

    def record() -> list[Event]:
        events = [device.event() for _ in range(PAIRS + 1)]
        for event in events:
            event.record()
        return events

    events = stall.behind(record)
    device.synchronize()
    return median(believed([a.seconds_until(b) for a, b in itertools.pairwise(events)]))


def _row(call: ModuleCall, raw: Sequence[float], stretches: int, pair_s: float) -> LayerTime:
    times = [seconds - stretches * pair_s for seconds in raw]
    time_s = max(0.0, median(times))
    return LayerTime(
        call.layer,
        call.kind,
        call.call,
        call.is_leaf,
        time_s,
        interval_of_median(times)[0],
        median(raw),
        is_resolved=time_s >= RESOLVED * pair_s,
    )


class _Segment(msgspec.Struct, frozen=True):
    """The marks of a pass between which one stall lasts; a mark is the beginning or the end of a run of a module."""

    first: int
    last: int


class _EventPasses:
    """Passes with an event at every mark of one segment.

    Attributes:
        calls: The runs of modules of a pass.
        stretches: How many stretches between marks each of them has.
        hooks: The hooks that tell of the marks.
        stall: What holds the queue up.
    """

    def __init__(self, prepared: Prepared, device: QueueDevice, clock: Clock) -> None:
        self._prepared, self._device = prepared, device
        self.hooks = CallHooks(prepared.model, lambda _: self._mark(), lambda _: self._mark(is_end=True))
        self._owners: list[int] = []
        self._segment = _Segment(-1, -1)
        self._events: list[Event] = []
        self._over: Event | None = None
        self._is_dry = self._strays = False
        self._stream = device.stream()
        self.stall = Stall(device, self._run, clock)
        self.calls, self._expected = list(self.hooks.calls), list(self._owners)
        # After the last mark comes nothing that is timed.
        counts = Counter(self._expected[:-1])
        self.stretches = [counts[number] for number in range(len(self.calls))]
        self.hooks.check()

    def measure(self, passes: int) -> list[list[float]]:
        """The time of each run of a module, by pass.

        Raises:
            CannotMeasure: No segments are short enough for the queue, or the times are impossible.
        """
        segments, cycles = 1, self.stall.cycles
        while isinstance(times := self._times_or_dry(passes, segments), CannotMeasure):
            if segments >= min(MOST_SEGMENTS, len(self._expected) - 1):
                raise times
            segments *= 2
            self.stall.cycles = cycles  # a full queue is no reason for long stalls
        return times

    def _times_or_dry(self, passes: int, segments: int) -> list[list[float]] | CannotMeasure:
        """The time of each run of a module, by pass, in so many segments; or the failure, if shorter ones may help."""
        try:
            return [self._pass(self._cut(segments)) for _ in range(passes)]
        except CannotMeasure as error:
            if error.reason.code != "QUEUE_RAN_DRY":
                raise
            return error

    def _cut(self, segments: int) -> list[_Segment]:
        """The pass in about so many parts; each begins at the mark where the one before ends."""
        last = len(self._expected) - 1
        step = math.ceil(last / segments)
        return [_Segment(first, min(first + step, last)) for first in range(0, last, step)]

    def _pass(self, segments: Sequence[_Segment]) -> list[float]:
        times = [0.0] * len(self.calls)
        for segment in segments:
            events = self._events_of(segment)
            stretches = believed([a.seconds_until(b) for a, b in itertools.pairwise(events)])
            for owner, seconds in zip(self._expected[segment.first : segment.last], stretches, strict=True):
                times[owner] += seconds
        return times

    def _events_of(self, segment: _Segment) -> list[Event]:
        """The events of a segment, come to, during which the queue never ran dry."""
        self._segment = segment
        for _ in range(DOUBLINGS + 1):
            self._run()
            self._device.synchronize()
            self._check()
            if not self._is_dry:
                return self._events
            if not self.stall.lengthen():
                break
        self._segment = _Segment(-1, -1)
        raise self.stall.failure(self._run)

    def _check(self) -> None:
        if self._strays:
            text = "The network works on several streams, and events in one of them do not tell of the others."
            raise CannotMeasure(Reason("EVENT_TIME_INVALID", text))
        if self._owners != self._expected:
            raise CannotMeasure(Reason("PATH_VARIES", "Not the same modules run in every pass."))

    def _run(self) -> None:
        """Run one pass with the hooks that record events."""
        self._owners, self._events, self._over, self._is_dry = [], [], None, False
        with self.hooks:
            self.hooks.start_pass()
            self._prepared.run_eagerly()

    def _mark(self, *, is_end: bool = False) -> None:
        """One mark: note whose the time after it is, and in the segment, record an event."""
        place = len(self._owners)
        self._owners.append(self.hooks.owner_after(is_end=is_end))
        if not self._segment.first <= place <= self._segment.last:
            return
        if self._device.stream() != self._stream:
            self._strays = True  # raised later: torch would silence it where the network raises, too
        if place == self._segment.first:
            self._over = self.stall.begin()
        event = self._device.event()
        event.record()
        self._events.append(event)
        if place == self._segment.last and self._over is not None:
            # Asked last: if the stall is over by now, the device may have waited for the host somewhere in the segment.
            self._is_dry = self._over.query()
