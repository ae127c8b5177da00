"""The nouns of measuring: what ran under which conditions, how long it took, what it drew. Plain frozen records.

Base units, named by suffixes: ``_s`` seconds, ``_j`` joules, ``_w`` watts, ``_bytes``. What could not be measured is
``None``, never 0, and a :class:`Reason` says why. Nothing here needs torch; all of it goes to a file and back. All of
them stand here, however long that is: a reader of a file looks one up by following another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from archstat.records import Shape

#: How numbers are represented: fp32 means fp32, also in convolutions; tf32 is fp32 with products of 10-bit mantissas.
Precision = Literal["fp32", "tf32", "bf16", "fp16"]
ELEMENT_TYPES: Mapping[Precision, str] = {
    "fp32": "float32",
    "tf32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
}
"""The element type of each, in torch's words."""
PRECISIONS = tuple(ELEMENT_TYPES)


class Reason(msgspec.Struct, frozen=True):
    """Why a quantity is missing, or what a reader must know about one that is there.

    Attributes:
        code: What programs look for: ``"HOST_NOISY"``; ``docs/measuring.md`` lists them.
        text: One sentence with the values: what happened, and what to do.
    """

    code: str
    text: str


class Conditions(msgspec.Struct, frozen=True):
    """What must be the same for two measurements to be compared.

    Attributes:
        device: ``"cpu"`` or ``"cuda"``.
        device_name: The processor or the GPU in its maker's words.
        precision: How numbers are represented.
        batch_size: Inputs at once.
        mode: ``"eager"`` or ``"compiled"``.
        memory_format: ``"contiguous"`` or ``"channels_last"``.
        threads: Threads that work on one op; ``None`` on a GPU.
        power_limit_w: What the board may draw; ``None`` on a CPU, or where it is not told.
    """

    device: Literal["cpu", "cuda"]
    device_name: str
    precision: Precision
    batch_size: int
    mode: Literal["eager", "compiled"] = "eager"
    memory_format: Literal["contiguous", "channels_last"] = "contiguous"
    threads: int | None = None
    power_limit_w: float | None = None

    @property
    def dtype(self) -> str:
        """The element type in torch's words."""
        return ELEMENT_TYPES[self.precision]


class Counted(msgspec.Struct, frozen=True):
    """What the network costs by count, on the same input; so that a saved measurement needs no network beside it."""

    parameters: int
    macs: int
    flops: int
    activations: int
    activation_bytes: int
    peak_activation_bytes: int


class Interval(msgspec.Struct, frozen=True):
    """A confidence interval of 95 %.

    Attributes:
        low: Where it begins, in the unit of what it belongs to.
        high: Where it ends.
        method: ``"batch medians"``, ``"round medians"``, ``"order statistics"`` or ``"trials"``.
    """

    low: float
    high: float
    method: str

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2


class Latency(msgspec.Struct, frozen=True):
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
        warm_up_s: Their time.
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
        kind: Its class.
        call: 1 for its first run in a pass, 2 for the second, …
        is_leaf: It has no modules inside. The time of another is that of its own code: functional ops, Python.
        time_s: The median of its time over the passes, the cost of measuring taken off.
        interval: The confidence interval of that; ``None`` if there are too few passes.
        raw_s: The same with the cost of measuring.
        is_resolved: It is long enough to be told from the cost of measuring.
        kernels: How many kernels it ran, on a GPU.
        kernel_names: Their names, the longest-running first.
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


class LayerTimes(msgspec.Struct, frozen=True):
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
        """That sum, with the gaps and without the overlaps on a GPU, over the whole pass: 1 if all of it is told."""
        return (self.rows_s + (self.gap_s or 0.0) - self.overlap_s) / self.whole_s


class LayerMemory(msgspec.Struct, frozen=True):
    """The memory of one run of one module: what it leaves behind, and the most at once while it ran."""

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
        layers: The same by layer (GPU), or empty.
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


