"""Networks to choose from, of ours and out of a store, each with what it costs and how accurate it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from archstat.analysis.network import Network
from archstat.finding.ratings import NO_RATINGS, RatedBy
from archstat.records import ModelCost
from archstat.store.records import ListedResult

ZOO = "archstat"
"""Where a candidate of archstat's own comes from."""


class Candidate(msgspec.Struct, frozen=True):
    """One network on one input.

    Attributes:
        network: The network, as a user writes it.
        setting: What was varied of its input, as a store has it; ``""``: nothing.
        origin: The store that has the result, or :data:`ZOO`.
        input_shapes: The shapes of what goes in.
        batch_size: How many inputs at once; all amounts are for the whole batch.
        parameters: Elements of all parameters.
        macs: Multiply-accumulates.
        flops: All floating-point operations.
        activations: Elements of every layer's own outputs.
        activation_bytes: The size of the activations.
        peak_activation_bytes: The most memory alive at once.
        is_lower_bound: Whether there are ops that no rule covers.
        top1_accuracy: Percent right; ``None``: the source of accuracies has none of it.
        top5_accuracy: Percent with the right one among five.
    """

    network: str
    setting: str
    origin: str
    input_shapes: str
    batch_size: int | None
    parameters: int
    macs: int
    flops: int
    activations: int
    activation_bytes: int
    peak_activation_bytes: int
    is_lower_bound: bool
    top1_accuracy: float | None = None
    top5_accuracy: float | None = None


COST_QUANTITIES: tuple[str, ...] = (
    *("parameters", "macs", "flops", "activations"),
    *("activation_bytes", "peak_activation_bytes"),
)
"""What a candidate costs: the less, the better."""

ACCURACIES = ("top1_accuracy", "top5_accuracy")
"""What tells how good a candidate is: the more, the better."""


def of_network(network: Network, rated: RatedBy = NO_RATINGS) -> Candidate:
    """An architecture of ours on the input that it is made for."""
    cost = network.cost
    top1, top5 = rated.of(cost.architecture, cost.input_shapes)
    return Candidate(
        cost.architecture,
        "",
        ZOO,
        " ".join("x".join(map(str, shape)) for shape in cost.input_shapes),
        _batch_of(cost),
        **{name: getattr(cost, name) for name in COST_QUANTITIES},
        is_lower_bound=bool(cost.uncounted),
        top1_accuracy=top1,
        top5_accuracy=top5,
    )


def of_row(row: ListedResult, place: str, rated: RatedBy = NO_RATINGS) -> Candidate:
    """A result out of a store, which has not failed."""
    shapes = tuple(tuple(map(int, shape.split("x"))) for shape in row.input_shapes.split() if shape)
    top1, top5 = rated.of(row.network, shapes)
    counts: Mapping[str, int] = {name: getattr(row, name) or 0 for name in COST_QUANTITIES}
    return Candidate(
        row.network,
        row.setting,
        place,
        row.input_shapes,
        row.batch_size,
        **counts,
        is_lower_bound=bool(row.is_lower_bound),
        top1_accuracy=top1,
        top5_accuracy=top5,
    )


def _batch_of(cost: ModelCost) -> int | None:
    return cost.input_shapes[0][0] if cost.input_shapes and cost.input_shapes[0] else None


def all_of(networks: Iterable[Network], rows: Iterable[ListedResult], place: str, rated: RatedBy) -> list[Candidate]:
    """Every candidate, one of ours before those of a store.

    Args:
        networks: Architectures of ours.
        rows: Results of a store, without those that failed.
        place: The store.
        rated: Whose accuracies.
    """
    return [*(of_network(each, rated) for each in networks), *(of_row(row, place, rated) for row in rows)]


def networks_of(candidates: Sequence[Candidate]) -> list[str]:
    """The names of networks, each once."""
    return list(dict.fromkeys(each.network for each in candidates))
