"""The energy of each layer, from repeating it alone until a counter that steps every 100 ms can tell.

Layers of the same op on the same shapes are measured once. Their caches are warm, which within the network they may not
be, and kernels of theirs that overlap there do not here: the sum of the rows over the energy of a pass tells how much
that matters, and rows are never scaled to make it 1.
"""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from archstat.measuring.energy.loads import Background, Load, in_thread
from archstat.measuring.energy.replay import RepeatedCall
from archstat.measuring.energy.whole import EnergyPlan, measure_energy, planned_seconds
from archstat.measuring.hooks.captured import CapturedCall, capture_calls
from archstat.measuring.metering import Meter
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import Clock, HostClock, Progress, Repeatable, silent
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Energy, LayerEnergy, LayerTime, LayerTimes, Reason

LAYER_PLAN = EnergyPlan(trials=3, idle_wait_s=0.0, idle_s=0.0)
"""Fewer trials than of a network, since there are many layers, and gross energy only."""
MIN_SHARE = 0.01
"""Ops that take a smaller share of the time are left out: their energy is within the error of the others."""
_GRAPH_S = 0.005  # of work in one graph: what launching it takes no longer counts
_MOST_COPIES = 1000  # the queue of a GPU holds about as many launches
_HOST_BOUND = 0.9  # the share of the time in which the host launches: the device has to wait for it
_CLOSES = (0.9, 1.1)


class LayerResult(NamedTuple):
    """The rows, and what a reader must know of them.

    Attributes:
        rows: One for each row of the times, in their order.
        reasons: Among them what the rows add up to, under ``"LAYER_CLOSURE"``.
    """

    rows: tuple[LayerEnergy, ...]
    reasons: tuple[Reason, ...]


class NthRun(NamedTuple):
    """A run of a module: the path of the module, and 1 for its first run in a pass."""

    layer: str
    call: int


class _Op(NamedTuple):
    """Runs of the same op on the same shapes; the first of them is measured."""

    rows: tuple[LayerTime, ...]
    captured: CapturedCall | None

    @property
    def run(self) -> NthRun:
        return NthRun(self.rows[0].layer, self.rows[0].call)

    @property
    def time_s(self) -> float:
        return sum(row.time_s for row in self.rows)


def measure_layer_energy(
    prepared: Prepared,
    times: LayerTimes,
    meter: Meter,
    plan: EnergyPlan = LAYER_PLAN,
    *,
    whole: Energy | None = None,
    budget_s: float | None = None,
    min_share: float = MIN_SHARE,
    clock: Clock | None = None,
    background: Background = in_thread,
    progress: Progress = silent,
) -> LayerResult:
    """The energy of each run of each leaf module.

    Args:
        prepared: The network.
        times: Where the time of the network goes: which rows there are, and which of them matter.
        meter: The meter that the energy is read from.
        plan: How.
        whole: The energy of a pass, which the rows are compared with.
        budget_s: The longest time; the ops that take most come first. ``None``: as long as all of them take.
        min_share: Ops with a smaller share of the time are left out.
        clock: What runs are timed with.
        background: How the meter is looked at while the work runs.
        progress: Is told how far it is.

    Raises:
        MeterError: Nothing could be measured at all.
    """
    clock = clock or HostClock()
    ops, codes = _choose(prepared, times, min_share)
    ops, late = _afford(ops, plan, budget_s, meter)
    codes |= dict.fromkeys(late, "NOT_MEASURED_BUDGET")
    loads, failed = _loads(prepared, ops, clock)
    codes |= failed
    energies = (
        measure_energy(loads, meter, plan, clock=clock, background=background, progress=progress) if loads else []
    )
    measured = {load.run: (load, energy) for load, energy in zip(loads, energies, strict=True)}
    owner = {NthRun(row.layer, row.call): op.run for op in ops for row in op.rows}
    rows = tuple(_row(NthRun(row.layer, row.call), owner, measured, codes) for row in times.rows)
    return LayerResult(rows, (*_shared_reasons(energies), *_closure(rows, times, whole)))


# -- what is measured --------------------------------------------------------------------------------------------------


def _choose(prepared: Prepared, times: LayerTimes, min_share: float) -> tuple[list[_Op], dict[NthRun, str]]:
    """The ops that matter, the longest first, and why the other rows are left out."""
    captured = {NthRun(call.layer, call.call): call for call in capture_calls(prepared)}
    groups: dict[Hashable, list[LayerTime]] = defaultdict(list)
    for row in times.rows:
        call = captured.get(run := NthRun(row.layer, row.call))
        groups[run if call is None else call.likeness].append(row)
    ops = [_Op(tuple(rows), captured.get(NthRun(rows[0].layer, rows[0].call))) for rows in groups.values()]
    codes: dict[NthRun, str] = {}
    for op in ops:
        if op.time_s < min_share * times.rows_s:
            codes |= _each(op, "BELOW_RESOLUTION")
        elif op.captured is None:  # its own code, which cannot be run without the modules in it
            codes |= _each(op, "LAYER_NOT_REPLAYABLE")
    # The longest first, so that a budget that does not do leaves out what matters least.
    chosen = [op for op in ops if op.run not in codes]
    return sorted(chosen, key=lambda op: op.time_s, reverse=True), codes


