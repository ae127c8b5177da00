"""The time of whole forward passes, of several networks by turns.

Samples come in rounds, and the networks take turns round by round, in an order drawn anew each time, so that whatever
else the computer does meets all of them. After each round a network may stop; as the rounds grow with the time that has
passed, the interval is looked at seldom, which keeps it honest. Each network says what stopped it.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import random
from collections.abc import Sequence
from typing import Literal

import msgspec

from archstat import units
from archstat.language import recorded
from archstat.measuring import statistics
from archstat.measuring.isolation import without_collection
from archstat.measuring.protocols import Clock, Progress, Repeatable, seconds_of, silent
from archstat.records import Interval, Latency, Reason

KEPT_SAMPLES = 10_000
"""More samples than that are put down by their summary alone."""
SHORTEST_SAMPLE_S = 50e-6
"""500 steps of the clock: what is shorter is repeated within one sample."""
GROWTH = 0.25
"""A later round takes this share of the time that all rounds before it took."""
FEWEST_CALLS = 3
"""A warm-up has so many calls after the first one, however long they take."""
FALLING = 0.98
"""A warm-up goes on while the median of its last third is below this share of that of the middle third."""


class LatencyPlan(msgspec.Struct, frozen=True):
    """When to stop, and what to wait for.

    Attributes:
        target: The relative half-width of the interval at which a network stops.
        min_s: Samples take at least that long together.
        max_s: Samples take at most that long together, whatever was reached.
        fewest: No interval is believed below so many samples.
        rounds: No interval is believed below so many rounds.
        pause_s: How far rounds lie apart where there is nobody else to take turns with.
        warm_up_s: The shortest warm-up.
        longest_warm_up_s: The longest, whether times still fall or not.
        seed: What the order of the networks is drawn with.
    """

    target: float = 0.02
    min_s: float = 1.0
    max_s: float = 30.0
    fewest: int = 80
    rounds: int = 5
    pause_s: float = 0.2
    warm_up_s: float = 0.5
    longest_warm_up_s: float = 5.0
    seed: int = 0

    @property
    def longest_s(self) -> float:
        """The most time that one network takes, pauses included, besides its first call and one that is under way."""
        rounds = self.rounds + math.ceil(math.log(max(self.max_s / self.min_s, 1), 1 + GROWTH))
        return self.longest_warm_up_s + self.max_s + rounds * self.pause_s


def time_passes(
    works: Sequence[Repeatable], plan: LatencyPlan, clock: Clock, progress: Progress = silent
) -> list[Latency | Exception | None]:
    """The latency of each work; an interruption by the keyboard keeps what there is.

    Args:
        works: What to run; all of them are ready at once.
        plan: When to stop.
        clock: What tells the time.
        progress: Told the share of the longest time.

    Returns:
        For each work its latency; the exception that it raised; or ``None`` if it was interrupted before a sample.
    """
    series = [_Series(work, plan, clock) for work in works]
    with contextlib.suppress(KeyboardInterrupt), without_collection():
        for each in series:
            progress("warm-up", 0.0)
            each.warm_up()
        _take_turns([each for each in series if each.failure is None], plan, clock, progress)
    return [each.failure or each.latency() for each in series]


def _take_turns(series: Sequence[_Series], plan: LatencyPlan, clock: Clock, progress: Progress) -> None:
    """Round after round until all have stopped."""
    order = random.Random(plan.seed)  # noqa: S311 - an order, no secret
    for number in itertools.count():
        running = [each for each in series if each.stopped_by is None and each.failure is None]
        if not running:
            return
        if len(running) == 1 and number:
            clock.sleep(plan.pause_s)
        for each in order.sample(running, len(running)):
            each.take_round()
            # Nothing collects by itself here: what passes leave in circles goes now, between two samples.
            gc.collect()
            progress("latency", sum(min(s.elapsed_s / plan.max_s, 1) for s in series) / len(series))


class _Series:
    """The samples of one work."""

    def __init__(self, work: Repeatable, plan: LatencyPlan, clock: Clock) -> None:
        self._work, self._plan, self._clock = work, plan, clock
        self._rounds: list[list[float]] = []
        self._warm: list[float] = []
        self._first_s = 0.0
        self._block = 1
        self._is_warm = False
        self.elapsed_s = 0.0
        self.stopped_by: Literal["precision", "max_time"] | None = None
        self.failure: Exception | None = None

    def warm_up(self) -> None:
        """Run until the times no longer fall, or for the longest time; the first call is no part of that."""
        try:
            self._first_s = self._timed(1)
            passed = 0.0
            while not self._is_warm and (passed < self._plan.longest_warm_up_s or len(self._warm) < FEWEST_CALLS):
                self._warm.append(self._timed(1))
                passed += self._warm[-1]
                self._is_warm = passed >= self._plan.warm_up_s and _has_settled(self._warm)
        except Exception as error:  # noqa: BLE001 - the network's own code; whoever asked for the times says which
            self.failure = _without_frames(error)
            return
        # Of the last third, as the head is slow: a block that is made of it would be too short for the clock.
        last = statistics.median(self._warm[-(len(self._warm) // 3 or 1) :])
        self._block = max(1, math.ceil(SHORTEST_SAMPLE_S / max(last, 1e-9)))

    def take_round(self) -> None:
        """The samples of one round, and whether it was the last."""
        taken: list[float] = []
        self._rounds.append(taken)
        begun, total = self.elapsed_s, 0.0
        try:
            while not taken or not self._is_round_done(len(taken), total, begun):
                taken.append(self._timed(self._block) / self._block)
                total += taken[-1] * self._block
                self.elapsed_s = begun + total
        except Exception as error:  # noqa: BLE001 - likewise
            self.failure = _without_frames(error)
            return
        self._decide()

    def _timed(self, calls: int) -> float:
        return seconds_of(self._work, self._clock, calls)

    def _is_round_done(self, taken: int, total: float, begun: float) -> bool:
        plan = self._plan
        if len(self._rounds) > plan.rounds:
            return total >= GROWTH * begun or self.elapsed_s >= plan.max_s
        is_long = total >= plan.min_s / plan.rounds and taken * plan.rounds >= plan.fewest
        return is_long or total >= plan.max_s / plan.rounds

    def _decide(self) -> None:
        """Decide whether the interval of the median is narrow enough, or the time is up."""
        plan, taken = self._plan, self._samples()
        if len(self._rounds) >= plan.rounds and len(taken) >= plan.fewest and self.elapsed_s >= plan.min_s:
            interval = self._interval()[0]
            if interval is not None and interval.half_width <= plan.target * statistics.median(taken):
                self.stopped_by = "precision"
                return
        if self.elapsed_s >= plan.max_s:
            self.stopped_by = "max_time"

    def _samples(self) -> list[float]:
        return [sample for taken in self._rounds for sample in taken]

    def _medians(self) -> list[float]:
        return [statistics.median(taken) for taken in self._rounds if taken]

    def _interval(self) -> tuple[Interval | None, float | None]:
        """The wider one of what the samples within the rounds say, and what the rounds say."""
        taken = self._samples()
        within, lag1 = statistics.interval_of_median(taken)
        between = statistics.interval_of_rounds(self._medians(), statistics.median(taken))
        if within is None or between is None or between.half_width <= within.half_width:
            return within, lag1
        return between, lag1

    def latency(self) -> Latency | None:
        """All that the samples say; ``None`` if there are none."""
        taken, medians = self._samples(), self._medians()
        if not taken:
            return None
        interval, lag1 = self._interval()
        return Latency(
            n=len(taken),
            block=self._block,
            rounds=len(medians),
            min_s=min(taken),
            p25_s=statistics.quantile(taken, 0.25),
            median_s=statistics.median(taken),
            p75_s=statistics.quantile(taken, 0.75),
            mean_s=math.fsum(taken) / len(taken),
            max_s=max(taken),
            p95_s=statistics.quantile(taken, 0.95) if len(taken) >= statistics.FEWEST_FOR_P95 else None,
            p99_s=statistics.quantile(taken, 0.99) if len(taken) >= statistics.FEWEST_FOR_P99 else None,
            interval=interval,
            lag1=lag1,
            drift=statistics.drift(taken),
            outliers=statistics.outliers(taken),
            round_medians_s=tuple(medians),
            round_spread=statistics.spread(medians),
            first_call_s=self._first_s,
            warm_up_calls=1 + len(self._warm),
            warm_up_s=self._first_s + math.fsum(self._warm),
            is_warm=self._is_warm,
            stopped_by=self.stopped_by or "interrupted",
            target=self._plan.target,
            elapsed_s=self.elapsed_s,
            samples_s=tuple(taken) if len(taken) <= KEPT_SAMPLES else (),
        )


def _without_frames(error: Exception) -> Exception:
    """The error alone: its frames hold what the pass had allocated, while others are being measured."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def _has_settled(times: Sequence[float]) -> bool:
    """Three calls at least, and the last third of them no faster than the middle one."""
    third = len(times) // 3
    if not third:
        return False
    return statistics.median(times[-third:]) >= FALLING * statistics.median(times[-2 * third : -third])


