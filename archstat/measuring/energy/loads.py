"""Work that is repeated while something else looks at it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from archstat.measuring.energy.windows import Slope
from archstat.measuring.protocols import Clock, Repeatable

Background = Callable[[Callable[[], None], float], contextlib.AbstractContextManager[None]]
"""Calls something again and again, with so many seconds in between, until it is left."""

_CHUNK_NS = 50_000_000  # of work between two looks at the clock: the GPU's queue is empty for 20 µs of it


class Load:
    """Work whose energy is measured.

    Attributes:
        work: What is repeated.
        batch_size: Inputs in one run of it.
        mode: ``"pipelined"``: the queue of the device kept full; ``"latency"``: each run waited for.
        name: For messages.
    """

    def __init__(
        self,
        work: Repeatable,
        batch_size: int = 1,
        mode: Literal["pipelined", "latency"] = "pipelined",
        name: str = "network",
    ) -> None:
        """Work that is ready."""
        self.work, self.batch_size, self.mode, self.name = work, batch_size, mode, name

    def ready(self) -> contextlib.AbstractContextManager[Repeatable]:
        """The work, for the time of one trial."""
        return contextlib.nullcontext(self.work)


class Repeater:
    """Repeats work, and logs how many runs of it were done when."""

    def __init__(self, work: Repeatable, mode: str, clock: Clock) -> None:
        """Begin to count."""
        self._work, self._waits, self._clock = work, mode == "latency", clock
        self._times_ns, self._runs = [clock.now_ns()], [0]
        self._at_once = 1

    @property
    def now_ns(self) -> int:
        """When the last of them was done."""
        return self._times_ns[-1]

    def run(self) -> None:
        """Some runs: as many as take 50 ms, which is found out on the way."""
        for _ in range(self._at_once):
            self._work.run()
            if self._waits:
                self._work.wait()
        self._work.wait()
        self._times_ns.append(self._clock.now_ns())
        self._runs.append(self._runs[-1] + self._at_once)
        # Doubled below half of the aim, so that a chunk never takes much longer than that.
        if self._times_ns[-1] - self._times_ns[-2] < _CHUNK_NS / 2:
            self._at_once *= 2

    def per_second(self, slope: Slope) -> float:
        """Runs in a second over the time of a slope, in between by interpolation."""
        done = np.interp([slope.first.time_ns, slope.last.time_ns], self._times_ns, self._runs)
        return float(done[1] - done[0]) / slope.window_s

    def run_s(self) -> float:
        """The time of one run so far."""
        return (self._times_ns[-1] - self._times_ns[0]) / 1e9 / self._runs[-1]


@contextlib.contextmanager
def in_thread(step: Callable[[], None], period_s: float) -> Iterator[None]:
    """Call something again and again in another thread, which runs while this one waits for the device."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(period_s):
            step()

    with ThreadPoolExecutor(1) as pool:
        steps = pool.submit(repeat)
        try:
            yield
        finally:
            stop.set()
            steps.result()  # what went wrong there
