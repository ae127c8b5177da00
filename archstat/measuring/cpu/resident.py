"""By how much a process grows while it runs something, as Linux counts its memory."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from archstat.language import recorded
from archstat.records import Reason

PROC = Path("/proc/self")


class _Resident(NamedTuple):
    """The memory of this process that is in main memory: at most since the last reset, and now."""

    most: int
    now: int


def growth_of(run: Callable[[], object], proc: Path = PROC) -> int | Reason:
    """The bytes by which this process grows at most, or why that is not known.

    What it had freed and kept is given back before, so that it grows by all that it takes, heap and libraries included.

    Args:
        run: What is run once.
        proc: Where Linux tells of this process.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # other C libraries have no such function
        ctypes.CDLL(None).malloc_trim(0)
    before = _reset(proc)
    if isinstance(before, Reason):
        return before
    run()
    after = _resident(proc)
    return after if isinstance(after, Reason) else after.most - before.most


def _reset(proc: Path) -> _Resident | Reason:
    """Start the high-water mark anew."""
    try:
        # Linux: writing 5 sets the high-water mark to what is resident now.
        (proc / "clear_refs").write_text("5")
    except OSError as error:
        return _unknown(recorded("{file} cannot be written ({error})", file=proc / "clear_refs", error=error.strerror))
    resident = _resident(proc)
    if not isinstance(resident, Reason) and resident.most - resident.now > _count_error():
        return _unknown(recorded("the operating system does not reset its high-water mark"))
    return resident


def _resident(proc: Path) -> _Resident | Reason:
    try:
        text = (proc / "status").read_text()
    except OSError as error:
        return _unknown(recorded("{file} cannot be read ({error})", file=proc / "status", error=error.strerror))
    found = dict(re.findall(r"^(VmHWM|VmRSS):\s*(\d+) kB$", text, re.MULTILINE))
    if len(found) < 2:
        return _unknown(recorded("{file} does not name both VmHWM and VmRSS", file=proc / "status"))
    return _Resident(int(found["VmHWM"]) * 1024, int(found["VmRSS"]) * 1024)


def _unknown(why: str) -> Reason:
    return Reason("HIGH_WATER_UNAVAILABLE", recorded("The growth of the process was not measured: {why}.", why=why))


def _count_error() -> int:
    """How far Linux's count of pages may be off: each core keeps up to a batch of them to itself."""
    cores = os.cpu_count() or 1
    return max(32, 2 * cores) * cores * os.sysconf("SC_PAGE_SIZE")
