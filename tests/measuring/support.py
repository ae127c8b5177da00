"""A clock that tests wind, and work that takes the time it is told to."""

import itertools
from collections.abc import Callable, Iterable

import numpy as np


class FakeClock:
    """Time passes only when something is said to take time."""

    def __init__(self):
        self.ns = 0
        self.slept = []

    def now_ns(self):
        return self.ns

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds):
        self.ns += round(seconds * 1e9)


class FakeWork:
    """Each run takes the next of the given times; the last one for ever."""

    def __init__(self, clock, seconds: float | Iterable[float], log: list | None = None, name: str = ""):
        self.clock, self.log, self.name, self.runs = clock, log, name, 0
        self._times = iter(itertools.repeat(seconds) if isinstance(seconds, float) else seconds)
        self._last = 0.0

    def run(self):
        self.runs += 1
        if self.log is not None:
            self.log.append(self.name)
        self._last = next(self._times, self._last)
        if isinstance(self._last, BaseException):
            raise self._last
        self.clock.advance(self._last)

    def wait(self):
        pass


def correlated(
    seed: int, *, memory: float, width: float = 0.05, tail: float = 0.03, middle: float = 1e-2
) -> Callable[[], float]:
    """Times around a middle that remember the one before them, a few of them much longer: a busy computer."""
    random = np.random.default_rng(seed)
    state = random.standard_normal()

    def draw() -> float:
        nonlocal state
        state = memory * state + np.sqrt(1 - memory**2) * random.standard_normal()
        return middle * float(np.exp(width * state)) * (1.5 if random.random() < tail else 1.0)

    return draw
