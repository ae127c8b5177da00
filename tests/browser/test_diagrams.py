"""Diagrams on a page: boxes open and close by click and by key, and nothing lies on anything else."""

import re
from pathlib import Path

import pytest

import archstat
from archstat.report.blocks import Page
from archstat.report.page import render
from tests.browser.drawings import faults

ROOT = Path(__file__).parents[2]
BOXES = ".drawing rect.box, .drawing circle.box"
COMMITTED = [
    *(path for path in sorted(ROOT.glob("reports/**/*.html")) if '<figure id="diagram-' in path.read_text("utf-8")),
    *(path for path in sorted(ROOT.glob("docs/**/*.svg")) if 'data-box="' in path.read_text("utf-8")),
]


def page_of(name, **options):
    return render(Page(name, (archstat.draw(name, **options),)))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["googlenet", "resnet50", "densenet121", "nasnet_a_mobile", "alexnet"])
@pytest.mark.parametrize("depth", [None, 2])
def test_no_box_lies_on_another_no_edge_goes_through_one_and_no_words_lie_on_words(opened, name, depth):
    with opened(page_of(name, depth=depth)) as found:
        assert found.page.locator(BOXES).count() > 5
        assert faults(found.page) == []


def test_every_diagram_that_is_committed_is_as_clear(browser):
    assert {path.parent.name for path in COMMITTED} >= {"cnn-architectures", "inception-bottleneck", "pictures"}
    page = browser.new_page(java_script_enabled=False)  # a diagram is there before any script, and charts take long
    found = {}
    for path in COMMITTED:
        page.goto(path.as_uri())
        assert page.locator(".edges path").count()
        found[str(path)] = faults(page, "svg" if path.suffix == ".svg" else ".drawing svg")
    page.close()
    assert {path: told for path, told in found.items() if told} == {}


BOX = '<g data-box="%d"><rect class="box" x="%d" y="%d" width="60" height="40"/><text x="%d" y="%d">%s</text></g>'
"""The frame of a box, and its words."""
GROUP = '<g data-box="9"><rect class="group" x="%d" y="%d" width="100" height="90"/></g>'
EDGE = '<g class="edges" fill="none" stroke="black"><path d="M%d %dV%d"/></g>'
WRONG = {
    "box on box": BOX % (0, 10, 10, 20, 30, "one") + BOX % (1, 60, 40, 80, 70, "two"),
    "box half in a box": GROUP % (10, 10) + BOX % (0, 90, 80, 95, 100, "one"),
    "words on words": BOX % (0, 10, 10, 20, 30, "one") + '<text x="22" y="31">two</text>',
    "words outside their box": BOX % (0, 10, 10, 20, 30, "a name that is wider than its box"),
    "words outside the picture": '<text x="380" y="20">far out of it</text>' + BOX % (0, 10, 10, 20, 30, "one"),
    "shape on a box or a shape": BOX % (0, 10, 10, 20, 30, "one")
    + '<g class="shapes"><text x="60" y="24">3×3</text></g>',
    "edge through a box": BOX % (0, 10, 60, 20, 80, "one") + EDGE % (40, 10, 200),
    "edge through words": BOX % (0, 110, 60, 120, 80, "one")
    + EDGE % (40, 10, 200)
    + '<g class="shapes"><text x="20" y="100">3×3×224</text></g>',
    "edge through a box of others": GROUP % (10, 60) + BOX % (0, 200, 60, 210, 80, "one") + EDGE % (40, 10, 200),
}


def test_each_fault_is_found_where_there_is_one(browser):
    page = browser.new_page()
    for fault, drawing in WRONG.items():
        page.set_content(f'<div class="drawing"><svg width="400" height="300" font-size="12">{drawing}</svg></div>')
        assert {told.partition(" · ")[0] for told in faults(page)} == {fault}
    page.close()


def waited(page):
    page.locator("figure.diagram:not([aria-busy])").wait_for()


def test_a_click_opens_a_box_and_a_key_closes_it(opened):
    with opened(page_of("resnet18", depth=0)) as found:
        page = found.page
        before = page.locator(".drawing").inner_html()
        seen = page.locator(BOXES).count()
        page.locator('.drawing [role="button"]').first.click()
        waited(page)
        assert page.locator(BOXES).count() > seen
        handle = page.locator('.drawing [aria-expanded="true"]')
        assert handle.evaluate("(box) => box === document.activeElement")
        page.keyboard.press("Enter")
        waited(page)
        assert page.locator(".drawing").inner_html() == before  # drawn here as it was drawn without a browser


