"""FractalNet, against the arithmetic of its expansion rule."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from archstat.architectures import fractalnet
from tests.architectures.support import cost_of


class PlusOne(nn.Module):
    """Stands for a convolution: adds up how many there are on a path."""

    def forward(self, x):
        return x + 1


@pytest.fixture
def counting(monkeypatch):
    """Fractals whose layers count themselves."""
    monkeypatch.setattr(fractalnet, "layer", lambda *_: PlusOne())


@pytest.mark.usefixtures("counting")
@pytest.mark.parametrize(
    ("columns", "mean"), [(1, 1), (2, (1 + 2) / 2), (3, (1 + (1.5 + 1) + (1.5 + 2)) / 3)], ids=["f_1", "f_2", "f_3"]
)
def test_a_join_is_the_mean_of_all_paths_that_meet_there(columns, mean):
    """Joins of two at a time would give (1 + 2 · 1.5) / 2 = 2 for f_3."""
    assert fractalnet.fractal(columns, 3, 3)(torch.zeros(1)).item() == pytest.approx(mean)


@pytest.mark.usefixtures("counting")
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 6])
def test_the_longest_path_doubles_with_each_column(columns, monkeypatch):
    monkeypatch.setattr(fractalnet.Join, "forward", lambda _, paths: max(paths))
    block = fractalnet.fractal(columns, 3, 3)
    assert block(torch.zeros(1)).item() == 2 ** (columns - 1)
    assert sum(isinstance(layer, PlusOne) for layer in block.modules()) == 2**columns - 1


def test_fractalnet_costs_the_sum_of_its_convolutions():
    """Of the 7 convolutions of a block, the first of each of the 3 columns sees the maps of the block before."""
    parameters, macs, pixels = 512 * 10 + 10, 512 * 10, 32 * 32
    for before, after in pairwise((3, 64, 128, 256, 512, 512)):
        weights = 3 * 9 * before * after + 4 * 9 * after * after
        parameters += weights + 7 * after
        macs += pixels * weights
        pixels //= 4
    assert (cost_of("fractalnet").parameters, cost_of("fractalnet").macs) == (parameters, macs)
    assert (parameters, macs) == (33_714_314, 845_222_912)


def test_each_block_ends_in_one_join_of_three_paths():
    cost = cost_of("fractalnet")
    joins = [row for row in cost.layers if row.layer.endswith("join")]
    assert len(joins) == 5 * 2
    assert [row.other_flops for row in joins if row.layer.startswith("block1.")] == [2 * 64 * 1024, 3 * 64 * 1024]


def test_it_runs_for_real_and_gives_a_score_for_each_class():
    network = fractalnet.fractalnet(classes=100, columns=4, width=16).eval()
    with torch.inference_mode():
        scores = network(torch.ones(2, 3, 32, 32))
    assert scores.shape == (2, 100)
    assert scores.isfinite().all()
