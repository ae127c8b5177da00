"""The examples that lectures count on the board: single layers and blocks, most of them in pairs.

From CS231n (Li, Johnson, Yeung, 2017, http://cs231n.stanford.edu/slides/2017/), from the course of Andrew Ng (2017,
https://www.coursera.org/learn/convolutional-neural-networks) and from the papers that lectures draw. The two Inception
modules of CS231n are in ``googlenet.py``. Lectures count multiplications and mostly leave the biases out; the layers
here have theirs, as in the networks that they are taken from.

Each example is made for the input of its lecture. One with an argument ``channels`` takes that many, so another number
goes with another input.
"""

from torch import nn

from archstat.architectures import densenet, resnet
from archstat.architectures._arguments import Count
from archstat.architectures._blocks import SqueezeExcitation, conv_bn, sequence
from archstat.architectures.googlenet import Inception, convolution
from archstat.registry import architecture


@architecture(input_shape=(3, 32, 32))
def linear_32x32() -> nn.Module:
    """A fully connected layer on an image of CIFAR-10, stretched to 3,072 numbers: 10 scores.

    Source: CS231n, 2017, lecture 5, "Fully Connected Layer".
    """
    return sequence(flatten=nn.Flatten(), fc=nn.Linear(32 * 32 * 3, 10))


@architecture(input_shape=(3, 32, 32))
def filter_5x5() -> nn.Module:
    """One filter of 5x5x3 on an image of 32x32: a map of 28x28.

    Source: CS231n, 2017, lecture 5, "Convolution Layer".
    """
    return sequence(conv=nn.Conv2d(3, 1, kernel_size=5))


@architecture(input_shape=(3, 32, 32))
def filters_5x5_six() -> nn.Module:
    """Six filters of 5x5x3 on an image of 32x32: a new "image" of 28x28x6.

    Source: CS231n, 2017, lecture 5, "Convolution Layer".
    """
    return sequence(conv=nn.Conv2d(3, 6, kernel_size=5))


@architecture(input_shape=(64, 56, 56))
def one_7x7(*, channels: Count = 64) -> nn.Module:
    """A 7x7 convolution from C to C maps: 49 C² weights. On 56x56, which the lecture leaves open.

    Source: CS231n, 2017, lecture 9, "VGGNet"; Simonyan, Zisserman, 2014, §2.3.
    """
    return sequence(conv=convolution(channels, channels, 7), relu=nn.ReLU(inplace=True))


@architecture(input_shape=(64, 56, 56))
def three_3x3(*, channels: Count = 64) -> nn.Module:
    """Three 3x3 convolutions from C to C maps: 27 C² weights, and the receptive field of one 7x7.

    Source: CS231n, 2017, lecture 9, "VGGNet"; Simonyan, Zisserman, 2014, §2.3.
    """
    layers: dict[str, nn.Module] = {}
    for number in (1, 2, 3):
        layers[f"conv{number}"] = convolution(channels, channels, 3)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
    return sequence(**layers)


@architecture(input_shape=(512, 14, 14))
def standard_convolution(*, channels: Count = 512, maps: Count = 512) -> nn.Module:
    """A 3x3 convolution with batch normalization and ReLU.

    Source: Howard et al., 2017, Fig. 3, left, and Table 3, whose layer of MobileNet it is.
    """
    return conv_bn(channels, maps, 3)


@architecture(input_shape=(512, 14, 14))
def depthwise_separable_convolution(*, channels: Count = 512, maps: Count = 512) -> nn.Module:
    """A 3x3 convolution in two steps: on each map alone, then 1x1 across the maps; (1 / maps + 1 / 9) of the MACs.

    Source: Howard et al., 2017, Fig. 3, right, Table 3 and §3.1.
    """
    return sequence(depthwise=conv_bn(channels, channels, 3, groups=channels), pointwise=conv_bn(channels, maps, 1))


