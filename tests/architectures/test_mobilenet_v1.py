"""MobileNet, against the tables and equations of its paper."""

from fractions import Fraction

import pytest
import torch

from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import by_stage, cost_of

# Table 2: percent of the multiply-adds and of the parameters (without biases and batch normalization).
TABLE_2 = {"pointwise": (94.86, 74.59), "depthwise": (3.06, 1.06), "conv1": (None, 0.02), "fc": (0.18, 24.33)}


def kind(path):
    return next(kind for kind in TABLE_2 if kind in path)


def test_the_shares_are_those_of_table_2():
    cost = cost_of("mobilenet_v1")
    weights = {path: p.numel() for path, p in build_on_meta(find("mobilenet_v1")).named_parameters() if p.dim() > 1}
    for name, (of_macs, of_weights) in TABLE_2.items():
        macs = sum(row.macs for row in cost.layers if row.macs and kind(row.layer) == name)
        assert of_macs is None or round(100 * macs / cost.macs, 2) == of_macs
        share = sum(number for path, number in weights.items() if kind(path) == name) / sum(weights.values())
        assert round(100 * share, 2) == of_weights


def test_table_2_prints_the_share_of_the_first_convolution_with_two_digits_swapped():
    """1.19 %: with 94.86, 3.06 and 0.18 that would leave 0.71 % of the multiply-adds to nothing."""
    first = by_stage("mobilenet_v1", "macs")["conv1"]
    assert first == 112 * 112 * 32 * 27
    assert round(100 * first / cost_of("mobilenet_v1").macs, 2) == 1.91


@pytest.mark.parametrize("number", range(1, 14))
def test_a_separable_convolution_costs_what_equation_5_says_of_a_full_one(number):
    separable = by_stage("mobilenet_v1", "macs")[f"separable{number}"]
    full = by_stage("mobilenet_v1_full_conv", "macs")[f"full{number}"]
    maps = build_on_meta(find("mobilenet_v1")).get_submodule(f"separable{number}.pointwise.conv").out_channels
    assert Fraction(separable, full) == Fraction(1, maps) + Fraction(1, 9)


def test_the_maps_of_the_last_depthwise_convolution_keep_their_size():
    shapes = {row.layer: row.output_shape for row in cost_of("mobilenet_v1").layers}
    assert shapes["separable12.depthwise.conv"] == (1, 512, 7, 7)
    assert shapes["separable13.depthwise.conv"] == (1, 1024, 7, 7)


def test_a_width_is_applied_to_every_layer_as_it_is():
    thin = build_on_meta(find("mobilenet_v1(width=0.75)"))
    full = build_on_meta(find("mobilenet_v1"))
    pairs = [
        (a.out_channels, b.out_channels)
        for a, b in zip(thin.modules(), full.modules(), strict=True)
        if isinstance(a, torch.nn.Conv2d)
    ]
    assert pairs
    assert all(4 * a == 3 * b for a, b in pairs)


def test_the_thinnest_network_has_one_map_in_every_layer():
    widest = max(row.output_shape[1] for row in cost_of("mobilenet_v1(width=0.0001, classes=1)").layers)
    assert widest == 1
