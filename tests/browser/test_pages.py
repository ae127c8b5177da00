"""What a reader does with a page: sort, search, open, switch, hover, print."""

import functools
from collections import OrderedDict

import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.finding.candidates import Choice
from archstat.published.figures import published
from archstat.report.blocks import Page, Sheet
from archstat.report.charts.candidates import best
from archstat.report.charts.layers import layers as layers_chart
from archstat.report.compose import compose
from archstat.report.material import Material, Subject, material_from
from archstat.report.page import render
from archstat.tables import Column, Table
from archstat.tables.columns import number
from tests.browser.looks import covered, cut_off, drawn, overflow
from tests.report.charts.test_candidates import crowd
from tests.report.test_page import HOSTILE, chart

ROWS = tuple((f"row {place}", value) for place, value in enumerate([30, 9, None, 1_000_000, 200, 9, 7, 8]))
TABLE = Table((Column("name", "Name"), number("amount", "Amount")), ROWS)


@functools.cache
def one_network():
    return render(compose(material_from(["lenet5"], (), analyse)))


@functools.cache
def all_networks():
    return render(compose(material_from(list(published()), (), analyse)))


def column(page, place):
    return page.eval_on_selector_all(f"table.data tbody td:nth-child({place})", "all => all.map(e => e.textContent)")


def test_a_click_sorts_by_value_numbers_from_the_largest_and_a_second_one_the_other_way(opened):
    with opened(render(Page("A", (Sheet("s", TABLE),)))) as found:
        assert column(found.page, 1) == [row[0] for row in ROWS]
        head = found.page.locator("th", has_text="Amount")
        head.click()
        found.page.wait_for_selector('th[aria-sort="descending"]')
        assert column(found.page, 2) == ["1.000 M", "200", "30", "9", "9", "8", "7", "–"]
        head.click()
        found.page.wait_for_selector('th[aria-sort="ascending"]')
        assert column(found.page, 2) == ["–", "7", "8", "9", "9", "30", "200", "1.000 M"]
        found.page.locator("th", has_text="Name").click()
        found.page.wait_for_selector('th[aria-sort="ascending"]')
        assert column(found.page, 1) == sorted(row[0] for row in ROWS)


def test_the_search_leaves_the_rows_that_fit(opened):
    with opened(one_network()) as found:
        found.page.locator(".dt-search input").first.fill("c3.")
        assert column(found.page, 1) == ["c3.three", "c3.four", "c3.six"]
        assert found.page.locator(".dt-info").first.inner_text().startswith("3 rows")
        found.page.locator(".dt-search input").first.fill("conv2d 5x5")
        assert column(found.page, 1) == ["c1", "c5"]
        found.page.locator(".dt-search input").first.fill("nothing has this")
        assert found.page.locator("table.data tbody").first.inner_text() == "No row fits."


def test_a_layer_opens_its_sums_and_closes_them(opened):
    with opened(one_network()) as found:
        button = found.page.locator("button.open").first
        assert not found.page.get_by_text("(5·5·1 + 1)·6 = 156").is_visible()
        button.press("Enter")
        found.page.get_by_text("(5·5·1 + 1)·6 = 156").wait_for()
        assert button.get_attribute("aria-expanded") == "true"
        button.click()
        assert found.page.get_by_text("(5·5·1 + 1)·6 = 156").count() == 0
        assert button.get_attribute("aria-expanded") == "false"


def test_the_switch_draws_another_view(opened):
    with opened(one_network()) as found:
        figure = found.page.locator('figure[data-chart="layers"]')
        before = figure.locator(".plot").inner_text()
        figure.get_by_role("button", name="MACs").click()
        assert figure.locator(".plot").inner_text() != before
        assert figure.locator(".plot").get_attribute("aria-label").startswith("MACs")


def test_a_pointer_on_a_mark_shows_its_numbers(opened):
    with opened(one_network()) as found:
        figure = found.page.locator('figure[data-chart="layers"]')
        figure.scroll_into_view_if_needed()
        box = figure.locator(".plot .bars path").nth(7).bounding_box()
        found.page.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2)
        shown = figure.locator(".hovertext").first
        shown.wait_for()
        assert any(character.isdigit() for character in shown.text_content())


def opacities(figure):
    return figure.locator(".plot .points path").evaluate_all("all => all.map(e => +getComputedStyle(e).opacity)")


def test_names_that_are_looked_for_stand_out_in_every_view(opened):
    chart = best(Material((), choice=Choice(crowd(300), "Accuracy: mine.")))
    with opened(render(Page("A", (chart,)))) as found:
        figure = found.page.locator('figure[data-chart="best"]')
        assert figure.locator("output").inner_text() == "300 networks"
        figure.locator("input").fill("resnet 29")
        told = figure.locator("output").inner_text()
        fits = [name for name in (each.network for each in crowd(300)) if "resnet" in name and "29" in name]
        assert fits
        assert told.startswith(f"{len(fits)}: {min(fits, key=lambda name: (len(name), name))}")
        assert sum(opacity == 1 for opacity in opacities(figure)) == len(fits)
        figure.get_by_role("button", name="Parameters").click()
        assert sum(opacity == 1 for opacity in opacities(figure)) == len(fits)
        figure.locator("input").fill("<b>nothing</b>")
        assert figure.locator("output").inner_text() == "No name fits."
        figure.locator("input").fill("")
        assert max(opacities(figure)) < 1


def colours(page):
    script = "() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    label = "() => document.querySelector('.plot .ytick text').style.fill"
    return [*page.evaluate(script), page.evaluate(label)]