# -- what a reader must know -------------------------------------------------------------------------------------------

_UNSTABLE, _DISTURBED = 0.10, 0.25  # quartile distance over median; the limits of torch's own timer
UNLIKE_ROUNDS = 0.05
"""Medians of rounds that differ by more than this share say that the host is not quiet."""


def latency_reasons(latency: Latency) -> tuple[Reason, ...]:
    """What is doubtful about a latency."""
    checks = (_amortised, _cold, _unreached, _noisy, _drifting)
    return tuple(reason for check in checks if (reason := check(latency)) is not None)


def _amortised(latency: Latency) -> Reason | None:
    if latency.block == 1:
        return None
    told = recorded(
        "The time is a mean over {count} calls in one sample, as one is too short for the clock.", count=latency.block
    )
    return Reason("AMORTISED", told)


def _cold(latency: Latency) -> Reason | None:
    if latency.is_warm:
        return None
    told = recorded(
        "The times had not settled when the warm-up ended after {count} calls, {time}.",
        count=latency.warm_up_calls,
        time=units.seconds(latency.warm_up_s),
    )
    return Reason("NOT_WARM", told)


def _unreached(latency: Latency) -> Reason | None:
    if latency.stopped_by == "interrupted":
        return Reason("INTERRUPTED", recorded("Interrupted after {count} samples.", count=latency.n))
    if latency.stopped_by == "precision":
        return None
    if latency.interval is None:
        few = recorded("Stopped at the time limit after {count} samples: too few.", count=latency.n)
        return Reason("PRECISION_NOT_REACHED", few)
    told = recorded(
        "Stopped at the time limit: the median is known to ±{first}, the target is ±{second}.",
        first=f"{latency.interval.half_width / latency.median_s:.1%}",
        second=f"{latency.target:.1%}",
    )
    return Reason("PRECISION_NOT_REACHED", told)


def _noisy(latency: Latency) -> Reason | None:
    width = (latency.p75_s - latency.p25_s) / latency.median_s
    if width <= _UNSTABLE and latency.round_spread <= UNLIKE_ROUNDS:
        return None
    told = (
        recorded(
            "The times are strongly disturbed: the medians of {count} rounds differ by {first}, the quartiles by "
            "{second} of the median. Compare the minimum, or measure on a quiet machine."
        )
        if width > _DISTURBED
        else recorded(
            "The times are disturbed: the medians of {count} rounds differ by {first}, the quartiles by {second} of "
            "the median. Compare the minimum, or measure on a quiet machine."
        )
    )
    values = {"count": latency.rounds, "first": f"{latency.round_spread:.1%}", "second": f"{width:.1%}"}
    return Reason("HOST_NOISY", told.format(**values))


def _drifting(latency: Latency) -> Reason | None:
    if latency.interval is None or abs(latency.drift) <= 2 * latency.interval.half_width / latency.median_s:
        return None
    told = (
        recorded("The second half of the samples took {size} longer than the first.")
        if latency.drift > 0
        else recorded("The second half of the samples took {size} less than the first.")
    )
    return Reason("DRIFTING", told.format(size=f"{abs(latency.drift):.1%}"))
