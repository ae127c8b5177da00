"""Operators that move, choose and make numbers without computing any."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.onnx_graphs.node import GraphNode
from archstat.onnx_graphs.operators.table import operator
from archstat.records import TensorSpec

# -- views -------------------------------------------------------------------------------------------------------------


@operator("Identity Dropout Optional OptionalGetElement")
def _same(node: GraphNode) -> Sequence[TensorSpec]:
    """Dropout hands its input on at inference, and a mask that nobody asks for."""
    return [node.x()] * node.count


@operator("Reshape Flatten Squeeze Unsqueeze")
def _view(node: GraphNode) -> Sequence[TensorSpec]:
    return [node.viewed(node.x(), node.shape())]


@operator("Transpose")
def _permute(node: GraphNode) -> Sequence[TensorSpec]:
    rank = len(node.x().shape)
    return node.made("permute", node.x(), tuple(node.attribute("perm", range(rank)[::-1])), nature="view")


@operator("Expand")
def _expand(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("expand", node.x(), node.shape(), nature="view")


@operator("Split")
def _split(node: GraphNode) -> Sequence[TensorSpec]:
    axis = node.axis()
    sizes = tuple(node.shape(place)[axis] for place in range(node.count))
    return node.made("split_with_sizes", node.x(), sizes, axis, nature="view")


@operator("Slice")
def _slice(node: GraphNode) -> Sequence[TensorSpec]:
    """One axis after the other; backwards it is a copy."""
    x = node.x()
    starts, ends = node.numbers(1), node.numbers(2)
    axes = node.numbers(3, range(len(starts or [])))
    steps = node.numbers(4, [1] * len(starts or []))
    if starts is None or ends is None or axes is None or steps is None:
        return node.made("slice", x, nature="view")
    if any(step < 0 for step in steps):
        return node.made("flip", x, tuple(axis % len(x.shape) for axis in axes))
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        place = axis % len(x.shape)
        begin = min(start + x.shape[place] if start < 0 else start, x.shape[place])
        shape = (*x.shape[:place], node.shape()[place], *x.shape[place + 1 :])
        x = node.step("slice", shape, x, place, begin, end, step, nature="view", dtype=x.dtype)
    return [x]


# -- copies ------------------------------------------------------------------------------------------------------------


@operator("Concat com.microsoft::QLinearConcat")
def _cat(node: GraphNode) -> Sequence[TensorSpec]:
    """Quantized ones have a scale and a zero before all, and after each tensor."""
    tensors = node.tensors[2::3] if node.kind.endswith("QLinearConcat") else node.tensors
    return node.made("cat", tuple(tensors), node.attribute("axis", 0) % len(node.shape()))


@operator("Gather")
def _gather(node: GraphNode) -> Sequence[TensorSpec]:
    """A place along an axis, rows of a table, or several places."""
    x, axis, places = node.x(), node.axis(), node.numbers(1)
    if places is not None and not node.x(1).shape:
        return node.made("select", x, axis, places[0], nature="view")
    if axis == 0 and len(x.shape) == 2 and x.storage < 0:
        return node.made("embedding", x, node.x(1))
    if len(node.x(1).shape) == 1:
        return node.made("index_select", x, axis, node.x(1))
    return node.made("index", x, (*[None] * axis, node.x(1)))


@operator("GatherElements GatherND")
def _gather_elements(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("gather", node.x(), node.axis(), node.x(1))


@operator("Scatter ScatterElements ScatterND")
def _scatter(node: GraphNode) -> Sequence[TensorSpec]:
    """Numbers put into a copy, or added to what is there."""
    reduction = node.attribute("reduction", "none")
    return node.made("scatter" if reduction == "none" else "scatter_add", node.x(), node.axis(), node.x(1), node.x(2))


@operator("TensorScatter")
def _tensor_scatter(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("scatter", node.x(), node.axis(default=-2), node.maybe(2), node.x(1))


_PADDED = {"constant": "constant_pad_nd", "reflect": "reflection_pad", "edge": "replication_pad", "wrap": "pad"}


@operator("Pad")
def _pad(node: GraphNode) -> Sequence[TensorSpec] | None:
    """The last axes first, as torch has it."""
    pads, rank = node.given("pads", 1), len(node.x().shape)
    axes = node.numbers(3, range(rank))
    if pads is None or axes is None:
        return None
    both = {axis % rank: (pads[place], pads[len(axes) + place]) for place, axis in enumerate(axes)}
    first = min((axis for axis, pair in both.items() if any(pair)), default=rank)
    flat = tuple(number for axis in range(rank - 1, first - 1, -1) for number in both.get(axis, (0, 0)))
    if not flat:
        return [node.x()]
    op = _PADDED.get(node.attribute("mode", "constant"), "pad")
    name = f"{op}{len(flat) // 2}d" if op in ("reflection_pad", "replication_pad") and len(flat) <= 6 else op
    return node.made("pad" if name.endswith("_pad") else name, node.x(), flat)


@operator("Tile")
def _tile(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("repeat", node.x(), tuple(node.numbers(1) or ()))


@operator("DepthToSpace SpaceToDepth")
def _shuffle(node: GraphNode) -> Sequence[TensorSpec]:
    op = "pixel_shuffle" if node.kind == "DepthToSpace" else "pixel_unshuffle"
    return node.made(op, node.x(), node.attribute("blocksize"))


@operator("Trilu")
def _trilu(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("triu" if node.attribute("upper", 1) else "tril", node.x())


@operator("OneHot")
def _one_hot(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("scatter", node.x())


@operator("ConstantOfShape Range EyeLike")
def _full(node: GraphNode) -> Sequence[TensorSpec]:
    """What is made of numbers alone: which ones plays no part."""
    return node.made("full", node.shape())


@operator("ReverseSequence")
def _reverse(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("flip", node.x(), (node.attribute("time_axis", 0),))


@operator("CenterCropPad")
def _crop(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("pad", node.x())


@operator("Col2Im")
def _col2im(node: GraphNode) -> Sequence[TensorSpec] | None:
    size, kernel = node.numbers(1), node.numbers(2)
    if size is None or kernel is None:
        return None
    axes = len(size)
    gaps, steps = (tuple(node.attribute(name, [1] * axes)) for name in ("dilations", "strides"))
    padding = tuple(node.attribute("pads", [0] * axes)[:axes])
    return node.made("col2im", node.x(), tuple(size), tuple(kernel), gaps, padding, steps)


# -- resampling --------------------------------------------------------------------------------------------------------

_LINEAR = {1: "upsample_linear1d", 2: "upsample_bilinear2d", 3: "upsample_trilinear3d"}
_MODES = {"bilinear": 0, "linear": 0, "nearest": 1, "bicubic": 2, "cubic": 2}


@operator("Resize Upsample")
def _resize(node: GraphNode) -> Sequence[TensorSpec] | None:
    """Images alone: batch and channels keep their sizes."""
    x, shape = node.x(), node.shape()
    axes = len(shape) - 2
    if shape == x.shape:
        return [x]
    if not 1 <= axes <= 3 or shape[:2] != x.shape[:2]:
        return None
    mode = node.attribute("mode", "nearest")
    if mode == "nearest":
        return node.made(f"upsample_nearest{axes}d", x, shape[2:])
    corners = node.attribute("coordinate_transformation_mode", "half_pixel") == "align_corners"
    is_smooth = bool(node.attribute("antialias", 0)) and axes == 2
    if mode == "cubic" and axes != 2:
        return None
    op = "upsample_bicubic2d" if mode == "cubic" else _LINEAR[axes]
    return node.made(f"{op}_aa" if is_smooth else op, x, shape[2:], corners)


@operator("GridSample")
def _grid_sample(node: GraphNode) -> Sequence[TensorSpec]:
    axes = node.x(1).shape[-1]
    mode = _MODES[node.attribute("mode", "linear")]
    return node.made(f"grid_sampler_{axes}d", node.x(), node.x(1), mode, 0, bool(node.attribute("align_corners", 0)))


@operator("AffineGrid")
def _affine_grid(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("affine_grid_generator", node.x(), tuple(node.numbers(1) or ()), False)


@operator("RoiAlign")
def _roi_align(node: GraphNode) -> Sequence[TensorSpec]:
    height, width = node.attribute("output_height", 1), node.attribute("output_width", 1)
    scale, samples = node.attribute("spatial_scale", 1.0), node.attribute("sampling_ratio", 0)
    return node.made("torchvision::roi_align", node.x(), node.x(1), scale, height, width, samples)


@operator("RotaryEmbedding com.microsoft::RotaryEmbedding")
def _rotary(node: GraphNode) -> Sequence[TensorSpec]:
    """Each pair is turned: four products, a difference and a sum, so three FLOPs for each number."""
    x = node.x()
    turned = node.step("mul", x.shape, x, x, nature="pointwise")
    other = node.step("mul", x.shape, x, x, nature="pointwise")
    return node.pointwise("add", turned, other)
