"""Matrix products, attention and recurrent layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.onnx_graphs.node import GraphNode, Value, in_shape, transposed
from archstat.onnx_graphs.operators.table import operator
from archstat.records import Shape, TensorSpec

_WHOLE = ("int", "uint")


@operator("Gemm com.microsoft::FusedGemm")
def _gemm(node: GraphNode) -> Sequence[TensorSpec]:
    """``a·A·B + b·C``; with constant weights a linear layer."""
    a = _turned(node, 0) if node.attribute("transA", 0) else node.x()
    b, is_turned = node.value(1), bool(node.attribute("transB", 0))
    if b.is_constant:
        weight = b.spec if is_turned else transposed(b.spec)
        made = node.last("linear", a, weight, node.maybe(2))
    else:
        other = _turned(node, 1) if is_turned else b.spec
        made = node.last("addmm", node.x(2), a, other) if node.has(2) else node.last("mm", a, other)
    return _activated(node, made)


def _turned(node: GraphNode, place: int) -> TensorSpec:
    """A matrix with its axes exchanged."""
    spec = node.x(place)
    if spec.storage < 0:
        return transposed(spec)
    return node.step("transpose", (spec.shape[1], spec.shape[0]), spec, 0, 1, nature="view", dtype=spec.dtype)


def _activated(node: GraphNode, made: Sequence[TensorSpec]) -> Sequence[TensorSpec]:
    """What a fused operator does at its end."""
    name = node.attribute("activation")
    return made if not name else [node.step(str(name).lower(), made[0].shape, made[0], nature="pointwise")]


@operator("MatMul com.microsoft::FusedMatMul com.microsoft::TransposeMatMul")
def _matmul(node: GraphNode) -> Sequence[TensorSpec]:
    a, b = node.value(0), node.value(1)
    if node.attribute("transA", 0):
        a = a._replace(spec=_turned_last(node, a.spec))
    if node.attribute("transB", 0):
        b = b._replace(spec=_turned_last(node, b.spec))
    return multiplied(node, a, b)


def _turned_last(node: GraphNode, spec: TensorSpec) -> TensorSpec:
    """A stack of matrices with their axes exchanged."""
    if spec.storage < 0:
        return transposed(spec)
    return node.step("transpose", transposed(spec).shape, spec, -2, -1, nature="view", dtype=spec.dtype)


def multiplied(node: GraphNode, a: Value, b: Value) -> Sequence[TensorSpec]:
    """A product as torch runs it: with one matrix of weights a linear layer, else matrices or stacks of them."""
    left, right = a.spec, b.spec
    if all(spec.dtype.startswith(_WHOLE) for spec in (left, right)):
        return node.last("int_mm", left, right)
    if b.is_constant and not a.is_constant and len(right.shape) == 2:
        return node.last("linear", left, transposed(right), None)
    if min(len(left.shape), len(right.shape)) < 2:
        return node.last("matmul", left, right)
    if len(left.shape) == len(right.shape) == 2:
        return node.last("mm", left, right)
    if len(right.shape) == 2:
        flat = node.viewed(left, (math.prod(left.shape[:-1]), left.shape[-1]))
        made = node.step("mm", (flat.shape[0], right.shape[-1]), flat, right)
        return [node.viewed(made, node.shape())]
    batch = node.shape()[:-2]
    flat_left, flat_right = (_stacked(node, spec, batch) for spec in (left, right))
    made = node.step("bmm", (math.prod(batch), *node.shape()[-2:]), flat_left, flat_right)
    return [node.viewed(made, node.shape())]


def _stacked(node: GraphNode, spec: TensorSpec, batch: Shape) -> TensorSpec:
    """A stack of matrices in one axis, repeated where the other side has more."""
    whole = (*batch, *spec.shape[-2:])
    if spec.shape != whole:
        constant = spec.storage < 0
        spec = (
            in_shape(spec, whole)
            if constant
            else node.step("expand", whole, spec, whole, nature="view", dtype=spec.dtype)
        )
    return node.viewed(spec, (math.prod(batch), *spec.shape[-2:]))


@operator("MatMulInteger QLinearMatMul com.microsoft::MatMulIntegerToFloat com.microsoft::DynamicQuantizeMatMul")
def _whole_product(node: GraphNode) -> Sequence[TensorSpec]:
    """Of whole numbers; those of several outputs have each a scale and a zero."""
    return node.last("int_mm", node.x(), node.x(3 if node.kind == "QLinearMatMul" else 1))


@operator("com.microsoft::MatMulNBits")
def _packed_product(node: GraphNode) -> Sequence[TensorSpec]:
    """Weights of a few bits each, packed: the attributes tell how many there are."""
    weight = in_shape(node.x(1), (node.attribute("N"), node.attribute("K")))
    return node.last("linear", node.x(), weight, node.maybe(5))


@operator("Einsum")
def _einsum(node: GraphNode) -> Sequence[TensorSpec] | None:
    """Of two tensors as torch runs it: a stack of matrix products; the axes of one alone are added up before."""
    letters, result = _letters(node)
    if len(letters) != 2 or any(len(set(side)) < len(side) for side in letters):
        return None
    sizes: dict[str, int] = {}
    for side, spec in zip(letters, node.tensors, strict=True):
        sizes.update(zip(side, spec.shape, strict=True))
    left, right = map(set, letters)
    if not result or (left ^ right) - set(result):
        return None
    batch = _size(sizes, left & right & set(result))
    inner = _size(sizes, (left & right) - set(result))
    rows, columns = _size(sizes, left - right), _size(sizes, right - left)
    a, b = node.viewed(node.x(), (batch, rows, inner)), node.viewed(node.x(1), (batch, inner, columns))
    return [node.viewed(node.step("bmm", (batch, rows, columns), a, b), node.shape())]


def _letters(node: GraphNode) -> tuple[list[str], str]:
    """The letters of each side, and those of the result; axes that go unnamed (``...``) get capitals."""
    sides, _, result = str(node.attribute("equation")).replace(" ", "").partition("->")
    letters = sides.split(",")
    unnamed = max(
        (len(spec.shape) - len(side) + 3 for side, spec in zip(letters, node.tensors, strict=True) if "..." in side),
        default=0,
    )
    capitals = "ABCDEFGH"[:unnamed]
    return [side.replace("...", capitals) for side in letters], result.replace("...", capitals)


def _size(sizes: dict[str, int], letters: set[str]) -> int:
    return math.prod(sizes[letter] for letter in letters)


# -- attention ---------------------------------------------------------------------------------------------------------


@operator("Attention")
def _attention(node: GraphNode) -> Sequence[TensorSpec] | None:
    """Queries, keys and values, with the heads in an axis of their own or side by side; what is past comes first."""
    query, key, value = (node.x(place) for place in range(3))
    heads = [node.attribute("q_num_heads"), *[node.attribute("kv_num_heads")] * 2]
    if len(query.shape) == 3:
        query, key, value = (_headed(node, *each) for each in zip((query, key, value), heads, strict=True))
    if node.has(4):
        key = _grown(node, node.x(4), key)
        value = _grown(node, node.x(5), value)
    made = (*query.shape[:-1], value.shape[-1])
    attended = node.step("scaled_dot_product_attention", made, query, key, value, node.maybe(3))
    outputs = [node.viewed(attended, node.shape())]
    return [*outputs, key, value][: node.count] if node.count <= 3 else None


def _grown(node: GraphNode, past: TensorSpec, new: TensorSpec) -> TensorSpec:
    axis = len(new.shape) - 2
    shape = (*new.shape[:axis], past.shape[axis] + new.shape[axis], new.shape[-1])
    return node.step("cat", shape, (past, new), axis, dtype=new.dtype)


def _headed(node: GraphNode, spec: TensorSpec, heads: int) -> TensorSpec:
    batch, length, width = spec.shape
    apart = node.viewed(spec, (batch, length, heads, width // heads))
    return node.step("transpose", (batch, heads, length, width // heads), apart, 1, 2, nature="view", dtype=spec.dtype)


@operator("com.microsoft::MultiHeadAttention")
def _multi_head_attention(node: GraphNode) -> Sequence[TensorSpec] | None:
    if not (node.has(1) and node.has(2)) or len(node.x(1).shape) != 3 or node.count > 1:
        return None
    heads = node.attribute("num_heads")
    query, key, value = (_headed(node, node.x(place), heads) for place in range(3))
    made = (*query.shape[:-1], value.shape[-1])
    return [node.viewed(node.step("scaled_dot_product_attention", made, query, key, value), node.shape())]


# -- recurrent layers --------------------------------------------------------------------------------------------------


@operator("LSTM GRU RNN")
def _recurrent(node: GraphNode) -> Sequence[TensorSpec] | None:
    """One layer, in one or both directions: the weights of each follow each other, as torch has them."""
    w, r = node.x(1), node.x(2)
    directions, gates, features = w.shape
    if directions > 2:
        return None
    weights: list[TensorSpec] = []
    for _ in range(directions):
        weights += [in_shape(w, (gates, features)), in_shape(r, (gates, r.shape[-1]))]
        if node.has(3):
            weights += [in_shape(node.x(3), (gates,))] * 2
    kind = node.kind.lower()
    if kind == "rnn":
        names = [str(name).lower() for name in node.attribute("activations", ["Tanh"])]
        kind = "rnn_relu" if "relu" in names else "rnn_tanh"
    states = tuple(node.x(place) for place in (5, 6) if node.has(place))
    is_batch_first = bool(node.attribute("layout", 0))
    return node.made(
        kind, node.x(), states, tuple(weights), node.has(3), 1, 0.0, False, directions == 2, is_batch_first
    )
