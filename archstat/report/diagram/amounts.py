"""What boxes of a diagram are told and coloured by: an amount that was counted, or measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from archstat import units
from archstat.language import message, say
from archstat.records import LayerCost, LayerGraph, Measurement, ModelCost
from archstat.report.diagram.folding import Box
from archstat.report.diagram.merging import Merged
from archstat.tables.difference import GONE, NEW
from archstat.tables.joining import times_of_runs
from archstat.tables.quantities import ACTIVATION_BYTES, MACS, PARAMETERS, Quantity

COUNTED_AMOUNTS: tuple[Quantity, ...] = (MACS, PARAMETERS, ACTIVATION_BYTES)
"""What a diagram shows of each box, the first one first."""

LATENCY = "latency"
"""What the time of a box is chosen by, where it was measured."""

BOX_AMOUNTS = (*(quantity.key for quantity in COUNTED_AMOUNTS), LATENCY)
"""Everything that boxes can be coloured by."""


class AmountTold(NamedTuple):
    """An amount of one box.

    Attributes:
        value: All repetitions together.
        text: The amount in words; of repetitions that have equal amounts, what each of them has.
    """

    value: float
    text: str


class BoxAmount(Protocol):
    """An amount that every box has."""

    @property
    def key(self) -> str:
        """What the amount is chosen by."""

    @property
    def label(self) -> str:
        """The name of the amount, in the language that is spoken."""

    def of(self, box: Box) -> AmountTold:
        """The amount of one box.

        Args:
            box: The box.
        """


def repeated(quantity: Quantity, amounts: Sequence[int]) -> str:
    """The amounts of repetitions in words: what each of them has, or all together.

    Args:
        quantity: Which.
        amounts: The amount of each repetition.
    """
    # Weights that are shared stand in the first of the rows that use them: the others have none.
    are_equal = len(amounts) > 1 and amounts.count(amounts[0]) == len(amounts)
    return f"{len(amounts)} × {quantity.show(amounts[0])}" if are_equal else quantity.show(sum(amounts))


class _OfQuantity(msgspec.Struct, frozen=True):
    quantity: Quantity

    @property
    def key(self) -> str:
        """What the amount is chosen by."""
        return self.quantity.key

    @property
    def label(self) -> str:
        """The name of the amount, in the language that is spoken."""
        return self.quantity.label


class CountedAmount(_OfQuantity, frozen=True):
    """An amount that rows of a cost have.

    Attributes:
        quantity: Which.
        graph: The graph that the boxes are of.
        rows: The rows of the cost.
    """

    graph: LayerGraph
    rows: Sequence[LayerCost]

    def of(self, box: Box) -> AmountTold:
        """The amount of one box.

        Args:
            box: The box.
        """
        every = [sum(self._of_nodes(unit)) for unit in box.units]
        return AmountTold(sum(every), repeated(self.quantity, every))

    def _of_nodes(self, nodes: Sequence[int]) -> Iterator[int]:
        for node in nodes:
            if (about := self.graph.nodes[node]).kind == "row":
                yield getattr(self.rows[about.index], self.key)


class ComparedAmount(_OfQuantity, frozen=True):
    """An amount that rows of two networks have: before, and after.

    Attributes:
        quantity: Which.
        both: The two networks.
    """

    both: Merged

    def of(self, box: Box) -> AmountTold:
        """The amount of one box, the larger of both sides, and both in words where they differ.

        Args:
            box: The box.
        """
        marks = self.both.marks(node for unit in box.units for node in unit)
        sides = [0] if marks == {GONE} else [1] if marks == {NEW} else [0, 1]
        every = [[self._of_nodes(unit, side) for unit in box.units] for side in sides]
        told = dict.fromkeys(repeated(self.quantity, each) for each in every)
        return AmountTold(max(map(sum, every)), " → ".join(told))

    def _of_nodes(self, nodes: Sequence[int], side: int) -> int:
        about = [self.both.graph.nodes[node] for node in nodes]
        rows = [self.both.pairs[each.index][side] for each in about if each.kind == "row"]
        return sum(0 if row is None else getattr(row, self.key) for row in rows)


class TimedAmount(msgspec.Struct, frozen=True):
    """The time that was measured of layers.

    A layer with layers inside has a time of its own too: of the ops that it runs itself, and of layers that are not
    drawn. That time is part of the layer's box, and of no box in it.

    Attributes:
        graph: The graph that the boxes are of.
        sizes: How many nodes each of its groups has.
        rows_s: The times of rows, by their place in the cost.
        groups_s: The own times of groups, by their place in the graph.
    """

    graph: LayerGraph
    sizes: Mapping[int, int]
    rows_s: Mapping[int, float]
    groups_s: Mapping[int, float]
    key: str = LATENCY

    @property
    def label(self) -> str:
        """The name of the amount, in the language that is spoken."""
        return say(_LATENCY)

    def of(self, box: Box) -> AmountTold:
        """The time of one box.

        Args:
            box: The box.
        """
        nodes = [node for unit in box.units for node in unit]
        rows = [self.graph.nodes[node].index for node in nodes if self.graph.nodes[node].kind == "row"]
        whole = sum(self.rows_s.get(row, 0.0) for row in rows)
        found = _sizes(self.graph, nodes)
        whole += sum(time for group, time in self.groups_s.items() if found[group] == self.sizes[group])
        text = units.seconds(whole)
        return AmountTold(whole, say("{amount} in all", amount=text) if box.times > 1 else text)


_LATENCY = message("Latency")


def _sizes(graph: LayerGraph, nodes: Sequence[int]) -> Counter[int]:
    """How many of the nodes lie in each group, whatever is between."""
    sizes: Counter[int] = Counter()
    for node in nodes:
        group = graph.nodes[node].group
        while group > 0:
            sizes[group] += 1
            group = graph.groups[group].parent
    return sizes


def timed(
    whole: LayerGraph, part: LayerGraph, places: Sequence[int], cost: ModelCost, found: Measurement
) -> TimedAmount:
    """What was measured of the layers of a network, or of one part of it.

    Args:
        whole: The graph of the network.
        part: The graph that is drawn.
        places: The place in the whole of each group that is drawn.
        cost: The network, counted on the input that was measured.
        found: The measurement of the network by layer.

    Raises:
        DataError: The measurement is of another network, input or element type, or not by layer.
    """
    rows_s, runs_s = times_of_runs(cost, found)
    drawn = {node.index for node in whole.nodes if node.kind == "row"}
    groups: dict[str, list[int]] = {}
    for place, group in enumerate(whole.groups):
        groups.setdefault(group.path, []).append(place)
    own: dict[int, float] = defaultdict(float)
    for (path, call), time in runs_s.items():
        own[_run(groups, path, call)] += time
    for row in rows_s.keys() - drawn:  # a Flatten, a Dropout: what costs nothing is in no box, and takes its time
        own[_run(groups, cost.layers[row].layer, cost.layers[row].call)] += rows_s[row]
    own_s = {new: own[old] for new, old in enumerate(places) if new and own[old]}
    return TimedAmount(part, _sizes(part, range(len(part.nodes))), rows_s, own_s)


def _run(groups: Mapping[str, Sequence[int]], path: str, call: int) -> int:
    """The group that a run of a layer is, or else lies in."""
    while path not in groups and path:
        path = path.rpartition(".")[0]
    runs = groups.get(path, (0,))
    return runs[min(call, len(runs)) - 1]
