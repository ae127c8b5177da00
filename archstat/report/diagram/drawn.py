"""A network → what a diagram of it is drawn from."""

from __future__ import annotations

from archstat.analysis.network import Network
from archstat.records import Measurement, ModelCost
from archstat.report.diagram.amounts import COUNTED_AMOUNTS, BoxAmount, CountedAmount, timed
from archstat.report.diagram.boxes import BoxWriter
from archstat.report.diagram.content import Content
from archstat.report.diagram.folding import boxes_of
from archstat.report.diagram.parts import drawn_part


def content_of(
    network: Network, part: str = "", *, measurement: Measurement | None = None, is_folded: bool = True
) -> Content:
    """What a diagram of a network is drawn from.

    Args:
        network: The network; more must be known of it than a saved cost.
        part: The path of a module, of which alone the inside is drawn; ``""``: all of the network.
        measurement: How the network ran, by layer; ``None``: boxes have no times.
        is_folded: Whether equal neighbours are one box.

    Raises:
        DataError: Only the cost of the network is known, or the measurement is of something else or not by layer.
        UnknownNameError: There is no such module.
    """
    whole, rows = network.graph(), network.cost.layers
    graph, groups = drawn_part(whole, part)
    amounts: list[BoxAmount] = [CountedAmount(quantity, graph, rows) for quantity in COUNTED_AMOUNTS]
    if measurement is not None:
        amounts.append(timed(whole, graph, groups, network.cost, measurement))
    writer = BoxWriter(graph, rows, amounts, common_batch(network.cost))
    return writer.content(boxes_of(graph, rows, is_folded=is_folded))


def common_batch(cost: ModelCost) -> int | None:
    """The first axis of all inputs and of most outputs, which goes without saying; ``None`` if there is none.

    Args:
        cost: The network.
    """
    firsts = {shape[0] if shape else None for shape in cost.input_shapes}
    batch = firsts.pop() if len(firsts) == 1 else None
    shapes = [row.output_shape for row in cost.layers if len(row.output_shape) > 1]
    return batch if 2 * sum(shape[0] == batch for shape in shapes) > len(shapes) else None
