"""Goes through a graph, node by node, and says what torch would run in its place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from archstat.counting.entries import FREE
from archstat.counting.rules import cost_of
from archstat.errors import InputError, SourceError, quoted
from archstat.onnx_graphs import fused
from archstat.onnx_graphs.holdings import Holding, Holdings
from archstat.onnx_graphs.inputs import LARGEST
from archstat.onnx_graphs.node import GraphNode, Value
from archstat.onnx_graphs.operators.table import OPERATORS
from archstat.onnx_graphs.reading import onnx_library, operator_of, opset_of
from archstat.onnx_graphs.recording import GraphRecorder, Scopes
from archstat.onnx_graphs.scopes import owners_of, scopes_of
from archstat.onnx_graphs.shapes import MOST_NUMBERS, Inference, told_by
from archstat.records import Shape, TensorSpec
from archstat.registry import import_all

#: What is known of an output: its shape and its element type, or nothing.
Told = "tuple[Shape, str] | None"

_HANDED_ON = frozenset("Transpose Reshape Identity Squeeze Unsqueeze Flatten Cast Expand Slice".split())
_MOST_PARTS = 4096
_OF_LISTS = frozenset({"SplitToSequence", "SequenceConstruct", "SequenceAt"})
_OF_NO_LAYER = _HANDED_ON | {"Split", "Dropout"}
"""Nodes that cost nothing; where a node's own name is its layer, they would fill a table with rows of zeros."""


