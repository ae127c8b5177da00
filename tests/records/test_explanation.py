"""The sums of a network, as a tuple that is readable."""

import copy
import json
import pickle

import msgspec
import pytest
import torch
from torch import nn

import archstat
from archstat.errors import UnknownNameError
from archstat.records import Explanations


@pytest.fixture(scope="module")
def lenet5():
    return archstat.explain("lenet5")


def test_explanations_are_a_tuple_as_before(lenet5):
    assert isinstance(lenet5, tuple)
    assert len(lenet5) == len(archstat.count("lenet5").layers)
    first, *rest = lenet5
    assert (first, *rest) == lenet5 == tuple(lenet5)
    assert lenet5[0] == first
    assert type(lenet5[1:3]) is tuple
    assert {lenet5: 1}[tuple(lenet5)] == 1


def test_explanations_are_told_in_three_lines(lenet5):
    steps = sum(len(each.steps) for each in lenet5)
    assert repr(lenet5).splitlines() == [
        "lenet5 · input 1×1×32×32 · float32",
        f"{steps} sums behind {len(lenet5)} rows · output size, parameters, MACs, activations, receptive field",
        ".table() has all of them, .layer('c1') those of one layer",
    ]


def test_one_explanation_tells_its_sums(lenet5):
    title, sums, output = repr(lenet5[0]).splitlines()
    assert (title, output) == ("c1 · Conv2d 1→6 5×5", "Output 1×6×28×28")
    assert sums.startswith("output size (32 − 5 + 2·0)/1 + 1 = 28 · parameters (5·5·1 + 1)·6 = 156 · MACs 28·28·6 · ")
    assert sums.endswith(" · 5·5·1 = 117,600 · activations 28·28·6 = 4,704 · receptive field 1 + (5 − 1)·1 = 5")


def test_what_has_no_sums_says_so():
    free, linear = archstat.explain(nn.Sequential(nn.Flatten(), nn.Linear(4, 1)), torch.empty(1, 4))
    assert repr(free).splitlines()[:2] == ["0 · Flatten", "no sums"]
    assert "activations 1" in repr(linear)
    assert "= 1 " not in repr(linear).partition("activations")[2]
    (alone,) = archstat.explain(nn.ReLU(), torch.empty(1, 3))
    assert repr(alone).splitlines()[0] == "the network itself · ReLU"
    assert repr(archstat.explain(nn.ReLU(), torch.empty(1, 3))).splitlines()[1:] == [
        "1 sum behind 1 row · activations",
        ".table() has all of them",
    ]


def test_the_sums_of_a_layer_are_explanations_too(lenet5):
    maps = lenet5.layer("c3.*")
    assert [each.row.layer for each in maps] == ["c3.three", "c3.four", "c3.six"]
    assert lenet5.layer("c3")[: len(maps)] == tuple(maps)
    assert isinstance(maps, Explanations)
    assert maps.cost is lenet5.cost
    with pytest.raises(UnknownNameError, match=r"No layer is named 'c33'. Did you mean 'c3'\?"):
        lenet5.layer("c33")


def test_sums_are_a_table_in_every_format(lenet5):
    first = lenet5.layer("c1")
    assert "parameters       (5·5·1 + 1)·6 = 156\n" in first.table()
    assert [row["result"] for row in json.loads(first.table("json"))] == [28, 156, 117600, 4704, 5]
    assert first.table("csv").splitlines()[2] == "c1,Conv2d 1→6 5×5,parameters,(5·5·1 + 1)·6,156,"
    assert "| c1 | Conv2d 1→6 5×5 | parameters |" in first.table("markdown")
    assert "tabular" in first.table("latex")
    with pytest.raises(UnknownNameError, match="No format is named 'html'"):
        first.table("html")


def test_a_copy_keeps_the_cost(lenet5):
    for copied in (copy.copy(lenet5), copy.deepcopy(lenet5), pickle.loads(pickle.dumps(lenet5))):  # noqa: S301 - ours
        assert copied == lenet5
        assert copied.cost == lenet5.cost


def test_what_steers_a_terminal_is_shown_as_its_code():
    net = nn.Sequential()
    net.add_module("\x1b[2J", nn.Linear(2, 9))
    net.add_module("last", nn.Linear(9, 1))
    explained = archstat.explain(net, torch.empty(1, 2))
    memory = msgspec.structs.replace(archstat.memory("lenet5"), peak_layer="\x1b[2J")
    for shown in (repr(explained), repr(explained[0]), repr(memory)):
        assert "\x1b" not in shown
        assert "\\x1b[2J" in shown
