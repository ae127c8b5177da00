"""A training that is looked at: its steps are counted and timed, and what goes wrong with that is told once."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from archstat import units
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import InputError, UnknownNameError, first_line
from archstat.files.text import printable
from archstat.frameworks.batches import Shapes, shapes_of
from archstat.frameworks.peak import GivenPeak, most_flops_per_s, precision_of
from archstat.frameworks.rates import Rates, waiting_for
from archstat.frameworks.steps import StepCost, StepCounter
from archstat.language import say
from archstat.tables import layer_table
from archstat.tables.formats import FORMATS
from archstat.tables.network import uncounted_in

MOST_SHAPES = 64
"""How many shapes of batches are counted, if nothing else is said: a large network takes a second or two for each."""


class ArchstatWarning(UserWarning):
    """What archstat could not do beside a training, which goes on."""


class Options:
    """What a user chooses, whatever the framework."""

    def __init__(self, depth: int | None, convention: str | None, peak: GivenPeak, most_shapes: int) -> None:
        """See to it that the choices can be met, before a training begins.

        Args:
            depth: Put everything below that many parts of a path into one row of the table; 0: no table; ``None``:
                each layer in a row.
            convention: A convention for a column more.
            peak: The most FLOP/s of one device, or where that is found.
            most_shapes: Shapes of batches that are counted.

        Raises:
            InputError: A number is negative.
            UnknownNameError: There is no such convention.
        """
        if convention is not None and convention not in CONVENTIONS:
            known = f"The conventions are {', '.join(CONVENTIONS)}."
            raise UnknownNameError.of("convention", convention, CONVENTIONS, known)
        if (depth or 0) < 0 or most_shapes < 1:
            raise InputError(f"A depth of {depth} and {most_shapes} shapes are none: depth ≥ 0, and shapes ≥ 1.")
        self.depth, self.convention, self.peak, self.most_shapes = depth, convention, peak, most_shapes


class StepWatch:
    """Looks at one training.

    A framework calls :meth:`before` with a batch, :meth:`after` when its step is done, and asks for :meth:`totals`
    once and for :meth:`rates` as often as it logs.
    """

    def __init__(
        self,
        network: nn.Module,
        counter: StepCounter,
        options: Options,
        *,
        dtype: torch.dtype | None = None,
        devices: int = 1,
        writes: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Look at the training of a network.

        Args:
            network: The network, on the device where it is trained.
            counter: What counts its steps.
            options: What the user chose.
            dtype: The element type of the products; ``None``: that of the parameters.
            devices: The devices that share the work of this process.
            writes: Whether this process writes the table.
            clock: Tells the seconds.
        """
        first = next(iter(network.parameters()), torch.empty(0))
        self._device, self._dtype = first.device, dtype or first.dtype
        self._counter, self._options, self._devices, self._writes = counter, options, devices, writes
        self._rates = Rates(waiting_for(self._device), clock)
        self._known: dict[Shapes, StepCost] = {}
        self._told: set[str] = set()
        self._step: StepCost | None = None
        self._first: StepCost | None = None
        self._peak: float | None = None
        self._has_failed = self._has_begun = False

    def before(self, batch: Any) -> None:
        """A step on that batch is about to be made."""
        self._step = self._of(batch)

    def after(self) -> None:
        """The step is done."""
        self._rates.add(self._step)

    def pause(self) -> None:
        """Something else than training begins: validation, a checkpoint."""
        self._rates.pause()

    def resume(self) -> None:
        """Training goes on."""
        self._rates.resume()

    def totals(self) -> dict[str, float]:
        """The parameters, MACs and FLOPs of the first step, by the names that loggers get; empty if it failed."""
        return self._first.amounts() if self._first else {}

    def rates(self) -> dict[str, float]:
        """The FLOP/s and the MFU since the last call, by their names; not a number before the second step."""
        if self._first is None:
            return {}
        rate = self._rates.read()
        found = {"archstat/flops_per_s": rate.flops_per_s}
        if self._peak is not None:
            found["archstat/mfu"] = rate.model_flops_per_s / (self._peak * self._devices)
        return found

    def known_rates(self) -> dict[str, float]:
        """:meth:`rates` without those that are not known."""
        return {name: value for name, value in self.rates().items() if not math.isnan(value)}

    def _of(self, batch: Any) -> StepCost | None:
        """What the step on a batch costs, counted with the clock stopped; ``None`` where that failed, or is too much.

        Whatever a step does can fail here; the training itself goes on.
        """
        if self._has_failed:
            return None
        try:
            shapes = shapes_of(batch)
            if shapes not in self._known:
                if self._has_enough():
                    return None
                self._rates.pause()
                self._known[shapes] = self._new(batch)
                self._rates.resume()
            return self._known[shapes]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and nobody's training stops
            self._has_failed = True
            self._tell(f"The training step was not counted: {printable(first_line(error))}")
            return None

    def _has_enough(self) -> bool:
        """Whether as many shapes are counted as are wanted, which is told."""
        if len(self._known) < self._options.most_shapes:
            return False
        self._tell(
            f"Batches have more than {self._options.most_shapes} shapes: others are not counted, and FLOP/s not told "
            "where they are met. Pad batches to fewer lengths, or raise 'most_shapes'."
        )
        return True

    def _new(self, batch: Any) -> StepCost:
        step = self._counter.step(batch)
        if not self._has_begun:
            self._has_begun, self._first = True, step
            self._begin(batch, step)
        return step

    def _begin(self, batch: Any, step: StepCost) -> None:
        """Show the table, and find the peak."""
        try:
            if self._writes and self._options.depth != 0:
                sys.stdout.write(self._text(batch, step))
        except Exception as error:  # noqa: BLE001 - likewise; the step itself was counted
            self._tell(f"The table cannot be shown: {printable(first_line(error))}")
        try:
            self._peak = most_flops_per_s(self._options.peak, self._device, precision_of(self._dtype, self._device))
        except Exception as error:  # noqa: BLE001 - likewise
            return self._tell(f"No MFU is told: {printable(first_line(error))}")
        if self._peak is None:
            self._tell("No MFU is told, as nobody said what the device can do: 'peak=312e12' FLOP/s, or 'measure'.")
        return None

    def _text(self, batch: Any, step: StepCost) -> str:
        """The table of the forward pass, and a line on the step."""
        traced, convention = self._counter.forward(batch), self._options.convention
        tally = traced.tally(convention) if convention else None
        table = layer_table(traced.cost, depth=self._options.depth, tally=tally, folds=True)
        return f"{FORMATS['text'](table).rstrip()}\n{told(step)}\n"

    def _tell(self, what: str) -> None:
        """Say something once."""
        if what not in self._told:
            self._told.add(what)
            warn_of(what)


