"""LeNet-5: Gradient-Based Learning Applied to Document Recognition. LeCun, Bottou, Bengio, Haffner, 1998.

https://doi.org/10.1109/5.726791, §II-B and Fig. 2.

``lenet5`` is the published network with all that later drawings leave out: the connection table of C3, subsampling
that learns, and an output of distances to fixed codes. Only those codes are not the paper's (see ``DistanceToCodes``).
``lenet5_modern`` is the network of the later drawings.
"""

import torch
from torch import Tensor, nn

from archstat.architectures._arguments import Count
from archstat.architectures._blocks import sequence
from archstat.registry import architecture

TABLE_1 = (
    "012 123 234 345 045 015",
    "0123 1234 2345 0345 0145 0125 0134 1245 0235",
    "012345",
)
"""The S2 maps that each of the 16 maps of C3 looks at, by how many they are."""


class ScaledTanh(nn.Module):
    """The squashing function ``1.7159 tanh(2x/3)``.

    Source: Appendix A.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Squash every value into ±1.7159."""
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """The sum of each 2x2 window, times one coefficient and plus one bias per map; both are learned."""

    def __init__(self, maps: int) -> None:
        """Subsample that many maps."""
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width."""
        sums = nn.functional.avg_pool2d(x, kernel_size=2, divisor_override=1)
        return self.coefficient * sums + self.bias


class ChosenMaps(nn.Conv2d):
    """A 5x5 convolution whose every map looks at its own choice of maps of the layer below, equally many for each."""

    chosen: Tensor

    def __init__(self, choices: str) -> None:
        """One map for each word of the choices; its digits are the maps below: ``"012 123"``."""
        chosen = [int(digit) for word in choices.split() for digit in word]
        maps = len(choices.split())
        super().__init__(len(chosen), maps, kernel_size=5, groups=maps)
        self.register_buffer("chosen", torch.tensor(chosen), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Line up the chosen maps, then convolve them in groups."""
        return super().forward(x.index_select(1, self.chosen))


class C3(nn.Module):
    """The sparse convolution of Table I: 60 of the 96 pairs of maps are connected, 1,516 parameters and not 2,416."""

    def __init__(self) -> None:
        """Six maps look at three maps of S2, nine at four, one at all six."""
        super().__init__()
        three, four, six = TABLE_1
        self.three, self.four, self.six = ChosenMaps(three), ChosenMaps(four), ChosenMaps(six)

    def forward(self, x: Tensor) -> Tensor:
        """From 6 maps to 16."""
        return torch.cat([self.three(x), self.four(x), self.six(x)], dim=1)


class DistanceToCodes(nn.Module):
    """The output layer: the squared distance of F6 to a fixed code of ±1 for each class; the smallest one wins.

    The paper takes as code a drawing of the character, a bitmap of 7x12 (Fig. 3), which it does not print as numbers.
    So here the code is the number of the class in 7 bits, twelve times over: 84 values as well, and as fixed.
    """

    codes: Tensor

    def __init__(self, classes: int) -> None:
        """Fix the codes of at most 128 classes."""
        super().__init__()
        bits = torch.arange(classes)[:, None] >> torch.arange(84) % 7 & 1
        self.register_buffer("codes", 2.0 * bits - 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """From 84 values to one distance for each class."""
        return (x[:, None] - self.codes).square().sum(dim=-1)


@architecture(input_shape=(1, 32, 32))
def lenet5(*, classes: Count = 10) -> nn.Module:
    """LeNet-5 as published: exactly 60,000 parameters, with the codes of the output fixed.

    The distances of the output are no linear layer: their 840 subtractions and squares are no MACs here.

    Source: LeCun et al., 1998, §II-B.
    """
    return sequence(
        c1=nn.Conv2d(1, 6, kernel_size=5),  # 6 x 28 x 28
        c1_tanh=ScaledTanh(),
        s2=Subsampling(6),  # 6 x 14 x 14
        s2_tanh=ScaledTanh(),
        c3=C3(),  # 16 x 10 x 10
        c3_tanh=ScaledTanh(),
        s4=Subsampling(16),  # 16 x 5 x 5
        s4_tanh=ScaledTanh(),
        c5=nn.Conv2d(16, 120, kernel_size=5),  # 120 x 1 x 1
        c5_tanh=ScaledTanh(),
        flatten=nn.Flatten(),
        f6=nn.Linear(120, 84),
        f6_tanh=ScaledTanh(),
        output=DistanceToCodes(classes),
    )


@architecture(input_shape=(1, 32, 32))
def lenet5_modern(*, classes: Count = 10) -> nn.Module:
    """LeNet-5 as it is drawn today: C3 sees all maps, subsampling is a plain average, the output is linear.

    Source: the layers and widths of LeCun et al., 1998, §II-B.
    """
    return sequence(
        c1=nn.Conv2d(1, 6, kernel_size=5),  # 6 x 28 x 28
        c1_tanh=nn.Tanh(),
        s2=nn.AvgPool2d(2),  # 6 x 14 x 14
        c3=nn.Conv2d(6, 16, kernel_size=5),  # 16 x 10 x 10
        c3_tanh=nn.Tanh(),
        s4=nn.AvgPool2d(2),  # 16 x 5 x 5
        c5=nn.Conv2d(16, 120, kernel_size=5),  # 120 x 1 x 1
        c5_tanh=nn.Tanh(),
        flatten=nn.Flatten(),
        f6=nn.Linear(120, 84),
        f6_tanh=nn.Tanh(),
        output=nn.Linear(84, classes),
    )
