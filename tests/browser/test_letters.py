"""Korean, Chinese and Japanese in quotations and in names of layers: no letter is an empty box."""

import unicodedata

import pytest
import torch
from markupsafe import Markup
from pypdf import PdfReader
from torch import nn

import archstat
from archstat.analysis.network import Saved
from archstat.report.blocks import Page, Prose
from archstat.report.chart import CHARTS, drawn
from archstat.report.material import Material, Subject
from archstat.report.page import render
from tests.browser.drawings import faults

NAMES = ("한국어합성곱", "卷积神经网络层", "畳み込みの層ネット", "繁體網絡層")
QUOTED = "“한글로 쓴 인용, 汉语的引文、日本語の引用」"
LETTERS = {letter for text in (*NAMES, QUOTED) for letter in text if letter > "\u2e7f"}

BOXES = """async () => {
    await document.fonts.ready;
    const canvas = new OffscreenCanvas(48, 48), pen = canvas.getContext("2d", { willReadFrequently: true });
    const drawn = (letter, font) => {
      pen.clearRect(0, 0, 48, 48);
      pen.font = `30px ${font}`;
      pen.fillText(letter, 6, 36);
      return pen.getImageData(0, 0, 48, 48).data.join();
    };
    const met = new Map();
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement: around, data } = walker.currentNode;
      if (["SCRIPT", "STYLE"].includes(around.tagName)) continue;
      const font = getComputedStyle(around).fontFamily;
      if (!met.has(font)) met.set(font, new Set());
      for (const letter of data) if (letter > "\\u2e7f") met.get(font).add(letter);
    }
    const letters = new Set(), boxes = new Set();
    for (const [font, found] of met) {
      const nobodys = ["\\u{10ffff}", "\\u{fdd0}"].map((each) => drawn(each, font)), empty = drawn(" ", font);
      for (const letter of found) {
        letters.add(letter);
        const picture = drawn(letter, font);
        if (nobodys.includes(picture) || picture === empty) boxes.add(letter);
      }
    }
    return [[...letters], [...boxes]];
}"""
"""The letters on a page, and those that look like what no type has a letter for."""


def network():
    made = nn.Sequential()
    for place, name in enumerate(NAMES):
        made.add_module(name, nn.Conv2d(3 + place, 4 + place, 3, padding=1))
    return made, torch.empty(1, 3, 8, 8, device="meta")


@pytest.fixture(scope="module")
def page():
    made, images = network()
    cost = archstat.count(made, images)
    quotation = Prose(Markup("<blockquote>{}</blockquote><p><code>{}</code></p>").format(QUOTED, NAMES[0]))
    charts = drawn(CHARTS.get("layers"), Material((Subject(Saved(cost)),)))
    diagram = archstat.draw(made, images)
    shown = ("receptive_field", "arithmetic")
    pictures = [archstat.draw_layer(made, images, layer=NAMES[-1], show=show) for show in shown]
    return render(Page(NAMES[0], (quotation, *charts, diagram, *pictures)))


def test_every_letter_of_a_page_with_diagram_chart_and_pictures_is_one(opened, page):
    with opened(page) as found:
        found.page.wait_for_selector(".plot svg text")
        letters, boxes = found.page.evaluate(BOXES)
        assert set(letters) >= LETTERS
        assert boxes == [], "no type has these: install fonts-wqy-microhei, or another with all three languages"
        assert faults(found.page) == []  # they are twice as wide as Latin ones, and in their boxes


def test_what_no_type_has_is_found(opened):
    unknown = "\U000e0fff\U00030fff"
    with opened(render(Page("", (Prose(Markup("<p>{}</p>").format(f"{unknown}한")),)))) as found:
        letters, boxes = found.page.evaluate(BOXES)
        assert "한" in letters
        assert set(boxes) == set(unknown)


@pytest.mark.usefixtures("chromium")
def test_the_letters_of_a_pdf_can_be_read_out_of_it(tmp_path):
    made, images = network()
    archstat.draw(made, images).save(tmp_path / "net.pdf")
    text = PdfReader(tmp_path / "net.pdf").pages[0].extract_text()
    text = unicodedata.normalize("NFKC", text)  # a radical that is a letter too has one picture for both
    assert [name for name in NAMES if name not in text] == []