class IdlePower(msgspec.Struct, frozen=True):
    """What is drawn while nothing runs, the device being ready to.

    Attributes:
        power_w: That power.
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
        temperature_c: Likewise.
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
        layer: Its path.
        call: Which run of it.
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
        boundary: What it includes: ``"GPU board"``, ``"CPU packages and DRAM"``.
        mode: ``"pipelined"``: the queue kept full; ``"latency"``: each pass waited for.
        batch_size: Inputs in one pass.
        trials: The windows.
        pass_j: The energy of one forward pass, gross: the mean of the trials; ``None``: not measured.
        uncertainty_j: Its repeatability: the half-width of the 95 % interval from the spread of the trials.
        net_j: The same less what is drawn idle in that time.
        net_uncertainty_j: Likewise, the idle power's included.
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


class Software(msgspec.Struct, frozen=True):
    """What ran.

    Attributes:
        archstat: Our version.
        python: Python's version.
        torch: Torch's, with the build: ``"2.13.0+cpu"``.
        numpy: NumPy's.
        cuda: The CUDA that torch was built for.
        cudnn: The cuDNN that torch found.
        libraries: Versions of the libraries that networks come from, if they are imported: timm, torchvision, …
        system: The operating system and the kernel: ``"Linux 6.1.0"``.
    """

    archstat: str
    python: str
    torch: str
    numpy: str | None
    cuda: str | None
    cudnn: str | None
    libraries: Mapping[str, str]
    system: str


class Host(msgspec.Struct, frozen=True):
    """The computer; ``None``: not told.

    Attributes:
        processor: Its name.
        architecture: ``"x86_64"``.
        physical_cores: Of the whole machine.
        logical_cores: Likewise.
        affinity: The logical cores that this process may use.
        quota_cores: How many cores' worth of time the container may use.
        threads: Threads that work on one op.
        interop_threads: Threads that ops are spread over.
        frequency_mhz: The clock at the start.
        max_frequency_mhz: The highest clock.
        governor: How the clock is chosen.
        is_virtual: There is a hypervisor below.
        in_container: It is a container.
        memory_bytes: Main memory.
        huge_pages: How transparent huge pages are used.
        variables: Environment variables that steer the threads: ``OMP_NUM_THREADS``, …
    """

    processor: str
    architecture: str
    physical_cores: int | None
    logical_cores: int | None
    affinity: tuple[int, ...] | None
    quota_cores: float | None
    threads: int
    interop_threads: int
    frequency_mhz: float | None
    max_frequency_mhz: float | None
    governor: str | None
    is_virtual: bool | None
    in_container: bool | None
    memory_bytes: int | None
    huge_pages: str | None
    variables: Mapping[str, str]


class Noise(msgspec.Struct, frozen=True):
    """What else the computer did meanwhile; ``None``: not told.

    Attributes:
        load: Processes that wanted to run, the mean of the last minute, at the start.
        pressure: The share of the time in which something waited for a core.
        steal: The share of the time that the hypervisor gave to others.
        throttled: How often the container was stopped for having used up its quota.
        involuntary_switches: How often this process was taken off its core.
        cpu_per_wall: The processor time of this process over the time that passed.
    """

    load: float | None
    pressure: float | None
    steal: float | None
    throttled: int | None
    involuntary_switches: int | None
    cpu_per_wall: float | None


class Gpu(msgspec.Struct, frozen=True):
    """The GPU as its driver describes it; ``None``: not told.

    Attributes:
        name: In its maker's words.
        uuid_hash: A hash of its identity, so that two results can be told to come from one board.
        driver: The driver's version.
        cuda_driver: The newest CUDA that the driver knows.
        vbios: The version of its firmware.
        capability: ``"9.0"``.
        multiprocessors: How many.
        memory_bytes: Its memory.
        is_mig: It is cut into instances.
        compute_mode: Who may use it.
        persistence: The driver stays loaded.
        ecc: Its memory corrects errors.
        is_confidential: Confidential computing is on.
        virtualization: ``"none"``, ``"passthrough"``, ``"vgpu"``, …
        power_limit_w: What it may draw, as enforced.
        power_default_w: The limit as delivered.
        power_min_w: The lowest limit that can be set.
        power_max_w: The highest.
        sm_clock_mhz: At the start and at the end.
        memory_clock_mhz: Likewise.
        max_sm_clock_mhz: The highest.
        max_memory_clock_mhz: The highest.
        temperature_c: At the start and at the end.
        performance_state: ``"P0"`` … ``"P15"`` at the end.
        processes: Other processes on it.
        idle_utilization: How busy it was, in percent, before we began.
        link: ``"PCIe 5 x16"``.
        throttled: Seconds of reduced clocks while we measured, for each cause.
        clock_reasons: Every cause that was seen.
    """

    name: str
    uuid_hash: str | None = None
    driver: str | None = None
    cuda_driver: str | None = None
    vbios: str | None = None
    capability: str | None = None
    multiprocessors: int | None = None
    memory_bytes: int | None = None
    is_mig: bool | None = None
    compute_mode: str | None = None
    persistence: bool | None = None
    ecc: bool | None = None
    is_confidential: bool | None = None
    virtualization: str | None = None
    power_limit_w: float | None = None
    power_default_w: float | None = None
    power_min_w: float | None = None
    power_max_w: float | None = None
    sm_clock_mhz: tuple[float, float] | None = None
    memory_clock_mhz: tuple[float, float] | None = None
    max_sm_clock_mhz: float | None = None
    max_memory_clock_mhz: float | None = None
    temperature_c: tuple[float, float] | None = None
    performance_state: str | None = None
    processes: int | None = None
    idle_utilization: float | None = None
    link: str | None = None
    throttled: Mapping[str, float] = {}
    clock_reasons: tuple[str, ...] = ()


class Numerics(msgspec.Struct, frozen=True):
    """The switches of torch that decide which kernels run.

    Attributes:
        grad_mode: ``"inference_mode"`` or, where a network fails in that, ``"no_grad"``.
        tf32_matmul: Matrix products may use TF32.
        tf32_convolution: Convolutions may.
        cudnn_benchmark: cuDNN tries its algorithms out.
        deterministic: Only deterministic algorithms are used.
        attention: The kernels that scaled dot-product attention may use.
        fused_encoder: ``nn.TransformerEncoderLayer`` may use its fused path.
        mkldnn: oneDNN may be used.
    """

    grad_mode: Literal["inference_mode", "no_grad"]
    tf32_matmul: bool
    tf32_convolution: bool
    cudnn_benchmark: bool
    deterministic: bool
    attention: tuple[str, ...]
    fused_encoder: bool
    mkldnn: bool


class Environment(msgspec.Struct, frozen=True):
    """All that a number depends on besides the network.

    Attributes:
        started: When, in UTC: ``"2026-11-22T09:00:00Z"``.
        elapsed_s: How long all of it took.
        seed: What weights, inputs and orders were drawn with.
        software: What ran.
        host: On which computer.
        noise: What else that did.
        numerics: With which switches.
        gpu: On which GPU.
        unknown: Why a field is ``None``, by its name.
    """

    started: str
    elapsed_s: float
    seed: int
    software: Software
    host: Host
    noise: Noise
    numerics: Numerics
    gpu: Gpu | None = None
    unknown: Mapping[str, str] = {}


class SelfTest(msgspec.Struct, frozen=True):
    """Two copies of one network measured by turns: what a machine makes of no difference at all.

    Attributes:
        architecture: The network.
        conditions: Under which they ran.
        pairs: How often both ran, one right after the other.
        first_s: The median time of the first copy.
        second_s: That of the second.
        ratio: The median over the pairs of the second's time over the first's.
        interval: Its 95 % interval.
        least_ratio: The second's shortest time over the first's.
        round_spread: How much the medians of five stretches of time differ, over their median.
        environment: All that it depends on.
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
        counted: What it costs by count on that input.
        latency: The time of a whole pass; ``None``: it could not be run, see the reasons.
        gpu: Other times, on a GPU.
        layers: The time by layer, if that was asked for.
        memory: The memory of a pass.
        energy: Its energy, if that was asked for.
        peaks: The best that the device does, if layers were measured.
        environment: All that the numbers depend on.
        reasons: What is missing, or must be known.
    """

    architecture: str
    input_shapes: tuple[Shape, ...]
    conditions: Conditions
    counted: Counted
    environment: Environment
    latency: Latency | None = None
    gpu: GpuTimes | None = None
    layers: LayerTimes | None = None
    memory: Memory | None = None
    energy: Energy | None = None
    peaks: Peaks | None = None
    reasons: tuple[Reason, ...] = ()

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
