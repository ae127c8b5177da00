"""Stochastic depth: blocks are skipped while training, and scaled at test."""

import pytest
import torch
from torch import nn

from archstat.architectures.stochastic_depth import StochasticBlock, resnet110_sd, survivals
from tests.architectures.support import cost_of


def blocks_of(network):
    """Its 54 blocks."""
    return [layer for layer in network.modules() if isinstance(layer, StochasticBlock)]


def blocks_run(network, seed):
    """The blocks whose residual one forward pass runs."""
    run = []
    hooks = [
        b.residual.register_forward_hook(lambda *_, at=at: run.append(at)) for at, b in enumerate(blocks_of(network))
    ]
    torch.manual_seed(seed)
    network(torch.ones(2, 3, 8, 8))
    for hook in hooks:
        hook.remove()
    return run


def test_40_of_54_blocks_run_on_average():
    chances = list(survivals(54, 0.5))
    assert sum(chances) == pytest.approx((3 * 54 - 1) / 4) == pytest.approx(40.25)
    assert chances[0] == pytest.approx(1 - 1 / 108)
    assert chances[-1] == 0.5


def test_blocks_are_skipped_at_random_while_training():
    network = resnet110_sd().train()
    run = [blocks_run(network, seed) for seed in range(8)]
    assert all(len(each) < 54 for each in run)
    assert 36 < sum(map(len, run)) / 8 < 45
    assert len({tuple(each) for each in run}) == 8
    assert blocks_run(network, seed=0) == run[0]


def test_all_blocks_run_at_test_or_with_a_chance_of_1():
    assert blocks_run(resnet110_sd().eval(), seed=0) == list(range(54))
    assert blocks_run(resnet110_sd(survival=1.0).train(), seed=0) == list(range(54))


def test_a_block_scales_its_residual_by_its_chance_at_test():
    block = StochasticBlock(nn.Conv2d(3, 3, 1), None, 0.25).eval()
    x = torch.randn(2, 3, 4, 4)
    assert torch.allclose(block(x), torch.relu(0.25 * block.residual(x) + x))


def test_a_block_does_not_scale_its_residual_while_training():
    block = StochasticBlock(nn.Conv2d(3, 3, 1), None, 1.0).train()
    x = torch.randn(2, 3, 4, 4)
    assert torch.allclose(block(x), torch.relu(block.residual(x) + x))


def test_a_skipped_block_hands_on_its_input_and_gets_no_gradient():
    block = StochasticBlock(nn.Conv2d(3, 3, 1), None, 0.0).train()
    x = torch.rand(2, 3, 4, 4, requires_grad=True)
    y = block(x)
    y.sum().backward()
    assert torch.equal(y, x)
    assert torch.equal(x.grad, torch.ones_like(x))
    assert block.residual.weight.grad is None


def test_a_network_that_skips_blocks_can_be_trained():
    network = resnet110_sd().train()
    torch.manual_seed(0)
    network(torch.randn(2, 3, 8, 8)).sum().backward()
    assert network.conv1.weight.grad.isfinite().all()


def test_at_test_it_costs_resnet110_and_the_scaling_of_its_blocks():
    ours, theirs = cost_of("resnet110_sd"), cost_of("resnet110")
    assert (ours.parameters, ours.macs) == (theirs.parameters, theirs.macs)
    scaling = sum(op.other_flops for op in ours.ops if op.op == "mul")
    pooling = sum(op.other_flops for op in ours.ops if op.op == "avg_pool2d")
    assert scaling == 18 * (16 * 32 * 32 + 32 * 16 * 16 + 64 * 8 * 8)
    assert ours.other_flops - theirs.other_flops == scaling + pooling
