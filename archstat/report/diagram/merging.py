"""Two networks as one graph: what both have stands in it once, and each knows where it comes from."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

import msgspec

from archstat.analysis.matching import Pair, matched
from archstat.records import LayerCost, LayerEdge, LayerGraph, LayerGroup, LayerNode, Shape
from archstat.report.diagram.folding import Apart
from archstat.tables.difference import ALIKE, CHANGED, GONE, NEW, change_mark, work_of

_GroupKey = tuple[str, int]
"""A run of a module: its path, and which run of it."""

_NodeKey = tuple[str, int]
"""A node: an input with its number, a pair of rows with its place, or what is returned."""


class Side(msgspec.Struct, frozen=True):
    """One of the two networks.

    Attributes:
        graph: What feeds what in it; without nodes: the network is not there.
        rows: The rows of its cost.
    """

    graph: LayerGraph
    rows: Sequence[LayerCost]


NO_NETWORK = Side(LayerGraph((LayerGroup("", "", -1),), (), ()), ())
"""A network that is not there."""


class Merged(msgspec.Struct, frozen=True):
    """Two networks in one.

    Attributes:
        graph: What feeds what in either. A row is that of a pair, by its place in :attr:`pairs`.
        pairs: The rows of both networks that belong together.
        origins: By two ends of an edge, where the edge is: ``"-"`` only before, ``"+"`` only after, ``"="`` in both.
    """

    graph: LayerGraph
    pairs: tuple[Pair, ...]
    origins: dict[tuple[int, int], str]

    @property
    def rows(self) -> list[LayerCost]:
        """Of each pair the row after, or that before where there is none after."""
        return [row for before, after in self.pairs for row in [after or before] if row is not None]

    def marks(self, nodes: Iterable[int]) -> set[str]:
        """What became of the rows among some nodes.

        Args:
            nodes: The places of nodes.
        """
        about = [self.graph.nodes[node] for node in nodes]
        return {change_mark(*self.pairs[each.index]) for each in about if each.kind == "row"}

    def has_other_edges(self, nodes: Container[int]) -> bool:
        """Whether some nodes are connected among each other in one network as they are not in the other.

        Args:
            nodes: The places of nodes.
        """
        ends = (ends for ends, origin in self.origins.items() if origin != ALIKE)
        return any(source in nodes and target in nodes for source, target in ends)

    @property
    def apart(self) -> Apart:
        """What tells parts apart that are equal in one of both networks."""
        marks = [change_mark(*pair) for pair in self.pairs]
        before = [pair[0] if mark == CHANGED else None for mark, pair in zip(marks, self.pairs, strict=True)]
        looks = [f"{mark} {'' if row is None else work_of(row)}" for mark, row in zip(marks, before, strict=True)]
        return Apart(looks, self.origins)


def merged(before: Side, after: Side) -> Merged:
    """Two networks in one graph, their rows put together as ``archstat diff`` does.

    Args:
        before: The network before.
        after: The network after.
    """
    pairs = tuple(matched(before.rows, after.rows))
    second = _Keys(after, _numbers(pairs, 1))
    first = _Keys(before, _numbers(pairs, 0), max((node.layer for node in after.graph.nodes), default=0) + 1)
    groups = _groups(first, second)
    keys = list(_in_order(first, second, len(pairs)))
    places = {key: place for place, key in enumerate(keys)}
    numbers = {key: place for place, key in enumerate(groups)}
    nodes = tuple(_node(key, second if key in second.nodes else first, numbers) for key in keys)
    edges, origins = _edges(first, second, places)
    made = tuple(
        LayerGroup(key[0], kind, -1 if parent is None else numbers[parent]) for key, (kind, parent) in groups.items()
    )
    return Merged(LayerGraph(made, nodes, edges), pairs, origins)


def _numbers(pairs: Sequence[Pair], side: int) -> dict[int, int]:
    """The place of the pair that each row of a side stands in, by the identity of the row."""
    return {id(pair[side]): place for place, pair in enumerate(pairs) if pair[side] is not None}


class _Keys:
    """What the nodes and the groups of one network are called in both.

    Attributes:
        graph: What feeds what in it.
        groups: The name of each group.
        nodes: The nodes by their names.
        names: The name of each node.
        first_layer: What the layers are counted from, so that no two of them are taken for one.
    """

    def __init__(self, side: Side, numbers: dict[int, int], first_layer: int = 0) -> None:
        self.graph, self.first_layer = side.graph, first_layer
        runs: dict[str, int] = {}
        self.groups: list[_GroupKey] = []
        for group in side.graph.groups:
            runs[group.path] = runs.get(group.path, 0) + 1
            self.groups.append((group.path, runs[group.path]))
        self.names: list[_NodeKey] = [
            (node.kind, numbers[id(side.rows[node.index])] if node.kind == "row" else node.index)
            for node in side.graph.nodes
        ]
        self.nodes = dict(zip(self.names, side.graph.nodes, strict=True))

    def parent(self, place: int) -> _GroupKey | None:
        """The name of the group around a group."""
        around = self.graph.groups[place].parent
        return None if around < 0 else self.groups[around]


def _groups(first: _Keys, second: _Keys) -> dict[_GroupKey, tuple[str, _GroupKey | None]]:
    """The kind of each group, and the group around; each behind the one around it, and the networks themselves first.

    Those of the network after are as they are there; what only the network before has comes behind.
    """
    found: dict[_GroupKey, tuple[str, _GroupKey | None]] = {}
    for side in (second, first):
        for place, key in enumerate(side.groups):
            found.setdefault(key, (side.graph.groups[place].kind, side.parent(place)))
    return found


def _in_order(first: _Keys, second: _Keys, pairs: int) -> Iterator[_NodeKey]:
    """The names of all nodes: the inputs, the pairs in their order, what is returned."""
    known = dict.fromkeys([*second.names, *first.names])
    yield from (key for key in known if key[0] == "input")
    yield from (key for key in (("row", place) for place in range(pairs)) if key in known)
    yield from (key for key in known if key[0] == "output")


def _node(key: _NodeKey, side: _Keys, numbers: dict[_GroupKey, int]) -> LayerNode:
    node = side.nodes[key]
    layer = node.layer if node.layer < 0 else node.layer + side.first_layer
    return LayerNode(node.kind, key[1], numbers[side.groups[node.group]], layer)


def _edges(
    first: _Keys, second: _Keys, places: dict[_NodeKey, int]
) -> tuple[tuple[LayerEdge, ...], dict[tuple[int, int], str]]:
    """Every way of either network, with the shapes that it has after, or had."""
    ways: list[dict[tuple[int, int], list[Shape]]] = [{}, {}]
    for side, found in zip((first, second), ways, strict=True):
        for edge in side.graph.edges:
            ends = places[side.names[edge.source]], places[side.names[edge.target]]
            found.setdefault(ends, []).append(edge.shape)
    before, after = ways
    origins = {ends: ALIKE if ends in before and ends in after else NEW for ends in after}
    origins |= {ends: GONE for ends in before if ends not in after}
    shapes = {**before, **after}
    in_order = sorted(shapes, key=lambda ends: (ends[1], ends[0]))
    return tuple(LayerEdge(*ends, shape) for ends in in_order for shape in shapes[ends]), origins
