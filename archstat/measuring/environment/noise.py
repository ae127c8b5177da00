"""What else the computer does while something is measured, and when that is too much.

All of it can look well while the times are not: a neighbour on the same core, cache or memory shows in none of these
files. The spread of rounds taken at different times is the test that counts; these say where to look.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archstat.language import recorded
from archstat.measuring.environment.cgroups import times_throttled
from archstat.measuring.environment.procfiles import ROOT, NotToldError, asked_system, file_text, gather_fields
from archstat.measuring.protocols import Clock, HostClock
from archstat.records import Host, Noise, Reason

if sys.platform != "win32":
    import resource

#: The share of the time in which something waits for a core, from which on it is named.
PRESSURE_LIMIT = 0.05
#: The share of the wanted time that the hypervisor gives to others, from which on it is named.
STEAL_LIMIT = 0.01

_PRESSURE = "/proc/pressure/cpu"
_STAT = "/proc/stat"


class NoiseMeter:
    """Counts from now on what else the computer does."""

    def __init__(self, root: Path = ROOT, clock: Clock | None = None) -> None:
        """A meter that has begun.

        Args:
            root: The directory that stands for ``/``.
            clock: Tells how much time passes.
        """
        self._clock = clock or HostClock()
        self._readers: dict[str, Callable[[], tuple[float, ...]]] = {
            "pressure": lambda: _waited(root),
            "steal": lambda: _ticks(root),
            "throttled": lambda: (times_throttled(root),),
            "involuntary_switches": _switches,
            "cpu_per_wall": lambda: (time.process_time(),),
        }
        self._load, self._unknown = gather_fields({"load": _load})
        self._before, unknown = gather_fields(self._readers)
        self._unknown |= unknown
        self._start = self._clock.now_ns()

    def read(self) -> tuple[Noise, dict[str, str]]:
        """What the computer did besides since the meter began, and by field why some of that is not told."""
        after, unknown = gather_fields(self._readers)
        passed_s = (self._clock.now_ns() - self._start) / 1e9  # in the same order as at the start
        unknown = {**unknown, **self._unknown}
        values, more = gather_fields(
            {
                field: lambda field=field: _VALUES[field](_rise(self._before[field], after[field]), passed_s)  # type: ignore[misc]
                for field in self._readers
                if field not in unknown
            }
        )
        return Noise(**{**dict.fromkeys(self._readers), **values}, **self._load), {**unknown, **more}


def noise_reasons(noise: Noise, host: Host) -> tuple[Reason, ...]:
    """What a reader must know of all that; what is not told gives no reason here."""
    found = (_quota_reason(noise, host), _pressure_reason(noise), _steal_reason(noise), _load_reason(noise, host))
    return tuple(reason for reason in found if reason is not None)


def _quota_reason(noise: Noise, host: Host) -> Reason | None:
    if not noise.throttled:
        return None
    cores = recorded("{number} cores' worth of time", number=f"{host.quota_cores or 0:g}")
    told = recorded(
        "The container has {quota} and was stopped {count} times for using it up with {number} threads: times include "
        "the stops; use fewer threads, or raise the limit.",
        quota=recorded("a limit") if host.quota_cores is None else cores,
        count=noise.throttled,
        number=host.threads,
    )
    return Reason("CPU_QUOTA", told)


def _pressure_reason(noise: Noise) -> Reason | None:
    if noise.pressure is None or noise.pressure <= PRESSURE_LIMIT:
        return None
    told = recorded(
        "Something waited for a core during {first} % of the time, more than {second} %: stop other work, or use fewer "
        "threads.",
        first=f"{100 * noise.pressure:.1f}",
        second=f"{100 * PRESSURE_LIMIT:g}",
    )
    return Reason("HOST_PRESSURE", told)


def _steal_reason(noise: Noise) -> Reason | None:
    if noise.steal is None or noise.steal <= STEAL_LIMIT:
        return None
    told = recorded(
        "The hypervisor gave {first} % of the time that was wanted here to other machines, more than {second} %: times "
        "are longer by that or more; compare the shortest ones.",
        first=f"{100 * noise.steal:.1f}",
        second=f"{100 * STEAL_LIMIT:g}",
    )
    return Reason("HOST_STEAL", told)


def _load_reason(noise: Noise, host: Host) -> Reason | None:
    if noise.load is None or host.logical_cores is None or noise.load <= host.logical_cores:
        return None
    told = recorded(
        "In the minute before, {first} processes on average wanted to run on {second} cores: stop other work, and "
        "measure again.",
        first=f"{noise.load:.1f}",
        second=host.logical_cores,
    )
    return Reason("HOST_LOAD", told)


def _rise(before: tuple[float, ...], after: tuple[float, ...]) -> tuple[float, ...]:
    """By how much counters rose."""
    rises = tuple(late - early for early, late in zip(before, after, strict=True))
    if min(rises) < 0:
        raise NotToldError("The system's counter went backwards.")
    return rises


def _over_time(rises: tuple[float, ...], passed_s: float) -> float:
    if passed_s <= 0:
        raise NotToldError("No time passed.")
    return rises[0] / passed_s


def _stolen(rises: tuple[float, ...], _passed_s: float) -> float:
    """Of the time that was wanted: idle cores lose nothing, and would hide what the busy ones lose."""
    stolen, run = rises
    if not stolen + run:
        raise NotToldError("Too little time passed for the system's counter.")
    return stolen / (stolen + run)


def _count(rises: tuple[float, ...], _passed_s: float) -> int:
    return int(rises[0])


_VALUES: dict[str, Callable[[tuple[float, ...], float], Any]] = {
    "pressure": lambda rises, passed_s: min(1.0, _over_time(rises, passed_s)),  # the clocks are not read at one moment
    "steal": _stolen,
    "throttled": _count,
    "involuntary_switches": _count,
    "cpu_per_wall": _over_time,
}


def _waited(root: Path) -> tuple[float, ...]:
    """Seconds so far in which something waited for a core.

    Source: Linux, psi.rst.
    """
    text = file_text(root, _PRESSURE)
    total = re.search(r"^some .*\btotal=(\d+)$", text, re.MULTILINE)
    if total is None:
        raise NotToldError.of(_PRESSURE, text)
    return (int(total[1]) / 1e6,)


def _ticks(root: Path) -> tuple[float, ...]:
    """Ticks of all cores so far that were stolen, and that something ran.

    Source: Linux, proc_stat(5).
    """
    text = file_text(root, _STAT)
    line = text.partition("\n")[0]
    try:
        name, *ticks = line.split()
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
    except ValueError as error:
        raise NotToldError.of(_STAT, line) from error
    if name != "cpu":
        raise NotToldError.of(_STAT, line)
    return steal, user + nice + system + irq + softirq


def _switches() -> tuple[float, ...]:
    """How often this process, with all its threads, was taken off a core so far."""
    if sys.platform == "win32":
        raise NotToldError("Windows does not tell how often a process was taken off a core.")
    return (resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw,)


def _load() -> float:
    """Processes that wanted to run, the mean of the last minute."""
    one_minute, *_ = asked_system(lambda: os.getloadavg(), "how many processes want to run")  # noqa: PLW0108 - Windows lacks it
    return float(one_minute)
