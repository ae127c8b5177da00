"""The hyper-parameters of an op as a table shows them: ``3→64 7×7/2``."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED, arg, args, first, stacked
from archstat.language import recorded
from archstat.records import OpCall


def detail_of(call: OpCall) -> str:
    """The hyper-parameters of one op, ``""`` if it has none worth showing."""
    describe = DETAILS.get(call.op)
    return describe(call) if describe is not None else ""


@functools.cache
def _window(kernel: tuple[int, ...], stride: tuple[int, ...] = (1,), dilation: tuple[int, ...] = (1,)) -> str:
    """``7×7/2``: the kernel, the stride if it is not 1, and the dilation if it is not 1."""
    text = "×".join(map(str, kernel))
    if any(step != 1 for step in stride):
        text += "/" + "×".join(map(str, stride if len(set(stride)) > 1 else stride[:1]))
    if any(step != 1 for step in dilation):
        apart = "×".join(map(str, dilation if len(set(dilation)) > 1 else dilation[:1]))
        text = recorded("{op} dilated {size}", op=text, size=apart)
    return text


def _convolution(call: OpCall) -> str:
    weight, stride, dilation = args(call, "weight stride dilation")
    out, per_group, *kernel = weight.shape
    channels = first(call).shape[-1 - len(kernel)]
    groups = channels // per_group if per_group else 1
    return _grouped(f"{channels}→{out} {_window(tuple(kernel), stride, dilation)}", groups)


def _transposed_convolution(call: OpCall) -> str:
    weight, stride, dilation, groups = args(call, "weight stride dilation groups")
    channels, per_group, *kernel = weight.shape
    return _grouped(f"{channels}→{per_group * groups} {_window(tuple(kernel), stride, dilation)}", groups)


def _grouped(text: str, groups: int) -> str:
    return f"{text}, {recorded('{count} groups', count=groups)}" if groups > 1 else text


def _any_convolution(call: OpCall) -> str:
    return (_transposed_convolution if arg(call, "transposed") else _convolution)(call)


def _linear(call: OpCall) -> str:
    *outputs, features = arg(call, "weight").shape  # a weight of one axis makes one output, without an axis of its own
    return f"{features}→{math.prod(outputs)}"


def _product(call: OpCall) -> str:
    """``n×k · k×m`` of the last two axes."""
    a, b = (spec.shape[-2:] for spec in args(call, "a b"))
    return f"{'×'.join(map(str, a))} · {'×'.join(map(str, b))}"


def _pool(call: OpCall) -> str:
    kernel = arg(call, "kernel_size")
    kernel = kernel if len(kernel) > 1 else kernel * next(axes for axes in (1, 2, 3) if f"{axes}d" in call.op)
    return _window(kernel, arg(call, "stride") or kernel)


def _adaptive_pool(call: OpCall) -> str:
    return recorded("{op} to {size}", op="", size="×".join(map(str, arg(call, "output_size")))).strip()


def _channels(call: OpCall) -> str:
    shape = first(call).shape
    return str(shape[1]) if len(shape) > 1 else ""


def _normalized(call: OpCall) -> str:
    return "×".join(map(str, arg(call, "normalized_shape")))


def _groups(call: OpCall) -> str:
    channels, groups = args(call, "C group")
    return f"{channels}, {recorded('{count} groups', count=groups)}"


def _attention(call: OpCall) -> str:
    """Queries against keys, and the heads where there are any."""
    query, key = (spec.shape for spec in args(call, "query key"))
    shape = f"{query[-2]}×{key[-2]}"
    if len(query) > 3:
        shape = recorded("{op} {count} heads {size}", op="", count=query[-3], size=shape).strip()
    return f"{shape}, {recorded('width {size}', size=query[-1])}"


def _embedding(call: OpCall) -> str:
    rows, width = first(call).shape
    return f"{rows}→{width}"


def _recurrent(call: OpCall) -> str:
    """Input → output features, and the layers."""
    layers = stacked(call).layers
    text = f"{first(call).shape[-1]}→{call.outputs[0].shape[-1]}"
    return f"{text}, {recorded('{count} layers', count=layers)}" if layers > 1 else text


_POOLS = "max_pool1d max_pool2d max_pool2d_with_indices max_pool3d_with_indices avg_pool2d"
_ADAPTIVE_POOLS = "adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d"

_CONVOLUTIONS = f"conv1d conv2d conv3d {QUANTIZED_CONVOLUTIONS}"
_TRANSPOSED = f"conv_transpose1d conv_transpose2d conv_transpose3d {QUANTIZED_TRANSPOSED}"

DETAILS: dict[str, Callable[[OpCall], str]] = {
    **dict.fromkeys(_CONVOLUTIONS.split(), _convolution),
    **dict.fromkeys(_TRANSPOSED.split(), _transposed_convolution),
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm", "addbmm"), _product),
    **dict.fromkeys(_POOLS.split(), _pool),
    **dict.fromkeys(_ADAPTIVE_POOLS.split(), _adaptive_pool),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu", "quantized_lstm", "quantized_gru"), _recurrent),
    "convolution": _any_convolution,
    "linear": _linear,
    "batch_norm": _channels,
    "group_norm": _groups,
    "layer_norm": _normalized,
    "scaled_dot_product_attention": _attention,
    "embedding": _embedding,
}
