"""The energy of NVIDIA boards: the total-energy counter of NVML, or where that is missing its power sensor."""

from __future__ import annotations

from archstat.language import recorded
from archstat.measuring.environment.nvml_board import Board
from archstat.measuring.environment.nvml_lookup import mig, open_board
from archstat.measuring.metering import Meter, MeterError, Power, Reading, State, Traits, meter
from archstat.measuring.protocols import Clock
from archstat.records import Reason

_POLL_S = 0.01  # the counter steps every 20 to 100 ms, and is asked in 2 to 7
_RISE_S = 1.0  # the reading of momentary power needs 50 to 290 ms, this is well beyond
_AVERAGE_RISE_S = 2.0  # that of the average over a second
_WINDOW_S = 5.0  # below it the counter was seen short of the integrated power, by 4 % at 2 s
_INTEGRAL_WINDOW_S = 10.0
_SENSOR_POLL_S = 0.025  # a quarter of its usual period
_GAIN_ERROR = 0.05  # Yang, Adámek, Armour, 2024: usual of the boards' own sensors; -6 to +11 % were seen


class NvmlMeter:
    """The counter of a board: millijoules since the driver was loaded, from Volta on."""

    id = "nvml.total_energy"
    boundary = recorded("GPU board")

    def __init__(self, board: Board, clock: Clock) -> None:
        """The counter of this board."""
        self._board, self._clock = board, clock
        self._last_j = 0.0

    def probe(self) -> Traits:
        """What the counter is like.

        Raises:
            MeterError: The counter cannot be read.
        """
        self.read()
        return _traits(self._board, _POLL_S, _RISE_S, _WINDOW_S)

    def restart(self) -> None:
        """Forget the last reading."""
        self._last_j = 0.0

    def read(self) -> Reading:
        """The energy so far.

        Raises:
            MeterError: The counter cannot be read, or went backwards.
        """
        before = self._clock.now_ns()
        joules = self._board.energy_j()
        if joules is None:
            raise _lost(self._board, "energy")
        if joules < self._last_j:
            raise MeterError("ENERGY_BACKWARDS", "Energy counter went backwards (driver reload?). Trial discarded.")
        self._last_j = joules
        return Reading(before, self._clock.now_ns(), joules)

    def power(self) -> Power | None:
        """What the sensor of momentary power says; an average over a second is no momentary power."""
        before = self._clock.now_ns()
        watts = self._board.instant_w()
        return None if watts is None else Power((before + self._clock.now_ns()) // 2, watts)

    def state(self) -> State:
        """Clocks, temperature and why they are reduced."""
        return self._board.state(self._clock.now_ns())


class SensorMeter:
    """Power, integrated over time by the trapezoidal rule, for boards without a counter."""

    id = "nvml.power"
    boundary = recorded("GPU board")

    def __init__(self, board: Board, clock: Clock, reason: Reason) -> None:
        """The sensor of this board, and why its counter is not used."""
        self._board, self._clock, self._reason = board, clock, reason
        self._is_instant = board.instant_w() is not None
        self._last: Power | None = None
        self._total_j = 0.0

    def probe(self) -> Traits:
        """What the sensor is like.

        Raises:
            MeterError: The sensor cannot be read.
        """
        self.read()
        rise = _RISE_S if self._is_instant else _AVERAGE_RISE_S
        traits = _traits(self._board, _SENSOR_POLL_S, rise, _INTEGRAL_WINDOW_S)
        return traits._replace(reasons=(self._reason, *traits.reasons))

    def restart(self) -> None:
        """Begin a new integral."""
        self._last = None

    def read(self) -> Reading:
        """The integral so far.

        Raises:
            MeterError: The sensor cannot be read.
        """
        before = self._clock.now_ns()
        watts = self._board.instant_w() if self._is_instant else self._board.average_w()
        after = self._clock.now_ns()
        if watts is None:
            raise _lost(self._board, "power")
        now = Power((before + after) // 2, watts)
        if self._last is not None:
            self._total_j += (self._last.watts + watts) / 2 * (now.time_ns - self._last.time_ns) / 1e9
        self._last = now
        return Reading(before, after, self._total_j)

    def power(self) -> Power | None:
        """Nothing: the sensor would be compared with itself."""
        return None

    def state(self) -> State:
        """Clocks, temperature and why they are reduced."""
        return self._board.state(self._clock.now_ns())


@meter("cuda")
def nvml_meter(uuid: str, clock: Clock) -> Meter:
    """The energy counter of an NVIDIA board, or its power sensor where it has no counter.

    Raises:
        MeterError: The board has neither, or what it tells is not about this work alone.
    """
    board = open_board(uuid)
    if board.is_mig:
        raise mig()
    if board.energy_j() is not None:
        return NvmlMeter(board, clock)
    if board.instant_w() is None and board.average_w() is None:
        raise _unsupported(board, "and no power sensor: energy not measured.")
    reason = _unsupported(board, "Falling back to power sampling (nvml.power).").reason
    return SensorMeter(board, clock, reason)


def _unsupported(board: Board, what_then: str) -> MeterError:
    """Why the counter cannot be read."""
    why = board.refused.get("energy", "")
    if board.was_denied("energy"):
        return MeterError("NVML_PERMISSION", f"{why} {what_then[0].upper()}{what_then[1:]}")
    if (virtual := board.virtualization) in {"vgpu", "wsl"}:
        return MeterError("VGPU_WSL", f"The energy counter is not offered under {virtual}; {what_then}")
    return MeterError(
        "ENERGY_UNSUPPORTED", f"This GPU or driver has no total-energy counter (needs Volta or newer); {what_then}"
    )


def _lost(board: Board, what: str) -> MeterError:
    return MeterError("NVML_DRIVER", f"NVML stopped answering: {board.refused.get(what, '')} Energy not measured.")


def _traits(board: Board, poll_s: float, settle_s: float, window_s: float) -> Traits:
    reasons, processes = [], board.processes()
    if processes is None:
        why = f"Whether others use this GPU is not known. {board.refused['processes']}"
        reasons.append(Reason("OTHER_GPU_PROCESSES", f"{why} Energy includes their load, if any."))
    if board.is_sampled:
        reasons.append(
            Reason(
                "SAMPLED_SENSOR",
                "The power sensor of this GPU observes about 25 % of the time; windows were lengthened and randomized.",
            )
        )
    if board.is_confidential:
        reasons.append(Reason("CC_ENABLED", "Confidential computing is on: the work it adds is in the energy."))
    return Traits(poll_s, settle_s, window_s, board.is_sampled, processes, _GAIN_ERROR, tuple(reasons))
