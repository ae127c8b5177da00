"""A :class:`~archstat.records.Trace` → :class:`~archstat.records.LayerGraph`: which row feeds which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archstat.counting.rows import rows_of
from archstat.records import LayerCost, LayerEdge, LayerGraph, LayerGroup, LayerNode, Shape, TensorSpec, Trace


def layer_graph(trace: Trace) -> LayerGraph:
    """Which row of the cost feeds which.

    A tensor is known by its memory: a view of it, and a result in place, lie behind what was there already. Two views
    of one piece of memory are therefore taken to be of one source, as they are.
    """
    return _Builder(trace).build()


class _Builder:
    """Goes through the rows of a trace once, and remembers which nodes what lies in each piece of memory comes from."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._nodes: list[LayerNode] = []
        self._edges: dict[tuple[int, int, Shape], None] = {}
        self._sources: dict[int, tuple[int, ...]] = {}
        """By the index of a piece of memory, the nodes that what lies there comes from."""
        self._groups: list[LayerGroup] = [LayerGroup("", _kind_of_network(trace), -1)]
        self._group_of_call: dict[int, int] = {-1: 0}
        self._open_inputs = list(enumerate(trace.inputs))
        self._holders: set[int] = set()
        """The nodes that hold parameters or multiply."""

    def build(self) -> LayerGraph:
        """Make the graph."""
        done = 0
        for place, (row, (first, end, parameters, _)) in enumerate(rows_of(self._trace)):
            self._pass_on(done, first)
            done = max(done, end)
            if end > first and _is_drawn(row):
                self._add_row(place, row, first, end)
                if parameters or row.macs:
                    self._holders.add(len(self._nodes) - 1)
            else:
                self._pass_on(first, end)
        self._pass_on(done, len(self._trace.ops))
        self._add_output()
        return self._without_constants()

    def _add_row(self, place: int, row: LayerCost, first: int, end: int) -> None:
        """A node, with an edge from everything that its ops take from outside."""
        ops = self._trace.ops[first:end]
        call = ops[0].call
        layer = self._trace.calls[call].layer if row.is_layer else -1
        around = self._trace.calls[call].parent if row.is_layer else call
        taken = [spec for op in ops for spec in op.tensors()]
        node = self._enter(LayerNode("row", place, self._group(around), layer), taken)
        for op in ops:
            for spec in op.outputs:
                self._sources[spec.storage] = (node,)

    def _enter(self, node: LayerNode, taken: Sequence[TensorSpec]) -> int:
        """Enter a node behind the inputs that it is the first to take, with an edge from whatever it takes."""
        for spec in taken:
            self._meet(spec)
        self._nodes.append(node)
        place = len(self._nodes) - 1
        for spec in taken:
            for source in self._sources.get(spec.storage, ()):
                self._edges[source, place, tuple(spec.shape)] = None
        return place

    def _meet(self, spec: TensorSpec) -> None:
        """Enter an input when it is taken for the first time."""
        if spec.storage < 0 or spec.storage in self._sources or self._trace.storages[spec.storage].born >= 0:
            return
        fitting = next((each for each in self._open_inputs if each[1] == spec.shape), None)
        self._sources[spec.storage] = ()  # a constant that the network was built with
        if fitting is not None:
            self._open_inputs.remove(fitting)
            self._nodes.append(LayerNode("input", fitting[0], 0))
            self._sources[spec.storage] = (len(self._nodes) - 1,)

    def _pass_on(self, first: int, end: int) -> None:
        """What the ops between rows make comes from wherever their inputs do."""
        for op in self._trace.ops[first:end]:
            taken = op.tensors()
            for spec in taken:
                self._meet(spec)
            found = {node: None for spec in taken for node in self._sources.get(spec.storage, ())}
            for spec in op.outputs:
                self._sources[spec.storage] = tuple(found)

    def _add_output(self) -> None:
        returned = self._trace.calls[0].outputs if self._trace.calls else ()
        self._enter(LayerNode("output", 0, 0), returned)

    # -- the modules around --------------------------------------------------------------------------------------------

    def _group(self, call: int) -> int:
        """The group of a call, which is entered behind the one around it."""
        known = self._group_of_call.get(call)
        if known is not None:
            return known
        about = self._trace.calls[call]
        layer = self._trace.layers[about.layer]
        if about.parent < 0 and not layer.path:
            self._group_of_call[call] = 0
            return 0
        parent = self._group(about.parent)
        self._groups.append(LayerGroup(layer.path, layer.kind, parent))
        self._group_of_call[call] = len(self._groups) - 1
        return self._group_of_call[call]

    # -- what depends on no input --------------------------------------------------------------------------------------

    def _without_constants(self) -> LayerGraph:
        """The graph without what comes from nothing or leads to nothing; whole, if there is no input at all.

        What holds parameters, or multiplies, is neither.
        """
        feeds: dict[int, list[int]] = {}
        takes: dict[int, list[int]] = {}
        for source, target, _ in self._edges:
            feeds.setdefault(source, []).append(target)
            takes.setdefault(target, []).append(source)
        inputs = [place for place, node in enumerate(self._nodes) if node.kind == "input"]
        end = len(self._nodes) - 1
        kept = set(range(end + 1))
        if inputs:
            kept = _reached([*inputs, *self._holders], feeds) & _reached([end, *self._holders], takes)
        kept |= {end} | {place for place in inputs if kept.intersection(feeds.get(place, ()))}
        order = sorted(kept, key=lambda place: (_ORDER[self._nodes[place].kind], place))
        new = {old: place for place, old in enumerate(order)}
        edges = sorted((new[t], new[s], shape) for s, t, shape in self._edges if s in new and t in new)
        nodes = tuple([self._nodes[old] for old in order])
        return LayerGraph(tuple(self._groups), nodes, tuple([LayerEdge(s, t, shape) for t, s, shape in edges]))


_ORDER = {"input": 0, "row": 1, "output": 2}


def _reached(starts: Iterable[int], feeds: dict[int, list[int]]) -> set[int]:
    found = set(starts)
    left = list(found)
    while left:
        for target in feeds.get(left.pop(), ()):
            if target not in found:
                found.add(target)
                left.append(target)
    return found


def _is_drawn(row: LayerCost) -> bool:
    """Whether a row does more than hand data on."""
    return bool(row.macs or row.other_flops or row.activations or row.parameters)


def _kind_of_network(trace: Trace) -> str:
    return trace.layers[trace.calls[0].layer].kind if trace.calls else ""
