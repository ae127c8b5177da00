"""The examples of lectures, against the sums on the board."""

import pytest

from archstat.analysis.inference import Setting, count_source
from archstat.networks.settings import InputSpec
from tests.architectures.support import by_stage, cost_of


def weights(name, setting=None):
    """Parameters of convolutions without their biases: a MAC each at every position."""
    return sum(
        row.macs // (row.output_shape[-1] * row.output_shape[-2])
        for row in count_source(name, setting or Setting()).layers
    )


def test_a_convolution_of_5x5_on_32x32_leaves_28x28():
    assert cost_of("filter_5x5").layers[-1].output_shape == (1, 1, 32 - 5 + 1, 32 - 5 + 1)
    assert cost_of("filters_5x5_six").layers[-1].output_shape == (1, 6, 28, 28)
    assert cost_of("filters_5x5_six").macs == 6 * cost_of("filter_5x5").macs


def test_ten_scores_of_an_image_take_3072_weights_each():
    cost = cost_of("linear_32x32")
    assert cost.macs == 10 * 3072
    assert cost.layers[0].output_shape == (1, 32 * 32 * 3)


@pytest.mark.parametrize("channels", [1, 64, 100])
def test_three_3x3_have_27_weights_where_one_7x7_has_49(channels):
    setting = Setting((InputSpec((channels, 9, 9)),))
    assert weights(f"one_7x7(channels={channels})", setting) == 49 * channels**2
    assert weights(f"three_3x3(channels={channels})", setting) == 27 * channels**2


@pytest.mark.parametrize("maps", [1, 64, 512, 4096])
def test_a_separable_convolution_costs_one_in_n_and_one_in_k_squared(maps):
    """And never quite K² = 9 times less."""
    standard, separable = (
        count_source(f"{name}(maps={maps})", Setting()).macs
        for name in ("standard_convolution", "depthwise_separable_convolution")
    )
    assert separable * 9 * maps == standard * (9 + maps)
    assert standard / separable < 9


@pytest.mark.parametrize(
    ("resolution", "macs", "printed"), [(14, 196 * (9 * 384 + 384**2), 29.6e6), (10, 100 * (9 * 384 + 384**2), 15.1e6)]
)
def test_thinner_and_smaller_separable_convolutions_have_the_rows_of_table_3(resolution, macs, printed):
    setting = Setting((InputSpec((384, resolution, resolution)),))
    cost = count_source("depthwise_separable_convolution(channels=384, maps=384)", setting)
    assert cost.macs == macs
    assert round(cost.macs, -5) == printed
    assert round(9 * 384 + 384**2, -4) == 150_000


@pytest.mark.parametrize(
    ("name", "parameters", "outputs"),
    [
        ("reduction_14x14_direct", (5 * 5 * 480 + 1) * 48, 14 * 14 * 48),
        ("reduction_14x14_bottleneck", (480 + 1) * 16 + (5 * 5 * 16 + 1) * 48, 14 * 14 * 16 + 14 * 14 * 48),
    ],
)
def test_a_reduction_has_the_memory_that_the_lecture_adds_up(name, parameters, outputs):
    cost = cost_of(name)
    assert cost.parameters + cost.activations == parameters + outputs


@pytest.mark.parametrize(("pair", "ratio"), [("reduction_14x14", 21.4), ("ng_5x5", 9.7)])
def test_a_bottleneck_saves_most_of_a_5x5(pair, ratio):
    assert round(cost_of(f"{pair}_direct").macs / cost_of(f"{pair}_bottleneck").macs, 1) == ratio


def test_the_bottleneck_of_ng_is_2_4_m_and_10_m():
    macs = by_stage("ng_5x5_bottleneck", "macs")
    assert (macs["reduce"], macs["conv"]) == (28 * 28 * 16 * 192, 28 * 28 * 32 * 5 * 5 * 16) == (2_408_448, 10_035_200)


def test_the_module_of_ng_is_a_part_of_googlenet():
    module, part = cost_of("inception_module_ng"), by_stage("googlenet", "macs")["inception_3a"]
    assert module.macs == part
    assert module.layers[-1].output_shape == (1, 64 + 128 + 32 + 32, 28, 28)


@pytest.mark.parametrize(
    ("name", "of"), [("residual_block", "conv2_x.conv2_1"), ("residual_block_projection", "conv3_x.conv3_1")]
)
def test_a_residual_block_is_a_part_of_resnet18(name, of):
    def costs(rows):
        return [(row.macs, row.parameters, row.other_flops) for row in rows]

    part = [row for row in cost_of("resnet18").layers if row.layer == of or row.layer.startswith(f"{of}.")]
    assert costs(cost_of(name).layers) == costs(part)


def test_each_layer_of_a_dense_block_adds_four_maps_and_sees_all_before_it():
    rows = [row for row in cost_of("dense_block_k4").layers if row.macs]
    assert [row.detail for row in rows] == [f"{maps}→4 3×3" for maps in (16, 20, 24, 28, 32)]
    assert cost_of("dense_block_k4").layers[-1].output_shape == (1, 16 + 5 * 4, 32, 32)


@pytest.mark.parametrize("reduction", [2, 4, 8, 16, 32])
def test_an_se_block_has_two_layers_of_c_squared_over_r(reduction):
    cost = count_source(f"se_block(reduction={reduction})", Setting())
    assert [row.macs for row in cost.layers if row.macs] == [256 * 256 // reduction] * 2
    assert cost.layers[-1].output_shape == (1, 256, 56, 56)
