"""Pre-activation ResNet, against its own structure."""

import pytest
import torch
from torch import nn

from archstat.architectures.preact_resnet import basic, unit
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of


@pytest.mark.parametrize(("layers", "projections"), [(110, 2), (164, 3), (1001, 3), (200, 4)])
def test_a_preact_resnet_has_the_layers_of_its_name_and_its_projections(layers, projections):
    weighted = [row for row in cost_of(f"preact_resnet{layers}").layers if row.macs]
    assert len(weighted) == layers + projections
    assert sum("shortcut" in row.layer for row in weighted) == projections


def test_preact_resnet110_is_resnet110_with_two_projections_without_batch_normalization():
    ours, theirs = cost_of("preact_resnet110"), cost_of("resnet110")
    assert ours.parameters - theirs.parameters == 16 * 32 + 32 * 64
    assert ours.macs - theirs.macs == 16 * 16 * 16 * 32 + 8 * 8 * 32 * 64


def test_most_units_hand_on_their_input_as_it_is():
    made, x = unit(basic, 16, 16, 1).eval(), torch.randn(2, 16, 8, 8)
    nn.init.zeros_(made.residual.conv2.weight)
    assert torch.equal(made(x), x)


def test_a_unit_that_changes_dimensions_projects_the_activated_input():
    made, x = unit(basic, 16, 32, 2).eval(), torch.randn(2, 16, 8, 8)
    nn.init.zeros_(made.sum.residual.conv2.weight)
    projected = nn.functional.conv2d(made.relu1(made.bn1(x)), made.sum.shortcut.weight, stride=2)
    assert torch.allclose(made(x), projected, atol=1e-6)


def test_the_weights_of_resnet1001_are_the_10_2_m_of_the_paper():
    model = build_on_meta(find("preact_resnet1001"))
    weights = [p.numel() for p in model.parameters() if p.dim() > 1]
    assert sum(weights) + model.fc.bias.numel() == 10_178_490
