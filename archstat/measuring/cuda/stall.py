"""Holding a GPU's queue up until the host has filled it, so that the GPU is timed and not the host's launches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from archstat.measuring.cuda.device import Event, QueueDevice
from archstat.measuring.protocols import Clock
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason

DOUBLINGS = 5
"""So often a stall that ended too early is made twice as long."""
_CYCLES_PER_S = 3e9  # no GPU's clock is faster, so a stall lasts as long as asked for, or longer
_MARGIN = 2.0  # over the host's time for one pass, which varies
_SHORTEST_S = 1e-3
_LONGEST_S = 0.5  # at a third of that clock 1.5 s; systems with a display end a kernel after two

_Answer = TypeVar("_Answer")


class Stall:
    """Keeps the device busy with nothing while the host enqueues work.

    Attributes:
        cycles: How long, in steps of the device's clock.
    """

    def __init__(self, device: QueueDevice, work: Callable[[], object], clock: Clock) -> None:
        """As long as the host takes to enqueue that work, and then some."""
        self._device = device
        self._longest = round(_LONGEST_S * _CYCLES_PER_S)
        seconds = max(_SHORTEST_S, _MARGIN * enqueue_s(device, work, clock))
        self.cycles = min(self._longest, math.ceil(seconds * _CYCLES_PER_S))

    def begin(self) -> Event:
        """Put a stall into an empty queue; the event is reached when it is over."""
        self._device.synchronize()
        self._device.sleep(self.cycles)
        over = self._device.event()
        over.record()
        return over

    def lengthen(self) -> bool:
        """Make it twice as long; false if it is as long as can be."""
        if self.cycles >= self._longest:
            return False
        self.cycles = min(2 * self.cycles, self._longest)
        return True

    def behind(self, enqueue: Callable[[], _Answer]) -> _Answer:
        """What ``enqueue`` returned of a pass during all of which the device was held up; none of it need be done yet.

        Raises:
            CannotMeasure: No stall outlasts the work.
        """
        for _ in range(DOUBLINGS + 1):
            over = self.begin()
            answer = enqueue()
            # Not over yet: so all of it was enqueued before the device began with it.
            if not over.query():
                return answer
            if not self.lengthen():
                break
        self._device.synchronize()
        raise self.failure(enqueue)

    def failure(self, work: Callable[[], object]) -> CannotMeasure:
        """Why the host could not stay ahead."""
        if self._device.waits_inside(work):
            text = "The network waits for the GPU within its forward pass, so its launches are in the times of the GPU."
            return CannotMeasure(Reason("MODEL_SYNCS", text))
        text = (
            f"The host did not stay ahead of the GPU, held up for {self.cycles / _CYCLES_PER_S:.3g} s or more: "
            "too many launches for the queue, or too slow a host."
        )
        return CannotMeasure(Reason("QUEUE_RAN_DRY", text))


def enqueue_s(device: QueueDevice, work: Callable[[], object], clock: Clock) -> float:
    """How long the host takes to start that work, from an idle device; the longest of three times."""
    times = []
    for _ in range(3):
        device.synchronize()
        begin = clock.now_ns()
        work()
        times.append(clock.now_ns() - begin)
    device.synchronize()
    return max(times) / 1e9
