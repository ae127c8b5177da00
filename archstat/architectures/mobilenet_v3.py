"""MobileNetV3: Searching for MobileNetV3. Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam.

2019, https://arxiv.org/abs/1905.02244, Tables 1 and 2. Squeeze-and-excitation comes after the activation of the
depthwise convolution, squeezes to a quarter rounded to a multiple of 8, and is gated by a hard sigmoid.

In the first version of the paper V3-Small has 1280 maps before its classifier, and 2.9 M parameters; here it has 1024,
as in the authors' code, and the 2.5 M of the last version. The first version also marks squeeze-and-excitation on the
576 maps of the last 1x1 convolution: another 0.17 M, which neither total has.

With a width multiplier the expansion stays a ratio of the maps that come in, also as in that code, and below 1 the last
layer keeps its size, which the 4.0 M and 155 M of V3-Large at 0.75 need. torchvision scales both: 3.4 M and 140 M.
"""

from typing import NamedTuple

from torch import nn

from archstat.architectures._arguments import Count, Multiplier, Probability
from archstat.architectures._blocks import SqueezeExcitation, conv_bn, divisible, sequence
from archstat.architectures.mobilenet_v2 import inverted_residual
from archstat.registry import architecture


class Row(NamedTuple):
    """A row of Table 1 or 2: the kernel, the maps it expands to and gives, SE or not, the nonlinearity, the stride."""

    kernel: int
    expanded: int
    maps: int
    has_se: bool
    activation: type[nn.Module]
    stride: int


RE, HS = nn.ReLU, nn.Hardswish

LARGE = [
    Row(3, 16, 16, False, RE, 1),  # 16 x 112 x 112
    Row(3, 64, 24, False, RE, 2),  # 24 x 56 x 56
    Row(3, 72, 24, False, RE, 1),
    Row(5, 72, 40, True, RE, 2),  # 40 x 28 x 28
    Row(5, 120, 40, True, RE, 1),
    Row(5, 120, 40, True, RE, 1),
    Row(3, 240, 80, False, HS, 2),  # 80 x 14 x 14
    Row(3, 200, 80, False, HS, 1),
    Row(3, 184, 80, False, HS, 1),
    Row(3, 184, 80, False, HS, 1),
    Row(3, 480, 112, True, HS, 1),  # 112 x 14 x 14
    Row(3, 672, 112, True, HS, 1),
    Row(5, 672, 160, True, HS, 2),  # 160 x 7 x 7
    Row(5, 960, 160, True, HS, 1),
    Row(5, 960, 160, True, HS, 1),
]

SMALL = [
    Row(3, 16, 16, True, RE, 2),  # 16 x 56 x 56
    Row(3, 72, 24, False, RE, 2),  # 24 x 28 x 28
    Row(3, 88, 24, False, RE, 1),
    Row(5, 96, 40, True, HS, 2),  # 40 x 14 x 14
    Row(5, 240, 40, True, HS, 1),
    Row(5, 240, 40, True, HS, 1),
    Row(5, 120, 48, True, HS, 1),  # 48 x 14 x 14
    Row(5, 144, 48, True, HS, 1),
    Row(5, 288, 96, True, HS, 2),  # 96 x 7 x 7
    Row(5, 576, 96, True, HS, 1),
    Row(5, 576, 96, True, HS, 1),
]


def bottleneck(row: Row, channels: int, expanded: int, maps: int) -> nn.Module:
    """The block of a row, with these sizes instead of the printed ones (Fig. 4)."""
    attention = SqueezeExcitation(expanded, divisible(expanded / 4), gate=nn.Hardsigmoid) if row.has_se else None
    return inverted_residual(
        channels, expanded, maps, row.stride, kernel=row.kernel, activation=row.activation, attention=attention
    )


def bottlenecks(rows: list[Row], width: float) -> tuple[dict[str, nn.Module], int]:
    """The blocks of a table, and the maps that come out of the last one."""
    named: dict[str, nn.Module] = {}
    printed, channels = 16, divisible(width * 16)
    for number, row in enumerate(rows, start=1):
        expanded, maps = divisible(channels * row.expanded / printed), divisible(width * row.maps)
        named[f"bneck{number}"] = bottleneck(row, channels, expanded, maps)
        printed, channels = row.maps, maps
    return named, channels


def mobilenet(rows: list[Row], last: int, width: float, classes: int, dropout: float) -> nn.Module:
    """One table; ``last`` numbers go into the classifier."""
    blocks, channels = bottlenecks(rows, width)
    widest, last = divisible(width * 6 * rows[-1].maps), divisible(max(width, 1) * last)
    return sequence(
        conv1=conv_bn(3, divisible(width * 16), 3, stride=2, activation=nn.Hardswish),  # 16 x 112 x 112
        **blocks,
        conv2=conv_bn(channels, widest, 1, activation=nn.Hardswish),  # 960 x 7 x 7, small: 576 x 7 x 7
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc1=nn.Linear(widest, last),  # "conv2d 1x1, NBN": on 1x1 maps it is a linear layer
        hardswish=nn.Hardswish(inplace=True),
        dropout=nn.Dropout(dropout),
        fc2=nn.Linear(last, classes),
    )


@architecture(input_shape=(3, 224, 224))
def mobilenet_v3_large(*, classes: Count = 1000, width: Multiplier = 1.0, dropout: Probability = 0.2) -> nn.Module:
    """MobileNetV3-Large (Table 1)."""
    return mobilenet(LARGE, 1280, width, classes, dropout)


@architecture(input_shape=(3, 224, 224))
def mobilenet_v3_small(*, classes: Count = 1000, width: Multiplier = 1.0, dropout: Probability = 0.2) -> nn.Module:
    """MobileNetV3-Small (Table 2)."""
    return mobilenet(SMALL, 1024, width, classes, dropout)
