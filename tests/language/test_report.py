"""No text of a chart, a page, a picture or a report stands outside of the messages, and they are told in Korean."""

import functools
import html
import json
import re
from pathlib import Path

import msgspec
import pytest

from archstat import plot
from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.claims import check, claims_of, summary
from archstat.errors import DataError
from archstat.files.results import read_measurements
from archstat.finding.candidates import choice_of
from archstat.finding.ratings import of_evaluation
from archstat.language import retold, speaking
from archstat.networks.settings import Setting
from archstat.published.accuracies import evaluations, published_by
from archstat.published.challenge import human
from archstat.published.challenge import winners as entries
from archstat.published.figures import counted, published
from archstat.published.names import display_name
from archstat.published.protocols import protocols_of
from archstat.report.blocks import Heading, Page, Sheet
from archstat.report.chart import CHARTS, drawn
from archstat.report.compose import compose
from archstat.report.drawing import theme
from archstat.report.gallery import gallery_of
from archstat.report.images import write_images
from archstat.report.material import Mark, Material, Subject, material_from
from archstat.report.page import fragment, render
from archstat.report.pictures.words import words_of
from archstat.report.playing import play_page
from archstat.report.writing.citations import Checked, hint
from archstat.report.writing.errata import errata_of
from archstat.report.writing.reports import pages_of
from archstat.tables import Column, Table
from tests.language.outside import in_full_width, outside, texts_of_page
from tests.language.outside import words_of as words_of_cost
from tests.report.folders import CLAIMS, REPORT, report

RESULTS = Path(__file__).parents[2] / "reports" / "cnn-architectures" / "results"
NAMES = ["alexnet", "vgg16", "googlenet", "resnet50"]
count = functools.cache(analyse)
PROGRAMS = set("torch timm Python Linux cpu inference mode".split())
"""What the methods name with their versions."""
KINDS = {"Conv", "ConvTranspose", "Linear", "MaxPool", "AvgPool"}
FAMILIES = {"AlexNet", "VGG", "ResNet", "Inception", "SENet", "MobileNet", "SqueezeNet", "DenseNet"}


@functools.cache
def results():
    return [each for path in sorted(RESULTS.glob("*.json")) for each in read_measurements(path)]


def names_of_data(*names):
    """The words that networks, libraries and devices bring."""
    networks = [count(name, Setting()) for name in names]
    known = set().union(*(words_of_cost(network.cost) for network in networks))
    ops = [level.op for network in networks for level in network.levels().levels]
    layers = [row.layer for network in networks for row in network.cost.layers]
    entered = [each.entry for each in entries()]
    shown = re.findall(r"[A-Za-z]+", " ".join([*ops, *layers, *entered, *names, *map(display_name, names)]))
    return {*known, *shown, *KINDS, *FAMILIES, *PROGRAMS, "eager"}


def quotations():
    """What others wrote, and what is noted of it: sources and notes on them stay as they were published."""
    found = [each for one in evaluations().values() for each in (one.source, one.link, *one.notes.values())]
    found += [each for one in entries() for each in (one.entry, one.team, one.source, one.note)]
    found += [each for one in published().values() for each in (one.paper, one.note, one.title, one.authors, one.link)]
    found += protocols_of(published().values())
    conditions = results()[0].conditions
    return [*found, human().source, conditions.device_name, conditions.memory_format, conditions.precision]


def without_tables(page):
    """A page with the names of its tables and what opens them, and not the tables: they have tests of their own."""
    parts = [
        [Heading(block.name), Heading(block.folded)] if isinstance(block, Sheet) else [block] for block in page.blocks
    ]
    return msgspec.structs.replace(page, blocks=tuple(each for part in parts for each in part))


def stray(page, known, quoted=()):
    """The words of a page that no message says, each text with its own."""
    quoted = sorted((" ".join(each.split()) for each in quoted if each), key=len, reverse=True)
    found = {}
    for text in texts_of_page(render(page, is_offline=False)):
        rest = " ".join(html.unescape(text).split())
        for each in quoted:
            rest = rest.replace(each, " ")
        if words := outside(rest, known):
            found[text] = words
    return found


