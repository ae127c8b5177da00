"""The fast path: output shapes of hot ops, answered here because torch's own meta kernels take most of a trace's time.

One entry of :data:`SHAPES` is one op. It is called with the op's own arguments and returns the size of a fresh,
contiguous output of the first argument's dtype; :data:`SAME` if the op returns its first argument itself (in-place ops,
dropout at inference); :data:`LIKE` if the output is laid out like the first argument; or ``None`` for anything unusual,
which torch then answers. The tests compare every entry with torch's shapes, strides and errors on random arguments, so
an entry may only answer what it knows exactly.

One table, and so one file, however long: an op is looked up here and nowhere else.

The first argument is on the meta device and, but for :data:`ANY_LAYOUT`, contiguous: the recorder asks torch about all
others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch import Tensor

Size = tuple[int, ...]
ShapeRule = Callable[..., "Size | None"]

#: The op returns its first argument itself.
SAME: Final[Size] = (-1,)

#: The op's output has its first argument's size and order of strides, as ``torch.empty_like`` makes it.
LIKE: Final[Size] = (-2,)

#: One entry = the output size of one hot op.
SHAPES: dict[Any, ShapeRule] = {}

_aten = torch.ops.aten
_FLOATS = frozenset({torch.float32, torch.float16, torch.bfloat16, torch.float64})
_HALVES = frozenset({torch.float16, torch.bfloat16})
_NUMBERS = frozenset({int, float, type(None)})
_APPROXIMATIONS = frozenset({"none", "tanh"})


def _answers(*ops: Any) -> Callable[[ShapeRule], ShapeRule]:
    """Enter the decorated rule for these ops."""

    def enter(rule: ShapeRule) -> ShapeRule:
        for op in ops:
            SHAPES[op] = rule
        return rule

    return enter


@_answers(_aten.conv2d.default)
def _conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> Size | None:
    """``(n, groups·c, h, w) * (o, c, kh, kw)`` → ``(n, o, h', w')``."""
    size, dtype = x.shape, x.dtype
    if len(size) != 4 or not weight.is_contiguous() or dtype is not weight.dtype or dtype not in _FLOATS:
        return None
    n, channels, height, width = size
    if weight.dim() != 4:
        return None
    out, group_channels, kernel_h, kernel_w = weight.shape
    if group_channels * groups != channels or out % groups:
        return None
    if len(stride) != 2 or len(padding) != 2 or len(dilation) != 2:
        return None
    if bias is not None and (bias.numel() != out or bias.dim() != 1 or bias.dtype is not dtype):
        return None
    stride_h, stride_w = stride
    pad_h, pad_w = padding
    dilation_h, dilation_w = dilation
    reach_h = height + 2 * pad_h - dilation_h * (kernel_h - 1) - 1
    reach_w = width + 2 * pad_w - dilation_w * (kernel_w - 1) - 1
    is_sound = (
        n
        and kernel_h > 0 < kernel_w
        and stride_h > 0 < stride_w
        and dilation_h > 0 < dilation_w
        and pad_h >= 0 <= pad_w
    )
    if not is_sound or reach_h < 0 or reach_w < 0:
        return None
    return (n, out, reach_h // stride_h + 1, reach_w // stride_w + 1)


@_answers(_aten.linear.default)
def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Size | None:
    """``(…, i) * (o, i)`` → ``(…, o)``."""
    size = x.shape
    shape = weight.shape
    if len(shape) != 2 or not size or size[-1] != shape[1] or x.dtype is not weight.dtype or x.dtype not in _FLOATS:
        return None
    if bias is not None and (bias.shape != shape[:1] or bias.dtype is not x.dtype):
        return None
    return (*size[:-1], shape[0])


@_answers(_aten.mm.default)
def _mm(x: Tensor, y: Tensor) -> Size | None:
    """``(n, k) · (k, m)`` → ``(n, m)``."""
    size, other = x.shape, y.shape
    if len(size) != 2 or len(other) != 2 or size[1] != other[0]:
        return None
    if x.dtype is not y.dtype or x.dtype not in _FLOATS:
        return None
    return (size[0], other[1])


@_answers(_aten.bmm.default)
def _bmm(x: Tensor, y: Tensor) -> Size | None:
    """``(b, n, k) · (b, k, m)`` → ``(b, n, m)``."""
    size, other = x.shape, y.shape
    if len(size) != 3 or len(other) != 3 or size[0] != other[0] or size[2] != other[1]:
        return None
    if x.dtype is not y.dtype or x.dtype not in _FLOATS:
        return None
    return (size[0], size[1], other[2])


#: Ops whose entry holds for inputs of any strides.
ANY_LAYOUT = frozenset({_aten.mm.default, _aten.bmm.default, _aten.scaled_dot_product_attention.default})


@_answers(_aten.batch_norm.default)
def _batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor | None,
    var: Tensor | None,
    training: bool,
    momentum: float,  # noqa: ARG001 - the op's own arguments
    eps: float,
    *_: object,
) -> Size | None:
    """At inference: the input's size. With batch statistics torch is asked, since it updates the running ones."""
    size, dtype = x.shape, x.dtype
    if training or len(size) < 2 or mean is None or var is None or dtype not in _FLOATS or eps < 0:
        return None
    channels = size[1]
    if not channels:
        return None
    for vector in (weight, bias, mean, var):
        if vector is None:
            continue
        if vector.numel() != channels:
            return None
        if vector.dtype is not dtype and (vector.dtype is not torch.float32 or dtype not in _HALVES):
            return None
    return size


