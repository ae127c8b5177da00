"""The energy of processors, as the kernel's powercap tree tells it (RAPL: running average power limit).

Zones overlap: ``psys`` holds ``package``, which holds ``core`` and ``uncore``; ``dram`` lies outside. Only packages and
memory are added. ``intel-rapl-mmio`` shows the packages of ``intel-rapl`` a second time. Other processes are included.
Source: Linux, Documentation/power/powercap/powercap.rst; Intel SDM vol. 3B, 14.10.
"""

from __future__ import annotations

from pathlib import Path

from archstat.language import recorded
from archstat.measuring.metering import Meter, MeterError, Power, Reading, State, Traits, meter
from archstat.measuring.protocols import Clock
from archstat.records import Reason

POWERCAP = Path("/sys/class/powercap")
PROCESSORS = Path("/proc/cpuinfo")

_POLL_S = 0.1  # a thread that asks a thousand times a second draws what it wants to measure
_WINDOW_S = 2.0  # the counter steps every millisecond, so that 20 readings are what a window is short of
_MOST_W = 1000.0  # no package draws more: the time in which a counter wraps follows from it


class _Zone:
    """One counter, with what it had counted when it was last read."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self._folder = name, folder
        self._range_j = _number(folder / "max_energy_range_uj") / 1e6
        self._last_j: float | None = None
        self._total_j = 0.0

    @property
    def safe_s(self) -> float:
        """Asked at least this often, it cannot wrap unseen."""
        return self._range_j / _MOST_W / 2

    def restart(self) -> None:
        self._last_j = None

    def read(self) -> float:
        """Joules since the first reading.

        Raises:
            MeterError: The counter went backwards, and does not say where it wraps.
        """
        now = _number(self._folder / "energy_uj") / 1e6
        step = now - (now if self._last_j is None else self._last_j)
        self._last_j = now
        # The counter starts anew at the end of its range; once, as :attr:`safe_s` sees to.
        if step < 0:
            step += self._range_j
        if step < 0:
            raise MeterError("ENERGY_BACKWARDS", f"The energy counter of {self.name} went backwards. Trial discarded.")
        self._total_j += step
        return self._total_j


class RaplMeter:
    """All packages of the computer, and their memory where that is counted."""

    id = "rapl"

    def __init__(self, clock: Clock, root: Path = POWERCAP, processors: Path = PROCESSORS) -> None:
        """The counters below ``root``.

        Raises:
            MeterError: There are none, or they may not be read.
        """
        self._clock = clock
        self._zones = _zones(root)
        self._last_ns: int | None = None
        if not self._zones:
            raise _absent(processors)
        has_memory = any(zone.name == "dram" for zone in self._zones)
        self.boundary = recorded("CPU packages and DRAM") if has_memory else recorded("CPU packages")

    def probe(self) -> Traits:
        """What the meter is like, if it can be read.

        Raises:
            MeterError: The meter cannot be read.
        """
        self.read()
        whole = Reason(
            "WHOLE_PACKAGE",
            recorded("The counters are of whole processors: what other processes draw is included."),
        )
        return Traits(poll_s=_POLL_S, settle_s=1.0, window_s=_WINDOW_S, reasons=(whole,))

    def restart(self) -> None:
        """Forget the last reading."""
        self._last_ns = None
        for zone in self._zones:
            zone.restart()

    def read(self) -> Reading:
        """The energy of all zones since the first reading.

        Raises:
            MeterError: A zone may not be read, or may have wrapped more than once since the last reading.
        """
        before = self._clock.now_ns()
        gap_s = (before - (before if self._last_ns is None else self._last_ns)) / 1e9
        joules = sum(zone.read() for zone in self._zones)
        self._last_ns = self._clock.now_ns()
        # A range that is not told cannot make a wrap ambiguous: without it every step back is an error.
        unsafe = [zone for zone in self._zones if 0 < zone.safe_s < gap_s]
        if unsafe:
            raise MeterError(
                "RAPL_WRAP_AMBIGUOUS",
                f"The counter of {unsafe[0].name} was not read for {gap_s:.0f} s and may have wrapped more than once; "
                "discarded.",
            )
        return Reading(before, self._last_ns, joules)

    def power(self) -> Power | None:
        """There is no sensor of momentary power."""
        return None

    def state(self) -> State:
        """Nothing but the time: the kernel tells clocks and temperatures elsewhere."""
        return State(self._clock.now_ns())


def _zones(root: Path) -> list[_Zone]:
    """The counters that may be added: of packages and of memory, each once."""
    named = [(folder, _name(folder)) for folder in sorted(root.glob("intel-rapl*:*"))]
    counted = [(folder, name) for folder, name in named if name.startswith("package") or name == "dram"]
    through_registers = [(folder, name) for folder, name in counted if not folder.name.startswith("intel-rapl-mmio")]
    chosen = through_registers or counted
    # Memory alone would pass for the energy of the processor.
    return [_Zone(*zone) for zone in chosen] if any(name.startswith("package") for _, name in chosen) else []


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    """The number in a file.

    Raises:
        MeterError: The file may not be read.
    """
    try:
        return int(path.read_text(encoding="ascii"))
    except PermissionError as error:
        raise MeterError(
            "RAPL_PERMISSION",
            "RAPL counters are readable by root only since Linux 5.10 (CVE-2020-8694). An administrator may allow it "
            f"with a udev or tmpfiles rule: chmod 0444 {path} (a side-channel risk on shared hosts).",
        ) from error
    except (OSError, ValueError) as error:
        raise MeterError("RAPL_ABSENT", f"The RAPL counter {path} cannot be read: {error}.") from error


def _absent(processors: Path) -> MeterError:
    """Why there are no zones."""
    try:
        flags = processors.read_text(encoding="utf-8", errors="replace")
    except OSError:
        flags = ""
    if "hypervisor" in flags:
        return MeterError("RAPL_ABSENT_VM", "No RAPL zones (virtual machine): CPU energy cannot be measured here.")
    return MeterError(
        "RAPL_ABSENT",
        "No RAPL zones below /sys/class/powercap: CPU energy cannot be measured here. Is the module "
        "intel_rapl_msr loaded?",
    )


@meter("cpu")
def rapl_meter(_: str, clock: Clock) -> Meter:
    """The kernel's energy counters of processor packages and, where they are counted, of memory.

    Raises:
        MeterError: There are none, or they may not be read.
    """
    return RaplMeter(clock)
