"""The GPU as NVML, its driver's management library, describes it.

Every question may be refused: by old drivers, virtual boards, containers, users without rights. A refusal is ``None``,
and why is kept beside it.
Source: NVML API Reference, ``nvml.h``.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from archstat.measuring.metering import State

try:
    import pynvml
except ImportError:
    pynvml = None

#: Counters of reduced clocks: the field, and the policy of the older call. The fields of single causes (251 … in some
#: drivers, 269 … in others) are left out: under a wrong number they would tell of something else.
_THROTTLES = {"power_cap": (74, 0), "thermal": (75, 1), "board_limit": (77, 3), "reliability": (79, 5)}
_REASONS = {
    0x1: "idle",
    0x2: "application_clocks",
    0x4: "power_cap",
    0x8: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "thermal",
    0x40: "hw_thermal",
    0x80: "power_brake",
    0x100: "display_clocks",
}
_POWER_AVERAGE, _POWER_INSTANT = 185, 186
_VALUES = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")  # by the type that a field says it has
SM, MEMORY = 1, 2  # which clock
_VIRTUALIZATIONS = {0: "none", 1: "passthrough", 2: "vgpu", 3: "host_vgpu", 4: "host_vsga"}
_WHOLE_BOARD = 0  # NVML_POWER_SCOPE_GPU, which older bindings do not name
_SAMPLED = ((8, 0), (9, 0))  # GA100 and GH100, whose sensor looks at the power about a quarter of the time


class BoardState(NamedTuple):
    """What changes while we measure.

    Attributes:
        state: Clocks, temperature and why they are reduced.
        memory_clock_mhz: The clock of its memory.
        performance_state: ``"P0"`` is the fastest.
        processes: Other processes that compute on it.
        link: How the board is connected.
    """

    state: State
    memory_clock_mhz: float | None
    performance_state: str | None
    processes: int | None
    link: str | None


class Board:
    """One GPU, asked through NVML.

    Attributes:
        uuid: The identity of the board, which is never stored.
        refused: Why something is not told, by the name of the field of :class:`archstat.records.Gpu`.
    """

    def __init__(self, handle: Any, uuid: str) -> None:
        """A board that NVML has found."""
        self._handle, self.uuid = handle, uuid
        self.refused: dict[str, str] = {}
        self._refusals: dict[str, Any] = {}

    def ask(self, what: str, function: str, *args: Any) -> Any:
        """The answer of one function of NVML, or ``None``.

        Args:
            what: What is asked for, for the reason of a refusal.
            function: The name of the function, less ``nvmlDevice``.
            args: The arguments of the function besides the board.
        """
        return self._ask(what, f"nvmlDevice{function}", self._handle, *args)

    def ask_system(self, what: str, function: str) -> Any:
        """The answer of one function of NVML about the whole computer, by its name less ``nvmlSystem``; or ``None``."""
        return self._ask(what, f"nvmlSystem{function}")

    def _ask(self, what: str, function: str, *args: Any) -> Any:
        try:
            answer = getattr(pynvml, function)(*args)
        except AttributeError:
            self.refused[what] = f"The installed nvidia-ml-py does not know {function}."
        except pynvml.NVMLLibraryMismatchError:
            self.refused[what] = f"The driver is too old for {function}."
        except pynvml.NVMLError as error:
            self.refused[what], self._refusals[what] = _refusal(error, function), error.value
        except Exception as error:  # noqa: BLE001  # older bindings raise what they like: one question is lost by it
            self.refused[what] = f"The installed nvidia-ml-py fails at {function}: {type(error).__name__}."
        else:
            self.refused.pop(what, None)
            self._refusals.pop(what, None)
            return answer
        return None

    def was_denied(self, what: str) -> bool:
        """Whether NVML refused something for want of rights."""
        return bool(self._refusals.get(what) == pynvml.NVML_ERROR_NO_PERMISSION)

    def fields(self, what: str, *numbers: int) -> tuple[Any, ...]:
        """Values that are asked for by number, each of which may be refused by itself."""
        values = self.ask(what, "GetFieldValues", [(number, _WHOLE_BOARD) for number in numbers])
        return tuple(self._field(what, value) for value in values) if values is not None else (None,) * len(numbers)

    def _field(self, what: str, value: Any) -> Any:
        if value.nvmlReturn != pynvml.NVML_SUCCESS:
            self.refused[what] = _refusal(pynvml.NVMLError(value.nvmlReturn), f"field {value.fieldId}")
            return None
        if value.valueType >= len(_VALUES):
            self.refused[what] = f"Field {value.fieldId} is of a type {value.valueType} that is not known."
            return None
        return getattr(value.value, _VALUES[value.valueType])

    # -- energy and power ----------------------------------------------------------------------------------------------

    def energy_j(self) -> float | None:
        """Joules since the driver was loaded; from Volta on."""
        millijoules = self.ask("energy", "GetTotalEnergyConsumption")
        return None if millijoules is None else millijoules / 1e3

    def instant_w(self) -> float | None:
        """Momentary power, averaged over 10 to 100 ms."""
        (instant,) = self.fields("power", _POWER_INSTANT)
        if instant is None and not self._averages:
            instant = self.ask("power", "GetPowerUsage")
        return None if instant is None else instant / 1e3

    def average_w(self) -> float | None:
        """Power averaged over a second."""
        (average,) = self.fields("power", _POWER_AVERAGE)
        if average is None and self._averages:
            average = self.ask("power", "GetPowerUsage")
        return None if average is None else average / 1e3

    @cached_property
    def capability(self) -> tuple[int, int] | None:
        """The compute capability: what the chip can do, and by that which it is."""
        return self.ask("capability", "GetCudaComputeCapability")  # type: ignore[no-any-return]

    @property
    def _averages(self) -> bool:
        """The plain reading of power is an average over a second: Ampere without GA100, and what came later."""
        return (self.capability or (0, 0)) > (8, 0)

    @property
    def is_sampled(self) -> bool:
        """Whether the sensor of the board looks at the power a part of the time only."""
        return self.capability in _SAMPLED

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def is_mig(self) -> bool | None:
        """Whether the board is cut into instances."""
        mode = self.ask("is_mig", "GetMigMode")
        return None if mode is None else bool(mode[0] == 1)

    @property
    def virtualization(self) -> str | None:
        """How the board comes to a virtual machine, ``"wsl"`` for Linux under Windows."""
        if "microsoft" in platform.release().lower():
            return "wsl"
        return _VIRTUALIZATIONS.get(self.ask("virtualization", "GetVirtualizationMode"))

    @property
    def is_confidential(self) -> bool | None:
        """Confidential computing is on."""
        state = self.ask_system("is_confidential", "GetConfComputeState")
        return None if state is None else state.ccFeature == 1

    # -- what changes --------------------------------------------------------------------------------------------------

    def processes(self) -> int | None:
        """Other processes that compute on it.

        Ours is one of those that are listed, in a container under another number than its own: the network has to be on
        the GPU already. An empty list is none: it hides ours, and so maybe others.
        """
        listed: list[Any] | None = self.ask("processes", "GetComputeRunningProcesses")
        if listed:
            return len(listed) - 1
        if listed is not None:
            self.refused["processes"] = "The driver lists no process, not even ours: it hides them, as in containers."
        return None

    def state(self, time_ns: int) -> State:
        """Clocks, temperature and why they are reduced."""
        utilization = self.ask("idle_utilization", "GetUtilizationRates")
        return State(
            time_ns=time_ns,
            sm_clock_mhz=self.ask("sm_clock_mhz", "GetClockInfo", SM),
            temperature_c=self._temperature(),
            utilization=None if utilization is None else float(utilization.gpu),
            throttled_s=self._throttled(),
            clock_reasons=self._clock_reasons(),
        )

    def look(self, time_ns: int) -> BoardState:
        """All of the state that changes while we measure."""
        generation = self.ask("link", "GetCurrPcieLinkGeneration")
        width = self.ask("link", "GetCurrPcieLinkWidth")
        level = self.ask("performance_state", "GetPerformanceState")
        return BoardState(
            state=self.state(time_ns),
            memory_clock_mhz=self.ask("memory_clock_mhz", "GetClockInfo", MEMORY),
            performance_state=None if level is None else f"P{level}",
            processes=self.processes(),
            link=None if generation is None or width is None else f"PCIe {generation} x{width}",
        )

    def _temperature(self) -> float | None:
        now = self.ask("temperature_c", "GetTemperatureV", 0)
        return self.ask("temperature_c", "GetTemperature", 0) if now is None else now  # type: ignore[no-any-return]

    def _throttled(self) -> Mapping[str, float] | None:
        """Seconds of reduced clocks by cause; the counters are in nanoseconds."""
        counts = dict(zip(_THROTTLES, self.fields("throttled", *(f for f, _ in _THROTTLES.values())), strict=True))
        for cause, (_, policy) in _THROTTLES.items():
            # The older call where the driver does not know the field.
            if counts[cause] is None and (status := self.ask("throttled", "GetViolationStatus", policy)) is not None:
                counts[cause] = status.violationTime
        told = {cause: count / 1e9 for cause, count in counts.items() if count is not None}
        return told or None

    def _clock_reasons(self) -> tuple[str, ...]:
        mask = self.ask("clock_reasons", "GetCurrentClocksEventReasons")
        if mask is None:  # its name before driver 535
            mask = self.ask("clock_reasons", "GetCurrentClocksThrottleReasons")
        return tuple(name for bit, name in _REASONS.items() if (mask or 0) & bit)


def _refusal(error: Any, function: str) -> str:
    """Why there is no answer."""
    if error.value == pynvml.NVML_ERROR_NO_PERMISSION:
        return f"No permission for {function}; running unprivileged."
    if error.value == pynvml.NVML_ERROR_FUNCTION_NOT_FOUND:
        return f"The driver is too old for {function}."
    return f"{function}: {error}."
