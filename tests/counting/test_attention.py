"""The products of activations with each other."""

import pytest
import torch
from torch import nn

from archstat.counting.attention import attention_macs
from tests.support import Calls, trace_of

LENGTH, WIDTH, HEADS = 10, 16, 4
SCORES_AND_SUMS = 2 * LENGTH * LENGTH * WIDTH


def tokens():
    return torch.empty(1, LENGTH, WIDTH)


def by_hand(x):
    return (x @ x.transpose(1, 2)).softmax(-1) @ x


@pytest.mark.parametrize(
    "attend",
    [
        by_hand,
        lambda x: nn.functional.scaled_dot_product_attention(x, x, x),
        lambda x: torch.einsum("bqk,bkd->bqd", torch.einsum("bqd,bkd->bqk", x, x), x),
    ],
    ids=["matmul", "scaled_dot_product_attention", "einsum"],
)
def test_attention_is_two_products_of_length_by_length_however_it_is_written(attend):
    assert attention_macs(trace_of(attend, tokens())) == SCORES_AND_SUMS


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_projections_are_no_attention(device):
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, batch_first=True, device=device)
    trace = trace_of(layer, tokens())
    assert attention_macs(trace) == SCORES_AND_SUMS


def test_products_with_weights_and_constants_are_none():
    weight = nn.Parameter(torch.empty(WIDTH, WIDTH))
    network = Calls(lambda x: (x @ weight.t() * 2) @ torch.ones(WIDTH, WIDTH), holder=nn.ParameterList([weight]))
    assert attention_macs(trace_of(network, tokens())) == 0


def test_a_bias_added_to_the_product_is_no_factor():
    both = trace_of(lambda x: torch.baddbmm(torch.zeros(1), x, x.transpose(1, 2)), tokens())
    assert attention_macs(both) == LENGTH * LENGTH * WIDTH
    one = trace_of(lambda x: torch.baddbmm(x, x, torch.ones(1, WIDTH, WIDTH)), tokens())
    assert attention_macs(one) == 0


def test_a_convolution_has_none():
    assert attention_macs(trace_of(nn.Conv2d(3, 4, 3), torch.empty(1, 3, 8, 8))) == 0
