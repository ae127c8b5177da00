"""The page on which a layer is set: its numbers and words are those of torch's layers, whatever is set."""

import random
import re

import pytest
import torch
from torch import nn

import archstat
from archstat.report.page import render
from archstat.report.playing import play_page

LAYERS = 1_000
CONVOLUTIONS = ("conv", "depthwise", "transposed")
KINDS = (*CONVOLUTIONS, "linear", "maxpool", "avgpool")


def random_setting(draw):
    """What a reader could set: mostly a layer, now and then something that is none."""
    kind = draw.choice(KINDS)
    groups = draw.choice([1, 1, 1, 2, 3, 4, 8])
    return {
        "kind": kind,
        "channels": groups * draw.randint(1, 6) + draw.choice([0] * 12 + [1]),
        "features": draw.choice([1, draw.randint(2, 5000)]),
        "height": draw.randint(1, 40),
        "width": draw.choice([None, draw.randint(1, 40)]),
        "out": groups * draw.randint(1, 6) + draw.choice([0] * 12 + [1]),
        "kernel": draw.choice([1, 2, 3, 3, 3, 4, 5, 7, 11]),
        "stride": draw.choice([1, 1, 2, 2, 3, 4, 8]),
        "padding": draw.choice([0, 0, 1, 1, 2, 3, 5]),
        "dilation": draw.choice([1, 1, 1, 2, 3]),
        "groups": groups,
        "extra": draw.choice([0, 0, 0, 1, 2]),
        "bias": draw.random() < 0.5,
        "ceil": draw.random() < 0.5,
    }


def settings(number, seed=7):
    """Settings, those with no width square."""
    draw = random.Random(seed)  # noqa: S311 - of examples
    found = [random_setting(draw) for _ in range(number)]
    return [{**each, "width": each["width"] or each["height"]} for each in found]


def layer_of(s):
    """The layer of torch's, and the shape of its input."""
    shape = (s["features"],) if s["kind"] == "linear" else (s["channels"], s["height"], s["width"])
    window = (s["kernel"], s["stride"], s["padding"])
    more = {"bias": s["bias"], "dilation": s["dilation"]}
    if s["kind"] == "conv":
        return nn.Conv2d(s["channels"], s["out"], *window, groups=s["groups"], **more), shape
    if s["kind"] == "depthwise":
        return nn.Conv2d(s["channels"], s["channels"], *window, groups=s["channels"], **more), shape
    if s["kind"] == "transposed":
        made = {"output_padding": s["extra"], "groups": s["groups"], **more}
        return nn.ConvTranspose2d(s["channels"], s["out"], *window, **made), shape
    if s["kind"] == "linear":
        return nn.Linear(s["features"], s["out"], bias=s["bias"]), shape
    if s["kind"] == "maxpool":
        return nn.MaxPool2d(*window, dilation=s["dilation"], ceil_mode=s["ceil"]), shape
    return nn.AvgPool2d(*window, ceil_mode=s["ceil"]), shape


def truth(setting):
    """What archstat says of the layer; ``None``: torch has no such layer."""
    try:
        with torch.device("meta"):
            layer, shape = layer_of(setting)
            found = archstat.explain(layer, torch.empty(1, *shape))
    except (ValueError, RuntimeError, archstat.ArchstatError):
        return None
    (explained,) = found
    return explained


def line(step):
    """A step as the page has it."""
    result = None if step.result is None else f"{step.result:,}"
    return {"quantity": step.quantity, "formula": step.formula, "result": result, "remark": step.remark}


@pytest.fixture(scope="module")
def page():
    return render(play_page())


def test_a_thousand_layers_have_the_sums_of_explain_word_by_word(opened, page):
    asked = settings(LAYERS)
    with opened(page) as found:
        said = found.page.evaluate("asked => asked.map(archstatLayer.explain)", asked)
    layers = 0
    for setting, on_page in zip(asked, said, strict=True):
        explained = truth(setting)
        if explained is None:
            assert "error" in on_page, setting
            continue
        layers += 1
        assert "error" not in on_page, (setting, on_page)
        row = explained.row
        steps = [step for step in on_page["steps"] if step["quantity"] != "FLOPs"]
        assert steps == [line(step) for step in explained.steps], setting
        assert on_page["kind"] == f"{row.kind} {row.detail}", setting
        assert tuple(on_page["output"]) == row.output_shape[1:], setting
        (flops,) = [step for step in on_page["steps"] if step["quantity"] == "FLOPs"]
        assert flops["result"] == f"{row.flops:,}", setting
        if flops["formula"]:
            assert archstat.expressions.evaluate(flops["formula"]) == row.flops, setting
    assert layers > LAYERS // 2
    assert LAYERS - layers > 30, "nothing that is no layer was among them"


def test_what_the_page_says_at_the_command_line_is_the_same_layer(opened, page):
    asked = [each for each in settings(80, seed=8) if truth(each) is not None]
    with opened(page) as found:
        said = found.page.evaluate("asked => asked.map(archstatLayer.explain)", asked)
    for setting, on_page in zip(asked, said, strict=True):
        made = eval(on_page["torch"].replace("torch.nn:", "nn."), {"nn": nn})  # noqa: S307 - what the page writes, of numbers
        assert repr(made) == repr(layer_of(setting)[0]), setting


