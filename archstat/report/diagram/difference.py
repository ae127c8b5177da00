"""Two networks as one diagram: what came, what went, what changed."""

from __future__ import annotations

from archstat.analysis.network import Network
from archstat.errors import DataError, UnknownNameError
from archstat.language import say
from archstat.published.names import display_name
from archstat.records import ModelCost
from archstat.report.diagram.amounts import COUNTED_AMOUNTS, ComparedAmount
from archstat.report.diagram.boxes import BoxWriter
from archstat.report.diagram.diagram import Diagram
from archstat.report.diagram.drawn import common_batch
from archstat.report.diagram.engine import Direction, Look
from archstat.report.diagram.folding import boxes_of
from archstat.report.diagram.merging import NO_NETWORK, Side, merged
from archstat.report.drawing import theme
from archstat.tables.difference import change_told
from archstat.tables.quantities import MACS, PARAMETERS


def difference_of(
    before: Network | None,
    after: Network | None,
    *,
    depth: int | None = None,
    show: str = MACS.key,
    is_folded: bool = True,
    direction: Direction = "down",
    is_wrapped: bool = False,
) -> Diagram:
    """One diagram of two networks, each layer marked as ``archstat diff`` marks it.

    What is alike as a whole, or came or went as a whole, is closed to begin with; what changed is open.

    Args:
        before: The network before; ``None``: there was none, and all of the other is new.
        after: The network after; ``None``: it is gone.
        depth: How many levels of modules are open; ``None``: as many as can be taken in at a glance, where changed.
        show: The key of what is told of each box: ``"macs"``, ``"parameters"`` or ``"activation_bytes"``.
        is_folded: Whether equal neighbours are one box.
        direction: Where data flows.
        is_wrapped: Whether a long way is broken into columns, or rows.

    Raises:
        DataError: There is neither network, or only the cost of one is known.
        UnknownNameError: Nothing of that name can be shown.
    """
    known = [quantity.key for quantity in COUNTED_AMOUNTS]
    if show not in known:
        raise UnknownNameError.of("quantity of two networks", show, known, f"There are {', '.join(known)}.")
    given = [network for network in (before, after) if network is not None]
    if not given:
        raise DataError("There are no networks to draw.")
    both = merged(_side(before), _side(after))
    rows = both.rows
    amounts = [ComparedAmount(quantity, both) for quantity in COUNTED_AMOUNTS]
    writer = BoxWriter(both.graph, rows, amounts, common_batch(given[-1].cost), both)
    content = writer.content(boxes_of(both.graph, rows, is_folded=is_folded, apart=both.apart))
    look = Look(show, content.opened(depth), direction, is_wrapped)
    return Diagram(_title([network.cost for network in given]), content, look, _caption(before, after))


def _side(network: Network | None) -> Side:
    return NO_NETWORK if network is None else Side(network.graph(), network.cost.layers)


def _title(costs: list[ModelCost]) -> str:
    """The names of both, as they are typed where they are printed alike: revisions of one network are."""
    names = list(dict.fromkeys(display_name(cost.architecture) for cost in costs))
    if len(names) < len(costs):
        names = list(dict.fromkeys(cost.architecture for cost in costs))
    return " → ".join(map(theme.cut, names))


def _caption(before: Network | None, after: Network | None) -> str:
    """What is drawn, and by how much the totals changed."""
    told = say("Both networks in one: what both have stands once, and a number of it is that before → after.")
    if before is None or after is None:
        return told
    a, b = before.cost, after.cost
    changes = [f"{each.label}: {change_told(a, b, each)}." for each in (MACS, PARAMETERS)]
    return " ".join([told, *changes])
