"""What a device drew, pass by pass and layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from archstat.records.reasons import Reason


class IdlePower(msgspec.Struct, frozen=True):
    """What is drawn while nothing runs, the device being ready to.

    Attributes:
        power_w: The power in watts.
        window_s: Over how long it was taken.
        uncertainty_w: The half-width of its 95 % interval.
    """

    power_w: float
    window_s: float
    uncertainty_w: float


class EnergyTrial(msgspec.Struct, frozen=True):
    """One window of steady work.

    Attributes:
        window_s: From its first counted step of the meter to its last.
        steps: Steps of the meter in between.
        power_w: The slope: energy over time.
        passes_per_s: Forward passes in a second, over the same window.
        instant_w: The mean of what the sensor of momentary power said in that window; ``None`` if there is none.
        sm_clock_mhz: The clock at its end; ``None`` if it is not told.
        temperature_c: The temperature at the end of the window; ``None`` if it is not told.
        throttled: The share of the window for each cause of reduced clocks.
    """

    window_s: float
    steps: int
    power_w: float
    passes_per_s: float
    instant_w: float | None = None
    sm_clock_mhz: float | None = None
    temperature_c: float | None = None
    throttled: Mapping[str, float] = {}

    @property
    def pass_j(self) -> float:
        """The energy of one forward pass, what the device draws anyhow included."""
        return self.power_w / self.passes_per_s


class LayerEnergy(msgspec.Struct, frozen=True):
    """The energy of one run of one module without the modules in it, from repeating it alone.

    Attributes:
        layer: The path of the module.
        call: Which run of the module in a pass, from 1.
        pass_j: The energy of one run, gross; ``None``: not measured, see the code.
        uncertainty_j: The half-width of the 95 % interval, from the spread of the trials.
        power_w: What was drawn meanwhile.
        time_s: The time of one run in the loop: its caches are warm.
        is_shared: Taken over from a run of the same op on the same shapes.
        code: Why there is none: ``"BELOW_RESOLUTION"``, ``"LAYER_NOT_REPLAYABLE"``, ``"NOT_MEASURED_BUDGET"``; or what
            a reader must know: ``"HOST_BOUND_LOOP"``.
    """

    layer: str
    call: int
    pass_j: float | None
    uncertainty_j: float | None = None
    power_w: float | None = None
    time_s: float | None = None
    is_shared: bool = False
    code: str = ""


class Energy(msgspec.Struct, frozen=True):
    """The energy of forward passes.

    Attributes:
        source: The meter: ``"nvml.total_energy"``, ``"nvml.power"``, ``"rapl"``; ``""``: there is none.
        boundary: What the energy includes: ``"GPU board"``, ``"CPU packages and DRAM"``.
        mode: ``"pipelined"``: the queue kept full; ``"latency"``: each pass waited for.
        batch_size: Inputs in one pass.
        trials: The windows.
        pass_j: The energy of one forward pass, gross: the mean of the trials; ``None``: not measured.
        uncertainty_j: The repeatability: the half-width of the 95 % interval from the spread of the trials.
        net_j: ``pass_j`` less what is drawn idle in that time.
        net_uncertainty_j: The half-width of the 95 % interval of ``net_j``, the idle power's uncertainty included.
        gain_error: How far the sensor itself may be off, relative; the same for all trials on one board, so that no
            number of trials makes it smaller, and it cancels in comparisons on that board. ``None``: not known.
        idle: The idle power.
        step_s: How often the meter steps.
        disagreement: The counter over the integrated sensor of momentary power, less 1; ``None`` without one.
        layers: By layer, or empty.
        reasons: Why something is missing, or doubtful.
    """

    source: str
    boundary: str
    mode: Literal["pipelined", "latency"]
    batch_size: int
    trials: tuple[EnergyTrial, ...] = ()
    pass_j: float | None = None
    uncertainty_j: float | None = None
    net_j: float | None = None
    net_uncertainty_j: float | None = None
    gain_error: float | None = None
    idle: IdlePower | None = None
    step_s: float | None = None
    disagreement: float | None = None
    layers: tuple[LayerEnergy, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def input_j(self) -> float | None:
        """Gross energy of one input of the batch, e.g. one image."""
        return None if self.pass_j is None else self.pass_j / self.batch_size

    @property
    def power_w(self) -> float | None:
        """The mean power of the trials."""
        return sum(trial.power_w for trial in self.trials) / len(self.trials) if self.trials else None
