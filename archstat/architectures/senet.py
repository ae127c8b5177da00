"""SENet: Squeeze-and-Excitation Networks. Hu, Shen, Albanie, Sun, Wu, 2017.

https://arxiv.org/abs/1709.01507, §3, §4 and the appendix on SENet-154. An SE block weighs the maps that come out of a
residual function, before the sum (Fig. 3), or out of an Inception module (Fig. 2). Both of its layers have biases,
which the formula of §4 for the added parameters leaves out.

The ResNets are the original ones, with the stride of a stage in its first 1x1 convolution: 3.86 G, where most libraries
build 4.09 G. The paper does not say where VGG-16 has its SE blocks; here one follows every convolution.
"""

from collections.abc import Iterator

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import SqueezeExcitation, conv_bn, max_pool, sequence
from archstat.architectures.resnet import Layers, ResidualBlock, bottleneck, resnet
from archstat.architectures.vgg import classifier, convolutions
from archstat.registry import architecture


def squeeze_excitation(maps: int, reduction: int) -> SqueezeExcitation:
    """An SE block with ``maps / reduction`` numbers between its two layers (§3, equations 2 to 4)."""
    return SqueezeExcitation(maps, maps // reduction)


def weighed(residual: Layers, reduction: int) -> Layers:
    """The layers of a residual function, and an SE block behind them (Fig. 3)."""

    def layers(channels: int, maps: int, stride: int) -> nn.Sequential:
        found = residual(channels, maps, stride)
        found.add_module("se", squeeze_excitation(maps, reduction))
        return found

    return layers


# -- ResNet ------------------------------------------------------------------------------------------------------------


@architecture(input_shape=(3, 224, 224))
def se_resnet50(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNet-50; Table 10 has it with other reduction ratios."""
    return resnet(weighed(bottleneck, reduction), (3, 4, 6, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def se_resnet101(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNet-101."""
    return resnet(weighed(bottleneck, reduction), (3, 4, 23, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def se_resnet152(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNet-152."""
    return resnet(weighed(bottleneck, reduction), (3, 8, 36, 3), 256, "B", classes)


# -- VGG ---------------------------------------------------------------------------------------------------------------


def weighed_convolutions(column: str, reduction: int) -> Iterator[tuple[str, nn.Module]]:
    """VGG's convolutions, each with batch normalization, which the paper adds to train them, and an SE block."""
    maps = 0
    for name, layer in convolutions(column):
        yield name, layer
        if isinstance(layer, nn.Conv2d):
            maps = layer.out_channels
            yield name.replace("conv", "bn"), nn.BatchNorm2d(maps)
        elif isinstance(layer, nn.ReLU):
            yield name.replace("relu", "se"), squeeze_excitation(maps, reduction)


@architecture(input_shape=(3, 224, 224))
def se_vgg16(*, classes: Count = 1000, dropout: Probability = 0.5, reduction: Count = 16) -> nn.Module:
    """SE-VGG-16, with batch normalization."""
    return sequence(**dict(weighed_convolutions("D", reduction)), **classifier(classes, dropout))


# -- SENet-154 ---------------------------------------------------------------------------------------------------------


def bottleneck_64x4d(channels: int, maps: int, stride: int) -> nn.Sequential:
    """A bottleneck of ResNeXt 64x4d whose first convolution has half as many maps."""
    return sequence(
        conv1=nn.Conv2d(channels, maps // 2, kernel_size=1, bias=False),
        bn1=nn.BatchNorm2d(maps // 2),
        relu1=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(maps // 2, maps, kernel_size=3, stride=stride, padding=1, groups=64, bias=False),
        bn2=nn.BatchNorm2d(maps),
        relu2=nn.ReLU(inplace=True),
        conv3=nn.Conv2d(maps, maps, kernel_size=1, bias=False),
        bn3=nn.BatchNorm2d(maps),
    )


def stage_154(number: int, depth: int, channels: int, maps: int, reduction: int) -> nn.Sequential:
    """conv2_x and so on; where a stage halves the size, its shortcut is a 3x3 convolution and no 1x1."""
    stride, kernel = (1, 1) if number == 2 else (2, 3)
    layers = weighed(bottleneck_64x4d, reduction)
    shortcut = conv_bn(channels, maps, kernel, stride, activation=None)
    blocks = [ResidualBlock(layers(channels, maps, stride), shortcut)]
    blocks += [ResidualBlock(layers(maps, maps, 1), nn.Identity()) for _ in range(depth - 1)]
    return sequence(**{f"conv{number}_{i}": each for i, each in enumerate(blocks, start=1)})


@architecture(input_shape=(3, 224, 224))
def senet154(*, classes: Count = 1000, dropout: Probability = 0.2, reduction: Count = 16) -> nn.Module:
    """SENet-154, the network that won ILSVRC 2017: SE blocks in a modified ResNeXt-152 64x4d (appendix)."""
    return sequence(
        conv1_1=conv_bn(3, 64, 3, stride=2),  # 64 x 112 x 112
        conv1_2=conv_bn(64, 64, 3),
        conv1_3=conv_bn(64, 128, 3),  # 128 x 112 x 112
        pool1=max_pool(),  # 128 x 56 x 56
        conv2_x=stage_154(2, 3, 128, 256, reduction),  # 256 x 56 x 56
        conv3_x=stage_154(3, 8, 256, 512, reduction),  # 512 x 28 x 28
        conv4_x=stage_154(4, 36, 512, 1024, reduction),  # 1024 x 14 x 14
        conv5_x=stage_154(5, 3, 1024, 2048, reduction),  # 2048 x 7 x 7
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(dropout),
        fc=nn.Linear(2048, classes),
    )