def test_the_reader_and_the_system_choose_between_light_and_dark(opened):
    with opened(one_network()) as light:
        on_white = colours(light.page)
        light.page.locator("#scheme").click()
        on_black = colours(light.page)
        assert all(one != other for one, other in zip(on_white, on_black, strict=True))
        light.page.locator("#scheme").click()
        assert colours(light.page) == on_white
    with opened(one_network(), scheme="dark") as dark:
        assert colours(dark.page) == on_black
        dark.page.emulate_media(color_scheme="light")
        dark.page.wait_for_function("() => document.getElementById('scheme').textContent === 'Dark'")
        assert colours(dark.page) == on_white


def test_paper_is_white_and_has_no_buttons(opened):
    with opened(one_network(), scheme="dark") as found:
        found.page.emulate_media(media="print")
        found.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        found.page.wait_for_function("() => document.documentElement.dataset.scheme === 'light'")
        assert colours(found.page)[0] == "rgb(255, 255, 255)"
        assert not found.page.locator("#scheme").is_visible()
        assert not found.page.locator(".switch").first.is_visible()
        found.page.evaluate("dispatchEvent(new Event('afterprint'))")
        found.page.emulate_media(media="screen")
        assert colours(found.page)[0] == "rgb(20, 23, 27)"


def test_names_of_wide_letters_are_not_cut_off(opened):
    layers = nn.Sequential(OrderedDict((letter * 28, nn.Conv2d(3, 3, 1)) for letter in ("x", "m", "W", "$")))
    network = analyse_model(layers, torch.ones(1, 3, 8, 8))
    with opened(render(Page("A", (layers_chart(Subject(network)),)))) as found:
        assert cut_off(found.page) == []


def widths(page):
    return page.eval_on_selector_all(".main-svg:first-child", "all => all.map(e => e.getBoundingClientRect().width)")


def test_charts_are_drawn_for_the_width_of_paper_and_back(opened):
    with opened(one_network()) as found:
        before = widths(found.page)
        assert min(before) > 1000
        found.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert set(widths(found.page)) == {680}
        found.page.evaluate("dispatchEvent(new Event('afterprint'))")
        found.page.wait_for_function("() => document.querySelector('.main-svg').getBoundingClientRect().width > 1000")
        found.page.wait_for_timeout(200)
        assert widths(found.page) == before


def test_the_sums_of_a_table_that_is_scrolled_stay_in_sight(opened):
    with opened(one_network(), width=390) as found:
        found.page.locator("button.open").first.click()
        found.page.locator(".scroll").first.evaluate("element => { element.scrollLeft = 400; }")
        box = found.page.get_by_text("(5·5·1 + 1)·6 = 156").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_a_page_that_becomes_narrow_is_drawn_anew(opened):
    with opened(one_network()) as found:
        found.page.set_viewport_size({"width": 390, "height": 800})
        found.page.wait_for_timeout(500)
        assert overflow(found.page) == 0
        assert not drawn(found.page)["missing"]


def test_on_a_phone_a_sign_stands_behind_the_name_that_it_is_of(opened):
    table = Table((Column("mark", ""), Column("kind", "Layer"), *TABLE.columns), (("+", "conv", "a", 3),))
    for width, first in ((1100, ["", "Layer", "Name", "Amount"]), (390, ["Layer", "", "Amount", "Name"])):
        with opened(render(Page("A", (Sheet("s", table),))), width=width) as found:
            assert [each.strip() for each in found.page.locator("table.data th").all_inner_texts()] == first


@pytest.mark.parametrize("width", [1100, 390])
@pytest.mark.sampled(2)
def test_hostile_names_are_text(opened, width):
    rows = tuple((text, place) for place, text in enumerate(HOSTILE))
    table = Table((Column("name", "Name"), number("amount", "Amount")), rows, HOSTILE[0], tuple(HOSTILE))
    with opened(render(Page(HOSTILE[0], (*map(chart, HOSTILE), Sheet(HOSTILE[1], table)))), width=width) as found:
        assert found.page.title() == HOSTILE[0]
        assert column(found.page, 1) == HOSTILE
        assert found.page.locator("main img, main b, main script").count() == 0
        labels = found.page.locator(".ytick text").all_text_contents()
        assert HOSTILE[0] in [label.strip() for label in labels]
        assert overflow(found.page) == 0
        assert found.page.evaluate("typeof alert") == "function"


@pytest.mark.parametrize("width", [1100, 390])
@pytest.mark.sampled(2)
def test_a_page_of_all_architectures_is_light_and_whole(opened, width):
    page = all_networks()
    assert len(page.encode()) < 8_000_000
    with opened(page, width=width) as found:
        assert found.page.locator("table.data tbody tr").count() == len(published())
        assert not drawn(found.page)["missing"]
        assert covered(found.page) == []
        assert cut_off(found.page) == []
        assert overflow(found.page) == 0


def test_the_methods_are_copied_as_they_stand_there_and_selected_where_a_page_may_not_copy(opened):
    with opened(one_network()) as found:
        found.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        found.page.locator(".methods .copy").click()
        found.page.locator(".methods output", has_text="Copied.").wait_for()
        copied = found.page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("The counts of LeNet-5 are sums over the ops of one forward pass")
        assert copied == "\n\n".join(found.page.locator(".methods-text p").all_text_contents())
        found.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
        found.page.locator(".methods .copy").click()
        found.page.locator(".methods output", has_text="selected").wait_for()
        assert copied.split("\n")[0] in found.page.evaluate("getSelection().toString()")
