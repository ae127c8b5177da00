"""EfficientNet, against Table 1 of its paper and the laws of its scaling."""

import pytest

from archstat.analysis.inference import Setting, count_source
from tests.architectures.support import cost_of

# Table 1: the resolution that a stage is given, its channels, its layers.
TABLE_1 = {
    "stage1": (224, 32, 1),
    "stage2": (112, 16, 1),
    "stage3": (112, 24, 2),
    "stage4": (56, 40, 2),
    "stage5": (28, 80, 3),
    "stage6": (14, 112, 3),
    "stage7": (14, 192, 4),
    "stage8": (7, 320, 1),
    "stage9": (7, 1280, 1),
}


def rows(name, stage):
    return [row for row in cost_of(name).layers if row.layer.startswith(f"{stage}.")]


@pytest.mark.parametrize("stage", TABLE_1)
def test_b0_has_the_rows_of_table_1(stage):
    number = int(stage.removeprefix("stage"))
    resolution, channels, layers = TABLE_1[stage]
    given = rows("efficientnet_b0", f"stage{number - 1}")[-1].output_shape if number > 1 else (1, 3, 224, 224)
    assert given[2:] == (resolution, resolution)
    assert rows("efficientnet_b0", stage)[-1].output_shape[1] == channels
    blocks = {row.layer.split(".")[1] for row in rows("efficientnet_b0", stage) if ".block" in row.layer}
    assert max(len(blocks), 1) == layers


def test_a_block_squeezes_to_a_quarter_of_the_maps_that_enter_it():
    squeezed = [row.output_shape[1] for row in cost_of("efficientnet_b0").layers if row.layer.endswith("se.fc1")]
    entering = [32, 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192]
    assert squeezed == [maps // 4 for maps in entering]


def test_the_first_block_costs_what_its_layers_cost():
    macs = sum(row.macs for row in rows("efficientnet_b0", "stage2"))
    assert macs == 112 * 112 * (32 * 3 * 3 + 32 * 16) + 2 * 32 * 8


def test_twice_the_resolution_is_four_times_the_convolutions():
    def convolutions(cost):
        return sum(row.macs for row in cost.layers if row.layer.endswith("conv"))

    once, twice = cost_of("efficientnet_b0"), count_source("efficientnet_b0", Setting(resolution=448))
    assert convolutions(twice) == 4 * convolutions(once)
    assert once.macs - convolutions(once) == twice.macs - convolutions(twice) > 0


@pytest.mark.parametrize("number", range(1, 8))
def test_each_network_of_the_family_costs_more_than_the_one_before(number):
    before, after = cost_of(f"efficientnet_b{number - 1}"), cost_of(f"efficientnet_b{number}")
    assert 1.4 < after.macs / before.macs < 2.5
    assert after.parameters > before.parameters
