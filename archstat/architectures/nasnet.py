"""NASNet: Learning Transferable Architectures for Scalable Image Recognition. Zoph, Vasudevan, Shlens, Le, 2017.

https://arxiv.org/abs/1707.07012, Fig. 2 (network) and Fig. 4 (the two cells of NASNet-A). "N @ F" stands for N normal
cells between reductions and F maps out of the last cell. The auxiliary classifier and the ScheduledDropPath of the
training are left out.

Three things are as in the authors' code (tensorflow/models, research/slim/nets/nasnet): a normal cell stacks h_{i-1}
beside its five blocks, hence F = 6 · 4 · filters; the two reduction cells of the stem have a quarter and a half of the
filters; and in the large network the cell after a reduction sees another h_{i-1}.

The trap is a stride of 2 on an even size. The authors' code pads at one side only, and the padding here is symmetric,
which sees other pixels and gives the same size. Copies that pad by one more and then cut a row and a column off have
computed that row and column: 568 M MACs for the mobile network where the paper has 564 M, 23.81 G for the large one.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import sequence
from archstat.registry import architecture


def separable(channels: int, maps: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU-separable convolution-BN, applied twice (appendix A.4); the first one has the stride."""
    padding = kernel // 2
    return sequence(
        relu1=nn.ReLU(),
        depthwise1=nn.Conv2d(channels, channels, kernel, stride, padding, groups=channels, bias=False),
        pointwise1=nn.Conv2d(channels, maps, kernel_size=1, bias=False),
        bn1=nn.BatchNorm2d(maps),
        relu2=nn.ReLU(inplace=True),
        depthwise2=nn.Conv2d(maps, maps, kernel, padding=padding, groups=maps, bias=False),
        pointwise2=nn.Conv2d(maps, maps, kernel_size=1, bias=False),
        bn2=nn.BatchNorm2d(maps),
    )


def average(stride: int = 1) -> nn.AvgPool2d:
    """A 3x3 average pool, over the pixels that exist."""
    return nn.AvgPool2d(kernel_size=3, stride=stride, padding=1, count_include_pad=False)


def maximum(stride: int) -> nn.MaxPool2d:
    """A 3x3 max pool."""
    return nn.MaxPool2d(kernel_size=3, stride=stride, padding=1)


def squeeze(channels: int, maps: int) -> nn.Sequential:
    """ReLU-Conv(1x1)-BN: to the number of maps that a cell works with."""
    return sequence(
        relu=nn.ReLU(),
        conv=nn.Conv2d(channels, maps, kernel_size=1, bias=False),
        bn=nn.BatchNorm2d(maps),
    )


