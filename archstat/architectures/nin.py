"""NiN: Network In Network. Lin, Chen, Yan, 2013.

https://arxiv.org/abs/1312.4400, §3 and Fig. 2. The paper prints no widths: those of both networks here are of the
authors' models in the Caffe model zoo, and the network for ImageNet is nowhere in the paper. Pools round up, as Caffe's
do (32 -> 16 -> 8). They take the maximum, as the paper says; the second one of the zoo's CIFAR-10 model averages.
"""

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import max_pool, sequence
from archstat.registry import architecture


def mlpconv(
    channels: int, maps: tuple[int, int, int], kernel: int, stride: int = 1, *, padding: int = 0
) -> nn.Sequential:
    """A convolution and two 1x1: a perceptron of three layers slides over the maps (§3.1).

    The paper calls a 1x1 convolution a cascaded cross channel parametric pooling (cccp).
    """
    first, second, third = maps
    return sequence(
        conv=nn.Conv2d(channels, first, kernel, stride, padding),
        relu=nn.ReLU(inplace=True),
        cccp1=nn.Conv2d(first, second, kernel_size=1),
        relu1=nn.ReLU(inplace=True),
        cccp2=nn.Conv2d(second, third, kernel_size=1),
        relu2=nn.ReLU(inplace=True),
    )


@architecture(input_shape=(3, 32, 32))
def nin_cifar10(*, classes: Count = 10, dropout: Probability = 0.5) -> nn.Module:
    """NiN for CIFAR-10: three mlpconv layers, and the mean of each last map is a score."""
    return sequence(
        mlpconv1=mlpconv(3, (192, 160, 96), 5, padding=2),  # 96 x 32 x 32
        pool1=max_pool(),  # 96 x 16 x 16
        drop1=nn.Dropout(dropout),
        mlpconv2=mlpconv(96, (192, 192, 192), 5, padding=2),  # 192 x 16 x 16
        pool2=max_pool(),  # 192 x 8 x 8
        drop2=nn.Dropout(dropout),
        mlpconv3=mlpconv(192, (192, 192, classes), 3, padding=1),  # classes x 8 x 8
        pool3=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
    )


@architecture(input_shape=(3, 224, 224))
def nin_imagenet(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """NiN for ImageNet, of the Caffe model zoo: four mlpconv layers, and the mean of each last map is a score."""
    return sequence(
        mlpconv1=mlpconv(3, (96, 96, 96), 11, stride=4),  # 96 x 54 x 54
        pool1=max_pool(),  # 96 x 27 x 27
        mlpconv2=mlpconv(96, (256, 256, 256), 5, padding=2),  # 256 x 27 x 27
        pool2=max_pool(),  # 256 x 13 x 13
        mlpconv3=mlpconv(256, (384, 384, 384), 3, padding=1),  # 384 x 13 x 13
        pool3=max_pool(),  # 384 x 6 x 6
        drop3=nn.Dropout(dropout),
        mlpconv4=mlpconv(384, (1024, 1024, classes), 3, padding=1),  # classes x 6 x 6
        pool4=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
    )
