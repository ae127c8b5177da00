"""Every committed page, as its readers see it."""

from pathlib import Path

import pytest

from tests.browser.looks import covered, cut_off, drawn, overflow

REPORTS = Path(__file__).parents[2] / "reports"
PAGES = sorted(REPORTS.glob("**/index.html"))
EVERY = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
LOOKS = {
    "light": {},
    "dark": {"scheme": "dark"},
    "tablet": {"width": 800},
    "phone": {"width": 390, "touch": True},
    "small phone": {"width": 360, "touch": True},
}


def test_there_are_pages():
    names = {path.parent.name for path in PAGES}
    assert {"cnn-architectures", "inception-bottleneck", "lenet-to-vgg", "errata", "reports"} <= names


@EVERY
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.sampled(12)
def test_a_page_is_drawn_whole_and_asks_for_nothing(opened, path, look):
    with opened(path, **LOOKS[look]) as found:
        assert overflow(found.page) == 0
        assert not drawn(found.page)["missing"]
        assert covered(found.page) == []
        assert cut_off(found.page) == []


@EVERY
@pytest.mark.sampled(3)
def test_every_view_of_every_chart_is_drawn_when_its_button_is_pressed(opened, path):
    with opened(path) as found:
        for button in found.page.locator(".switch button").all():
            button.click()
            figure = button.locator("xpath=ancestor::figure")
            assert button.get_attribute("aria-pressed") == "true"
            assert figure.locator('.switch button[aria-pressed="true"]').count() == 1
        assert not drawn(found.page)["missing"]
        assert covered(found.page) == []
        assert cut_off(found.page) == []


@EVERY
@pytest.mark.sampled(3)
def test_every_chart_says_in_words_what_it_shows(opened, path):
    with opened(path) as found:
        for figure in found.page.locator("figure.diagram").all():
            assert figure.locator("svg > title").inner_html()
        for figure in found.page.locator("figure:not(.diagram, .layer)").all():
            assert len(figure.locator(".plot").get_attribute("aria-label")) > 30
            assert figure.locator("figcaption").inner_text()
            assert figure.locator("h3").inner_text()


@EVERY
@pytest.mark.sampled(3)
def test_links_lead_to_pages_that_are_there(opened, path):
    with opened(path) as found:
        links = found.page.eval_on_selector_all("a", "all => all.map(each => each.getAttribute('href'))")
    for link in links:
        if not link.startswith(("https:", "#")):
            assert (path.parent / link).exists(), link


def test_the_start_page_links_every_report(opened):
    with opened(REPORTS / "index.html") as found:
        links = found.page.eval_on_selector_all(".links a", "all => all.map(each => each.getAttribute('href'))")
    assert sorted(links) == sorted(f"./{path.parent.name}/index.html" for path in PAGES if path.parent != REPORTS)
