"""Pictures of a layer on a page: no words lie on words or beyond the picture, on a slide and on a phone."""

import pytest
import torch
from torch import nn

import archstat
from archstat.language import speaking
from archstat.report.blocks import Page
from archstat.report.page import render
from tests.browser.looks import overflow

NAMED = [
    ("lenet5", "c1"),
    ("lenet5", "c3.six"),
    ("lenet5", "f6"),
    ("vgg16", "conv1_1"),
    ("vgg16", "conv5_3"),
    ("resnet50", "conv5_x.conv5_3.residual.conv2"),
    ("resnext50_32x4d", "conv3_x.conv3_1.residual.conv2"),
    ("mobilenet_v1", "separable13.depthwise.conv"),
    ("torchvision:r3d_18", "layer2.0.conv1.0"),
]
LAYERS = [
    (nn.Conv1d(4, 6, 5, stride=2), (1, 4, 400)),
    (nn.Conv3d(2, 4, 3, stride=2, padding=1), (1, 2, 15, 16, 18)),
    (nn.ConvTranspose2d(3, 8, 4, 2, 1), (1, 3, 14, 14)),
    (nn.Conv2d(64, 64, 3, dilation=2, padding=2), (1, 64, 7, 300)),
    (nn.Conv2d(1, 1, 1), (1, 1, 1, 1)),
    (nn.Conv2d(3, 70000, 11, groups=1), (8, 3, 1024, 640)),
]
FAULTS = """() => [...document.querySelectorAll("figure.layer svg")]
  .filter((svg) => svg.getBoundingClientRect().width > 0)
  .flatMap((svg) => {
    const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
    const texts = [...svg.querySelectorAll("text")].filter((each) => each.textContent.trim());
    const boxes = texts.map((each) => {
      const { left, right, top, bottom } = each.getBoundingClientRect();
      const air = (bottom - top) * 0.2; // what is above and under the letters
      return { text: each.textContent, left, right, top: top + air, bottom: bottom - air };
    });
    const beyond = boxes.filter((at) => at.left < frame.left || at.right > frame.right || at.bottom > frame.bottom);
    const onto = boxes.flatMap((one, place) => boxes.slice(place + 1).filter((other) =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 * scale &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1 * scale
    ).map((other) => `${one.text} / ${other.text}`));
    return [...beyond.map((at) => `beyond: ${at.text}`), ...onto].map((each) => `${svg.ariaLabel}: ${each}`);
  })"""
"""The words that lie beyond their picture, or on others."""


def pictures(show):
    made = [archstat.draw_layer(name, layer=layer, show=show) for name, layer in NAMED]
    return [
        *made,
        *(archstat.draw_layer(layer, torch.empty(shape, device="meta"), show=show) for layer, shape in LAYERS),
    ]


@pytest.mark.parametrize("show", ["receptive_field", "arithmetic"])
def test_no_words_lie_on_words_or_beyond_the_picture(opened, show):
    with speaking("ko"):
        korean = archstat.draw_layer("vgg16", layer="conv5_3", show=show)
    drawn = [*pictures(show), korean]
    with opened(render(Page("", tuple(drawn)))) as found:
        for width, seen in ((1100, "wide"), (390, "narrow")):
            found.page.set_viewport_size({"width": width, "height": 900})
            assert found.page.locator(f"figure.layer svg.{seen}:visible").count() == len(drawn)
            assert overflow(found.page) == 0
            assert found.page.evaluate(FAULTS) == []


def test_words_that_lie_on_words_are_found(opened):
    picture = archstat.draw_layer("lenet5", layer="c1")
    picture.wide.words(40, 50, "over the title")
    picture.wide.words(900, 300, "far beyond its right side")
    with opened(render(Page("", (picture,)))) as found:
        faults = " ".join(found.page.evaluate(FAULTS))
        assert "over the title" in faults
        assert "beyond: far beyond" in faults
