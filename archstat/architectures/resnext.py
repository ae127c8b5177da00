"""ResNeXt: Aggregated Residual Transformations for Deep Neural Networks. Xie, Girshick, Dollár, Tu, He, 2016.

https://arxiv.org/abs/1611.05431, Table 1. Blocks are those of Fig. 3(c), with a grouped convolution; (a) and (b) of
that figure compute the same. The stride of a stage sits in the 3x3, as in the authors' code.
"""

from functools import partial

from torch import nn

from archstat.architectures._arguments import Count
from archstat.architectures.resnet import Layers, bottleneck, resnet
from archstat.registry import architecture


def aggregated(cardinality: int, width: int) -> Layers:
    """A bottleneck whose 3x3 convolution has ``cardinality`` groups, of ``width`` maps each in conv2_x."""
    return partial(bottleneck, stride_in_3x3=True, width=cardinality * width, groups=cardinality)


@architecture(input_shape=(3, 224, 224))
def resnext50_32x4d(*, classes: Count = 1000) -> nn.Module:
    """ResNeXt-50 of cardinality 32, with bottlenecks of width 4 (Table 1)."""
    return resnet(aggregated(32, 4), (3, 4, 6, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def resnext101_32x4d(*, classes: Count = 1000) -> nn.Module:
    """ResNeXt-101 of cardinality 32, with bottlenecks of width 4 (Table 3)."""
    return resnet(aggregated(32, 4), (3, 4, 23, 3), 256, "B", classes)


@architecture(input_shape=(3, 224, 224))
def resnext101_64x4d(*, classes: Count = 1000) -> nn.Module:
    """ResNeXt-101 of cardinality 64, with bottlenecks of width 4: twice the complexity (Table 4)."""
    return resnet(aggregated(64, 4), (3, 4, 23, 3), 256, "B", classes)
