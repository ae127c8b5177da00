"""SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size.

Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer, 2016, https://arxiv.org/abs/1602.07360, Table 1; version 1.1 is in the
authors' repository only, https://github.com/forresti/SqueezeNet.

Two traps: Table 1 says 224x224, but its maps of 111x111 need 227x227, which is what the authors' files crop. And conv10
has no padding here, since Table 1 keeps 13x13; the authors' file of version 1.0 pads it by 1, which costs 29 M MACs.
Pools round up, as Caffe's do; on 227x227 that matters to version 1.1 only.
"""

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count, Probability
from archstat.architectures._blocks import max_pool, sequence
from archstat.registry import architecture


class Fire(nn.Module):
    """A fire module: squeeze to a few maps, then expand them by 1x1 and by 3x3 convolutions side by side (Fig. 1)."""

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        """``expand`` maps come out of each kind of convolution, twice as many of the module."""
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(channels, squeeze, kernel_size=1)
        self.relu_squeeze1x1 = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze, expand, kernel_size=1)
        self.relu_expand1x1 = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze, expand, kernel_size=3, padding=1)
        self.relu_expand3x3 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """From ``channels`` to ``2 * expand`` maps."""
        x = self.relu_squeeze1x1(self.squeeze1x1(x))
        expanded = [self.relu_expand1x1(self.expand1x1(x)), self.relu_expand3x3(self.expand3x3(x))]
        return torch.cat(expanded, dim=1)


def classifier(classes: int, dropout: float) -> dict[str, nn.Module]:
    """What follows fire9: the mean of each map of the last convolution is a score."""
    return {
        "drop9": nn.Dropout(dropout),
        "conv10": nn.Conv2d(512, classes, kernel_size=1),
        "relu10": nn.ReLU(inplace=True),
        "avgpool10": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
    }


@architecture(input_shape=(3, 227, 227))
def squeezenet1_0(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """SqueezeNet 1.0 without bypass, Table 1."""
    return sequence(
        conv1=nn.Conv2d(3, 96, kernel_size=7, stride=2),  # 96 x 111 x 111
        relu1=nn.ReLU(inplace=True),
        maxpool1=max_pool(),  # 96 x 55 x 55
        fire2=Fire(96, 16, 64),
        fire3=Fire(128, 16, 64),
        fire4=Fire(128, 32, 128),  # 256 x 55 x 55
        maxpool4=max_pool(),  # 256 x 27 x 27
        fire5=Fire(256, 32, 128),
        fire6=Fire(256, 48, 192),
        fire7=Fire(384, 48, 192),
        fire8=Fire(384, 64, 256),  # 512 x 27 x 27
        maxpool8=max_pool(),  # 512 x 13 x 13
        fire9=Fire(512, 64, 256),
        **classifier(classes, dropout),
    )


@architecture(input_shape=(3, 227, 227))
def squeezenet1_1(*, classes: Count = 1000, dropout: Probability = 0.5) -> nn.Module:
    """SqueezeNet 1.1, of the authors' repository: a smaller conv1, and pools after fire3 and fire5 instead of later."""
    return sequence(
        conv1=nn.Conv2d(3, 64, kernel_size=3, stride=2),  # 64 x 113 x 113
        relu1=nn.ReLU(inplace=True),
        maxpool1=max_pool(),  # 64 x 56 x 56
        fire2=Fire(64, 16, 64),
        fire3=Fire(128, 16, 64),  # 128 x 56 x 56
        maxpool3=max_pool(),  # 128 x 28 x 28
        fire4=Fire(128, 32, 128),
        fire5=Fire(256, 32, 128),  # 256 x 28 x 28
        maxpool5=max_pool(),  # 256 x 14 x 14
        fire6=Fire(256, 48, 192),
        fire7=Fire(384, 48, 192),
        fire8=Fire(384, 64, 256),
        fire9=Fire(512, 64, 256),  # 512 x 14 x 14
        **classifier(classes, dropout),
    )
