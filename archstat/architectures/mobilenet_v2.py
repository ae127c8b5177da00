"""MobileNetV2: Inverted Residuals and Linear Bottlenecks. Sandler, Howard, Zhu, Zhmoginov, Chen, 2018.

https://arxiv.org/abs/1801.04381, Table 2. Two things decide the count. The first bottleneck, with t = 1, has no 1x1
convolution that expands: ports that keep it have 1,088 parameters and 12.8 M MACs more. Widths are rounded to multiples
of 8, and widths below 1 leave the last convolution its 1280 maps (§4.1).
"""

from torch import nn

from archstat.architectures._arguments import Count, Multiplier
from archstat.architectures._blocks import Residual, conv_bn, divisible, sequence
from archstat.registry import architecture

# Table 2: expansion t, maps c, repetitions n, and stride s of the first one.
TABLE_2 = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def inverted_residual(
    channels: int,
    expanded: int,
    maps: int,
    stride: int,
    *,
    kernel: int = 3,
    activation: type[nn.Module] = nn.ReLU6,
    attention: nn.Module | None = None,
) -> nn.Module:
    """Expand, filter each map alone, project without an activation; with a shortcut where the sizes allow it (Fig. 4).

    An ``attention`` comes before the projection.
    """
    layers: dict[str, nn.Module] = {}
    if expanded != channels:
        layers["expand"] = conv_bn(channels, expanded, 1, activation=activation)
    layers["depthwise"] = conv_bn(expanded, expanded, kernel, stride, groups=expanded, activation=activation)
    if attention is not None:
        layers["attention"] = attention
    layers["project"] = conv_bn(expanded, maps, 1, activation=None)
    block = sequence(**layers)
    return Residual(block) if stride == 1 and channels == maps else block


def bottlenecks(channels: int, width: float) -> tuple[dict[str, nn.Module], int]:
    """The seven rows of bottlenecks in Table 2, and the maps that come out of the last one."""
    rows: dict[str, nn.Module] = {}
    for row, (expansion, maps, repetitions, first_stride) in enumerate(TABLE_2, start=1):
        blocks: dict[str, nn.Module] = {}
        for number in range(1, repetitions + 1):
            stride, scaled = (first_stride if number == 1 else 1), divisible(width * maps)
            blocks[f"bottleneck{row}_{number}"] = inverted_residual(channels, expansion * channels, scaled, stride)
            channels = scaled
        rows[f"bottleneck{row}"] = sequence(**blocks)
    return rows, channels


@architecture(input_shape=(3, 224, 224))
def mobilenet_v2(*, classes: Count = 1000, width: Multiplier = 1.0) -> nn.Module:
    """MobileNetV2; ``width=1.4`` is the wider model of Table 4."""
    first, last = divisible(width * 32), divisible(max(width, 1) * 1280)
    rows, channels = bottlenecks(first, width)
    return sequence(
        conv1=conv_bn(3, first, 3, stride=2, activation=nn.ReLU6),  # 32 x 112 x 112
        **rows,  # 16 x 112 x 112, 24 x 56 x 56, 32 x 28 x 28, 64 x 14 x 14, 96 x 14 x 14, 160 x 7 x 7, 320 x 7 x 7
        conv2=conv_bn(channels, last, 1, activation=nn.ReLU6),  # 1280 x 7 x 7
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(last, classes),
    )
