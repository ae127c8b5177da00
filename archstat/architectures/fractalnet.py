"""FractalNet: Ultra-Deep Neural Networks without Residuals. Larsson, Maire, Shakhnarovich, 2016.

https://arxiv.org/abs/1605.07648, Fig. 1 and Table 3. Drop-path and dropout, which only regularize the training, are
left out: a join is always the mean of all its paths.

Convolutions have biases and batch normalization neither scales nor shifts, as in the authors' code,
https://github.com/gustavla/fractalnet, which has 33.7 M parameters too, where later tables print 38.6 M. That code
pools each path before the last join of a block; here, as in Fig. 1, the pool follows the join, for the same MACs.
"""

from functools import reduce
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count
from archstat.architectures._blocks import sequence
from archstat.registry import architecture

Columns = Literal[1, 2, 3, 4, 5, 6]
"""C: 5 to 160 convolutions deep (Table 3)."""


def layer(channels: int, maps: int) -> nn.Sequential:
    """The base case f_1: a 3x3 convolution, batch normalization and ReLU."""
    return sequence(
        conv=nn.Conv2d(channels, maps, kernel_size=3, padding=1),
        bn=nn.BatchNorm2d(maps, affine=False),
        relu=nn.ReLU(inplace=True),
    )


class Join(nn.Module):
    """The mean of any number of paths; joins that meet are one, as Fig. 1 draws them."""

    def forward(self, paths: list[Tensor]) -> Tensor:
        """The mean, element by element."""
        return reduce(torch.add, paths) / len(paths)


class Paths(nn.Module):
    """The C paths of f_C, not joined yet: one convolution, and f_(C-1) twice (§3, expansion rule)."""

    def __init__(self, columns: int, channels: int, maps: int) -> None:
        """Every path goes from ``channels`` to ``maps``; they have 1, 2, 4 and so on convolutions."""
        super().__init__()
        self.once = layer(channels, maps)
        self.twice: nn.Module | None = None
        if columns > 1:
            self.twice = sequence(first=fractal(columns - 1, channels, maps), second=Paths(columns - 1, maps, maps))

    def forward(self, x: Tensor) -> list[Tensor]:
        """What each path makes of ``x``, the shortest first."""
        shortest = self.once(x)
        return [shortest] if self.twice is None else [shortest, *self.twice(x)]


def fractal(columns: int, channels: int, maps: int) -> nn.Module:
    """f_C: from ``channels`` to ``maps``, 2^(C-1) convolutions deep."""
    if columns == 1:
        return layer(channels, maps)
    return sequence(paths=Paths(columns, channels, maps), join=Join())


def blocks(columns: int, maps: tuple[int, ...]) -> dict[str, nn.Module]:
    """Blocks of that many maps for an image, each followed by a pool that halves height and width."""
    named: dict[str, nn.Module] = {}
    for number, (before, after) in enumerate(pairwise((3, *maps)), start=1):
        named[f"block{number}"] = fractal(columns, before, after)
        named[f"pool{number}"] = nn.MaxPool2d(2)
    return named


@architecture(input_shape=(3, 32, 32))
def fractalnet(*, classes: Count = 10, columns: Columns = 3, width: Count = 64) -> nn.Module:
    """FractalNet for CIFAR-10: 5 blocks of 3 columns, 20 convolutions deep (Table 1).

    The first block has ``width`` maps, the others 2, 4, 8 and 8 times as many. Table 3 has 1 to 6 columns of width 16,
    for the 100 classes of CIFAR-100.
    """
    return sequence(
        **blocks(columns, (width, 2 * width, 4 * width, 8 * width, 8 * width)),  # 8 width x 1 x 1
        flatten=nn.Flatten(),
        prediction=nn.Linear(8 * width, classes),
    )