def _each(op: _Op, code: str) -> dict[NthRun, str]:
    return {NthRun(row.layer, row.call): code for row in op.rows}


def _afford(
    ops: Sequence[_Op], plan: EnergyPlan, budget_s: float | None, meter: Meter
) -> tuple[list[_Op], dict[NthRun, str]]:
    """As many ops as the budget is enough for."""
    if budget_s is None:
        return list(ops), {}
    window_s = meter.probe().window_s
    enough = [n for n in range(len(ops) + 1) if planned_seconds(plan, n, window_s) <= budget_s]
    count = max(enough, default=0)
    late = {run: code for op in ops[count:] for run, code in _each(op, "NOT_MEASURED_BUDGET").items()}
    return list(ops[:count]), late


class _LayerLoad(Load):
    """A layer alone, whose graph is there during its trials only."""

    def __init__(self, prepared: Prepared, op: _Op, captured: CapturedCall, clock: Clock) -> None:
        super().__init__(prepared, prepared.conditions.batch_size, name=op.run.layer or prepared.name)
        self.run, self._captured = op.run, captured
        self.copies = max(1, min(math.ceil(_GRAPH_S / max(op.rows[0].time_s, 1e-9)), _MOST_COPIES))
        self.is_host_bound = False
        self._prepared, self._clock = prepared, clock

    @contextlib.contextmanager
    def ready(self) -> Iterator[Repeatable]:
        replay = RepeatedCall(self._prepared, self._captured, self.copies)
        if self._prepared.device.type == "cuda" and not replay.is_graph:
            self.is_host_bound |= is_host_bound(replay, self._clock)
        yield replay


def is_host_bound(work: Repeatable, clock: Clock) -> bool:
    """The device is done soon after the host has launched the last of it, and so has waited for the host."""
    work.run()
    work.wait()
    begin = clock.now_ns()
    work.run()
    launched = clock.now_ns()
    work.wait()
    return launched - begin >= _HOST_BOUND * (clock.now_ns() - begin)


def _loads(prepared: Prepared, ops: Sequence[_Op], clock: Clock) -> tuple[list[_LayerLoad], dict[NthRun, str]]:
    """What can be replayed, tried once."""
    loads: list[_LayerLoad] = []
    codes: dict[NthRun, str] = {}
    for op in ops:
        assert op.captured is not None  # others were left out
        load = _LayerLoad(prepared, op, op.captured, clock)
        try:
            with load.ready():
                loads.append(load)
        except (CannotMeasure, RuntimeError):  # memory that does not suffice is one of these
            codes |= _each(op, "LAYER_NOT_REPLAYABLE")
    return loads, codes


# -- what comes out ----------------------------------------------------------------------------------------------------


def _row(
    run: NthRun,
    owner: Mapping[NthRun, NthRun],
    measured: Mapping[NthRun, tuple[_LayerLoad, Energy]],
    codes: Mapping[NthRun, str],
) -> LayerEnergy:
    """The row of one run."""
    if run in codes:
        return LayerEnergy(run.layer, run.call, None, code=codes[run])
    load, energy = measured[owner[run]]
    if energy.pass_j is None:
        return LayerEnergy(run.layer, run.call, None, code=energy.reasons[-1].code)
    spread = energy.uncertainty_j
    return LayerEnergy(
        layer=run.layer,
        call=run.call,
        pass_j=energy.pass_j / load.copies,
        uncertainty_j=None if spread is None else spread / load.copies,
        power_w=energy.power_w,
        time_s=fmean(1 / trial.passes_per_s for trial in energy.trials) / load.copies,
        is_shared=run != load.run,
        code="HOST_BOUND_LOOP" if load.is_host_bound else "",
    )


def _shared_reasons(energies: Sequence[Energy]) -> list[Reason]:
    """What must be known of any of the measurements, each once by its code."""
    return list({reason.code: reason for energy in energies for reason in energy.reasons}.values())


def _closure(rows: Sequence[LayerEnergy], times: LayerTimes, whole: Energy | None) -> list[Reason]:
    """What the rows add up to, beside what a pass takes and beside their share of the time."""
    if whole is None or whole.pass_j is None:
        return []
    pairs = [(row, time) for row, time in zip(rows, times.rows, strict=True) if row.pass_j is not None]
    share = sum(row.pass_j or 0.0 for row, _ in pairs) / whole.pass_j
    within = sum((row.power_w or 0.0) * time.time_s for row, time in pairs) / whole.pass_j
    of_time = sum(time.time_s for _, time in pairs) / times.whole_s
    low, high = _CLOSES
    closes = share <= high and (share >= low or of_time < low)  # a part of the rows cannot add up to all of it
    return [
        Reason(
            "LAYER_CLOSURE",
            f"The energies of {len(pairs)} of {len(rows)} rows, {100 * of_time:.0f} % of the time of a pass, add up to "
            f"{100 * share:.0f} % of its energy, and with their times within it to {100 * within:.0f} %."
            + ("" if closes else " Rows are indicative; do not add them up."),
        )
    ]