class FactorizedReduction(nn.Module):
    """Half the height and width: two 1x1 convolutions of stride 2, one pixel apart, so no row or column is lost."""

    def __init__(self, channels: int, maps: int) -> None:
        """Half of the ``maps`` from each convolution."""
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(channels, maps // 2, kernel_size=1, stride=2, bias=False)
        self.conv2 = nn.Conv2d(channels, maps // 2, kernel_size=1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(maps)

    def forward(self, x: Tensor) -> Tensor:
        """What the even rows and columns give beside what the odd ones give."""
        x = self.relu(x)
        shifted = pad(x, (-1, 1, -1, 1))
        y: Tensor = self.bn(torch.cat([self.conv1(x), self.conv2(shifted)], dim=1))
        return y


class Block(nn.Module):
    """Two hidden states, an operation on each, and their sum: what the search chooses, five times for a cell (§3)."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        """The operations; the identity is one."""
        super().__init__()
        self.left = left
        self.right = right

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The first operation is for ``x``, the second for ``y``."""
        z: Tensor = self.left(x) + self.right(y)
        return z


class State(NamedTuple):
    """A hidden state: its maps, and how often height and width have been halved."""

    maps: int
    halvings: int


def fit(before: State | None, now: State, maps: int) -> nn.Module:
    """What brings h_{i-1} to the size of h_i and to ``maps``; nothing for the first cell, where it is h_i itself."""
    if before is None:
        return nn.Identity()
    if before.halvings != now.halvings:
        return FactorizedReduction(before.maps, maps)
    return squeeze(before.maps, maps)


class NormalCell(nn.Module):
    """Fig. 4, left: height and width stay, and six times ``maps`` come out."""

    def __init__(self, now: State, before: State | None, maps: int) -> None:
        """Two states go in; each block works with ``maps``."""
        super().__init__()
        self.squeeze = squeeze(now.maps, maps)
        self.fit = fit(before, now, maps)
        self.block1 = Block(separable(maps, maps, 5), separable(maps, maps, 3))
        self.block2 = Block(separable(maps, maps, 5), separable(maps, maps, 3))
        self.block3 = Block(average(), nn.Identity())
        self.block4 = Block(average(), average())
        self.block5 = Block(separable(maps, maps, 3), nn.Identity())

    def forward(self, now: Tensor, before: Tensor) -> Tensor:
        """``now`` is h_i of the figure, ``before`` is h_{i-1}."""
        now, before = self.squeeze(now), self.fit(before)
        state1 = self.block1(now, before)
        state2 = self.block2(before, before)
        state3 = self.block3(now, before)
        state4 = self.block4(before, before)
        state5 = self.block5(now, now)
        return torch.cat([before, state1, state2, state3, state4, state5], dim=1)


class ReductionCell(nn.Module):
    """Fig. 4, right: height and width are halved, and four times ``maps`` come out."""

    def __init__(self, now: State, before: State | None, maps: int) -> None:
        """Two states go in; each block works with ``maps``."""
        super().__init__()
        fitted = now.maps if before is None else maps
        self.squeeze = squeeze(now.maps, maps)
        self.fit = fit(before, now, maps)
        self.block1 = Block(separable(maps, maps, 5, stride=2), separable(fitted, maps, 7, stride=2))
        self.block2 = Block(maximum(stride=2), separable(fitted, maps, 7, stride=2))
        self.block3 = Block(average(stride=2), separable(fitted, maps, 5, stride=2))
        self.block4 = Block(nn.Identity(), average())
        self.block5 = Block(separable(maps, maps, 3), maximum(stride=2))

    def forward(self, now: Tensor, before: Tensor) -> Tensor:
        """``now`` is h_i of the figure, ``before`` is h_{i-1}."""
        now, before = self.squeeze(now), self.fit(before)
        state1 = self.block1(now, before)
        state2 = self.block2(now, before)
        state3 = self.block3(now, before)
        state4 = self.block4(state2, state1)
        state5 = self.block5(state1, now)
        return torch.cat([state2, state3, state4, state5], dim=1)


Cell = NormalCell | ReductionCell


class NASNet(nn.Sequential):
    """A sequence in which a cell sees what came out of the two layers before it."""

    def __init__(self, layers: dict[str, nn.Module], passed_over: tuple[str, ...]) -> None:
        """The cell after one that is ``passed_over`` sees the same h_{i-1} as that one did."""
        super().__init__(OrderedDict(layers))
        self.passed_over = passed_over

    def forward(self, x: Tensor) -> Tensor:
        """From images to scores."""
        before = x
        for name, layer in self.named_children():
            if isinstance(layer, Cell):
                before, x = (before if name in self.passed_over else x), layer(x, before)
            else:
                x = before = layer(x)
        return x


def plan(normal: int, filters: int) -> Iterator[tuple[str, type[Cell], int]]:
    """The cells by name, and the maps that their blocks work with: twice as many with each reduction."""
    yield "stem_0", ReductionCell, filters // 4
    yield "stem_1", ReductionCell, filters // 2
    for stage in range(3):
        if stage:
            yield f"reduction_{stage - 1}", ReductionCell, filters * 2**stage
        for place in range(normal):
            yield f"cell_{stage * normal + place}", NormalCell, filters * 2**stage


def cells(normal: int, filters: int, stem: int, passed_over: tuple[str, ...]) -> Iterator[tuple[str, nn.Module]]:
    """The cells by name; the first sees ``stem`` maps."""
    before, now = None, State(stem, 1)
    for name, kind, maps in plan(normal, filters):
        yield name, kind(now, before, maps)
        before = before if name in passed_over else now
        now = State(6 * maps, now.halvings) if kind is NormalCell else State(4 * maps, now.halvings + 1)


def nasnet(
    normal: int, last: int, stem: int, *, classes: int, dropout: float, passed_over: tuple[str, ...] = ()
) -> nn.Module:
    """``normal`` @ ``last``: that many normal cells in each of three stages, that many maps out of the last one."""
    layers = {
        "conv0": nn.Conv2d(3, stem, kernel_size=3, stride=2, bias=False),  # of 224: stem x 111 x 111
        "bn0": nn.BatchNorm2d(stem),
        **dict(cells(normal, last // 24, stem, passed_over)),  # stem 56, 28, then 28, 14, 7
        "relu": nn.ReLU(inplace=True),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(dropout),
        "fc": nn.Linear(last, classes),
    }
    return NASNet(layers, passed_over)


@architecture(input_shape=(3, 224, 224))
def nasnet_a_mobile(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """NASNet-A (4 @ 1056) of Table 3."""
    return nasnet(4, 1056, 32, classes=classes, dropout=dropout)


@architecture(input_shape=(3, 331, 331))
def nasnet_a_large(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """NASNet-A (6 @ 4032) of Table 2; the normal cell after a reduction cell sees the same h_{i-1} as that cell."""
    return nasnet(6, 4032, 96, classes=classes, dropout=dropout, passed_over=("reduction_0", "reduction_1"))
