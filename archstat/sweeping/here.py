"""Many tasks on this machine: each of some threads waits for a process of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence

from archstat.sweeping.guard import TaskProcess
from archstat.sweeping.tasks import Limits, Outcome, Task

_WAIT_S = 0.2


def run_here(bundles: Iterable[Sequence[Task]], jobs: int, limits: Limits) -> Iterator[tuple[Task, Outcome]]:
    """Do tasks, and hand on each outcome as soon as there is one.

    Args:
        bundles: The tasks; those of a bundle follow each other in one process, which builds their network once.
        jobs: How many processes.
        limits: What one task may take.
    """
    waiting: queue.SimpleQueue[Sequence[Task] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Task, Outcome] | None] = queue.SimpleQueue()
    for bundle in bundles:
        waiting.put(bundle)
    for _ in range(jobs):
        waiting.put(None)
    guards = [TaskProcess(limits) for _ in range(jobs)]
    ends = threading.Event()
    threads = [threading.Thread(target=_work, args=(guard, waiting, done, ends), daemon=True) for guard in guards]
    for thread in threads:
        thread.start()
    try:
        yield from _outcomes(done, jobs)
    finally:
        ends.set()
        while any(thread.is_alive() for thread in threads):
            for guard, thread in zip(guards, threads, strict=True):
                guard.kill()  # again and again: a thread may just have been about to start one
                thread.join(_WAIT_S)


def _outcomes(done: queue.SimpleQueue[tuple[Task, Outcome] | None], jobs: int) -> Iterator[tuple[Task, Outcome]]:
    left = jobs
    while left:
        try:
            # Not for ever: a wait without an end hears no Ctrl-C on some systems.
            found = done.get(timeout=_WAIT_S)
        except queue.Empty:
            continue
        if found is None:
            left -= 1
        else:
            yield found


def _work(
    guard: TaskProcess,
    waiting: queue.SimpleQueue[Sequence[Task] | None],
    done: queue.SimpleQueue[tuple[Task, Outcome] | None],
    ends: threading.Event,
) -> None:
    try:
        while not ends.is_set() and (bundle := waiting.get()) is not None:
            for task in bundle:
                if ends.is_set():
                    return
                outcome = guard.do(task)
                if not ends.is_set():  # a process that was ended from outside has not failed
                    done.put((task, outcome))
    finally:
        guard.end()
        done.put(None)
