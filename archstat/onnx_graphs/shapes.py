"""What a node makes, from what goes in: shapes by ONNX's own inference, and the numbers of small constants."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from archstat.errors import InputError, first_line, quoted
from archstat.onnx_graphs.node import Value
from archstat.onnx_graphs.reading import ONNX_TYPES, onnx_library, operator_of
from archstat.records import Shape

MOST_NUMBERS = 1 << 14
"""Constants of more elements are not worked out: shapes and axes are small."""

_NUMBERS = {name: number for number, name in ONNX_TYPES.items()}
_RANDOM = frozenset("RandomNormal RandomUniform RandomNormalLike RandomUniformLike Multinomial Bernoulli".split())


class Inference:
    """ONNX's inference, a node at a time."""

    def __init__(self, place: str, model: Any) -> None:
        """Inference by the versions of operators of a model."""
        self._place, self._onnx = place, onnx_library()
        self._imports = list(model.opset_import)
        self._versions = {each.domain: int(each.version) for each in model.opset_import}
        self._ir = int(model.ir_version)

    def outputs(self, node: Any, inputs: Mapping[str, Value]) -> list[tuple[Shape, str] | None]:
        """The shape and element type of each output of a node; ``None``: not told by shapes.

        Args:
            node: The node.
            inputs: What is known of all values that it uses, those from outside its branches included.

        Raises:
            InputError: The node does not take what goes in.
        """
        schema = self._schema(node)
        if schema is None:
            return [None] * len(node.output)
        types = {name: self._type(value) for name, value in inputs.items()}
        data = {name: self._tensor(value.data) for name, value in inputs.items() if value.data is not None}
        try:
            found = self._onnx.shape_inference.infer_node_outputs(
                schema, node, types, data, opset_imports=self._imports, ir_version=self._ir
            )
        except Exception as error:
            where = f"{quoted(node.name)} ({node.op_type})" if node.name else f"a node of kind {node.op_type}"
            why = first_line(error).rpartition("] ")[2] or type(error).__name__
            raise InputError(
                f"{quoted(self._place)} cannot take that input, or does not hold together: {where} fails with: {why}"
            ) from error
        return [_told(found.get(name)) for name in node.output]

    def _schema(self, node: Any) -> Any:
        domain = "" if node.domain == "ai.onnx" else node.domain
        try:
            return self._onnx.defs.get_schema(node.op_type, self._versions.get(domain, 1), domain)
        except Exception:  # noqa: BLE001 - an operator that ONNX does not know; its own exception has no public name
            return None

    def _type(self, value: Value) -> Any:
        make = self._onnx.helper.make_tensor_type_proto
        number = _NUMBERS.get(value.spec.dtype, 0)
        return make(number, value.spec.shape if value.is_known else None)

    def _tensor(self, data: Any) -> Any:
        return self._onnx.numpy_helper.from_array(data)

    def worked_out(self, node: Any, inputs: Sequence[Value | None], made: Sequence[tuple[Shape, str] | None]) -> Any:
        """The numbers of the outputs of a node whose inputs are constants; ``None`` if they are too many."""
        if operator_of(node) in _RANDOM or any(value is not None and value.data is None for value in inputs):
            return None
        if any(told is None or math.prod(told[0]) > MOST_NUMBERS for told in made):
            return None
        onnx = self._onnx
        given = {name: value.data for name, value in zip(node.input, inputs, strict=True) if value is not None}
        infos = [onnx.helper.make_tensor_value_info(name, _number_of(data), data.shape) for name, data in given.items()]
        results = [onnx.helper.make_tensor_value_info(name, 0, None) for name in node.output if name]
        graph = onnx.helper.make_graph([node], "constants", infos, results)
        try:
            from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 - optional

            model = onnx.helper.make_model(graph, opset_imports=self._imports, ir_version=self._ir)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numbers that do not fit are no shapes
                found = ReferenceEvaluator(model).run(None, given)
        except Exception:  # noqa: BLE001 - what the reference does not know is run with the rest
            return None
        numbers = iter(found)
        return [next(numbers) if name else None for name in node.output]


def _number_of(data: Any) -> int:
    from onnx.helper import np_dtype_to_tensor_dtype  # noqa: PLC0415 - optional

    return int(np_dtype_to_tensor_dtype(data.dtype))


def _told(kind: Any) -> tuple[Shape, str] | None:
    """Shape and element type, if both are known whole."""
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    if not all(dim.HasField("dim_value") for dim in dims):
        return None
    return tuple(int(dim.dim_value) for dim in dims), ONNX_TYPES.get(kind.tensor_type.elem_type, "undefined")


def told_by(info: Any) -> tuple[Shape, str] | None:
    """What a file says itself of a value."""
    return _told(info.type)
