"""Stochastic depth: Deep Networks with Stochastic Depth. Huang, Sun, Liu, Sedra, Weinberger, 2016.

https://arxiv.org/abs/1603.09382, §3 and §4. Trained, a network skips blocks at random; at test it runs whole, so it
costs what its ResNet costs but for the scaling of each block. Two things are as in the authors' code,
https://github.com/yueatsprograms/Stochastic_Depth: shortcuts halve the size with an average pool where those of
ResNet-110 take every second pixel, and all images of a batch skip the same blocks. Its biases before batch
normalization are left out.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import Residual, sequence
from archstat.architectures.resnet import ZeroPadShortcut, basic
from archstat.architectures.resnet_cifar import network
from archstat.registry import architecture


def survivals(blocks: int, last: float) -> Iterator[float]:
    """p_l = 1 - l / L * (1 - p_L): the chance that a block is run, down to that of the ``last`` (equation 4)."""
    return (1 - number / blocks * (1 - last) for number in range(1, blocks + 1))


class StochasticBlock(Residual):
    """Skipped at random while training; its residual is scaled by its chance at test (equations 2 and 5)."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module | None, survival: float) -> None:
        """``survival`` is the chance that the residual is run."""
        super().__init__(residual, shortcut)
        self.survival = survival

    def forward(self, x: Tensor) -> Tensor:
        """ReLU(b F(x) + x), where b is 0 or 1 while training, and its mean at test."""
        if not self.training:
            return nn.functional.relu(self.residual(x).mul_(self.survival) + self.shortcut(x), inplace=True)
        if torch.rand((), device="cpu").item() < self.survival:
            return nn.functional.relu(super().forward(x), inplace=True)
        skipped: Tensor = self.shortcut(x)  # no ReLU: x follows one (§3)
        return skipped


def average_pooled(channels: int, maps: int) -> nn.Module:
    """Half the height and width, and maps of zeros for those that are missing."""
    return sequence(pool=nn.AvgPool2d(2), pad=ZeroPadShortcut(channels, maps, stride=1))


@architecture(input_shape=(3, 32, 32))
def resnet110_sd(*, classes: Count = 10, survival: Probability = 0.5) -> nn.Module:
    """ResNet-110 for CIFAR-10 with stochastic depth; ``survival`` is p_L, the chance that its last block is run."""
    chances = survivals(54, survival)

    def block(channels: int, maps: int, stride: int) -> nn.Module:
        shortcut = average_pooled(channels, maps) if stride == 2 else None
        return StochasticBlock(basic(channels, maps, stride), shortcut, next(chances))

    return network(block, 110, classes)
