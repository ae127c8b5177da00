"""The process that does tasks, one after the other: ``python -m archstat.sweeping.child``.

It reads tasks from its standard input and writes outcomes to its standard output, each with its length before it. What
a network prints goes to standard error, and what it reads is nothing.
"""

from __future__ import annotations

import os
import pickle
import struct
import threading
import time
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from archstat.errors import ArchstatError, shortened
from archstat.records import Measurement, ModelCost
from archstat.store.records import Failure
from archstat.sweeping.tasks import Outcome, Task

if TYPE_CHECKING:
    from archstat.analysis.graphs import NamedGraph
    from archstat.analysis.inference import NamedNetwork

LENGTH = struct.Struct("<Q")
_LONGEST = 1000
_ORPHANED_S = 1.0


def main() -> None:
    """Do tasks until nobody sends any more."""
    tasks, outcomes = _own_pipes()
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _make_ready()
    doer = _Doer()
    while (message := read_message(tasks)) is not None:
        task = pickle.loads(message)  # noqa: S301 - from the process that started this one
        if task.is_done_apart:
            _do_apart(doer, task, outcomes)
        else:
            _send(outcomes, doer.do(task))


def _make_ready() -> None:
    """Import what every task needs, once for all copies of this process."""
    import archstat.analysis.inference  # noqa: F401, PLC0415 - of this process alone, not of who imports its records


def _do_apart(doer: _Doer, task: Task, outcomes: BinaryIO) -> None:
    """Do a task in a copy of this process: what code of others changes is gone with it, and the next one finds none."""
    parent = os.getpid()
    child = os.fork()
    if not child:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        import torch  # noqa: PLC0415 - likewise

        torch.set_num_threads(1)  # the threads of the process that was copied are not in the copy, which would wait
        _send(outcomes, doer.do(task))
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        os.kill(os.getpid(), -status)  # as who waits must see it
    if status:
        os._exit(status)


def _send(outcomes: BinaryIO, outcome: Outcome) -> None:
    try:
        message = msgspec.json.encode(outcome)
    except (ValueError, TypeError) as error:  # half a pair of surrogates in a name
        failure = Failure("failed", _sentence(f"Its cost cannot be told as JSON: {error}"))
        message = msgspec.json.encode(Outcome(failure=failure, elapsed_s=outcome.elapsed_s))
    outcomes.write(LENGTH.pack(len(message)) + message)
    outcomes.flush()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, out of reach of whatever a network reads and prints."""
    tasks, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return tasks, outcomes


def _end_with(parent: int) -> None:
    """End when the process that sends tasks has died: a network that hangs would keep this one for ever."""
    while os.getppid() == parent:
        time.sleep(_ORPHANED_S)
    os._exit(1)


def read_message(pipe: BinaryIO) -> bytes | None:
    """The next message; ``None``: there are no more."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    message = pipe.read(length)
    return message if len(message) == length else None


class _Doer:
    """Does tasks; a network that several tasks in a row are of is built once."""

    def __init__(self) -> None:
        self._name = ""
        self._network: NamedNetwork | NamedGraph | None = None

    def do(self, task: Task) -> Outcome:
        """One task, whatever becomes of it."""
        start = time.perf_counter()
        try:
            cost = self._count(task) if task.measured is None else None
            measurements = () if task.measured is None else self._measure(task)
        except ArchstatError as error:
            failure = Failure("failed", _sentence(str(error)))
        except MemoryError:
            failure = Failure("memory", "It takes more memory than there is.")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a network raises is its failure
            failure = Failure("failed", _sentence(f"{type(error).__name__}: {error}"))
        else:
            return Outcome(cost, measurements, None, time.perf_counter() - start)
        self._network = None  # half-built, or half-changed
        return Outcome(failure=failure, elapsed_s=time.perf_counter() - start)

    def _count(self, task: Task) -> ModelCost:
        from archstat.analysis.graphs import NamedGraph  # noqa: PLC0415 - likewise
        from archstat.analysis.inference import analyse_named, named_network  # noqa: PLC0415 - imports torch

        if self._network is None or self._name != task.network:
            self._name, self._network = task.network, None  # one network at a time is in memory
            self._network = named_network(task.network)
        network = self._network
        if isinstance(network, NamedGraph):
            return network.analyse(task.setting).cost
        return analyse_named(network, task.setting).cost

    def _measure(self, task: Task) -> tuple[Measurement, ...]:
        from archstat.measuring.session import Session  # noqa: PLC0415 - imports torch

        assert task.measured is not None
        session = Session.of([task.network], task.setting, task.measured)
        return tuple(session.measurements())


def _sentence(text: str) -> str:
    """What an error says, in one line."""
    return shortened(" ".join(text.split()), _LONGEST)


if __name__ == "__main__":
    main()
