"""The time of a forward pass by layer, on a CPU: hooks on every module, and what they cost taken off.

A row is one run of one module without the modules in it. Passes with hooks alternate with passes without; what a hook
adds to the module around it is found on a chain of modules that do nothing, and taken off there. What is read of such a
module itself is the floor of every row, and stays in. Rows are never rescaled to add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from torch import nn

from archstat.language import recorded
from archstat.measuring.hooks.path import Way, find_way, refuse_compiled
from archstat.measuring.hooks.stopwatch import ModuleRun, Stopwatch
from archstat.measuring.isolation import without_collection
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import Clock, HostClock
from archstat.measuring.statistics import interval_of_median, median
from archstat.records import Interval, LayerSpec, LayerTime, LayerTimes, Reason
from archstat.tracing.layers import Layers

_NS = 1e-9

CHAINED_MODULES = 200
"""Modules of the chain that the cost of hooks is found on: enough for the clock's steps not to matter."""
CHAIN_PASSES = 20
CHAIN_WARM_UP = 2

FLOORS_RESOLVED = 5
"""A row is told from the cost of measuring if it is so many times what is read of a module that does nothing …"""
SHORTEST_RESOLVED_S = 10e-6
"""… and at least so long: below it the scatter of a busy computer decides."""

MOST_UNATTRIBUTED = 0.05
"""Above this share the own code of containers is named."""


class LayerPlan(msgspec.Struct, frozen=True):
    """How often a network is run to time its layers.

    Attributes:
        rounds: Separate stretches of time: what else a computer does changes slowly.
        pause_s: The pause between two rounds.
        block: Passes with hooks in a row, and passes without; the order of the two alternates.
        fewest: Passes of each kind; an interval from batch medians needs 20.
        seconds: The least time that all passes take together.
        most: Passes of each kind at most.
        max_s: The most time that all passes take together, one block of each kind excepted.
    """

    rounds: int = 5
    pause_s: float = 0.2
    block: int = 3
    fewest: int = 20
    seconds: float = 2.0
    most: int = 1000
    max_s: float = 20.0

    def planned_seconds(self, pass_s: float) -> float:
        """About how long it will take, with a pass of that time."""
        pairs = min(max(self.fewest, math.ceil(self.seconds / (2 * pass_s))), self.most)
        passes_s = min(2 * pairs * pass_s, max(self.max_s, 2 * self.block * pass_s))
        return passes_s + (self.rounds - 1) * self.pause_s + _PASSES_BEFORE * pass_s

    def is_done(self, share: float, passes: int, elapsed_s: float) -> bool:
        """Whether a share of the work is done, by the passes made and the time taken so far."""
        if passes < self.block:
            return False
        is_enough = passes >= self.fewest * share and elapsed_s >= self.seconds * share
        return is_enough or passes >= self.most * share or elapsed_s >= self.max_s * share


_PASSES_BEFORE = 5
"""One so that everything is made that is made once, two to see the way that it takes, one of each kind to warm up."""


