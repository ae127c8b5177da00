"""How a receptive field grows from the input down to a layer, along the way on which it grows most."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from archstat.analysis.network import Network
from archstat.records import Explanation, LayerGraph, ReceptiveField

STEPS_MOST = 20
"""So many steps can be read beside each other."""


class GrowthStep(NamedTuple):
    """One layer behind which the field is another one than before.

    Attributes:
        name: The path of the layer, and which of several runs.
        field: What one element of its output sees.
    """

    name: str
    field: ReceptiveField


def field_growth(network: Network, explained: Sequence[Explanation], row: int) -> list[GrowthStep]:
    """The steps down to a row, the first layer first; where several ways lead there, those of the largest field.

    Args:
        network: The network.
        explained: The sums behind its rows.
        row: The place of a row among these.
    """
    graph = network.graph()
    node = next((place for place, each in enumerate(graph.nodes) if (each.kind, each.index) == ("row", row)), -1)
    rows = [graph.nodes[place].index for place in _way(graph, explained, node)]
    if row not in rows:
        rows = [row, *rows]
    steps: list[GrowthStep] = []
    for place in reversed(rows):
        field = explained[place].field
        if field is not None and _shape(field) != (_shape(steps[-1].field) if steps else _of_input(field)):
            steps.append(GrowthStep(_name(explained[place]), field))
    return steps


def _way(graph: LayerGraph, explained: Sequence[Explanation], node: int) -> list[int]:
    """The nodes of rows from one back to an input."""
    found: list[int] = []
    while node >= 0 and graph.nodes[node].kind == "row":
        found.append(node)
        before = [edge.source for edge in graph.edges if edge.target == node and edge.source < node]
        before = [each for each in before if graph.nodes[each].kind == "row" and _reach(graph, explained, each)]
        node = max(before, key=lambda each: (_reach(graph, explained, each), each), default=-1)
    return found


def _reach(graph: LayerGraph, explained: Sequence[Explanation], node: int) -> tuple[float, ...]:
    """How large the field of a node is; empty if that is not known."""
    field = explained[graph.nodes[node].index].field
    return () if field is None else tuple(float("inf") if size is None else float(size) for size in field.size)


def _shape(field: ReceptiveField) -> tuple[object, ...]:
    return field.size, field.stride


def _of_input(field: ReceptiveField) -> tuple[object, ...]:
    """A pixel of the input sees itself."""
    ones = (1,) * len(field.size)
    return ones, ones


def _name(each: Explanation) -> str:
    """The path of a layer; of an op, the module that runs it and the op."""
    row = each.row
    path = row.layer if row.is_layer and row.layer else " ".join(filter(None, (row.layer, row.kind)))
    return f"{path} ({row.call})" if row.call > 1 else path


def condensed(steps: Sequence[GrowthStep], most: int = STEPS_MOST) -> list[GrowthStep]:
    """The steps, of which those of one module become one with what its last layer sees, until few enough are left.

    Steps that no module holds together are thinned out evenly.

    Args:
        steps: The steps in order.
        most: How many may be left.
    """
    deepest = max((step.name.count(".") for step in steps), default=0)
    for depth in range(deepest + 1, 0, -1):
        if len(steps) <= most:
            break
        modules = itertools.groupby(steps, functools.partial(_module, depth))
        steps = [_last(depth, [*group]) for _, group in modules]
    if len(steps) > most:
        steps = [steps[round((len(steps) - 1) * place / (most - 1))] for place in range(most)]
    return [*steps]


def _module(depth: int, step: GrowthStep) -> str:
    return ".".join(step.name.split(".")[:depth])


def _last(depth: int, group: Sequence[GrowthStep]) -> GrowthStep:
    return group[-1] if len(group) == 1 else GrowthStep(_module(depth, group[-1]), group[-1].field)
