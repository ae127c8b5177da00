"""The energy of a forward pass, from the steady slope of an energy counter.

The work is repeated until its power is steady, and then over a window of seconds that begins and ends on steps of the
counter. Trials of several configurations are interleaved in random order, and each begins at a random moment of the
counter's period. What is drawn idle is measured before them. ``docs/measuring.md`` says why.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import msgspec

from archstat.measuring.energy.loads import Background, Load, Repeater, in_thread
from archstat.measuring.energy.trials import FEWEST_STEPS, Setup, Trial, energy_of, record_of
from archstat.measuring.energy.windows import MeterRecording, Slope, stuck
from archstat.measuring.metering import Meter, MeterError, Traits
from archstat.measuring.protocols import Clock, HostClock, Progress, silent
from archstat.measuring.reasons import CannotMeasure, attempt
from archstat.records import Energy, IdlePower, Reason

_WATCH_S = 2.0
_WATCH_EVERY_S = 0.005
_LONG_PASS_S = 0.025  # a sensor that looks at the power for 25 ms of 100 may miss the same part of each pass
_LONG_WINDOW_S = 10.0
_FEWEST_PASSES = 32
_COOL_C = 3.0  # as warm as at the first trial
_LONGEST = 3  # a window that is not complete after so many times its length will never be


class EnergyPlan(msgspec.Struct, frozen=True):
    """How energy is to be measured.

    Attributes:
        trials: Windows of each configuration.
        window_s: How long each is at least; ``None``: what the meter needs.
        settle_s: For how long the power may need to become steady at most.
        idle_wait_s: For how long nothing runs before the idle power is measured.
        idle_s: Over how long that is measured; 0: not at all, and there is no net energy.
        cool_down_s: The most to wait for the device to be as warm as before the first trial.
        seed: What delays and orders are drawn with.
    """

    trials: int = 5
    window_s: float | None = None
    settle_s: float = 10.0
    idle_wait_s: float = 10.0
    idle_s: float = 10.0
    cool_down_s: float = 5.0
    seed: int = 0

    def longest_s(self, pass_s: float) -> float:
        """How long one configuration takes at most, with a pass of that time: power settles late or never."""
        trial_s = self.settle_s + self.cool_down_s + _FEWEST_PASSES * pass_s
        return self.idle_wait_s + self.idle_s + self.trials * trial_s


def planned_seconds(plan: EnergyPlan, configurations: int, window_s: float = 5.0) -> float:
    """How long measuring takes at most, unless power does not settle or steps are far apart.

    Args:
        plan: The plan.
        configurations: How many loads.
        window_s: What the meter needs, where the plan leaves that to it.
    """
    trials = plan.trials * configurations
    # Steady power is seen in two seconds at the earliest; what is looked for first takes as long.
    each_s = 2.0 + (plan.window_s or window_s)
    return _WATCH_S + plan.idle_wait_s + plan.idle_s + trials * each_s + max(trials - 1, 0) * plan.cool_down_s


def measure_energy(
    loads: Sequence[Load],
    meter: Meter,
    plan: EnergyPlan | None = None,
    *,
    clock: Clock | None = None,
    background: Background = in_thread,
    progress: Progress = silent,
) -> list[Energy]:
    """The energy of each load, their trials interleaved.

    An interruption from the keyboard ends it: the trials that are complete are kept, and the record says so. A load
    that raises loses that trial, and its record says why.

    Args:
        loads: What is measured.
        meter: The meter that the energy is read from.
        plan: How.
        clock: What runs are timed with; the meter's own.
        background: How the meter is looked at while the work runs.
        progress: Is told how far it is.

    Raises:
        MeterError: Nothing could be measured at all: the meter stands still, or others use the device.
        CannotMeasure: None of the loads can be run.
    """
    session = _Session(meter, plan or EnergyPlan(), clock or HostClock(), background, progress)
    try:
        session.prepare(loads)
    except KeyboardInterrupt:
        reason = Reason("INTERRUPTED", "Interrupted before the first trial: no energy is known.")
        return [Energy(meter.id, meter.boundary, load.mode, load.batch_size, reasons=(reason,)) for load in loads]
    return session.measure(loads)


class _Session:
    """Measures all loads with one meter."""

    def __init__(
        self, meter: Meter, plan: EnergyPlan, clock: Clock, background: Background, progress: Progress
    ) -> None:
        self._meter, self._plan, self._clock = meter, plan, clock
        self._background, self._progress = background, progress
        self._random = random.Random(plan.seed)  # noqa: S311  # nothing secret
        self._traits: Traits
        self._step_s = 0.0
        self._idle: IdlePower | None = None
        self._first_c: float | None = None
        self._notes: list[Reason] = []

    # -- before --------------------------------------------------------------------------------------------------------

    def prepare(self, loads: Sequence[Load]) -> None:
        """Find out how the meter steps, and what is drawn idle."""
        self._traits = self._meter.probe()
        self._refuse_others()
        self._progress("looking at the meter", 0.0)
        self._step_s = self._watch(loads)
        self._progress("measuring the idle power", 0.0)
        self._measure_idle()

    def _refuse_others(self) -> None:
        others = self._traits.processes
        if not others:  # the meter of a GPU that is not told of them has said so among its reasons
            return
        told = f"{others} other process{'es' * (others > 1)} use{'s' * (others == 1)} this GPU"
        raise MeterError("OTHER_GPU_PROCESSES", f"{told}: its energy would include their load. Not measured.")

    def _watch(self, loads: Sequence[Load]) -> float:
        """The period of the counter while the first load runs that can.

        Raises:
            MeterError: The meter stands still.
            CannotMeasure: No load can be run.
        """
        failed: list[Reason] = []
        for load in loads:
            recording = MeterRecording(self._meter)
            reason = attempt(f"The energy of {load.name}", partial(self._look_on, recording, load))
            if reason is None:
                recording.check()
                return recording.step_s()
            failed.append(reason)
        raise CannotMeasure(Reason(failed[0].code, " ".join(dict.fromkeys(reason.text for reason in failed))))

    def _look_on(self, recording: MeterRecording, load: Load) -> None:
        with load.ready() as work, self._background(recording.look, _WATCH_EVERY_S):
            repeater = Repeater(work, load.mode, self._clock)
            end = self._clock.now_ns() + _WATCH_S * 1e9
            while repeater.now_ns < end:
                repeater.run()

    def _measure_idle(self) -> None:
        """The power when nothing runs."""
        if not self._plan.idle_s:
            return
        self._clock.sleep(self._plan.idle_wait_s)
        recording = MeterRecording(self._meter)
        since = self._clock.now_ns()
        until = since + int(max(self._plan.idle_s, FEWEST_STEPS * self._step_s) * 1e9)
        while self._clock.now_ns() < until:
            recording.look()
            recording.check()
            self._clock.sleep(self._traits.poll_s)
        self._idle = recording.idle_power(since, until, self._step_s)
        if busy := max((state.utilization or 0.0 for state in recording.states), default=0.0):
            self._notes.append(
                Reason(
                    "OTHER_GPU_PROCESSES",
                    f"The GPU was {busy:.0f} % busy while nothing of ours ran: others use it, and energy includes "
                    "their load.",
                )
            )

    # -- trials --------------------------------------------------------------------------------------------------------

    def measure(self, loads: Sequence[Load]) -> list[Energy]:
        """All trials, in rounds of random order; what is complete is kept."""
        trials: list[list[Trial]] = [[] for _ in loads]
        failed: list[list[Reason]] = [[] for _ in loads]
        rounds = [self._random.sample(range(len(loads)), len(loads)) for _ in range(self._plan.trials)]
        order = [i for each in rounds for i in each]
        try:
            for done, i in enumerate(order):
                self._progress(f"energy of {loads[i].name}", done / len(order))
                self._cool_down()
                outcome = attempt(f"A trial of {loads[i].name}", partial(self._trial, loads[i]))
                if isinstance(outcome, Reason):  # that trial is lost, the others are not
                    failed[i].append(outcome)
                else:
                    trials[i].append(outcome)
        except KeyboardInterrupt:
            self._notes.append(Reason("INTERRUPTED", "Interrupted: only the trials that were complete are in."))
        return [self._energy(*each) for each in zip(loads, trials, failed, strict=True)]

    def _energy(self, load: Load, trials: Sequence[Trial], failed: Sequence[Reason]) -> Energy:
        setup = Setup(self._meter, self._traits, self._step_s, self._idle, self._window_s(0.0))
        once = dict.fromkeys(failed)  # several trials may be lost for the same reason
        return energy_of(setup, load.mode, load.batch_size, trials, (*self._notes, *once))

    def _cool_down(self) -> None:
        """Wait until the device is about as warm as before the first trial, but not for long."""
        now_c = self._meter.state().temperature_c
        if self._first_c is None:
            self._first_c = now_c
            return
        end = self._clock.now_ns() + self._plan.cool_down_s * 1e9
        while self._clock.now_ns() < end and now_c is not None and now_c > self._first_c + _COOL_C:
            self._clock.sleep(0.5)
            now_c = self._meter.state().temperature_c

    def _trial(self, load: Load) -> Trial:
        """Measure one window of one load.

        Raises:
            MeterError: The meter cannot be trusted in it.
            CannotMeasure: The load cannot be made ready.
        """
        with load.ready() as work:
            # Else each trial would begin at the same phase of the counter, and be off by the same.
            self._clock.sleep(self._random.uniform(0, self._step_s))
            recording = MeterRecording(self._meter)
            with self._background(recording.look, self._traits.poll_s):
                repeater = Repeater(work, load.mode, self._clock)
                is_steady = self._settle(repeater, recording)
                window_s = self._window_s(repeater.run_s())
                slope = self._window(repeater, recording, window_s)
        return Trial(
            record=record_of(recording, slope, repeater),
            doubt=slope.doubt(self._step_s),
            is_steady=is_steady,
            is_short=slope.window_s < window_s,
        )

    def _settle(self, repeater: Repeater, recording: MeterRecording) -> bool:
        """Run until the power is steady; ``False`` if it does not become so."""
        span_s = max(1.0, 3 * self._step_s)
        begin = repeater.now_ns
        while (elapsed_s := (repeater.now_ns - begin) / 1e9) < max(self._plan.settle_s, 3 * span_s):
            repeater.run()
            recording.check()
            if elapsed_s >= self._traits.settle_s and recording.is_steady(repeater.now_ns, span_s):
                return True
        return False

    def _window_s(self, run_s: float) -> float:
        """How long the window has to be."""
        planned = self._traits.window_s if self._plan.window_s is None else self._plan.window_s
        sampled = _LONG_WINDOW_S if self._traits.is_sampled and run_s > _LONG_PASS_S else 0.0
        return max(planned, sampled, FEWEST_STEPS * self._step_s, _FEWEST_PASSES * run_s)

    def _window(self, repeater: Repeater, recording: MeterRecording, window_s: float) -> Slope:
        """Run until there are enough steps of the meter.

        Raises:
            MeterError: The meter does not step.
        """
        since = repeater.now_ns
        slope = None
        while (slope is None or slope.window_s < window_s) and repeater.now_ns - since < _LONGEST * window_s * 1e9:
            repeater.run()
            recording.check()
            slope = recording.slope(since, repeater.now_ns)
        if slope is None:
            raise stuck()
        return slope
