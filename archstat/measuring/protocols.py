"""The seams that tests fill: a clock, and whatever work is waited for."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and lets it pass."""

    def now_ns(self) -> int:
        """Nanoseconds since some moment; never less than before."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class HostClock:
    """The computer's own clock, the finest that Python has: steps of about 100 ns."""

    def now_ns(self) -> int:
        """Nanoseconds since some moment."""
        return time.perf_counter_ns()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


class Repeatable(Protocol):
    """Something that can be run again and again, such as a forward pass."""

    def run(self) -> None:
        """Start the work; on a GPU it need not be done when this returns."""
        ...

    def wait(self) -> None:
        """Return when all that was started is done."""
        ...


def seconds_of(work: Repeatable, clock: Clock, runs: int = 1) -> float:
    """The seconds of some runs, each waited for."""
    start = clock.now_ns()
    for _ in range(runs):
        work.run()
        work.wait()
    return (clock.now_ns() - start) / 1e9


class Progress(Protocol):
    """Told how far a measurement is."""

    def __call__(self, part: str, share: float) -> None:
        """What is being done, and how much of it is, from 0 to 1."""
        ...


def silent(part: str, share: float) -> None:
    """Progress that nobody follows."""