class Walk:
    """One way through a graph.

    Attributes:
        remarks: What a reader must know of it.
    """

    def __init__(self, place: str, model: Any, holdings: Holdings, *, is_fixed: bool) -> None:
        """A graph and what it holds.

        Args:
            place: The file.
            model: What is in it.
            holdings: The tensors that it stores.
            is_fixed: Whether no size is left open, so that what the file says of shapes holds.
        """
        import_all("archstat.onnx_graphs.operators")
        self.remarks: list[str] = []
        self._place, self._model, self._onnx = place, model, onnx_library()
        self._opset, self._inference, self._recorder = opset_of(model), Inference(place, model), GraphRecorder()
        self._owners = owners_of(holdings.parameters)
        self._memory = itertools.count(1)
        self._values: dict[str, Value] = {}
        self._lists: dict[str, list[Value]] = {}
        for kind in (holdings.parameters, holdings.buffers, holdings.constants):
            for name, each in kind.items():
                self._values[name] = self._stored(each, has_numbers=kind is holdings.constants)
        self._told = {info.name: told_by(info) for info in model.graph.value_info} if is_fixed else {}

    def _stored(self, each: Holding, *, has_numbers: bool) -> Value:
        spec = TensorSpec(each.shape, each.dtype, -next(self._memory))
        return Value(spec, self._numbers(each.proto) if has_numbers else None)

    def _numbers(self, proto: Any) -> Any:
        """The numbers of a small tensor that lies in the file itself."""
        is_elsewhere = proto is None or proto.data_location == self._onnx.TensorProto.EXTERNAL
        elements = 1
        for size in () if proto is None else proto.dims:
            elements *= size
        if is_elsewhere or elements > MOST_NUMBERS:
            return None
        try:
            return self._onnx.numpy_helper.to_array(proto)
        except Exception as error:
            raise SourceError(f"{quoted(self._place)} is broken: its {quoted(proto.name)} cannot be read.") from error

    def run(
        self, names: Sequence[str], inputs: Sequence[tuple[Shape, str]]
    ) -> tuple[GraphRecorder, list[TensorSpec], list[TensorSpec]]:
        """Go through the whole graph.

        Args:
            names: The names of its inputs.
            inputs: The shapes and element types of the inputs.

        Returns:
            What was recorded, what went in and what came out.

        Raises:
            SourceError: The graph does not hold together.
            InputError: A node cannot take what goes in.
        """
        taken = [self._recorder.input(*each) for each in inputs]
        self._values.update({name: Value(spec) for name, spec in zip(names, taken, strict=True)})
        self._through(self._model.graph)
        return self._recorder, taken, [self._value(info.name, "the end").spec for info in self._model.graph.output]

    def _value(self, name: str, where: str) -> Value:
        if name not in self._values:
            raise SourceError(
                f"{quoted(self._place)} does not hold together: {where} uses {quoted(name)}, which nothing before it "
                "makes, so that its nodes are out of order or go round in a circle."
            )
        return self._values[name]

    def _through(self, graph: Any) -> None:
        for node in graph.node:
            self._pass(node)

    def _pass(self, node: Any) -> None:
        try:
            self._run(node)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise SourceError(
                f"{quoted(self._place)} does not hold together: {_named(node)} lacks what it needs, or has what it "
                "cannot have."
            ) from error

    def _run(self, node: Any) -> None:
        inputs = [self._value(name, _named(node)) if name else None for name in node.input]
        if operator_of(node) == "If":
            self._branch(node, inputs)
        elif operator_of(node) in _OF_LISTS and self._list(node, inputs):
            pass
        elif not self._constant(node, inputs):
            made = self._made(node, inputs)
            if not self._work_out(node, inputs, made):
                self._emit(node, inputs, made)

    # -- constants -----------------------------------------------------------------------------------------------------

    def _constant(self, node: Any, inputs: Sequence[Value | None]) -> bool:
        """Enter what needs no run: a constant, or the shape of something."""
        kind = operator_of(node)
        if kind == "Constant":
            if node.output[0] not in self._values:  # one that is stored as a tensor has been entered
                self._enter_constant(node.output[0], self._inference.worked_out(node, [], [((), "")]))
            return True
        first = inputs[0] if inputs else None
        if kind not in ("Shape", "Size") or first is None or not first.is_known:
            return False
        import numpy as np  # noqa: PLC0415 - not needed by who reads no graph

        shape = first.spec.shape
        bounds = {each.name: each.i for each in node.attribute}
        numbers = np.array(shape[bounds.get("start", 0) : bounds.get("end", len(shape))], dtype=np.int64)
        self._enter_constant(node.output[0], [numbers if kind == "Shape" else np.array(np.prod(shape, dtype=np.int64))])
        return True

    def _enter_constant(self, name: str, numbers: Sequence[Any] | None) -> None:
        data = numbers[0] if numbers else None
        if data is None or not hasattr(data, "dtype"):
            raise SourceError(f"{quoted(self._place)} is broken: its constant {quoted(name)} cannot be read.")
        spec = TensorSpec(tuple(data.shape), str(data.dtype), -next(self._memory))
        self._values[name] = Value(spec, data)

    def _work_out(self, node: Any, inputs: Sequence[Value | None], made: Sequence[Any]) -> bool:
        """Enter what a node makes of constants alone."""
        given = [value for value in inputs if value is not None]
        if not all(value.is_constant for value in given):
            return False
        numbers = self._inference.worked_out(node, inputs, made)
        if numbers is not None:
            for name, data in zip(node.output, numbers, strict=True):
                if name:
                    self._enter_constant(name, [data])
            return True
        told = made[0] if made else None
        if given and told is not None and operator_of(node) in (*_HANDED_ON, "DequantizeLinear"):
            self._values[node.output[0]] = Value(TensorSpec(told[0], told[1], given[0].spec.storage))
            return True
        return False

    # -- shapes --------------------------------------------------------------------------------------------------------

    def _made(self, node: Any, inputs: Sequence[Value | None]) -> list[Any]:
        """What is known of the outputs of a node before it runs."""
        if any(value is not None and not value.is_known for value in inputs):
            return [None] * len(node.output)
        has_graphs = any(each.HasField("g") for each in node.attribute)
        around = self._values if has_graphs else {name: self._values[name] for name in node.input if name}
        found = fused.outputs(node, inputs)
        if found is None:
            try:
                found = self._inference.outputs(fused.stand_in(node), around)
            except InputError:
                if not has_graphs:
                    raise
                found = [None] * len(node.output)
        if node.op_type in fused.LIKE_FIRST and found[0] is None and inputs and inputs[0] is not None:
            found[0] = (inputs[0].spec.shape, inputs[0].spec.dtype)
        found = [told or self._told.get(name) for told, name in zip(found, node.output, strict=True)]
        shapes = [told[0] for told in found if told is not None]
        if any(math.prod(shape) > LARGEST or any(size < 0 for size in shape) for shape in shapes):
            raise InputError(f"{quoted(self._place)} cannot take that input: {_named(node)} makes a tensor too large.")
        return found

    # -- ops -----------------------------------------------------------------------------------------------------------

    def _emit(self, node: Any, inputs: Sequence[Value | None], made: Sequence[Any]) -> None:
        """Record what torch would run; an operator that is not known is named."""
        kind = operator_of(node)
        self._recorder.enter(self._scopes(node), node.op_type)
        mapping = OPERATORS.get(kind)
        needed = [told for told, name in zip(made, node.output, strict=True) if name or told is not None]
        specs = None
        if mapping is not None and needed and None not in needed:
            mark = self._recorder.mark()
            try:
                outputs = _trimmed(made)
                specs = mapping(
                    GraphNode(node.op_type, inputs, self._attributes(node), outputs, self._recorder, self._opset)
                )
            except (LookupError, TypeError, ValueError, AttributeError):
                specs = None  # a node that lacks what its operator needs
            wanted = sum(1 for name in node.output if name)
            if specs is None or len(specs) < wanted:
                specs = None
                self._recorder.rewind(mark)
                self._recorder.enter(self._scopes(node), node.op_type)
        if specs is None:
            self._emit_unknown(node, inputs, made)
            return
        for name, spec in zip(node.output, specs, strict=False):
            self._values[name] = Value(spec)

    def _emit_unknown(self, node: Any, inputs: Sequence[Value | None], made: Sequence[Any]) -> None:
        """Name an op that is not counted, and what comes of it."""
        kind = operator_of(node)
        given = [value.spec for value in inputs if value is not None] or [
            TensorSpec((0,), "float32", -next(self._memory))
        ]
        told = [each if each is not None else ((0,), "float32") for each in made]
        specs = self._recorder.emit(kind if "::" in kind else f"onnx::{kind}", "other", given, {}, told)
        if None in made and not self.remarks:
            self.remarks.append(
                f"The shape of what {_named(node)} makes is not told by the shapes that go in: what follows from it is "
                "not counted."
            )
        for name, spec, each in zip(node.output, specs, made, strict=True):
            self._values[name] = Value(spec, is_known=each is not None)

    def _scopes(self, node: Any) -> Scopes:
        scopes = scopes_of(node, self._owners)
        is_own = len(scopes) == 1 and scopes[0] == (node.name, "")
        return () if is_own and node.op_type in _OF_NO_LAYER else scopes

    def _attributes(self, node: Any) -> dict[str, Any]:
        found = {each.name: self._onnx.helper.get_attribute_value(each) for each in node.attribute}
        return {
            name: value.decode(errors="replace")
            if isinstance(value, bytes)
            else [each.decode(errors="replace") if isinstance(each, bytes) else each for each in value]
            if isinstance(value, list)
            else value
            for name, value in found.items()
        }

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _list(self, node: Any, inputs: Sequence[Value | None]) -> bool:
        """Follow a list of tensors, where it is known which ones are in it."""
        kind, first = operator_of(node), inputs[0]
        if kind == "SequenceConstruct":
            self._lists[node.output[0]] = [value for value in inputs if value is not None]
        elif kind == "SplitToSequence":
            parts = self._split(node, inputs)
            if parts is None:
                return False
            self._lists[node.output[0]] = parts
        elif node.input[0] not in self._lists or inputs[1] is None or inputs[1].data is None:
            return False
        else:
            self._values[node.output[0]] = self._lists[node.input[0]][int(inputs[1].data)]
            return True
        self._values[node.output[0]] = first._replace(is_known=False, data=None)  # type: ignore[union-attr]  # one is there
        return True

    def _split(self, node: Any, inputs: Sequence[Value | None]) -> list[Value] | None:
        """The parts of a tensor that is cut into a list; ``None``: into which ones is not known."""
        whole, cut = (*inputs, None)[:2]
        attributes = self._attributes(node)
        if whole is None or not whole.is_known or cut is None or cut.data is None or not attributes.get("keepdims", 1):
            return None
        axis = attributes.get("axis", 0) % len(whole.spec.shape)
        extent = whole.spec.shape[axis]
        if cut.data.shape:
            sizes = [int(size) for size in cut.data]
        else:
            step = int(cut.data)
            if step < 1 or extent > step * _MOST_PARTS:
                return None
            sizes = [min(step, extent - start) for start in range(0, extent, step)]
        shapes = [(*whole.spec.shape[:axis], size, *whole.spec.shape[axis + 1 :]) for size in sizes]
        self._recorder.enter(self._scopes(node), node.op_type)
        told = [(shape, whole.spec.dtype) for shape in shapes]
        made = self._recorder.emit("split_with_sizes", "view", [whole.spec, tuple(sizes), axis], {}, told)
        return [Value(spec) for spec in made]

    # -- branches ------------------------------------------------------------------------------------------------------

    def _branch(self, node: Any, inputs: Sequence[Value | None]) -> None:
        """The branch that is taken, if that is known; either one, if both cost the same; else none is counted."""
        graphs = {each.name: each.g for each in node.attribute}
        choice = inputs[0].data if inputs and inputs[0] is not None else None
        if choice is not None and choice.size == 1:
            self._take(node, graphs["then_branch" if bool(choice.reshape(-1)[0]) else "else_branch"])
            return
        mark = self._recorder.mark()
        costs, shapes = [], []
        for name in ("then_branch", "else_branch"):
            self._recorder.rewind(mark)
            self._take(node, graphs[name])
            ops = self._recorder.ops[mark.ops :]
            costs.append(sorted(repr(cost) for cost in map(cost_of, ops) if cost != FREE))
            shapes.append([_told_of(self._values[output]) for output in node.output])
        if costs[0] != costs[1] or shapes[0] != shapes[1]:
            self._recorder.rewind(mark)
            self._recorder.enter(self._scopes(node), node.op_type)
            made = [one if one == other else None for one, other in zip(*shapes, strict=True)]
            self._emit_unknown(node, inputs, made)

    def _take(self, node: Any, graph: Any) -> None:
        self._through(graph)
        for name, info in zip(node.output, graph.output, strict=True):
            self._values[name] = self._value(info.name, _named(node))


def _told_of(value: Value) -> Any:
    return (value.spec.shape, value.spec.dtype) if value.is_known else None


def _trimmed(made: Sequence[Any]) -> list[tuple[Shape, str]]:
    """What is told of the outputs, up to the last one that somebody wants."""
    return [told if told is not None else ((), "float32") for told in made]


def _named(node: Any) -> str:
    return f"{quoted(node.name)} ({node.op_type})" if node.name else f"a node of kind {node.op_type}"
