"""Pages in another language: what their scripts say is said in it too, and has the room that it takes."""

import functools
import re

import pytest

from archstat.analysis.inference import analyse
from archstat.files.results import read_measurements
from archstat.language import retold, speaking
from archstat.report.blocks import Page, Sheet
from archstat.report.compose import compose
from archstat.report.material import material_from
from archstat.report.page import render
from archstat.report.playing import play_page
from archstat.tables import Column, Table
from tests.browser.looks import covered, cut_off, overflow
from tests.browser.test_play import WRONG, settings, truth
from tests.language.outside import in_full_width, outside
from tests.language.test_report import RESULTS, material_for

count = functools.cache(analyse)
NAMES = {"Conv", "ConvTranspose", "Linear", "MaxPool", "AvgPool"}


def strays(texts):
    """The words of what is seen that no message says, but for the kinds of layers."""
    return [words for text in texts if (words := outside(re.sub(r"archstat explain .*", "", text), NAMES))]


def test_whatever_is_set_the_page_of_a_layer_says_nothing_outside_of_the_messages(opened):
    with in_full_width():
        page = render(play_page())
    with opened(page) as found:
        said = found.page.evaluate("asked => asked.map(archstatLayer.explain)", settings(400, seed=3))
        links = found.page.locator(".layers a")
        for place in range(links.count()):
            links.nth(place).click()
            found.page.wait_for_timeout(20)
            assert strays(found.page.locator("main").inner_text().splitlines()) == []
            assert strays([found.page.locator("#picture").get_attribute("aria-label")]) == []
    assert strays(step["remark"] for each in said for step in each.get("steps", ())) == []
    errors = {each["error"]["text"] for each in said if "error" in each}
    assert strays(errors) == []
    assert len(errors) > 10


def test_in_korean_the_page_of_a_layer_has_the_sums_that_explain_tells(opened):
    asked = settings(300, seed=5)
    with speaking("ko"):
        page = render(play_page())
    with opened(page) as found:
        said = found.page.evaluate("asked => asked.map(archstatLayer.explain)", asked)
    pairs = []
    with speaking("ko"):
        for setting, on_page in zip(asked, said, strict=True):
            explained = truth(setting)
            steps = [step for step in on_page.get("steps", ()) if step["quantity"] != "FLOPs"] if explained else []
            told = [retold(step.remark) for step in explained.steps] if explained else []
            pairs += zip([step["remark"] for step in steps], told, strict=True)
    assert pairs
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


@pytest.mark.parametrize(("field", "value"), [wrong[:2] for wrong in WRONG])
@pytest.mark.sampled(3)
def test_what_is_wrong_with_a_layer_is_said_in_the_messages(opened, field, value):
    with in_full_width():
        page = render(play_page())
    with opened(page) as found:
        found.page.fill(f"[name={field}]", value)
        told = found.page.locator("#wrong").inner_text()
        assert told
        assert strays([told]) == []


def test_what_scripts_write_on_a_page_is_said_in_the_messages(opened):
    rows = tuple((str(place),) for place in range(20))
    with in_full_width():
        sheet = Sheet("", Table((Column("a", ""),), rows))
        page = render(Page("", (*compose(material_for("best")).charts, sheet)))
    with opened(page) as found:
        told = [found.page.locator(each).first.inner_text() for each in ("#scheme", ".dt-search", ".dt-info")]
        found.page.click("#scheme")
        told.append(found.page.locator("#scheme").inner_text())
        find = found.page.locator(".finder input").first
        answer = found.page.locator(".finder output").first
        for name in ("", "a", "no such network"):
            find.fill(name)
            told.append(answer.inner_text())
        found.page.locator(".dt-search input").fill("no such row")
        told += [found.page.locator(each).first.inner_text() for each in (".dt-info", "table.data tbody")]
    assert all(told)
    assert strays(re.sub(r"^\d+: .*", "", each) for each in told) == []


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.sampled(2)
def test_korean_labels_lie_on_no_other_and_inside_of_their_chart(opened, width):
    results = [each for path in sorted(RESULTS.glob("alexnet*.json")) for each in read_measurements(path)]
    with speaking("ko"):
        pages = [
            compose(material_from(names, results, count)) for names in (["alexnet"], ["alexnet", "vgg16", "resnet18"])
        ]
        texts = [render(Page("", tuple(page.charts))) for page in pages]
    for text in texts:
        with opened(text, width=width) as found:
            assert overflow(found.page) == 0
            assert cut_off(found.page) == []
            assert covered(found.page) == []