WRONG = [
    ("kernel", "0", "The kernel is 0, and must be 1 at least."),
    ("kernel", "", "The kernel is no whole number: write one from 1 on."),
    ("kernel", "2.5", "The kernel is no whole number: write one from 1 on."),
    ("kernel", "-3", "The kernel is -3, and must be 1 at least."),
    ("kernel", "23", "The kernel of 23 reaches over 23 pixels, and the width has 18 with the padding"),
    ("dilation", "9", "The kernel of 5, 9 apart, reaches over 37 pixels"),
    ("groups", "7", "480 input channels cannot be cut into 7 equal groups"),
    ("groups", "5", "48 output channels cannot be cut into 5 equal groups"),
    ("height", "1e9", "The height is 1,000,000,000, which is more than this page works with (100,000)."),
    ("padding", "-1", "The padding is -1, and must be 0 at least."),
]


@pytest.mark.parametrize(("field", "value", "says"), WRONG)
@pytest.mark.sampled(2)
def test_nonsense_gets_a_sentence_and_no_number(opened, page, field, value, says):
    with opened(page) as found:
        found.page.fill(f"[name={field}]", value)
        told = found.page.locator("#wrong")
        assert says in told.inner_text()
        assert not found.page.locator("#result").is_visible()
        assert found.page.locator("[aria-invalid=true]").count() == 1
        found.page.fill(f"[name={field}]", "1")
        assert not told.is_visible()
        assert found.page.locator("#layer-sums div").count() > 4


def test_the_keyboard_is_enough_and_the_address_keeps_what_is_set(opened, page):
    with opened(page) as found:
        found.page.locator("[name=kernel]").focus()
        found.page.keyboard.press("ArrowUp")
        assert "Conv2d 480→48 6×6" in found.page.locator("#layer-kind").inner_text()
        found.page.keyboard.press("Shift+Tab")
        found.page.keyboard.type("12")
        assert found.page.evaluate("location.hash").startswith("#kind=conv&in=480x14x14&out=12&kernel=6&padding=2")
        address = found.page.url
        found.page.locator("[name=bias]").press("Space")
        assert "bias=0" in found.page.url
        before = found.page.locator("#result").inner_text()
        found.page.goto(address)
        found.page.wait_for_function("() => document.querySelector('[name=bias]').checked")
        assert found.page.locator("#result").inner_text() != before
        assert "Conv2d 480→12 6×6" in found.page.locator("#layer-kind").inner_text()


ADDRESSES = [
    "#kind=<script>alert(1)</script>&in=3x3",
    "#kind=conv&in=axb&out=NaN",
    "#in=3",
    "#kind=constructor",
    "#%%%",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.sampled(2)
def test_an_address_of_nonsense_does_no_harm(opened, page, address):
    with opened(page) as found:
        found.page.evaluate("address => { location.hash = address; }", address)
        found.page.wait_for_timeout(50)
        assert found.page.locator("#result").is_visible() != found.page.locator("#wrong").is_visible()
        found.page.locator(".layers a").first.click()
        found.page.wait_for_function("() => document.querySelector('#layer-kind').textContent === 'Conv2d 3→64 3×3'")


def test_every_layer_to_begin_with_is_one(opened, page):
    with opened(page) as found:
        links = found.page.locator(".layers a")
        seen = set()
        for place in range(links.count()):
            links.nth(place).click()
            assert found.page.evaluate("location.hash") == links.nth(place).get_attribute("href")
            found.page.wait_for_timeout(20)
            assert not found.page.locator("#wrong").is_visible()
            seen.add(found.page.locator("#layer-kind").inner_text())
        assert len(seen) == links.count()


@pytest.mark.parametrize("width", [320, 390, 1100, 1920])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(9)
def test_no_layer_makes_the_page_wider_than_its_window_or_leaves_its_picture(opened, page, width, kind):
    with opened(page, width=width) as found:
        found.page.select_option("[name=kind]", kind)
        for sizes in (("2048", "7", "7"), ("3", "1000", "1000"), ("1", "9", "300")):
            for name, value in zip(("channels", "height", "width"), sizes, strict=True):
                if found.page.locator(f"[name={name}]").is_visible():
                    found.page.fill(f"[name={name}]", value)
            assert found.page.evaluate("document.documentElement.scrollWidth") <= width
            if not found.page.locator("#wrong").is_visible():
                box = found.page.evaluate(
                    "(({x, width}) => [x, x + width])(document.querySelector('#picture').getBBox())"
                )
                room = float(found.page.get_attribute("#picture", "viewBox").split()[2])
                assert box[0] >= -1, (sizes, box)
                assert box[1] <= room + 1, (sizes, box, room)


def test_the_page_brings_no_library(page):
    assert len(page) < 100_000
    assert not re.search(r"https?://(?!\w*\.w3\.org)", page)
