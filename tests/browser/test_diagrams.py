"""Diagrams on a page: boxes open and close by click and by key, and nothing lies on anything else."""

import pytest

import archstat
from archstat.report.blocks import Page
from archstat.report.page import render

SIDES = (
    "(found) => found.map((each) => each.getBoundingClientRect()).map((at) => [at.left, at.top, at.right, at.bottom])"
)
BOXES = ".drawing rect.box, .drawing circle.box"
CROSSED = """(paths) => paths.flatMap((path) => {
    const whole = path.getTotalLength(), matrix = path.getScreenCTM(), found = [];
    const boxes = [...document.querySelectorAll(".drawing rect.box, .drawing circle.box")];
    const frames = boxes.map((box) => box.getBoundingClientRect());
    const within = (at, { x, y }) => x > at.left + 1 && x < at.right - 1 && y > at.top + 1 && y < at.bottom - 1;
    for (let at = 3; at < whole - 3; at += 4) {
        const point = path.getPointAtLength(at).matrixTransform(matrix);
        if (frames.some((frame) => within(frame, point))) found.push([point.x, point.y]);
    }
    return found; })"""
"""The points of edges that lie in a box."""


def frames_of(page, what=BOXES):
    return page.locator(what).evaluate_all(SIDES)


def overlapping(frames, most=0.5):
    """The pairs of frames that overlap by more than so many pixels in both directions."""
    return [
        (one, other)
        for place, one in enumerate(frames)
        for other in frames[place + 1 :]
        if all(min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis]) > most for axis in (0, 1))
    ]


def page_of(name, **options):
    return render(Page(name, (archstat.draw(name, **options),)))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["googlenet", "resnet50", "densenet121", "nasnet_a_mobile", "alexnet"])
@pytest.mark.parametrize("depth", [None, 2])
def test_no_box_lies_on_another_no_edge_goes_through_one_and_no_words_lie_on_words(opened, name, depth):
    with opened(page_of(name, depth=depth)) as found:
        frames = frames_of(found.page)
        assert len(frames) > 5
        assert overlapping(frames) == []
        assert found.page.locator(".drawing path.edge").evaluate_all(CROSSED) == []
        assert overlapping(frames_of(found.page, ".drawing text"), most=3) == []  # lines of one box may touch


def waited(page):
    page.locator("figure.diagram:not([aria-busy])").wait_for()


def test_a_click_opens_a_box_and_a_key_closes_it(opened):
    with opened(page_of("resnet18", depth=0)) as found:
        page = found.page
        before = page.locator(".drawing").inner_html()
        seen = len(frames_of(page))
        page.locator('.drawing [role="button"]').first.click()
        waited(page)
        assert len(frames_of(page)) > seen
        handle = page.locator('.drawing [aria-expanded="true"]')
        assert handle.evaluate("(box) => box === document.activeElement")
        page.keyboard.press("Enter")
        waited(page)
        assert page.locator(".drawing").inner_html() == before  # drawn here as it was drawn without a browser


def test_levels_open_and_close_and_other_amounts_are_shown(opened):
    with opened(page_of("resnet18", depth=0)) as found:
        page = found.page
        seen = len(frames_of(page))
        page.locator('[data-levels="1"]').click()
        waited(page)
        assert len(frames_of(page)) > seen
        page.locator('[data-levels="-1"]').click()
        waited(page)
        assert len(frames_of(page)) == seen
        page.locator('[data-shows="parameters"]').click()
        waited(page)
        assert "8.394 M" in page.locator(".drawing").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_page_is_as_wide_as_its_window(opened, scheme):
    with opened(page_of("googlenet"), width=390, scheme=scheme) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 390
