"""A diagram on a slide: a page of 16 : 9 with a title, whose words can be read."""

import re
from xml.etree import ElementTree as ET

import pytest

import archstat
from archstat.report.slides import SCALE_LEAST, Slide

SVG = "{http://www.w3.org/2000/svg}"


def parts(svg):
    """The page, and the drawing on it with its place: x, y, width, height, and how large it is made."""
    page = ET.fromstring(svg)  # noqa: S314 - ours
    drawing = page.find(f"{SVG}svg")
    x, y, width, height = (float(drawing.get(name)) for name in ("x", "y", "width", "height"))
    return page, (x, y, width, height), width / float(drawing.get("viewBox").split()[2])


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "resnet50"])
def test_a_slide_is_16_to_9_and_its_drawing_lies_on_it_and_can_be_read(name):
    page, (x, y, width, height), scale = parts(Slide(archstat.draw(name), "a subtitle").svg())
    assert (float(page.get("width")), float(page.get("height"))) == (960, 540)
    assert 0 <= x <= x + width <= 960
    assert 80 <= y <= y + height <= 540
    assert scale >= SCALE_LEAST


def test_its_title_and_its_subtitle_are_text():
    svg = Slide(archstat.draw("lenet5"), "<script>alert(1)</script>").svg()
    assert "<script" not in svg
    words = [element.text for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - ours
    assert words[:2] == ["LeNet-5", "<script>alert(1)</script>"]


def boxes(svg):
    return len(re.findall('class="box"', svg))


def test_levels_are_closed_until_words_can_be_read_unless_they_are_to_stay_open():
    diagram = archstat.draw("resnet50", depth=3)
    closed, kept = (Slide(diagram, "", keeps_open=each).svg() for each in (False, True))
    assert boxes(closed) < boxes(kept) == boxes(diagram.svg())
    assert parts(kept)[2] < SCALE_LEAST <= parts(closed)[2]


def test_equal_slides_are_equal_bytes():
    assert Slide(archstat.draw("lenet5"), "a").svg() == Slide(archstat.draw("lenet5"), "a").svg()


def test_a_slide_is_no_page_on_which_boxes_open(tmp_path):
    with pytest.raises(archstat.OutputError, match=r"ends in none of \.svg, \.png, \.pdf:"):
        Slide(archstat.draw("lenet5"), "a").save(tmp_path / "a.html")