def time_layers(
    prepared: Prepared,
    plan: LayerPlan | None = None,
    clock: Clock | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> LayerTimes:
    """Where the time of a forward pass on a CPU goes, module by module.

    What user's hooks do is the time of the module around; that of a module whose ``forward`` is called directly is its
    caller's. The network keeps its own hooks, and none of ours, also if it raises.

    Args:
        prepared: The network; it runs eagerly.
        plan: How often the network runs.
        clock: What tells the time.
        progress: Told the share of the passes that are done.

    Raises:
        CannotMeasure: The network is compiled or scripted, or does not run the same modules in every pass.

    Source: Algorithm B of ``docs/measuring.md``.
    """
    refuse_compiled(prepared)
    plan, clock = plan or LayerPlan(), clock or HostClock()
    # First, so that layers and parameters which the first call makes are there to be walked.
    prepared.run_eagerly()
    layers = Layers(prepared.model)
    way = find_way(prepared, layers)
    with without_collection():
        cost = hook_cost(prepared, clock)
        passes = _Passes(prepared, layers, way, clock)
        passes.warm_up()
        passes.run(plan, progress)
    return _times(passes, layers.specs, way, cost)


# -- what hooks cost ---------------------------------------------------------------------------------------------------


class HookCost(NamedTuple):
    """What measuring one call costs.

    Attributes:
        outside_s: What a call adds to the time of the module around.
        inside_s: What is read of a module that does nothing; most of it is the hooks' as well.
    """

    outside_s: float
    inside_s: float


def hook_cost(prepared: Prepared, clock: Clock) -> HookCost:
    """The cost of hooks, on a chain of modules that do nothing.

    A pass of the chain without hooks is all outside of its modules: what these take themselves, some 50 ns, is not told
    from it, so that little too little is taken off.
    """
    chain = nn.Sequential(*(nn.Identity() for _ in range(CHAINED_MODULES))).eval()
    watch, x = Stopwatch(list(chain.modules()), clock), torch.zeros(1, device=prepared.device)
    added, inside = [], []
    with prepared.without_gradients():
        for _ in range(CHAIN_WARM_UP + CHAIN_PASSES):
            bare_ns = _span_ns(clock, lambda: chain(x))
            with watch.attached():
                chain(x)
            # The chain itself is a module too, and the first that begins: its own time holds what hooks add outside.
            whole, *modules = watch.take()
            added.append((whole.self_ns - bare_ns) / CHAINED_MODULES * _NS)
            inside.append(median([run.self_ns for run in modules]) * _NS)
    return HookCost(max(0.0, median(added[CHAIN_WARM_UP:])), median(inside[CHAIN_WARM_UP:]))


def _span_ns(clock: Clock, work: Callable[[], object]) -> int:
    began = clock.now_ns()
    work()
    return clock.now_ns() - began


# -- passes ------------------------------------------------------------------------------------------------------------


class _Passes:
    """Passes with hooks and passes without, alternating.

    Attributes:
        bare_ns: The times of passes without hooks.
        hooked_ns: The times of passes with hooks.
        self_ns: For each pass with hooks the time of every run.
        inner: How many modules each run runs itself.
    """

    def __init__(self, prepared: Prepared, layers: Layers, way: Way, clock: Clock) -> None:
        self.bare_ns: list[int] = []
        self.hooked_ns: list[int] = []
        self.self_ns: list[list[int]] = []
        self.inner: list[int] = []
        self._prepared, self._clock = prepared, clock
        self._way = way
        self._watch = Stopwatch(layers.modules, clock)

    def warm_up(self) -> None:
        """One pass of each kind, forgotten."""
        self._bare(1)
        self._hooked(1)
        for times in (self.bare_ns, self.hooked_ns, self.self_ns):
            times.clear()

    def run(self, plan: LayerPlan, progress: Callable[[float], None]) -> None:
        """Run all rounds of a plan."""
        for number in range(plan.rounds):
            share = (number + 1) / plan.rounds
            if number and not self._is_done(plan, share):
                self._clock.sleep(plan.pause_s)
            while not self._is_done(plan, share):
                self._blocks(plan.block)
            progress(share)

    def _is_done(self, plan: LayerPlan, share: float) -> bool:
        return plan.is_done(share, len(self.bare_ns), (sum(self.bare_ns) + sum(self.hooked_ns)) * _NS)

    def _blocks(self, size: int) -> None:
        """Passes of either kind; who begins alternates, so that drift hits both alike."""
        kinds = (self._bare, self._hooked)
        for kind in kinds if len(self.bare_ns) // size % 2 == 0 else kinds[::-1]:
            kind(size)

    def _bare(self, size: int) -> None:
        for _ in range(size):
            self.bare_ns.append(self._pass_ns())

    def _hooked(self, size: int) -> None:
        with self._watch.attached():
            for _ in range(size):
                self.hooked_ns.append(self._pass_ns())
                self._take(self._watch.take())

    def _pass_ns(self) -> int:
        began = self._clock.now_ns()
        self._prepared.run_eagerly()
        return self._clock.now_ns() - began

    def _take(self, runs: list[ModuleRun]) -> None:
        self._way.check([run.module for run in runs])
        self.inner = [run.inner for run in runs]
        self.self_ns.append([run.self_ns for run in runs])


# -- rows --------------------------------------------------------------------------------------------------------------


def _times(passes: _Passes, specs: list[LayerSpec], way: Way, cost: HookCost) -> LayerTimes:
    samples = np.asarray(passes.self_ns, dtype=float) * _NS
    hooked = np.asarray(passes.hooked_ns, dtype=float) * _NS
    resolution_s = max(FLOORS_RESOLVED * cost.inside_s, SHORTEST_RESOLVED_S)
    rows = tuple(
        _row(specs[module], call, samples[:, column].tolist(), passes.inner[column] * cost.outside_s, resolution_s)
        for column, (module, call) in enumerate(way.calls)
    )
    # What the hooks of the network itself add lies around all rows: it is taken off here.
    outside_s = median((hooked - samples.sum(axis=1)).tolist()) - cost.outside_s
    times = LayerTimes(
        method="hooks",
        rows=rows,
        whole_s=median(passes.bare_ns) * _NS,
        measured_s=median(hooked.tolist()),
        passes=len(passes.self_ns),
        unowned_s=max(0.0, outside_s),
        overhead_s=cost.outside_s,
        floor_s=cost.inside_s,
        resolution_s=resolution_s,
        reasons=way.reasons,
    )
    own = _unattributed(times)
    return times if own is None else msgspec.structs.replace(times, reasons=(*times.reasons, own))


def _row(spec: LayerSpec, call: int, samples: list[float], off_s: float, resolution_s: float) -> LayerTime:
    raw_s, (interval, _) = median(samples), interval_of_median(samples)
    time_s = max(0.0, raw_s - off_s)
    return LayerTime(
        layer=spec.path,
        kind=spec.kind,
        call=call,
        is_leaf=spec.is_leaf,
        time_s=time_s,
        interval=interval and _lowered(interval, off_s),
        raw_s=raw_s,
        is_resolved=time_s >= resolution_s,
    )


def _lowered(interval: Interval, off_s: float) -> Interval:
    return Interval(max(0.0, interval.low - off_s), max(0.0, interval.high - off_s), interval.method)


def _unattributed(times: LayerTimes) -> Reason | None:
    """The own code of modules that contain others, if it is a large share."""
    own = [row for row in times.rows if not row.is_leaf]
    own_s = sum(row.time_s for row in own) + times.unowned_s
    if own_s <= MOST_UNATTRIBUTED * times.rows_s:
        return None
    most = max(own, key=lambda row: row.time_s, default=None)
    share = f"{100 * own_s / times.rows_s:.0f}"
    if most is None or not most.layer:
        told = recorded(
            "{share} % of the time is in no layer: functional ops and Python between the layers.", share=share
        )
        return Reason("UNATTRIBUTED", told)
    told = recorded(
        "{share} % of the time is in no layer: functional ops and Python between the layers, most of it in {layer} "
        "({kind}).",
        share=share,
        layer=repr(most.layer),
        kind=most.kind,
    )
    return Reason("UNATTRIBUTED", told)
