"""Xception: Deep Learning with Depthwise Separable Convolutions. Chollet, 2016.

https://arxiv.org/abs/1610.02357, Fig. 5. Nothing differs from the paper. A separable convolution is normalized after
its pointwise part only, where MobileNet normalizes and rectifies after the depthwise part too.
"""

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import Residual, conv_bn, sequence
from archstat.registry import architecture


def separable(channels: int, maps: int) -> nn.Sequential:
    """A 3x3 convolution of each map for itself and a 1x1 of all maps, then batch normalization."""
    return sequence(
        depthwise=nn.Conv2d(channels, channels, kernel_size=3, padding=1, groups=channels, bias=False),
        pointwise=nn.Conv2d(channels, maps, kernel_size=1, bias=False),
        bn=nn.BatchNorm2d(maps),
    )


def rectified(channels: int, *maps: int) -> dict[str, nn.Module]:
    """Separable convolutions to that many ``maps``, each after a ReLU."""
    layers: dict[str, nn.Module] = {}
    for number, (before, after) in enumerate(zip((channels, *maps), maps, strict=False), start=1):
        layers[f"relu{number}"] = nn.ReLU(inplace=number > 1)  # the shortcut needs what the first one rectifies
        layers[f"sepconv{number}"] = separable(before, after)
    return layers


def halving(channels: int, first: int, maps: int, *, starts_with_relu: bool = True) -> Residual:
    """Two separable convolutions and a max pool, beside a 1x1 convolution with a stride of 2."""
    layers = rectified(channels, first, maps)
    if not starts_with_relu:
        del layers["relu1"]
    layers["pool"] = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
    return Residual(sequence(**layers), conv_bn(channels, maps, 1, 2, activation=None))


def entry_flow() -> nn.Sequential:
    """From the image to 728 maps of 19x19."""
    return sequence(
        conv1=conv_bn(3, 32, 3, 2, padding=0),  # 32 x 149 x 149
        conv2=conv_bn(32, 64, 3, padding=0),  # 64 x 147 x 147
        block1=halving(64, 128, 128, starts_with_relu=False),  # 128 x 74 x 74
        block2=halving(128, 256, 256),  # 256 x 37 x 37
        block3=halving(256, 728, 728),  # 728 x 19 x 19
    )


def middle_flow() -> nn.Sequential:
    """Eight times the same: three separable convolutions and a shortcut."""
    blocks = {f"block{number}": Residual(sequence(**rectified(728, 728, 728, 728))) for number in range(4, 12)}
    return sequence(**blocks)


def exit_flow() -> nn.Sequential:
    """From 728 maps of 19x19 to 2048 of 10x10."""
    return sequence(
        block12=halving(728, 728, 1024),  # 1024 x 10 x 10
        sepconv1=separable(1024, 1536),
        relu1=nn.ReLU(inplace=True),
        sepconv2=separable(1536, 2048),
        relu2=nn.ReLU(inplace=True),
    )


@architecture(input_shape=(3, 299, 299))
def xception(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """Xception for ImageNet: logistic regression, and no fully connected layer before it (Fig. 5)."""
    return sequence(
        entry_flow=entry_flow(),
        middle_flow=middle_flow(),
        exit_flow=exit_flow(),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(dropout),
        fc=nn.Linear(2048, classes),
    )
