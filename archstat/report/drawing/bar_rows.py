"""Bars in rows under headings, each with its value beside it: a picture that is read like a table, also on a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat.report.drawing import legend, theme
from archstat.report.drawing.canvas import WIDE, Canvas
from archstat.report.drawing.labels import WIDTH, columns
from archstat.report.drawing.layer_names import short_path


class End(msgspec.Struct, frozen=True):
    """A bar from zero, or a mark.

    Attributes:
        value: How far the bar goes; below zero it goes to the left.
        text: What stands at its end.
        short: The text at the end of the bar where there is little width.
        colour: The colour of the bar.
        hover: What is shown at it.
        is_mark: Whether the end is a diamond and no bar: a figure that was printed, not counted.
    """

    value: float
    text: str
    short: str
    colour: str
    hover: str
    is_mark: bool = False


class BarRow(msgspec.Struct, frozen=True):
    """One line of a chart of bars.

    Attributes:
        name: What stands at its left.
        ends: The bars of the row: one, or one to either side.
    """

    name: str
    ends: tuple[End, ...]


class Group(msgspec.Struct, frozen=True):
    """Lines under a heading.

    Attributes:
        title: The heading, or ``""``.
        rows: The lines.
    """

    title: str
    rows: tuple[BarRow, ...]


class Rows(msgspec.Struct, frozen=True):
    """What is drawn.

    Attributes:
        groups: From the top.
        colours: What colours mean, or nothing.
    """

    groups: tuple[Group, ...]
    colours: tuple[tuple[str, str], ...] = ()

    def figure(self, canvas: Canvas = WIDE) -> go.Figure:
        """The bars, laid out for a canvas."""
        placed = list(self._placed())
        bars = [(place, end) for place, row in placed for end in row.ends if not end.is_mark]
        marks = [(place, end) for place, row in placed for end in row.ends if end.is_mark]
        return theme.figure(_bars(bars), *([_diamonds(marks)] if marks else []), **self._layout(canvas))

    def _placed(self) -> Iterator[tuple[float, BarRow]]:
        """How many lines from the top each row is."""
        for start, group in self._starts():
            for number, row in enumerate(group.rows):
                yield start + number, row

    def _starts(self) -> Iterator[tuple[float, Group]]:
        """How many lines from the top the first row of each group is; its heading is one above."""
        start = 0.0
        for group in self.groups:
            start += 1.0 if group.title else 0.0
            yield start, group
            start += len(group.rows) + _BETWEEN

    def _layout(self, canvas: Canvas) -> dict[str, Any]:
        placed = list(self._placed())
        is_phone = canvas.is_narrow
        names, left = self._names(canvas)
        inner = canvas.width - left - _RIGHT
        over, height = legend.legend(self.colours, inner)
        last = placed[-1][0]
        low, high = _range([end for _, row in placed for end in row.ends], inner, is_phone=is_phone)
        line = canvas.step(_LINE, last + 1.2, height + 16, _LINE_MIN)
        return {
            "height": round((last + 1.2) * line) + height + 16,
            "margin": {"l": left, "r": _RIGHT, "t": height + 8, "b": 8},
            "barmode": "overlay",
            "bargap": 0.28,
            "xaxis": {"visible": False, "range": [low, high], "fixedrange": True},
            "yaxis": {
                "range": [last + 0.6, -0.6],
                "tickmode": "array",
                "tickvals": [place for place, _ in placed],
                "ticktext": names,
                "tickfont": {"color": theme.INK, "size": _TYPE},
                "showgrid": False,
                "showline": False,
                "ticks": "",
                "ticklabelstandoff": 6,
                "fixedrange": True,
            },
            "shapes": [_zero(start - 0.5, start + len(group.rows) - 0.5) for start, group in self._starts()],
            "annotations": [
                *over,
                *(
                    _heading(group.title, start - 1, left, canvas.width)
                    for start, group in self._starts()
                    if group.title
                ),
                *(_beside(place, end, is_phone=is_phone) for place, row in placed for end in row.ends),
            ],
        }

    def _headings(self, left: int, width: float) -> list[dict[str, Any]]:
        """The titles of the groups, each a line above its first row."""
        return [_heading(group.title, start - 1, left, width) for start, group in self._starts() if group.title]

    def _names(self, canvas: Canvas) -> tuple[list[str], int]:
        """The names of the rows as they are shown, and the room that they take at the left."""
        longest = canvas.characters(28, 21)
        shown = [short_path(theme.cut(row.name, 400), longest) for _, row in self._placed()]
        return list(map(theme.words, shown)), round(max(map(columns, shown)) * _WIDTH * canvas.widening) + 16


_LINE, _LINE_MIN = 27, 17
"""From one row to the next, in pixels: by itself, and the least."""
_BETWEEN = 0.35
_RIGHT = 8
_BOLD = 1.22
"""How much wider bold type is, at most, than the average character is taken to be."""
_HEADING_MIN = 10.5
"""A heading that is too long for its line has smaller type, and is cut where that would be smaller than this."""
_TYPE = 12
_WIDTH = WIDTH * _TYPE / theme.SIZE


def _bars(bars: Sequence[tuple[float, End]]) -> go.Bar:
    return go.Bar(
        x=[end.value for _, end in bars],
        y=[place for place, _ in bars],
        orientation="h",
        width=0.72,
        marker={"color": [end.colour for _, end in bars]},
        hovertext=[end.hover for _, end in bars],
        hoverinfo="text",
    )


def _diamonds(marks: Sequence[tuple[float, End]]) -> go.Scatter:
    return go.Scatter(
        x=[end.value for _, end in marks],
        y=[place for place, _ in marks],
        mode="markers",
        marker={"symbol": "diamond", "size": 11, "color": [end.colour for _, end in marks]},
        hovertext=[end.hover for _, end in marks],
        hoverinfo="text",
    )


def _range(ends: Sequence[End], width: float, *, is_phone: bool) -> tuple[float, float]:
    """The range in which every bar and the text at its end have room."""
    texts = [
        (end.value, min(0.42, (columns(end.short if is_phone else end.text) * _WIDTH + 16) / width)) for end in ends
    ]
    low, high = min(0.0, *(value for value, _ in texts)), max(0.0, *(value for value, _ in texts))
    for _ in range(60):  # each text takes a share of a range that it makes wider itself
        span = (high - low) or 1.0
        high = max(0.0, *(value + part * span for value, part in texts if value >= 0), 0.0)
        low = min(0.0, *(value - part * span for value, part in texts if value < 0), 0.0)
    return low, high


def _zero(start: float, end: float) -> dict[str, Any]:
    return {"type": "line", "x0": 0, "x1": 0, "y0": start, "y1": end, "line": {"color": theme.LINE, "width": 1}}


def _heading(text: str, place: float, left: int, width: float) -> dict[str, Any]:
    room = (width - _RIGHT) / (_BOLD * theme.CHAR)
    size = max(_HEADING_MIN, min(theme.SIZE, theme.SIZE * room / max(columns(text), 1)))
    where = {"xref": "paper", "x": 0, "y": place, "xshift": -left, "xanchor": "left", "yanchor": "middle"}
    return {
        **_STILL,
        **where,
        "text": f"<b>{theme.words(text, int(room * theme.SIZE / size))}</b>",
        "font": {"color": theme.INK, "size": round(size, 1)},
    }


def _beside(place: float, end: End, *, is_phone: bool) -> dict[str, Any]:
    text = end.short if is_phone else end.text
    shift = 10 if end.is_mark else 5
    is_left = end.value < 0
    where = {"x": end.value, "y": place, "xshift": -shift if is_left else shift, "yanchor": "middle"}
    colour = theme.INK if not end.is_mark else end.colour
    return {
        **_STILL,
        **where,
        "xanchor": "right" if is_left else "left",
        "text": theme.words(text),
        "font": {"color": colour, "size": _TYPE},
    }


_STILL = {"showarrow": False, "borderpad": 0, "captureevents": False}
