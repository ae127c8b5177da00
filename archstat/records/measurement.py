"""How long a network took on a device, what memory, and the roof that it is held against: :class:`Measurement`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from archstat import units
from archstat.records.conditions import Conditions
from archstat.records.energy import Energy
from archstat.records.environment import Environment
from archstat.records.reasons import Reason
from archstat.records.telling import ShortRecord, three_lines
from archstat.records.trace import Shape


class CountedTotals(msgspec.Struct, frozen=True):
    """What the network costs by count, on the same input; so that a saved measurement needs no network beside it.

    Attributes:
        parameters: Elements of all parameters, each once.
        macs: Multiply-accumulates of one forward pass.
        flops: ``2 * macs`` and all other floating-point operations.
        activations: Elements of every layer's own outputs.
        activation_bytes: The size of the activations.
        peak_activation_bytes: The most activation memory alive at once.
    """

    parameters: int
    macs: int
    flops: int
    activations: int
    activation_bytes: int
    peak_activation_bytes: int


class Interval(msgspec.Struct, frozen=True):
    """A confidence interval of 95 %.

    Attributes:
        low: The begin of the interval, in the unit of what it belongs to.
        high: The end of the interval.
        method: ``"batch medians"``, ``"round medians"``, ``"order statistics"`` or ``"trials"``.
    """

    low: float
    high: float
    method: str

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2


class Latency(ShortRecord, frozen=True):
    """The time of one whole forward pass, from the call until its result is there.

    Attributes:
        n: How many samples were taken.
        block: Calls in one sample; more than 1 where one call is too short for the clock: the time is then amortised.
        rounds: How many separate stretches of time they come from.
        min_s: The shortest: the best case, and the most repeatable number of a short call on a busy machine.
        p25_s: The first quartile.
        median_s: The headline.
        p75_s: The third quartile.
        mean_s: The mean, for throughput over a long time.
        max_s: The longest.
        p95_s: ``None`` below 72 samples, where no 95 % interval of it exists.
        p99_s: ``None`` below 368 samples, likewise.
        interval: The confidence interval of the median; ``None`` if there are too few samples for one.
        lag1: The autocorrelation of neighbouring batch medians; ``None`` likewise.
        drift: The median of the second half over that of the first, less 1.
        outliers: Samples farther from the median than 14.826 median absolute deviations; counted, never removed.
        round_medians_s: The median of each of the rounds.
        round_spread: The largest of these less the smallest, over their median.
        first_call_s: The very first call: loading, allocating, choosing kernels, compiling.
        warm_up_calls: Calls before the first sample.
        warm_up_s: The time of the warm-up calls.
        is_warm: Whether the times had stopped falling by then.
        stopped_by: ``"precision"``, ``"max_time"`` or ``"interrupted"``.
        target: The relative half-width of the interval that was aimed at.
        elapsed_s: The time of all samples.
        samples_s: Every sample in order; empty where they are more than 10,000.
    """

    n: int
    block: int
    rounds: int
    min_s: float
    p25_s: float
    median_s: float
    p75_s: float
    mean_s: float
    max_s: float
    p95_s: float | None
    p99_s: float | None
    interval: Interval | None
    lag1: float | None
    drift: float
    outliers: int
    round_medians_s: tuple[float, ...]
    round_spread: float
    first_call_s: float
    warm_up_calls: int
    warm_up_s: float
    is_warm: bool
    stopped_by: Literal["precision", "max_time", "interrupted"]
    target: float
    elapsed_s: float
    samples_s: tuple[float, ...] = ()


class GpuTimes(msgspec.Struct, frozen=True):
    """Other times of the same forward pass on a GPU; ``None``: not measured, see the reasons.

    Attributes:
        synchronize_s: What waiting for an idle stream costs; it is part of the latency.
        pipelined_s: The time of one pass with a full queue: 1 / throughput.
        span_s: From the start of the first kernel to the end of the last, the queue being full.
        busy_s: The time within one pass in which a kernel runs.
        graph_s: One pass replayed as a CUDA graph: the host taken out.
    """

    synchronize_s: float | None = None
    pipelined_s: float | None = None
    span_s: float | None = None
    busy_s: float | None = None
    graph_s: float | None = None


class LayerTime(msgspec.Struct, frozen=True):
    """The time of one run of one module, without the modules in it.

    Attributes:
        layer: The path of the module, ``""`` for the network itself.
        kind: The class of the module.
        call: 1 for its first run in a pass, 2 for the second, …
        is_leaf: Whether no modules are inside. The time of another is that of its own code: functional ops, Python.
        time_s: The median of its time over the passes, the cost of measuring taken off.
        interval: The confidence interval of that; ``None`` if there are too few passes.
        raw_s: ``time_s`` with the cost of measuring.
        is_resolved: Whether the time is long enough to be told from the cost of measuring.
        kernels: How many kernels it ran, on a GPU.
        kernel_names: The names of the kernels, the longest-running first.
        is_shared: Taken over from a run of the same op on the same shapes.
    """

    layer: str
    kind: str
    call: int
    is_leaf: bool
    time_s: float
    interval: Interval | None
    raw_s: float
    is_resolved: bool
    kernels: int | None = None
    kernel_names: tuple[str, ...] = ()
    is_shared: bool = False


class LayerTimes(ShortRecord, frozen=True):
    """Where the time of a forward pass goes. The rows are never rescaled to add up to the whole.

    Attributes:
        method: ``"hooks"`` on a CPU; ``"kernels"`` (traced), ``"events"`` or ``"isolated"`` on a GPU.
        rows: One for each run of each module, in the order in which they began.
        whole_s: The median time of a pass that nothing was measured in, taken in between.
        measured_s: The median time of a pass with the measurement in it.
        passes: How many passes each row was measured in.
        unowned_s: What ran in no module at all, such as a kernel that cannot be attributed.
        gap_s: On a GPU: the time between the first kernel and the last in which none ran.
        overlap_s: On a GPU: the time by which kernels on several streams overlap; each counts in its row.
        overhead_s: What measuring one call adds to the time of the module around it; taken off there.
        floor_s: What is measured of a module that does nothing; not taken off, since it has that cost anyhow.
        resolution_s: Rows shorter than this cannot be told from the cost of measuring.
        reasons: What a reader must know.
    """

    method: Literal["hooks", "kernels", "events", "isolated"]
    rows: tuple[LayerTime, ...]
    whole_s: float
    measured_s: float
    passes: int
    unowned_s: float = 0.0
    gap_s: float | None = None
    overlap_s: float = 0.0
    overhead_s: float = 0.0
    floor_s: float = 0.0
    resolution_s: float = 0.0
    reasons: tuple[Reason, ...] = ()

    @property
    def rows_s(self) -> float:
        """The sum of the rows and of what belongs to none of them."""
        return sum(row.time_s for row in self.rows) + self.unowned_s

    @property
    def closure(self) -> float:
        """The rows, with the gaps and without the overlaps on a GPU, over the whole pass: 1 if all of it is told."""
        return (self.rows_s + (self.gap_s or 0.0) - self.overlap_s) / self.whole_s


class LayerMemory(ShortRecord, frozen=True):
    """The memory of one run of one module: what it leaves behind, and the most at once while it ran.

    Attributes:
        layer: The path of the module.
        call: 1 for its first run, 2 for the second, …
        kept_bytes: How much more was allocated when it returned than when it began; negative if it freed more.
        peak_bytes: The most that was allocated at once while it ran, above what was there before.
    """

    layer: str
    call: int
    kept_bytes: int
    peak_bytes: int


class Memory(msgspec.Struct, frozen=True):
    """The memory of one forward pass.

    Attributes:
        parameter_bytes: The parameters, each piece of memory once.
        buffer_bytes: The buffers, likewise.
        input_bytes: What goes in.
        method: ``"profiler"``: the allocations that torch's profiler saw, replayed; ``"allocator"``: the peak that
            CUDA's allocator keeps; ``""``: neither.
        peak_bytes: The most that the pass allocates at once, above what was there; ``None``: not measured.
        high_water_bytes: By how much the process grew at most, as the operating system counts (CPU).
        reserved_bytes: What the allocator holds of the device at most, above what was allocated before (GPU).
        device_bytes: What is in use on the whole device after a pass, by all processes and by all networks that were
            measured by turns (GPU).
        layers: The memory by layer (GPU), or empty.
        reasons: Why something is missing.
    """

    parameter_bytes: int
    buffer_bytes: int
    input_bytes: int
    method: Literal["profiler", "allocator", ""]
    peak_bytes: int | None = None
    high_water_bytes: int | None = None
    reserved_bytes: int | None = None
    device_bytes: int | None = None
    layers: tuple[LayerMemory, ...] = ()
    reasons: tuple[Reason, ...] = ()


class Peaks(msgspec.Struct, frozen=True):
    """The best that a device does: the roof that layers are held against.

    Attributes:
        device_name: The processor or the GPU.
        precision: How numbers were represented.
        threads: Threads; ``None`` on a GPU.
        flops_per_s: The fastest matrix product; a multiply-accumulate is two.
        bytes_per_s: The fastest copy, what is read and what is written both counted.
        call_s: The time of a module that does next to nothing: no layer is faster.
        how: What was run, or ``"given"``.
        reasons: What a reader must know, such as that the computer was busy.
    """

    device_name: str
    precision: str
    threads: int | None
    flops_per_s: float
    bytes_per_s: float
    call_s: float
    how: str
    reasons: tuple[Reason, ...] = ()

    @property
    def ridge(self) -> float:
        """FLOPs for each byte from which on products limit what can be reached, and no longer memory."""
        return self.flops_per_s / self.bytes_per_s


class SelfTest(ShortRecord, frozen=True):
    """Two copies of one network measured by turns: what a machine makes of no difference at all.

    Attributes:
        architecture: The network.
        conditions: The conditions that both ran under.
        pairs: How often both ran, one right after the other.
        first_s: The median time of the first copy.
        second_s: The median time of the second copy.
        ratio: The median over the pairs of the second's time over the first's.
        interval: The 95 % interval of the ratio.
        least_ratio: The second's shortest time over the first's.
        round_spread: How much the medians of five stretches of time differ, over their median.
        environment: All that the times depend on.
        reasons: What disturbs.
    """

    architecture: str
    conditions: Conditions
    pairs: int
    first_s: float
    second_s: float
    ratio: float
    interval: Interval
    least_ratio: float
    round_spread: float
    environment: Environment
    reasons: tuple[Reason, ...] = ()

    @property
    def is_fair(self) -> bool:
        """Whether the copies do not differ by more than chance: 1 lies in an interval twice as wide.

        In the interval itself it does not lie in one of twenty tests, with nothing being wrong.
        """
        return abs(self.ratio - 1) <= 2 * self.interval.half_width

    @property
    def smallest_difference(self) -> float:
        """The smallest relative difference to believe on this machine now: all that two copies may differ by."""
        return max(abs(self.interval.low - 1), abs(self.interval.high - 1))


class Measurement(msgspec.Struct, frozen=True):
    """One network, measured under one set of conditions.

    Attributes:
        architecture: What was measured: a name of ours, or a source.
        input_shapes: The shapes of the tensors that went in, batch dimension included.
        conditions: What must be the same for a comparison.
        counted: The cost by count on that input.
        latency: The time of a whole pass; ``None``: it could not be run, see the reasons.
        gpu: Other times, on a GPU.
        layers: The time by layer, if that was asked for.
        memory: The memory of a pass.
        energy: The energy of a pass, if that was asked for.
        peaks: The best that the device does, if layers were measured.
        environment: All that the numbers depend on.
        reasons: What is missing, or must be known.
    """

    architecture: str
    input_shapes: tuple[Shape, ...]
    conditions: Conditions
    counted: CountedTotals
    environment: Environment
    latency: Latency | None = None
    gpu: GpuTimes | None = None
    layers: LayerTimes | None = None
    memory: Memory | None = None
    energy: Energy | None = None
    peaks: Peaks | None = None
    reasons: tuple[Reason, ...] = ()

    def __repr__(self) -> str:
        """Three lines: the network and its conditions, what was measured, and what is missing or must be known."""
        each = self.conditions
        title = (self.architecture, each.device_name, each.precision, f"batch {each.batch_size}")
        codes = [reason.code for reason in self.reasons]
        return three_lines(title, self._amounts(), f"Reasons: {', '.join(codes) if codes else 'none'}")

    def _amounts(self) -> Iterator[str]:
        if self.latency is None:
            yield "not run"
            return
        yield f"{units.seconds(self.latency.median_s)} a pass"
        if self.throughput is not None:
            yield units.rate(self.throughput, "inputs/s")
        if self.energy is not None and self.energy.input_j is not None:
            yield f"{units.joules(self.energy.input_j)} an input"

    @property
    def failure(self) -> Reason | None:
        """Why the network could not be run at all, unless memory was missing, which is a result."""
        return next((reason for reason in self.reasons if reason.code == "FAILED"), None)

    @property
    def throughput(self) -> float | None:
        """Inputs in a second: with a full queue if that was measured, else one pass after the other."""
        pipelined = self.gpu.pipelined_s if self.gpu is not None else None
        seconds = pipelined or (self.latency.median_s if self.latency is not None else None)
        return None if seconds is None else self.conditions.batch_size / seconds
