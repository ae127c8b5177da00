"""ZFNet, against the sizes of Fig. 3 and arithmetic."""

import pytest

from tests.architectures.support import by_stage, cost_of

CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4", "conv5")


def test_zfnet_has_the_sizes_of_fig_3():
    shapes = {row.layer: row.output_shape[1:] for row in cost_of("zfnet").layers}
    assert shapes["conv1"] == (96, 110, 110)
    assert shapes["pool1"] == shapes["norm1"] == (96, 55, 55)
    assert shapes["conv2"] == (256, 26, 26)
    assert shapes["pool2"] == shapes["norm2"] == (256, 13, 13)
    assert shapes["pool5"] == (256, 6, 6)


@pytest.mark.parametrize(
    ("name", "maps"), [("zfnet", (96, 256, 384, 384, 256)), ("zfnet_512_1024_512", (96, 256, 512, 1024, 512))]
)
def test_a_convolution_of_zfnet_sees_all_maps_before_it(name, maps):
    parameters, macs = by_stage(name, "parameters"), by_stage(name, "macs")
    kernels, positions = (49, 25, 9, 9, 9), (110**2, 26**2, 13**2, 13**2, 13**2)
    weights = [kernel * below * above for kernel, below, above in zip(kernels, (3, *maps), maps, strict=False)]
    assert [macs[layer] for layer in CONVOLUTIONS] == [w * p for w, p in zip(weights, positions, strict=True)]
    assert [parameters[layer] for layer in CONVOLUTIONS] == [w + m for w, m in zip(weights, maps, strict=True)]
    assert macs["fc6"] == maps[-1] * 6 * 6 * 4096


def test_a_smaller_filter_and_stride_cost_zfnet_more_than_alexnet():
    """Of 62.4 M parameters each, without groups: the finer conv1 has four times the positions."""
    ours, theirs = by_stage("zfnet", "macs"), by_stage("alexnet_one_column", "macs")
    assert {layer: ours[layer] - theirs[layer] for layer in ours if ours[layer] != theirs.get(layer, 0)} == {
        "conv1": 12_100 * 96 * 147 - 3_025 * 96 * 363,
        "conv2": (676 - 729) * 256 * 96 * 25,
    }
