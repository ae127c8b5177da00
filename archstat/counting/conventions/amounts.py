"""How much a convention counts for one op: what the rules of :mod:`archstat.counting.conventions` are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.counting.arguments import arg, args, first
from archstat.counting.conventions.convention import Use
from archstat.records import OpCall, ParameterSpec, Shape


def ours(use: Use) -> int:
    """The multiply-accumulates as we count them."""
    return use.cost.macs


def other(use: Use) -> int:
    """FLOPs outside of multiply-accumulates, by our rules: of a convolution one for each output with a bias."""
    return use.cost.other_flops


def half_the_biases(use: Use) -> int:
    """One for each output and group that has a bias, halved; half an operation is dropped."""
    groups: int = first(use.call).shape[-3] // max(_weight(use)[1], 1)
    return use.cost.other_flops // (2 * groups)


def half(use: Use) -> int:
    """Half of the other FLOPs: of batch norm 1 an element, where we count 2."""
    return use.cost.other_flops // 2


def taken(use: Use) -> int:
    """The elements of the input."""
    return use.taken


def made(use: Use) -> int:
    """The elements of the output."""
    return use.made


def four_made(use: Use) -> int:
    """4 an element of the output."""
    return 4 * use.made


def _has_weight(use: Use) -> bool:
    return arg(use.call, "weight") is not None


def scaled(use: Use) -> int:
    """1 an element, 2 where batch norm has a weight and a bias."""
    return use.taken * (2 if _has_weight(use) else 1)


def batch_scaled(use: Use) -> int:
    """1 an element of batch norm, 2 with weight and bias; 0 of instance norm, which runs the same op."""
    return 0 if use.kind.startswith("InstanceNorm") else scaled(use)


def instance_scaled(use: Use) -> int:
    """4 an element, 5 with weight and bias."""
    return use.taken * (5 if _has_weight(use) else 4)


def twice_scaled(use: Use) -> int:
    """2 an element, 4 with weight and bias."""
    return 2 * scaled(use)


def normalized(use: Use) -> int:
    """4 an element, 5 with weight and bias."""
    return use.made * (5 if len(use.call.tensors()) > 1 else 4)


def twice_normalized(use: Use) -> int:
    """2 an element, 4 with weight and bias."""
    return use.taken * (4 if len(use.call.tensors()) > 1 else 2)


# -- torchinfo: by the shapes of parameters ----------------------------------------------------------------------------


def _parameters(use: Use, *, biases: bool, named_conv: bool) -> int:
    """Each weight, or bias, for each output position of a class named Conv, else for each first index of the output."""
    positions = math.prod(use.output[:1] + use.output[2:]) if named_conv else math.prod(use.output[:1])
    return sum(_times(parameter, positions, use, biases=biases) for parameter in use.parameters)


def _times(parameter: ParameterSpec, positions: int, use: Use, *, biases: bool) -> int:
    name = parameter.name.rpartition(".")[2]
    if ("bias" in name) is not biases or ("weight" not in name and "bias" not in name):
        return 0
    return parameter.elements * (positions if name in ("weight", "bias") else math.prod(use.output[:2]))


def _weights_of_layer(use: Use) -> int:
    return _parameters(use, biases=False, named_conv="Conv" in use.kind)


def biases_of_layer(use: Use) -> int:
    """The biases of the layer, as torchinfo goes by their shapes."""
    return _parameters(use, biases=True, named_conv="Conv" in use.kind)


def parameters_of_layer(use: Use) -> int:
    """The weights and biases of a layer without multiply-accumulates, as torchinfo counts them."""
    return 0 if use.cost.macs else _weights_of_layer(use) + biases_of_layer(use)


def ours_if_weighted(use: Use) -> int:
    """The multiply-accumulates of an op that uses parameters of its layer."""
    return use.cost.macs if use.parameters else 0


def weights_beyond_ours(use: Use) -> int:
    """By how much the weights so counted are not the multiply-accumulates."""
    return _weights_of_layer(use) - ours_if_weighted(use)


# -- thop --------------------------------------------------------------------------------------------------------------


def _groups(use: Use) -> int:
    """The groups of a transposed convolution."""
    return int(arg(use.call, "groups"))


def _weight(use: Use) -> Shape:
    """``(out, in/groups, *kernel)`` of a convolution, ``(in, out/groups, *kernel)`` of a transposed one."""
    return tuple(arg(use.call, "weight").shape)


def by_outputs(use: Use) -> int:
    """A filter for each output of a transposed convolution, beyond one for each input."""
    channels, _, *kernel = _weight(use)
    return use.made * (channels // _groups(use)) * math.prod(kernel) - use.cost.macs


def windows(use: Use) -> int:
    """One more than the input's size by the output's, an output, as floating-point numbers cut off."""
    sizes = zip(use.call.tensors()[0].shape[2:], use.call.outputs[0].shape[2:], strict=True)
    return int((math.prod(taken / made for taken, made in sizes) + 1) * use.made)


def exponentials(use: Use) -> int:
    """3n − 1 for each softmax of n elements."""
    shape: Shape = use.call.outputs[0].shape
    size = shape[arg(use.call, "dim")] if shape else 1
    return use.made // size * (3 * size - 1) if size else 0


# -- ultralytics-thop --------------------------------------------------------------------------------------------------


def averaged(use: Use) -> int:
    """1 for each input of each window of average pooling, and 1 an output."""
    sizes = zip(first(use.call).shape[2:], use.call.outputs[0].shape[2:], strict=True)
    windows = math.prod(_windows(use.call, axis, *pair) for axis, pair in enumerate(sizes))
    maps: Shape = first(use.call).shape[:2]
    return math.prod(maps) * windows + use.made


def _windows(call: OpCall, axis: int, taken: int, made: int) -> int:
    """The elements of all windows along an axis."""
    kernel, step, pad = (given[axis] if len(given) > 1 else given[0] for given in _window(call))
    low, high = (-pad, taken + pad) if arg(call, "count_include_pad") else (0, taken)
    starts = (step * each - pad for each in range(made))
    return sum(max(min(start + kernel, high) - max(start, low), 0) for start in starts)


def _window(call: OpCall) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """The size, step and padding of average pooling along its axes."""
    kernel, step, pad = args(call, "kernel_size stride padding")
    return kernel, step or kernel, pad


def adapted(use: Use) -> int:
    """1 for each input of each window of adaptive average pooling, and 1 an output."""
    sizes = zip(use.call.tensors()[0].shape, use.call.outputs[0].shape, strict=True)
    return math.prod(_adapted(*pair) for pair in sizes) + use.made


def _adapted(taken: int, made: int) -> int:
    """The elements of all windows along an axis, which overlap where the sizes do not divide."""
    return sum(-(-(each + 1) * taken // made) - each * taken // made for each in range(made))


_RESAMPLED = {"linear1d": 5, "bilinear2d": 11, "bicubic2d": 259, "trilinear3d": 31}


def resampled(use: Use) -> int:
    """A number an output, by the way of resampling; nearest costs none."""
    return _RESAMPLED.get(use.call.op.removeprefix("upsample_"), 0) * use.made


# -- functions of ptflops and calflops ---------------------------------------------------------------------------------


_BOUND = ("GELUActivation", "GELUTanh")
"""Layers of transformers that call the function which they took when they were made, before a tool replaced it."""


def activated(use: Use) -> int:
    """1 an element of the output, but for layers that no replaced function reaches."""
    return 0 if use.kind in _BOUND else use.made


def relu6(use: Use) -> int:
    """The function; the layer does not run it."""
    return 0 if use.kind in ("ReLU6", "Hardtanh") else use.made


def group_scaled(use: Use) -> int:
    """1 an element, 2 with weight and bias."""
    return use.taken * (2 if len(use.call.tensors()) > 1 else 1)


def grouped_again(use: Use) -> int:
    """What is missing where the groups of a transposed convolution divide twice, of two operations each."""
    return -2 * (use.cost.macs - use.cost.macs // _groups(use))


def biases_of_strided(use: Use) -> int:
    """1 for each output that a transposed convolution would have if it were none."""
    x: Shape = first(use.call).shape
    weight = _weight(use)
    if not use.cost.other_flops:
        return 0
    made = x[0] * weight[1]  # of one image alone its maps are taken for a batch
    for axis, (size, kernel) in enumerate(zip(x[2:], weight[2:], strict=False)):
        step, pad, gap = (given[axis if len(given) > 1 else 0] for given in args(use.call, "stride padding dilation"))
        made *= (size + 2 * pad - (gap * (kernel - 1) + 1)) // step + 1
    return made
