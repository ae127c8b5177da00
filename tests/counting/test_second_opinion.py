"""Two other counters on every architecture: each difference has a name, and nothing is left over."""

import pytest
import torch
from torch import nn

from archstat.counting import second_opinion
from archstat.registry import architectures
from archstat.sources import MetaConstruction


@pytest.mark.parametrize("name", architectures.all())
def test_torchs_own_counter_agrees_on(name):
    entry = architectures.get(name)
    with MetaConstruction():
        model = entry.build()

    opinion = second_opinion.flop_counter_mode(model.to("meta"), torch.empty(1, *entry.input_shape, device="meta"))

    assert opinion.total == opinion.macs
    assert opinion.differences == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", architectures.all())
def test_fvcore_agrees_but_for_named_rules_on(name):
    entry = architectures.get(name)
    with MetaConstruction():
        model = entry.build()
    model = model.to_empty(device="cpu")
    for buffer in model.buffers():
        buffer.zero_()

    opinion = second_opinion.fvcore(model, torch.zeros(1, *entry.input_shape))

    assert opinion.unexplained == 0, opinion


def test_what_fvcore_adds_for_batch_norm_is_named():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))

    opinion = second_opinion.fvcore(model, torch.zeros(1, 3, 5, 5))

    assert opinion.macs == 4 * 3 * 3 * 3 * 3 * 3
    assert opinion.differences == {"batch norm counts 2 an element": 2 * 4 * 3 * 3}


def test_a_difference_without_a_rule_is_left_over(monkeypatch):
    monkeypatch.delitem(second_opinion.FVCORE, "batch_norm")
    model = nn.BatchNorm2d(4)

    assert second_opinion.fvcore(model, torch.zeros(1, 4, 5, 5)).unexplained == 2 * 4 * 5 * 5


def test_fused_attention_is_missing_from_fvcore():
    class Attention(nn.Module):
        def forward(self, x):
            return nn.functional.scaled_dot_product_attention(x, x, x)

    opinion = second_opinion.fvcore(Attention(), torch.zeros(1, 2, 5, 8))

    assert opinion.macs == 2 * 5 * 5 * (8 + 8)
    assert (opinion.total, opinion.unexplained) == (0, 0)
