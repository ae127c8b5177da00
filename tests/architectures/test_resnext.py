"""ResNeXt, against the arithmetic of its paper."""

import pytest

from tests.architectures.support import cost_of


def weights(name, block):
    """Of the three convolutions of a block."""
    model = {row.layer: row.parameters for row in cost_of(name).layers}
    return sum(model[f"{block}.residual.conv{number}"] for number in (1, 2, 3))


def test_a_block_has_the_weights_of_equation_4():
    assert weights("resnext50_32x4d", "conv2_x.conv2_2") == 32 * (256 * 4 + 3 * 3 * 4 * 4 + 4 * 256) == 70_144
    assert weights("resnet50", "conv2_x.conv2_2") == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256 == 69_632
    assert weights("resnext101_64x4d", "conv2_x.conv2_2") == 2 * 70_144


@pytest.mark.parametrize(("name", "inner"), [("resnext50_32x4d", 128), ("resnext101_64x4d", 256)])
def test_every_stage_has_as_many_groups_of_twice_the_width(name, inner):
    groups = int(name.rpartition("_")[2].partition("x")[0])
    parameters = {row.layer: row.parameters for row in cost_of(name).layers}
    for stage in (2, 3, 4, 5):
        width = inner * 2 ** (stage - 2)
        assert parameters[f"conv{stage}_x.conv{stage}_2.residual.conv2"] == 9 * width * width // groups


@pytest.mark.parametrize(
    ("name", "printed"), [("resnext50_32x4d", 132), ("resnext101_32x4d", 197), ("resnext101_64x4d", 273)]
)
def test_the_activations_take_the_memory_that_convnet_burden_lists(name, printed):
    assert round(cost_of(name).activation_bytes / 2**20) == printed
