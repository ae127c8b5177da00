"""The record of a GPU: what its driver says of it before and after a measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import torch

from archstat.measuring.environment.nvml_board import MEMORY, SM, Board, BoardState
from archstat.measuring.environment.nvml_lookup import open_board
from archstat.measuring.metering import MeterError, throttle_reasons, throttled_between
from archstat.measuring.protocols import Clock
from archstat.records import Gpu, Reason

_COMPUTE_MODES = {0: "default", 1: "exclusive_thread", 2: "prohibited", 3: "exclusive_process"}


IDLE_S = 1.0
"""Over so long a time NVML takes the mean of how busy a board is, at most."""


class GpuWatch:
    """A GPU from now on; begin when the network is on it, so that the one process on it is ours."""

    def __init__(self, device: torch.device, clock: Clock) -> None:
        """Ask its driver for the first time, once what it says of the last second is not of our own work."""
        self._device, self._clock = device, clock
        self._board: Board | None = None
        self._refusal = ""
        try:
            self._board = open_board(uuid_of(device))
            clock.sleep(IDLE_S)
            self._start = self._board.look(clock.now_ns())
        except MeterError as error:
            self._refusal = str(error)

    @property
    def is_confidential(self) -> bool:
        """The GPU computes confidentially: its own times are not to be relied on."""
        return self._board is not None and bool(self._board.is_confidential)

    def finish(self) -> tuple[Gpu, dict[str, str]]:
        """The record, and why fields of it are ``None``."""
        about = torch.cuda.get_device_properties(self._device)
        told: dict[str, Any] = {
            "name": about.name,
            "capability": f"{about.major}.{about.minor}",
            "multiprocessors": about.multi_processor_count,
            "memory_bytes": about.total_memory,
        }
        if self._board is None:
            gpu = Gpu(**told)
            return gpu, {field: self._refusal for field in gpu.__struct_fields__ if getattr(gpu, field) is None}
        return gpu_record(self._board, self._start, self._board.look(self._clock.now_ns()), **told)


def gpu_reasons(gpu: Gpu, elapsed_s: float) -> list[Reason]:
    """What a reader must know of the GPU's state while it was measured."""
    reasons = throttle_reasons({cause: seconds / elapsed_s for cause, seconds in gpu.throttled.items()})
    if gpu.processes:
        told = f"{gpu.processes} other process{'es' * (gpu.processes > 1)} on this GPU"
        reasons.append(Reason("OTHER_GPU_PROCESSES", f"{told}: latency and energy include their load."))
    elif gpu.idle_utilization:
        busy = f"The GPU was {gpu.idle_utilization:.0f} % busy before anything of ours ran"
        reasons.append(Reason("OTHER_GPU_PROCESSES", f"{busy}: others use it, and the times include their load."))
    return reasons


def uuid_of(device: torch.device) -> str:
    """The identity of a GPU as NVML writes it; numbers of NVML and of CUDA differ."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def gpu_record(
    board: Board,
    start: BoardState,
    end: BoardState,
    *,
    name: str,
    capability: str | None = None,
    multiprocessors: int | None = None,
    memory_bytes: int | None = None,
    seen: Iterable[str] = (),
) -> tuple[Gpu, dict[str, str]]:
    """The record of a board, and why fields of it are ``None``.

    Args:
        board: The board.
        start: What the board said before the measurement, the GPU being idle.
        end: What the board said after the measurement.
        name: The name of the GPU as torch has it; so are the next three.
        capability: ``"9.0"``.
        multiprocessors: How many.
        memory_bytes: The memory of the board.
        seen: Causes of reduced clocks that were seen in between.
    """
    gpu = Gpu(
        name=name,
        uuid_hash=hashlib.sha256(board.uuid.encode()).hexdigest()[:16],
        capability=capability,
        multiprocessors=multiprocessors,
        memory_bytes=memory_bytes,
        **_lasting(board),
        **_limits(board),
        sm_clock_mhz=_pair(start.state.sm_clock_mhz, end.state.sm_clock_mhz),
        memory_clock_mhz=_pair(start.memory_clock_mhz, end.memory_clock_mhz),
        temperature_c=_pair(start.state.temperature_c, end.state.temperature_c),
        performance_state=end.performance_state,
        # Who came in between disturbed, and so did who has gone.
        processes=None if end.processes is None else max(end.processes, start.processes or 0),
        idle_utilization=start.state.utilization,
        link=end.link,
        throttled=throttled_between(start.state, end.state) or {},
        clock_reasons=tuple(sorted({*start.state.clock_reasons, *end.state.clock_reasons, *seen})),
    )
    # Reasons are kept by question, and not every question is a field of the record: a meter asks for the energy.
    return gpu, {field: why for field, why in board.refused.items() if getattr(gpu, field, 0) is None}


def _lasting(board: Board) -> dict[str, Any]:
    """What stays as it is while we measure."""
    cuda = board.ask_system("cuda_driver", "GetCudaDriverVersion_v2")
    persistence = board.ask("persistence", "GetPersistenceMode")
    ecc = board.ask("ecc", "GetEccMode")
    return {
        "driver": board.ask_system("driver", "GetDriverVersion"),
        "cuda_driver": None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}",
        "vbios": board.ask("vbios", "GetVbiosVersion"),
        "is_mig": board.is_mig,
        "compute_mode": _COMPUTE_MODES.get(board.ask("compute_mode", "GetComputeMode")),
        "persistence": None if persistence is None else persistence == 1,
        "ecc": None if ecc is None else ecc[0] == 1,
        "is_confidential": board.is_confidential,
        "virtualization": board.virtualization,
    }


def _limits(board: Board) -> dict[str, Any]:
    """How much the board may draw, in watts, and how fast its clocks may be."""
    lowest, highest = board.ask("power_min_w", "GetPowerManagementLimitConstraints") or (None, None)
    if lowest is None:  # one answer holds both
        board.refused["power_max_w"] = board.refused["power_min_w"]
    enforced = board.ask("power_limit_w", "GetEnforcedPowerLimit")
    milliwatts = {
        "power_limit_w": enforced,
        "power_default_w": board.ask("power_default_w", "GetPowerManagementDefaultLimit"),
        "power_min_w": lowest,
        "power_max_w": highest,
    }
    watts = {field: None if value is None else value / 1e3 for field, value in milliwatts.items()}
    return watts | {
        "max_sm_clock_mhz": board.ask("max_sm_clock_mhz", "GetMaxClockInfo", SM),
        "max_memory_clock_mhz": board.ask("max_memory_clock_mhz", "GetMaxClockInfo", MEMORY),
    }


def _pair(start: float | None, end: float | None) -> tuple[float, float] | None:
    return None if start is None or end is None else (start, end)
