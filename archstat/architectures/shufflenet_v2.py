"""ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design. Ma, Zhang, Zheng, Sun, 2018.

https://arxiv.org/abs/1807.11164, Table 5 and Fig. 3. Where a stage begins, both branches see all maps and their number
doubles (§3), but the 24 of conv1 do not double to the 116 of stage 2. In the authors' code the shortcut there keeps its
24 maps and the other branch gives the remaining 92; the printed 146, 299 and 591 M are those of that network.
torchvision's has 58 and 58, and up to 1.3 % fewer MACs: ``shortcut="half"``.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count, Multiplier
from archstat.architectures._blocks import Branches, conv_bn, sequence
from archstat.architectures.shufflenet_v1 import ChannelShuffle
from archstat.registry import architecture

Shortcut = Literal["input", "half"]
"""The maps of the shortcut where a stage begins: as many as come in, or half of those that leave the unit."""

# Table 5: the maps of stages 2, 3 and 4 and of conv5, by width.
TABLE_5 = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}


class ChannelSplit(nn.Module):
    """The first half of the maps is left as it is, and a branch sees the second half (Fig. 3c)."""

    def __init__(self, branch: nn.Module) -> None:
        """The ``branch`` gives as many maps as it gets."""
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        """Both halves, one after the other."""
        left, right = x.chunk(2, dim=1)
        return torch.cat([left, self.branch(right)], dim=1)


def depthwise(channels: int, stride: int) -> nn.Sequential:
    """A 3x3 convolution on each map alone, with no activation."""
    return conv_bn(channels, channels, 3, stride, groups=channels, activation=None)


def branch(channels: int, middle: int, maps: int, stride: int) -> nn.Sequential:
    """1x1, depthwise 3x3, 1x1 (Fig. 3c, 3d, right)."""
    return sequence(
        conv1=conv_bn(channels, middle, 1), dwconv=depthwise(middle, stride), conv2=conv_bn(middle, maps, 1)
    )


def downsampling(channels: int, maps: int, shortcut: Shortcut) -> nn.Sequential:
    """The first unit of a stage: ``maps`` maps of half the size from two branches (Fig. 3d)."""
    kept = channels if shortcut == "input" else maps // 2
    return sequence(
        concat=Branches(
            shortcut=sequence(dwconv=depthwise(channels, 2), conv=conv_bn(channels, kept, 1)),
            branch=branch(channels, maps // 2, maps - kept, 2),
        ),
        shuffle=ChannelShuffle(2),
    )


def unit(maps: int) -> nn.Sequential:
    """Every other unit: half of the maps pass through, then the halves are mixed (Fig. 3c)."""
    half = maps // 2
    return sequence(split=ChannelSplit(branch(half, half, half, 1)), shuffle=ChannelShuffle(2))


def stage(number: int, channels: int, maps: int, shortcut: Shortcut) -> nn.Sequential:
    """Four units, or eight in stage 3, of which the first halves the size."""
    units = [downsampling(channels, maps, shortcut), *(unit(maps) for _ in range(7 if number == 3 else 3))]
    return sequence(**{f"unit{number}_{place}": each for place, each in enumerate(units, start=1)})


@architecture(input_shape=(3, 224, 224))
def shufflenet_v2(*, classes: Count = 1000, width: Multiplier = 1.0, shortcut: Shortcut = "input") -> nn.Module:
    """ShuffleNet V2 1 x; the other widths of Table 5 are 0.5, 1.5 and 2."""
    if width not in TABLE_5:
        raise ValueError(f"width {width} is none of {', '.join(f'{known:g}' for known in TABLE_5)}")
    stage2, stage3, stage4, last = TABLE_5[width]
    return sequence(
        conv1=conv_bn(3, 24, 3, stride=2),  # 24 x 112 x 112
        pool1=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 24 x 56 x 56
        stage2=stage(2, 24, stage2, shortcut),  # 116 x 28 x 28
        stage3=stage(3, stage2, stage3, shortcut),  # 232 x 14 x 14
        stage4=stage(4, stage3, stage4, shortcut),  # 464 x 7 x 7
        conv5=conv_bn(stage4, last, 1),  # 1024 x 7 x 7
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(last, classes),
    )
