"""ResNet: Deep Residual Learning for Image Recognition. He, Zhang, Ren, Sun, 2015.

https://arxiv.org/abs/1512.03385, Table 1. Nothing differs from the paper; its networks for CIFAR-10 are in
``resnet_cifar.py``.

What most libraries call ResNet-50, -101 or -152 is not the paper's network: the stride of 2 of a stage has moved from
the first 1x1 convolution to the 3x3. That is ``resnet50_v1_5`` and so on here, with the same parameters and 2 to 6 %
more MACs.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import pad

from archstat.architectures._arguments import Count
from archstat.architectures._blocks import Residual, sequence
from archstat.registry import architecture

Shortcuts = Literal["A", "B", "C", "none"]
"""§3.3, §4.1: A pads with zeros where dimensions change, B projects there, C projects everywhere; "none" is plain."""

Layers = Callable[[int, int, int], nn.Sequential]
"""The layers of a block: from channels to maps, with a stride."""

Block = Callable[[int, int, int], nn.Module]
"""A block with its way around: from channels to maps, with a stride."""


def basic(channels: int, maps: int, stride: int) -> nn.Sequential:
    """Two 3x3 convolutions (Fig. 5, left)."""
    return sequence(
        conv1=nn.Conv2d(channels, maps, kernel_size=3, stride=stride, padding=1, bias=False),
        bn1=nn.BatchNorm2d(maps),
        relu1=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(maps, maps, kernel_size=3, padding=1, bias=False),
        bn2=nn.BatchNorm2d(maps),
    )


def bottleneck(
    channels: int, maps: int, stride: int, *, stride_in_3x3: bool = False, width: int = 64, groups: int = 1
) -> nn.Sequential:
    """A 1x1 convolution to fewer maps, a 3x3, and a 1x1 to all of them (Fig. 5, right).

    The 3x3 has ``width`` maps in conv2_x, which hands on 256, and in proportion in every further stage: a quarter here,
    more in ResNeXt, whose 3x3 has ``groups``, and in wide ResNets.
    """
    width = maps * width // 256
    first, second = (1, stride) if stride_in_3x3 else (stride, 1)
    return sequence(
        conv1=nn.Conv2d(channels, width, kernel_size=1, stride=first, bias=False),
        bn1=nn.BatchNorm2d(width),
        relu1=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(width, width, kernel_size=3, stride=second, padding=1, groups=groups, bias=False),
        bn2=nn.BatchNorm2d(width),
        relu2=nn.ReLU(inplace=True),
        conv3=nn.Conv2d(width, maps, kernel_size=1, bias=False),
        bn3=nn.BatchNorm2d(maps),
    )


def bottleneck_v1_5(channels: int, maps: int, stride: int) -> nn.Sequential:
    """A bottleneck whose 3x3 convolution has the stride."""
    return bottleneck(channels, maps, stride, stride_in_3x3=True)


class ZeroPadShortcut(nn.Module):
    """Option A: every second pixel, and maps of zeros for those that are missing; no parameters."""

    def __init__(self, channels: int, maps: int, stride: int) -> None:
        """From ``channels`` to ``maps``."""
        super().__init__()
        self.missing = maps - channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Take every ``stride``-th row and column, then append the zeros."""
        return pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.missing))


def projection(channels: int, maps: int, stride: int) -> nn.Sequential:
    """Options B and C: a 1x1 convolution."""
    return sequence(
        conv=nn.Conv2d(channels, maps, kernel_size=1, stride=stride, bias=False),
        bn=nn.BatchNorm2d(maps),
    )


def shortcut(option: Shortcuts, channels: int, maps: int, stride: int) -> nn.Module:
    """The way around a block."""
    changes = channels != maps or stride != 1
    if option == "C" or (option == "B" and changes):
        return projection(channels, maps, stride)
    return ZeroPadShortcut(channels, maps, stride) if changes else nn.Identity()


class ResidualBlock(Residual):
    """y = F(x) + x, then ReLU (Fig. 2, equations 1 and 2)."""

    def forward(self, x: Tensor) -> Tensor:
        """Add the shortcut to the residual and rectify."""
        return nn.functional.relu(super().forward(x), inplace=True)


