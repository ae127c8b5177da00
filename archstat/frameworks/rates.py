"""How fast a training computes: the work of the steps between two readings, and the time that they took."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from archstat.frameworks.steps import StepCost


class Rate(NamedTuple):
    """The work of some steps, by the second.

    Attributes:
        flops_per_s: All floating-point operations that were run.
        model_flops_per_s: Operations that the model needs: two for each multiply-accumulate that is not recomputed.
    """

    flops_per_s: float = math.nan
    model_flops_per_s: float = math.nan


class Rates:
    """Adds steps up, with the time from one reading to the next, pauses left out.

    The first step is not timed: kernels are chosen and compiled in it, and memory is first allocated.
    """

    def __init__(self, wait: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin before the first step.

        Args:
            wait: Returns when the device has done all that was started.
            clock: Tells the seconds.
        """
        self._wait, self._clock = wait, clock
        self._seconds = 0.0
        self._since: float | None = None
        self._is_warm = False
        self._steps: list[StepCost | None] = []

    def add(self, step: StepCost | None) -> None:
        """Note that a step is done.

        Args:
            step: The cost of the step; ``None``: nobody knows.
        """
        if self._is_warm:
            self._steps.append(step)
            return
        self._is_warm = True
        self.resume()

    def pause(self) -> None:
        """Stop the clock, once the device has done what was started."""
        if self._since is not None:
            self._wait()
            self._seconds += self._clock() - self._since
            self._since = None

    def resume(self) -> None:
        """Let the clock run on, if the first step is done and it stands."""
        if self._is_warm and self._since is None:
            self._wait()
            self._since = self._clock()

    def read(self) -> Rate:
        """The rate since the last reading; not a number without steps, or with one of which nobody knows the cost."""
        was_running = self._since is not None
        self.pause()
        steps, seconds = self._steps, self._seconds
        self._steps, self._seconds = [], 0.0
        if was_running:
            self.resume()
        known = [step for step in steps if step is not None]
        if not known or len(known) < len(steps) or seconds <= 0:
            return Rate()
        return Rate(sum(step.flops for step in known) / seconds, sum(step.model_flops for step in known) / seconds)


def waiting_for(device: torch.device) -> Callable[[], None]:
    """What returns when that device has done all that was started; others than GPUs have at once."""
    if device.type != "cuda":
        return lambda: None
    return lambda: torch.cuda.synchronize(device)
