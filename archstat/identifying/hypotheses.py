"""All that a network on one input may come to, by every way to count that is known."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from fractions import Fraction

import msgspec

from archstat.analysis.network import Network
from archstat.counting.conventions import CONVENTIONS, OURS
from archstat.errors import DataError
from archstat.identifying.asked import NumberKind
from archstat.language import recorded
from archstat.quantities import parameters_and_statistics, part_of
from archstat.records import LayerCost, ModelCost


class Hypothesis(msgspec.Struct, frozen=True):
    """A number that a network comes to, counted in one way.

    Attributes:
        kind: What is counted.
        what: The way to count, in words.
        value: The number.
        strain: By how much that way to count is unusual; 0: the first that one would think of.
        shown_by: The command that shows the number.
        batch_size: How many inputs at once, for that command.
        is_of_input: Whether the number depends on the input.
    """

    kind: NumberKind
    what: str
    value: Fraction
    strain: int = 0
    shown_by: str = "table"
    batch_size: int = 1
    is_of_input: bool = True


def hypotheses_of(network: Network, kinds: Sequence[NumberKind]) -> Iterator[Hypothesis]:
    """All that a network comes to.

    Args:
        network: The network on one input.
        kinds: Of what numbers are wanted.
    """
    cost = network.cost
    if "parameters" in kinds:
        yield from _parameters(network)
    if "MACs" in kinds or "FLOPs" in kinds:
        yield from _arithmetic(network)
    if "elements" in kinds:
        yield from _elements(network)
    if "bytes" in kinds:
        yield from _bytes(cost)


# -- parameters --------------------------------------------------------------------------------------------------------


def _parameters(network: Network) -> Iterator[Hypothesis]:
    cost = network.cost
    rows = cost.layers
    found = [
        (recorded("all parameters"), cost.parameters, 0),
        (recorded("trainable parameters"), cost.trainable_parameters, 1),
        (recorded("parameters without biases and normalization"), _sum(rows, "weights"), 1),
        (recorded("parameters without biases of weighted layers"), cost.parameters - _biases(rows), 2),
        (recorded("parameters without normalization"), cost.parameters - _normalization(rows), 2),
        (recorded("parameters without the classifier"), cost.parameters - _of_classifier(rows), 1),
        (recorded("parameters and running statistics"), parameters_and_statistics(part_of(network, "")), 1),
        (recorded("parameters and all buffers"), cost.parameters + cost.buffers, 2),
        (recorded("parameters of convolutions"), _sum(_convolutions(rows), "parameters"), 2),
    ]
    for what, value, strain in found:
        yield Hypothesis("parameters", what, Fraction(value), strain, is_of_input=False)


def _sum(rows: Sequence[LayerCost], name: str) -> int:
    return sum(getattr(row, name) for row in rows)


def _biases(rows: Sequence[LayerCost]) -> int:
    return sum(row.parameters - row.weights for row in rows if row.weights)


def _normalization(rows: Sequence[LayerCost]) -> int:
    return sum(row.parameters for row in rows if "Norm" in row.kind)


def _convolutions(rows: Sequence[LayerCost]) -> list[LayerCost]:
    return [row for row in rows if row.kind.startswith("Conv")]


def _of_classifier(rows: Sequence[LayerCost]) -> int:
    """The parameters of the last layer with weights."""
    return next((row.parameters for row in reversed(rows) if row.weights and row.macs), 0)


# -- arithmetic --------------------------------------------------------------------------------------------------------

_BATCHES = (2, 4, 8, 16, 32, 64, 128, 256)


def _arithmetic(network: Network) -> Iterator[Hypothesis]:
    cost = network.cost
    for name, number in _tallies(network, "MACs", "FLOPs"):
        yield from hypotheses_by_convention(name, number)
    said = recorded("all floating-point operations")
    yield Hypothesis("FLOPs", said, Fraction(cost.flops), 2)
    if any(shape[0] > 1 for shape in cost.input_shapes if shape):
        return  # the batch is said
    for batch in _BATCHES:
        macs = recorded("MACs of a batch of {count}", count=batch)
        flops = recorded("FLOPs, two a MAC, of a batch of {count}", count=batch)
        yield Hypothesis("MACs", macs, Fraction(cost.macs * batch), 2, batch_size=batch)
        yield Hypothesis("FLOPs", flops, Fraction(2 * cost.macs * batch), 2, "reconcile", batch)
    step = recorded("MACs of three forward passes, for which a training step is often taken")
    yield Hypothesis("MACs", step, Fraction(3 * cost.macs), 2)
    step = recorded("FLOPs, two a MAC, of three forward passes, for which a training step is often taken")
    yield Hypothesis("FLOPs", step, Fraction(6 * cost.macs), 2)


def hypotheses_by_convention(name: str, number: int) -> Iterator[Hypothesis]:
    """The number of a convention, and what one says who takes a MAC for one operation or for two.

    Args:
        name: The convention, which counts operations.
        number: What a network comes to by it.
    """
    usual = 0 if name == OURS else 1
    if CONVENTIONS[name].unit == "MACs":
        doubled = recorded("by {convention}, in FLOPs of which a MAC is two", convention=name)
        yield _tallied("MACs", recorded("by {convention}, in MACs", convention=name), Fraction(number), usual)
        yield _tallied("FLOPs", doubled, Fraction(2 * number), usual)
        yield _tallied(
            "MACs", recorded("half of {convention}, in MACs", convention=name), Fraction(number, 2), usual + 2
        )
    else:
        yield _tallied("FLOPs", recorded("by {convention}, in FLOPs", convention=name), Fraction(number), usual)
        halved = recorded("by {convention}, in MACs, two FLOPs each", convention=name)
        yield _tallied("MACs", halved, Fraction(number, 2), usual + 1)
        yield _tallied(
            "FLOPs", recorded("twice {convention}, in FLOPs", convention=name), Fraction(2 * number), usual + 2
        )


def _tallies(network: Network, *units: str) -> Iterator[tuple[str, int]]:
    """What the conventions come to that count in one of these units, where that can be told.

    Parameters are not asked for: those that Keras counts are those with running statistics.
    """
    for name, convention in CONVENTIONS.items():
        if convention.unit in units:
            with contextlib.suppress(DataError):  # a saved cost knows our convention alone
                number = network.tally(name).number
                if number is not None:
                    yield name, number


def _tallied(kind: NumberKind, what: str, value: Fraction, strain: int) -> Hypothesis:
    return Hypothesis(kind, what, value, strain, "reconcile")


# -- memory ------------------------------------------------------------------------------------------------------------


def _elements(network: Network) -> Iterator[Hypothesis]:
    cost = network.cost
    convolved = _sum(_convolutions(cost.layers), "activations")
    yield Hypothesis("elements", recorded("elements of all outputs"), Fraction(cost.activations))
    yield Hypothesis("elements", recorded("elements of the outputs of convolutions"), Fraction(convolved), 1)
    for name, number in _tallies(network, "activations"):
        said = recorded("activations as {convention} counts them", convention=name)
        yield _tallied("elements", said, Fraction(number), 1)


_WIDTHS = (("float32", 4, 0), ("float16", 2, 1), ("int8", 1, 1))


def _bytes(cost: ModelCost) -> Iterator[Hypothesis]:
    for dtype, width, strain in _WIDTHS:
        held = recorded("all parameters in {dtype}", dtype=dtype)
        yield Hypothesis("bytes", held, Fraction(cost.parameters * width), strain, "memory", is_of_input=False)
        outputs = recorded("the outputs of all layers in {dtype}", dtype=dtype)
        yield Hypothesis("bytes", outputs, Fraction(cost.activations * width), strain)
    stored = _stored(cost)
    if stored is not None:
        yield Hypothesis(
            "bytes", recorded("parameters and buffers in float32"), Fraction(stored), 1, "memory", is_of_input=False
        )
    both = recorded("the outputs of all layers and their gradients in float32")
    yield Hypothesis("bytes", both, Fraction(cost.activations * 8), 1)
    peak = recorded("the most activations at once in {dtype}", dtype=cost.dtype)
    yield Hypothesis("bytes", peak, Fraction(cost.peak_activation_bytes), 0, "memory")


def _stored(cost: ModelCost) -> int | None:
    """The bytes of a file of weights without what frames them; ``None`` where the types of buffers are not known."""
    normalized = [row for row in cost.layers if row.kind.startswith("BatchNorm") and row.buffers]
    if _sum(normalized, "buffers") != cost.buffers:
        return None
    return 4 * (cost.parameters + cost.buffers + len(normalized))  # the one that counts batches takes 8 bytes
