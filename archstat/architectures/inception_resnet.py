"""Inception-ResNet: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning.

Szegedy, Ioffe, Vanhoucke, Alemi, 2016, https://arxiv.org/abs/1602.07261, Fig. 15 to 19.

This is the network that its authors released and that everyone evaluates, which is larger than the paper's: 10, 20 and
10 blocks where Fig. 15 has 5, 10 and 5, and 320, 1088 and 2080 maps. It starts like Inception-v3, down to its first
module, and not with the stem of Inception-v4. Its last block is neither scaled nor rectified, and a 1x1 convolution to
1536 maps follows. Nor can Fig. 17 be followed: it adds 1154 maps to the 1152 that come in.
"""

from functools import partial

from torch import Tensor, nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import After, Branches, Residual, conv_bn, sequence
from archstat.architectures.inception_v3 import chain, head, inception_a, max_pool, read, reduction_a, stem
from archstat.registry import architecture


class ScaledResidual(Residual):
    """y = x + scale * F(x), then ReLU: small residuals keep wide networks from dying (§3.3, Fig. 20)."""

    def __init__(self, residual: nn.Module, scale: float, *, is_rectified: bool = True) -> None:
        """F is the ``residual``."""
        super().__init__(residual)
        self.scale = scale
        self.is_rectified = is_rectified

    def forward(self, x: Tensor) -> Tensor:
        """Scale the residual, add it to x and rectify."""
        y: Tensor = self.shortcut(x) + self.scale * self.residual(x)
        return nn.functional.relu(y, inplace=True) if self.is_rectified else y


def block(
    channels: int, *branches: str, scale: float, is_rectified: bool = True, after: After | None = None
) -> ScaledResidual:
    """Branches, and a 1x1 convolution back to ``channels`` which has biases, since nothing normalizes or rectifies it.

    ``after`` makes a layer that follows it, before the scaling and the addition.
    """
    maps = sum(read(branch)[-1].maps for branch in branches)
    layers: dict[str, nn.Module] = {
        "branches": Branches(**{f"branch{i}": chain(channels, branch) for i, branch in enumerate(branches, start=1)}),
        "linear": nn.Conv2d(maps, channels, kernel_size=1),
    }
    if after is not None:
        layers["after"] = after(channels)
    return ScaledResidual(sequence(**layers), scale, is_rectified=is_rectified)


block_a = partial(block, 320, "1x1-32", "1x1-32 3x3-32", "1x1-32 3x3-48 3x3-64", scale=0.17)  # Fig. 16, 35x35
block_b = partial(block, 1088, "1x1-192", "1x1-128 1x7-160 7x1-192", scale=0.10)  # Fig. 17, 17x17
block_c = partial(block, 2080, "1x1-192", "1x1-192 1x3-224 3x1-256")  # Fig. 19, 8x8


def reduction_b(channels: int) -> Branches:
    """Fig. 18 with the released widths."""
    return Branches(
        conv_3x3_1=chain(channels, "1x1-256 3x3-384/2V"),
        conv_3x3_2=chain(channels, "1x1-256 3x3-288/2V"),
        double_3x3=chain(channels, "1x1-256 3x3-288 3x3-320/2V"),
        pool=max_pool(),
    )


def network(classes: int, dropout: float, after: After | None = None) -> nn.Module:
    """The released network; ``after`` makes a layer for the maps of each residual, before they are added."""
    last = block_c(scale=1.0, is_rectified=False, after=after)
    return sequence(
        stem=stem(),  # 192 x 35 x 35
        inception_a=inception_a(192, 96, 64),  # 320 x 35 x 35
        inception_resnet_a=sequence(**{f"a{i}": block_a(after=after) for i in range(1, 11)}),
        reduction_a=reduction_a(320, k=256, l=256, m=384, n=384),  # 1088 x 17 x 17
        inception_resnet_b=sequence(**{f"b{i}": block_b(after=after) for i in range(1, 21)}),
        reduction_b=reduction_b(1088),  # 2080 x 8 x 8
        inception_resnet_c=sequence(**{f"c{i}": block_c(scale=0.20, after=after) for i in range(1, 10)}, c10=last),
        conv=conv_bn(2080, 1536, 1),  # 1536 x 8 x 8
        **head(1536, dropout, classes),
    )


@architecture(input_shape=(3, 299, 299))
def inception_resnet_v2(*, classes: Count = 1000, dropout: Probability = 0.2) -> nn.Module:
    """Inception-ResNet-v2 as released, with 10, 20 and 10 residual blocks."""
    return network(classes, dropout)
