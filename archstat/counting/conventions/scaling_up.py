"""Whether a tool that counts on small images, and scales up, comes to what the whole image comes to.

Ultralytics' counter runs a network on images that are one cell of 32 by 32 pixels high and one, two, … cells wide. The
number of cells of the whole image is put into the line, or the parabola, through those counts. That is the count of the
whole image where each map is an exact part of the image, whatever its size; what is asked here is whether a trace shows
that. Images whose sides are no multiples of 32, or of fewer than four cells, are counted directly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from archstat.counting.arguments import arg, args, first
from archstat.records import OpCall, Shape, Trace

CELL = 32
"""The pixels of a side of a cell, for all but networks with a larger stride."""

_CELLS_MIN = 4
"""Images of fewer cells are counted directly."""

_CONST_KINDS = frozenset(
    "Linear Bilinear AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
    "AdaptiveMaxPool3d".split()
)
"""Layers for which the counter takes a second image, so that what does not grow with the image is told apart."""

_POOLS = frozenset("max_pool2d max_pool2d_with_indices avg_pool2d".split())
_WINDOWED = frozenset({"conv2d", *_POOLS})
_GLOBAL = frozenset("adaptive_avg_pool2d adaptive_max_pool2d".split())
_OTHER_AXES = frozenset("conv1d conv3d conv_transpose1d conv_transpose3d max_pool1d max_pool3d avg_pool3d".split())
_PRODUCTS = frozenset("bmm linear scaled_dot_product_attention".split())


def scales_up(trace: Trace) -> bool:
    """Whether the counts of small images lead to that of this one, as far as a trace can show it."""
    cells = _cells(trace.inputs[0])
    if cells < _CELLS_MIN:
        return True
    found = set(_growths(trace, cells))
    kinds = {layer.kind for layer in trace.layers}
    return "unknown" not in found and ("const" not in found or not kinds.isdisjoint(_CONST_KINDS))


def _cells(image: Shape) -> int:
    """The cells of an image; 0 where its sides are not made of them."""
    height, width = image[-2:]
    return 0 if height % CELL or width % CELL else (height // CELL) * (width // CELL)


def _growths(trace: Trace, cells: int) -> Iterator[str]:
    """How each op grows with the image: ``"area"``, ``"const"``, or ``"unknown"``."""
    image = trace.inputs[0]
    for op in trace.ops:
        if op.op in _OTHER_AXES:
            yield "unknown"
        elif op.op in _WINDOWED or op.op == "conv_transpose2d":
            yield _of_window(op, image, cells)
        elif op.op in _GLOBAL:
            yield "const" if op.outputs[0].shape[-2:] == (1, 1) else "unknown"
        elif op.op in _PRODUCTS:
            yield _of_product(op, cells)


def _of_window(op: OpCall, image: Shape, cells: int) -> str:
    """How a convolution or a pool grows: with the area, if no size is ever cut off."""
    taken, made = first(op).shape[-2:], op.outputs[0].shape[-2:]
    if taken == made == (1, 1):
        return "const"
    if op.op == "conv2d" and [_window(op, axis)[:3] for axis in range(2)] == [(1, 1, 0)] * 2:
        return "area" if math.prod(made) % cells == 0 else "unknown"  # whatever its axes are: boxes by coordinates
    if op.op == "conv_transpose2d":
        return "area" if all(map(_is_part, taken, image[-2:])) and all(map(_is_multiple, made, taken)) else "unknown"
    is_exact = all(map(_keeps_parts, range(2), taken, image[-2:], [op] * 2))
    return "area" if is_exact and not _leaves_padding_out(op) else "unknown"


def _is_part(size: int, whole: int, step: int = 1) -> bool:
    """Whether a map is the image divided by something that a cell can be divided by, with the next step too."""
    return whole % size == 0 and CELL % (whole // size * step) == 0


def _is_multiple(made: int, taken: int) -> bool:
    return made % taken == 0


def _keeps_parts(axis: int, taken: int, whole: int, op: OpCall) -> bool:
    """Whether every size is divided by the step exactly, and not this one alone."""
    kernel, step, pad, gap, is_ceiled = _window(op, axis)
    more = 2 * pad - gap * (kernel - 1) - 1
    rounded = math.ceil(more / step) if is_ceiled else more // step
    return rounded == -1 and _is_part(taken, whole, step)


def _window(op: OpCall, axis: int) -> tuple[int, int, int, int, bool]:
    """The size of a window along an axis, its step, padding and dilation, and whether sizes are rounded up."""
    if op.op == "conv2d":
        step, pad, gap = (_along(axis, each) for each in args(op, "stride padding dilation"))
        return arg(op, "weight").shape[2 + axis], step, pad, gap, False
    kernel, step, pad, is_ceiled = args(op, "kernel_size stride padding ceil_mode")
    gap = 1 if op.op == "avg_pool2d" else _along(axis, arg(op, "dilation"))
    return _along(axis, kernel), _along(axis, step or kernel), _along(axis, pad), gap, bool(is_ceiled)


def _along(axis: int, given: int | tuple[int, ...]) -> int:
    if isinstance(given, int):
        return given
    return given[axis if len(given) > 1 else 0]


def _leaves_padding_out(op: OpCall) -> bool:
    """Whether an average at the edge is one of fewer elements."""
    return op.op == "avg_pool2d" and any(arg(op, "padding")) and not arg(op, "count_include_pad")


def _of_product(op: OpCall, cells: int) -> str:
    """How a matrix product grows; one of its sizes is that of the area, or there is one row of each input."""
    sizes = (*op.tensors()[0].shape[:-1], op.outputs[0].shape[-1])
    if op.op == "linear" and math.prod(sizes[:-1]) == 1:
        return "const"
    return "area" if any(size % cells == 0 for size in sizes) else "unknown"
