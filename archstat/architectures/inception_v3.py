"""Inception-v3: Rethinking the Inception Architecture for Computer Vision.

Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, 2015, https://arxiv.org/abs/1512.00567, Table 1 and Fig. 5, 6, 7 and 10.

This is the network that its authors released, which every library has. Table 1 prints another start: 3x3 convolutions
to 80, to 192 with a stride of 2 and to 288 maps, where the released one has a 1x1 to 80, a 3x3 to 192 and a max pool.
The modules are named as in the paper on Inception-v4, which repeats them.
"""

import re
from collections import OrderedDict
from typing import NamedTuple

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import (
    AuxiliaryClassifier,
    Branches,
    WithAuxiliaries,
    conv_bn,
    sequence,
    without_auxiliaries,
)
from archstat.registry import architecture

_CONVOLUTION = re.compile(r"(\d)x(\d)-(\d+)(/2)?(V?)")


class Convolution(NamedTuple):
    """One convolution of a figure."""

    kernel: tuple[int, int]
    maps: int
    stride: int
    is_padded: bool


def read(text: str) -> list[Convolution]:
    """Convolutions as the figures print them: kernel, maps, stride, and V where nothing is padded.

    >>> read("3x3-96/2V")
    [Convolution(kernel=(3, 3), maps=96, stride=2, is_padded=False)]
    """
    return [
        Convolution((int(height), int(width)), int(maps), 2 if stride else 1, not valid)
        for height, width, maps, stride, valid in _CONVOLUTION.findall(text)
    ]


def chain(channels: int, text: str) -> nn.Sequential:
    """Convolutions one after the other, each with batch normalization and ReLU."""
    layers: dict[str, nn.Module] = {}
    for number, (kernel, maps, stride, is_padded) in enumerate(read(text), start=1):
        height, width = kernel
        padding = None if is_padded else 0
        layers[f"conv{number}_{height}x{width}"] = conv_bn(channels, maps, kernel, stride, padding=padding)
        channels = maps
    return sequence(**layers)


def fork(channels: int, text: str, maps: int) -> nn.Sequential:
    """Convolutions, then a 1x3 and a 3x1 side by side (Fig. 7)."""
    last = read(text)[-1].maps
    ends = Branches(conv_1x3=chain(last, f"1x3-{maps}"), conv_3x1=chain(last, f"3x1-{maps}"))
    return sequence(convs=chain(channels, text), fork=ends)


def pooled(channels: int, maps: int) -> nn.Sequential:
    """Averages of 3x3 and a 1x1 convolution."""
    return sequence(
        pool=nn.AvgPool2d(kernel_size=3, stride=1, padding=1, count_include_pad=False), proj=conv_bn(channels, maps, 1)
    )


def max_pool() -> nn.MaxPool2d:
    """Halve height and width, rounding down."""
    return nn.MaxPool2d(kernel_size=3, stride=2)


def stem() -> nn.Sequential:
    """From the image to 192 maps."""
    return sequence(
        convs1=chain(3, "3x3-32/2V 3x3-32V 3x3-64"),  # 64 x 147 x 147
        pool1=max_pool(),  # 64 x 73 x 73
        convs2=chain(64, "1x1-80 3x3-192V"),  # 192 x 71 x 71
        pool2=max_pool(),  # 192 x 35 x 35
    )


def inception_a(channels: int, n1x1: int, pool_proj: int) -> Branches:
    """Fig. 5, but with a 5x5 convolution in the branch that has one 3x3 there."""
    return Branches(
        conv_1x1=chain(channels, f"1x1-{n1x1}"),
        conv_5x5=chain(channels, "1x1-48 5x5-64"),
        double_3x3=chain(channels, "1x1-64 3x3-96 3x3-96"),
        pool=pooled(channels, pool_proj),
    )


