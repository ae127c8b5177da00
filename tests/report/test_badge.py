"""A badge: well-formed, as wide as its text, and whatever a label holds is text."""

import json
from xml.etree import ElementTree as ET

import pytest

from archstat.analysis.inference import count
from archstat.report.badge import badge_json, badge_svg
from archstat.tables.quantities import EVERY_QUANTITY, MACS, PEAK_ACTIVATION_BYTES

SVG = "{http://www.w3.org/2000/svg}"
LENET = count("lenet5")


def parsed(text):
    """The picture; it is ours."""
    return ET.fromstring(text)  # noqa: S314


@pytest.mark.parametrize("quantity", EVERY_QUANTITY)
def test_both_forms_say_the_same_number(quantity):
    picture, told = parsed(badge_svg(LENET, quantity)), json.loads(badge_json(LENET, quantity))
    assert [each.text for each in picture.iter(f"{SVG}text")] == [told["label"], told["message"]]
    assert told["message"] == quantity.show(getattr(LENET, quantity.key))
    assert told["schemaVersion"] == 1


def test_it_says_of_what_the_number_is():
    (title,) = parsed(badge_svg(LENET, MACS)).iter(f"{SVG}title")
    assert title.text == "MACs: 325.7 k, lenet5 on an input of 1×1×32×32, float32"


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", "'\"&", "\x1b[31m\0", "최대 메모리", "a" * 300, "{width}"]
)
def test_a_label_is_text_and_has_room(label):
    picture = parsed(badge_svg(LENET, PEAK_ACTIVATION_BYTES, label))
    texts = list(picture.iter(f"{SVG}text"))
    ends = [float(each.get("x")) + float(each.get("textLength")) for each in texts]
    assert ends[0] < float(texts[1].get("x"))
    assert ends[1] < float(picture.get("width"))
    assert {each.tag.removeprefix(SVG) for each in picture.iter()} == {"svg", "title", "clipPath", "rect", "g", "text"}
    assert json.loads(badge_json(LENET, MACS, label))["label"] == texts[0].text