def material_for(name):
    """What a chart can be drawn of."""
    if name in ("best", "cloud"):
        costs = [count(each, Setting()) for each in NAMES]
        return Material((), choice=choice_of(costs, (), "", of_evaluation("canziani2016", ())))
    if name == "winners":
        return Material(())
    if name in ("latency", "batch", "accuracy", "top1"):
        return material_from(NAMES, results(), count)
    if name == "overhead":
        return material_from(["resnet50", "se_resnet50"], (), count)
    if name == "difference":
        return material_from(["resnet50", "resnet50_v1_5"], (), count)
    if name == "branches":
        modules = ["inception_module_naive", "inception_module_bottleneck"]
        mark = Mark(modules[0], "macs", 8.54e8, "1")
        return msgspec.structs.replace(material_from(modules, (), count), marks=(mark,))
    return material_from(["alexnet"], results(), count) if name != "totals" else material_from(NAMES, (), count)


@pytest.mark.parametrize("name", list(CHARTS))
def test_no_text_of_a_chart_stands_outside_of_the_messages(name):
    material = material_for(name)
    with in_full_width():
        charts = drawn(CHARTS.get(name), material)
        quoted = quotations()
        found = stray(Page("", tuple(charts)), names_of_data(*material.names, *NAMES), quoted)
        told = [words_of(chart, view).text() for chart in charts for view in chart.views]
    assert found == {}
    assert "What" not in " ".join(told)


def test_the_finder_sees_a_word_that_no_message_says():
    with in_full_width():
        (chart,) = drawn(CHARTS.get("totals"), material_for("totals"))
        altered = msgspec.structs.replace(chart, caption=f"{chart.caption} Largest first.")
        assert list(stray(Page("", (altered,)), names_of_data(*NAMES)).values()) == [["Largest", "first"]]


PAGES = {
    "one": lambda: compose(material_from(["alexnet"], results()[:1], count)),
    "several": lambda: compose(material_from(NAMES, (), count)),
    "two": lambda: compose(material_from(["resnet50", "resnet50_v1_5"], (), count)),
    "store": lambda: compose(material_for("best")),
    "play": play_page,
    "none": lambda: compose(Material(())),
}


@pytest.mark.parametrize("name", PAGES)
def test_no_text_of_a_page_stands_outside_of_the_messages(name):
    networks = [*NAMES, "resnet50_v1_5"]
    with in_full_width():
        found = stray(without_tables(PAGES[name]()), names_of_data(*networks), quotations())
    assert found == {}


def test_no_text_of_a_site_stands_outside_of_the_messages():
    names = ["lenet5", "lenet5_modern"]
    known = {*names_of_data(*names), "misc", "author", "and", "title", "year", "url"}  # of BibTeX
    with in_full_width():
        for each in gallery_of(names, count):
            found = stray(without_tables(each.page), known, quotations())
            assert found == {}, each.place


def test_no_text_around_a_written_report_stands_outside_of_the_messages(tmp_path):
    text = "{{parameters}} {{slide}} {{error.text}}\n\n{{claims}}\n\n{{errata}}\n"
    folder = report(tmp_path / "a", text=text, contents=f'{REPORT}errata = ["claims.toml"]\n')
    written = {*re.findall(r"[A-Za-z]+", CLAIMS + REPORT), *names_of_data("inception_module_bottleneck")}
    with in_full_width():
        made = [without_tables(page) for _, page in pages_of([folder], count)]
        file = claims_of(CLAIMS, "claims.toml")
        findings = check(file, count)
        of_claims = [summary(findings), *(each.message for each in findings), *(each.verdict for each in findings)]
        assert [stray(page, written, of_claims) for page in made] == [{}, {}]


def test_no_text_of_a_table_in_a_notebook_stands_outside_of_the_messages():
    rows = tuple((str(place),) for place in range(100))
    with in_full_width():
        page = fragment(Table((Column("a", "Layer"),), rows))
    assert [outside(text, ()) for text in texts_of_page(page) if outside(text, ())] == []


# -- Korean ------------------------------------------------------------------------------------------------------------


def test_a_page_in_korean_has_korean_titles_labels_and_captions():
    with speaking("ko"):
        page = compose(material_from(["alexnet", "vgg16"], (), count))
        text = render(page, is_offline=False)
        charts = {chart.name: chart for chart in page.charts}
    assert '<html lang="ko">' in text
    assert "계산하고 그린 프로그램: archstat" in text
    assert charts["totals"].title == "네트워크의 비용"
    assert [view.label for view in charts["totals"].views] == ["파라미터", "MACs", "활성값 메모리", "최대 메모리"]
    assert charts["accuracy"].caption.startswith("거품의 넓이는 파라미터 수이다.")
    assert "Noto Sans KR" in text
    layout = charts["accuracy"].views[0].figure.layout
    assert layout.yaxis.title.text == "Top-1 정확도 (%)"
    assert "Malgun Gothic" in layout.font.family


