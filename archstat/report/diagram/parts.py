"""One module of a network as a graph of its own."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from archstat.errors import UnknownNameError
from archstat.records import LayerEdge, LayerGraph, LayerNode


class DrawnPart(NamedTuple):
    """What is drawn of a network.

    Attributes:
        graph: What feeds what there.
        groups: The place of each of its groups in the graph of the network.
    """

    graph: LayerGraph
    groups: tuple[int, ...]


def drawn_part(graph: LayerGraph, path: str) -> DrawnPart:
    """What runs in one module, the first time that it does.

    What comes from outside is an input of it, and what goes there is what it returns.

    Args:
        graph: The graph of the network.
        path: The path of a module with modules inside; ``""``: all of the network.

    Raises:
        UnknownNameError: There is no such module.
    """
    if not path:
        return DrawnPart(graph, tuple(range(len(graph.groups))))
    paths = [group.path for group in graph.groups]
    if path not in paths:
        raise UnknownNameError.of("module with parts inside", path, [each for each in paths if each])
    groups = _inside(graph, paths.index(path))
    nodes = [place for place, node in enumerate(graph.nodes) if node.group in groups]
    known = set(nodes)
    outside = dict.fromkeys(edge.source for edge in graph.edges if edge.target in known and edge.source not in known)
    inputs = {source: place for place, source in enumerate(outside)}
    new = {node: place for place, node in enumerate(nodes, len(inputs))}
    end = len(inputs) + len(nodes)
    edges = {
        (inputs[edge.source] if edge.source in inputs else new[edge.source], new.get(edge.target, end), edge.shape)
        for edge in graph.edges
        if edge.target in known or edge.source in known
    }
    made = [LayerNode("input", place, 0) for place in range(len(inputs))]
    made += [msgspec.structs.replace(graph.nodes[node], group=groups[graph.nodes[node].group]) for node in nodes]
    made.append(LayerNode("output", 0, 0))
    in_order = sorted(edges, key=lambda edge: (edge[1], edge[0], edge[2]))
    kept = tuple(
        msgspec.structs.replace(graph.groups[old], parent=groups.get(graph.groups[old].parent, -1)) for old in groups
    )
    return DrawnPart(LayerGraph(kept, tuple(made), tuple(LayerEdge(*edge) for edge in in_order)), tuple(groups))


def _inside(graph: LayerGraph, top: int) -> dict[int, int]:
    """A group and those in it, each with its new place."""
    found = {top: 0}
    for place, group in enumerate(graph.groups):
        if group.parent in found and place not in found:
            found[place] = len(found)
    return found