_POINTWISE = (
    "abs neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tanh erf ceil floor round sign "
    "sigmoid relu gelu silu mish elu selu softplus leaky_relu hardtanh hardswish hardsigmoid clamp_min clamp_max "
    "threshold"
).split()
_WITH_SCALAR = [_aten.pow.Tensor_Scalar, _aten.add.Scalar, _aten.sub.Scalar, _aten.mul.Scalar, _aten.div.Scalar]
_WITH_SCALAR_IN_PLACE = [_aten.pow_.Scalar, _aten.add_.Scalar, _aten.sub_.Scalar, _aten.mul_.Scalar, _aten.div_.Scalar]


@_answers(*[getattr(_aten, name).default for name in _POINTWISE], *_WITH_SCALAR)
def _pointwise(x: Tensor, *scalars: object, **named: object) -> Size | None:
    """The input's size; whole numbers and complex scalars are promoted, which torch is asked about."""
    if (scalars or named) and not _are_usual(scalars, named):
        return None
    return x.shape if x.dtype in _FLOATS else None


def _are_usual(scalars: tuple[object, ...], named: dict[str, object]) -> bool:
    """Plain numbers, and a name only of how to approximate."""
    is_known = not named or (len(named) == 1 and named.get("approximate") in _APPROXIMATIONS)
    return is_known and _NUMBERS.issuperset(map(type, scalars))


@_answers(*[getattr(_aten, f"{name}_").default for name in _POINTWISE if name != "softplus"], *_WITH_SCALAR_IN_PLACE)
def _pointwise_in_place(x: Tensor, *scalars: object, **named: object) -> Size | None:
    """The input itself."""
    if (scalars or named) and not _are_usual(scalars, named):
        return None
    return SAME if x.dtype in _FLOATS else None


@_answers(_aten.celu.default)
def _celu(x: Tensor, alpha: float = 1.0) -> Size | None:
    """The input's size; torch may refuse to divide by 0."""
    return _pointwise(x, alpha) if alpha else None


@_answers(_aten.celu_.default)
def _celu_in_place(x: Tensor, alpha: float = 1.0) -> Size | None:
    """The input itself."""
    return _pointwise_in_place(x, alpha) if alpha else None


@_answers(_aten.clamp.default)
def _clamp(x: Tensor, *bounds: object, **_: object) -> Size | None:
    """The input's size; without a bound torch raises."""
    return _pointwise(x, *bounds) if any(bound is not None for bound in bounds) else None


@_answers(_aten.clamp_.default)
def _clamp_in_place(x: Tensor, *bounds: object, **_: object) -> Size | None:
    """The input itself."""
    return _pointwise_in_place(x, *bounds) if any(bound is not None for bound in bounds) else None


def _broadcast(size: Size, other: Size) -> Size | None:
    """The size that two sizes are broadcast to, if they can be."""
    if size == other:
        return size
    if len(size) < len(other):
        size, other = other, size
    common = list(size)
    for axis in range(-len(other), 0):
        if other[axis] != common[axis]:
            if common[axis] != 1 != other[axis]:
                return None
            common[axis] = max(common[axis], other[axis]) if 0 not in (common[axis], other[axis]) else 0
    return tuple(common)


@_answers(_aten.add.Tensor, _aten.sub.Tensor, _aten.mul.Tensor, _aten.div.Tensor)
def _pointwise_of_two(x: Tensor, y: object, *, alpha: object = 1, **named: object) -> Size | None:
    """The size that both are broadcast to; mixed types are torch's."""
    dtype = x.dtype
    if dtype not in _FLOATS or alpha.__class__ not in _NUMBERS or named:
        return None
    if not isinstance(y, Tensor):
        return x.shape if y.__class__ is float or y.__class__ is int else None
    if y.dtype is not dtype or not y.is_contiguous():
        return None
    return _broadcast(x.shape, y.shape)


