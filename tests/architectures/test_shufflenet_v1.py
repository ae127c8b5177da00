"""ShuffleNet, against the table and the formula of its paper."""

import pytest
import torch

from archstat.architectures.shufflenet_v1 import STAGE_2, ChannelShuffle
from archstat.errors import SourceError
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of


@pytest.mark.parametrize("groups", STAGE_2)
def test_the_maps_are_those_of_table_1(groups):
    maps = STAGE_2[groups]
    last = {row.layer.partition(".")[0]: row.output_shape for row in cost_of(f"shufflenet_v1(groups={groups})").layers}
    assert last["conv1"] == (1, 24, 112, 112)
    assert last["pool1"] == (1, 24, 56, 56)
    assert last["stage2"] == (1, maps, 28, 28)
    assert last["stage3"] == (1, 2 * maps, 14, 14)
    assert last["stage4"] == (1, 4 * maps, 7, 7)


def test_the_stages_have_4_8_and_4_units():
    units = {".".join(row.layer.split(".")[:2]) for row in cost_of("shufflenet_v1").layers}
    assert [sum(unit.startswith(f"stage{stage}.") for unit in units) for stage in (2, 3, 4)] == [4, 8, 4]


@pytest.mark.parametrize("groups", STAGE_2)
def test_a_unit_costs_what_section_3_2_says(groups):
    """h * w * (2cm / g + 9m) for c maps and a bottleneck of m."""
    c, m = 2 * STAGE_2[groups], 2 * STAGE_2[groups] // 4
    rows = cost_of(f"shufflenet_v1(groups={groups})").layers
    macs = sum(row.macs for row in rows if row.layer.startswith("stage3.unit3_2."))
    assert macs == 14 * 14 * (2 * c * m // groups + 9 * m)


@pytest.mark.parametrize("groups", STAGE_2)
def test_only_the_first_pointwise_convolution_of_stage_2_has_no_groups(groups):
    layers = dict(build_on_meta(find(f"shufflenet_v1(groups={groups})")).named_modules())
    first = {path: layer.groups for path, layer in layers.items() if path.endswith("gconv1.conv")}
    assert first.pop("stage2.unit2_1.concat.residual.gconv1.conv") == 1
    assert len(first) == 15
    assert set(first.values()) == {groups}


def test_a_shuffle_spreads_the_maps_of_a_group_over_all_groups():
    maps = torch.arange(6.0).reshape(1, 6, 1, 1)
    assert ChannelShuffle(3)(maps).flatten().tolist() == [0, 2, 4, 1, 3, 5]
    assert torch.equal(ChannelShuffle(2)(ChannelShuffle(3)(maps)), maps)


def test_a_shuffle_costs_nothing_but_memory():
    rows = [row for row in cost_of("shufflenet_v1").layers if "shuffle" in row.layer]
    assert len(rows) == 16
    assert sum(row.flops for row in rows) == 0
    assert all(row.activations for row in rows)
    assert not any("shuffle" in row.layer for row in cost_of("shufflenet_v1(groups=1)").layers)


def test_1_5_times_the_width_with_36_maps_in_conv1_would_not_be_the_292_m_of_table_5():
    """Twelve more in conv1, in the convolution that reads them, and so many fewer new maps beside the pooled ones."""
    more = 12 * (112 * 112 * 27 + 56 * 56 * 90 - 28 * 28 * 90 // 3)
    counted = cost_of("shufflenet_v1(width=1.5)").macs
    assert [round(macs / 1e6) for macs in (counted, counted + more)] == [292, 300]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("width=0.75", "width 0.75 is none of 0.25, 0.5, 1, 1.5, 2"),
        ("width=0.5, groups=2", "at width 0.5 the maps of stage 2 do not divide into 2 groups"),
        ("width=1.5, groups=4", "at width 1.5 the maps of stage 2 do not divide into 4 groups"),
        ("width=0.25, groups=8", "at width 0.25 the maps of stage 2 do not divide into 8 groups"),
        ("groups=5", "groups: 5 is none of 1, 2, 3, 4, 8"),
    ],
)
def test_what_has_no_such_groups_is_refused(arguments, says):
    with pytest.raises(SourceError, match=says):
        build_on_meta(find(f"shufflenet_v1({arguments})"))


def test_a_width_may_be_a_whole_number():
    assert cost_of("shufflenet_v1(width=1)").macs == cost_of("shufflenet_v1").macs
