"""Inception-v4: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning.

Szegedy, Ioffe, Vanhoucke, Alemi, 2016, https://arxiv.org/abs/1602.07261, Fig. 3 to 9 and Table 1. Nothing differs from
the paper, whose Inception-ResNet-v2 is in ``inception_resnet.py``.
"""

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import Branches, sequence
from archstat.architectures.inception_v3 import chain, fork, head, max_pool, pooled, reduction_a
from archstat.registry import architecture


def stem() -> nn.Sequential:
    """Fig. 3: from the image to 384 maps."""
    return sequence(
        convs=chain(3, "3x3-32/2V 3x3-32V 3x3-64"),  # 64 x 147 x 147
        halve1=Branches(pool=max_pool(), conv=chain(64, "3x3-96/2V")),  # 160 x 73 x 73
        mix=Branches(
            conv_3x3=chain(160, "1x1-64 3x3-96V"), conv_7x7=chain(160, "1x1-64 7x1-64 1x7-64 3x3-96V")
        ),  # 192 x 71 x 71
        halve2=Branches(conv=chain(192, "3x3-192/2V"), pool=max_pool()),  # 384 x 35 x 35
    )


def inception_a() -> Branches:
    """Fig. 4: 384 maps of 35x35."""
    return Branches(
        pool=pooled(384, 96),
        conv_1x1=chain(384, "1x1-96"),
        conv_3x3=chain(384, "1x1-64 3x3-96"),
        double_3x3=chain(384, "1x1-64 3x3-96 3x3-96"),
    )


def inception_b() -> Branches:
    """Fig. 5: 1024 maps of 17x17."""
    return Branches(
        pool=pooled(1024, 128),
        conv_1x1=chain(1024, "1x1-384"),
        conv_7x7=chain(1024, "1x1-192 1x7-224 7x1-256"),
        double_7x7=chain(1024, "1x1-192 1x7-192 7x1-224 1x7-224 7x1-256"),
    )


def reduction_b() -> Branches:
    """Fig. 8: from 1024 maps of 17x17 to 1536 of 8x8."""
    return Branches(
        pool=max_pool(),
        conv_3x3=chain(1024, "1x1-192 3x3-192/2V"),
        conv_7x7=chain(1024, "1x1-256 1x7-256 7x1-320 3x3-320/2V"),
    )


def inception_c() -> Branches:
    """Fig. 6: 1536 maps of 8x8."""
    return Branches(
        pool=pooled(1536, 256),
        conv_1x1=chain(1536, "1x1-256"),
        conv_3x3=fork(1536, "1x1-384", 256),
        double_3x3=fork(1536, "1x1-384 1x3-448 3x1-512", 256),
    )


@architecture(input_shape=(3, 299, 299))
def inception_v4(*, classes: Count = 1000, dropout: Probability = 0.2) -> nn.Module:
    """Inception-v4 (Fig. 9)."""
    return sequence(
        stem=stem(),  # 384 x 35 x 35
        inception_a=sequence(**{f"a{i}": inception_a() for i in range(1, 5)}),
        reduction_a=reduction_a(384, k=192, l=224, m=256, n=384),  # 1024 x 17 x 17
        inception_b=sequence(**{f"b{i}": inception_b() for i in range(1, 8)}),
        reduction_b=reduction_b(),  # 1536 x 8 x 8
        inception_c=sequence(**{f"c{i}": inception_c() for i in range(1, 4)}),
        **head(1536, dropout, classes),
    )
