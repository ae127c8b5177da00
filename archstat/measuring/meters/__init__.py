"""What measures energy: one file = one meter.

A meter counts joules in steps: its reading stands still and then jumps, every 1 to 100 ms. How power and energy per
pass come from such steps is the business of :mod:`archstat.measuring.energy.whole`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason


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
        temperature_c: Its temperature.
        utilization: How busy it was lately, in percent.
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
        is_sampled: It looks at the power a part of the time only.
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
        boundary: What that includes: ``"GPU board"``.
    """

    id: str
    boundary: str

    def probe(self) -> Traits:
        """Whether it works here, and what it is like.

        Raises:
            MeterError: It does not.
        """
        ...

    def restart(self) -> None:
        """Forget the last reading: readings are compared from here on."""
        ...

    def read(self) -> Reading:
        """The energy so far.

        Raises:
            MeterError: It cannot be read, went backwards, or may have wrapped more than once since the last reading.
        """
        ...

    def power(self) -> Power | None:
        """What a sensor beside the counter says of the power; ``None`` if there is none."""
        ...

    def state(self) -> State:
        """Clocks, temperature and why they are reduced."""
        ...


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
