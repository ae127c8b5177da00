"""A network as its parts: the sums of the blocks, which rows are one part, and names that are hostile."""

import msgspec
import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse_model
from archstat.analysis.network import Saved
from archstat.errors import DataError
from archstat.report.charts.icicle import icicle, tree
from archstat.report.drawing import theme
from archstat.report.material import Subject
from tests.report.charts.support import layout_of, network, small, subject
from tests.report.test_page import contrast
from tests.support import Calls


def paths_of(view):
    """The names of the parts, each behind those of the parts that it stands in."""
    trace = view.figure.data[0]
    paths = {"": ()}
    for part, around, label in zip(trace.ids, trace.parents, trace.labels, strict=True):
        paths[part] = (*paths[around], label)
    return ["/".join(path[1:]) for path in list(paths.values())[1:]]


def values_of(view):
    """The value of each part."""
    return dict(zip(paths_of(view), view.figure.data[0].values, strict=True))


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet152", "densenet121"])
def test_a_block_is_the_sum_of_what_is_in_it_and_the_whole_is_the_network(name):
    cost = network(name).cost
    macs, parameters, memory = icicle(subject(name)).views
    for view, key in ((macs, "macs"), (parameters, "parameters"), (memory, "activation_bytes")):
        trace = view.figure.data[0]
        assert trace.values[0] == getattr(cost, key)
        sums = {}
        for around, value in zip(trace.parents, trace.values, strict=True):
            sums[around] = sums.get(around, 0) + value
        assert all(sums.get(part, value) == value for part, value in zip(trace.ids, trace.values, strict=True))
        assert sums[""] == trace.values[0]
        assert len(sums) > 2


def test_rows_without_a_value_are_left_out():
    assert set(values_of(icicle(Subject(small())).views[0])) == {"", "0", "3"}


def test_what_a_block_runs_itself_is_a_part_of_its_own():
    block = Calls(lambda x: block.inner(x) + x, inner=nn.Conv2d(2, 2, 1))
    view = icicle(Subject(analyse_model(nn.Sequential(block), torch.ones(1, 2, 4, 4)))).views[2]
    assert values_of(view) == {"": 256, "0": 256, "0/inner": 128, "0/add": 128}


def test_the_runs_of_a_layer_are_one_part():
    again = Calls(lambda x: again.conv(again.conv(x)), conv=nn.Conv2d(2, 2, 1))
    view = icicle(Subject(analyse_model(again, torch.ones(1, 2, 4, 4)))).views[0]
    assert values_of(view)["conv"] == 2 * 2 * 2 * 16


def test_parts_stand_in_the_order_of_execution():
    paths = [node.path for node in tree(network("alexnet").cost.layers, "alexnet")]
    assert paths[:4] == ["", "conv1", "relu1", "norm1"]
    assert not icicle(subject("alexnet")).views[0].figure.data[0].sort


def test_the_hover_has_the_share_of_the_network_and_of_the_block():
    view = icicle(subject("googlenet")).views[0]
    trace = view.figure.data[0]
    hover = trace.hovertext[paths_of(view).index("inception_3a/conv_3x3")]
    conv, block = 28 * 28 * 128 * 96 * 9, 28 * 28 * (192 * (64 + 96 + 16 + 32) + 128 * 96 * 9 + 32 * 16 * 25)
    assert "MACs: <b>86.70 M</b>" in hover
    assert f"of inception_3a: <b>{100 * conv / block:.1f} %</b>" in hover
    assert "of the network: <b>5.5 %</b>" in hover


def test_a_deep_network_shows_three_levels_at_first_and_is_no_higher_than_a_screen():
    view = icicle(subject("resnet152")).views[0]
    assert view.figure.data[0].maxdepth == 3
    assert layout_of(view)["height"] < 720


def test_hostile_names_come_out_escaped_and_cut():
    rows = tuple(
        msgspec.structs.replace(row, layer=f"<script>{'x' * 10_000}.{row.layer}", kind="<b>Conv2d")
        for row in small().cost.layers
    )
    trace = icicle(Subject(Saved(msgspec.structs.replace(small().cost, layers=rows)))).views[0].figure.data[0]
    told = [*trace.labels, *trace.hovertext, *trace.ids]
    assert not any("<script" in text or "<b>Conv" in text for text in told)
    assert max(map(len, told)) < 500


def test_a_network_that_costs_nothing_has_no_parts():
    rows = tuple(msgspec.structs.replace(row, parameters=0, macs=0, activation_bytes=0) for row in small().cost.layers)
    with pytest.raises(DataError, match="has no layer that costs anything"):
        icicle(Subject(Saved(msgspec.structs.replace(small().cost, layers=rows))))


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["Conv2d", "Linear", "BatchNorm2d", "MaxPool2d", "LSTM", "ReLU", "add"])
def test_a_name_is_readable_on_the_colour_of_its_layer(scheme, kind):
    colour = theme.sort_of(kind)[1]
    assert contrast(scheme[colour[6:-1]], scheme["paper"]) > 4.5


def test_a_block_of_a_single_part_is_called_by_both_names():
    chain = nn.Sequential(nn.Sequential(nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU())), nn.Conv2d(2, 4, 1))
    macs, _, memory = icicle(Subject(analyse_model(chain, torch.ones(1, 2, 4, 4)))).views
    assert values_of(macs) == {"": 64 + 128, "0.0.0": 64, "1": 128}
    assert values_of(memory) == {"": 512, "0.0": 256, "0.0/0": 128, "0.0/1": 128, "1": 256}
