"""GoogLeNet: Going Deeper with Convolutions. Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich.

2014, https://arxiv.org/abs/1409.4842, Table 1 and Fig. 3. Biases, no batch normalization, true 5x5 convolutions.

The paper leaves two things open: pools round up here, since 112 -> 56 needs it with a 3x3 window, and the response
normalization is AlexNet's. Table 1 lists conv1 with 2.7 K weights and 34 M operations, which is a separable 7x7; its
first column, Fig. 3 and the public copies have the plain 7x7 that is here, with 9.4 K and 118 M.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import (
    AuxiliaryClassifier,
    WithAuxiliaries,
    local_response_norm,
    max_pool,
    without_auxiliaries,
)
from archstat.registry import architecture


def convolution(channels: int, maps: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution, padded to keep height and width at stride 1. A ReLU follows each."""
    return nn.Conv2d(channels, maps, kernel, stride, padding=kernel // 2)


def rectified(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer and its ReLU."""
    return nn.functional.relu(layer(x), inplace=True)


class Inception(nn.Module):
    """An Inception module: four branches of equal height and width, their maps stacked (Fig. 2b)."""

    def __init__(self, channels: int, *maps: int) -> None:
        """The six numbers of maps, in the order of a row of Table 1."""
        super().__init__()
        n1x1, reduce_3x3, n3x3, reduce_5x5, n5x5, pool_proj = maps
        self.conv_1x1 = convolution(channels, n1x1, 1)
        self.reduce_3x3 = convolution(channels, reduce_3x3, 1)
        self.conv_3x3 = convolution(reduce_3x3, n3x3, 3)
        self.reduce_5x5 = convolution(channels, reduce_5x5, 1)
        self.conv_5x5 = convolution(reduce_5x5, n5x5, 5)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.pool_proj = convolution(channels, pool_proj, 1)

    def forward(self, x: Tensor) -> Tensor:
        """From ``channels`` maps to those of the four branches together."""
        branches = [
            rectified(self.conv_1x1, x),
            rectified(self.conv_3x3, rectified(self.reduce_3x3, x)),
            rectified(self.conv_5x5, rectified(self.reduce_5x5, x)),
            rectified(self.pool_proj, self.pool(x)),
        ]
        return torch.cat(branches, dim=1)


class NaiveInception(nn.Module):
    """An Inception module without the 1x1 convolutions that make it affordable (Fig. 2a)."""

    def __init__(self, channels: int, n1x1: int, n3x3: int, n5x5: int) -> None:
        """The numbers of maps; pooling adds its ``channels`` to them."""
        super().__init__()
        self.conv_1x1 = convolution(channels, n1x1, 1)
        self.conv_3x3 = convolution(channels, n3x3, 3)
        self.conv_5x5 = convolution(channels, n5x5, 5)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """From ``channels`` to ``n1x1 + n3x3 + n5x5 + channels`` maps."""
        layers = (self.conv_1x1, self.conv_3x3, self.conv_5x5)
        return torch.cat([*(rectified(layer, x) for layer in layers), self.pool(x)], dim=1)


def auxiliary(channels: int, classes: int) -> AuxiliaryClassifier:
    """A classifier of maps of 14x14 (§5)."""
    layers = {
        "pool": nn.AvgPool2d(kernel_size=5, stride=3),  # channels x 4 x 4
        "conv": convolution(channels, 128, 1),  # 128 x 4 x 4
        "relu_conv": nn.ReLU(inplace=True),
        "flatten": nn.Flatten(),
        "fc1": nn.Linear(128 * 4 * 4, 1024),
        "relu_fc1": nn.ReLU(inplace=True),
        "dropout": nn.Dropout(0.7),
        "fc2": nn.Linear(1024, classes),
    }
    return AuxiliaryClassifier(OrderedDict(layers))


def layers(classes: int, dropout: float) -> dict[str, nn.Module]:
    """Table 1, row by row, with the auxiliary classifiers where they branch off."""
    return {
        "conv1": convolution(3, 64, 7, stride=2),  # 64 x 112 x 112
        "relu1": nn.ReLU(inplace=True),
        "pool1": max_pool(),  # 64 x 56 x 56
        "norm1": local_response_norm(),
        "conv2_reduce": convolution(64, 64, 1),
        "relu2_reduce": nn.ReLU(inplace=True),
        "conv2": convolution(64, 192, 3),  # 192 x 56 x 56
        "relu2": nn.ReLU(inplace=True),
        "norm2": local_response_norm(),
        "pool2": max_pool(),  # 192 x 28 x 28
        "inception_3a": Inception(192, 64, 96, 128, 16, 32, 32),  # 256 x 28 x 28
        "inception_3b": Inception(256, 128, 128, 192, 32, 96, 64),  # 480 x 28 x 28
        "pool3": max_pool(),  # 480 x 14 x 14
        "inception_4a": Inception(480, 192, 96, 208, 16, 48, 64),  # 512 x 14 x 14
        "auxiliary_4a": auxiliary(512, classes),
        "inception_4b": Inception(512, 160, 112, 224, 24, 64, 64),  # 512 x 14 x 14
        "inception_4c": Inception(512, 128, 128, 256, 24, 64, 64),  # 512 x 14 x 14
        "inception_4d": Inception(512, 112, 144, 288, 32, 64, 64),  # 528 x 14 x 14
        "auxiliary_4d": auxiliary(528, classes),
        "inception_4e": Inception(528, 256, 160, 320, 32, 128, 128),  # 832 x 14 x 14
        "pool4": max_pool(),  # 832 x 7 x 7
        "inception_5a": Inception(832, 256, 160, 320, 32, 128, 128),  # 832 x 7 x 7
        "inception_5b": Inception(832, 384, 192, 384, 48, 128, 128),  # 1024 x 7 x 7
        "pool5": nn.AdaptiveAvgPool2d(1),  # 1024 x 1 x 1
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(dropout),
        "linear": nn.Linear(1024, classes),
    }


@architecture(input_shape=(3, 224, 224))
def googlenet(*, classes: Count = 1000, dropout: Probability = 0.4) -> nn.Module:
    """GoogLeNet as it predicts: without the auxiliary classifiers, which the paper discards after training.

    Source: Szegedy et al., 2014, Table 1.
    """
    return without_auxiliaries(layers(classes, dropout))


@architecture(input_shape=(3, 224, 224))
def googlenet_aux(*, classes: Count = 1000, dropout: Probability = 0.4) -> nn.Module:
    """GoogLeNet as it is trained: both auxiliary classifiers run, and its output is a tuple of three scores.

    Source: Szegedy et al., 2014, §5.
    """
    return WithAuxiliaries(OrderedDict(layers(classes, dropout)))


@architecture(input_shape=(256, 28, 28))
def inception_module_naive() -> nn.Module:
    """The lecture's Inception module without reduction: 854 M multiplications.

    Source: CS231n, 2017, lecture 9, "Naive Inception module".
    """
    return NaiveInception(256, 128, 192, 96)


@architecture(input_shape=(256, 28, 28))
def inception_module_bottleneck() -> nn.Module:
    """The lecture's Inception module with reduction to 64 maps: 271 M multiplications, where the slide says 358 M.

    Source: CS231n, 2017, lecture 9, "Inception module with dimension reduction".
    """
    return Inception(256, 128, 64, 192, 64, 96, 64)