class Watching:
    """What callbacks have in common, whatever the framework: what a user chose, and the training that is looked at."""

    def __init__(
        self,
        depth: int | None = 2,
        convention: str | None = None,
        peak: GivenPeak = None,
        most_shapes: int = MOST_SHAPES,
    ) -> None:
        """Choose what is shown.

        Args:
            depth: Put everything below that many parts of a path into one row; 0: no table; ``None``: all layers.
            convention: A convention for a column more, as of ``archstat table``.
            peak: The most FLOP/s of one device, for the MFU: a number, a file of ``archstat peaks``, or ``"measure"``.
            most_shapes: How many shapes of batches are counted.

        Raises:
            InputError: A number is negative.
            UnknownNameError: There is no such convention.
        """
        super().__init__()
        self._options = Options(depth, convention, peak, most_shapes)
        self._watch: StepWatch | None = None

    def _after(self) -> None:
        """A step is done."""
        if self._watch is not None:
            self._watch.after()

    def _pause(self) -> None:
        """Something else than training begins."""
        if self._watch is not None:
            self._watch.pause()

    def _resume(self) -> None:
        """Training goes on."""
        if self._watch is not None:
            self._watch.resume()


def warn_of(what: str) -> None:
    """Say what archstat could not do."""
    warnings.warn(what, ArchstatWarning, stacklevel=3)


def told(step: StepCost) -> str:
    """A training step in one line or two."""
    cost = step.training
    line = say(
        "Training step: {forward} MACs forward, {backward} backward; {flops} FLOPs, without the update.",
        forward=units.compact(cost.forward_macs),
        backward=units.compact(cost.backward_macs),
        flops=units.compact(step.flops),
    )
    return f"{line}\n{say('Not counted: {ops}.', ops=uncounted_in(cost))}" if cost.uncounted else line
