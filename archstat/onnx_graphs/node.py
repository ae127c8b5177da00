"""One node of a graph as a mapping sees it: its inputs, its attributes, and how to say what torch would run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from archstat.onnx_graphs.recording import GraphRecorder
from archstat.records import Shape, TensorSpec
from archstat.records.trace import Nature


class Value(NamedTuple):
    """What is known of a value of a graph.

    Attributes:
        spec: The tensor.
        data: The numbers of a small constant.
        is_known: Whether the shape is known; else it depends on numbers that are not.
    """

    spec: TensorSpec
    data: Any = None
    is_known: bool = True

    @property
    def is_constant(self) -> bool:
        """Whether the value was there before the pass, and is no input."""
        return self.spec.storage < 0


class GraphNode:
    """One node, with shapes.

    Attributes:
        kind: The operator: ``"Conv"``.
        opset: The version of the operators.
    """

    def __init__(
        self,
        kind: str,
        inputs: Sequence[Value | None],
        attributes: dict[str, Any],
        outputs: Sequence[tuple[Shape, str]],
        recorder: GraphRecorder,
        opset: int,
    ) -> None:
        """A node whose inputs and outputs have known shapes."""
        self.kind, self.opset = kind, opset
        self._inputs, self._attributes, self._outputs, self._recorder = inputs, attributes, outputs, recorder

    # -- what goes in --------------------------------------------------------------------------------------------------

    def has(self, place: int) -> bool:
        """Whether there is an input at a place, which may be left out."""
        return place < len(self._inputs) and self._inputs[place] is not None

    def value(self, place: int) -> Value:
        """What is known of an input that must be there."""
        found = self._inputs[place]
        if found is None:
            raise LookupError(place)
        return found

    def x(self, place: int = 0) -> TensorSpec:
        """An input that must be there."""
        return self.value(place).spec

    def maybe(self, place: int) -> TensorSpec | None:
        """An input that may be left out."""
        return self.x(place) if self.has(place) else None

    def bias(self, place: int) -> TensorSpec | None:
        """A bias that may be left out; one of zeros alone is what an exporter put where there was none."""
        if not self.has(place):
            return None
        value = self.value(place)
        return None if value.data is not None and not value.data.any() else value.spec

    def operand(self, place: int) -> Any:
        """An input, a number in place of a constant of one element, as torch takes it."""
        value = self.value(place)
        if value.data is not None and not math.prod(value.spec.shape) - 1 and len(value.spec.shape) <= 1:
            return value.data.reshape(-1)[0].item()
        return value.spec

    def numbers(self, place: int, default: Sequence[int] | None = None) -> list[int] | None:
        """The whole numbers of a constant input; the default if it is left out, ``None`` if they are not known."""
        if not self.has(place):
            return None if default is None else list(default)
        data = self.value(place).data
        return None if data is None else [int(number) for number in data.reshape(-1).tolist()]

    def given(self, name: str, place: int) -> list[int] | None:
        """Whole numbers that older versions take as an attribute and newer ones as an input."""
        own = self.attribute(name)
        return list(own) if own is not None else self.numbers(place)

    @property
    def tensors(self) -> list[TensorSpec]:
        """The inputs that are there."""
        return [value.spec for value in self._inputs if value is not None]

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or what is meant where it is left out."""
        return self._attributes.get(name, default)

    def axis(self, name: str = "axis", default: int = 0) -> int:
        """An attribute that names an axis of the first input, counted from the first one."""
        axis = int(self.attribute(name, default))
        return axis + len(self.x().shape) if axis < 0 else axis

    # -- what comes out ------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many outputs there are."""
        return len(self._outputs)

    def shape(self, place: int = 0) -> Shape:
        """The shape of an output."""
        return self._outputs[place][0]

    @property
    def dtype(self) -> str:
        """The element type of the first output."""
        return self._outputs[0][1]

    def made(self, op: str, *args: Any, nature: Nature = "other", **kwargs: Any) -> list[TensorSpec]:
        """Say that torch would make all outputs in one op."""
        return self._recorder.emit(op, nature, args, kwargs, self._outputs)

    def step(
        self, op: str, shape: Shape, *args: Any, nature: Nature = "other", dtype: str = "", **kwargs: Any
    ) -> TensorSpec:
        """Say that torch would make a tensor on the way, in the type of the first output if no other is named."""
        return self._recorder.emit(op, nature, args, kwargs, [(tuple(shape), dtype or self._outputs[0][1])])[0]

    def pointwise(self, op: str, *args: Any) -> list[TensorSpec]:
        """Say that torch would make the output element by element."""
        return self.made(op, *args, nature="pointwise")

    def last(self, op: str, *args: Any, nature: Nature = "other", **kwargs: Any) -> list[TensorSpec]:
        """Say what op makes the first output, of several that torch would not make."""
        return self._recorder.emit(op, nature, args, kwargs, self._outputs[:1])

    def viewed(self, spec: TensorSpec, shape: Sequence[int]) -> TensorSpec:
        """A tensor in another shape, without a copy; of a constant this is done once and for all."""
        if tuple(shape) == spec.shape:
            return spec
        if spec.storage < 0:
            return in_shape(spec, shape)
        return self.step("view", tuple(shape), spec, tuple(shape), nature="view", dtype=spec.dtype)


def in_shape(spec: TensorSpec, shape: Sequence[int]) -> TensorSpec:
    """A record of the same memory in another shape."""
    return msgspec.structs.replace(spec, shape=tuple(shape))


def transposed(spec: TensorSpec) -> TensorSpec:
    """A record of the same memory with its last two axes exchanged."""
    return in_shape(spec, (*spec.shape[:-2], spec.shape[-1], spec.shape[-2]))
