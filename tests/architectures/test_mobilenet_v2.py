"""MobileNetV2, against the tables of its paper."""

import pytest
import torch
from torch import nn

import archstat
from archstat.architectures._blocks import conv_bn
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of

# Table 2, what comes out of each row.
TABLE_2 = {
    "conv1": (32, 112),
    "bottleneck1": (16, 112),
    "bottleneck2": (24, 56),
    "bottleneck3": (32, 28),
    "bottleneck4": (64, 14),
    "bottleneck5": (96, 14),
    "bottleneck6": (160, 7),
    "bottleneck7": (320, 7),
    "conv2": (1280, 7),
}


def test_the_maps_are_those_of_table_2():
    last = {row.layer.partition(".")[0]: row.output_shape for row in cost_of("mobilenet_v2").layers}
    assert {row: last[row] for row in TABLE_2} == {row: (1, maps, hw, hw) for row, (maps, hw) in TABLE_2.items()}


def test_a_bottleneck_costs_what_section_3_says():
    """h * w * d' * t * (d' + k**2 + d'') for d' maps in, d'' out and a stride of 1."""
    macs = {}
    for row in cost_of("mobilenet_v2").layers:
        block = ".".join(row.layer.split(".")[:2])
        macs[block] = macs.get(block, 0) + row.macs
    assert macs["bottleneck3.bottleneck3_2"] == 28 * 28 * 32 * 6 * (32 + 9 + 32)
    assert macs["bottleneck5.bottleneck5_1"] == 14 * 14 * 64 * 6 * (64 + 9 + 96)


def test_the_convolution_that_ports_add_to_the_first_bottleneck_costs_what_the_docstring_says():
    layers = [row.layer for row in cost_of("mobilenet_v2").layers]
    assert not any(layer.startswith("bottleneck1.") and "expand" in layer for layer in layers)
    more = archstat.count(conv_bn(32, 32, 1, activation=nn.ReLU6), torch.zeros(1, 32, 112, 112))
    assert (more.parameters, more.macs) == (1_088, 12_845_056)


def test_a_shortcut_leads_around_a_block_that_changes_nothing():
    added = [row.layer for row in cost_of("mobilenet_v2").layers if row.kind == "add"]
    repetitions = {2: 2, 3: 3, 4: 4, 5: 3, 6: 3}
    repeated = [(row, number) for row, n in repetitions.items() for number in range(2, n + 1)]
    assert added == [f"bottleneck{row}.bottleneck{row}_{number}" for row, number in repeated]


@pytest.mark.parametrize(("width", "maps"), [(0.35, 1280), (0.75, 1280), (1, 1280), (1.4, 1792)])
def test_the_last_convolution_grows_with_the_width_and_never_shrinks(width, maps):
    assert build_on_meta(find(f"mobilenet_v2(width={width})")).conv2.conv.out_channels == maps
