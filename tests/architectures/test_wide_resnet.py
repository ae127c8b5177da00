"""Wide ResNet, against the tables of its paper."""

import pytest

from archstat import units
from archstat.architectures.wide_resnet import wide
from archstat.networks.construction import on_meta
from tests.architectures.support import by_stage, cost_of

TABLE_4 = {
    (40, 1): "0.6M",
    (40, 2): "2.2M",
    (40, 4): "8.9M",
    (40, 8): "35.7M",
    (28, 10): "36.5M",
    (28, 12): "52.5M",
    (22, 8): "17.2M",
    (22, 10): "26.8M",
    (16, 8): "11.0M",
    (16, 10): "17.1M",
}


@pytest.mark.parametrize(("n", "k"), TABLE_4)
def test_a_wide_resnet_has_the_parameters_of_table_4(n, k):
    with on_meta():
        model = wide(n, k, dropout=0.0, classes=10)
    assert units.parse(TABLE_4[n, k]).verdict(sum(p.numel() for p in model.parameters())) == "rounds"


@pytest.mark.parametrize(("name", "convolutions"), [("wrn_16_8", 16), ("wrn_28_10", 28), ("wrn_40_4", 40)])
def test_the_first_number_of_a_name_counts_convolutions_with_those_of_the_shortcuts(name, convolutions):
    weighted = [row for row in cost_of(name).layers if row.macs and row.layer != "fc"]
    assert len(weighted) == convolutions
    assert sum("shortcut" in row.layer for row in weighted) == 3


def test_wrn_50_2_widens_only_the_inside_of_the_bottlenecks():
    wide_ones, narrow = (by_stage_and_kind(name) for name in ("wrn_50_2", "resnet50_v1_5"))
    assert wide_ones["conv2"] == 4 * narrow["conv2"]
    assert wide_ones["conv1"] == 2 * narrow["conv1"]
    assert wide_ones["shortcut"] == narrow["shortcut"]
    assert by_stage("wrn_50_2", "macs")["fc"] == by_stage("resnet50_v1_5", "macs")["fc"]


def by_stage_and_kind(name):
    """The MACs of each convolution of the bottlenecks, and of the shortcuts."""
    sums = dict.fromkeys(("conv1", "conv2", "conv3", "shortcut"), 0)
    for row in cost_of(name).layers:
        parts = row.layer.split(".")
        if row.macs and len(parts) > 2:
            sums["shortcut" if "shortcut" in parts else parts[-1]] += row.macs
    return sums
