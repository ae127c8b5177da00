"""BN-Inception: Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift.

Ioffe, Szegedy, 2015, https://arxiv.org/abs/1502.03167, Fig. 5 (appendix). Later papers call it Inception-v2, which is
also the name of another network, that of "Rethinking the Inception Architecture".

Fig. 5 contradicts itself: 4c and 4d give 576 maps, but the branches that it lists add up to 608. The Caffe network
keeps the branches, and has biases although batch normalization follows. TF-Slim keeps the 576, with pool projections to
96 maps, and makes conv1 separable, with biases in place of batch normalization.
"""

from functools import partial
from typing import Literal

from torch import nn

from archstat.architectures._arguments import Count
from archstat.architectures._blocks import After, Branches, conv_bn, max_pool, sequence
from archstat.registry import architecture

Form = Literal["caffe", "slim"]
"""Pool projections of 4c and 4d to 128 maps and biases everywhere, or to 96 maps and a separable conv1."""


class Inception(Branches):
    """A module of Fig. 5: two 3x3 convolutions stand where GoogLeNet has one 5x5.

    Attributes:
        maps: How many maps the block gives.
    """

    def __init__(
        self,
        channels: int,
        n1x1: int,
        single: tuple[int, int],
        double: tuple[int, int],
        pool_proj: int,
        *,
        pooling: type[nn.Module] = nn.AvgPool2d,
        bias: bool,
    ) -> None:
        """Maps of the 1x1, of the reduction and the 3x3, of the reduction and the double 3x3, and after pooling."""
        conv = partial(conv_bn, bias=bias)
        super().__init__(
            conv_1x1=conv(channels, n1x1, 1),
            conv_3x3=sequence(reduce=conv(channels, single[0], 1), conv=conv(*single, 3)),
            double_3x3=sequence(
                reduce=conv(channels, double[0], 1), conv1=conv(*double, 3), conv2=conv(double[1], double[1], 3)
            ),
            pool=sequence(pool=pooling(kernel_size=3, stride=1, padding=1), proj=conv(channels, pool_proj, 1)),
        )
        self.maps = n1x1 + single[1] + double[1] + pool_proj


class HalvingInception(Branches):
    """A module of Fig. 5 with a stride of 2: no 1x1, and a max pool whose maps pass through.

    Attributes:
        maps: How many maps the block gives.
    """

    def __init__(self, channels: int, single: tuple[int, int], double: tuple[int, int], *, bias: bool) -> None:
        """Maps of the reduction and the 3x3, and of the reduction and the double 3x3."""
        conv = partial(conv_bn, bias=bias)
        super().__init__(
            conv_3x3=sequence(reduce=conv(channels, single[0], 1), conv=conv(*single, 3, 2)),
            double_3x3=sequence(
                reduce=conv(channels, double[0], 1), conv1=conv(*double, 3), conv2=conv(double[1], double[1], 3, 2)
            ),
            pool=max_pool(),
        )
        self.maps = single[1] + double[1] + channels


def modules(pool_proj: int, *, bias: bool) -> dict[str, Inception | HalvingInception]:
    """The modules of Fig. 5; ``pool_proj`` is that of 4c and 4d."""
    module, halving, maps = partial(Inception, bias=bias), partial(HalvingInception, bias=bias), 480 + pool_proj
    return {
        "inception_3a": module(192, 64, (64, 64), (64, 96), 32),  # 256 x 28 x 28
        "inception_3b": module(256, 64, (64, 96), (64, 96), 64),  # 320 x 28 x 28
        "inception_3c": halving(320, (128, 160), (64, 96)),  # 576 x 14 x 14
        "inception_4a": module(576, 224, (64, 96), (96, 128), 128),  # 576 x 14 x 14
        "inception_4b": module(576, 192, (96, 128), (96, 128), 128),  # 576 x 14 x 14
        "inception_4c": module(576, 160, (128, 160), (128, 160), pool_proj),  # 608 or 576 x 14 x 14
        "inception_4d": module(maps, 96, (128, 192), (160, 192), pool_proj),  # 608 or 576 x 14 x 14
        "inception_4e": halving(maps, (128, 192), (192, 256)),  # 1056 or 1024 x 7 x 7
        "inception_5a": module(maps + 448, 352, (192, 320), (160, 224), 128),  # 1024 x 7 x 7
        "inception_5b": module(1024, 352, (192, 320), (192, 224), 128, pooling=nn.MaxPool2d),  # 1024 x 7 x 7
    }


def separable_conv1() -> nn.Sequential:
    """A 7x7 convolution of each colour to 8 maps and a 1x1 of all 24, neither of which is normalized."""
    return sequence(
        depthwise=nn.Conv2d(3, 3 * 8, kernel_size=7, stride=2, padding=3, groups=3, bias=False),
        pointwise=nn.Conv2d(3 * 8, 64, kernel_size=1),
        relu=nn.ReLU(inplace=True),
    )


def followed(module: Inception | HalvingInception, after: After | None) -> nn.Module:
    """A module and what ``after`` makes for its maps."""
    return module if after is None else sequence(inception=module, after=after(module.maps))


def network(form: Form, classes: int, after: After | None = None) -> nn.Module:
    """Fig. 5 in either form; ``after`` makes a layer that follows each Inception module."""
    is_caffe = form == "caffe"
    inceptions = modules(128 if is_caffe else 96, bias=is_caffe)
    return sequence(
        conv1=conv_bn(3, 64, 7, 2, bias=True) if is_caffe else separable_conv1(),  # 64 x 112 x 112
        pool1=max_pool(),  # 64 x 56 x 56
        conv2_reduce=conv_bn(64, 64, 1, bias=is_caffe),
        conv2=conv_bn(64, 192, 3, bias=is_caffe),  # 192 x 56 x 56
        pool2=max_pool(),  # 192 x 28 x 28
        **{name: followed(module, after) for name, module in inceptions.items()},  # 1024 x 7 x 7
        pool5=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        linear=nn.Linear(1024, classes),
    )


@architecture(input_shape=(3, 224, 224))
def bn_inception(*, classes: Count = 1000, form: Form = "caffe") -> nn.Module:
    """BN-Inception with the branches of Fig. 5, as in Caffe, or with its 576 maps, as in TF-Slim."""
    return network(form, classes)
