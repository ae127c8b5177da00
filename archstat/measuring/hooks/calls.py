"""The calls of a network's modules while it runs: hooks on every module, gone afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from torch import nn

from archstat.measuring.hooks.stopwatch import AfterHook, BeforeHook, hooks_on
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason
from archstat.tracing.layers import Layers

if TYPE_CHECKING:
    from typing_extensions import Self


class ModuleCall(msgspec.Struct, frozen=True):
    """One run of one module in a pass.

    Attributes:
        layer: The path of the module, by its first name if it has several.
        kind: The class of the module.
        call: 1 for its first run, 2 for the second, …
        is_leaf: Whether the module has no modules inside.
    """

    layer: str
    kind: str
    call: int
    is_leaf: bool


class CallHooks:
    """While it is entered, tells of every run of every module.

    A module whose ``forward`` is called directly, not the module itself, is not seen, and neither is a scripted one;
    :func:`archstat.measuring.hooks.path.find_way` tells of both.

    Attributes:
        calls: The runs of the pass so far, in the order in which they began.
    """

    def __init__(
        self, model: nn.Module, entering: Callable[[int], object] | None, leaving: Callable[[int], object] | None
    ) -> None:
        """Tell by these functions, which get the place of the run in :attr:`calls`."""
        self.calls: list[ModuleCall] = []
        self._layers = Layers(model)
        self._entering, self._leaving = entering, leaving
        self._runs: dict[str, int] = {}
        self._open: list[int] = []
        self._placed = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Put the hooks on."""
        self._placed.enter_context(hooks_on(self._layers.modules, self._hooks_of))
        return self

    def __exit__(self, *_: object) -> None:
        """Take them off."""
        self._placed.close()

    def start_pass(self) -> None:
        """Count from the beginning."""
        self.calls.clear()
        self._runs.clear()
        self._open.clear()

    def owner_after(self, *, is_end: bool) -> int:
        """The run that the time belongs to which follows: asked while told of a beginning or an end; -1: none."""
        inside = self._open[:-1] if is_end else self._open
        return inside[-1] if inside else -1

    def check(self) -> None:
        """There must have been a run in this pass.

        Raises:
            CannotMeasure: There was none.
        """
        if not self.calls:
            text = "The network did not run as a module: no hook was called."
            raise CannotMeasure(Reason("HOOKS_NOT_FIRED", text))

    def _hooks_of(self, number: int) -> tuple[BeforeHook, AfterHook]:
        spec = self._layers.specs[number]

        def before(_module: nn.Module, _args: Any) -> None:
            place, run = len(self.calls), self._runs.get(spec.path, 0) + 1
            self._runs[spec.path] = run
            self.calls.append(ModuleCall(spec.path, spec.kind, run, spec.is_leaf))
            self._open.append(place)
            if self._entering is not None:
                self._entering(place)

        return before, self._after

    def _after(self, _module: nn.Module, _args: Any, _output: Any) -> None:
        place = self._open[-1]
        if self._leaving is not None:
            self._leaving(place)
        self._open.pop()
