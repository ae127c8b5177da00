"""Bars in rows."""

import pytest

from archstat.report.drawing.bar_rows import BarRow, End, Group, Rows
from archstat.report.drawing.canvas import PHONE


def end(value, text="1.0 M", **more):
    return End(value, text, more.pop("short", text), "var(--blue)", "hover", **more)


def pixels(layout, value, width):
    low, high = layout["xaxis"]["range"]
    margin = layout["margin"]
    return (value - low) / (high - low) * (width - margin["l"] - margin["r"])


@pytest.mark.parametrize("values", [(5, 3), (-5, 3), (-5, -3), (0, 0)])
def test_the_text_at_each_bar_has_room_on_its_side(values):
    rows = Rows((Group("", tuple(BarRow("name", (end(value),)) for value in values)),))
    narrow = rows.figure(PHONE).to_plotly_json()["layout"]
    room = PHONE.width - narrow["margin"]["l"] - narrow["margin"]["r"]
    for value in values:
        place = pixels(narrow, value, PHONE.width)
        needed = len("1.0 M") * 6.4 + 5
        assert (place - needed >= 0) if value < 0 else (place + needed <= room)


def test_a_heading_stands_a_line_over_its_rows():
    rows = Rows((Group("one", (BarRow("a", (end(1),)),)), Group("two", (BarRow("b", (end(2),)),))))
    layout = rows.figure().layout
    places = {each.text: each.y for each in layout.annotations if each.text.startswith("<b>")}
    assert [layout.yaxis.tickvals[n] - places[f"<b>{name}</b>"] for n, name in enumerate(("one", "two"))] == [1, 1]


def test_a_phone_has_the_short_texts():
    rows = Rows((Group("", (BarRow("a", (end(1, "1.0 M and more", short="1.0 M"),)),)),))
    assert [each.text for each in rows.figure().layout.annotations] == ["1.0 M and more"]
    assert [each.text for each in rows.figure(PHONE).layout.annotations] == ["1.0 M"]


def test_a_mark_is_a_diamond_and_no_bar():
    rows = Rows((Group("", (BarRow("a", (end(1), end(2, is_mark=True))),)),))
    bars, marks = rows.figure().data
    assert (list(bars.x), list(marks.x)) == ([1], [2])
    assert marks.marker.symbol == "diamond"


def test_mark_up_in_names_is_text():
    figure = Rows((Group("<b>", (BarRow("<i>", (end(1, "<u>"),)),)),)).figure().layout
    assert figure.yaxis.ticktext == ("&lt;i&gt;",)
    assert [each.text for each in figure.annotations] == ["<b>&lt;b&gt;</b>", "&lt;u&gt;"]
