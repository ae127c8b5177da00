"""What a meter of energy is, and the registry of all meters: one file of :mod:`archstat.measuring.meters` is one.

A meter counts joules in steps: its reading stands still and then jumps, every 1 to 100 ms. How power and energy per
pass come from such steps is the business of :mod:`archstat.measuring.energy.whole`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from archstat.errors import InputError, quoted
from archstat.measuring.protocols import Clock
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason
from archstat.registry import Registry


class MeterError(CannotMeasure):
    """A meter that is not there, or that cannot be trusted."""

    def __init__(self, code: str, text: str) -> None:
        """An error that a code names, with its sentence."""
        super().__init__(Reason(code, text))


class Reading(NamedTuple):
    """What the meter said, and between which two moments it said so.

    Attributes:
        before_ns: The time just before it was asked.
        after_ns: The time just after it had answered.
        joules: Energy since some moment: never less than before, wraps taken out.
    """

    before_ns: int
    after_ns: int
    joules: float

    @property
    def time_ns(self) -> int:
        """The middle of the two."""
        return (self.before_ns + self.after_ns) // 2


class Power(NamedTuple):
    """What a sensor of momentary power said, and when."""

    time_ns: int
    watts: float


class State(NamedTuple):
    """The state of the device at one moment; ``None``: not told.

    Attributes:
        time_ns: When.
        sm_clock_mhz: The clock of its multiprocessors.
        temperature_c: The temperature of the device.
        utilization: How busy the device was lately, in percent.
        throttled_s: Seconds of reduced clocks since some moment, by cause; ``None`` where it does not count them.
        clock_reasons: Why clocks are reduced right now, by the same names and some more.
    """

    time_ns: int
    sm_clock_mhz: float | None = None
    temperature_c: float | None = None
    utilization: float | None = None
    throttled_s: Mapping[str, float] | None = None
    clock_reasons: tuple[str, ...] = ()


class Traits(NamedTuple):
    """What a meter is like, and what measuring with it needs.

    Attributes:
        poll_s: How often to look whether it has stepped.
        settle_s: For how long it still shows what was before.
        window_s: The shortest window that means something.
        is_sampled: Whether the meter looks at the power a part of the time only.
        processes: Other processes on the device; ``None``: not told.
        gain_error: How far all of its readings may be off, relative; ``None``: nobody has told.
        reasons: What a reader of its numbers must know.
    """

    poll_s: float
    settle_s: float
    window_s: float
    is_sampled: bool = False
    processes: int | None = None
    gain_error: float | None = None
    reasons: tuple[Reason, ...] = ()


class Meter(Protocol):
    """Counts the energy of a device.

    Attributes:
        id: Which counter it reads: ``"nvml.total_energy"``.
        boundary: What the energy includes: ``"GPU board"``.
    """

    id: str
    boundary: str

    def probe(self) -> Traits:
        """What the meter is like, if it works here.

        Raises:
            MeterError: The meter does not work here.
        """
        ...

    def restart(self) -> None:
        """Forget the last reading: readings are compared from here on."""
        ...

    def read(self) -> Reading:
        """The energy so far.

        Raises:
            MeterError: The meter cannot be read, went back, or may have wrapped more than once since the last reading.
        """
        ...

    def power(self) -> Power | None:
        """What a sensor beside the counter says of the power; ``None`` if there is none."""
        ...

    def state(self) -> State:
        """Clocks, temperature and why they are reduced."""
        ...


# -- the registry ------------------------------------------------------------------------------------------------------

OpenMeter = Callable[[str, Clock], Meter]
"""From the id of a device (that of a GPU's board, ``""`` for a processor) and a clock to its meter, or a MeterError."""

Opens = TypeVar("Opens", bound=OpenMeter)


class MeterKind(msgspec.Struct, frozen=True):
    """An entry of the registry.

    Attributes:
        name: What a user asks for it by, in ``MeasureSetting.meter``.
        devices: The devices that the meter can measure, in torch's words: ``("cuda",)``.
        about: What the meter reads, in one line.
        open: Opens it for one device.
    """

    name: str
    devices: tuple[str, ...]
    about: str
    open: OpenMeter


METERS: Registry[MeterKind] = Registry("archstat.measuring.meters", "energy meter")


def meter(*devices: str) -> Callable[[Opens], Opens]:
    """Register the decorated function as the meter that its file is named after.

    Args:
        devices: The devices that the meter can measure, in torch's words: ``"cpu"``, ``"cuda"``.
    """

    def register(opens: Opens) -> Opens:
        name = opens.__module__.rpartition(".")[2]
        about = (opens.__doc__ or "").strip().split("\n", 1)[0]
        METERS.add(MeterKind(name, devices, about, opens))
        return opens

    return register


def kinds_for(device: str, name: str | None = None) -> list[MeterKind]:
    """The meters that can measure a device, in the order in which they are tried.

    Args:
        device: In torch's words: ``"cpu"``, ``"cuda"``.
        name: The only one that will do; ``None``: any.

    Raises:
        UnknownNameError: No meter has that name.
        InputError: The named meter cannot measure the device.
    """
    if name is None:
        return [kind for kind in METERS.all().values() if device in kind.devices]
    kind = METERS.get(name)
    if device not in kind.devices:
        raise InputError(f"The energy meter {quoted(name)} measures {' and '.join(kind.devices)}, and not {device}.")
    return [kind]


def open_meter(device: str, board: str, clock: Clock, name: str | None = None) -> Meter:
    """The first meter of a device that works.

    Args:
        device: In torch's words: ``"cpu"``, ``"cuda"``.
        board: The id of a GPU's board: ``"GPU-" + str(torch.cuda.get_device_properties(index).uuid)``; else ``""``.
        clock: What readings are timed with.
        name: The only meter that will do; ``None``: any that can measure the device.

    Raises:
        MeterError: None works; the reason is that of the first.
        UnknownNameError: No meter has that name.
        InputError: The named meter cannot measure the device.
    """
    # One by one: no meter is opened behind the first that works.
    answers = (_opened(kind, board, clock) for kind in kinds_for(device, name))
    failed: list[MeterError] = []
    for answer in answers:
        if not isinstance(answer, MeterError):
            return answer
        failed.append(answer)
    raise failed[0]


def _opened(kind: MeterKind, board: str, clock: Clock) -> Meter | MeterError:
    """A meter, or why it does not work here."""
    try:
        return kind.open(board, clock)
    except MeterError as error:
        return error


# -- reduced clocks ----------------------------------------------------------------------------------------------------


def throttled_between(start: State, end: State) -> dict[str, float] | None:
    """Seconds of reduced clocks by cause, those without any left out; ``None``: not counted."""
    if start.throttled_s is None or end.throttled_s is None:
        return None
    common = start.throttled_s.keys() & end.throttled_s.keys()
    spent = {cause: end.throttled_s[cause] - start.throttled_s[cause] for cause in sorted(common)}
    return {cause: seconds for cause, seconds in spent.items() if seconds > 0}


_THROTTLED = 0.01  # a smaller share of the time changes nothing that repetition could tell
_CODES = {"power_cap": "POWER_CAPPED", "thermal": "THROTTLED_THERMAL", "hw_thermal": "THROTTLED_THERMAL"}


def throttle_reasons(shares: Mapping[str, float]) -> list[Reason]:
    """One for each cause of reduced clocks that took a share of the time worth telling."""
    return [
        Reason(
            _CODES.get(cause, "THROTTLED_HW"),
            f"Clocks reduced during {100 * share:.0f} % of the time ({cause.replace('_', ' ')}).",
        )
        for cause, share in sorted(shares.items())
        if share > _THROTTLED
    ]
