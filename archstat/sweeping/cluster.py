"""Many tasks on the workers of a Dask cluster, which may come and go."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from archstat.errors import InputError, first_line, quoted
from archstat.networks.ingredients import version_of_torch
from archstat.store.records import Failure
from archstat.sweeping.guard import TaskProcess
from archstat.sweeping.tasks import Limits, Outcome, Task
from archstat.version import __version__

if TYPE_CHECKING:
    from distributed import Client, Future

_WAIT_S = 10
_IN_FLIGHT = 4
"""As many bundles for each thread of the cluster are sent ahead: more would fill the memory of the scheduler."""


def run_on_cluster(bundles: Iterable[Sequence[Task]], address: str, limits: Limits) -> Iterator[tuple[Task, Outcome]]:
    """Do tasks on a cluster, and hand on each outcome as soon as its bundle is done.

    A worker that dies costs the networks that it was at: Dask tries them on others first.

    Args:
        bundles: The tasks; those of a bundle are done by one worker.
        address: The scheduler: ``"tcp://head:8786"``.
        limits: What one task may take.

    Raises:
        InputError: There is no scheduler, or a worker has other versions of the programs.
    """
    from distributed import as_completed  # noqa: PLC0415 - an extra

    with _client(address) as client:
        _check_versions(client)
        rest = iter(bundles)
        sent: dict[Any, Sequence[Task]] = {}
        running = as_completed([])
        while True:
            for bundle in itertools.islice(rest, max(_room(client) - len(sent), 0)):
                future = client.submit(do_bundle, tuple(bundle), limits, pure=False)
                sent[future.key] = bundle
                running.add(future)
            if not sent:
                return
            future = next(running)
            yield from _outcomes(future, sent.pop(future.key))


def _client(address: str) -> Client:
    """A connection to the scheduler.

    Raises:
        InputError: There is none.
    """
    from distributed import Client  # noqa: PLC0415 - likewise

    try:
        return Client(address, timeout=_WAIT_S)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"There is no scheduler at {quoted(address)}: {first_line(error).rstrip('.')}.") from error


def _room(client: Client) -> int:
    threads: int = sum(client.nthreads().values())
    return _IN_FLIGHT * max(threads, 1)


def _outcomes(future: Future, bundle: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
    if future.status == "finished":
        yield from zip(bundle, future.result(), strict=True)
        return
    error = future.exception() if future.status == "error" else None
    reason = "it was cancelled" if error is None else first_line(error).rstrip(".")
    failure = Failure("died", f"Every worker that tried it died or failed: {reason}."[:1000])
    for task in bundle:
        yield task, Outcome(failure=failure)


def _check_versions(client: Client) -> None:
    """Refuse workers with other programs: their counts would stand under the versions of this machine.

    Raises:
        InputError: A worker has others.
    """
    own = program_versions()
    for worker, found in client.run(program_versions).items():
        if found != own:
            theirs, ours = (f"archstat {each[0]} with torch {each[1]}" for each in (found, own))
            raise InputError(f"The worker {worker} has {theirs}, this machine {ours}: install the same on both.")


def program_versions() -> tuple[str, str]:
    """The versions of archstat and of torch."""
    return __version__, version_of_torch()


# -- what a worker does ------------------------------------------------------------------------------------------------

_own = threading.local()
"""Each thread of a worker has a process of its own, which stays for its next bundle."""


def do_bundle(bundle: Sequence[Task], limits: Limits) -> list[Outcome]:
    """Do the tasks of a bundle on a worker.

    Args:
        bundle: The tasks.
        limits: What one task may take.
    """
    if getattr(_own, "limits", None) != limits:
        if hasattr(_own, "guard"):
            _own.guard.end()
        _own.guard, _own.limits = TaskProcess(limits), limits
    return [_own.guard.do(task) for task in bundle]
