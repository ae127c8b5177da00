"""How large the maps are that an op makes.

One entry of :data:`EXTENTS` is one op that changes the size of maps: what it does along each axis after the channels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED, arg, args, first
from archstat.counting.arithmetic.windows import Adapted, Extent, Padded, Resampled, Scaled, Spread, Window
from archstat.records import OpCall

#: One entry = the extents of one op, by axis.
EXTENTS: dict[str, Callable[[OpCall], list[Extent]]] = {}


def _entry(values: Any, axis: int) -> int:
    """The value of one axis; one value stands for all."""
    return int(values[axis] if len(values) > 1 else values[0])


def _convolution(call: OpCall) -> list[Extent]:
    """The padding may be a word."""
    weight, stride, padding, dilation = args(call, "weight stride padding dilation")
    kernel = weight.shape[2:]
    axes = len(kernel)
    sizes, results = first(call).shape[-axes:], call.outputs[0].shape[-axes:]
    return [
        Window(
            sizes[axis],
            kernel[axis],
            _entry(stride, axis),
            _padding(padding, axis, _entry(dilation, axis) * (kernel[axis] - 1)),
            _entry(dilation, axis),
            rounds_up=False,
            names_padding=True,
            result=results[axis],
        )
        for axis in range(axes)
    ]


def _padding(padding: Any, axis: int, reach: int) -> tuple[int, int]:
    if isinstance(padding, str):
        return (reach // 2, reach - reach // 2) if padding == "same" else (0, 0)
    return (_entry(padding, axis), _entry(padding, axis))


def _transposed_convolution(call: OpCall) -> list[Extent]:
    weight, stride, padding, extra, dilation = args(call, "weight stride padding output_padding dilation")
    kernel = weight.shape[2:]
    axes = len(kernel)
    sizes, results = first(call).shape[-axes:], call.outputs[0].shape[-axes:]
    return [
        Spread(
            sizes[axis],
            kernel[axis],
            _entry(stride, axis),
            _entry(padding, axis),
            _entry(dilation, axis),
            _entry(extra, axis),
            results[axis],
        )
        for axis in range(axes)
    ]


def _pool(call: OpCall) -> list[Extent]:
    """The stride is the kernel unless it is given; only maxima know a dilation."""
    axes = next(axes for axes in (1, 2, 3) if f"{axes}d" in call.op)
    kernel, stride, padding, rounds_up = args(call, "kernel_size stride padding ceil_mode")
    dilation = arg(call, "dilation") if call.op.startswith("max") else (1,)
    sizes, results = first(call).shape[-axes:], call.outputs[0].shape[-axes:]
    return [
        Window(
            sizes[axis],
            _entry(kernel, axis),
            _entry(stride or kernel, axis),
            _padding(padding, axis, 0),
            _entry(dilation, axis),
            rounds_up=bool(rounds_up),
            names_padding=False,
            result=results[axis],
        )
        for axis in range(axes)
    ]


def _adapted(call: OpCall) -> list[Extent]:
    axes = len(arg(call, "output_size"))
    pairs = zip(first(call).shape[-axes:], call.outputs[0].shape[-axes:], strict=True)
    return [Adapted(*pair) for pair in pairs]


def _resampled(call: OpCall) -> list[Extent]:
    """Resampling along all axes after the channels."""
    return [
        Scaled(size, result // size, "·", result) if size and result % size == 0 else Resampled(size, result)
        for size, result in zip(first(call).shape[2:], call.outputs[0].shape[2:], strict=True)
    ]


def _shuffled(sign: str) -> Callable[[OpCall], list[Extent]]:
    """A rule for pixels that become channels, or the reverse."""

    def extents(call: OpCall) -> list[Extent]:
        factor = arg(call, "factor")
        pairs = zip(first(call).shape[-2:], call.outputs[0].shape[-2:], strict=True)
        return [Scaled(size, factor, sign, result) for size, result in pairs]

    return extents


def _padded(call: OpCall) -> list[Extent]:
    """Two edges for each axis, the last axis first; those of channels and images are left out."""
    edges, shape, result = arg(call, "padding"), first(call).shape, call.outputs[0].shape
    axes = range(min(len(edges) // 2, len(shape) - 2), 0, -1)
    return [Padded(shape[-axis], edges[2 * axis - 2], edges[2 * axis - 1], result[-axis]) for axis in axes]


_CONVOLUTIONS = f"conv1d conv2d conv3d {QUANTIZED_CONVOLUTIONS}"
_TRANSPOSED = f"conv_transpose1d conv_transpose2d conv_transpose3d {QUANTIZED_TRANSPOSED}"
EXTENTS.update(dict.fromkeys(_CONVOLUTIONS.split(), _convolution))
EXTENTS.update(dict.fromkeys(_TRANSPOSED.split(), _transposed_convolution))
_POOLS = "max_pool1d max_pool2d max_pool2d_with_indices max_pool3d_with_indices avg_pool2d avg_pool3d"
EXTENTS.update(dict.fromkeys(_POOLS.split(), _pool))
_ADAPTED = "adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d"
_RESAMPLED = (
    "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d upsample_nearest1d "
    "upsample_nearest2d upsample_nearest3d upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d"
)
_PADDED = (
    "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d "
    "replication_pad3d"
)
EXTENTS.update(dict.fromkeys(_ADAPTED.split(), _adapted))
EXTENTS.update(dict.fromkeys(_RESAMPLED.split(), _resampled))
EXTENTS.update(pixel_shuffle=_shuffled("·"), pixel_unshuffle=_shuffled("/"))
EXTENTS.update(dict.fromkeys(_PADDED.split(), _padded))