def reduction_a(channels: int, k: int, l: int, m: int, n: int) -> Branches:  # noqa: E741 - the paper's letters
    """Fig. 10; the letters are those of the paper on Inception-v4 (its Fig. 7 and Table 1)."""
    return Branches(
        conv_3x3=chain(channels, f"3x3-{n}/2V"),
        double_3x3=chain(channels, f"1x1-{k} 3x3-{l} 3x3-{m}/2V"),
        pool=max_pool(),
    )


def inception_b(channels: int, maps: int) -> Branches:
    """Fig. 6 with n = 7: a 7x7 convolution is a 1x7 and a 7x1, first to ``maps`` and at last to 192."""
    return Branches(
        conv_1x1=chain(channels, "1x1-192"),
        conv_7x7=chain(channels, f"1x1-{maps} 1x7-{maps} 7x1-192"),
        double_7x7=chain(channels, f"1x1-{maps} 7x1-{maps} 1x7-{maps} 7x1-{maps} 1x7-192"),
        pool=pooled(channels, 192),
    )


def reduction_b(channels: int) -> Branches:
    """From 17x17 to 8x8."""
    return Branches(
        conv_3x3=chain(channels, "1x1-192 3x3-320/2V"),
        conv_7x7=chain(channels, "1x1-192 1x7-192 7x1-192 3x3-192/2V"),
        pool=max_pool(),
    )


def inception_c(channels: int) -> Branches:
    """An inception module on 8x8 maps (Fig. 7)."""
    return Branches(
        conv_1x1=chain(channels, "1x1-320"),
        conv_3x3=fork(channels, "1x1-384", 384),
        double_3x3=fork(channels, "1x1-448 3x3-384", 384),
        pool=pooled(channels, 192),
    )


def auxiliary(classes: int) -> AuxiliaryClassifier:
    """A classifier of 768 maps of 17x17 (Fig. 8)."""
    layers = {
        "pool": nn.AvgPool2d(kernel_size=5, stride=3),  # 768 x 5 x 5
        "convs": chain(768, "1x1-128 5x5-768V"),  # 768 x 1 x 1
        "flatten": nn.Flatten(),
        "fc": nn.Linear(768, classes),
    }
    return AuxiliaryClassifier(OrderedDict(layers))


def head(channels: int, dropout: float, classes: int) -> dict[str, nn.Module]:
    """What follows the last module."""
    return {
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(dropout),
        "fc": nn.Linear(channels, classes),
    }


def layers(classes: int, dropout: float) -> dict[str, nn.Module]:
    """The network, with the auxiliary classifier where it branches off."""
    return {
        "stem": stem(),  # 192 x 35 x 35
        "inception_a": sequence(
            a1=inception_a(192, 64, 32),  # 256 x 35 x 35
            a2=inception_a(256, 64, 64),  # 288 x 35 x 35
            a3=inception_a(288, 64, 64),  # 288 x 35 x 35
        ),
        "reduction_a": reduction_a(288, k=64, l=96, m=96, n=384),  # 768 x 17 x 17
        "inception_b": sequence(
            b1=inception_b(768, 128), b2=inception_b(768, 160), b3=inception_b(768, 160), b4=inception_b(768, 192)
        ),  # 768 x 17 x 17
        "auxiliary": auxiliary(classes),
        "reduction_b": reduction_b(768),  # 1280 x 8 x 8
        "inception_c": sequence(c1=inception_c(1280), c2=inception_c(2048)),  # 2048 x 8 x 8
        **head(2048, dropout, classes),
    }


@architecture(input_shape=(3, 299, 299))
def inception_v3(*, classes: Count = 1000, dropout: Probability = 0.2) -> nn.Module:
    """Inception-v3 as it predicts: without the auxiliary classifier."""
    return without_auxiliaries(layers(classes, dropout))


@architecture(input_shape=(3, 299, 299))
def inception_v3_aux(*, classes: Count = 1000, dropout: Probability = 0.2) -> nn.Module:
    """Inception-v3 as it is trained: the auxiliary classifier runs, and its output is a tuple of two scores (§4)."""
    return WithAuxiliaries(OrderedDict(layers(classes, dropout)))
