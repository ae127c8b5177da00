"""A process that does tasks, and is ended when one takes too long or too much."""

from __future__ import annotations

import contextlib
import pickle
import select
import signal
import subprocess
import sys
import time

import msgspec
import psutil

from archstat import units
from archstat.store.records import Failure
from archstat.sweeping.child import LENGTH
from archstat.sweeping.tasks import Limits, Outcome, Task

_LOOK_S = 0.25
"""How often the memory and the clock are looked at: to find the processes of a process takes milliseconds."""

_CHUNK = 1 << 20


class TaskProcess(contextlib.AbstractContextManager["TaskProcess"]):
    """One process of its own, started when it is needed, and again after it was ended."""

    def __init__(self, limits: Limits) -> None:
        """Nothing runs yet.

        Args:
            limits: What one task may take.
        """
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._received = bytearray()

    def do(self, task: Task) -> Outcome:
        """One task; what ends its process is a failure of this task alone."""
        start = time.monotonic()
        process = self._running()
        failure = self._send(process, task) or self._wait(process, start)
        if failure is None:
            outcome = msgspec.json.decode(self._message(), type=Outcome)
            if task.is_foreign and not task.is_done_apart:
                self.end()  # code of others has run in it, and may have changed anything
            return outcome
        self.end()
        return Outcome(failure=failure, elapsed_s=time.monotonic() - start)

    def kill(self) -> None:
        """Kill the process from another thread than the one that waits for it, which then hears that it died."""
        process = self._process
        if process is not None and process.poll() is None:
            for each in _family(process.pid):
                with contextlib.suppress(psutil.Error):
                    each.kill()
            process.kill()

    def end(self) -> None:
        """End the process; nothing of it is left."""
        self.kill()
        process, self._process = self._process, None
        self._received.clear()
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.end()

    def _running(self) -> subprocess.Popen[bytes]:
        """The process, started anew where there is none, or what it has gathered leaves too little to the next task."""
        if self._process is not None and 2 * _own_memory(self._process.pid) > self._limits.memory_bytes:
            self.end()
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "archstat.sweeping.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the process that waits, which ends this one
            )
        return self._process

    def _send(self, process: subprocess.Popen[bytes], task: Task) -> Failure | None:
        message = pickle.dumps(task)
        assert process.stdin is not None
        try:
            process.stdin.write(LENGTH.pack(len(message)) + message)
            process.stdin.flush()
        except OSError:
            return _died(process)
        return None

    def _wait(self, process: subprocess.Popen[bytes], start: float) -> Failure | None:
        """Wait for an outcome; ``None``: it has come."""
        assert process.stdout is not None
        limits = self._limits
        while not self._is_whole():
            ready, _, _ = select.select([process.stdout], [], [], _LOOK_S)
            if ready:
                got = process.stdout.read1(_CHUNK)  # type: ignore[attr-defined]  # a pipe is buffered
                if not got:
                    return _died(process)
                self._received += got
            elif time.monotonic() - start > limits.timeout_s:
                return Failure("timeout", f"It took longer than {limits.timeout_s:g} s.")
            if not ready and _memory_of(process.pid) > limits.memory_bytes:
                return Failure("memory", f"It took more than {units.data_size(limits.memory_bytes)} of memory.")
        return None

    def _is_whole(self) -> bool:
        if len(self._received) < LENGTH.size:
            return False
        (length,) = LENGTH.unpack_from(self._received)
        return len(self._received) >= LENGTH.size + int(length)

    def _message(self) -> bytes:
        (length,) = LENGTH.unpack_from(self._received)
        end = LENGTH.size + int(length)
        message = bytes(self._received[LENGTH.size : end])
        del self._received[:end]
        return message


def _died(process: subprocess.Popen[bytes]) -> Failure:
    """Why a process is there no longer."""
    code = process.wait()
    if code >= 0:
        return Failure("died", f"Its process ended with exit code {code}.")
    with contextlib.suppress(ValueError):
        return Failure("died", f"Its process was ended by {signal.Signals(-code).name}.")
    return Failure("died", f"Its process was ended by signal {-code}.")


def _family(pid: int) -> list[psutil.Process]:
    """The processes that a process has started."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _own_memory(pid: int) -> int:
    """The memory of a process; 0 if it is there no longer."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _memory_of(pid: int) -> int:
    """The memory of a process and of those that it has started."""
    return _own_memory(pid) + sum(_own_memory(each.pid) for each in _family(pid))
