"""ZFNet: Visualizing and Understanding Convolutional Networks. Zeiler, Fergus, 2013.

https://arxiv.org/abs/1311.2901, Fig. 3 and Table 2. The sizes of Fig. 3 follow from two things that it does not print:
conv1 is padded by 1 (224 -> 110) and pools round up (110 -> 55, 26 -> 13). The constants of its contrast normalization
are not printed either: they are AlexNet's here. Unlike AlexNet it has no groups.
"""

from torch import nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import fully_connected, local_response_norm, max_pool, sequence
from archstat.registry import architecture


def layers(maps: tuple[int, int, int], classes: int, dropout: float) -> nn.Module:
    """The network of Fig. 3 with those numbers of maps in conv3, conv4 and conv5."""
    maps3, maps4, maps5 = maps
    return sequence(
        conv1=nn.Conv2d(3, 96, kernel_size=7, stride=2, padding=1),  # 96 x 110 x 110
        relu1=nn.ReLU(inplace=True),
        pool1=max_pool(),  # 96 x 55 x 55
        norm1=local_response_norm(),
        conv2=nn.Conv2d(96, 256, kernel_size=5, stride=2),  # 256 x 26 x 26
        relu2=nn.ReLU(inplace=True),
        pool2=max_pool(),  # 256 x 13 x 13
        norm2=local_response_norm(),
        conv3=nn.Conv2d(256, maps3, kernel_size=3, padding=1),  # 13 x 13
        relu3=nn.ReLU(inplace=True),
        conv4=nn.Conv2d(maps3, maps4, kernel_size=3, padding=1),
        relu4=nn.ReLU(inplace=True),
        conv5=nn.Conv2d(maps4, maps5, kernel_size=3, padding=1),
        relu5=nn.ReLU(inplace=True),
        pool5=max_pool(),  # 6 x 6
        **fully_connected(maps5 * 6 * 6, classes, dropout),
    )


@architecture(input_shape=(3, 224, 224))
def zfnet(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """ZFNet, Fig. 3: 384, 384 and 256 maps in conv3, conv4 and conv5."""
    return layers((384, 384, 256), classes, dropout)


@architecture(input_shape=(3, 224, 224))
def zfnet_512_1024_512(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """ZFNet with 512, 1024 and 512 maps in conv3, conv4 and conv5, model (b) of Table 2."""
    return layers((512, 1024, 512), classes, dropout)
