"""What feeds what in a network: the rows of a cost as a graph, within the modules that they stand in."""

from __future__ import annotations

from typing import Literal

import msgspec

from archstat.records.telling import ShortRecord
from archstat.records.trace import Shape


class LayerNode(msgspec.Struct, frozen=True, gc=False):
    """One place that data goes through.

    Attributes:
        kind: An input of the network, a row of its cost, or what the network returns.
        index: Which input; the index of the row in :attr:`ModelCost.layers`; of what is returned, 0.
        group: The index in :attr:`LayerGraph.groups` of the innermost module around it.
        layer: The index of the layer of a row in :attr:`Trace.layers`, -1 where there is none: two rows of one layer
            share its weights.
    """

    kind: Literal["input", "row", "output"]
    index: int
    group: int
    layer: int = -1


class LayerGroup(msgspec.Struct, frozen=True, gc=False):
    """One run of a module that has modules inside.

    Attributes:
        path: The path of the module; ``""`` for the network itself.
        kind: The name of its class.
        parent: The index of the group around, -1 for the network itself.
    """

    path: str
    kind: str
    parent: int


class LayerEdge(msgspec.Struct, frozen=True, gc=False):
    """A tensor on its way from one node to another.

    Attributes:
        source: The index of the node that made it.
        target: The index of the node that takes it.
        shape: The shape in which it is taken.
    """

    source: int
    target: int
    shape: Shape


class LayerGraph(ShortRecord, frozen=True):
    """What feeds what in one forward pass.

    A node is a row of the cost: a layer without layers inside, or an op that a larger layer runs itself. What only
    hands data on, as a reshape does, is no node: an edge goes through it. Left out is what depends on no input and
    holds no parameters, as a table of positions does.

    Attributes:
        groups: The runs of modules, each behind the one around it; the first is the network itself.
        nodes: The inputs, the rows in the order of execution, and at the end what is returned.
        edges: Every way from a node to another, by target and source.
    """

    groups: tuple[LayerGroup, ...]
    nodes: tuple[LayerNode, ...]
    edges: tuple[LayerEdge, ...]
