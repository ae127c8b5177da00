"""SENet, against the formulas and tables of its paper."""

import pytest
import torch

from archstat import units
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of

STAGES = {"se_resnet50": (3, 4, 6, 3), "se_resnet101": (3, 4, 23, 3), "se_resnet152": (3, 8, 36, 3)}


@pytest.mark.parametrize("name", STAGES)
def test_an_se_resnet_adds_the_weights_of_section_4_and_their_biases(name):
    """2/r · Σ N·C² weights, which the paper prints, and C/r + C biases of each block."""
    widths = [(maps, depth) for maps, depth in zip((256, 512, 1024, 2048), STAGES[name], strict=True)]
    weights = sum(depth * 2 * maps**2 // 16 for maps, depth in widths)
    biases = sum(depth * (maps + maps // 16) for maps, depth in widths)
    plain, se = cost_of(name.removeprefix("se_")), cost_of(name)
    assert se.parameters - plain.parameters == weights + biases
    assert se.macs - plain.macs == weights, "the layers of an SE block see one pixel"


def test_se_resnet50_has_about_10_percent_more_parameters_and_hardly_any_more_macs():
    plain, se = cost_of("resnet50"), cost_of("se_resnet50")
    assert units.parse("2.5M").verdict(se.parameters - plain.parameters) == "rounds"
    assert (se.parameters - plain.parameters) / plain.parameters == pytest.approx(0.10, abs=0.005)
    assert se.macs / plain.macs == pytest.approx(1.00065, abs=0.00001)


@pytest.mark.parametrize("reduction", [2, 4, 8, 32])
def test_a_smaller_reduction_costs_in_proportion(reduction):
    weights = cost_of("se_resnet50").macs - cost_of("resnet50").macs
    found = cost_of(f"se_resnet50(reduction={reduction})").macs - cost_of("resnet50").macs
    assert found * reduction == weights * 16


@pytest.mark.parametrize(
    ("name", "plain", "widths"),
    [
        ("se_bn_inception", "bn_inception", [256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024]),
        ("se_inception_resnet_v2", "inception_resnet_v2", [320] * 10 + [1088] * 20 + [2080] * 10),
    ],
)
def test_an_se_inception_has_an_se_block_for_each_module(name, plain, widths):
    added, with_it, without = sum(2 * maps * (maps // 16) for maps in widths), cost_of(name), cost_of(plain)
    assert with_it.macs - without.macs == added
    assert with_it.parameters - without.parameters == added + sum(maps + maps // 16 for maps in widths)


def test_se_vgg16_has_an_se_block_behind_each_of_its_13_convolutions():
    kinds = [type(module).__name__ for module in build_on_meta(find("se_vgg16")).children()]
    assert kinds.count("SqueezeExcitation") == kinds.count("Conv2d") == 13
    for place, kind in enumerate(kinds):
        if kind == "Conv2d":
            assert kinds[place : place + 4] == ["Conv2d", "BatchNorm2d", "ReLU", "SqueezeExcitation"]
    widths = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    added = sum(2 * c * c // 16 + c + c // 16 for c in widths) + sum(2 * c for c in widths)
    assert cost_of("se_vgg16").parameters - cost_of("vgg16").parameters == added


def test_an_se_block_multiplies_each_map_by_one_number():
    block = find("se_resnet50").build().conv2_x.conv2_1.residual.se.eval()
    x = torch.rand(2, 256, 5, 5) + 1
    ratio = block(x) / x
    assert ratio.std(dim=(2, 3)).max() < 1e-6
    assert 0 < ratio.min() < ratio.max() < 1


def test_a_reduction_to_nothing_is_refused_in_one_sentence():
    with pytest.raises(Exception, match=r"an SE block on 256 maps cannot squeeze them to 0$"):
        build_on_meta(find("se_resnet50(reduction=512)"))
