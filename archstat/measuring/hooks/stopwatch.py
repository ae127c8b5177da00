"""Hooks on every module of a network, and the clock that they read.

A hook stands next to ``forward``: what hooks of the network's own do, such as a normalization of weights, is the time
of the module around it, as the ops of such a hook are counted there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from archstat.measuring.protocols import Clock

BeforeHook = Callable[[nn.Module, Any], None]
AfterHook = Callable[[nn.Module, Any, Any], None]


@contextlib.contextmanager
def hooks_on(modules: Sequence[nn.Module], hooks_of: Callable[[int], tuple[BeforeHook, AfterHook]]) -> Iterator[None]:
    """Hooks around the ``forward`` of each module while this is entered; the others that it has stay.

    Args:
        modules: The modules; scripted ones take no hooks and are left out.
        hooks_of: The hooks of the module with that number. The second runs also if ``forward`` raises.
    """
    with contextlib.ExitStack() as hooks:
        for number, module in enumerate(modules):
            if isinstance(module, torch.jit.ScriptModule):
                continue
            before, after = hooks_of(number)
            # Ours is the last hook before ``forward`` and the first behind it, so that the network's own lie outside.
            hooks.callback(module.register_forward_pre_hook(before).remove)
            hooks.callback(module.register_forward_hook(after, prepend=True, always_call=True).remove)
        yield


class ModuleRun(NamedTuple):
    """One run of one module.

    Attributes:
        module: The number of the module.
        self_ns: The time of the run without that of the modules which it ran.
        inner: How many modules the run itself ran.
    """

    module: int
    self_ns: int
    inner: int


class Stopwatch:
    """Reads the clock where modules begin and end."""

    def __init__(self, modules: Sequence[nn.Module], clock: Clock) -> None:
        """Time these modules by that clock."""
        self._modules = modules
        self._now = clock.now_ns
        self._events: list[int] = []

    def attached(self) -> contextlib.AbstractContextManager[None]:
        """While this is entered, passes of the network are timed."""
        return hooks_on(self._modules, self._hooks_of)

    def take(self) -> list[ModuleRun]:
        """The runs of one pass, in the order in which they began; they are forgotten here."""
        runs = self_times(self._events)
        self._events.clear()
        return runs

    def _hooks_of(self, number: int) -> tuple[BeforeHook, AfterHook]:
        """Two numbers for each event: the module, complemented where it ends, and the time; nothing else is done."""
        append, now, end = self._events.append, self._now, ~number

        def before(_module: nn.Module, _args: Any) -> None:
            # The clock is read last here and first below: what a hook does itself is then outside of the module.
            append(number)
            append(now())

        def after(_module: nn.Module, _args: Any, _output: Any) -> None:
            read = now()
            append(end)
            append(read)

        return before, after


class _Open:
    """A module that is running."""

    __slots__ = ("began", "index", "inner", "inner_ns", "module")

    def __init__(self, module: int, began: int, index: int) -> None:
        self.module, self.began, self.index = module, began, index
        self.inner_ns = self.inner = 0


def self_times(events: Sequence[int]) -> list[ModuleRun]:
    """The time of each run without that of the runs in it.

    Args:
        events: A number of a module and a time where it begins; the complement of the number and a time where it ends.
            An end without a beginning is that of a module that another hook stopped before its ``forward``.

    >>> self_times([0, 100, 1, 110, ~1, 140, ~0, 160])
    [ModuleRun(module=0, self_ns=30, inner=1), ModuleRun(module=1, self_ns=30, inner=0)]
    """
    runs: list[ModuleRun | None] = []
    running: list[_Open] = []
    for mark, read in zip(events[::2], events[1::2], strict=True):
        if mark >= 0:
            running.append(_Open(mark, read, len(runs)))
            runs.append(None)
        elif running and running[-1].module == ~mark:
            done = running.pop()
            took = read - done.began
            runs[done.index] = ModuleRun(done.module, took - done.inner_ns, done.inner)
            if running:
                running[-1].inner_ns += took
                running[-1].inner += 1
    return [run for run in runs if run is not None]
