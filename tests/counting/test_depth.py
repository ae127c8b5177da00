"""How deep a network is: layers with weights, one after the other."""

import pytest
import torch
from torch import nn

from archstat.counting.depth import depth
from tests.support import Calls, trace_of

X = torch.ones(2, 4)


def bilinear():
    layer = nn.Bilinear(4, 4, 6)
    return Calls(lambda x: layer(x, x), layer=layer)


def over_time():
    weight = nn.Parameter(torch.ones(3, 4, 5))
    network = Calls(lambda x: torch.conv_tbc(x[:, None], network.weight, torch.ones(5), 1))
    network.weight = weight
    return network


def asked_for():
    """Attention whose queries are learned, between two layers."""
    network = Calls(
        lambda x: network.out(nn.functional.scaled_dot_product_attention(network.asks, *[network.into(x)] * 2)),
        into=nn.Linear(4, 4),
        out=nn.Linear(4, 2),
    )
    network.asks = nn.Parameter(torch.ones(1, 4))
    return network


NETWORKS = [
    (lambda: nn.Linear(4, 3), 1),
    (lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), 2),
    (bilinear, 1),
    (over_time, 1),
    (asked_for, 2),
    (lambda: nn.LSTM(4, 3), 1),
    (lambda: nn.LayerNorm((2, 4)), 0),
    (nn.ReLU, 0),
]


@pytest.mark.parametrize(("make", "layers"), NETWORKS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_layer_that_multiplies_with_weights_is_one(make, layers):
    assert depth(trace_of(make(), X)) == layers


def test_of_branches_the_longest_counts():
    short, long = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    assert depth(trace_of(Calls(lambda x: short(x) + long(x), short=short, long=long), X)) == 2
