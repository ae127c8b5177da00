"""Pages: what stands in them, and that nothing in them can be more than text."""

import base64
import gettext
import gzip
import html
import json
import re

import msgspec
import pytest
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from archstat import language
from archstat.records import Step
from archstat.report.assets import libraries_file
from archstat.report.blocks import Heading, Link, Links, Page, Prose, Sheet, Tiles
from archstat.report.chart import Chart, View
from archstat.report.drawing import theme
from archstat.report.page import fragment, literal, marked, render, sheets_page
from archstat.report.playing import play_page
from archstat.tables import Column, Table
from archstat.tables.columns import number, part_of_whole

HOSTILE = ["<script>alert(1)</script>", "</script><b>", "\"'><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "a" * 10_000]
TABLE = Table((Column("name", "Name"), number("amount", "Amount")), (("one", 1), ("none", None)), "Title", ("A note.",))


def chart(name="bars"):
    figure = theme.figure(theme.go.Bar(x=[1], y=[theme.words(name)]), xaxis=theme.axis("MACs"))
    views = View("MACs", lambda _: figure, f"alt of {name}"), View("FLOPs", lambda _: figure, "other")
    return Chart("bars", name, views, f"under {name}")


def packed(page, name):
    payload = re.search(rf'<script type="application/gzip" id="{name}">([^<]*)</script>', page)
    return unzipped(payload[1])


def unzipped(payload):
    return gzip.decompress(base64.b64decode(payload)).decode()


def test_equal_pages_are_equal_bytes():
    assert render(Page("A", (chart(), Sheet("s", TABLE)))) == render(Page("A", (chart(), Sheet("s", TABLE))))


def test_no_text_turns_the_rest_around_or_is_half_a_character():
    name = "\u202ea\x1b[31m\x00\udcff\u00a0b"
    sheet = Sheet(name, Table(TABLE.columns, ((name, 1),), name, (name,)), ((Step(name, name, 1),),))
    page = render(Page(name, (Heading(name), Tiles(((name, name, name),)), chart(name), sheet), name, (name,)))
    assert not set("\u202e\x1b\x00\udcff") & set(page)
    assert "<h1>�a�[31m��\u00a0b</h1>" in page
    assert page.encode()


def test_a_page_brings_each_library_once_and_only_what_it_needs():
    both = render(Page("A", (chart(), chart(), Sheet("s", TABLE), Sheet("t", TABLE))))
    assert packed(both, "library-plotly") == get_plotlyjs()
    assert "DataTables" in packed(both, "library-tables")
    assert both.count('id="library-') == 2
    assert 'id="library-plotly"' not in render(Page("A", (Sheet("s", TABLE),)))
    assert 'id="library-' not in render(Page("A", (Heading("h"),)))


def test_a_page_asks_for_nothing_but_what_is_in_it():
    page = render(Page("A", (chart(), Sheet("s", TABLE))))
    assert not re.findall(r'(?:src|href)="(?!data:)[^"]+"', page)
    assert "default-src 'none'" in page
    assert "https://" not in page.partition("<main>")[0]


class Told(gettext.NullTranslations):
    """A catalogue that says one thing."""

    def gettext(self, message):
        return "`$\\</script><!-- " + message


def test_a_translation_ends_no_script_and_begins_no_expression(monkeypatch):
    monkeypatch.setattr(language._Speech, "messages", Told())
    assert literal("{count}", count="n") == r"`\x60\x24\x5c\x3c/script>\x3c!-- ${n}`"
    assert marked("<b>{name}</b>", name=Markup("<i>n</i>")).endswith("&lt;b&gt;<i>n</i>&lt;/b&gt;")
    script = render(play_page()).rpartition("<script>")[2]
    assert script.count("</script") == 1


def test_plotly_can_be_fetched_instead_with_its_hash():
    page = render(Page("A", (chart(),)), is_offline=False)
    assert re.search(r'<script src="https://[^"]+/plotly-[\d.]+\.min\.js" integrity="sha256-[^"]+" crossorigin', page)
    assert 'id="library-plotly"' not in page
    assert len(page) < 100_000


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_wherever_it_stands(text):
    table = Table((Column("name", text), number("amount", "Amount")), ((text, 1),), f"{text}\nmore", (text,))
    sums = ((Step(text, text, 1, text),),)
    links = Links((Link("x.html", text, text),))
    blocks = (Heading(text), Tiles(((text, text, text),)), chart(text), Sheet(text, table, sums), links)
    page = render(Page(text, blocks, text, (text,)))
    plain = re.sub(r"<script.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "<img" not in plain
    assert "<b>" not in plain
    assert "49" not in plain
    assert html.escape(text, quote=False).replace('"', "&#34;").replace("'", "&#39;") in plain
    assert len(re.findall(r"<script", page)) == len(re.findall(r"</script", page)) == 5
    assert json.loads(packed(page, "charts"))["chart-0"]["views"][0]["alt"] == f"alt of {text}"


def test_what_a_chart_is_drawn_from_cannot_end_its_script():
    page = render(Page("A", (chart("</script><script>alert(1)</script>"),)))
    assert "alert(1)" not in page.replace("&lt;script&gt;alert(1)", "")
    assert "alert(1)" in packed(page, "charts")


def test_pages_of_a_site_share_their_libraries():
    page = render(Page("A", (chart(), Sheet("s", TABLE))), beside="../libraries.js")
    assert '<script src="../libraries.js"></script>' in page
    assert 'id="library-' not in page
    assert len(page) < 40_000
    held = json.loads(libraries_file().partition("= ")[2].removesuffix(";\n"))
    assert gzip.decompress(base64.b64decode(held["library-plotly"])).decode() == get_plotlyjs()
    assert set(held) == {"library-elk", "library-plotly", "library-tables"}


def test_a_chart_whose_points_have_names_can_be_searched():
    searched = msgspec.structs.replace(chart(), is_searched=True)
    assert '<input type="search"' in render(Page("A", (searched,)))
    assert '<input type="search"' not in render(Page("A", (chart(),)))


def test_an_address_in_a_text_is_a_link_that_tells_nothing_of_the_page():
    page = render(Page("A", (), "He: Deep (2015). https://arxiv.org/abs/1512.03385.", ('"https://a.b/<b>x"',)))
    link = '<a href="https://arxiv.org/abs/1512.03385" rel="noopener noreferrer">https://arxiv.org/abs/1512.03385</a>.'
    assert link in page
    assert "<b>x" not in page
    assert render(Page("A", (), "javascript:alert(1) data:x")).count("<a ") == 0


def test_a_cell_is_sorted_by_its_value_and_nothing_comes_first():
    page = render(Page("A", (Sheet("s", TABLE),)))
    assert re.findall(r'data-order="([^"]*)"', page) == ["1", "-1"]


def test_rows_that_belong_together_are_sorted_as_the_first_of_them():
    columns = (Column("name", "Name"), number("amount", "Amount"), Column("term", "Term"))
    rows = (("a", 3, "x"), ("", 9, "w"), ("b", 5, "y"))
    page = render(sheets_page([Table(columns, rows, "T")]))
    orders = re.findall(r'data-order="([^"]*)"', page)
    assert orders == ["a", "3", "x", "a", "3", "x", "b", "5", "y"]


def test_a_share_has_a_bar_in_proportion_to_the_largest_and_a_verdict_its_colour():
    columns = (Column("name", "Name"), part_of_whole("part", "Part"), Column("said", "Said", tones={"slip": "wrong"}))
    page = render(sheets_page([Table(columns, (("a", 0.25, "slip"), ("b", 0.5, "exact"), ("c", None, "slip")), "T")]))
    assert re.findall(r'style="--part:([^"]*)"', page) == ["50.0%", "100.0%"]
    assert page.count('<td data-tone="wrong">') == 2


def test_the_sums_of_a_row_wait_beside_it():
    page = render(Page("A", (Sheet("s", TABLE, ((Step("parameters", "5·5", 25, "each"),), ())),)))
    assert page.count('class="open"') == 1
    first, second = json.loads(unzipped(re.search(r'class="packed-sums">([^<]*)<', page)[1]))
    assert "<code>5·5 = 25</code> <span>each</span>" in first
    assert second == ""


def test_a_heading_that_all_rows_share_stands_once_over_them():
    column = Column("paper", "Paper", is_heading=True)
    shared = Table((column, *TABLE.columns), (("P", "one", 1), ("P", "two", 2)))
    assert [c.key for c in Sheet("s", shared).columns] == ["name", "amount"]
    assert Sheet("s", shared).shared == ["P"]
    other = msgspec.structs.replace(shared, rows=(("P", "one", 1), ("Q", "two", 2)))
    assert [c.key for c in Sheet("s", other).columns] == ["paper", "name", "amount"]
    assert Sheet("s", other).shared == []


def test_a_column_without_any_value_is_left_out():
    table = msgspec.structs.replace(TABLE, rows=(("one", None), ("two", None)))
    assert [column.key for column in Sheet("s", table).columns] == ["name"]
    assert [column.key for column in Sheet("s", msgspec.structs.replace(TABLE, rows=())).columns] == ["name", "amount"]


def test_a_page_of_tables_is_called_as_the_first_one():
    page = sheets_page([msgspec.structs.replace(TABLE, title="One\nmore"), TABLE], is_exact=True)
    assert (page.title, page.subtitle) == ("One", "more")
    assert [block.table.title for block in page.blocks] == ["", "Title"]


def test_prose_is_put_in_as_it_is():
    text = Markup("<p>one <em>two</em></p>")
    assert text in render(Page("A", (Prose(text),)))


def test_a_fragment_runs_nothing_of_what_it_shows_and_keeps_its_style_to_itself():
    found = fragment(msgspec.structs.replace(TABLE, title="</script><b>"))
    assert found.count("<script") == found.count("</script") == 1
    own = found.partition("<script>")[2].replace(re.search(r'id="(archstat-\w+)"', found)[1], "")
    assert own == fragment(TABLE).partition("<script>")[2].replace(
        re.search(r'id="(archstat-\w+)"', fragment(TABLE))[1], ""
    ), "the script is the same whatever is shown"
    assert "&lt;/script&gt;&lt;b&gt;" in found
    style = re.search(r"<style>(.*?)</style>", found, re.DOTALL)[1]
    assert style.strip().startswith(".archstat {")
    assert style.strip().endswith("}")


def test_every_colour_of_a_page_has_a_light_and_a_dark_value():
    assert theme.LIGHT.keys() == theme.DARK.keys()
    page = render(Page("A", (chart(), Sheet("s", TABLE))))
    assert set(re.findall(r"var\(--(\w+)\)", page)) - {"part"} <= set(theme.LIGHT)  # how long a bar is


def contrast(one, other):
    """The contrast of two colours, by WCAG 2.1."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_and_data_stand_out_from_the_paper(scheme):
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast(scheme["ink"], scheme["paper"]) > 7
    assert contrast(scheme["muted"], scheme["paper"]) > 4.5
    assert contrast(scheme["accent"], scheme["paper"]) > 4.5
    for colour in theme.CYCLE:
        assert contrast(scheme[colour[6:-1]], scheme["paper"]) > 3, colour
