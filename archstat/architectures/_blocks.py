"""Blocks that two or more families share."""

from collections import OrderedDict

from torch import nn


def sequence(**layers: nn.Module) -> nn.Sequential:
    """Layers one after the other, each under the name that the paper gives it."""
    return nn.Sequential(OrderedDict(layers))


def local_response_norm() -> nn.LocalResponseNorm:
    """Local response normalization over 5 neighbouring maps: ``x / (2 + 1e-4 * sum(x**2)) ** 0.75``.

    torch, like Caffe, divides its ``alpha`` by the number of maps and the paper does not: hence the factor of 5.

    Source: Krizhevsky, Sutskever, Hinton, 2012, §3.3.
    """
    return nn.LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=2)
