"""AlexNet: ImageNet Classification with Deep Convolutional Neural Networks. Krizhevsky, Sutskever, Hinton, 2012.

https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks, §3 and Fig. 2.

The two GPUs of the paper are the two groups of a convolution here. The paper says 224x224, but its maps of 55x55 need
227x227.
"""

from collections.abc import Callable

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import fully_connected, local_response_norm, sequence
from archstat.registry import architecture


def max_pool() -> nn.MaxPool2d:
    """Overlapping max pooling (§3.4)."""
    return nn.MaxPool2d(kernel_size=3, stride=2)


def norm_pool(number: int) -> dict[str, nn.Module]:
    """Normalize, then pool: the order of the paper."""
    return {f"norm{number}": local_response_norm(), f"pool{number}": max_pool()}


def pool_norm(number: int) -> dict[str, nn.Module]:
    """Pool, then normalize: the order of the lecture, which normalizes a quarter of the values."""
    return {f"pool{number}": max_pool(), f"norm{number}": local_response_norm()}


def layers(
    groups: int, norm_and_pool: Callable[[int], dict[str, nn.Module]], classes: int, dropout: float
) -> nn.Module:
    """Five convolutions, of which the first two are normalized, and three fully connected layers."""
    return sequence(
        conv1=nn.Conv2d(3, 96, kernel_size=11, stride=4),  # 96 x 55 x 55
        relu1=nn.ReLU(inplace=True),
        **norm_and_pool(1),  # 96 x 27 x 27
        conv2=nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=groups),
        relu2=nn.ReLU(inplace=True),
        **norm_and_pool(2),  # 256 x 13 x 13
        conv3=nn.Conv2d(256, 384, kernel_size=3, padding=1),  # 384 x 13 x 13
        relu3=nn.ReLU(inplace=True),
        conv4=nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=groups),
        relu4=nn.ReLU(inplace=True),
        conv5=nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=groups),
        relu5=nn.ReLU(inplace=True),
        pool5=max_pool(),  # 256 x 6 x 6
        **fully_connected(256 * 6 * 6, classes, dropout),
    )


@architecture(input_shape=(3, 227, 227))
def alexnet(*, classes: Count = 1000, groups: Count = 2, dropout: Probability = 0.5) -> nn.Module:
    """AlexNet as published: conv2, conv4 and conv5 see only the maps of their own GPU; 60,965,224 parameters.

    Source: Krizhevsky et al., 2012, §3.5.
    """
    return layers(groups, norm_pool, classes, dropout)


@architecture(input_shape=(3, 227, 227))
def alexnet_one_column(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """AlexNet as lectures draw it: one GPU, so every convolution sees all maps, and pooling before normalization.

    Source: CS231n, 2017, lecture 9.
    """
    return layers(1, pool_norm, classes, dropout)
