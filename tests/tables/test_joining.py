"""Counted and measured rows, put together: each once, whatever was measured."""

import functools

import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.records import LayerCost
from archstat.tables.joining import joined
from tests.measured import time
from tests.support import Calls

analysed = functools.cache(lambda name: analyse(name, Setting()))
NAMES = (
    "lenet5 alexnet vgg16 googlenet resnet18 resnet50 densenet121 se_resnet50 mobilenet_v3_large shufflenet_v2 "
    "squeezenet1_1 efficientnet_b0"
).split()


def row(layer, kind="Conv2d", call=1, macs=1):
    """A counted row."""
    names = LayerCost.__struct_fields__[5:-1]
    amounts = {**dict.fromkeys(names, 0), "macs": macs}
    return LayerCost(layer, kind, "", call, (1,), **amounts, is_layer=kind[:1].isupper())


def as_measured(analysis, seconds=lambda number: 0.001 * (number + 1)):
    """A time for each run of each module of a trace, as hooks would give them."""
    runs, made = {}, []
    for number, call in enumerate(analysis.trace.calls):
        layer = analysis.trace.layers[call.layer]
        runs[call.layer] = runs.get(call.layer, 0) + 1
        made.append(time(layer.path, seconds(number), kind=layer.kind, call=runs[call.layer], is_leaf=layer.is_leaf))
    return made


def places(rows, *measured):
    """What stands together: the path, the counted macs and the measured time."""
    found = joined(rows, [0] * len(rows), measured)
    return [(place.layer, place.macs, place.time_s) for place in found]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_that_ran_and_every_time_stands_in_one_place(name):
    analysis = analysed(name)
    measured = as_measured(analysis)
    found = joined(analysis.cost.layers, analysis.traffic(), measured)
    counted = [row for place in found for row in place.counted]
    assert sorted(map(repr, counted)) == sorted(repr(row) for row in analysis.cost.layers if row.call)
    assert sorted(map(repr, (each for place in found for each in place.measured))) == sorted(map(repr, measured))
    assert sum(place.macs for place in found) == analysis.cost.macs
    assert sum(place.flops for place in found) == analysis.cost.flops
    assert sum(place.nbytes for place in found) == sum(analysis.traffic())
    assert sum(place.time_s or 0 for place in found) == pytest.approx(sum(each.time_s for each in measured))


@pytest.mark.parametrize("name", NAMES)
def test_every_counted_place_has_a_time_of_that_layer(name):
    analysis = analysed(name)
    for place in joined(analysis.cost.layers, analysis.traffic(), as_measured(analysis)):
        assert place.measured
        assert {each.layer for each in place.measured} == {place.layer}
        assert {each.layer for each in place.counted} <= {place.layer}


@pytest.mark.parametrize("name", NAMES)
def test_counted_places_are_in_the_order_of_execution(name):
    analysis = analysed(name)
    found = joined(analysis.cost.layers, analysis.traffic(), as_measured(analysis))
    firsts = [analysis.cost.layers.index(place.counted[0]) for place in found if place.counted]
    assert firsts == sorted(firsts)
    assert not any(place.counted for place in found[len(firsts) :])


def test_the_ops_of_a_larger_layer_stand_together_with_its_own_time():
    rows = [row("a.conv"), row("a", "add", 1, 2), row("a.relu"), row("a", "add", 2, 3), row("a", "mul", 1, 4)]
    own = time("a", 5.0, kind="Block", is_leaf=False)
    found = joined(rows, [1, 20, 3, 40, 50], [own, time("a.conv", 1.0), time("a.relu", 2.0)])
    assert [(place.layer, place.macs, place.nbytes, place.time_s) for place in found] == [
        ("a.conv", 1, 1, 1.0),
        ("a", 9, 110, 5.0),
        ("a.relu", 1, 3, 2.0),
    ]
    assert found[1].kind == "add, mul"


