"""The graph of a network as boxes in boxes, in which equal neighbours are one.

A normalization or an activation that takes what one layer gives, and nobody else does, stands in the box of that layer.

Neighbours are equal if they are built alike, cost alike, and stand alike: each feeds the next one in the same way, and
what comes from elsewhere, as a mask does, comes to all of them, and what goes elsewhere goes there from all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from archstat.records import LayerCost, LayerGraph, Shape
from archstat.report.drawing import theme

_PERIOD_MAX = 8
"""So many different parts may take turns and still be folded: a convolution, its normalization and its activation."""


_LIGHT = {"Normalization", "Activation"}
"""The sorts of layers that stand in the box of the layer before, as in the drawings of papers."""


class Box(msgspec.Struct, eq=False):
    """A part of a network: rows behind each other, a module, or parts that take turns.

    Attributes:
        units: The nodes that the box stands for, in the order of execution, for each time that it is repeated.
        groups: The modules that the box is, one for each time; none of rows, and of parts that take turns.
        parts: The boxes inside, of the first time.
    """

    units: tuple[tuple[int, ...], ...]
    groups: tuple[int, ...] = ()
    parts: tuple[Box, ...] = ()

    @property
    def times(self) -> int:
        """How often the part is repeated."""
        return len(self.units)


class Folded(NamedTuple):
    """A graph as boxes.

    Attributes:
        boxes: What stands in the network itself, in the order of execution.
        edges: From a box with nothing inside to another one, with the shape of the tensor, and what tells the edge
            apart.
    """

    boxes: tuple[Box, ...]
    edges: tuple[tuple[Box, Box, Shape, str], ...]


class _Item(msgspec.Struct, eq=False):
    """A node, or a module with what stands in it, before anything is folded."""

    nodes: tuple[int, ...]
    looks: int
    group: int = -1
    parts: tuple[_Item, ...] = ()


class Apart(NamedTuple):
    """What else tells equal parts of a graph apart.

    Attributes:
        rows: By the index of a row: what became of it in another network.
        edges: By two nodes: in which of both networks an edge is.
    """

    rows: Sequence[str] = ()
    edges: Mapping[tuple[int, int], str] = {}


def boxes_of(
    graph: LayerGraph, rows: Sequence[LayerCost], *, is_folded: bool = True, apart: Apart | None = None
) -> Folded:
    """The graph as boxes in boxes.

    Args:
        graph: What feeds what.
        rows: The rows of the cost.
        is_folded: Whether equal neighbours are put together.
        apart: What else must be equal; ``None``: nothing.
    """
    apart = apart or Apart()
    ways = _Ways(graph, apart.edges)
    whole = _Items(graph, rows, ways, apart.rows).whole()
    folder = _Folder(ways if is_folded else None)
    boxes = folder.boxes(whole.parts)
    places = {node: box for box in leaves(boxes) for node in box.units[0]}
    edges: dict[tuple[int, int, Shape, str], tuple[Box, Box, Shape, str]] = {}
    for edge in graph.edges:
        source, target = (places[folder.first(node)] for node in (edge.source, edge.target))
        if source is not target and not folder.is_to_next(edge.source, edge.target):
            mark = apart.edges.get((edge.source, edge.target), "")
            edges[id(source), id(target), edge.shape, mark] = (source, target, edge.shape, mark)
    return Folded(boxes, tuple(edges.values()))


def leaves(boxes: Iterable[Box]) -> Iterator[Box]:
    """The boxes with nothing inside, in the order of execution."""
    for box in boxes:
        if box.parts:
            yield from leaves(box.parts)
        else:
            yield box


_Sort = tuple[Shape, str]
"""What must be equal of edges: the shape of the tensor, and in which networks the edge is."""


class _Ways:
    """The edges of each node."""

    def __init__(self, graph: LayerGraph, marks: Mapping[tuple[int, int], str]) -> None:
        self.into: list[list[tuple[int, _Sort]]] = [[] for _ in graph.nodes]
        self.out: list[list[tuple[int, _Sort]]] = [[] for _ in graph.nodes]
        for edge in graph.edges:
            sort = (edge.shape, marks.get((edge.source, edge.target), ""))
            self.into[edge.target].append((edge.source, sort))
            self.out[edge.source].append((edge.target, sort))


# -- the modules, and what each looks like -----------------------------------------------------------------------------


class _Items:
    """Puts nodes into their modules; what looks alike has the same number."""

    def __init__(self, graph: LayerGraph, rows: Sequence[LayerCost], ways: _Ways, marks: Sequence[str]) -> None:
        self._graph, self._rows, self._ways, self._marks = graph, rows, ways, marks
        self._numbers: dict[object, int] = {}
        self._held: dict[int, int] = {}
        for node in graph.nodes:
            if node.layer >= 0:  # a layer that runs twice holds its parameters once: in its first row
                held = rows[node.index].parameters
                self._held[node.layer] = max(self._held.get(node.layer, 0), held)

    def whole(self) -> _Item:
        """The network with everything in it."""
        # By module its nodes and modules, each behind the first of its nodes.
        inside: dict[int, list[tuple[int, int]]] = {0: []}
        met: set[int] = set()
        for place, node in enumerate(self._graph.nodes):
            inside.setdefault(node.group, []).append((place, -1))
            group = node.group
            while group > 0 and group not in met:
                met.add(group)
                parent = self._graph.groups[group].parent
                inside.setdefault(parent, []).append((place, group))
                group = parent
        return self._item(0, inside)

    def _item(self, group: int, inside: Mapping[int, list[tuple[int, int]]]) -> _Item:
        parts = [
            self._leaf(place) if inner < 0 else self._item(inner, inside) for place, inner in sorted(inside[group])
        ]
        parts = self._stacked(parts)
        nodes = tuple(sorted(node for part in parts for node in part.nodes))
        known = {node: place for place, node in enumerate(nodes)}
        ways = tuple(
            (known[source], place, sort)
            for place, node in enumerate(nodes)
            for source, sort in self._ways.into[node]
            if source in known
        )
        looks = (self._graph.groups[group].kind, tuple(part.looks for part in parts), ways)
        return _Item(nodes, self._number(looks), group, tuple(parts))

    def _stacked(self, items: Iterable[_Item]) -> list[_Item]:
        """Items with each normalization and activation put to the layer whose output it takes alone."""
        stacks: list[_Item] = []
        for item in items:
            if stacks and self._goes_on(stacks[-1], item):
                below = stacks.pop()
                looks = self._number((below.looks, item.looks))
                stacks.append(_Item((*below.nodes, *item.nodes), looks))
            else:
                stacks.append(item)
        return stacks

    def _goes_on(self, below: _Item, item: _Item) -> bool:
        if below.parts or item.parts or not self._is_layer(below.nodes[0]) or not self._is_light(item.nodes[0]):
            return False
        (last,), (node,) = below.nodes[-1:], item.nodes
        feeds = {target for target, _ in self._ways.out[last]}
        return feeds == {node} and {source for source, _ in self._ways.into[node]} == {last}

    def _is_layer(self, place: int) -> bool:
        node = self._graph.nodes[place]
        return node.kind == "row" and self._rows[node.index].is_layer

    def _is_light(self, place: int) -> bool:
        node = self._graph.nodes[place]
        return node.kind == "row" and theme.sort_of(self._rows[node.index].kind)[0] in _LIGHT

    def _leaf(self, place: int) -> _Item:
        node = self._graph.nodes[place]
        if node.kind != "row":
            return _Item((place,), self._number((node.kind, place)))
        row = self._rows[node.index]
        held = self._held[node.layer] if node.layer >= 0 else row.parameters
        # The path and the number of the run say where a row stands, and not what it is.
        looks = (row.kind, row.detail, row.output_shape, held, row.macs, row.other_flops, row.activation_bytes)
        return _Item((place,), self._number((looks, self._marks[node.index] if self._marks else "")))

    def _number(self, looks: object) -> int:
        return self._numbers.setdefault(looks, len(self._numbers))


# -- putting neighbours together ---------------------------------------------------------------------------------------


class _Folder:
    """Makes boxes of items, from the outside to the inside: of what is repeated only the first one is gone into."""

    def __init__(self, ways: _Ways | None) -> None:
        self._ways = ways
        self._first: dict[int, int] = {}
        self._units: dict[int, list[tuple[int, int]]] = {}
        """By node, the folds that it lies in, and in which of their units."""
        self._folds = 0

    def first(self, node: int) -> int:
        """The node that stands for this one."""
        while node in self._first:
            node = self._first[node]
        return node

    def is_to_next(self, source: int, target: int) -> bool:
        """Whether an edge leads from one unit of a fold to another."""
        units = dict(self._units.get(source, ()))
        return any(units.get(fold, unit) != unit for fold, unit in self._units.get(target, ()))

    def boxes(self, items: Sequence[_Item]) -> tuple[Box, ...]:
        """The boxes of neighbours."""
        made: list[Box] = []
        place = 0
        while place < len(items):
            period, times = self._repeated(items, place)
            units = [items[place + turn * period : place + (turn + 1) * period] for turn in range(times)]
            if times > 1:
                self._enter(units)
            made.append(self._box(units))
            place += period * times
        return tuple(made)

    def _box(self, units: Sequence[Sequence[_Item]]) -> Box:
        nodes = tuple(tuple(sorted(_nodes(unit))) for unit in units)
        if len(units[0]) > 1:
            return Box(nodes, parts=self.boxes(units[0]))
        item = units[0][0]
        if item.group < 0:
            return Box(nodes)
        return Box(nodes, groups=tuple(unit[0].group for unit in units), parts=self.boxes(item.parts))

    def _enter(self, units: Sequence[Sequence[_Item]]) -> None:
        self._folds += 1
        firsts = _nodes(units[0])
        for number, unit in enumerate(units):
            for first, node in zip(firsts, _nodes(unit), strict=True):
                self._units.setdefault(node, []).append((self._folds, number))
                if number:
                    self._first[node] = first

    def _repeated(self, items: Sequence[_Item], place: int) -> tuple[int, int]:
        """How many parts take turns from here on, and how often; (1, 1) if nothing is repeated."""
        best = (1, 1)
        if self._ways is None:
            return best
        for period in range(1, min(_PERIOD_MAX, (len(items) - place) // 2) + 1):
            alike = _alike(items, place, period)
            if alike > 1 and period * alike > best[0] * best[1]:
                units = [_nodes(items[place + turn * period :][:period]) for turn in range(alike)]
                times = _Chain(self._ways, units).length()
                best = max(best, (period, times), key=lambda each: each[0] * each[1] if each[1] > 1 else 1)
        return best


def _nodes(unit: Sequence[_Item]) -> list[int]:
    return [node for item in unit for node in item.nodes]


def _alike(items: Sequence[_Item], place: int, period: int) -> int:
    """How often parts are repeated that look alike."""
    times = 1
    while place + (times + 1) * period <= len(items) and all(
        items[place + at].looks == items[place + times * period + at].looks for at in range(period)
    ):
        times += 1
    return times


_Way = tuple[int, int, _Sort]
"""An edge of a unit: the other end (a node elsewhere, or a place in a unit), the place in the unit, its sort."""


class _Stand(NamedTuple):
    """How a unit is connected.

    Attributes:
        within: The edges inside, by places.
        before: The edges from the unit before, by places.
        into: The edges from elsewhere, by node and place.
        out: The edges to elsewhere, by node and place.
        is_close: Whether the unit feeds, of all units, only the next one.
    """

    within: frozenset[_Way]
    before: frozenset[_Way]
    into: frozenset[_Way]
    out: frozenset[_Way]
    is_close: bool


class _Chain:
    """Units that look alike, and how far they are connected alike."""

    def __init__(self, ways: _Ways, units: Sequence[Sequence[int]]) -> None:
        self._ways, self._units = ways, units
        self._where = {node: (turn, place) for turn, unit in enumerate(units) for place, node in enumerate(unit)}

    def length(self) -> int:
        """How many units, from the first on, can be one box."""
        first, second = self._stand(0), self._stand(1)
        if not second.before or not first.is_close or first.within != second.within:
            return 1
        # The first takes from what stands before the chain what the others take from each other.
        if not second.into <= first.into or _places(first.into) != _places(second.into) | _places(second.before):
            return 1
        last, length = second, 2
        while length < len(self._units) and last.is_close and last.out == first.out:
            following = self._stand(length)
            if (following.within, following.before, following.into) != (second.within, second.before, second.into):
                break
            last, length = following, length + 1
        return length if last.is_close and self._ends_well(first, second, last) else length - 1

    @staticmethod
    def _ends_well(first: _Stand, second: _Stand, last: _Stand) -> bool:
        """Whether what the last one gives away is what the others give, or what they give each other."""
        given = {source for source, _, _ in second.before}
        return first.out <= last.out and _places(last.out - first.out) <= given

    def _stand(self, turn: int) -> _Stand:
        within, before, into, out = set[_Way](), set[_Way](), set[_Way](), set[_Way]()
        is_close = True
        for place, node in enumerate(self._units[turn]):
            for source, sort in self._ways.into[node]:
                other, at = self._where.get(source, (-2, -1))
                if other == turn:
                    within.add((at, place, sort))
                elif other == turn - 1:
                    before.add((at, place, sort))
                else:
                    into.add((source, place, sort))
            for target, sort in self._ways.out[node]:
                other, _ = self._where.get(target, (-2, -1))
                if other < 0:
                    out.add((target, place, sort))
                is_close = is_close and other in (-2, turn, turn + 1)
        return _Stand(frozenset(within), frozenset(before), frozenset(into), frozenset(out), is_close)


def _places(ways: Iterable[_Way]) -> set[int]:
    return {place for _, place, _ in ways}
