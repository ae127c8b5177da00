"""Where something was measured: software, machine, board, and what else went on there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from archstat.records.telling import ShortRecord


class Software(msgspec.Struct, frozen=True):
    """The software that ran.

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
        processor: The name of the processor.
        architecture: ``"x86_64"``.
        physical_cores: The cores of the whole machine.
        logical_cores: The logical cores of the whole machine.
        affinity: The logical cores that this process may use.
        quota_cores: How many cores' worth of time the container may use.
        threads: Threads that work on one op.
        interop_threads: Threads that ops are spread over.
        frequency_mhz: The clock at the start.
        max_frequency_mhz: The highest clock.
        governor: How the clock is chosen.
        is_virtual: There is a hypervisor below.
        in_container: Whether this is a container.
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
        memory_bytes: The size of the board's memory.
        is_mig: Whether the board is cut into instances.
        compute_mode: Who may use the GPU.
        persistence: The driver stays loaded.
        ecc: Whether the memory corrects errors.
        is_confidential: Confidential computing is on.
        virtualization: ``"none"``, ``"passthrough"``, ``"vgpu"``, …
        power_limit_w: What the board may draw, as enforced.
        power_default_w: The limit as delivered.
        power_min_w: The lowest limit that can be set.
        power_max_w: The highest.
        sm_clock_mhz: The clock of the multiprocessors at the start and at the end.
        memory_clock_mhz: The clock of the memory at the start and at the end.
        max_sm_clock_mhz: The highest.
        max_memory_clock_mhz: The highest.
        temperature_c: At the start and at the end.
        performance_state: ``"P0"`` … ``"P15"`` at the end.
        processes: Other processes on the GPU.
        idle_utilization: How busy the GPU was, in percent, before we began.
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


class Environment(ShortRecord, frozen=True):
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
