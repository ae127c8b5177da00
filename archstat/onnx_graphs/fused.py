"""Shapes of operators that a runtime fused (``com.microsoft``), which ONNX's own inference does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archstat.onnx_graphs.node import Value
from archstat.onnx_graphs.reading import operator_of
from archstat.records import Shape

_AS = {
    "com.microsoft::FusedConv": "Conv",
    "com.microsoft::FusedGemm": "Gemm",
    "com.microsoft::QLinearConv": "QLinearConv",
    "com.microsoft::QuantizeLinear": "QuantizeLinear",
    "com.microsoft::DequantizeLinear": "DequantizeLinear",
}
"""Operators whose outputs have the shapes of another one's."""

_LIKE_FIRST = frozenset(
    "Gelu FastGelu QuickGelu BiasGelu SkipLayerNormalization SkipSimplifiedLayerNormalization "
    "SimplifiedLayerNormalization RotaryEmbedding QLinearSigmoid QLinearLeakyRelu MultiHeadAttention GroupNorm".split()
)
"""Operators whose output has the shape of what they work on."""

LIKE_FIRST = frozenset("GroupNormalization MeanVarianceNormalization Celu".split())
"""Operators of ONNX's own of which the same holds, and which its inference leaves out."""

_PRODUCTS = frozenset("FusedMatMul TransposeMatMul DynamicQuantizeMatMul MatMulIntegerToFloat".split())
_OF_TWO = {"QLinearAdd": 3, "QLinearMul": 3}


def stand_in(node: Any) -> Any:
    """The node under the operator that ONNX knows the shapes of."""
    kind = _AS.get(operator_of(node))
    if kind is None:
        return node
    copy = type(node)()
    copy.CopyFrom(node)
    copy.op_type, copy.domain = kind, ""
    kept = [each for each in node.attribute if not each.name.startswith("activation")]
    del copy.attribute[:]
    copy.attribute.extend(kept)
    return copy


def outputs(node: Any, inputs: Sequence[Value | None]) -> list[tuple[Shape, str] | None] | None:
    """What is known of the outputs of a fused operator; ``None``: it is none of those that are listed here."""
    domain, _, name = operator_of(node).rpartition("::")
    first = inputs[0] if inputs else None
    is_simple = name == "SimplifiedLayerNormalization"  # which runtimes put into ONNX's own domain
    if first is None or (domain != "com.microsoft" and not is_simple):
        return None
    shape = _shape(node, name, [value.spec.shape if value is not None else () for value in inputs])
    rest: list[tuple[Shape, str] | None] = [None] * (len(node.output) - 1)
    if shape is None:
        return None
    if name.startswith("Skip"):
        rest = [((), "float32") if not given else (shape, first.spec.dtype) for given in node.output[1:]]
    dtype = "float32" if name in ("DynamicQuantizeMatMul", "MatMulIntegerToFloat") else first.spec.dtype
    return [(shape, dtype), *rest]


def _shape(node: Any, name: str, shapes: Sequence[Shape]) -> Shape | None:
    attributes = {each.name: each.i for each in node.attribute}
    if name in _LIKE_FIRST:
        return shapes[0]
    if name == "MatMulNBits":
        return (*shapes[0][:-1], attributes["N"])
    if name in _OF_TWO:
        return _broadcast(shapes[0], shapes[_OF_TWO[name]])
    if name in _PRODUCTS and min(map(len, shapes[:2])) >= 2:
        a = _turned(shapes[0]) if attributes.get("transA") else shapes[0]
        b = _turned(shapes[1]) if attributes.get("transB") else shapes[1]
        return (*_broadcast(a[:-2], b[:-2]), a[-2], b[-1])
    return None


def _turned(shape: Shape) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2])


def _broadcast(one: Shape, other: Shape) -> Shape:
    rank = max(len(one), len(other))
    sides = [(1,) * (rank - len(shape)) + tuple(shape) for shape in (one, other)]
    return tuple(max(sizes) for sizes in zip(*sides, strict=True))
