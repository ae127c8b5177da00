"""EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. Tan, Le, 2019.

https://arxiv.org/abs/1905.11946, Table 1 (B0) and §3.3 (how it is scaled). The multipliers and input sizes of B1 to B7
are those of the authors' code (tensorflow/tpu, models/official/efficientnet), which the paper does not list. The
stochastic depth of the training is left out.

Two traps: squeeze-and-excitation squeezes to a quarter of the maps that enter the block, before they are expanded by 6;
and the resolutions of Table 1 are those that a stage is given, so the stride of a stage is at its beginning.
"""

import math
from typing import NamedTuple

from torch import nn

from archstat.architectures._arguments import Count, Multiplier, Probability
from archstat.architectures._blocks import Residual, SqueezeExcitation, conv_bn, divisible, sequence
from archstat.registry import architecture


class Stage(NamedTuple):
    """A row of Table 1: the operator MBConv<expansion>, its kernel, the maps, the layers, the stride of the first."""

    expansion: int
    kernel: int
    maps: int
    layers: int
    stride: int


# Table 1, stages 2 to 8.
TABLE_1 = (
    Stage(expansion=1, kernel=3, maps=16, layers=1, stride=1),
    Stage(expansion=6, kernel=3, maps=24, layers=2, stride=2),
    Stage(expansion=6, kernel=5, maps=40, layers=2, stride=2),
    Stage(expansion=6, kernel=3, maps=80, layers=3, stride=2),
    Stage(expansion=6, kernel=5, maps=112, layers=3, stride=1),
    Stage(expansion=6, kernel=5, maps=192, layers=4, stride=2),
    Stage(expansion=6, kernel=3, maps=320, layers=1, stride=1),
)


def mbconv(channels: int, maps: int, stride: int, expansion: int, kernel: int) -> nn.Module:
    """MBConv: expand with 1x1, a depthwise convolution, squeeze-and-excitation, project with 1x1 (§4).

    The block is residual where its input fits its output; MBConv1 does not expand.
    """
    width = expansion * channels
    layers: dict[str, nn.Module] = {}
    if expansion > 1:
        layers["expand"] = conv_bn(channels, width, 1, activation=nn.SiLU)
    layers["depthwise"] = conv_bn(width, width, kernel, stride, groups=width, activation=nn.SiLU)
    layers["se"] = SqueezeExcitation(width, channels // 4, activation=nn.SiLU)
    layers["project"] = conv_bn(width, maps, 1, activation=None)
    block = sequence(**layers)
    return Residual(block) if stride == 1 and channels == maps else block


def stage(row: Stage, channels: int, maps: int, depth: float) -> nn.Sequential:
    """A row of Table 1 with ``depth`` times its layers, rounded up."""
    blocks = [mbconv(channels, maps, row.stride, row.expansion, row.kernel)]
    further = math.ceil(depth * row.layers) - 1
    blocks += [mbconv(maps, maps, 1, row.expansion, row.kernel) for _ in range(further)]
    return sequence(**{f"block{i}": each for i, each in enumerate(blocks, start=1)})


def efficientnet(width: float, depth: float, *, classes: int, dropout: float) -> nn.Module:
    """Table 1 with ``width`` times its maps, rounded to multiples of 8, and ``depth`` times its layers."""
    channels = divisible(32 * width)
    layers: dict[str, nn.Module] = {"stage1": conv_bn(3, channels, 3, stride=2, activation=nn.SiLU)}  # 112 x 112
    for number, row in enumerate(TABLE_1, start=2):  # 112, 56, 28, 14, 14, 7, 7
        maps = divisible(row.maps * width)
        layers[f"stage{number}"] = stage(row, channels, maps, depth)
        channels = maps
    last = divisible(1280 * width)
    layers["stage9"] = conv_bn(channels, last, 1, activation=nn.SiLU)  # 1280 x 7 x 7
    return sequence(
        **layers,
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(dropout),
        fc=nn.Linear(last, classes),
    )


@architecture(input_shape=(3, 224, 224))
def efficientnet_b0(
    *, classes: Count = 1000, dropout: Probability = 0.2, width: Multiplier = 1.0, depth: Multiplier = 1.0
) -> nn.Module:
    """EfficientNet-B0, Table 1; with a ``width`` or a ``depth``, the networks of Fig. 3 and Table 7."""
    return efficientnet(width, depth, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 240, 240))
def efficientnet_b1(*, classes: Count = 1000, dropout: Probability = 0.2) -> nn.Module:
    """EfficientNet-B1: B0 with 1.0 times the width and 1.1 times the depth, on 240x240."""
    return efficientnet(1.0, 1.1, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 260, 260))
def efficientnet_b2(*, classes: Count = 1000, dropout: Probability = 0.3) -> nn.Module:
    """EfficientNet-B2: B0 with 1.1 times the width and 1.2 times the depth, on 260x260."""
    return efficientnet(1.1, 1.2, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 300, 300))
def efficientnet_b3(*, classes: Count = 1000, dropout: Probability = 0.3) -> nn.Module:
    """EfficientNet-B3: B0 with 1.2 times the width and 1.4 times the depth, on 300x300."""
    return efficientnet(1.2, 1.4, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 380, 380))
def efficientnet_b4(*, classes: Count = 1000, dropout: Probability = 0.4) -> nn.Module:
    """EfficientNet-B4: B0 with 1.4 times the width and 1.8 times the depth, on 380x380."""
    return efficientnet(1.4, 1.8, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 456, 456))
def efficientnet_b5(*, classes: Count = 1000, dropout: Probability = 0.4) -> nn.Module:
    """EfficientNet-B5: B0 with 1.6 times the width and 2.2 times the depth, on 456x456."""
    return efficientnet(1.6, 2.2, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 528, 528))
def efficientnet_b6(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """EfficientNet-B6: B0 with 1.8 times the width and 2.6 times the depth, on 528x528."""
    return efficientnet(1.8, 2.6, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 600, 600))
def efficientnet_b7(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """EfficientNet-B7: B0 with 2.0 times the width and 3.1 times the depth, on 600x600."""
    return efficientnet(2.0, 3.1, classes=classes, dropout=dropout)