def block(residual: Layers, channels: int, maps: int, stride: int, shortcuts: Shortcuts) -> nn.Module:
    """One block, or the same layers without a way around them."""
    layers = residual(channels, maps, stride)
    if shortcuts == "none":
        layers.add_module("relu", nn.ReLU(inplace=True))
        return layers
    return ResidualBlock(layers, shortcut(shortcuts, channels, maps, stride))


def stages(
    make: Block, depths: tuple[int, ...], channels: int, maps: int, *, first: Block | None = None
) -> dict[str, nn.Module]:
    """conv2_x, conv3_x and so on: each of that many blocks, the first of which halves the size, except in conv2_x.

    ``make`` makes a block, and ``first`` the very first one where that differs.
    """
    named: dict[str, nn.Module] = {}
    for number, depth in enumerate(depths, start=2):
        opening, stride = (first or make, 1) if number == 2 else (make, 2)
        blocks = [opening(channels, maps, stride), *(make(maps, maps, 1) for _ in range(depth - 1))]
        named[f"conv{number}_x"] = sequence(**{f"conv{number}_{i}": each for i, each in enumerate(blocks, start=1)})
        channels, maps = maps, 2 * maps
    return named


def stem() -> dict[str, nn.Module]:
    """conv1 and the pool before conv2_x."""
    return {
        "conv1": nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False),  # 64 x 112 x 112
        "bn1": nn.BatchNorm2d(64),
        "relu1": nn.ReLU(inplace=True),
        "pool1": nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 64 x 56 x 56
    }


def resnet(
    residual: Layers, depths: tuple[int, int, int, int], maps: int, shortcuts: Shortcuts, classes: int
) -> nn.Module:
    """One column of Table 1; ``maps`` come out of conv2_x and twice as many of every further stage."""
    return sequence(
        **stem(),
        **stages(partial(block, residual, shortcuts=shortcuts), depths, 64, maps),  # maps x 56 x 56, then 28, 14, 7
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(8 * maps, classes),
    )


@architecture(input_shape=(3, 224, 224))
def plain18(*, classes: Count = 1000) -> nn.Module:
    """The plain network of 18 layers that ResNet-18 is compared with: the same without shortcuts (Table 2)."""
    return resnet(basic, (2, 2, 2, 2), 64, "none", classes)


@architecture(input_shape=(3, 224, 224))
def plain34(*, classes: Count = 1000) -> nn.Module:
    """The plain network of 34 layers that ResNet-34 is compared with: the same without shortcuts (Fig. 3, middle)."""
    return resnet(basic, (3, 4, 6, 3), 64, "none", classes)


@architecture(input_shape=(3, 224, 224))
def resnet18(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-18 with projections where dimensions change; Table 2 has it with option A."""
    return resnet(basic, (2, 2, 2, 2), 64, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet34(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-34 with projections where dimensions change; Table 2 has it with option A."""
    return resnet(basic, (3, 4, 6, 3), 64, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet50(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-50 as published: the first 1x1 convolution of a stage has its stride."""
    return resnet(bottleneck, (3, 4, 6, 3), 256, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet101(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-101 as published: the first 1x1 convolution of a stage has its stride."""
    return resnet(bottleneck, (3, 4, 23, 3), 256, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet152(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-152 as published: the first 1x1 convolution of a stage has its stride."""
    return resnet(bottleneck, (3, 8, 36, 3), 256, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet50_v1_5(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-50 as in most libraries: the first 3x3 convolution of a stage has its stride."""
    return resnet(bottleneck_v1_5, (3, 4, 6, 3), 256, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet101_v1_5(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-101 as in most libraries: the first 3x3 convolution of a stage has its stride."""
    return resnet(bottleneck_v1_5, (3, 4, 23, 3), 256, shortcuts, classes)


@architecture(input_shape=(3, 224, 224))
def resnet152_v1_5(*, classes: Count = 1000, shortcuts: Shortcuts = "B") -> nn.Module:
    """ResNet-152 as in most libraries: the first 3x3 convolution of a stage has its stride."""
    return resnet(bottleneck_v1_5, (3, 8, 36, 3), 256, shortcuts, classes)
