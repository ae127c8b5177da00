"""Pre-activation ResNet: Identity Mappings in Deep Residual Networks. He, Zhang, Ren, Sun, 2016.

https://arxiv.org/abs/1603.05027, Fig. 1(b) and Appendix; what the paper leaves open is as in the authors' code,
https://github.com/KaimingHe/resnet-1k-layers.

Three things decide the count. Where dimensions change, the shortcut is a 1x1 convolution without batch normalization,
which branches off after the first activation. The first unit has no activation of its own, since conv1 is followed by
one, and the last unit is followed by another. In a bottleneck the stride sits in the first 1x1 convolution; for
ImageNet the paper does not say where, and the copies that were published with weights have it in the 3x3.
"""

from functools import partial

from torch import nn

from archstat.architectures import resnet, resnet_cifar
from archstat.architectures._arguments import Count
from archstat.architectures._blocks import Residual, sequence
from archstat.architectures.resnet import Layers, stages
from archstat.registry import architecture


def basic(channels: int, maps: int, stride: int) -> nn.Sequential:
    """Two 3x3 convolutions, from the first of them on."""
    return sequence(
        conv1=nn.Conv2d(channels, maps, kernel_size=3, stride=stride, padding=1, bias=False),
        bn2=nn.BatchNorm2d(maps),
        relu2=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(maps, maps, kernel_size=3, padding=1, bias=False),
    )


def bottleneck(channels: int, maps: int, stride: int, *, stride_in_3x3: bool = False) -> nn.Sequential:
    """A 1x1 convolution to a quarter of the maps, a 3x3, and a 1x1 to all of them, from the first of them on."""
    width = maps // 4
    first, second = (1, stride) if stride_in_3x3 else (stride, 1)
    return sequence(
        conv1=nn.Conv2d(channels, width, kernel_size=1, stride=first, bias=False),
        bn2=nn.BatchNorm2d(width),
        relu2=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(width, width, kernel_size=3, stride=second, padding=1, bias=False),
        bn3=nn.BatchNorm2d(width),
        relu3=nn.ReLU(inplace=True),
        conv3=nn.Conv2d(width, maps, kernel_size=1, bias=False),
    )


def unit(residual: Layers, channels: int, maps: int, stride: int, *, is_first: bool = False) -> nn.Module:
    """One unit, y = x + F(x): F opens with an activation, which where dimensions change is also before the shortcut."""
    activation = {"bn1": nn.BatchNorm2d(channels), "relu1": nn.ReLU(inplace=True)}
    layers = residual(channels, maps, stride)
    changes = channels != maps or stride != 1
    shortcut = nn.Conv2d(channels, maps, kernel_size=1, stride=stride, bias=False) if changes else None
    if is_first:
        return Residual(layers, shortcut)
    if changes:
        return sequence(**activation, sum=Residual(layers, shortcut))
    return Residual(sequence(**activation, **dict(layers.named_children())))


def units(residual: Layers, depths: tuple[int, ...], channels: int, maps: int) -> dict[str, nn.Module]:
    """The stages of a network."""
    first = partial(unit, residual, is_first=True)
    return stages(partial(unit, residual), depths, channels, maps, first=first)


def cifar(residual: Layers, n: int, maps: int, classes: int) -> nn.Module:
    """Three stages of n units; ``maps`` come out of the first, and twice as many of each of the others."""
    return sequence(
        **resnet_cifar.stem(),  # 16 x 32 x 32
        **units(residual, (n, n, n), 16, maps),  # maps x 32 x 32, then 16, 8
        bn4=nn.BatchNorm2d(4 * maps),
        relu4=nn.ReLU(inplace=True),
        pool4=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(4 * maps, classes),
    )


@architecture(input_shape=(3, 32, 32))
def preact_resnet110(*, classes: Count = 10) -> nn.Module:
    """ResNet-110 for CIFAR-10 with pre-activation: 18 basic units a stage (Table 2)."""
    return cifar(basic, 18, 16, classes)


@architecture(input_shape=(3, 32, 32))
def preact_resnet164(*, classes: Count = 10) -> nn.Module:
    """ResNet-164 for CIFAR-10 with pre-activation: 18 bottlenecks a stage (Table 2)."""
    return cifar(bottleneck, 18, 64, classes)


@architecture(input_shape=(3, 32, 32))
def preact_resnet1001(*, classes: Count = 10) -> nn.Module:
    """ResNet-1001 for CIFAR-10 with pre-activation: 111 bottlenecks a stage (Table 4)."""
    return cifar(bottleneck, 111, 64, classes)


@architecture(input_shape=(3, 224, 224))
def preact_resnet200(*, classes: Count = 1000, stride_in_3x3: bool = False) -> nn.Module:
    """ResNet-200 for ImageNet with pre-activation (Table 5)."""
    return sequence(
        **resnet.stem(),  # 64 x 56 x 56
        **units(partial(bottleneck, stride_in_3x3=stride_in_3x3), (3, 24, 36, 3), 64, 256),  # 2048 x 7 x 7
        bn5=nn.BatchNorm2d(2048),
        relu5=nn.ReLU(inplace=True),
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(2048, classes),
    )
