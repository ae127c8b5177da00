"""ResNets for CIFAR-10: Deep Residual Learning for Image Recognition. He, Zhang, Ren, Sun, 2015.

https://arxiv.org/abs/1512.03385, §4.2 and Table 6. Nothing differs from the paper; in particular all shortcuts are of
option A, which has no parameters, where many copies project.
"""

from functools import partial

from torch import nn

from archstat.architectures._arguments import Count
from archstat.architectures._blocks import sequence
from archstat.architectures.resnet import Block, Shortcuts, basic, block, stages
from archstat.registry import architecture


def stem() -> dict[str, nn.Module]:
    """The first convolution."""
    return {
        "conv1": nn.Conv2d(3, 16, kernel_size=3, padding=1, bias=False),  # 16 x 32 x 32
        "bn1": nn.BatchNorm2d(16),
        "relu1": nn.ReLU(inplace=True),
    }


def network(make: Block, layers: int, classes: int) -> nn.Module:
    """6n + 2 layers: a convolution, three stages of n blocks of two convolutions each, and a linear layer."""
    n = (layers - 2) // 6
    return sequence(
        **stem(),
        **stages(make, (n, n, n), 16, 16),  # 16 x 32 x 32, 32 x 16 x 16, 64 x 8 x 8
        pool4=nn.AdaptiveAvgPool2d(1),  # 64 x 1 x 1
        flatten=nn.Flatten(),
        fc=nn.Linear(64, classes),
    )


def resnet(layers: int, shortcuts: Shortcuts, classes: int) -> nn.Module:
    """A ResNet of that many layers, or a plain network where there are no shortcuts."""
    return network(partial(block, basic, shortcuts=shortcuts), layers, classes)


@architecture(input_shape=(3, 32, 32))
def plain20(*, classes: Count = 10) -> nn.Module:
    """The plain network of 20 layers: ResNet-20 without shortcuts (Fig. 6, left)."""
    return resnet(20, "none", classes)


@architecture(input_shape=(3, 32, 32))
def plain56(*, classes: Count = 10) -> nn.Module:
    """The plain network of 56 layers: ResNet-56 without shortcuts (Fig. 6, left)."""
    return resnet(56, "none", classes)


@architecture(input_shape=(3, 32, 32))
def resnet20(*, classes: Count = 10, shortcuts: Shortcuts = "A") -> nn.Module:
    """ResNet-20 for CIFAR-10, n = 3."""
    return resnet(20, shortcuts, classes)


@architecture(input_shape=(3, 32, 32))
def resnet32(*, classes: Count = 10, shortcuts: Shortcuts = "A") -> nn.Module:
    """ResNet-32 for CIFAR-10, n = 5."""
    return resnet(32, shortcuts, classes)


@architecture(input_shape=(3, 32, 32))
def resnet44(*, classes: Count = 10, shortcuts: Shortcuts = "A") -> nn.Module:
    """ResNet-44 for CIFAR-10, n = 7."""
    return resnet(44, shortcuts, classes)


@architecture(input_shape=(3, 32, 32))
def resnet56(*, classes: Count = 10, shortcuts: Shortcuts = "A") -> nn.Module:
    """ResNet-56 for CIFAR-10, n = 9."""
    return resnet(56, shortcuts, classes)


@architecture(input_shape=(3, 32, 32))
def resnet110(*, classes: Count = 10, shortcuts: Shortcuts = "A") -> nn.Module:
    """ResNet-110 for CIFAR-10, n = 18."""
    return resnet(110, shortcuts, classes)
