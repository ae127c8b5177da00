"""SENet: Squeeze-and-Excitation Networks. Hu, Shen, Albanie, Sun, Wu, 2017.

https://arxiv.org/abs/1709.01507, §3, §4 and the appendix on SENet-154. An SE block weighs the maps that come out of a
residual function, before the sum (Fig. 3), or out of an Inception module (Fig. 2). Both of its layers have biases,
which the formula of §4 for the added parameters leaves out.

The ResNets are the original ones, with the stride of a stage in its first 1x1 convolution: 3.86 G, where most libraries
build 4.09 G. The paper does not say where VGG-16 has its SE blocks; here one follows every convolution.
"""

from collections.abc import Iterator
from functools import partial

from torch import nn

from archstat.architectures import bn_inception, inception_resnet
from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import After, SqueezeExcitation, conv_bn, fully_connected, max_pool, sequence
from archstat.architectures.resnet import Layers, ResidualBlock, bottleneck, resnet, stages
from archstat.architectures.resnext import aggregated
from archstat.architectures.vgg import convolutions
from archstat.registry import architecture


def squeeze_excitation(maps: int, reduction: int) -> SqueezeExcitation:
    """An SE block with ``maps / reduction`` numbers between its two layers (§3, equations 2 to 4)."""
    return SqueezeExcitation(maps, maps // reduction)


def weighing(reduction: int) -> After:
    """What makes an SE block for any number of maps."""
    return partial(squeeze_excitation, reduction=reduction)


def weighed(residual: Layers, reduction: int) -> Layers:
    """The layers of a residual function, and an SE block behind them (Fig. 3)."""

    def layers(channels: int, maps: int, stride: int) -> nn.Sequential:
        found = residual(channels, maps, stride)
        found.add_module("se", squeeze_excitation(maps, reduction))
        return found

    return layers


# -- ResNet and ResNeXt ------------------------------------------------------------------------------------------------


@architecture(input_shape=(3, 224, 224))
def se_resnet50(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNet-50; Table 10 has it with other reduction ratios."""
    return resnet(weighed(bottleneck, reduction), (3, 4, 6, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def se_resnet101(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNet-101: ResNet-101 with squeeze and excitation in each block."""
    return resnet(weighed(bottleneck, reduction), (3, 4, 23, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def se_resnet152(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNet-152: ResNet-152 with squeeze and excitation in each block."""
    return resnet(weighed(bottleneck, reduction), (3, 8, 36, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def se_resnext50_32x4d(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNeXt-50 (32x4d), Table 1."""
    return resnet(weighed(aggregated(32, 4), reduction), (3, 4, 6, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def se_resnext101_32x4d(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-ResNeXt-101 (32x4d): ResNeXt-101 with squeeze and excitation in each block."""
    return resnet(weighed(aggregated(32, 4), reduction), (3, 4, 23, 3), 256, "B", classes)


# -- Inception ---------------------------------------------------------------------------------------------------------


@architecture(input_shape=(3, 224, 224))
def se_bn_inception(*, classes: Count = 1000, reduction: Count = 16) -> nn.Module:
    """SE-BN-Inception: an SE block behind every module of the Caffe form of BN-Inception (Fig. 2)."""
    return bn_inception.network("caffe", classes, weighing(reduction))


@architecture(input_shape=(3, 299, 299))
def se_inception_resnet_v2(*, classes: Count = 1000, dropout: Probability = 0.2, reduction: Count = 16) -> nn.Module:
    """SE-Inception-ResNet-v2: an SE block in every residual block of the released network, before its sum."""
    return inception_resnet.network(classes, dropout, weighing(reduction))


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
    return sequence(**dict(weighed_convolutions("D", reduction)), **fully_connected(512 * 7 * 7, classes, dropout))


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


def block_154(channels: int, maps: int, stride: int, *, reduction: int) -> nn.Module:
    """A block; where it halves the size, its shortcut is a 3x3 convolution and no 1x1."""
    kernel = 3 if stride == 2 else 1
    shortcut = conv_bn(channels, maps, kernel, stride, activation=None) if channels != maps else None
    return ResidualBlock(weighed(bottleneck_64x4d, reduction)(channels, maps, stride), shortcut)


@architecture(input_shape=(3, 224, 224))
def senet154(*, classes: Count = 1000, dropout: Probability = 0.2, reduction: Count = 16) -> nn.Module:
    """SENet-154, the network that won ILSVRC 2017: SE blocks in a modified ResNeXt-152 64x4d (appendix)."""
    return sequence(
        conv1_1=conv_bn(3, 64, 3, stride=2),  # 64 x 112 x 112
        conv1_2=conv_bn(64, 64, 3),
        conv1_3=conv_bn(64, 128, 3),  # 128 x 112 x 112
        pool1=max_pool(),  # 128 x 56 x 56
        **stages(partial(block_154, reduction=reduction), (3, 8, 36, 3), 128, 256),  # 256 x 56 x 56, then 28, 14, 7
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(dropout),
        fc=nn.Linear(2048, classes),
    )
