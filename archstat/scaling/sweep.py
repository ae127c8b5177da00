"""One network at many sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Literal, Protocol

import msgspec

from archstat import units
from archstat.errors import ForwardError, InputError
from archstat.files.text import json_text
from archstat.networks.input_specs import AnyInput, InputSpec, mapped_specs, tensor_specs
from archstat.networks.settings import Setting
from archstat.records import ModelCost, Shape
from archstat.records.telling import ShortRecord
from archstat.scaling.laws import GROWTH_QUANTITIES, Growth, Point, Refused, growths_of
from archstat.scaling.polynomials import Coefficients, minus, positive_from

SCALING_SCHEMA = "archstat.scaling/1"
"""The version of the JSON that ``to_json`` writes; a new one whenever a key changes its meaning or goes."""

Over = Literal["resolution", "batch", "sequence"]
VARIABLES: dict[Over, str] = {"resolution": "s", "batch": "b", "sequence": "n"}


class Overtaking(msgspec.Struct, frozen=True):
    """Where attention costs more multiply-accumulates than all the rest, by the two laws.

    Attributes:
        size: The smallest size from which on it does; ``None``: it never does for good.
        attention: The law of the products of activations with each other.
        rest: The law of all other multiply-accumulates.
        is_beyond: No size as large as that was counted.
    """

    size: int | None
    attention: Coefficients
    rest: Coefficients
    is_beyond: bool


class Scaling(ShortRecord, frozen=True):
    """How the cost of one network grows.

    Attributes:
        architecture: What was counted.
        over: What varies.
        inputs: The shapes of its inputs, the size as a letter: ``"1×3×s×s"``.
        dtype: The element type that bytes are stated for.
        points: The totals at each size that the network takes.
        refused: The sizes that it cannot take.
        growths: The laws.
        overtaking: Where attention overtakes the rest, for a network that has it.
        uncounted: The ops that no rule covers: MACs and FLOPs are lower bounds.
    """

    architecture: str
    over: Over
    inputs: tuple[str, ...]
    dtype: str
    points: tuple[Point, ...]
    refused: tuple[Refused, ...]
    growths: tuple[Growth, ...]
    overtaking: Overtaking | None
    uncounted: tuple[str, ...]


class CountedSize(Protocol):
    """What is known of a network on one input; :class:`archstat.analysis.inference.Analysis` is one."""

    @property
    def cost(self) -> ModelCost:
        """The cost of the network on that input."""
        ...

    def attention_macs(self) -> int:
        """The multiply-accumulates of products of activations with each other."""
        ...


class Scalable(Protocol):
    """A network that is counted again and again; :class:`archstat.analysis.inference.NamedNetwork` is one."""

    def inputs(self, setting: Setting) -> tuple[AnyInput, ...]:
        """What goes into it."""
        ...

    def analyse(self, setting: Setting) -> CountedSize:
        """The network counted on one input."""
        ...


def scaling_of(subject: Scalable, over: Over, setting: Setting, sizes: Sequence[int] = ()) -> Scaling:
    """Count a network at many sizes, and find the laws.

    Args:
        subject: The network.
        over: What varies: height and width of images, inputs at once, or the first axis of each input.
        setting: All else that the network is counted with.
        sizes: Where to count; none: where it makes sense for its input, and in between to tell how far laws reach.

    Raises:
        InputError: The input has no such size, or the network takes none of the sizes.
    """
    sweep = _Sweep(subject, over, setting)
    grid = sorted(set(sizes)) or _default_sizes(over, sweep.base)
    shown = grid if sizes else sorted({*grid, sweep.base})
    found = [sweep.count(size) for size in shown]
    points = tuple(point for point in found if isinstance(point, Point))
    refused = tuple(point for point in found if isinstance(point, Refused))
    if not points:
        sizes_tried = units.sizes_listed(shown)
        raise InputError(
            f"The network takes none of the sizes {sizes_tried}. At {units.exact(shown[0])}: {refused[0].why}"
        )
    growths = growths_of(sweep.count, grid, unit=None if sizes else sweep.base)
    return Scaling(
        architecture=sweep.costs[points[0].size].architecture,
        over=over,
        inputs=sweep.shapes(),
        dtype=sweep.costs[points[0].size].dtype,
        points=points,
        refused=refused,
        growths=growths,
        overtaking=None if over == "batch" else _overtaking(growths, points),
        uncounted=tuple(dict.fromkeys(op.op for cost in sweep.costs.values() for op in cost.uncounted)),
    )


class _Sweep:
    """Counts a network at one size after the other, each once."""

    def __init__(self, subject: Scalable, over: Over, setting: Setting) -> None:
        self.costs: dict[int, ModelCost] = {}
        self._subject, self._over = subject, over
        self._inputs = subject.inputs(setting)
        self._setting = msgspec.structs.replace(setting, resolution=None, sequence=None)
        self._points: dict[int, Point | Refused] = {}
        self.base = _base(over, list(tensor_specs(self._inputs)), setting)

    def count(self, size: int) -> Point | Refused:
        """The totals at a size."""
        if size not in self._points:
            self._points[size] = self._fresh(size)
        return self._points[size]

    def _fresh(self, size: int) -> Point | Refused:
        try:
            found = self._subject.analyse(self._at(size))
        except (ForwardError, InputError) as error:
            return Refused(size, str(error))
        self.costs[size] = found.cost
        totals = {name: getattr(found.cost, name) for name in GROWTH_QUANTITIES if name != "attention_macs"}
        return Point(size, **totals, attention_macs=found.attention_macs())

    def _at(self, size: int) -> Setting:
        if self._over == "batch":
            return msgspec.structs.replace(self._setting, inputs=self._inputs, batch_size=size)

        def varied(spec: InputSpec) -> InputSpec:
            return msgspec.structs.replace(spec, shape=self._varied(spec.shape, size))

        return msgspec.structs.replace(self._setting, inputs=mapped_specs(self._inputs, varied))

    def _varied(self, shape: Shape, size: Any) -> tuple[Any, ...]:
        """A shape at another size; an input that is not of the size that varies keeps its own."""
        if self._over == "sequence" and shape[:1] == (self.base,):
            return (size, *shape[1:])
        sides = _sides(shape) if self._over == "resolution" else None
        if sides is None or shape[sides][0] != self.base:
            return shape
        return tuple(size if axis in range(len(shape))[sides] else each for axis, each in enumerate(shape))

    def shapes(self) -> tuple[str, ...]:
        """The shapes of the inputs with a letter for what varies."""
        letter = VARIABLES[self._over]
        batch = letter if self._over == "batch" else str(self._setting.batch_size)
        return tuple(
            units.shape((*([batch] if spec.has_batch else []), *self._varied(spec.shape, letter)))
            for spec in tensor_specs(self._inputs)
        )


_COLOURS_MOST = 4
"""An image with its channels last has no more than these; of more, the last axis is taken for a side of it."""


def _sides(shape: Shape) -> slice | None:
    """Which axes of an image are its sides, all of one size: those behind the channels, or before them."""
    if len(shape) > 1 and len(set(shape[1:])) == 1:
        return slice(1, None)
    is_last = len(shape) > 2 and len(set(shape[:-1])) == 1 and shape[-1] <= _COLOURS_MOST < shape[0]
    return slice(0, -1) if is_last else None


def _base(over: Over, inputs: Sequence[InputSpec], setting: Setting) -> int:
    """The size that the network has before anything varies.

    Raises:
        InputError: The network has no size of that kind, or the user fixed what is to vary.
    """
    fixed = {
        "resolution": ("resolution", setting.resolution is not None),
        "batch": ("batch size", setting.batch_size != 1),
        "sequence": ("sequence length", setting.sequence is not None),
    }
    what, is_fixed = fixed[over]
    if is_fixed:
        raise InputError(
            f"A {what} fixes what is to vary: give the sizes to count at instead.",
            helps={"sizes": ""},
        )
    if over == "batch":
        return 1
    if not inputs:
        raise InputError("A function makes the input of this network: give its sizes instead.", helps={"inputs": ""})
    shape = inputs[0].shape
    text = "x".join(map(str, shape))
    if over == "sequence" and not 1 <= len(shape) <= 2:
        raise InputError(
            f"An input of {text} is no sequence: give whole numbers, such as 128:int64, or vectors, such as 128x768.",
            helps={"inputs": "128:int64"},
        )
    sides = _sides(shape) if over == "resolution" else slice(0, 1)
    if sides is None:
        raise InputError(
            f"An input of {text} is no square image: give one, such as 3x224x224, or let something else vary.",
            helps={"inputs": "3x224x224", "over": ""},
        )
    return shape[sides][0]


def _default_sizes(over: Over, base: int) -> list[int]:
    """Twenty multiples of 32 for images, of 8 for small ones; sixteen lengths up to twice the given one."""
    if over == "batch":
        return [1 << power for power in range(7)]
    if over == "sequence":
        step = max(1, base // 8)
        return list(range(step, 16 * step + 1, step))
    small = 8 if base >= 16 else 1
    step = 32 * -(-base // 640) if base >= 128 else small
    return list(range(step, 20 * step + 1, step))


def _overtaking(growths: Iterable[Growth], points: Sequence[Point]) -> Overtaking | None:
    """Where attention overtakes the rest; ``None`` without attention, or without the laws that tell."""
    laws = {growth.quantity: growth for growth in growths}
    every, attention = laws["macs"], laws.get("attention_macs")
    if attention is None or attention.coefficients is None or every.coefficients is None:
        return None
    step = math.lcm(every.period, attention.period)
    least = max(every.since, attention.since, 1)
    both = (size for size in range(least, least + step) if every.holds_at(size) and attention.holds_at(size))
    first = next(both, None)
    if first is None:
        return None
    rest = minus(every.coefficients, attention.coefficients)
    size = positive_from(minus(attention.coefficients, rest), first, step)
    return Overtaking(size, attention.coefficients, rest, is_beyond=size is not None and size > points[-1].size)


def scaling_to_json(scaling: Scaling) -> str:
    """The JSON of a scaling; ``docs/scale.md`` describes it. Coefficients are texts, as ``"3/4"`` has no number."""
    fields = {"schema": SCALING_SCHEMA, **msgspec.structs.asdict(scaling)}
    return json_text(fields, enc_hook=_fraction, order="sorted")


def _fraction(number: Any) -> str:
    if isinstance(number, Fraction):
        return str(number)
    raise NotImplementedError(f"{type(number).__name__} has no JSON.")
