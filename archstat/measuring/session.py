"""Networks and options → measurements: what is measured of each, in which order, and what if it cannot be.

All networks of one batch size are ready at once and take turns. What cannot be measured leaves a reason and no number;
an interruption from the keyboard keeps what is finished.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

import msgspec
import torch

from archstat.analysis.inference import NamedNetwork
from archstat.language import recorded
from archstat.measuring.cpu.layers import LayerPlan, time_layers
from archstat.measuring.cuda.device import CudaDevice
from archstat.measuring.cuda.layers import time_layers_on_gpu
from archstat.measuring.cuda.passes import GpuPlan
from archstat.measuring.cuda.times import gpu_times
from archstat.measuring.energy.layers import measure_layer_energy
from archstat.measuring.energy.loads import Load
from archstat.measuring.energy.whole import EnergyPlan, measure_energy
from archstat.measuring.environment.devices import check_precision, check_threads, find_device
from archstat.measuring.environment.gpu import GpuWatch, gpu_reasons, uuid_of
from archstat.measuring.environment.record import Surroundings, switches
from archstat.measuring.hooks.path import find_way, refuse_compiled
from archstat.measuring.job import INTERRUPTED_REASON, Job, named_job
from archstat.measuring.latency import LatencyPlan, time_passes
from archstat.measuring.memory import measure_memory
from archstat.measuring.metering import Meter, kinds_for, open_meter
from archstat.measuring.peaks import measure_peaks
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import Clock, HostClock, Progress, silent
from archstat.measuring.reasons import CannotMeasure, reason_of
from archstat.networks.settings import MeasureSetting, Setting
from archstat.records import Conditions, Measurement, ModelCost, Peaks
from archstat.tracing.layers import Layers

LAYER_ENERGY_S = 300.0
"""The energy of single layers takes that long for each network at most; the layers with the most time come first."""
_MINUTE = 60.0
_PEAKS_S = 5.0
_PASS_S = 1.0  # the longest pass that a plan reckons with


class PlannedPart(NamedTuple):
    """Something that will be measured.

    Attributes:
        architecture: The network.
        conditions: Under which.
        what: ``"latency"``, ``"layers"``, …
        longest_s: How long the part takes at most; a pass that is under way is waited for.
    """

    architecture: str
    conditions: Conditions
    what: str
    longest_s: float


class Session:
    """The measurements that a user asked for.

    Attributes:
        is_interrupted: The user has had enough.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[Job]],
        how: MeasureSetting,
        device: torch.device,
        clock: Clock | None = None,
        progress: Progress = silent,
    ) -> None:
        """Networks to measure; those of a group take turns."""
        self._groups, self._how, self._device = groups, how, device
        self._clock, self._progress = clock or HostClock(), progress
        self.is_interrupted = False
        self._jobs = {(job.name, job.conditions.batch_size): job for group in groups for job in group}
        self._peaks: Peaks | None = None
        self._gpu_plan = GpuPlan()

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        setting: Setting,
        how: MeasureSetting,
        clock: Clock | None = None,
        progress: Progress = silent,
    ) -> Session:
        """Find the device, and count all networks, each at every batch size.

        Raises:
            ArchstatError: There is no such device, meter or network, or a network cannot take the input.
        """
        device = find_device(how.device)
        kinds_for(device.type, how.meter)
        check_precision(device, how.precision)
        check_threads(device, how.threads)
        subjects = [NamedNetwork(name) for name in dict.fromkeys(names)]
        groups = [[named_job(subject, setting, how, device, size) for subject in subjects] for size in how.batch_sizes]
        return cls(groups, how, device, clock, progress)

    @property
    def _is_gpu(self) -> bool:
        return self._device.type == "cuda"

    # -- what will be done ---------------------------------------------------------------------------------------------

    def plan(self) -> list[PlannedPart]:
        """What would be measured, and how long it takes at most if a pass takes a second."""
        how = self._how
        parts = {recorded("latency"): self._latency_plan().longest_s, recorded("memory"): 10.0}
        if self._is_gpu:
            parts[recorded("GPU times")] = 10.0
        if how.layers:
            parts[recorded("layers")] = _PEAKS_S + (_MINUTE if self._is_gpu else LayerPlan().planned_seconds(_PASS_S))
        if how.energy:
            parts[recorded("energy")] = EnergyPlan().longest_s(_PASS_S)
        if how.energy and how.layers:
            parts[recorded("energy of layers")] = LAYER_ENERGY_S
        jobs = [job for group in self._groups for job in group]
        return [PlannedPart(job.name, job.conditions, what, longest) for job in jobs for what, longest in parts.items()]

    def _latency_plan(self) -> LatencyPlan:
        how = self._how
        return LatencyPlan(
            target=how.target or (0.01 if self._is_gpu else 0.02),
            min_s=min(1.0, how.max_s),
            max_s=how.max_s,
            warm_up_s=1.0 if self._is_gpu else 0.5,
            longest_warm_up_s=_MINUTE if how.compiled else 5.0,
            seed=how.seed,
        )

    def work_of(self, measurement: Measurement) -> tuple[ModelCost, Sequence[int]]:
        """What a network that was measured costs on its input, and the bytes that each row of that must move at least.

        Raises:
            KeyError: The measurement is of another session, or was not made by layer.
        """
        job = self._jobs[measurement.architecture, measurement.conditions.batch_size]
        if job.traffic is None:
            raise KeyError(measurement.architecture)
        return job.cost, job.traffic

    # -- doing it ------------------------------------------------------------------------------------------------------

    def measurements(self) -> Iterator[Measurement]:
        """Each measurement as soon as it is finished; an interruption from the keyboard ends them early."""
        conditions = self._groups[0][0].conditions
        with switches(self._device, self._how.precision, conditions.threads):
            for jobs in self._groups:
                try:
                    found = list(self._measured(jobs))
                except KeyboardInterrupt:  # while they were made ready: there is nothing of them yet
                    self.is_interrupted, found = True, []
                yield from found
                if self.is_interrupted:
                    return

    def _measured(self, jobs: Sequence[Job]) -> Iterator[Measurement]:
        surroundings = Surroundings(self._how.seed)
        for job in jobs:
            job.prepare()
        watch = GpuWatch(self._device, self._clock) if self._is_gpu else None
        self._gpu_plan = GpuPlan(is_confidential=watch is not None and watch.is_confidential)
        self._time(jobs)
        for what, part in self._parts():
            for job in jobs:
                self._guarded(job, what, part)
        if self._how.energy:
            with self._guard(jobs, "energy"):
                self._energy(jobs)
        gpu, unknown = watch.finish() if watch is not None else (None, {})
        limit = gpu.power_limit_w if gpu is not None else None
        for job in jobs:
            mode = job.prepared.grad_mode if job.prepared is not None else "inference_mode"
            environment = surroundings.finish(self._device, mode, gpu, unknown)
            job.reasons += gpu_reasons(gpu, environment.elapsed_s) if gpu is not None else []
            yield job.measurement(environment, msgspec.structs.replace(job.conditions, power_limit_w=limit))
            job.prepared = None

    def _time(self, jobs: Sequence[Job]) -> None:
        ready = [(job, job.prepared) for job in jobs if job.prepared is not None]
        works = [prepared for _, prepared in ready]
        outcomes = time_passes(works, self._latency_plan(), self._clock, self._progress)
        for (job, _), outcome in zip(ready, outcomes, strict=True):
            job.take(outcome)
            self.is_interrupted |= outcome is None or getattr(outcome, "stopped_by", "") == "interrupted"

    def _parts(self) -> list[tuple[str, Callable[[Job, Prepared], None]]]:
        """Memory comes first: capturing a graph empties the allocator's cache."""
        parts: list[tuple[str, Callable[[Job, Prepared], None]]] = [("memory", self._memory)]
        if self._is_gpu:
            parts.append(("GPU times", self._gpu_times))
        return [*parts, ("layers", self._layers)] if self._how.layers else parts

    def _guarded(self, job: Job, what: str, part: Callable[[Job, Prepared], None]) -> None:
        """One part of a measurement, or why it is missing."""
        if job.prepared is None or self.is_interrupted:
            return
        self._progress(f"{what} of {job.name}", 0.0)
        with self._guard([job], what):
            part(job, job.prepared)

    @contextlib.contextmanager
    def _guard(self, jobs: Sequence[Job], what: str) -> Iterator[None]:
        """What cannot be measured is missing in these, with the reason; all else stays."""
        try:
            yield
        except CannotMeasure as error:
            reason = error.reason
        except KeyboardInterrupt:
            self.is_interrupted, reason = True, INTERRUPTED_REASON
        except Exception as error:  # noqa: BLE001 - the network's own code, or torch's
            reason = reason_of(f"The {what}", error)
        else:
            return
        for job in jobs:
            job.reasons.append(reason)

    def _memory(self, job: Job, prepared: Prepared) -> None:
        job.found["memory"] = measure_memory(prepared, layers=self._how.layers)

    def _gpu_times(self, job: Job, prepared: Prepared) -> None:
        job.found["gpu"], reasons = gpu_times(prepared, CudaDevice(self._device), self._clock, self._gpu_plan)
        job.reasons += reasons

    def _layers(self, job: Job, prepared: Prepared) -> None:
        if self._peaks is None:
            self._peaks = measure_peaks(self._device, self._how.precision, job.conditions.threads, self._clock)
        job.found["peaks"] = self._peaks
        if self._is_gpu:
            refuse_compiled(prepared)
            way = find_way(prepared, Layers(prepared.model))
            times = time_layers_on_gpu(prepared, CudaDevice(self._device), self._clock, self._gpu_plan)
            job.found["layers"] = msgspec.structs.replace(times, reasons=(*way.reasons, *times.reasons))
        else:
            tell = partial(self._progress, f"layers of {job.name}")
            job.found["layers"] = time_layers(prepared, clock=self._clock, progress=tell)

    # -- energy --------------------------------------------------------------------------------------------------------

    def _energy(self, jobs: Sequence[Job]) -> None:
        """The energy of all networks by turns, then of their layers."""
        ready = [(job, job.prepared) for job in jobs if job.prepared is not None]
        if not ready or self.is_interrupted:
            return
        board = uuid_of(self._device) if self._is_gpu else ""
        meter = open_meter(self._device.type, board, self._clock, self._how.meter)
        mode: Literal["pipelined", "latency"] = "pipelined" if self._is_gpu else "latency"
        loads = [Load(prepared, job.conditions.batch_size, mode, job.name) for job, prepared in ready]
        plan = EnergyPlan(seed=self._how.seed)
        energies = measure_energy(loads, meter, plan, clock=self._clock, progress=self._progress)
        for (job, _), energy in zip(ready, energies, strict=True):
            job.found["energy"] = energy
            self.is_interrupted |= any(reason.code == "INTERRUPTED" for reason in energy.reasons)
        if self._how.layers:
            for job, _ in ready:
                self._guarded(job, "energy of layers", partial(self._layer_energy, meter))

    def _layer_energy(self, meter: Meter, job: Job, prepared: Prepared) -> None:
        times, energy = job.found.get("layers"), job.found["energy"]
        if times is None:
            return
        found = measure_layer_energy(
            prepared,
            times,
            meter,
            whole=energy,
            budget_s=LAYER_ENERGY_S,
            clock=self._clock,
            progress=self._progress,
        )
        self.is_interrupted |= any(reason.code == "INTERRUPTED" for reason in found.reasons)
        reasons = (*energy.reasons, *found.reasons)
        job.found["energy"] = msgspec.structs.replace(energy, layers=found.rows, reasons=reasons)
