"""SqueezeNet, against Table 1 of its paper and its two traps."""

import pytest

from archstat.analysis.inference import Setting, count_source
from tests.architectures.support import by_stage, cost_of

# Table 1: the number of parameters before pruning.
TABLE_1 = {
    "conv1": 14_208,
    "fire2": 11_920,
    "fire3": 12_432,
    "fire4": 45_344,
    "fire5": 49_440,
    "fire6": 104_880,
    "fire7": 111_024,
    "fire8": 188_992,
    "fire9": 197_184,
    "conv10": 513_000,
}


def test_squeezenet_has_the_rows_of_table_1():
    found = by_stage("squeezenet1_0", "parameters")
    assert {row: parameters for row, parameters in found.items() if parameters} == TABLE_1
    assert sum(TABLE_1.values()) == 1_248_424


@pytest.mark.parametrize(
    ("resolution", "heights"),
    [(227, {"conv1": 111, "maxpool1": 55, "maxpool4": 27, "maxpool8": 13}), (224, {"conv1": 109, "maxpool1": 54})],
)
def test_the_sizes_of_table_1_take_227_pixels(resolution, heights):
    cost = count_source("squeezenet1_0", Setting(resolution=resolution))
    shapes = {row.layer: row.output_shape for row in cost.layers}
    assert {layer: shapes[layer][-1] for layer in heights} == heights


def test_1700_m_is_two_for_each_mac_of_a_padded_conv10():
    padded = cost_of("squeezenet1_0").macs + (15**2 - 13**2) * 512 * 1000
    assert padded == 861_339_936
    assert round(2 * padded, -8) == 1_700_000_000


def test_version_1_1_costs_less_than_half_and_has_nearly_the_same_parameters():
    first, second = cost_of("squeezenet1_0"), cost_of("squeezenet1_1")
    assert 2 < first.macs / second.macs < 2.4
    assert first.parameters - second.parameters == (49 * 3 * 96 + 96 + 96 * 16) - (9 * 3 * 64 + 64 + 64 * 16)


def test_a_fire_module_squeezes_before_it_expands():
    details = {row.layer: row.detail for row in cost_of("squeezenet1_0").layers}
    assert details["fire2.squeeze1x1"] == "96→16 1×1"
    assert details["fire2.expand1x1"] == "16→64 1×1"
    assert details["fire2.expand3x3"] == "16→64 3×3"
    assert details["fire3.squeeze1x1"] == "128→16 1×1"
