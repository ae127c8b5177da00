"""MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications. Howard et al., 2017.

https://arxiv.org/abs/1704.04861, Table 1. Its last depthwise convolution has a stride of 1 here: the table prints "s2"
and 7x7 maps on both sides of it, and only with 1 is the total 569 M. Width multipliers are applied to every layer as
they are; the authors' code keeps at least 8 maps.
"""

from collections.abc import Callable

from torch import nn

from archstat.architectures._arguments import Count, Multiplier
from archstat.architectures._blocks import conv_bn, sequence
from archstat.registry import architecture

# The layers of Table 1 after the first: their maps and their stride.
TABLE_1 = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]

Layer = Callable[[int, int, int], nn.Module]
"""A layer of the body: from channels to maps, with a stride."""


def separable(channels: int, maps: int, stride: int) -> nn.Sequential:
    """A depthwise separable convolution: 3x3 on each map alone, then 1x1 over all (Fig. 3, right)."""
    return sequence(
        depthwise=conv_bn(channels, channels, 3, stride, groups=channels),
        pointwise=conv_bn(channels, maps, 1),
    )


def full(channels: int, maps: int, stride: int) -> nn.Sequential:
    """The 3x3 convolution that a separable one stands for (Fig. 3, left)."""
    return conv_bn(channels, maps, 3, stride)


def mobilenet(layer: Layer, width: float, classes: int) -> nn.Module:
    """Table 1 with one kind of layer, its maps multiplied by the ``width``, the paper's alpha."""
    first, *maps = [max(1, int(width * number)) for number in (32, *(number for number, _ in TABLE_1))]
    strides = [stride for _, stride in TABLE_1]
    body = [layer(*sizes) for sizes in zip([first, *maps], maps, strides, strict=False)]
    return sequence(
        conv1=conv_bn(3, first, 3, stride=2),  # 32 x 112 x 112
        **{f"{layer.__name__}{number}": each for number, each in enumerate(body, start=1)},  # 1024 x 7 x 7
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(maps[-1], classes),
    )


@architecture(input_shape=(3, 224, 224))
def mobilenet_v1(*, classes: Count = 1000, width: Multiplier = 1.0) -> nn.Module:
    """MobileNet; ``width=0.75`` and so on are its thinner models (Table 6)."""
    return mobilenet(separable, width, classes)


@architecture(input_shape=(3, 224, 224))
def mobilenet_v1_full_conv(*, classes: Count = 1000, width: Multiplier = 1.0) -> nn.Module:
    """MobileNet with full 3x3 convolutions where it has separable ones: the "Conv MobileNet" of Table 4."""
    return mobilenet(full, width, classes)
