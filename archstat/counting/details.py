"""The hyper-parameters of an op as a table shows them: ``3→64 7×7/2``."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import msgspec

from archstat.records import OpCall, TensorSpec


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
        text += " dilated " + "×".join(map(str, dilation if len(set(dilation)) > 1 else dilation[:1]))
    return text


def _convolution(call: OpCall) -> str:
    """``(x, weight, bias, stride, padding, dilation, groups)``."""
    out, per_group, *kernel = call.args[1].shape
    rest = call.args[3:]
    window = _window(tuple(kernel), rest[0] if rest else (1,), rest[2] if len(rest) > 2 else (1,))
    channels = call.args[0].shape[-1 - len(kernel)]
    groups = channels // per_group if per_group else 1
    text = f"{channels}→{out} {window}"
    return f"{text}, {groups} groups" if groups > 1 else text


def _transposed_convolution(call: OpCall) -> str:
    """``(x, weight, bias, stride, padding, output_padding, groups, dilation)``."""
    channels, per_group, *kernel = call.args[1].shape
    rest = call.args[3:]
    groups = rest[3] if len(rest) > 3 else 1
    window = _window(tuple(kernel), rest[0] if rest else (1,), rest[4] if len(rest) > 4 else (1,))
    text = f"{channels}→{per_group * groups} {window}"
    return f"{text}, {groups} groups" if groups > 1 else text


def _any_convolution(call: OpCall) -> str:
    """``(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups, …)``."""
    x, weight, bias, stride, padding, dilation, transposed, output_padding, groups = call.args[:9]
    if transposed:
        args = (x, weight, bias, stride, padding, output_padding, groups, dilation)
        return _transposed_convolution(msgspec.structs.replace(call, args=args))
    return _convolution(msgspec.structs.replace(call, args=(x, weight, bias, stride, padding, dilation, groups)))


def _linear(call: OpCall) -> str:
    *outputs, features = call.args[1].shape  # a weight of one axis makes one output, without an axis of its own
    return f"{features}→{math.prod(outputs)}"


def _product(call: OpCall) -> str:
    """``n×k · k×m`` of the last two axes."""
    a, b = [spec.shape[-2:] for spec in call.args if isinstance(spec, TensorSpec)][-2:]
    return f"{'×'.join(map(str, a))} · {'×'.join(map(str, b))}"


def _pool(call: OpCall) -> str:
    """``(x, kernel, stride, …)``."""
    kernel = call.args[1] if len(call.args[1]) > 1 or "1d" in call.op else call.args[1] * 2
    stride = call.args[2] if len(call.args) > 2 and call.args[2] else kernel
    return _window(kernel, stride)


def _adaptive_pool(call: OpCall) -> str:
    return "to " + "×".join(map(str, call.args[1]))


def _channels(call: OpCall) -> str:
    shape = call.args[0].shape
    return str(shape[1]) if len(shape) > 1 else ""


def _normalized(call: OpCall) -> str:
    return "×".join(map(str, call.args[1]))


def _groups(call: OpCall) -> str:
    """``(x, weight, bias, batch, channels, pixels, groups, …)``."""
    return f"{call.args[4]}, {call.args[6]} groups"


def _attention(call: OpCall) -> str:
    """Queries against keys, and the heads where there are any."""
    query, key = call.args[0].shape, call.args[1].shape
    heads = f"{query[-3]} heads " if len(query) > 3 else ""
    return f"{heads}{query[-2]}×{key[-2]}, width {query[-1]}"


def _embedding(call: OpCall) -> str:
    rows, width = call.args[0].shape
    return f"{rows}→{width}"


def _recurrent(call: OpCall) -> str:
    """Input → output features, and the layers."""
    layers = next((value for value in call.args if type(value) is int), 1)
    text = f"{call.args[0].shape[-1]}→{call.outputs[0].shape[-1]}"
    return f"{text}, {layers} layers" if layers > 1 else text


DETAILS: dict[str, Callable[[OpCall], str]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed_convolution),
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm", "addbmm"), _product),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "avg_pool2d", "max_pool2d_with_indices"), _pool),
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive_pool),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu", "quantized_lstm", "quantized_gru"), _recurrent),
    "convolution": _any_convolution,
    "linear": _linear,
    "batch_norm": _channels,
    "group_norm": _groups,
    "layer_norm": _normalized,
    "scaled_dot_product_attention": _attention,
    "embedding": _embedding,
}
