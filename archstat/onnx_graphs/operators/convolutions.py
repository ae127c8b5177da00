"""Convolutions and pooling: windows that slide."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.onnx_graphs.node import GraphNode
from archstat.onnx_graphs.operators.table import operator
from archstat.records import Shape, TensorSpec


def _padding(
    node: GraphNode, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[Shape, Shape]:
    """How many elements stand before and after each axis."""
    axes, how = len(kernel), node.attribute("auto_pad", "NOTSET")
    if how not in ("SAME_UPPER", "SAME_LOWER"):
        pads = [0] * (2 * axes) if how == "VALID" else node.attribute("pads", [0] * (2 * axes))
        return tuple(pads[:axes]), tuple(pads[axes:])
    taken, made = node.x().shape[-axes:], node.shape()[-axes:]
    totals = [
        max((out - 1) * step + (size - 1) * gap + 1 - extent, 0)
        for extent, out, size, step, gap in zip(taken, made, kernel, stride, dilation, strict=True)
    ]
    halves = tuple(total // 2 for total in totals)
    rests = tuple(total - half for total, half in zip(totals, halves, strict=True))
    return (halves, rests) if how == "SAME_UPPER" else (rests, halves)


def _padded(node: GraphNode, before: Shape, after: Shape) -> tuple[TensorSpec, Shape]:
    """The input and the padding that is left: torch pads both ends alike, or in an op of its own."""
    if before == after:
        return node.x(), before
    x, axes = node.x(), len(before)
    sizes = [size + a + b for size, a, b in zip(x.shape[-axes:], before, after, strict=True)]
    pad = [number for pair in reversed(list(zip(before, after, strict=True))) for number in pair]
    padded = node.step("constant_pad_nd", (*x.shape[:-axes], *sizes), x, pad, 0, dtype=x.dtype)
    return padded, (0,) * axes


def convolved(node: GraphNode, weight: TensorSpec, bias: TensorSpec | None) -> Sequence[TensorSpec] | None:
    """A convolution of the first input."""
    axes = len(weight.shape) - 2
    if not 1 <= axes <= 3:
        return None
    stride, dilation = (tuple(node.attribute(name, [1] * axes)) for name in ("strides", "dilations"))
    x, padding = _padded(node, *_padding(node, weight.shape[2:], stride, dilation))
    groups = node.attribute("group", 1)
    return node.last(f"conv{axes}d", x, weight, bias, stride, padding, dilation, groups)


@operator("Conv ConvInteger com.microsoft::FusedConv")
def _conv(node: GraphNode) -> Sequence[TensorSpec] | None:
    """Of whole numbers the third input is no bias but where 0 lies."""
    made = convolved(node, node.x(1), None if node.kind == "ConvInteger" else node.bias(2))
    activation = node.attribute("activation")
    if made is None or not activation:
        return made
    if node.has(3):  # what is added before the activation
        made = [node.step("add", node.shape(), made[0], node.x(3), nature="pointwise")]
    return node.pointwise(str(activation).lower(), made[0])


@operator("QLinearConv com.microsoft::QLinearConv")
def _quantized_conv(node: GraphNode) -> Sequence[TensorSpec] | None:
    """The inputs are ``x, scale, zero, weight, scale, zero, scale, zero, bias``."""
    return convolved(node, node.x(3), node.bias(8))


@operator("ConvTranspose")
def _conv_transpose(node: GraphNode) -> Sequence[TensorSpec] | None:
    weight = node.x(1)
    axes = len(weight.shape) - 2
    if not 1 <= axes <= 3:
        return None
    stride, dilation = (tuple(node.attribute(name, [1] * axes)) for name in ("strides", "dilations"))
    padding = tuple(node.attribute("pads", [0] * axes)[:axes])
    out = tuple(node.attribute("output_padding", [0] * axes))
    groups = node.attribute("group", 1)
    return node.last(f"conv_transpose{axes}d", node.x(), weight, node.bias(2), stride, padding, out, groups, dilation)


@operator("DeformConv")
def _deform_conv(node: GraphNode) -> Sequence[TensorSpec]:
    mask, bias = node.maybe(4), node.maybe(3)
    return node.last("torchvision::deform_conv2d", node.x(), node.x(1), node.x(2), mask, bias)


def _pool(node: GraphNode, op: str, *rest: object) -> Sequence[TensorSpec] | None:
    kernel = tuple(node.attribute("kernel_shape"))
    axes = len(kernel)
    if not 1 <= axes <= 3:
        return None
    stride, dilation = (tuple(node.attribute(name, [1] * axes)) for name in ("strides", "dilations"))
    x, padding = _padded(node, *_padding(node, kernel, stride, dilation))
    ceil = bool(node.attribute("ceil_mode", 0))
    if op == "max_pool":
        name = "max_pool3d_with_indices" if axes == 3 else f"max_pool{axes}d"
        return node.made(name, x, kernel, stride, padding, dilation, ceil)
    if axes > 1:
        return node.last(f"{op}{axes}d", x, kernel, stride, padding, ceil, *rest)
    flat = node.viewed(x, (*x.shape[:-1], 1, x.shape[-1]))  # as torch runs it
    made = (*node.shape()[:-1], 1, node.shape()[-1])
    pooled = node.step(f"{op}2d", made, flat, (1, *kernel), (1, *stride), (0, *padding), ceil, *rest)
    return [node.viewed(pooled, node.shape())]


@operator("MaxPool")
def _max_pool(node: GraphNode) -> Sequence[TensorSpec] | None:
    return _pool(node, "max_pool")


@operator("AveragePool com.microsoft::QLinearAveragePool")
def _average_pool(node: GraphNode) -> Sequence[TensorSpec] | None:
    return _pool(node, "avg_pool", bool(node.attribute("count_include_pad", 0)))


@operator("GlobalAveragePool GlobalMaxPool com.microsoft::QLinearGlobalAveragePool")
def _global_pool(node: GraphNode) -> Sequence[TensorSpec]:
    axes = tuple(range(2, len(node.x().shape)))
    return node.last("amax" if "Max" in node.kind else "mean", node.x(), axes, True)


@operator("MaxUnpool")
def _max_unpool(node: GraphNode) -> Sequence[TensorSpec]:
    return node.last("max_unpool2d", node.x(), node.x(1), node.shape()[2:])


@operator("LRN")
def _local_response(node: GraphNode) -> Sequence[TensorSpec]:
    """As torch runs it: squares, their mean over channels nearby, ``(k + a·mean)^b``, and a division."""
    x, size = node.x(), node.attribute("size")
    square = node.step("mul", x.shape, x, x, nature="pointwise")
    flat = node.viewed(square, (x.shape[0], 1, x.shape[1], math.prod(x.shape[2:]), 1))
    grown = (*flat.shape[:2], x.shape[1] + size - 1, *flat.shape[3:])
    padded = node.step("constant_pad_nd", grown, flat, (0, 0, 0, 0, size // 2, (size - 1) // 2), 0)
    mean = node.step("avg_pool3d", flat.shape, padded, (size, 1, 1), (1, 1, 1))
    back = node.viewed(mean, x.shape)
    for op in ("mul", "add", "pow"):
        back = node.step(op, x.shape, back, 1.0, nature="pointwise")
    return node.pointwise("div", x, back)
