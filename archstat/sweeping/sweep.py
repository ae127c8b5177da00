"""A sweep: what is not in the store yet is done, and goes in as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from archstat.errors import DataError
from archstat.store.records import Failure, StoredResult
from archstat.store.store import Store
from archstat.sweeping.tasks import Outcome, Task

Run = Callable[[list[list[Task]]], Iterator[tuple[Task, Outcome]]]
"""Does tasks, and hands on each outcome as soon as there is one."""


class SweepProgress(msgspec.Struct, frozen=True):
    """How far a sweep is.

    Attributes:
        there: The tasks that were done before this sweep began.
        done: The tasks that this sweep has done.
        failed: The tasks of this sweep that failed.
        left: The tasks that are still to be done.
        last: The network that was done last, or ``""``.
    """

    there: int
    done: int = 0
    failed: int = 0
    left: int = 0
    last: str = ""


def sweep_into(
    store: Store, bundles: Sequence[Sequence[Task]], run: Run, *, retries: bool = False
) -> Iterator[SweepProgress]:
    """Do what is not stored, store it, and tell how far it is after each task.

    Args:
        store: Where outcomes go, each in a transaction of its own.
        bundles: The tasks, those of one network in one bundle.
        run: Does them.
        retries: Do again what failed before.

    Raises:
        DataError: The store cannot be written.
    """
    todo = _not_done(store, bundles, retries=retries)
    total, left = sum(map(len, bundles)), sum(map(len, todo))
    progress = SweepProgress(total - left, left=left)
    yield progress
    if not todo:
        return
    for task, outcome in run(todo):
        failed = keep(store, task, outcome)
        progress = SweepProgress(
            progress.there, progress.done + 1, progress.failed + failed, progress.left - 1, task.network
        )
        yield progress


def _not_done(store: Store, bundles: Iterable[Sequence[Task]], *, retries: bool) -> list[list[Task]]:
    keys = [task.key for bundle in bundles for task in bundle]
    done = store.known(keys, with_failures=not retries)
    if any(task.measured is not None for bundle in bundles for task in bundle):
        done |= store.measured(keys)
    once: set[str] = set(done)
    left = []
    for bundle in bundles:
        new = [task for task in bundle if not (task.key in once or once.add(task.key))]  # type: ignore[func-returns-value]  # to be told once
        if new:
            left.append(new)
    return left


def keep(store: Store, task: Task, outcome: Outcome) -> bool:
    """Store what came of a task; what cannot be stored is a failure of it.

    Returns:
        Whether it failed.
    """
    failure = outcome.failure or _unmeasured(outcome)
    if failure is None and outcome.measurements:
        store.add_measurements(outcome.measurements, task=task.key)
        return False
    try:
        store.add([StoredResult(task.network, task.told, task.versions, outcome.cost, failure, outcome.elapsed_s)])
    except DataError as error:
        if failure is not None or outcome.cost is None:
            raise
        refused = Failure("failed", str(error))
        store.add([StoredResult(task.network, task.told, task.versions, None, refused, outcome.elapsed_s)])
        return True
    return failure is not None


def _unmeasured(outcome: Outcome) -> Failure | None:
    """Why a network could not be run, where that is all that was found out."""
    for measurement in outcome.measurements:
        if measurement.failure is not None:
            return Failure("failed", measurement.failure.text)
    return None
