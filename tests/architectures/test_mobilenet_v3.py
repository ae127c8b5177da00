"""MobileNetV3, against the tables of its paper."""

import pytest
from torch import nn

from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("mobilenet_v3_large", {"conv1": (16, 112), "bneck3": (24, 56), "bneck6": (40, 28), "bneck10": (80, 14)}),
        ("mobilenet_v3_large", {"bneck12": (112, 14), "bneck15": (160, 7), "conv2": (960, 7)}),
        ("mobilenet_v3_small", {"conv1": (16, 112), "bneck1": (16, 56), "bneck3": (24, 28), "bneck6": (40, 14)}),
        ("mobilenet_v3_small", {"bneck8": (48, 14), "bneck11": (96, 7), "conv2": (576, 7)}),
    ],
)
def test_the_maps_are_those_of_tables_1_and_2(name, shapes):
    last = {row.layer.partition(".")[0]: row.output_shape for row in cost_of(name).layers}
    assert {block: last[block] for block in shapes} == {block: (1, n, hw, hw) for block, (n, hw) in shapes.items()}


@pytest.mark.parametrize(
    ("name", "blocks"),
    [("mobilenet_v3_large", [4, 5, 6, 11, 12, 13, 14, 15]), ("mobilenet_v3_small", [1, 4, 5, 6, 7, 8, 9, 10, 11])],
)
def test_squeeze_and_excitation_stands_where_the_tables_have_it(name, blocks):
    squeezes = [row.layer for row in cost_of(name).layers if row.layer.endswith("squeeze")]
    assert [layer.partition(".")[0] for layer in squeezes] == [f"bneck{block}" for block in blocks]


def test_squeeze_and_excitation_sees_maps_after_their_activation():
    layers = [row.layer for row in cost_of("mobilenet_v3_large").layers if row.layer.startswith("bneck4.")]
    assert layers.index("bneck4.depthwise.relu") < layers.index("bneck4.attention.squeeze")
    assert layers.index("bneck4.attention.gate") < layers.index("bneck4.project.conv")


@pytest.mark.parametrize(("expanded", "squeezed"), [(72, 24), (120, 32), (480, 120), (672, 168), (960, 240)])
def test_it_squeezes_to_a_quarter_rounded_to_a_multiple_of_8(expanded, squeezed):
    layers = build_on_meta(find("mobilenet_v3_large")).modules()
    sizes = {(layer.in_features, layer.out_features) for layer in layers if isinstance(layer, nn.Linear)}
    assert (expanded, squeezed) in sizes


def test_the_small_one_has_no_squeeze_and_excitation_before_its_classifier():
    """Printed are 2.5 M with 1024 numbers before the classifier, and 2.9 M with the first version's 1280."""
    here = cost_of("mobilenet_v3_small").parameters
    wider = here + 256 * (576 + 1) + 256 * 1000
    squeezing = (576 + 1) * 144 + (144 + 1) * 576
    assert [round(total / 1e6, 1) for total in (here, wider)] == [2.5, 2.9]
    assert [round((total + squeezing) / 1e6, 1) for total in (here, wider)] == [2.7, 3.1]


def test_a_width_keeps_the_ratio_by_which_a_block_expands():
    blocks = build_on_meta(find("mobilenet_v3_large(width=0.75)"))
    assert blocks.bneck3.residual.expand.conv.in_channels == 24  # 18 would round to 16, which is less than 90 % of it
    assert blocks.bneck3.residual.expand.conv.out_channels == 3 * 24


@pytest.mark.parametrize(("width", "numbers"), [(0.5, 1280), (1, 1280), (1.25, 1600)])
def test_the_last_layer_grows_with_the_width_and_never_shrinks(width, numbers):
    assert build_on_meta(find(f"mobilenet_v3_large(width={width})")).fc1.out_features == numbers
