"""ShuffleNet: An Extremely Efficient CNN for Mobile Devices. Zhang, Zhou, Lin, Sun, 2017.

https://arxiv.org/abs/1707.01083, Table 1 and Fig. 2. The 137 M of Table 1 are the convolutions alone; the 292 and 524 M
of Table 5 have the linear layer too. The first 1x1 convolution of stage 2 has no groups (§3.3), and the bottleneck of a
unit has a quarter of all the maps that leave it, also where a shortcut of average pooling provides some of them.

ShuffleNet s x has s times the maps of Table 1 (§3.3), but conv1 does not follow: the authors' code leaves it at 24 maps
for 1.5 x, which the printed 292 M need. For 0.25 x, which is not in that code, 12 maps give the printed 13 M. With 2 or
4 groups only 1 x and 2 x divide into groups, with 8 all but 0.25 x. What the paper did with the others it does not say;
they are refused.
"""

from typing import Literal

from torch import Tensor, nn

from archstat.architectures._arguments import Count, Multiplier
from archstat.architectures._blocks import Branches, conv_bn, sequence
from archstat.architectures.resnet import ResidualBlock
from archstat.registry import architecture

Groups = Literal[1, 2, 3, 4, 8]
"""The columns of Table 1."""

# Table 1: the maps that leave stage 2; stages 3 and 4 have twice and four times as many.
STAGE_2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}

CONV1 = {0.25: 12, 0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48}
"""The maps of conv1, by width."""


class ChannelShuffle(nn.Module):
    """Reorder the maps so that each of the next groups sees maps of every group (Fig. 1)."""

    def __init__(self, groups: int) -> None:
        """From that many ``groups``."""
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """Groups x maps become maps x groups; nothing is computed, but the maps are copied."""
        batch, _, height, width = x.shape
        return x.reshape(batch, self.groups, -1, height, width).transpose(1, 2).flatten(1, 2)


def residual(channels: int, bottleneck: int, maps: int, stride: int, groups: tuple[int, int]) -> nn.Sequential:
    """A grouped 1x1 convolution, shuffle, a depthwise 3x3, and a grouped 1x1 (Fig. 2b, 2c)."""
    first, second = groups
    layers: dict[str, nn.Module] = {"gconv1": conv_bn(channels, bottleneck, 1, groups=first)}
    if second > 1:
        layers["shuffle"] = ChannelShuffle(second)
    layers["dwconv"] = conv_bn(bottleneck, bottleneck, 3, stride, groups=bottleneck, activation=None)
    layers["gconv2"] = conv_bn(bottleneck, maps, 1, groups=second, activation=None)
    return sequence(**layers)


def downsampling(channels: int, maps: int, groups: tuple[int, int]) -> nn.Sequential:
    """The first unit of a stage: pooled maps beside new ones, ``maps`` together, of half the size (Fig. 2c)."""
    return sequence(
        concat=Branches(
            shortcut=nn.AvgPool2d(kernel_size=3, stride=2, padding=1),
            residual=residual(channels, maps // 4, maps - channels, 2, groups),
        ),
        relu=nn.ReLU(inplace=True),
    )


def stage(number: int, channels: int, maps: int, groups: int) -> nn.Sequential:
    """Four units, or eight in stage 3, of which the first halves the size."""
    repeated = 7 if number == 3 else 3
    units: list[nn.Module] = [downsampling(channels, maps, (1 if number == 2 else groups, groups))]
    units += [ResidualBlock(residual(maps, maps // 4, maps, 1, (groups, groups))) for _ in range(repeated)]
    return sequence(**{f"unit{number}_{place}": unit for place, unit in enumerate(units, start=1)})


def sizes(groups: Groups, width: float) -> tuple[int, int]:
    """The maps that leave conv1 and those that leave stage 2."""
    if width not in CONV1:
        raise ValueError(f"width {width} is none of {', '.join(f'{known:g}' for known in CONV1)}")
    first, maps = CONV1[width], width * STAGE_2[groups]
    if groups == 8 and width == 0.5:
        first = 16  # authors' code: 180 new maps do not divide into 8 groups, 176 do
    if maps % (4 * groups) or (maps - first) % groups:
        raise ValueError(f"at width {width} the maps of stage 2 do not divide into {groups} groups")
    return first, int(maps)


@architecture(input_shape=(3, 224, 224))
def shufflenet_v1(*, classes: Count = 1000, groups: Groups = 3, width: Multiplier = 1.0) -> nn.Module:
    """ShuffleNet with 3 groups; ``groups`` choose a column of Table 1, ``width`` is the s of ShuffleNet s x."""
    first, maps = sizes(groups, width)
    return sequence(
        conv1=conv_bn(3, first, 3, stride=2),  # 24 x 112 x 112
        pool1=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 24 x 56 x 56
        stage2=stage(2, first, maps, groups),  # maps x 28 x 28
        stage3=stage(3, maps, 2 * maps, groups),  # 2 maps x 14 x 14
        stage4=stage(4, 2 * maps, 4 * maps, groups),  # 4 maps x 7 x 7
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(4 * maps, classes),
    )
