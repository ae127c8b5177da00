"""Diagrams: their words, their numbers, their files."""

import io
import re
from xml.etree import ElementTree as ET

import pytest
import torch
from torch import nn

import archstat
from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.report.diagram.colours import colours
from archstat.report.diagram.content import STEPS
from archstat.report.diagram.diagram import diagram_of
from archstat.report.diagram.drawn import content_of
from tests.report.test_page import contrast


def boxes(network, part="", **options):
    return content_of(network, part, **options).plain()["boxes"]


def titled(network, title, **options):
    return next(box for box in boxes(network, **options) if box["title"] == title)


def test_a_box_says_what_it_is_and_what_it_costs():
    conv = titled(analyse("resnet18", Setting()), "conv1")
    assert conv["lines"] == ("Conv2d 3→64 7×7/2", "BatchNorm2d, ReLU")
    assert conv["texts"]["macs"] == "118.0 M"
    assert conv["values"]["parameters"] == 3 * 64 * 49 + 2 * 64


def test_of_repetitions_each_is_told_and_all_are_summed():
    stage = titled(analyse("resnet152", Setting()), "conv4_2–conv4_36")
    assert (stage["times"], stage["texts"]["macs"]) == (35, "35 × 218.4 M")
    assert stage["values"]["macs"] == 35 * 218_365_952


def test_weights_that_are_shared_are_not_told_as_if_each_had_its_own():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.Linear(4, 4)

        def forward(self, x):
            for _ in range(5):
                x = self.cell(x)
            return x

    cell = titled(analyse_model(Loop(), torch.zeros(1, 4)), "cell")
    assert (cell["times"], cell["texts"]["macs"], cell["texts"]["parameters"]) == (5, "5 × 16", "20")


def test_the_values_of_what_is_inside_add_up_to_the_box():
    for name in ("googlenet", "resnet50", "densenet121"):
        every = boxes(analyse(name, Setting()))
        for place, box in enumerate(every):
            inside = [each for each in every if each["in"] == place]
            if inside:
                assert box["values"]["macs"] == box["times"] * sum(each["values"]["macs"] for each in inside)


def test_additions_are_signs_and_joins_are_words():
    signs = {box["sign"] for box in boxes(analyse("resnet18", Setting()))}
    assert signs == {"", "+"}
    assert any(box["lines"] == ("cat",) and box["isOp"] for box in boxes(analyse("googlenet", Setting())))


def test_the_batch_goes_without_saying_only_where_there_is_one():
    told = [shape for _, _, shape, _ in content_of(analyse("resnet18", Setting(batch_size=8))).plain()["edges"]]
    assert "64×56×56" in told
    lonely = analyse_model(nn.Sequential(nn.Conv1d(3, 5, 3)), torch.zeros(3, 9))
    assert [shape for _, _, shape, _ in content_of(lonely).plain()["edges"]] == ["3×9", "5×7"]


def test_one_module_can_be_drawn_alone():
    network = analyse("googlenet", Setting())
    alone = boxes(network, "inception_3a")
    assert next(box["title"] for box in alone if not box["hasParts"]) == "input"
    macs = sum(row.macs for row in network.cost.layers if row.layer.startswith("inception_3a."))
    assert sum(box["values"]["macs"] for box in alone if box["in"] < 0) == macs


def test_a_module_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(archstat.UnknownNameError, match="Did you mean 'inception_3a'"):
        diagram_of(analyse("googlenet", Setting()), "inception_3")


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(archstat.UnknownNameError, match="macs, parameters, activation_bytes"):
        diagram_of(analyse("lenet5", Setting()), show="colour")


def test_levels_open_as_many_boxes_as_are_taken_in_at_a_glance():
    content = content_of(analyse("resnet50", Setting()))
    assert content.opened(0) == ()
    assert len(content.opened(1)) < len(content.opened(2)) == len(content.opened())
    assert content.seen(content.opened(99)) == sum(not box.has_parts for box in content.boxes)


def test_equal_diagrams_are_equal_bytes_and_well_formed():
    svg = archstat.draw("googlenet").svg()
    assert svg == archstat.draw("googlenet").svg()
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - ours
    assert "var(--" not in svg  # drawing programs know no variables


def size_of(svg):
    return tuple(map(int, re.search(r'width="(\d+)" height="(\d+)"', svg).groups()))


def test_a_long_way_can_be_broken_into_columns():
    (width, height), (wide, low) = (size_of(archstat.draw("vgg16", is_wrapped=each).svg()) for each in (False, True))
    assert height > 5 * width
    assert low < 2 * wide
    assert low < height / 2


def test_boxes_of_a_picture_do_not_overlap():
    svg = archstat.draw("inception_v3").svg()
    frames = [
        tuple(map(float, found))
        for found in re.findall(r'class="box" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg)
    ]
    assert len(frames) > 15
    for place, (x, y, w, h) in enumerate(frames):
        for a, b, c, d in frames[place + 1 :]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y


HOSTILE = "<script>alert(1)</script>&\"'`${x}\u202e层😀\x00"


def test_any_name_is_text():
    network = nn.Sequential()
    network.add_module(HOSTILE, nn.Linear(2, 2))
    svg = archstat.draw(network, torch.zeros(1, 2)).svg()
    tree = ET.fromstring(svg)  # noqa: S314 - ours
    assert not [each for each in tree.iter() if each.tag.endswith("script")]
    assert "\u202e" not in svg
    assert any("alert(1)" in (each.text or "") for each in tree.iter())


@pytest.mark.parametrize("is_dark", [False, True])
def test_numbers_can_be_read_on_every_shade(is_dark):
    found = colours(is_dark=is_dark)
    for step in range(STEPS):
        assert contrast(found[f"on{step}"], found[f"cost{step}"]) >= 4.5


def test_a_file_is_what_its_name_ends_in(tmp_path):
    diagram = archstat.draw("lenet5")
    for ending in (".svg", ".html"):
        diagram.save(tmp_path / f"net{ending}")
    assert (tmp_path / "net.svg").read_text().startswith("<svg")
    assert "<title>LeNet-5</title>" in (tmp_path / "net.html").read_text()
    with pytest.raises(archstat.OutputError, match=r"ends in none of \.svg, \.png, \.pdf, \.html"):
        diagram.save(tmp_path / "net.gif")


def test_a_notebook_shows_the_picture():
    assert "<svg" in archstat.draw("lenet5")._repr_html_()


def test_a_png_and_a_pdf_have_the_size_of_the_picture(tmp_path, chromium):  # noqa: ARG001 - they are made with it
    from PIL import Image
    from pypdf import PdfReader

    diagram = archstat.draw("lenet5")
    width, height = size_of(diagram.svg())
    diagram.save(tmp_path / "net.png")
    diagram.save(tmp_path / "net.pdf")
    with Image.open(tmp_path / "net.png") as image:
        assert image.size == (2 * width, 2 * height)
    (page,) = PdfReader(io.BytesIO((tmp_path / "net.pdf").read_bytes())).pages
    assert abs(float(page.mediabox.width) - width * 0.75) < 1.5
    assert "conv" in page.extract_text().lower()


def test_what_takes_too_long_to_lay_out_is_refused(monkeypatch):
    monkeypatch.setattr("archstat.report.diagram.engine.SECONDS_MOST", 0.001)
    with pytest.raises(archstat.DataError, match=r"boxes could not be laid out within .* open fewer levels"):
        archstat.draw("nasnet_a_large", depth=9).svg()
    monkeypatch.undo()
    assert archstat.draw("lenet5").svg().startswith("<svg")  # and the engine draws on
