"""ResNet, against its own structure."""

import pytest

from tests.architectures.support import cost_of


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_moving_a_stride_costs_the_same_whatever_the_depth(depth):
    """Three 1x1 convolutions of a stage's first block see four times as many pixels; the 3x3 sees as many as before."""
    moved = [3 * 784 * 256 * 128, 3 * 196 * 512 * 256, 3 * 49 * 1024 * 512]
    assert cost_of(f"resnet{depth}_v1_5").macs - cost_of(f"resnet{depth}").macs == sum(moved)


@pytest.mark.parametrize("layers", [20, 32, 44, 56, 110])
def test_a_resnet_for_cifar_has_6n_plus_2_layers(layers):
    weighted = [row for row in cost_of(f"resnet{layers}").layers if row.macs]
    assert len(weighted) == layers


@pytest.mark.parametrize(("plain", "residual"), [("plain20", "resnet20"), ("plain56", "resnet56")])
def test_shortcuts_of_option_a_are_free_but_for_their_additions(plain, residual):
    a, b = cost_of(plain), cost_of(residual)
    assert (a.parameters, a.macs) == (b.parameters, b.macs)
    assert b.other_flops - a.other_flops == sum(op.other_flops for op in b.ops if op.op == "add") > 0
