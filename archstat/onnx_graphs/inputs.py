"""The sizes of what goes into a graph: its own, and those that it leaves open, from the setting."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.errors import InputError, SourceError, quoted
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.settings import Setting
from archstat.onnx_graphs.reading import ONNX_TYPES
from archstat.records import Shape

_BATCHES = frozenset("batch batch_size batchsize bs b n".split())
LARGEST = (1 << 63) - 1
"""The most elements that a tensor can have."""


class GraphInput(msgspec.Struct, frozen=True):
    """One tensor that a graph takes.

    Attributes:
        name: What the input is called in the graph.
        dims: The size along each axis, or the name of one that is left open.
        dtype: The element type.
    """

    name: str
    dims: tuple[int | str, ...]
    dtype: str

    @property
    def batch_axis(self) -> int | None:
        """The axis that the batch lies along, of those that are open: one of that name, else the first axis."""
        named = [axis for axis, dim in enumerate(self.dims) if isinstance(dim, str) and dim.lower() in _BATCHES]
        if named:
            return named[0]
        return 0 if self.dims and isinstance(self.dims[0], str) else None

    @property
    def words(self) -> str:
        """The axes as a reader knows them: ``batch×3×224×224``."""
        return "×".join(str(dim).removeprefix(f"{self.name}.") for dim in self.dims) or "a single number"


def inputs_of(place: str, model: Any) -> tuple[GraphInput, ...]:
    """What a graph takes; what the file itself stores is no input.

    Raises:
        SourceError: One of its inputs is no tensor, or has no shape.
    """
    stored = {proto.name for proto in model.graph.initializer}
    return tuple(_input(place, info) for info in model.graph.input if info.name not in stored)


def _input(place: str, info: Any) -> GraphInput:
    if not info.type.HasField("tensor_type"):
        raise SourceError(f"{quoted(place)} takes {quoted(info.name)}, which is no tensor.")
    kind = info.type.tensor_type
    if not kind.HasField("shape"):
        raise SourceError(f"{quoted(place)} does not say which shape its input {quoted(info.name)} has.")
    dims = [
        int(dim.dim_value)
        if dim.HasField("dim_value") and dim.dim_value > 0
        else dim.dim_param or f"{info.name}.{axis}"
        for axis, dim in enumerate(kind.shape.dim)
    ]
    return GraphInput(info.name, tuple(dims), ONNX_TYPES.get(kind.elem_type, "undefined"))


def sizes_for(place: str, takes: Sequence[GraphInput], setting: Setting) -> list[Shape]:
    """The shape of each input.

    Raises:
        InputError: The setting does not fit the graph, or leaves a size open.
    """
    _check_types(place, takes, setting)
    found = _Sizes(place, takes, setting)
    for each, spec in _matched(place, takes, setting.inputs):
        found.take(each, spec)
    found.fill()
    return [found.shape(each) for each in takes]


def as_specs(takes: Sequence[GraphInput], shapes: Sequence[Shape]) -> tuple[AnyInput, ...]:
    """Inputs as a user would write them: without the batch, where it is open and comes first."""
    return tuple(
        InputSpec(shape[1:], each.dtype) if each.batch_axis == 0 else InputSpec(shape, each.dtype, has_batch=False)
        for each, shape in zip(takes, shapes, strict=True)
    )


def _check_types(place: str, takes: Sequence[GraphInput], setting: Setting) -> None:
    if setting.dtype not in ("float32", *[each.dtype for each in takes]):
        raise InputError(f"{quoted(place)} has element types of its own, and none of its inputs is of {setting.dtype}.")


def _matched(place: str, takes: Sequence[GraphInput], given: Sequence[AnyInput]) -> list[tuple[GraphInput, InputSpec]]:
    """The inputs that the user gives, each with the one of the graph that it is."""
    by_name = {name: each for each in takes for name in (re.sub(r"\W", "_", each.name), each.name)}
    rest = list(takes)
    found: list[tuple[GraphInput, InputSpec]] = []
    for spec in given:
        if not isinstance(spec, InputSpec):
            raise InputError(f"{quoted(place)} takes tensors alone: give sizes, such as 3x224x224.")
        if spec.name and spec.name not in by_name:
            has = ", ".join(quoted(each.name) for each in takes)
            raise InputError(f"{quoted(place)} has no input {quoted(spec.name)}: it takes {has}.")
        if not spec.name and not rest:
            raise InputError(f"{quoted(place)} takes {len(takes)} inputs, and more are given.", helps={"inputs": ""})
        each = by_name[spec.name] if spec.name else rest[0]
        if each not in rest:
            raise InputError(f"The input {quoted(each.name)} is given twice.")
        rest.remove(each)
        found.append((each, spec))
    return found


class _Sizes:
    """The sizes of open axes, as they become known."""

    def __init__(self, place: str, takes: Sequence[GraphInput], setting: Setting) -> None:
        self._place, self._takes, self._setting = place, takes, setting
        self._known: dict[str, int] = {}
        batches = {each.dims[each.batch_axis] for each in takes if each.batch_axis is not None}
        self._known.update({str(name): setting.batch_size for name in batches})
        self._assumed = set(self._known) if setting.batch_size == 1 else set()
        if not batches and setting.batch_size != 1:
            self._check_fixed_batch()

    def _check_fixed_batch(self) -> None:
        for each in self._takes:
            if each.dims and each.dims[0] != self._setting.batch_size:
                raise InputError(
                    f"{quoted(self._place)} fixes the first axis of its input {quoted(each.name)} at {each.dims[0]}: "
                    "export it with that axis open to count another batch."
                )

    def take(self, each: GraphInput, spec: InputSpec) -> None:
        """What the user says of an input."""
        shape = (self._setting.batch_size, *spec.shape) if spec.has_batch else spec.shape
        name = f"The input {quoted(each.name)} of {quoted(self._place)}"
        if spec.dtype and spec.dtype != each.dtype:
            raise InputError(f"{name} is of {each.dtype}, and not of {spec.dtype}.")
        if len(shape) != len(each.dims):
            raise InputError(
                f"{name} is {each.words}, which has {len(each.dims)} axes with the batch, and {units.shape(shape)} has "
                f"{len(shape)}: give its sizes without the batch.",
                helps={"inputs": ""},
            )
        for axis, (dim, size) in enumerate(zip(each.dims, shape, strict=True)):
            if isinstance(dim, str):
                self._set(each, axis, dim, size)
            elif dim != size and not (axis == 0 and spec.has_batch and self._setting.batch_size == 1):
                raise InputError(f"{name} is {each.words}: axis {axis} is {dim}, and not {size}.", helps={"inputs": ""})

    def _set(self, each: GraphInput, axis: int, name: str, size: int) -> None:
        if name in self._assumed:  # a batch of 1 is what is meant where nobody says another one
            self._assumed.discard(name)
            self._known[name] = size
        known = self._known.setdefault(name, size)
        if known != size:
            raise InputError(
                f"Axis {axis} of the input {quoted(each.name)} of {quoted(self._place)} is {quoted(name)}, which is "
                f"{known} elsewhere, and not {size}."
            )

    def fill(self) -> None:
        """What a resolution and a length of sequences say of axes that are open."""
        resolution, sequence = self._setting.resolution, self._setting.sequence
        if resolution is not None:
            sides = {(each, axis) for each in self._takes if len(each.dims) == 4 for axis in (2, 3)}
            self._fill("image", sides, resolution)
        if sequence is not None:
            lengths = {
                (each, axis)
                for each in self._takes
                for axis, dim in enumerate(each.dims)
                if axis != each.batch_axis and (_is_length(dim) or (axis == 1 and len(each.dims) == 2))
            }
            self._fill("sequence", lengths, sequence)

    def _fill(self, what: str, axes: set[tuple[GraphInput, int]], size: int) -> None:
        if not axes:
            raise InputError(
                f"{quoted(self._place)} takes no {what}: give the sizes of its inputs.", helps={"inputs": ""}
            )
        for each, axis in sorted(axes, key=lambda pair: (pair[0].name, pair[1])):
            dim = each.dims[axis]
            if isinstance(dim, str):
                self._set(each, axis, dim, size)
            elif dim != size:
                raise InputError(
                    f"The input {quoted(each.name)} of {quoted(self._place)} is {each.words}: axis {axis} is {dim}, "
                    f"and not {size}."
                )

    def shape(self, each: GraphInput) -> Shape:
        """The shape of an input, all of which must be known by now."""
        for axis, dim in enumerate(each.dims):
            if isinstance(dim, str) and dim not in self._known:
                raise InputError(
                    f"Which size has axis {axis} of the input {quoted(each.name)} of {quoted(self._place)}, which is "
                    f"{each.words}? Give its sizes without the batch.",
                    helps={"inputs": ""},
                )
        shape = tuple(self._known[dim] if isinstance(dim, str) else dim for dim in each.dims)
        if math.prod(shape) > LARGEST:
            raise InputError(f"No tensor can have {units.shape(shape)} elements of {each.dtype}.")
        return shape


def _is_length(dim: int | str) -> bool:
    return isinstance(dim, str) and ("seq" in dim.lower() or "len" in dim.lower())
