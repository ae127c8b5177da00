"""Wide ResNet: Wide Residual Networks. Zagoruyko, Komodakis, 2016.

https://arxiv.org/abs/1605.07146, Table 1 (CIFAR) and Table 8 (ImageNet). WRN-n-k for CIFAR has n convolutions, three of
them 1x1 in shortcuts, and k times the maps of a ResNet; it is pre-activated, with dropout between the convolutions of a
block. WRN-50-2 for ImageNet is neither, and widens only the inside of the bottlenecks of ResNet-50.
"""

from functools import partial

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import sequence
from archstat.architectures.preact_resnet import cifar
from archstat.architectures.resnet import bottleneck, resnet
from archstat.registry import architecture


def basic_wide(channels: int, maps: int, stride: int, *, dropout: float) -> nn.Sequential:
    """Two 3x3 convolutions with dropout between (Fig. 1d), from the first of them on."""
    return sequence(
        conv1=nn.Conv2d(channels, maps, kernel_size=3, stride=stride, padding=1, bias=False),
        bn2=nn.BatchNorm2d(maps),
        relu2=nn.ReLU(inplace=True),
        dropout=nn.Dropout(dropout),
        conv2=nn.Conv2d(maps, maps, kernel_size=3, padding=1, bias=False),
    )


def wide(n: int, k: int, dropout: float, classes: int) -> nn.Module:
    """WRN-n-k for CIFAR: three stages of (n - 4) / 6 blocks with 16k, 32k and 64k maps."""
    return cifar(partial(basic_wide, dropout=dropout), (n - 4) // 6, 16 * k, classes)


@architecture(input_shape=(3, 32, 32))
def wrn_16_8(*, classes: Count = 10, dropout: Probability = 0.0) -> nn.Module:
    """WRN-16-8 for CIFAR-10 (Table 5)."""
    return wide(16, 8, dropout, classes)


@architecture(input_shape=(3, 32, 32))
def wrn_28_10(*, classes: Count = 10, dropout: Probability = 0.0) -> nn.Module:
    """WRN-28-10 for CIFAR-10 (Table 5); Table 6 has it with a dropout of 0.3."""
    return wide(28, 10, dropout, classes)


@architecture(input_shape=(3, 32, 32))
def wrn_40_4(*, classes: Count = 10, dropout: Probability = 0.0) -> nn.Module:
    """WRN-40-4 for CIFAR-10 (Table 5)."""
    return wide(40, 4, dropout, classes)


@architecture(input_shape=(3, 224, 224))
def wrn_50_2(*, classes: Count = 1000) -> nn.Module:
    """WRN-50-2-bottleneck: ResNet-50 with twice the maps in the 3x3 convolutions (Table 8)."""
    return resnet(partial(bottleneck, stride_in_3x3=True, width=2 * 64), (3, 4, 6, 3), 256, "B", classes)
