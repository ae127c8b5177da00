"""How a receptive field grows down to a layer."""

from fractions import Fraction

import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.records import ReceptiveField
from archstat.report.layer_pictures.growth import GrowthStep, condensed, field_growth


def growth(network, layer):
    explained = network.explanations()
    row = max(place for place, each in enumerate(explained) if each.row.layer == layer)
    return field_growth(network, explained, row)


def test_of_vgg16_every_convolution_and_every_pool_adds_to_it():
    steps = growth(analyse("vgg16", Setting()), "conv5_3")
    assert [step.field.size[0] for step in steps] == [
        *(3, 5, 6),
        *(10, 14, 16),
        *(24, 32, 40, 44),
        *(60, 76, 92, 100),
        *(132, 164, 196),
    ]
    assert [step.name for step in steps[:4]] == ["conv1_1", "conv1_2", "pool1", "conv2_1"]


def test_where_branches_join_the_way_of_the_largest_field_is_told():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.small, self.large = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 5, padding=2)
            self.last = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x):
            return self.last(self.large(x) + self.small(x))

    steps = growth(analyse_model(Branches(), torch.empty(1, 3, 9, 9)), "last")
    assert [(step.name, step.field.size[0]) for step in steps] == [("large", 5), ("last", 7)]


def test_a_layer_that_runs_again_is_a_step_each_time():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.Conv2d(2, 2, 3, padding=1)

        def forward(self, x):
            return self.cell(self.cell(self.cell(x)))

    steps = growth(analyse_model(Loop(), torch.empty(1, 2, 9, 9)), "cell")
    assert [(step.name, step.field.size[0]) for step in steps] == [("cell", 3), ("cell (2)", 5), ("cell (3)", 7)]


def step(name, size):
    return GrowthStep(name, ReceptiveField((size,), (Fraction(1),), (Fraction(0),)))


def test_too_many_steps_become_those_of_their_modules():
    steps = [step(f"stage{stage}.{layer}", 10 * stage + layer) for stage in (1, 2, 3) for layer in range(9)]
    assert [(each.name, each.field.size[0]) for each in condensed(steps, 20)] == [
        ("stage1", 18),
        ("stage2", 28),
        ("stage3", 38),
    ]
    assert condensed(steps[:9], 20) == steps[:9]


def test_steps_that_no_module_holds_are_thinned_out_and_the_last_one_stays():
    steps = [step(f"conv{place}", place) for place in range(100)]
    kept = condensed(steps, 20)
    assert len(kept) == 20
    assert (kept[0], kept[-1]) == (steps[0], steps[-1])
