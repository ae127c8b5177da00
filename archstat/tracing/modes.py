"""Torch as it is while a network is traced: its switches, its random numbers, its garbage; and how all is put back."""

from __future__ import annotations

import contextlib
import gc
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import get_ident
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn

from archstat.errors import ForwardError
from archstat.tracing import torch_private
from archstat.tracing.snapshot import Snapshot
from archstat.tracing.values import rng_states

_Result = TypeVar("_Result")


@contextlib.contextmanager
def below_autograd() -> Iterator[None]:
    """Ops reach a dispatch mode as they were written, and without a graph of gradients.

    As :func:`torch.inference_mode` does; but the tensors that are made are plain ones. A table of positions that the
    network keeps is then as good for training as one that it made itself.
    """
    with torch.no_grad(), torch_private.beneath_autograd():
        yield


def undoing(undo: Callable[[], None], run: Callable[[], _Result]) -> _Result:
    """Run something, and then undo what it changed, whatever happened.

    An interrupt may hit ``undo`` itself, or the moment before it: then it runs again, and again for a second one. So it
    must be able to start anew.
    """
    undone: list[bool] = []

    def undo_once() -> None:
        if not undone:
            undo()
            undone.append(True)

    try:
        try:
            try:
                return run()
            finally:
                undo_once()
        finally:
            undo_once()
    finally:
        undo_once()


def without_garbage_collection(run: Callable[[], _Result]) -> _Result:
    """Run something while memory is freed by the last reference alone, the same way each time."""
    was_enabled = gc.isenabled()

    def put_back() -> None:
        if was_enabled:
            gc.enable()

    def run_without() -> _Result:
        gc.disable()
        return run()

    return undoing(put_back, run_without)


class Switches:
    """What of torch and Python is the same for every trace, and how it was before."""

    def __init__(self, device: torch.device) -> None:
        """Note how everything is; nothing is changed before :meth:`set`."""
        self._optimizes = torch_private.optimizes_scripts()
        self._fastpath = torch.backends.mha.get_fastpath_enabled()
        self._interval = sys.getswitchinterval()
        self._recursion = sys.getrecursionlimit()
        self._modes = torch_private.dispatch_depth()
        self._function_modes = torch_private.function_depth()
        self._has_gradients = torch.is_grad_enabled()
        self._is_deterministic = torch_private.is_deterministic() and device.type == "cpu"
        self._compiler = _Compiler()
        self._rng = rng_states(device)
        self._generators = Snapshot()
        self._generators.add(*_generators())

    def set(self) -> None:
        """The state of a trace."""
        # Scripted code runs op by op, as it is written. Otherwise torch rewrites it when it first runs, with ops of its
        # own that would be recorded, and keeps what it works out then (constants without values) for every later run.
        torch_private.set_optimizes_scripts(False)
        torch.backends.mha.set_fastpath_enabled(False)  # it turns padded inputs into nested tensors, which have no size
        if self._is_deterministic:  # on meta, layers then fall apart that a CPU runs whole
            torch_private.set_deterministic(False)
        sys.setrecursionlimit(2 * self._recursion)  # a layer's call has a frame more than without us
        self._compiler.set()

    def put_back(self) -> None:
        """The state before; it may be called again."""
        while torch_private.dispatch_depth() > self._modes:  # an interrupt can keep a mode from leaving
            torch_private.leave_dispatch_mode(None)
        while torch_private.function_depth() > self._function_modes:
            torch_private.leave_function_mode()
        torch_private.set_gradients(self._has_gradients)  # or it can keep "no_grad" from ending
        torch_private.set_optimizes_scripts(self._optimizes)
        torch.backends.mha.set_fastpath_enabled(self._fastpath)
        if self._is_deterministic:
            torch_private.set_deterministic(True)
        sys.setswitchinterval(self._interval)
        sys.setrecursionlimit(self._recursion)
        self._compiler.put_back()
        for put_back, state in self._rng:
            put_back(state)
        self._generators.restore()


class _Compiler:
    """Torch's compiler, which runs compiled networks, and parts of them, as they are written.

    A compiled part has other ops than its author wrote. It would be compiled anew for tensors without values; and where
    a dispatch mode looks on, torch never compiles it again, which breaks ``torch.cond`` for the rest of the process.
    """

    def __init__(self) -> None:
        """Note how it is; nothing is changed before :meth:`set`."""
        self._compile = torch.compile
        self._stance = torch_private.compiler_stance()

    def set(self) -> None:
        """Keep ``torch.compile`` from compiling."""
        torch.compile = self._compile_eagerly
        torch_private.run_eagerly()

    def put_back(self) -> None:
        """The state before; it may be called again."""
        torch.compile = self._compile
        torch_private.set_compiler_stance(self._stance)

    def _compile_eagerly(self, *args: Any, **kwargs: Any) -> Any:
        """``torch.compile`` for a forward pass that calls it, which imports torch's compiler if nobody did before."""
        made = self._compile(*args, **kwargs)
        torch_private.run_eagerly()
        return made


def without_compiler(run: Callable[[], _Result]) -> _Result:
    """Run something with what is compiled in it as it was written."""
    compiler = _Compiler()

    def run_eagerly() -> _Result:
        compiler.set()
        return run()

    return undoing(compiler.put_back, run_eagerly)


def _generators() -> list[Any]:
    """The random number generators of Python and NumPy that anybody may draw from."""
    numpy = sys.modules.get("numpy.random")
    return [random._inst, *([numpy.mtrand._rand] if numpy is not None else [])]


# -- one trace of a network at a time ----------------------------------------------------------------------------------


class _Claim(NamedTuple):
    """One trace, by the thread that makes it; two of one thread are not the same."""

    thread: int
    trace: object


_traced: dict[int, _Claim] = {}
"""The modules that are being traced, by id, and the trace that does it."""

_changed = threading.Condition()


@contextlib.contextmanager
def alone(modules: Sequence[nn.Module]) -> Iterator[bool]:
    """Wait until no other thread traces any of these modules, and let none do so meanwhile.

    Yields:
        Whether it had to wait, so that what was read of the network before may have been of a trace.

    Raises:
        ForwardError: This thread does so already: a ``forward`` has its own network counted.
    """
    own = _Claim(get_ident(), object())
    claim = dict.fromkeys(map(id, modules), own)

    def release() -> None:
        with _changed:
            if _traced.get(id(modules[0])) is own:  # all of them are claimed at once, and released at once
                _consume(map(_traced.__delitem__, claim))
            _changed.notify_all()

    try:
        try:
            yield _enter(claim)  # an interrupt can hit the moment after it, too
        finally:
            release()
    finally:
        release()  # an interrupt can hit the first


def _enter(claim: dict[int, _Claim]) -> bool:
    """Enter the modules as soon as no other thread has one of them; whether one had."""
    has_waited = False
    with _changed:
        while _traced:
            owners = {_traced[each].thread for each in claim.keys() & _traced.keys()}
            if get_ident() in owners:
                raise ForwardError("The network is being traced already: its forward has itself counted.")
            if not owners & sys._current_frames().keys():  # nobody, or threads that are no more
                break
            has_waited = _changed.wait(timeout=1) or True
        _traced.update(claim)
    return has_waited


_consume = deque[Any](maxlen=0).extend
"""Runs an iterator to its end; no interrupt comes between its steps."""
