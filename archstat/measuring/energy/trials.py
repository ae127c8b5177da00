"""The trials of one configuration → its energy, how sure that is, and what a reader must know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from archstat.measuring.energy.loads import Repeater
from archstat.measuring.energy.windows import MeterRecording, Slope, throttled_shares
from archstat.measuring.metering import Meter, Traits, throttle_reasons
from archstat.measuring.statistics import interval_of_mean
from archstat.records import Energy, EnergyTrial, IdlePower, Reason

FEWEST_STEPS = 20  # of the meter in one window
_AGREE, _DISAGREE = 0.02, 0.05  # counter against sensor: usual, worth a note, doubtful
_CLOCK_VARIES = 0.05


class Trial(NamedTuple):
    """A window, and what its record does not hold.

    Attributes:
        record: What is stored.
        doubt: Twice the relative standard error of its power that comes from the meter's steps alone.
        is_steady: The power had stopped changing when it began.
        is_short: Whether the window ended before it was as long as it should be.
    """

    record: EnergyTrial
    doubt: float
    is_steady: bool
    is_short: bool


class Setup(NamedTuple):
    """What all trials of a session share."""

    meter: Meter
    traits: Traits
    step_s: float
    idle: IdlePower | None
    window_s: float


def record_of(recording: MeterRecording, slope: Slope, repeater: Repeater) -> EnergyTrial:
    """What is stored of a window."""
    states = recording.states_in(slope)
    return EnergyTrial(
        window_s=slope.window_s,
        steps=slope.steps,
        power_w=slope.power_w,
        passes_per_s=repeater.per_second(slope),
        instant_w=recording.instant_w(slope),
        sm_clock_mhz=states[-1].sm_clock_mhz if states else None,
        temperature_c=states[-1].temperature_c if states else None,
        throttled=throttled_shares(states),
    )


def energy_of(
    setup: Setup,
    mode: Literal["pipelined", "latency"],
    batch_size: int,
    trials: Sequence[Trial],
    reasons: Sequence[Reason] = (),
) -> Energy:
    """The mean of the trials, its repeatability, and the same net of idle power."""
    records = tuple(trial.record for trial in trials)
    values = [record.pass_j for record in records]
    spread = _uncertainty(trials, values)
    shortfall = _disagreement(records)
    return Energy(
        source=setup.meter.id,
        boundary=setup.meter.boundary,
        mode=mode,
        batch_size=batch_size,
        trials=records,
        pass_j=fmean(values) if values else None,
        uncertainty_j=spread,
        net_j=_net(records, setup.idle),
        net_uncertainty_j=_net_uncertainty(records, setup.idle, spread),
        gain_error=setup.traits.gain_error,
        idle=setup.idle,
        step_s=setup.step_s,
        disagreement=shortfall,
        reasons=(*setup.traits.reasons, *reasons, *_reasons(setup, trials, shortfall)),
    )


def _uncertainty(trials: Sequence[Trial], values: Sequence[float]) -> float | None:
    """The half-width of the 95 % interval of the mean, never less than what the steps of the meter leave open."""
    interval = interval_of_mean(values, "trials")
    if interval is None:
        return None
    return max(interval.half_width, fmean(values) * fmean(trial.doubt for trial in trials))


def _net(records: Sequence[EnergyTrial], idle: IdlePower | None) -> float | None:
    if idle is None or not records:
        return None
    return fmean((record.power_w - idle.power_w) / record.passes_per_s for record in records)


def _net_uncertainty(records: Sequence[EnergyTrial], idle: IdlePower | None, spread: float | None) -> float | None:
    if idle is None or spread is None:
        return None
    return math.hypot(spread, idle.uncertainty_w * fmean(1 / record.passes_per_s for record in records))


def _disagreement(records: Sequence[EnergyTrial]) -> float | None:
    """The power by the counter over that by the sensor, less 1."""
    both = [(record.power_w, record.instant_w) for record in records if record.instant_w]
    if not both:
        return None
    counter_w, sensor_w = map(fmean, zip(*both, strict=True))
    return counter_w / sensor_w - 1


# -- what a reader must know -------------------------------------------------------------------------------------------


def _reasons(setup: Setup, trials: Sequence[Trial], shortfall: float | None) -> list[Reason]:
    records = [trial.record for trial in trials]
    each = (_short(setup, trials), _unsteady(trials), _disagreeing(shortfall), _clock(records))
    return [reason for reason in each if reason is not None] + _throttles(records)


def _short(setup: Setup, trials: Sequence[Trial]) -> Reason | None:
    """Windows that are shorter than the meter needs, or than was planned."""
    if not trials:
        return None
    shortest = min(trials, key=lambda trial: trial.record.window_s)
    needed_s = max(setup.traits.window_s, FEWEST_STEPS * setup.step_s)
    if shortest.record.window_s >= needed_s and not any(trial.is_short for trial in trials):
        return None
    return Reason(
        "WINDOW_SHORT",
        f"A window of {shortest.record.window_s:.1f} s is short for a counter that steps every "
        f"{1e3 * setup.step_s:.0f} ms: its steps alone leave {100 * shortest.doubt:.1f} % open, and slow sensors more. "
        f"It should be {max(needed_s, setup.window_s):.1f} s.",
    )


def _unsteady(trials: Sequence[Trial]) -> Reason | None:
    unsteady = sum(not trial.is_steady for trial in trials)
    if not unsteady:
        return None
    return Reason(
        "POWER_UNSTEADY",
        f"The power was still changing when {unsteady} of {len(trials)} windows began: the device was warming up, or "
        "does other work.",
    )


def _disagreeing(shortfall: float | None) -> Reason | None:
    if shortfall is None or abs(shortfall) <= _AGREE:
        return None
    told = f"Counter and integrated power differ by {100 * shortfall:+.1f} %"
    doubt = "absolute energy is doubtful" if abs(shortfall) > _DISAGREE else "up to 2 % is usual"
    return Reason("COUNTER_SENSOR_DISAGREE", f"{told}: {doubt}.")


def _clock(records: Sequence[EnergyTrial]) -> Reason | None:
    clocks = [record.sm_clock_mhz for record in records if record.sm_clock_mhz]
    if not clocks or max(clocks) / min(clocks) - 1 <= _CLOCK_VARIES:
        return None
    return Reason("CLOCK_CHANGED", f"SM clock varied {min(clocks):.0f}–{max(clocks):.0f} MHz between trials.")


def _throttles(records: Sequence[EnergyTrial]) -> list[Reason]:
    """One for each cause of reduced clocks, with its mean share of the windows."""
    causes = sorted({cause for record in records for cause in record.throttled})
    shares = {cause: fmean(record.throttled.get(cause, 0.0) for record in records) for cause in causes}
    return throttle_reasons(shares)
