"""Blocks that two or more families share."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

After = Callable[[int], nn.Module]
"""Makes what follows a block, from the number of maps that the block gives."""


def sequence(**layers: nn.Module) -> nn.Sequential:
    """Layers one after the other, each under the name that the paper gives it."""
    return nn.Sequential(OrderedDict(layers))


def conv_bn(
    channels: int,
    maps: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    *,
    padding: int | tuple[int, int] | None = None,
    groups: int = 1,
    bias: bool = False,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """A convolution, batch normalization and an activation; ``activation=None`` leaves the last out.

    No biases unless told otherwise: batch normalization has its own. Padded, unless told otherwise, to keep height and
    width at stride 1 and to halve them, rounding up, at stride 2.
    """
    height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    padding = (height // 2, width // 2) if padding is None else padding
    layers: dict[str, nn.Module] = {
        "conv": nn.Conv2d(channels, maps, (height, width), stride, padding, groups=groups, bias=bias),
        "bn": nn.BatchNorm2d(maps),
    }
    if activation is not None:
        layers[activation.__name__.lower()] = activation(inplace=True)
    return sequence(**layers)


class Branches(nn.Module):
    """Branches that see the same input; their maps are stacked in the order in which they are given."""

    def __init__(self, **branches: nn.Module) -> None:
        """All branches give maps of one height and width."""
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        """From the maps of the input to those of all branches together."""
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class AuxiliaryClassifier(nn.Sequential):
    """A classifier on the side, which brings gradients to the middle of a network while it is trained."""


class WithAuxiliaries(nn.Sequential):
    """A sequence in which an :class:`AuxiliaryClassifier` sees the maps before it and passes nothing on."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The scores of the main classifier, then those of the auxiliary ones."""
        auxiliary = []
        for layer in self:
            if isinstance(layer, AuxiliaryClassifier):
                auxiliary.append(layer(x))
            else:
                x = layer(x)
        return (x, *auxiliary)


def without_auxiliaries(layers: dict[str, nn.Module]) -> nn.Sequential:
    """The sequence that is left when no :class:`AuxiliaryClassifier` is trained any more."""
    return sequence(**{name: each for name, each in layers.items() if not isinstance(each, AuxiliaryClassifier)})


class Residual(nn.Module):
    """y = F(x) + x; nothing follows the sum."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module | None = None) -> None:
        """F is the ``residual``; the ``shortcut`` is x, or what makes x fit."""
        super().__init__()
        self.residual = residual
        self.shortcut = nn.Identity() if shortcut is None else shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Add the shortcut to the residual."""
        y: Tensor = self.residual(x) + self.shortcut(x)
        return y


class SqueezeExcitation(nn.Module):
    """Weigh each map by a number that two fully connected layers give for the means of all maps.

    Source: Hu, Shen, Albanie, Sun, Wu, 2017, https://arxiv.org/abs/1709.01507, §3, Fig. 1.
    """

    def __init__(
        self,
        channels: int,
        squeezed: int,
        activation: type[nn.Module] = nn.ReLU,
        gate: type[nn.Module] = nn.Sigmoid,
    ) -> None:
        """``squeezed`` numbers between the two layers: the paper's C / r.

        Raises:
            ValueError: ``squeezed`` is less than 1.
        """
        if squeezed < 1:
            raise ValueError(f"an SE block on {channels} maps cannot squeeze them to {squeezed}")
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Linear(channels, squeezed)
        self.activation = activation()
        self.fc2 = nn.Linear(squeezed, channels)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        """The maps of ``x``, each multiplied by its weight."""
        weights: Tensor = self.gate(self.fc2(self.activation(self.fc1(self.squeeze(x).flatten(1)))))
        return x * weights[:, :, None, None]


def divisible(channels: float, divisor: int = 8) -> int:
    """Channels after a width multiplier: the nearest multiple of the divisor, but not below 90 % of what was asked for.

    Source: Sandler et al., 2018, the authors' code; MobileNetV3 and EfficientNet do the same.

    >>> divisible(32 * 0.75), divisible(16 * 0.35), divisible(24 * 1.4)
    (24, 8, 32)
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor


def local_response_norm() -> nn.LocalResponseNorm:
    """Local response normalization over 5 neighbouring maps: ``x / (2 + 1e-4 * sum(x**2)) ** 0.75``.

    torch, like Caffe, divides its ``alpha`` by the number of maps and the paper does not: hence the factor of 5.

    Source: Krizhevsky, Sutskever, Hinton, 2012, §3.3.
    """
    return nn.LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=2)


def max_pool() -> nn.MaxPool2d:
    """Halve height and width with a 3x3 window that may reach over the edge, as in Caffe: 112 -> 56, 13 -> 6."""
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)


def fully_connected(features: int, classes: int, dropout: float) -> dict[str, nn.Module]:
    """The three layers with most of the parameters of AlexNet, which ZFNet and VGG have too."""
    return {
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(features, 4096),
        "relu6": nn.ReLU(inplace=True),
        "drop6": nn.Dropout(dropout),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(inplace=True),
        "drop7": nn.Dropout(dropout),
        "fc8": nn.Linear(4096, classes),
    }
