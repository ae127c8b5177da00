"""Sums over axes, norms, softmax, sorting."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.onnx_graphs.node import GraphNode
from archstat.onnx_graphs.operators.table import operator
from archstat.records import TensorSpec

_REDUCING = {
    "ReduceSum": "sum",
    "ReduceMean": "mean",
    "ReduceMax": "amax",
    "ReduceMin": "amin",
    "ReduceProd": "prod",
    "ReduceLogSumExp": "logsumexp",
}


def _axes(node: GraphNode) -> tuple[int, ...] | None:
    """The axes that are added up; ``None`` if they are not known."""
    rank = len(node.x().shape)
    given = node.given("axes", 1)
    if given is None and node.has(1):
        return None
    if not given and node.attribute("noop_with_empty_axes", 0):
        return ()
    return tuple(axis % rank for axis in given) if given else tuple(range(rank))


def _keeps(node: GraphNode) -> bool:
    return bool(node.attribute("keepdims", 1))


@operator(" ".join(_REDUCING))
def _reduce(node: GraphNode) -> Sequence[TensorSpec] | None:
    axes = _axes(node)
    if axes is None:
        return None
    return [node.x()] if not axes else node.made(_REDUCING[node.kind], node.x(), axes, _keeps(node))


@operator("ReduceL1 ReduceL2")
def _reduce_norm(node: GraphNode) -> Sequence[TensorSpec] | None:
    axes = _axes(node)
    return None if axes is None else node.made("linalg_vector_norm", node.x(), int(node.kind[-1]), axes, _keeps(node))


@operator("ReduceSumSquare ReduceLogSum")
def _reduce_in_two(node: GraphNode) -> Sequence[TensorSpec] | None:
    axes = _axes(node)
    if axes is None:
        return None
    if node.kind == "ReduceLogSum":
        return node.pointwise("log", node.step("sum", node.shape(), node.x(), axes, _keeps(node)))
    square = node.step("mul", node.x().shape, node.x(), node.x(), nature="pointwise")
    return node.made("sum", square, axes, _keeps(node))


@operator("ArgMax ArgMin")
def _arg(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made(node.kind.lower(), node.x(), node.axis(), _keeps(node))


@operator("CumSum CumProd")
def _cumulated(node: GraphNode) -> Sequence[TensorSpec]:
    axes = node.numbers(1)
    return node.made(node.kind.lower(), node.x(), axes[0] if axes else None)


@operator("Softmax LogSoftmax")
def _softmax(node: GraphNode) -> Sequence[TensorSpec]:
    axis = node.axis(default=-1 if node.opset >= 13 else 1)
    return node.made("softmax" if node.kind == "Softmax" else "log_softmax", node.x(), axis)


@operator("Hardmax")
def _hardmax(node: GraphNode) -> Sequence[TensorSpec]:
    """The place of the greatest, and a 1 there."""
    axis = node.axis(default=-1 if node.opset >= 13 else 1)
    shape = tuple(1 if place == axis else size for place, size in enumerate(node.x().shape))
    return node.made("scatter", node.x(), axis, node.step("argmax", shape, node.x(), axis, True, dtype="int64"), 1)


@operator("TopK")
def _topk(node: GraphNode) -> Sequence[TensorSpec]:
    axis = node.axis(default=-1)
    return node.made("topk", node.x(), node.shape()[axis], axis)


# -- norms -------------------------------------------------------------------------------------------------------------


@operator("BatchNormalization")
def _batch_norm(node: GraphNode) -> Sequence[TensorSpec]:
    is_training = bool(node.attribute("training_mode", 0))
    made = node.last("batch_norm", *[node.x(place) for place in range(5)], is_training)
    return [*made, *[node.x(place) for place in (3, 4)]][: node.count]


@operator("InstanceNormalization")
def _instance_norm(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("instance_norm", node.x(), node.x(1), node.x(2))


@operator(
    "LayerNormalization RMSNormalization SimplifiedLayerNormalization com.microsoft::SimplifiedLayerNormalization"
)
def _layer_norm(node: GraphNode) -> Sequence[TensorSpec]:
    """Mean and variance can be outputs too."""
    shape = node.x().shape[node.axis(default=-1) :]
    op = "layer_norm" if node.kind == "LayerNormalization" else "rms_norm"
    weights = [node.x(1), *([node.x(2)] if node.has(2) else [])]
    return node.made(op, node.x(), shape, *weights)


@operator("com.microsoft::SkipLayerNormalization com.microsoft::SkipSimplifiedLayerNormalization")
def _skip_layer_norm(node: GraphNode) -> Sequence[TensorSpec]:
    """A residual addition, maybe of a bias too, and the norm of the sum."""
    is_simple = "Simplified" in node.kind
    total = node.step("add", node.shape(), node.x(), node.x(1), nature="pointwise")
    bias = node.maybe(3 if is_simple else 4)
    if bias is not None:
        total = node.step("add", node.shape(), total, bias, nature="pointwise")
    weights = [node.x(2), *([node.x(3)] if node.has(3) and not is_simple else [])]
    made = node.last("rms_norm" if is_simple else "layer_norm", total, node.shape()[-1:], *weights)
    return [*made, *[total] * (node.count - 1)]


@operator("GroupNormalization com.microsoft::GroupNorm")
def _group_norm(node: GraphNode) -> Sequence[TensorSpec]:
    batch, channels, *maps = node.x().shape
    groups = node.attribute("num_groups", node.attribute("groups", 1))
    return node.made("group_norm", node.x(), node.x(1), node.x(2), batch, channels, math.prod(maps), groups)


@operator("MeanVarianceNormalization")
def _mean_variance_norm(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("layer_norm", node.x(), node.x().shape)


@operator("LpNormalization")
def _lp_norm(node: GraphNode) -> Sequence[TensorSpec]:
    """The norm along an axis, and a division by it."""
    axis, x = node.axis(default=-1), node.x()
    shape = tuple(1 if place == axis else size for place, size in enumerate(x.shape))
    norm = node.step("linalg_vector_norm", shape, x, node.attribute("p", 2), (axis,), True)
    return node.pointwise("div", x, norm)


@operator("NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss")
def _loss(node: GraphNode) -> Sequence[TensorSpec]:
    """Of scores their logarithmic softmax comes first, which can be an output too."""
    scores = node.x()
    if node.kind == "SoftmaxCrossEntropyLoss":
        scores = node.step("log_softmax", scores.shape, scores, 1)
    return [*node.last("nll_loss_forward", scores, node.x(1)), scores][: node.count]


@operator("Det")
def _det(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("linalg_det", node.x())


@operator("DFT")
def _dft(node: GraphNode) -> Sequence[TensorSpec] | None:
    """Along one axis; the last one tells real from complex numbers."""
    axes = node.numbers(2, (-2,))
    if axes is None:
        return None
    spec = node.x()
    axis = node.attribute("axis", axes[0]) % len(spec.shape)
    op = "fft_r2c" if spec.shape[-1] == 1 else "fft_c2c"
    made = node.step(
        op, node.shape()[:-1], node.viewed(spec, spec.shape[:-1]) if spec.shape[-1] == 1 else spec, (axis,)
    )
    return [node.step("view_as_real", node.shape(), made, nature="view")]
