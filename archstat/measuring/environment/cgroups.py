"""What the containers around this process let it have of the processor, and how often they stopped it.

A limit counts for everything below it, so that all the groups from our own up to the root count. Both versions of
cgroups are read, and a computer can have the processor in either. (Linux: cgroups(7), cgroup-v2.rst, sched-bwc.rst.)
"""

from __future__ import annotations

import os.path
from pathlib import Path, PurePosixPath

from archstat.measuring.environment.procfiles import ROOT, NotToldError, file_text

_OWN = "/proc/self/cgroup"
_MOUNTS = "/proc/self/mountinfo"


def quota_cores(root: Path = ROOT) -> float:
    """How many cores' worth of time this process may use.

    Raises:
        NotToldError: There is no limit, or it cannot be read.
    """
    limits = [limit for group in _groups(root) if (limit := _quota(root, group)) is not None]
    if not limits:
        raise NotToldError("No limit is set.")
    return min(limits)


def times_throttled(root: Path = ROOT) -> int:
    """How often this process was stopped so far for having used up such a limit.

    Raises:
        NotToldError: The stops are not counted, or cannot be read.
    """
    counts = [count for group in _groups(root) if (count := _throttled(root, group)) is not None]
    if not counts:
        raise NotToldError("No cgroup of this process counts how often it was stopped.")
    return sum(counts)


def _quota(root: Path, group: str) -> float | None:
    """The limit that one group sets; a file that is not there sets none, as in the root of version 2."""
    if _has(root, f"{group}/cpu.max"):
        path = f"{group}/cpu.max"
        text = file_text(root, path)
        amount, _, period = text.partition(" ")
    elif _has(root, f"{group}/cpu.cfs_quota_us"):
        path = f"{group}/cpu.cfs_quota_us"
        amount, period = file_text(root, path), file_text(root, f"{group}/cpu.cfs_period_us")
        text = f"{amount} {period}"
    else:
        return None
    if amount in {"max", "-1"}:
        return None
    try:
        cores = int(amount) / int(period)
    except (ValueError, ZeroDivisionError) as error:
        raise NotToldError.of(path, text) from error
    if cores <= 0:
        raise NotToldError.of(path, text)
    return cores


def _throttled(root: Path, group: str) -> int | None:
    path = f"{group}/cpu.stat"
    if not _has(root, path):
        return None
    lines = dict(line.partition(" ")[::2] for line in file_text(root, path).splitlines())
    try:
        return int(lines["nr_throttled"]) if "nr_throttled" in lines else None
    except ValueError as error:
        raise NotToldError.of(path, f"nr_throttled {lines['nr_throttled']}") from error


def _has(root: Path, path: str) -> bool:
    return (root / path.lstrip("/")).is_file()


def _groups(root: Path) -> list[str]:
    """The directories of the groups around this process, its own first.

    Raises:
        NotToldError: There are none to be seen.
    """
    mounts = _mounts(root)
    found: list[str] = []
    for line in file_text(root, _OWN).splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        version = "cgroup" if controllers else "cgroup2"
        if version in mounts and "cpu" in (controllers or "cpu").split(","):
            found += _upwards(*mounts[version], path)
    seen = [group for group in found if (root / group.lstrip("/")).is_dir()]
    if not seen:
        raise NotToldError("The cgroups of this process cannot be seen from here.")
    return seen


def _mounts(root: Path) -> dict[str, tuple[str, str]]:
    """Which part of the tree of groups is mounted, and where, for the version that rules the processor."""
    found: dict[str, tuple[str, str]] = {}
    for line in file_text(root, _MOUNTS).splitlines():
        place, _, kind = line.partition(" - ")
        columns, types = place.split(), kind.split()
        if len(columns) < 5 or len(types) < 3:
            continue
        if types[0] == "cgroup2" or (types[0] == "cgroup" and "cpu" in types[2].split(",")):
            found.setdefault(types[0], (columns[3], columns[4]))
    return found


def _upwards(part: str, mount: str, path: str) -> list[str]:
    """A group and those around it as far as they are mounted.

    A container that has its own view of groups mounts a part of the tree and may still be told the path in the whole
    one; a path that is not in that part (it can begin with ``/..``) leaves what is mounted.
    """
    inside = os.path.relpath(path, part)
    names = () if inside == "." or inside.startswith("..") else PurePosixPath(inside).parts
    return [str(PurePosixPath(mount, *names[:depth])) for depth in range(len(names), -1, -1)]