def test_the_runs_of_a_larger_layer_are_added_up_and_those_of_a_single_one_are_not():
    rows = [row("a.f", call=1), row("a", "add", 1), row("a.f", call=2), row("a", "add", 2)]
    measured = [
        time("a", 1.0, is_leaf=False),
        time("a.f", 2.0),
        time("a", 3.0, call=2, is_leaf=False),
        time("a.f", 4.0, call=2),
    ]
    assert places(rows, *measured) == [("a.f", 1, 2.0), ("a", 2, 4.0), ("a.f", 1, 4.0)]


def test_a_layer_that_was_not_measured_stands_with_the_layer_around_it():
    rows = [row("a.b.conv"), row("a", "add")]
    assert places(rows, time("a", 3.0, is_leaf=False)) == [("a", 2, 3.0)]


def test_a_layer_that_was_measured_less_often_than_counted_stands_with_the_layer_around_it():
    rows = [row("a.conv", call=1), row("a.conv", call=2), row("a.relu")]
    measured = [time("a", 1.0, is_leaf=False), time("a.conv", 2.0), time("a.relu", 4.0)]
    assert places(rows, *measured) == [("a", 2, 3.0), ("a.relu", 1, 4.0)]


def test_modules_within_what_was_counted_as_one_row_stand_together():
    rows = [row("attention", "MultiheadAttention", macs=7)]
    measured = [time("attention", 1.0, is_leaf=False), time("attention.out_proj", 2.0)]
    assert places(rows, *measured) == [("attention", 7, 3.0)]


def test_a_layer_that_has_no_measured_layer_around_it_has_no_time():
    assert places([row("a.conv"), row("b")], time("b", 1.0)) == [("a.conv", 1, None), ("b", 1, 1.0)]


def test_a_layer_that_never_ran_has_no_place():
    assert places([row("spare", call=0), row("a")], time("a", 1.0)) == [("a", 1, 1.0)]


def test_what_has_no_count_stands_at_the_end_under_its_class():
    found = joined([row("a.conv")], [0], [time("a", 2.0, kind="Sequential", is_leaf=False), time("a.conv", 1.0)])
    assert [(place.layer, place.kind, place.counted) for place in found[1:]] == [("a", "Sequential", ())]


def test_many_ops_are_numbered():
    rows = [row("", kind) for kind in ("add", "mul", "exp", "sub")]
    (place,) = joined(rows, [0] * 4, [time("", 1.0, kind="Net", is_leaf=False)])
    assert place.kind == "4 ops"


def test_a_place_can_be_told_if_the_largest_part_of_it_can():
    parts = [time("a", 1.0, is_leaf=False), time("a.b", 2.0, is_resolved=False)]
    (long,) = joined([row("a", "add")], [0], parts)
    assert not long.is_resolved
    (short,) = joined([row("a", "add")], [0], [time("a", 3.0, is_leaf=False), parts[1]])
    assert short.is_resolved


def test_a_class_in_small_letters_is_a_layer_and_no_op():
    swish = type("swish", (nn.Module,), {"forward": lambda _, x: x * x.sigmoid()})
    analysis = analyse_model(nn.Sequential(swish(), nn.ReLU()), torch.ones(4))
    found = joined(analysis.cost.layers, analysis.traffic(), as_measured(analysis))
    assert [(place.layer, place.kind, len(place.measured)) for place in found] == [
        ("0", "swish", 1),
        ("1", "ReLU", 1),
        ("", "Sequential", 1),
    ]


def test_multi_head_attention_stands_in_one_row_with_its_own_time():
    attention = nn.MultiheadAttention(8, 2)
    net = Calls(lambda x: net.attention(x, x, x)[0], attention=attention)
    analysis = analyse_model(net, torch.ones(4, 1, 8))
    found = joined(analysis.cost.layers, analysis.traffic(), as_measured(analysis))
    assert [(place.layer, bool(place.counted)) for place in found] == [("attention", True), ("", False)]
    assert found[0].macs == analysis.cost.macs > 0
