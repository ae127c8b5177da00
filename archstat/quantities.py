"""What a claim or a budget can name: one function is one quantity of a network, of a part of it, or of one layer.

One table, and so one file, however long: a quantity is looked up here and nowhere else.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from archstat.analysis.network import Network
from archstat.counting import conventions
from archstat.errors import DataError, UnknownNameError, quoted
from archstat.published.figures import is_glob
from archstat.records import LayerCost, Shape


class Part(msgspec.Struct, frozen=True):
    """A network, or what lies under one path of it.

    Attributes:
        network: The network.
        layer: The path, ``""`` for the whole network.
        rows: The rows of the cost under the part.
    """

    network: Network
    layer: str
    rows: tuple[LayerCost, ...]

    @property
    def last(self) -> LayerCost:
        """The row whose output is that of the part."""
        ran = [row for row in self.rows if row.output_shape]
        if not ran:
            raise DataError(f"{quoted(self.layer)} of {self.network.cost.architecture} never runs: it has no output.")
        return ran[-1]


def part_of(network: Network, layer: str) -> Part:
    """The part of a network under a path: a layer, a block, a stage; or under all paths that look alike: ``"fc*"``.

    Raises:
        UnknownNameError: No row lies under that path.
    """
    cost = network.cost
    rows = rows_under(layer, cost.layers, f"'archstat table {cost.architecture}' shows them.")
    return Part(network, layer, rows)


class OfLayer(Protocol):
    """A row of a layer, counted or measured."""

    @property
    def layer(self) -> str:
        """The path of the layer."""
        ...


RowT = TypeVar("RowT", bound=OfLayer)


def rows_under(layer: str, rows: Sequence[RowT], hint: str) -> tuple[RowT, ...]:
    """The rows of a layer and of the layers in it; ``*`` and ``?`` stand for parts of a path: ``"fc*"``.

    Raises:
        UnknownNameError: There are none.
    """
    lies_under = _under(layer)
    under = tuple(row for row in rows if lies_under(row.layer))
    if not under:
        paths = {".".join(row.layer.split(".")[:depth]) for row in rows for depth in range(1, 6)}
        raise UnknownNameError.of("layer", layer, sorted(paths), hint)
    return under


def _under(layer: str) -> Callable[[str], bool]:
    """Whether a path lies under a layer, or under one that looks as it says."""
    return _looks_like(layer) if is_glob(layer) else _starts_with(layer)


def _starts_with(layer: str) -> Callable[[str], bool]:
    """Whether a path is that of a layer, or of one in it; all lie in the network itself, whose path is ``""``."""
    start = f"{layer}."
    return lambda path: not layer or path == layer or path.startswith(start)


def _looks_like(form: str) -> Callable[[str], bool]:
    """Whether a path, or that of a block around it, has a form."""
    is_literal = _starts_with(form)
    return lambda path: is_literal(path) or any(fnmatch.fnmatchcase(each, form) for each in (path, *_around(path)))


def _around(path: str) -> list[str]:
    """The paths of the blocks and stages that a layer stands in."""
    names = path.split(".")
    return [".".join(names[:depth]) for depth in range(1, len(names))]


QuantityValue = int | Shape
QuantityOfPart = Callable[[Part], QuantityValue]
QuantityT = TypeVar("QuantityT", bound=QuantityOfPart)

QUANTITIES: dict[str, QuantityOfPart] = {}


def _enter(quantity: QuantityT) -> QuantityT:
    QUANTITIES[quantity.__name__] = quantity
    return quantity


def value_of(part: Part, quantity: str, convention: str = "") -> QuantityValue:
    """What a part comes to.

    Args:
        part: A network or a part of it.
        quantity: A key of :data:`QUANTITIES`.
        convention: How a paper counts it, a key of :data:`BY_CONVENTION`; ``""``: as archstat does.

    Raises:
        UnknownNameError: There is no such quantity, or no such convention for it.
        DataError: The part has no such quantity.
    """
    if quantity not in QUANTITIES:
        raise UnknownNameError.of("quantity", quantity, QUANTITIES, f"The quantities are {', '.join(QUANTITIES)}.")
    if not convention:
        return QUANTITIES[quantity](part)
    known = BY_CONVENTION.get(quantity, {})
    if convention not in known:
        fitting = f"Those of {quantity} are {', '.join(known)}." if known else f"There is none for {quantity}."
        raise UnknownNameError.of("convention", convention, known, fitting)
    return known[convention](part)


_SUFFIXES = {
    "_bytes_per_s": "B/s",
    "_flops_per_s": "FLOP/s",
    "_bytes": "B",
    "_s": "s",
    "_j": "J",
    "_w": "W",
    "_error": "%",
    "_accuracy": "%",
}
_UNITS = {"macs": "MAC", "flops": "FLOP", "other_flops": "FLOP", "throughput": "inputs/s"}


def unit_of(quantity: str) -> str:
    """The unit of a quantity, which is the end of its name; ``""`` for a plain number.

    >>> unit_of("latency_s"), unit_of("peak_activation_bytes"), unit_of("macs"), unit_of("parameters")
    ('s', 'B', 'MAC', '')
    """
    return _UNITS.get(quantity) or next((unit for end, unit in _SUFFIXES.items() if quantity.endswith(end)), "")


def _total(rows: Sequence[LayerCost], name: str) -> int:
    return sum(getattr(row, name) for row in rows)


# -- parameters --------------------------------------------------------------------------------------------------------


@_enter
def parameters(part: Part) -> int:
    """The elements of all parameters, each once."""
    return _total(part.rows, "parameters")


@_enter
def trainable_parameters(part: Part) -> int:
    """The parameters that ask for a gradient."""
    return _total(part.rows, "trainable_parameters")


@_enter
def weights(part: Part) -> int:
    """The parameters that are neither biases nor those of a normalization."""
    return _total(part.rows, "weights")


@_enter
def biases(part: Part) -> int:
    """The parameters with one axis: biases, and the scales and shifts of normalizations."""
    return parameters(part) - weights(part)


@_enter
def buffers(part: Part) -> int:
    """Running means and variances, and whatever else is stored and not trained."""
    return _total(part.rows, "buffers")


@_enter
def parameters_and_statistics(part: Part) -> int:
    """The parameters and the running means and variances of batch normalization, which Keras counts as well."""
    normalized = [row for row in part.rows if row.kind.startswith("BatchNorm") and row.buffers]
    return parameters(part) + sum(row.buffers - 1 for row in normalized)  # one buffer counts batches


# -- arithmetic --------------------------------------------------------------------------------------------------------


@_enter
def macs(part: Part) -> int:
    """Multiply-accumulates of convolutions, linear layers and matrix products."""
    return _total(part.rows, "macs")


@_enter
def flops(part: Part) -> int:
    """Floating-point operations: two for a multiply-accumulate, and all others."""
    return _total(part.rows, "flops")


@_enter
def other_flops(part: Part) -> int:
    """Floating-point operations that are no part of a multiply-accumulate."""
    return _total(part.rows, "other_flops")


def by_convention(name: str) -> QuantityOfPart:
    """What a part comes to as others count it."""

    def counted(part: Part) -> int:
        """Raises a DataError where the number cannot be told."""
        tally = part.network.tally(name)
        if tally.refusal:
            raise DataError(f"What {name} says of {part.network.cost.architecture} cannot be told: {tally.refusal}.")
        pairs, lies_under = zip(part.network.cost.layers, tally.rows, strict=True), _under(part.layer)
        return sum(number for row, number in pairs if lies_under(row.layer))

    return counted


# -- memory and shape --------------------------------------------------------------------------------------------------


@_enter
def activations(part: Part) -> int:
    """The elements of every layer's own output; what is done in place adds none."""
    return _total(part.rows, "activations")


