"""The words that go with a picture."""

import pytest

from archstat.report.chart import Chart, View
from archstat.report.drawing import theme
from archstat.report.drawing.labels import columns
from archstat.report.pictures.words import lettered, made_by, put_around, words_of


def words(title="What it costs", caption="Of an input of 1×3.", alt="Bars of 3 MACs.", label="MACs"):
    view = View(label, lambda _: theme.figure(), alt)
    return words_of(Chart("bars", title, (view, View("FLOPs", view.draw, alt)), caption), view)


def test_a_text_has_the_title_the_view_the_caption_what_is_shown_the_conventions_and_the_version():
    assert words().text() == (
        "What it costs: MACs\n\nOf an input of 1×3.\n\nWhat it shows: Bars of 3 MACs.\n\n"
        "Conventions: MACs: multiply-accumulates of convolutions, linear layers and matrix\nproducts.\n\n"
        f"{made_by()}\n"
    )


@pytest.mark.parametrize(
    ("told", "labels"), [("3 MACs", ["MACs"]), ("2 FLOPs for a MAC", ["MACs", "FLOPs"]), ("Macedonia", []), ("5 %", [])]
)
def test_only_what_a_picture_shows_is_said_to_be_what(told, labels):
    found = words(label="", alt=told).conventions
    assert [label for label in ("MACs", "FLOPs") if f"{label}: " in found] == labels


@pytest.mark.parametrize("text", ["word " * 400, "x" * 3000, "卷积层" * 300, "\u202e\x00 \ud800 <b>" * 50, ""])
@pytest.mark.parametrize("width", [200, 410, 900])
def test_words_of_any_kind_are_broken_so_that_they_fit(text, width):
    made = words(title=text or "a", caption=text)
    assert all(columns(line) <= 88 for line in made.text().splitlines())
    lettering = lettered(made, width)
    assert all(columns(line) * 7.245 * 12 / 13 <= width for line in lettering.under)
    assert all(columns(line) * 7.245 * 15 / 13 * 1.1 <= width for line in lettering.title)


def test_the_picture_grows_by_what_the_words_need_and_the_chart_stays_as_it_is():
    lettering = lettered(words(), 500)
    layout = {"height": 300, "margin": {"l": 40, "r": 10, "t": 20, "b": 30}, "annotations": [{"text": "own"}]}
    put_around(lettering, layout, 500)
    margin = layout["margin"]
    assert layout["height"] - margin["t"] - margin["b"] == 300 - 20 - 30
    own, title, under = layout["annotations"]
    assert (own["text"], title["text"]) == ("own", "<b>What it costs: MACs</b>")
    assert under["text"].startswith("<span>Of an input of 1×3. MACs: ")
    assert title["yshift"] < margin["t"]
    lines = under["text"].count("<br>") + 1
    assert -under["yshift"] + lines * 12 * 1.3 < margin["b"]


def test_mark_up_in_words_is_text():
    layout = {"height": 300, "margin": {"l": 40, "r": 10, "t": 20, "b": 30}}
    put_around(lettered(words(title="<i>$x$", caption="</span><script>"), 900), layout, 900)
    told = "".join(each["text"] for each in layout["annotations"])
    assert "<i>" not in told
    assert "<script" not in told
    assert "$" not in told
