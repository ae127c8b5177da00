"""VGG: Very Deep Convolutional Networks for Large-Scale Image Recognition. Simonyan, Zisserman, 2014.

https://arxiv.org/abs/1409.1556, Table 1. Nothing differs from the paper.
"""

from collections.abc import Iterator

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import fully_connected, local_response_norm, sequence
from archstat.registry import architecture

# Table 1, one column of the paper in one row here: "conv<kernel size>-<maps>", and "|" for a max pool.
TABLE_1 = {
    "A": "conv3-64 | conv3-128 | conv3-256 conv3-256 | conv3-512 conv3-512 | conv3-512 conv3-512",
    "A-LRN": "conv3-64 LRN | conv3-128 | conv3-256 conv3-256 | conv3-512 conv3-512 | conv3-512 conv3-512",
    "B": "conv3-64 conv3-64 | conv3-128 conv3-128 | conv3-256 conv3-256 | conv3-512 conv3-512 | conv3-512 conv3-512",
    "C": "conv3-64 conv3-64 | conv3-128 conv3-128 | conv3-256 conv3-256 conv1-256"
    " | conv3-512 conv3-512 conv1-512 | conv3-512 conv3-512 conv1-512",
    "D": "conv3-64 conv3-64 | conv3-128 conv3-128 | conv3-256 conv3-256 conv3-256"
    " | conv3-512 conv3-512 conv3-512 | conv3-512 conv3-512 conv3-512",
    "E": "conv3-64 conv3-64 | conv3-128 conv3-128 | conv3-256 conv3-256 conv3-256 conv3-256"
    " | conv3-512 conv3-512 conv3-512 conv3-512 | conv3-512 conv3-512 conv3-512 conv3-512",
}


def convolutions(column: str) -> Iterator[tuple[str, nn.Module]]:
    """The layers of a column of Table 1 down to the last max pool, by name: ``conv3_2`` is the second of stage 3."""
    channels = 3
    for stage, entries in enumerate(TABLE_1[column].split(" | "), start=1):
        for place, entry in enumerate(entries.split(), start=1):
            if entry == "LRN":
                yield f"norm{stage}", local_response_norm()
                continue
            kernel, maps = (int(number) for number in entry.removeprefix("conv").split("-"))
            yield f"conv{stage}_{place}", nn.Conv2d(channels, maps, kernel, padding=kernel // 2)
            yield f"relu{stage}_{place}", nn.ReLU(inplace=True)
            channels = maps
        yield f"pool{stage}", nn.MaxPool2d(kernel_size=2, stride=2)


def vgg(column: str, *, classes: int, dropout: float) -> nn.Module:
    """The network of one column of Table 1."""
    layers = dict(convolutions(column))  # 512 x 7 x 7
    return sequence(**layers, **fully_connected(512 * 7 * 7, classes, dropout))


@architecture(input_shape=(3, 224, 224))
def vgg11(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """VGG-11, column A of Table 1."""
    return vgg("A", classes=classes, dropout=dropout)


@architecture(input_shape=(3, 224, 224))
def vgg11_lrn(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """VGG-11 with local response normalization after its first convolution, column A-LRN of Table 1."""
    return vgg("A-LRN", classes=classes, dropout=dropout)


@architecture(input_shape=(3, 224, 224))
def vgg13(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """VGG-13, column B of Table 1."""
    return vgg("B", classes=classes, dropout=dropout)


@architecture(input_shape=(3, 224, 224))
def vgg16_1x1(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """VGG-16 with 1x1 convolutions at the end of its last three stages, column C of Table 1."""
    return vgg("C", classes=classes, dropout=dropout)


@architecture(input_shape=(3, 224, 224))
def vgg16(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """VGG-16, column D of Table 1."""
    return vgg("D", classes=classes, dropout=dropout)


@architecture(input_shape=(3, 224, 224))
def vgg19(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """VGG-19, column E of Table 1."""
    return vgg("E", classes=classes, dropout=dropout)
