"""DenseNet: Densely Connected Convolutional Networks. Huang, Liu, van der Maaten, Weinberger, 2016.

https://arxiv.org/abs/1608.06993, Table 1 (ImageNet) and §3 (CIFAR). The dropout that the paper trains with on CIFAR
without augmentation is left out; it costs nothing at inference. What the paper calls DenseNet-264 has 265 layers:
2 · (6 + 12 + 64 + 48) convolutions in its blocks, three transitions, the first convolution and the linear layer.
"""

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count
from archstat.architectures._blocks import sequence
from archstat.registry import architecture


def plain(channels: int, growth: int) -> nn.Sequential:
    """BN-ReLU-Conv(3x3) to ``growth`` new maps (§3, composite function)."""
    return sequence(
        bn=nn.BatchNorm2d(channels),
        relu=nn.ReLU(inplace=True),
        conv=nn.Conv2d(channels, growth, kernel_size=3, padding=1, bias=False),
    )


def bottleneck(channels: int, growth: int) -> nn.Sequential:
    """DenseNet-B: a 1x1 convolution to four times the ``growth`` comes first (§3, bottleneck layers)."""
    return sequence(
        bn1=nn.BatchNorm2d(channels),
        relu1=nn.ReLU(inplace=True),
        conv1=nn.Conv2d(channels, 4 * growth, kernel_size=1, bias=False),
        bn2=nn.BatchNorm2d(4 * growth),
        relu2=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False),
    )


class DenseLayer(nn.Module):
    """New maps beside all maps before them: ``[x, H(x)]`` (equation 2)."""

    def __init__(self, composite: nn.Module) -> None:
        """H is the ``composite`` function."""
        super().__init__()
        self.composite = composite

    def forward(self, x: Tensor) -> Tensor:
        """From ``channels`` maps to ``channels + growth``."""
        return torch.cat([x, self.composite(x)], dim=1)


def transition(channels: int, maps: int) -> nn.Sequential:
    """BN-ReLU-Conv(1x1) to ``maps``, then half the height and width (§3, pooling layers)."""
    return sequence(
        bn=nn.BatchNorm2d(channels),
        relu=nn.ReLU(inplace=True),
        conv=nn.Conv2d(channels, maps, kernel_size=1, bias=False),
        pool=nn.AvgPool2d(2),
    )


def blocks(
    layers: tuple[int, ...], channels: int, growth: int, *, has_bottleneck: bool, compression: float
) -> tuple[dict[str, nn.Module], int]:
    """Dense blocks of that many layers with transitions between, and the maps that come out of the last one."""
    composite = bottleneck if has_bottleneck else plain
    named: dict[str, nn.Module] = {}
    for number, depth in enumerate(layers, start=1):
        inputs = [channels + place * growth for place in range(depth)]
        dense = {f"layer{i}": DenseLayer(composite(maps, growth)) for i, maps in enumerate(inputs, start=1)}
        named[f"block{number}"] = sequence(**dense)
        channels += depth * growth
        if number < len(layers):
            named[f"transition{number}"] = transition(channels, int(compression * channels))
            channels = int(compression * channels)
    return named, channels


def classifier(channels: int, classes: int) -> dict[str, nn.Module]:
    """What follows the last block."""
    return {
        "bn": nn.BatchNorm2d(channels),
        "relu": nn.ReLU(inplace=True),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "fc": nn.Linear(channels, classes),
    }


def imagenet(layers: tuple[int, int, int, int], growth: int, classes: int) -> nn.Module:
    """One column of Table 1: DenseNet-BC, with half of the maps passed on by a transition."""
    dense, channels = blocks(layers, 2 * growth, growth, has_bottleneck=True, compression=0.5)
    return sequence(
        conv1=nn.Conv2d(3, 2 * growth, kernel_size=7, stride=2, padding=3, bias=False),  # 2k x 112 x 112
        bn1=nn.BatchNorm2d(2 * growth),
        relu1=nn.ReLU(inplace=True),
        pool1=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 2k x 56 x 56
        **dense,  # 56 x 56, 28 x 28, 14 x 14, 7 x 7
        **classifier(channels, classes),
    )


def cifar(depth: int, growth: int, classes: int, *, is_bc: bool = False) -> nn.Module:
    """Three equal blocks on 32x32, 16x16 and 8x8; BC has bottlenecks, passes half of the maps on and starts with 2k."""
    layers = (depth - 4) // (6 if is_bc else 3)
    first = 2 * growth if is_bc else 16
    compression = 0.5 if is_bc else 1.0
    dense, channels = blocks((layers,) * 3, first, growth, has_bottleneck=is_bc, compression=compression)
    return sequence(
        conv1=nn.Conv2d(3, first, kernel_size=3, padding=1, bias=False), **dense, **classifier(channels, classes)
    )


@architecture(input_shape=(3, 224, 224))
def densenet121(*, classes: Count = 1000, growth: Count = 32) -> nn.Module:
    """DenseNet-121, k = 32."""
    return imagenet((6, 12, 24, 16), growth, classes)


@architecture(input_shape=(3, 224, 224))
def densenet169(*, classes: Count = 1000, growth: Count = 32) -> nn.Module:
    """DenseNet-169, k = 32."""
    return imagenet((6, 12, 32, 32), growth, classes)


@architecture(input_shape=(3, 224, 224))
def densenet201(*, classes: Count = 1000, growth: Count = 32) -> nn.Module:
    """DenseNet-201, k = 32."""
    return imagenet((6, 12, 48, 32), growth, classes)


@architecture(input_shape=(3, 224, 224))
def densenet264(*, classes: Count = 1000, growth: Count = 32) -> nn.Module:
    """DenseNet-264, k = 32."""
    return imagenet((6, 12, 64, 48), growth, classes)


@architecture(input_shape=(3, 224, 224))
def densenet161(*, classes: Count = 1000, growth: Count = 48) -> nn.Module:
    """DenseNet-161, k = 48: in the authors' repository, not in Table 1."""
    return imagenet((6, 12, 36, 24), growth, classes)


@architecture(input_shape=(3, 32, 32))
def densenet40_k12(*, classes: Count = 10) -> nn.Module:
    """DenseNet for CIFAR, L = 40, k = 12."""
    return cifar(40, 12, classes)


@architecture(input_shape=(3, 32, 32))
def densenet100_k12(*, classes: Count = 10) -> nn.Module:
    """DenseNet for CIFAR, L = 100, k = 12."""
    return cifar(100, 12, classes)


@architecture(input_shape=(3, 32, 32))
def densenet_bc100_k12(*, classes: Count = 10) -> nn.Module:
    """DenseNet-BC for CIFAR, L = 100, k = 12."""
    return cifar(100, 12, classes, is_bc=True)


@architecture(input_shape=(3, 32, 32))
def densenet_bc250_k24(*, classes: Count = 10) -> nn.Module:
    """DenseNet-BC for CIFAR, L = 250, k = 24."""
    return cifar(250, 24, classes, is_bc=True)


@architecture(input_shape=(3, 32, 32))
def densenet_bc190_k40(*, classes: Count = 10) -> nn.Module:
    """DenseNet-BC for CIFAR, L = 190, k = 40."""
    return cifar(190, 40, classes, is_bc=True)
