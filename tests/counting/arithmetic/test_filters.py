"""The filters of a row: their sizes, and that they come to what the row costs."""

import math

import pytest
import torch
from torch import nn

import archstat
from archstat.records import Filters


def filters(network, *shape):
    (only,) = archstat.explain(network, torch.empty(*shape))
    return only.filters


def test_a_convolution_has_as_many_filters_as_output_maps():
    found = filters(nn.Conv2d(6, 8, (3, 5), stride=(2, 1), padding=(1, 0), groups=2), 1, 6, 9, 9)
    assert found == Filters(
        (1, 6, 9, 9), (1, 8, 5, 5), 8, 3, (3, 5), (2, 1), ((1, 1), (0, 0)), (1, 1), groups=2, is_transposed=False
    )


def test_a_transposed_convolution_has_as_many_filters_as_input_maps():
    found = filters(nn.ConvTranspose2d(6, 8, 4, stride=2, padding=1, groups=2), 1, 6, 7, 7)
    assert (found.count, found.maps, found.kernel, found.is_transposed) == (6, 4, (4, 4), True)
    assert found.output_shape == (1, 8, 14, 14)


def test_a_linear_layer_has_filters_without_a_kernel():
    found = filters(nn.Linear(12, 5), 1, 7, 12)
    assert found == Filters((1, 7, 12), (1, 7, 5), 5, 12)


def test_padding_that_is_a_word_is_told_in_numbers():
    assert filters(nn.Conv1d(2, 3, 4, padding="same"), 1, 2, 9).padding == ((1, 2),)


def test_a_row_with_several_products_or_none_has_no_filters():
    assert filters(nn.ReLU(), 1, 3) is None
    assert filters(nn.LSTM(3, 4), 2, 1, 3) is None


class Added(nn.Module):
    """``bias + x · weight``, as some libraries write a linear layer."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(4, 6)), nn.Parameter(torch.empty(6))

    def forward(self, x):
        return torch.addmm(self.bias, x, self.weight)


class Products(nn.Module):
    """A product of activations, added to others."""

    def forward(self, x):
        return torch.addmm(x, x, x)


def test_weights_that_are_added_to_a_bias_are_filters_and_activations_are_none():
    assert filters(Added(), 4, 4) == Filters((4, 4), (4, 6), 6, 4)
    assert filters(Products(), 4, 4) is None


@pytest.mark.parametrize("name", ["googlenet", "mobilenet_v1", "lenet5"])
def test_filters_come_to_the_multiply_accumulates_of_their_row(name):
    rows = [each for each in archstat.explain(name) if each.filters is not None]
    assert rows
    for each in rows:
        found = each.filters
        assert each.row.macs == math.prod(found.output_shape) * found.maps * math.prod(found.kernel)
