"""Networks to choose from, of ours and out of a store, each with what it costs and how accurate it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from archstat.analysis.network import Network
from archstat.finding.ratings import NO_RATINGS, RatedBy, Rating
from archstat.records import ModelCost
from archstat.store.records import ListedResult, Versions, library_of_programs

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
        weights: Which trained weights are as accurate, where the name does not say it.
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
    weights: str = ""


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
    return Candidate(
        cost.architecture,
        "",
        ZOO,
        " ".join("x".join(map(str, shape)) for shape in cost.input_shapes),
        _batch_of(cost),
        **{name: getattr(cost, name) for name in COST_QUANTITIES},
        is_lower_bound=bool(cost.uncounted),
        **_accuracy(rated.of(cost.architecture, cost.input_shapes)),
    )


def of_row(row: ListedResult, place: str, rated: RatedBy = NO_RATINGS) -> Candidate:
    """A result out of a store, which has not failed."""
    shapes = tuple(tuple(map(int, shape.split("x"))) for shape in row.input_shapes.split() if shape)
    counts: dict[str, Any] = {name: getattr(row, name) or 0 for name in COST_QUANTITIES}
    return Candidate(
        row.network,
        row.setting,
        place,
        row.input_shapes,
        row.batch_size,
        **counts,
        is_lower_bound=bool(row.is_lower_bound),
        **_accuracy(rated.of(row.network, shapes)),
    )


def _accuracy(rating: Rating | None) -> dict[str, Any]:
    if rating is None:
        return {}
    return {"top1_accuracy": rating.top1, "top5_accuracy": rating.top5, "weights": rating.weights}


def _batch_of(cost: ModelCost) -> int | None:
    return cost.input_shapes[0][0] if cost.input_shapes and cost.input_shapes[0] else None


class Choice(msgspec.Struct, frozen=True):
    """What there is to choose from.

    Attributes:
        candidates: The networks, all counted for as many inputs at once.
        source: Who says how accurate they are, in a sentence; ``""``: nobody.
        batch_size: How many inputs at once.
        left_out: Results of a store that are of another batch size.
        counted_by: The programs that counted the results of a store.
    """

    candidates: tuple[Candidate, ...] = ()
    source: str = ""
    batch_size: int = 1
    left_out: int = 0
    counted_by: tuple[Versions, ...] = ()


NO_CHOICE = Choice()


def batch_size_of_most(rows: Iterable[ListedResult]) -> int:
    """The batch size that most results have, the smallest of several; 1 of none."""
    sizes = Counter(row.batch_size for row in rows if row.batch_size is not None)
    return min(sizes, key=lambda size: (-sizes[size], size), default=1)


def choice_of(
    networks: Iterable[Network],
    rows: Iterable[ListedResult],
    place: str = "",
    rated: RatedBy = NO_RATINGS,
    batch_size: int = 1,
) -> Choice:
    """Every candidate, one of ours before those of a store.

    Args:
        networks: Architectures of ours, counted for that many inputs.
        rows: Results of a store, without those that failed. Of several of one network on one input, by several
            versions of the programs, the last one counts.
        place: The store.
        rated: Whose accuracies.
        batch_size: How many inputs at once: amounts of unlike batches do not compare.
    """
    last = {(row.network, row.setting): row for row in rows}
    alike = [row for row in last.values() if row.batch_size in (batch_size, None)]
    found = (*(of_network(each, rated) for each in networks), *(of_row(row, place, rated) for row in alike))
    programs = dict.fromkeys(map(_programs_of_row, alike))
    return Choice(found, rated.source, batch_size, len(last) - len(alike), tuple(programs))


def _programs_of_row(row: ListedResult) -> Versions:
    """The programs that counted a result, without the digests of its files."""
    return Versions(row.archstat, row.torch, library_of_programs(row.network, row.library))


def networks_of(candidates: Sequence[Candidate]) -> list[str]:
    """The names of networks, each once."""
    return list(dict.fromkeys(each.network for each in candidates))