@architecture(input_shape=(480, 14, 14))
def reduction_14x14_direct() -> nn.Module:
    """A 5x5 convolution from 480 to 48 maps of 14x14: 112.9 M multiplications.

    Source: the 5x5 branch of inception (4a) in Szegedy et al., 2014, Table 1, without its reduction.
    """
    return sequence(conv=convolution(480, 48, 5), relu=nn.ReLU(inplace=True))


@architecture(input_shape=(480, 14, 14))
def reduction_14x14_bottleneck() -> nn.Module:
    """A 5x5 convolution from 480 to 48 maps of 14x14 by way of 16 maps: 5.3 M multiplications.

    Source: the 5x5 branch of inception (4a) in Szegedy et al., 2014, Table 1.
    """
    return reduced_5x5(480, 16, 48)


def reduced_5x5(channels: int, reduced: int, maps: int) -> nn.Sequential:
    """A 1x1 convolution to a few maps, then the 5x5."""
    return sequence(
        reduce=convolution(channels, reduced, 1),
        relu_reduce=nn.ReLU(inplace=True),
        conv=convolution(reduced, maps, 5),
        relu=nn.ReLU(inplace=True),
    )


@architecture(input_shape=(192, 28, 28))
def ng_5x5_direct() -> nn.Module:
    """A 5x5 convolution from 192 to 32 maps of 28x28: 120 M multiplications.

    Source: Ng, 2017, week 2, "The problem of computational cost".
    """
    return sequence(conv=convolution(192, 32, 5), relu=nn.ReLU(inplace=True))


@architecture(input_shape=(192, 28, 28))
def ng_5x5_bottleneck() -> nn.Module:
    """A 5x5 convolution from 192 to 32 maps of 28x28 by way of 16 maps: 2.4 M + 10.0 M multiplications.

    Source: Ng, 2017, week 2, "Using 1x1 convolution".
    """
    return reduced_5x5(192, 16, 32)


@architecture(input_shape=(192, 28, 28))
def inception_module_ng() -> nn.Module:
    """An Inception module of 64 + 128 + 32 + 32 maps on 28x28x192: inception (3a) of GoogLeNet.

    Source: Ng, 2017, week 2, "Inception module"; Szegedy et al., 2014, Table 1.
    """
    return Inception(192, 64, 96, 128, 16, 32, 32)


@architecture(input_shape=(64, 56, 56))
def residual_block() -> nn.Module:
    """Two 3x3 convolutions of 64 maps and a shortcut that costs one addition an element.

    Source: He et al., 2015, Fig. 2 and Fig. 5, left: a block of conv2_x.
    """
    return resnet.block(resnet.basic, 64, 64, 1, "B")


@architecture(input_shape=(64, 56, 56))
def residual_block_projection() -> nn.Module:
    """A residual block that doubles the maps and halves the size, so that its shortcut is a 1x1 convolution, W_s.

    Source: He et al., 2015, equation 2 and §3.3, option B: the first block of conv3_x.
    """
    return resnet.block(resnet.basic, 64, 128, 2, "B")


@architecture(input_shape=(16, 32, 32))
def dense_block_k4(*, channels: Count = 16) -> nn.Module:
    """A dense block of five layers with a growth rate of 4: from C to C + 20 maps.

    What comes in is not in the caption. Here it is what §3 puts before the first block: 16 maps, of 32x32 on CIFAR.

    Source: Huang et al., 2016, Fig. 1.
    """
    named, _ = densenet.blocks((5,), channels, growth=4, has_bottleneck=False, compression=1.0)
    return named["block1"]


@architecture(input_shape=(256, 56, 56))
def se_block(*, reduction: Count = 16) -> nn.Module:
    """A squeeze-and-excitation block with a reduction ratio of 16 on the 256 maps of conv2_x of ResNet-50.

    Source: Hu et al., 2017, Fig. 1 and Table 1; Table 10 varies the ratio.
    """
    return SqueezeExcitation(256, 256 // reduction)
