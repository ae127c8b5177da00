"""Equal blocks as one: rows add up as before, and nothing that differs is put together."""

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archstat
from archstat.records import LayerCost
from archstat.tables import layer_table
from archstat.tables.folding import FEWEST_BLOCKS, folded

AMOUNTS = ("parameters", "weights", "buffers", "macs", "other_flops", "activations", "activation_bytes")


def row(layer, macs=1, kind="Linear", call=1):
    return LayerCost(layer, kind, "", call, (1, 2), 3, 3, 2, 0, macs, 0, 2, 8)


def paths(rows):
    return [each.row.layer for each in folded(rows)]


def test_equal_blocks_are_one():
    rows = [row("stem"), *(row(f"layers.{n}.{part}") for n in range(5) for part in "ab"), row("head")]
    assert paths(rows) == ["stem", "layers.0–4.a", "layers.0–4.b", "head"]
    assert [each.row.kind for each in folded(rows)][1] == "5 × Linear"
    assert folded(rows)[1].members == (1, 3, 5, 7, 9)
    assert folded(rows)[1].row.macs == 5


def test_few_are_shown_one_by_one():
    rows = [row(f"layers.{n}") for n in range(FEWEST_BLOCKS - 1)]
    assert paths(rows) == [each.layer for each in rows]


@pytest.mark.parametrize(
    "other", [row("layers.3", macs=2), row("layers.3", kind="Conv2d"), row("layers.3", call=2), row("layers.7")]
)
def test_what_differs_is_not_put_together(other):
    rows = [*(row(f"layers.{n}") for n in range(3)), other]
    assert paths(rows) == [each.layer for each in rows]


def test_the_first_block_may_differ():
    rows = [row("layers.0", macs=9), *(row(f"layers.{n}") for n in range(1, 7))]
    assert paths(rows) == ["layers.0", "layers.1–6"]


def test_what_comes_between_keeps_them_apart():
    rows = [each for n in range(5) for each in (row(f"layers.{n}"), row("layers", kind="add"))]
    assert len(folded(rows)) == len(rows)


def test_the_outermost_blocks_come_first():
    rows = [row(f"stages.{s}.layers.{n}") for s in range(4) for n in range(4)]
    assert paths(rows) == ["stages.0–3.layers.0", *(f"stages.0–3.layers.{n}" for n in (1, 2, 3))]


def test_blocks_inside_of_unlike_ones_are_one():
    rows = [row(f"stages.{s}.layers.{n}", macs=s) for s in range(2) for n in range(6)]
    assert paths(rows) == ["stages.0.layers.0–5", "stages.1.layers.0–5"]


ROWS = st.lists(
    st.builds(
        row,
        st.lists(st.sampled_from(["a", "0", "1", "2", "3", "4"]), min_size=1, max_size=3).map(".".join),
        st.integers(0, 1),
    ),
    max_size=24,
)


@given(ROWS)
def test_every_row_is_in_one_and_all_add_up(rows):
    found = folded(rows)
    assert sorted(place for each in found for place in each.members) == list(range(len(rows)))
    for name in AMOUNTS:
        assert sum(getattr(each.row, name) for each in found) == sum(getattr(each, name) for each in rows)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(8), nn.Linear(8, 8)

    def forward(self, x):
        return x + self.fc(self.norm(x))


def test_a_table_folds_and_unfolds_to_the_same_sums():
    cost = archstat.count(nn.Sequential(*(Block() for _ in range(6)), nn.Linear(8, 2)), torch.zeros(1, 4, 8))
    short, long = layer_table(cost, folds=True), layer_table(cost)
    assert len(short.rows) == 4
    assert len(long.rows) == len(cost.layers) == 19
    for place in range(3, 8):
        assert sum(row[place] for row in short.rows) == sum(row[place] for row in long.rows)
    assert short.notes[-1] == "Equal blocks are shown as one, with what all of them come to."
    assert layer_table(cost, folds=True, sort="macs").rows == layer_table(cost, sort="macs").rows
    assert layer_table(cost, folds=True, depth=1).rows == layer_table(cost, depth=1).rows


def test_a_convention_is_folded_too():
    network = archstat.count("lenet5")
    assert layer_table(network, folds=True) == layer_table(network), "nothing is equal in it"
    layers = tuple(msgspec.structs.replace(network.layers[0], layer=f"b.{n}") for n in range(4))
    cost = msgspec.structs.replace(network, layers=layers)
    tally = archstat.records.Tally("conv", 0, rows=(1, 2, 3, 4))
    assert [row[-1] for row in layer_table(cost, tally=tally, folds=True).rows] == [10]