@_answers(_aten.add_.Tensor, _aten.sub_.Tensor, _aten.mul_.Tensor, _aten.div_.Tensor)
def _pointwise_of_two_in_place(x: Tensor, y: object, *, alpha: object = 1, **named: object) -> Size | None:
    """The first argument itself."""
    if x.dtype not in _FLOATS or alpha.__class__ not in _NUMBERS or named:
        return None
    if isinstance(y, Tensor):
        return SAME if y.dtype is x.dtype and _broadcast(x.shape, y.shape) == x.shape else None
    return SAME if y.__class__ is float or y.__class__ is int else None


@_answers(_aten.dropout.default, _aten.feature_dropout.default, _aten.dropout_.default)
def _dropout(x: Tensor, p: float, train: bool) -> Size | None:  # noqa: ARG001 - the op's own arguments
    """At inference the input itself."""
    return None if train else SAME


def _pooled(size: int, kernel: int, stride: int, padding: int, *, ceil: bool) -> int:
    """The outputs of a pooling along one axis; with ``ceil`` the last window must start inside the padded input."""
    reach = size + 2 * padding - kernel
    if not ceil:
        return reach // stride + 1
    out = -(-reach // stride) + 1
    return out - 1 if (out - 1) * stride >= size + padding else out


def _pool(
    axes: int, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], ceil: bool
) -> Size | None:
    """``(n, c, *sizes)`` → ``(n, c, *sizes')``; one number stands for all axes."""
    size = x.shape
    if len(size) != axes + 2 or x.dtype not in _FLOATS or 0 in size:
        return None
    pooled = []
    windows = [
        tuple(extents) * axes if len(extents) == 1 else extents for extents in (kernel, stride or kernel, padding)
    ]
    if any(len(extents) != axes for extents in windows):
        return None
    for extent, window, step, pad in zip(size[2:], *windows, strict=True):
        if window < 1 or step < 1 or pad < 0 or 2 * pad > window or extent + 2 * pad < window:
            return None
        pooled.append(_pooled(extent, window, step, pad, ceil=ceil))
    return (size[0], size[1], *pooled)


