"""Pictures of a layer: their numbers, their words, their files, and what cannot be drawn."""

from xml.etree import ElementTree as ET

import pytest
import torch
from torch import nn

import archstat
from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.language import speaking
from archstat.networks.settings import Setting
from archstat.report.blocks import Page
from archstat.report.layer_pictures.layer_picture import LAYER_PICTURES, picture_of_layer
from archstat.report.page import render

SHOWN = sorted(LAYER_PICTURES)


def words(svg):
    """The texts of a picture; the elements of each are named, so that nothing else is taken for one."""
    return [each.text for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours


def drawn(network, *inputs, **options):
    return words(archstat.draw_layer(network, *inputs, **options).svg())


def test_the_receptive_field_is_told_in_the_numbers_of_the_table():
    told = drawn("vgg16", layer="conv5_3")
    assert {"196×196", "16", "−90", "512×14×14", "stride 16"} <= set(told)
    assert (
        "The output in the middle, at (7, 7), sees rows 22 to 217 and columns 22 to 217: 76.6 % of the input."
        in " ".join(told)
    )
    assert told[-34:-30] == ["conv1_1", "3", "conv1_2", "5"]


def test_what_lies_in_the_padding_is_told():
    assert "78.5 % of the field lies in the padding" in " ".join(drawn("resnet50", layer="conv5_x"))


def test_a_field_that_is_the_whole_image_is_drawn_as_that():
    told = " ".join(drawn("vgg16", layer="fc6"))
    assert "Every output sees the whole input, 3×224×224." in told


def test_the_sum_is_that_of_the_explanation():
    sums = {step.quantity: step for step in archstat.explain("vgg16").layer("conv3_1")[0].steps}
    told = drawn("vgg16", layer="conv3_1", show="arithmetic")
    for factor in sums["MACs"].formula.split(" · "):
        assert factor in told
    assert f"{sums['MACs'].result:,} MACs" in told
    assert f"{sums['parameters'].formula} = {sums['parameters'].result:,}" in told


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Conv2d(8, 8, 3, groups=8), (1, 8, 6, 6), ["8 filters", "of 1×3×3, in 8 groups", "4·4·8", "3·3·1"]),
        (nn.Conv1d(4, 6, 5, stride=2), (1, 4, 20), ["6 filters", "of 4×5", "8·6", "5·4"]),
        (nn.Conv3d(2, 4, 3), (1, 2, 6, 6, 6), ["4 filters", "of 2×3×3×3", "4·4·4·4", "3·3·3·2"]),
        (nn.ConvTranspose2d(3, 8, 4, 2, 1), (1, 3, 5, 5), ["3 filters", "of 8×4×4", "5·5·3", "4·4·8", "inputs"]),
        (nn.Linear(12, 5), (1, 12), ["weights", "12×5", "5", "12", "with a bias for each output"]),
        (nn.Conv2d(1, 1, 1, bias=False), (1, 1, 1, 1), ["1 filter", "of 1×1×1"]),
    ],
)
def test_every_kind_of_layer_has_its_filters_and_its_sum(layer, shape, expected):
    told = drawn(layer, torch.empty(shape), show="arithmetic")
    assert [each for each in expected if each not in told] == []


def test_of_a_signal_pixels_are_told_and_of_a_volume_planes_too():
    signal = " ".join(drawn(nn.Conv1d(1, 1, 5), torch.empty(1, 1, 40)))
    assert "sees pixels 18 to 22" in signal
    volume = " ".join(drawn(nn.Conv3d(1, 1, 3), torch.empty(1, 1, 9, 8, 8)))
    assert "sees planes 3 to 5, rows 3 to 5 and columns 3 to 5".replace(", rows", " and rows") in volume


def test_behind_an_upsampling_the_neighbour_is_told_as_far_as_it_is():
    told = drawn(nn.ConvTranspose2d(1, 1, 4, 2, 1), torch.empty(1, 1, 16, 16))
    assert "1/2" in told
    assert "moved by 1" in told


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        return self.cell(self.cell(x))


def test_of_a_layer_that_runs_several_times_the_last_run_is_drawn_and_named():
    told = " ".join(drawn(Loop(), torch.empty(1, 2, 9, 9), layer="cell"))
    assert "the last of 2 runs" in told
    assert "5×5" in told


@pytest.mark.parametrize("show", SHOWN)
def test_equal_pictures_are_equal_bytes_and_need_no_page(show):
    once, again = (archstat.draw_layer("lenet5", layer="c1", show=show) for _ in range(2))
    assert once.svg() == again.svg()
    assert once.svg() != once.svg(is_dark=True)
    assert "var(--" not in once.svg()


HOSTILE = "<script>alert(1)</script>&\"'`${x}\u202e層😀\x00\x0b" + "long" * 60


@pytest.mark.parametrize("show", SHOWN)
def test_any_name_is_text(show):
    network = nn.Sequential()
    network.add_module(HOSTILE, nn.Conv2d(3, 4, 3))
    network.add_module("next", nn.Conv2d(4, 4, 3))
    picture = archstat.draw_layer(network, torch.empty(1, 3, 8, 8), layer=HOSTILE, show=show)
    tree = ET.fromstring(picture.svg())  # noqa: S314 - ours
    assert not [each for each in tree.iter() if each.tag.endswith("script")]
    assert "\u202e" not in picture.svg()
    page = render(Page(picture.subject, (picture,)))
    assert "<script>alert" not in page


@pytest.mark.parametrize("show", SHOWN)
def test_in_korean_the_words_are_korean(show):
    with speaking("ko"):
        told = " ".join(drawn("lenet5", layer="c1", show=show))
    assert "출력" in told
    assert "output" not in told


@pytest.mark.parametrize(
    ("layer", "show", "complaint"),
    [
        ("conv5_9", "arithmetic", "Did you mean 'conv5_3'"),
        ("", "receptive_field", "Of which layer"),
        ("relu1_1", "arithmetic", r"'relu1_1' \(ReLU\) cannot be drawn"),
        ("conv1_1", "colours", "receptive_field, arithmetic"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(layer, show, complaint):
    with pytest.raises(archstat.ArchstatError, match=complaint):
        archstat.draw_layer("vgg16", layer=layer, show=show)


def test_a_network_without_pixels_has_no_receptive_field():
    with pytest.raises(archstat.DataError, match="the input of the network, 1×4, has no axes"):
        archstat.draw_layer(nn.Linear(4, 2), torch.empty(1, 4))


def test_what_does_not_depend_on_the_input_sees_nothing_of_it():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.table = nn.Conv2d(1, 1, 1), nn.Parameter(torch.empty(1, 1, 4, 4))
            self.other = nn.Conv2d(1, 1, 3)

        def forward(self, x):
            return self.conv(x).mean() + self.other(self.table)

    with pytest.raises(archstat.DataError, match="does not depend on the first input"):
        archstat.draw_layer(Constant(), torch.empty(1, 1, 4, 4), layer="other")


def test_a_saved_cost_has_no_sums_to_draw():
    saved = Saved(analyse("lenet5", Setting()).cost)
    with pytest.raises(archstat.DataError, match="holds no ops"):
        picture_of_layer(saved, "c1", "arithmetic")


def test_a_file_of_another_kind_is_refused_before_it_is_drawn(tmp_path):
    picture = archstat.draw_layer("lenet5", layer="c1")
    with pytest.raises(archstat.OutputError, match="ends in none of"):
        picture.save(tmp_path / "c1.jpeg")
    picture.save(tmp_path / "c1.svg")
    assert (tmp_path / "c1.svg").read_text(encoding="utf-8") == picture.svg() + "\n"