def test_every_box_has_a_name_with_its_cost_and_the_keyboard_opens_and_closes(opened):
    with opened(page_of("resnet18", depth=1)) as found:
        page = found.page
        boxes = page.locator(".drawing g:has(> .box), .drawing [data-of]")
        names = boxes.evaluate_all("(boxes) => boxes.map((box) => box.querySelector(':scope > title').textContent)")
        assert all(names)
        assert "input\n3×224×224" in names
        assert any(name.startswith("conv3_x.conv3_1\nResidualBlock\nMACs: 179.8 M\n") for name in names)
        page.locator('[data-levels="1"]').focus()
        for _ in range(4):  # the three amounts, and then the first box that opens
            page.keyboard.press("Tab")
        handle = page.locator(":focus")
        assert handle.evaluate("(box) => getComputedStyle(box).outlineStyle") == "solid"
        title = handle.locator("title").text_content()
        for key, is_open in (("Enter", False), (" ", True), ("Enter", False)):
            page.keyboard.press(key)
            waited(page)
            same = page.get_by_role("button", name=" ".join(title.split()), expanded=is_open)
            assert same.count() == 1
            assert same.evaluate("(box) => box === document.activeElement")


def test_a_box_that_opens_stays_where_it_is(opened):
    with opened(page_of("resnet152", depth=1)) as found:
        page = found.page
        handle = page.locator('.drawing [aria-expanded="false"]').last
        handle.scroll_into_view_if_needed()
        before, place = handle.bounding_box(), handle.get_attribute("data-box")
        handle.click()
        waited(page)
        after = page.locator(f'.drawing [data-of="{place}"] rect').bounding_box()
        assert page.locator(".drawing").evaluate("(drawing) => drawing.scrollTop") > 0
        assert abs(after["y"] - before["y"]) < 3


SLOW = """() => {
    const wait = window.setTimeout;
    let time = 0;
    window.pauses = 0;
    performance.now = () => { time += 1000; return time; };
    window.setTimeout = (...given) => { window.pauses++; return wait(...given); };
}"""
"""A clock by which everything takes long, so that the page pauses after every part of a picture; pauses are counted."""


READ = "(html) => { const made = document.createElement('div'); made.innerHTML = html; return made.innerHTML; }"
"""HTML as a browser writes it."""


def test_a_large_picture_is_laid_out_beside_the_page_and_put_in_part_by_part(opened):
    whole = archstat.draw("densenet121", depth=2).on_page
    assert whole.count('class="box"') > 100
    with opened(page_of("densenet121", depth=1)) as found:
        page = found.page
        assert (
            page.evaluate("[typeof archstatDrawer, typeof archstatDiagram, typeof archstatPieces]") == ["undefined"] * 3
        )
        page.evaluate(SLOW)
        page.locator('[data-levels="1"]').click()
        waited(page)
        assert len(page.workers) == 1
        assert page.evaluate("pauses") >= 5
        drawn = page.locator(".drawing").inner_html()
        assert drawn == page.evaluate(READ, whole)


def test_levels_open_and_close_and_other_amounts_are_shown(opened):
    with opened(page_of("resnet18", depth=0)) as found:
        page = found.page
        seen = page.locator(BOXES).count()
        page.locator('[data-levels="1"]').click()
        waited(page)
        assert page.locator(BOXES).count() > seen
        page.locator('[data-levels="-1"]').click()
        waited(page)
        assert page.locator(BOXES).count() == seen
        page.locator('[data-shows="parameters"]').click()
        waited(page)
        assert "8.394 M" in page.locator(".drawing").inner_text()


SIZES = """() => {
    const svg = document.querySelector(".drawing svg"), {height, width} = svg.getBoundingClientRect();
    return {height, width, scale: height / svg.viewBox.baseVal.height};
}"""


@pytest.mark.parametrize(("options", "scale"), [({}, 0.7), ({"depth": 9, "is_folded": False}, 0.35)])
def test_a_long_picture_is_printed_on_several_sheets_in_words_that_can_be_read(opened, options, scale):
    with opened(page_of("inception_v3" if options else "resnet18", **options)) as found:
        found.page.emulate_media(media="print")
        sizes = found.page.evaluate(SIZES)
        assert sizes["width"] <= 661
        assert scale <= sizes["scale"] <= 0.701
        sheets = len(re.findall(rb"/Type\s*/Page\b", found.page.pdf(format="A4")))
        # The picture begins below its title, and the caption may come on a sheet of its own.
        assert sheets - 2 <= sizes["height"] / 1123 <= sheets, "a sheet of A4 has 1123 pixels"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_page_is_as_wide_as_its_window(opened, scheme):
    with opened(page_of("resnet50"), width=390, scheme=scheme) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 390
        first = found.page.locator(BOXES).first.bounding_box()
        assert abs(first["x"] + first["width"] / 2 - 390 / 2) < 5  # where data comes in, and not the left edge