@_answers(_aten.max_pool2d.default)
def _max_pool2d(
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> Size | None:
    """``(n, c, h, w)`` → ``(n, c, h', w')``."""
    return _pool(2, x, kernel, stride, padding, ceil_mode) if set(dilation) == {1} else None


@_answers(_aten.max_pool1d.default)
def _max_pool1d(
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> Size | None:
    """``(n, c, l)`` → ``(n, c, l')``."""
    return _pool(1, x, kernel, stride, padding, ceil_mode) if set(dilation) == {1} else None


def _avg_pool(axes: int) -> ShapeRule:
    """``(n, c, *sizes)`` → ``(n, c, *sizes')``."""

    def rule(
        x: Tensor,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        ceil_mode: bool = False,
        count_include_pad: bool = True,  # noqa: ARG001 - the op's own arguments
        divisor: int | None = None,
    ) -> Size | None:
        return _pool(axes, x, kernel, stride, padding, ceil_mode) if divisor != 0 else None

    return rule


_answers(_aten.avg_pool2d.default)(_avg_pool(2))
_answers(_aten.avg_pool3d.default)(_avg_pool(3))


@_answers(_aten.adaptive_avg_pool2d.default)
def _adaptive_avg_pool2d(x: Tensor, out: Sequence[int]) -> Size | None:
    """``(n, c, h, w)`` → ``(n, c, *out)``."""
    size = x.shape
    if len(size) != 4 or x.dtype not in _FLOATS or not all(size) or len(out) != 2 or min(out) < 1:
        return None
    return (size[0], size[1], *out)


@_answers(_aten.cat.default)
def _cat(tensors: Sequence[Tensor], dim: int = 0) -> Size | None:
    """Sizes alike but along ``dim``, where they add up."""
    size = list(tensors[0].shape)
    rank = len(size)
    axis = dim + rank if dim < 0 else dim
    if not 0 <= axis < rank:
        return None
    dtype, total, size[axis] = tensors[0].dtype, 0, 0
    for tensor in tensors:
        other = list(tensor.shape)
        if len(other) != rank or tensor.dtype is not dtype or not tensor.is_contiguous():
            return None
        total += other[axis]
        other[axis] = 0
        if other != size:
            return None
    size[axis] = total
    return tuple(size)


@_answers(_aten.constant_pad_nd.default)
def _constant_pad_nd(x: Tensor, pads: Sequence[int], value: object = 0) -> Size | None:
    """Two pads for each axis, the last axis first; a padded tensor is new, also where nothing is added."""
    size = list(x.shape)
    if (
        x.dtype not in _FLOATS
        or value.__class__ not in _NUMBERS
        or len(pads) % 2
        or len(pads) > 2 * len(size)
        or any(pad < 0 for pad in pads)
    ):
        return None
    for axis in range(len(pads) // 2):
        size[-1 - axis] += pads[2 * axis] + pads[2 * axis + 1]
    return tuple(size)


@_answers(_aten.roll.default)
def _roll(x: Tensor, shifts: Sequence[int], dims: Sequence[int] = ()) -> Size | None:
    """The input's size."""
    rank = x.dim()
    if not dims or len(shifts) != len(dims) or x.dtype not in _FLOATS or any(not -rank <= dim < rank for dim in dims):
        return None
    return x.shape


@_answers(_aten.mean.dim, _aten.sum.dim_IntList, _aten.amax.default)
def _reduced(x: Tensor, dims: Sequence[int] | None = None, keepdim: bool = False, **kwargs: object) -> Size | None:
    """The size without the axes that are reduced, or with 1 in their place."""
    size = x.shape
    rank = len(size)
    if not dims or kwargs or x.dtype not in _FLOATS or any(not -rank <= dim < rank for dim in dims) or 0 in size:
        return None
    axes = {dim % rank for dim in dims}
    if len(axes) != len(dims):
        return None
    if keepdim:
        return tuple(1 if axis in axes else extent for axis, extent in enumerate(size))
    return tuple(extent for axis, extent in enumerate(size) if axis not in axes)


@_answers(_aten.upsample_bilinear2d.default, _aten.upsample_bicubic2d.default, _aten.upsample_nearest2d.default)
def _upsample2d(x: Tensor, out: Sequence[int], *_: object) -> Size | None:
    """``(n, c, h, w)`` → ``(n, c, *out)``."""
    size = x.shape
    if len(size) != 4 or 0 in size or len(out) != 2 or min(out) < 1 or x.dtype not in _FLOATS:
        return None
    return (size[0], size[1], *out)


@_answers(_aten.upsample_bilinear2d.vec, _aten.upsample_bicubic2d.vec)
def _upsample2d_by(
    x: Tensor, out: Sequence[int] | None, align_corners: bool, scales: Sequence[float] | None
) -> Size | None:
    """``(n, c, h, w)`` → ``(n, c, *out)``, with either a size or a factor for each axis of ``out``."""
    if (out is None) == (scales is None) or len(x.shape) != 4:
        return None
    if scales is not None:
        if len(scales) != 2:
            return None
        out = [int(extent * scale) for extent, scale in zip(x.shape[2:], scales, strict=True)]
    return _upsample2d(x, out or (), align_corners)


@_answers(_aten.upsample_nearest2d.vec)
def _upsample_nearest2d_by(x: Tensor, out: Sequence[int] | None, scales: Sequence[float] | None) -> Size | None:
    """``(n, c, h, w)`` → ``(n, c, *out)`` of the nearest elements, with either a size or a factor for each axis."""
    return _upsample2d_by(x, out, False, scales)


@_answers(_aten.scaled_dot_product_attention.default)
def _scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, p: float = 0.0, *_: object, **named: object
) -> Size | None:
    """``(n, h, q, e), (n, h, k, e), (n, h, k, v)`` → ``(n, h, q, v)``, as the fused kernels of a CPU lay it out."""
    size, dtype = query.shape, query.dtype
    if len(size) != 4 or 0 in size or p or named.get("enable_gqa") or dtype not in _FLOATS:
        return None
    if key.shape[:2] != size[:2] or key.dim() != 4 or key.shape[3] != size[3] or value.shape != key.shape:
        return None
    if mask is not None and mask.dtype is not dtype and mask.dtype is not torch.bool:
        return None
    if mask is not None and (mask.dim() > 4 or _broadcast((*size[:3], key.shape[2]), mask.shape) is None):
        return None
    return LIKE if key.dtype is dtype is value.dtype else None


@_answers(_aten.softmax.int)
def _softmax(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Size | None:
    """The input's size."""
    return x.shape if dtype is None and x.dtype in _FLOATS and -x.dim() <= dim < x.dim() else None


@_answers(_aten.layer_norm.default)
def _layer_norm(
    x: Tensor, normalized: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, *_: object
) -> Size | None:
    """The input's size."""
    shape = tuple(normalized)
    if not shape or x.shape[-len(shape) :] != shape or x.dtype not in _FLOATS:
        return None
    for vector in (weight, bias):
        if vector is not None and (vector.shape != shape or vector.dtype is not x.dtype):
            return None
    return x.shape


@_answers(_aten.rms_norm.default)
def _rms_norm(x: Tensor, normalized: Sequence[int], weight: Tensor | None = None, *_: object) -> Size | None:
    """The input's size."""
    return _layer_norm(x, normalized, weight)
