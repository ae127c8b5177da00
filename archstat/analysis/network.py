"""What is known of a network that was counted, or of which only a saved cost is known; needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from archstat.counting.conventions import OURS
from archstat.errors import DataError, InputError, UncountedError, quoted
from archstat.files.results import read_cost
from archstat.networks.settings import Setting
from archstat.records import (
    Explanation,
    LayerGraph,
    MemoryLevels,
    ModelCost,
    ReceptiveField,
    Tally,
)

Fields = Mapping[str, ReceptiveField | None]
"""What the output of each layer sees of the input, by path."""


class Network(Protocol):
    """What is known of a network; :class:`archstat.analysis.inference.Analysis` is one."""

    @property
    def cost(self) -> ModelCost:
        """What the network costs."""
        ...

    def explanations(self) -> tuple[Explanation, ...]:
        """The sums behind each row of its cost."""
        ...

    def tally(self, convention: str) -> Tally:
        """The count of the network by a convention."""
        ...

    def fields(self) -> Fields:
        """The receptive fields of its layers."""
        ...

    def depth(self) -> int:
        """The layers with weights on the longest way through it."""
        ...

    def traffic(self) -> Sequence[int]:
        """The bytes that each row of its cost must move at least."""
        ...

    def levels(self) -> MemoryLevels:
        """The activation memory of the network over time."""
        ...

    def graph(self) -> LayerGraph:
        """Which row of its cost feeds which."""
        ...


Analyse = Callable[[str, Setting], Network]
"""From the name of a network and an input to what is known of it."""


AnalyseWithin = Callable[..., Network]
"""An :data:`Analyse` that takes, as an optional third argument, the code that a name out of a file may lead to."""


class Saved(msgspec.Struct, frozen=True):
    """A network of which only a saved cost is known.

    Attributes:
        cost: What the network costs.
    """

    cost: ModelCost

    def explanations(self) -> tuple[Explanation, ...]:
        """Not known: raises a DataError."""
        raise self._without("sums")

    def tally(self, convention: str) -> Tally:
        """Known of our own convention; else raises a DataError."""
        if convention != OURS:
            raise self._without("counts by other conventions")
        return Tally(OURS, self.cost.macs, rows=tuple(row.macs for row in self.cost.layers))

    def fields(self) -> Fields:
        """Not known: raises a DataError."""
        raise self._without("receptive fields")

    def depth(self) -> int:
        """Not known: raises a DataError."""
        raise self._without("depth")

    def traffic(self) -> Sequence[int]:
        """Not known: raises a DataError."""
        raise self._without("bytes moved")

    def levels(self) -> MemoryLevels:
        """Not known: raises a DataError."""
        raise self._without("memory over time")

    def graph(self) -> LayerGraph:
        """Not known: raises a DataError."""
        raise self._without("graph")

    def _without(self, what: str) -> DataError:
        return DataError(
            f"The saved cost of {quoted(self.cost.architecture)} holds no ops, so no {what}: name the network itself."
        )


def read_for(name: str, setting: Setting) -> ModelCost:
    """A saved cost, which was counted in a setting of its own.

    Raises:
        DataError: The file cannot be read, or holds something else.
        InputError: An input other than that of the saved cost is asked for.
        UncountedError: Under ``strict``, it was saved with ops that no rule counts.
    """
    if setting != Setting(strict=setting.strict):
        raise InputError(
            f"{quoted(name)} is a saved cost, counted for one input: name its network to count another input."
        )
    cost = read_cost(Path(name))
    if setting.strict and cost.uncounted:
        ops = ", ".join(f"{op.op} ({op.calls} ×)" for op in cost.uncounted)
        raise UncountedError(f"{quoted(name)} was saved with ops that no rule counts: {ops}.")
    return cost
