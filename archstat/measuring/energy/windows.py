"""The steps of a meter → power.

A counter stands still and then jumps. Its difference over a time that begins and ends anywhere lags behind, on average
by half a step of the change in power: that is 8 % in 0.5 s if it steps every 100 ms. The slope from one step to another
does not. (Yang, Adámek, Armour: Part-time Power Measurements, SC 2024, on what such sensors do.)
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

from archstat.measuring.metering import Meter, MeterError, Power, Reading, State, throttled_between
from archstat.measuring.statistics import interval_of_mean
from archstat.records import IdlePower

_STEADY = 0.02  # two stretches whose power differs by less are taken for steady
_STATE_EVERY_S = 0.5  # clocks and temperature change slowly, and asking for them takes time
_PIECES = 5  # into which the idle window is cut to see how much its power varies
_NOT_THROTTLED = {"idle", "application_clocks", "display_clocks", "sync_boost"}  # clocks that somebody chose


class MeterStep(NamedTuple):
    """A jump of the counter.

    Attributes:
        time_ns: When the counter was first seen to have jumped.
        joules: What the counter said then.
        late_ns: The most by which that is later than the jump.
    """

    time_ns: int
    joules: float
    late_ns: int


class Slope(NamedTuple):
    """Energy over time, from one step to another."""

    first: MeterStep
    last: MeterStep
    steps: int

    @property
    def window_s(self) -> float:
        """From the first step to the last."""
        return (self.last.time_ns - self.first.time_ns) / 1e9

    @property
    def power_w(self) -> float:
        """The mean power between the two steps."""
        return (self.last.joules - self.first.joules) / self.window_s

    def doubt(self, step_s: float) -> float:
        """Twice the relative standard error that comes from not knowing when the two steps happened.

        A step is seen late by anything from nothing to the gap between two looks, or to a step of the counter if that
        is shorter: uniformly, so that its variance is a twelfth of the square.
        """
        late_s = [min(step.late_ns / 1e9, step_s) for step in (self.first, self.last)]
        return 2 * math.hypot(*late_s) / math.sqrt(12) / self.window_s


class MeterRecording:
    """What a meter said while something ran.

    Attributes:
        steps: The jumps of the counter.
        powers: What the meter said of momentary power.
        states: Clocks and temperature, every half second.
    """

    def __init__(self, meter: Meter) -> None:
        """Begin a record that holds no step yet."""
        meter.restart()
        self.steps: list[MeterStep] = []
        self.powers: list[Power] = []
        self.states: list[State] = []
        self._meter = meter
        self._last: Reading | None = None
        self._error: MeterError | None = None

    def look(self) -> None:
        """Look at the meter; it may be another thread that does, so that an error is kept for :meth:`check`."""
        if self._error is not None:
            return
        try:
            self._look()
        except MeterError as error:
            self._error = error

    def _look(self) -> None:
        reading = self._meter.read()
        # The first reading is no step: nobody saw when the counter came to it.
        if self._last is not None and reading.joules != self._last.joules:
            self.steps.append(MeterStep(reading.time_ns, reading.joules, reading.time_ns - self._last.time_ns))
        self._last = reading
        if (power := self._meter.power()) is not None:
            self.powers.append(power)
        if not self.states or reading.time_ns - self.states[-1].time_ns >= _STATE_EVERY_S * 1e9:
            self.states.append(self._meter.state())

    def check(self) -> None:
        """Say what went wrong.

        Raises:
            MeterError: The counter cannot be trusted any more.
        """
        if self._error is not None:
            raise self._error

    def slope(self, since_ns: float, until_ns: float) -> Slope | None:
        """The slope from the first step to the last in that time; ``None`` with fewer than two."""
        first = bisect_left(self.steps, since_ns, key=_time)
        last = bisect_right(self.steps, until_ns, key=_time) - 1
        return Slope(self.steps[first], self.steps[last], last - first) if last > first else None

    def step_s(self) -> float:
        """The time between two steps.

        Raises:
            MeterError: There are no two.
        """
        if len(self.steps) < 2:
            raise stuck()
        return median((b.time_ns - a.time_ns) / 1e9 for a, b in itertools.pairwise(self.steps))

    def is_steady(self, now_ns: int, span_s: float) -> bool:
        """The power of the last seconds is that of the seconds before."""
        late = self.slope(now_ns - span_s * 1e9, now_ns)
        early = self.slope(now_ns - 2 * span_s * 1e9, now_ns - span_s * 1e9)
        if late is None or early is None or early.power_w <= 0:
            return False
        # Slopes of less than half the span say nothing about it: the recording has only begun.
        if min(late.window_s, early.window_s) < span_s / 2:
            return False
        return abs(late.power_w / early.power_w - 1) < _STEADY

    def instant_w(self, slope: Slope) -> float | None:
        """The mean of the momentary power over the same time, by the trapezoidal rule; ``None`` without a sensor."""
        within = _within(self.powers, slope)
        if len(within) < 2:
            return None
        area = sum((a.watts + b.watts) / 2 * (b.time_ns - a.time_ns) for a, b in itertools.pairwise(within))
        return area / (within[-1].time_ns - within[0].time_ns)

    def states_in(self, slope: Slope) -> list[State]:
        """The states within a window."""
        return [state for state in self.states if slope.first.time_ns <= state.time_ns <= slope.last.time_ns]

    def idle_power(self, since_ns: int, until_ns: int, step_s: float) -> IdlePower:
        """The power of a window in which nothing ran, and how much it varied.

        Raises:
            MeterError: The counter did not step.
        """
        whole = self.slope(since_ns, until_ns)
        if whole is None:
            raise stuck()
        length = (until_ns - since_ns) / _PIECES
        edges = [since_ns + length * i for i in range(_PIECES)]
        pieces = [piece for edge in edges if (piece := self.slope(edge, edge + length)) is not None]
        interval = interval_of_mean([piece.power_w for piece in pieces], "trials")
        doubt = whole.power_w * whole.doubt(step_s)
        return IdlePower(whole.power_w, whole.window_s, max(doubt, interval.half_width if interval else 0.0))


def _time(step: MeterStep) -> int:
    return step.time_ns


def _within(powers: Sequence[Power], slope: Slope) -> list[Power]:
    return [power for power in powers if slope.first.time_ns <= power.time_ns <= slope.last.time_ns]


def throttled_shares(states: Sequence[State]) -> dict[str, float]:
    """The share of the time of reduced clocks for each cause.

    By the difference of the counters from the first state to the last; where there are none, by the share of the states
    that told of it, which misses what is short.
    """
    if len(states) < 2:
        return {}
    elapsed_s = (states[-1].time_ns - states[0].time_ns) / 1e9
    spent_s = throttled_between(states[0], states[-1])
    if spent_s is not None:
        return {cause: seconds / elapsed_s for cause, seconds in spent_s.items()}
    seen = {reason for state in states for reason in state.clock_reasons} - _NOT_THROTTLED
    return {reason: fmean(reason in state.clock_reasons for state in states) for reason in sorted(seen)}


def stuck() -> MeterError:
    """The counter stands still."""
    return MeterError("ENERGY_STUCK", "Energy counter does not advance (virtual GPU?). Energy not measured.")