@_enter
def activation_bytes(part: Part) -> int:
    """The bytes of every layer's own output; what is done in place adds none."""
    return _total(part.rows, "activation_bytes")


@_enter
def activations_with_input(part: Part) -> int:
    """The elements of every layer's own output and of the input."""
    return activations(part) + sum(map(math.prod, part.network.cost.input_shapes))


@_enter
def peak_activation_bytes(part: Part) -> int:
    """The most activation memory that is alive at once.

    Raises:
        DataError: The part is not the whole network, which alone has a peak.
    """
    if part.layer:
        raise DataError(f"The peak is one of the whole network, not of {part.layer!r}.")
    return part.network.cost.peak_activation_bytes


@_enter
def output_shape(part: Part) -> Shape:
    """The shape of the output without the batch."""
    return part.last.output_shape[1:]


@_enter
def output_elements(part: Part) -> int:
    """How many numbers come out for one input."""
    return math.prod(output_shape(part))


@_enter
def output_maps(part: Part) -> int:
    """The maps, or the features, that come out."""
    return part.last.output_shape[1]


@_enter
def output_size(part: Part) -> Shape:
    """The height and width of the maps that come out.

    Raises:
        DataError: The output is no maps.
    """
    if len(part.last.output_shape) != 4:
        raise DataError(f"The output of {part.layer or part.network.cost.architecture!r} has no height and width.")
    return part.last.output_shape[2:]


@_enter
def output_height(part: Part) -> int:
    """The height of the maps that come out.

    Raises:
        DataError: The output is no maps.
    """
    return output_size(part)[0]


@_enter
def receptive_field(part: Part) -> Shape:
    """How much of the input an element of the output sees, in pixels.

    Raises:
        DataError: The receptive field is the whole input, or cannot be followed.
    """
    field = part.network.fields().get(part.last.layer)
    sizes = tuple(size for size in field.size if size is not None) if field else ()
    if field is None or not sizes or len(sizes) < len(field.size):
        raise DataError(f"The receptive field of {part.layer or 'the network'!r} is the whole input, or not followed.")
    return sizes


# -- depth -------------------------------------------------------------------------------------------------------------


@_enter
def depth(part: Part) -> int:
    """The layers with weights on the longest way from the input to the output: the 22 of GoogLeNet.

    Raises:
        DataError: The part is not the whole network.
    """
    if part.layer:
        raise DataError(f"The depth is one of the whole network, not of {part.layer!r}.")
    return part.network.depth()


@_enter
def weighted_layers(part: Part) -> int:
    """All convolutions and linear layers, beside each other or not."""
    return sum(1 for row in part.rows if row.macs and row.weights)


def _in(unit: str) -> dict[str, QuantityOfPart]:
    """What is counted by each convention in that unit."""
    return {name: by_convention(name) for name, each in conventions.CONVENTIONS.items() if each.unit == unit}


BY_CONVENTION: dict[str, dict[str, QuantityOfPart]] = {
    "parameters": {
        "all": parameters,
        "weights": weights,
        "all+running": parameters_and_statistics,
        **_in("parameters"),
    },
    "macs": _in("MACs"),
    "flops": _in("FLOPs"),
    "activations": _in("activations"),
}
"""How papers and other tools count a quantity."""
