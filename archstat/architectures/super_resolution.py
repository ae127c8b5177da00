"""Super-resolution: VDSR and SRDenseNet, which make the luminance of a small image large.

VDSR: Accurate Image Super-Resolution Using Very Deep Convolutional Networks. Kim, Lee, Lee, 2016,
https://arxiv.org/abs/1511.04587, §3.1 and Fig. 2. Its input is enlarged beforehand, so every layer works at the size of
the output.

SRDenseNet: Image Super-Resolution Using Dense Skip Connections. Tong, Li, Liu, Gao, 2017,
https://openaccess.thecvf.com/content_iccv_2017/html/Tong_Image_Super-Resolution_Using_ICCV_2017_paper.html, the variant
SRDenseNet_All. Every convolution of its dense blocks sees all maps before it, those of earlier blocks too; in some
copies only the first convolution of a block sees the earlier blocks, which is 2.7 M parameters. The width of the first
convolution is not printed: it is the growth rate of 16 here, as of every other convolution before the bottleneck, and
1,040 maps reach the bottleneck; a width of 128, that of a block, makes it 1,152. The paper prints no number of
parameters either. The 5,452 K of later lists are a copy whose bottleneck and 4x4 deconvolutions have 128 maps.
"""

from typing import Annotated, Literal

from msgspec import Meta
from torch import Tensor, nn

from archstat.architectures._blocks import sequence
from archstat.architectures.densenet import DenseLayer
from archstat.registry import architecture

Depth = Annotated[int, Meta(ge=2, le=10_000)]
"""Convolutions, the first and the last of which are always there."""


def convolution(channels: int, maps: int, kernel: int = 3) -> nn.Conv2d:
    """A convolution that keeps height and width."""
    return nn.Conv2d(channels, maps, kernel, padding=kernel // 2)


class GlobalResidual(nn.Sequential):
    """y = F(x) + x around all layers: they predict what the enlarged image lacks."""

    def forward(self, x: Tensor) -> Tensor:
        """Add the residual to the image."""
        residual = x
        for layer in self:
            residual = layer(residual)
        return residual + x


@architecture(input_shape=(1, 41, 41))
def vdsr(*, depth: Depth = 20) -> nn.Module:
    """VDSR: 3x3 convolutions of 64 maps on an image that is enlarged already, here a training patch of 41x41."""
    layers: dict[str, nn.Module] = {"conv1": convolution(1, 64), "relu1": nn.ReLU(inplace=True)}
    for number in range(2, depth):
        layers[f"conv{number}"] = convolution(64, 64)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
    layers[f"conv{depth}"] = convolution(64, 1)
    network = GlobalResidual()
    for name, layer in layers.items():
        network.add_module(name, layer)
    return network


def dense_block(channels: int, growth: int, depth: int) -> nn.Sequential:
    """Convolutions with ReLU, without normalization: each adds ``growth`` maps to all that it sees (§3.1)."""
    layers = {}
    for number in range(1, depth + 1):
        composite = sequence(conv=convolution(channels, growth), relu=nn.ReLU(inplace=True))
        layers[f"layer{number}"] = DenseLayer(composite)
        channels += growth
    return sequence(**layers)


def deconvolution(maps: int) -> nn.ConvTranspose2d:
    """A transposed 3x3 convolution that doubles height and width."""
    return nn.ConvTranspose2d(maps, maps, kernel_size=3, stride=2, padding=1, output_padding=1)


@architecture(input_shape=(1, 25, 25))
def srdensenet(*, low_level: Literal[16, 128] = 16) -> nn.Module:
    """SRDenseNet_All for a scale of 4: eight dense blocks of eight convolutions, here on a patch of 25x25.

    ``low_level`` is the number of maps of the first convolution.
    """
    blocks = {f"block{i + 1}": dense_block(low_level + 128 * i, growth=16, depth=8) for i in range(8)}
    return sequence(
        conv1=convolution(1, low_level),
        relu1=nn.ReLU(inplace=True),
        **blocks,  # low_level + 1024 maps
        bottleneck=convolution(low_level + 1024, 256, kernel=1),
        relu_bottleneck=nn.ReLU(inplace=True),
        deconv1=deconvolution(256),  # twice as high and wide
        relu_deconv1=nn.ReLU(inplace=True),
        deconv2=deconvolution(256),  # four times as high and wide
        relu_deconv2=nn.ReLU(inplace=True),
        reconstruction=convolution(256, 1),
    )