def test_a_page_in_english_is_the_same_after_another_language_and_names_the_types_of_others():
    before = render(play_page())
    with speaking("ko"):
        korean = render(play_page())
    assert render(play_page()) == before != korean
    assert '<html lang="en">' in before
    for types in ("Malgun Gothic", "Yu Gothic", "Microsoft YaHei"):  # a name of a layer may be in any language
        assert types in before


def test_a_picture_tells_its_words_in_korean_and_what_macs_are():
    with speaking("ko"):
        (chart,) = drawn(CHARTS.get("layers"), material_from(["lenet5"], (), count))
        words = words_of(chart, chart.views[0])
        told = words.text()
    assert words.title == "LeNet-5 각 층의 비용: 파라미터"
    assert "그림의 내용: 층별 파라미터." in told
    assert all(len(line) <= 88 for line in told.splitlines())
    with speaking("ko"):
        macs = words_of(chart, chart.views[1])
    assert macs.conventions.startswith("MACs: ")
    assert not outside(macs.conventions, {"MACs"})


def test_a_particle_of_korean_may_follow_a_quantity_without_a_space():
    with speaking("ko"):
        (chart,) = drawn(CHARTS.get("latency"), material_from(["alexnet"], results(), count))
    assert chart.title == "MACs와 측정한 지연 시간"
    with speaking("ko"):
        assert words_of(chart, chart.views[0]).conventions.startswith("MACs: ")


def test_a_picture_of_a_chart_is_asked_for_by_either_name():
    with speaking("ko"):
        korean = plot.totals(["lenet5", "alexnet"], view="최대 메모리")
        english = plot.totals(["lenet5", "alexnet"], view="Peak memory")
    assert korean == english
    assert english.layout.meta["view"] == "최대 메모리"


def test_what_published_data_says_of_how_it_was_found_is_told_in_korean():
    told = [each for one in evaluations().values() for each in (one.protocol, one.precision)]
    told += [published_by("ImageNet val, 1-crop").source, *(one.measured for one in entries()), human().measured]
    with speaking("ko"):
        assert [each for each in told if retold(each) == each] == []


def test_what_is_behind_a_number_is_told_in_korean():
    file = claims_of(CLAIMS, "claims.toml")
    findings = {each.id: each for each in check(file, count)}
    with speaking("ko"):
        assert "계산값 60,000" in hint(findings["parameters"])
        (correction,) = errata_of(Checked(file.title, findings), count).corrections
    assert correction.origin == "계산값"
    assert "합계" in [step.quantity for step in correction.sums]


def test_what_is_missing_is_said_in_english_since_errors_are():
    with speaking("ko"), pytest.raises(DataError, match="Totals are set side by side of two networks at least"):
        drawn(CHARTS.get("totals"), Material((Subject(Saved(count("lenet5", Setting()).cost)),)))


def test_wide_letters_have_the_room_that_they_take():
    korean = theme.hover("층", [], source="가나다라 마바사아 " * 20)
    assert max(map(len, re.split(r"<br>|<[^>]*>", korean))) <= 27
    assert len(counted()) > 0
    assert json.dumps(korean)


def test_notes_with_labels_stand_in_columns_that_no_spaces_make():
    table = Table((Column("a", "A"),), (("x",),), notes=("파라미터          12", "                  13", "긴 설명"))
    with speaking("ko"):
        page = render(Page("", (Sheet("", table),)))
    assert "<div><span>파라미터</span><span>12</span></div><div><span></span><span>13</span></div>" in page
    assert "<div><span>긴 설명</span></div>" in page


@pytest.mark.rare
def test_pictures_have_names_of_plain_letters_whatever_is_spoken(tmp_path):
    charts = drawn(CHARTS.get("totals"), material_for("totals"))
    with speaking("ko"):
        names = [path.name for path in write_images(charts, tmp_path, "svg") if path.suffix == ".svg"]
    assert names == ["totals.svg", *(f"totals-{number}.svg" for number in range(1, len(charts[0].views)))]
