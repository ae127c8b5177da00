"""Tasks that measure: one at a time on this machine, whoever else sweeps."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from archstat.sweeping.here import run_here
from archstat.sweeping.tasks import Limits, Outcome, Task

_LOCK = Path(tempfile.gettempdir()) / "archstat-measuring.lock"


def run_alone(bundles: Iterable[Sequence[Task]], limits: Limits) -> Iterator[tuple[Task, Outcome]]:
    """Do tasks one after the other, when no other sweep measures on this machine.

    Args:
        bundles: The tasks.
        limits: What one task may take.
    """
    with FileLock(_LOCK, mode=0o666):
        yield from run_here(bundles, 1, limits)
