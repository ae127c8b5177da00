"""VDSR and SRDenseNet, against arithmetic: their papers print no figures."""

import pytest
import torch

from archstat.analysis.inference import Setting, count_source
from archstat.errors import SourceError
from archstat.networks.settings import InputSpec
from archstat.networks.sources import find
from tests.architectures.support import by_stage, cost_of


def test_vdsr_has_a_mac_for_each_weight_and_pixel():
    cost = count_source("vdsr", Setting((InputSpec((1, 720, 1280)),)))
    weights = 9 * 64 + 18 * 9 * 64 * 64 + 9 * 64
    assert weights == 664_704
    assert cost.macs == 720 * 1280 * weights == 612_591_206_400


@pytest.mark.parametrize("depth", [2, 5, 20])
def test_vdsr_has_as_many_convolutions_as_it_is_deep(depth):
    cost = count_source(f"vdsr(depth={depth})", Setting())
    assert len([row for row in cost.layers if row.macs]) == depth


def test_vdsr_needs_a_first_and_a_last_convolution():
    with pytest.raises(SourceError, match=r"'vdsr\(depth=1\)' does not fit: depth: Expected `int` >= 2"):
        find("vdsr(depth=1)")


def test_vdsr_gives_back_its_input_where_it_predicts_nothing():
    model = find("vdsr").build().eval()
    torch.nn.init.zeros_(model.conv20.weight)
    torch.nn.init.zeros_(model.conv20.bias)
    x = torch.randn(1, 1, 8, 8)
    assert torch.equal(model(x), x)


@pytest.mark.parametrize("low_level", [16, 128])
def test_every_convolution_of_srdensenet_sees_all_maps_before_it(low_level):
    cost = count_source(f"srdensenet(low_level={low_level})", Setting())
    details = {row.layer: row.detail for row in cost.layers if row.macs}
    layers = [detail for layer, detail in details.items() if layer.startswith("block")]
    assert layers == [f"{low_level + 16 * i}→16 3×3" for i in range(64)]
    assert details["bottleneck"] == f"{low_level + 1024}→256 1×1"


@pytest.mark.parametrize("low_level", [16, 128])
def test_srdensenet_costs_the_sum_of_its_terms(low_level):
    cost = count_source(f"srdensenet(low_level={low_level})", Setting())
    dense = 9 * 16 * sum(low_level + 16 * i for i in range(64))
    small = 9 * low_level + dense + (low_level + 1024) * 256
    deconvolution = 9 * 256 * 256
    assert cost.macs == 625 * (small + deconvolution) + 4 * 625 * deconvolution + 16 * 625 * 9 * 256
    biases = low_level + 64 * 16 + 3 * 256 + 1
    assert cost.parameters == small + 2 * deconvolution + 9 * 256 + biases


def test_5_452_k_is_srdensenet_with_128_maps_in_a_bottleneck_and_two_4x4_deconvolutions():
    parameters = by_stage("srdensenet", "parameters")
    before = sum(count for stage, count in parameters.items() if stage.startswith(("conv1", "block")))
    assert before + (1_040 * 128 + 128) + 2 * (16 * 128 * 128 + 128) + (9 * 128 + 1) == 5_452_449


def test_first_layers_alone_that_see_earlier_blocks_are_2_7_m_parameters():
    """The copy of other lists: a block sees all before it in its first convolution, and itself in the others."""
    ours = by_stage("srdensenet", "parameters")
    tail = sum(ours[stage] for stage in ("deconv1", "deconv2", "reconstruction"))
    seen = sum(128 * block for block in range(1, 9)) + 8 * sum(16 * i for i in range(1, 8))
    copy = (9 * 128 + 128) + 9 * 16 * seen + 64 * 16 + (1_152 * 256 + 256) + tail
    assert copy == 2_659_585


def test_srdensenet_makes_an_image_four_times_as_high_and_wide():
    assert cost_of("srdensenet").layers[-1].output_shape == (1, 1, 100, 100)
    with torch.inference_mode():
        out = find("srdensenet").build().eval()(torch.ones(1, 1, 3, 5))
    assert out.shape == (1, 1, 12, 20)
    assert out.isfinite().all()
