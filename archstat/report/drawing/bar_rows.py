"""Bars in rows under headings, each with its value beside it: a picture that is read like a table, also on a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat.report.chart import PHONE, WIDE
from archstat.report.drawing import legend, theme
from archstat.report.drawing.labels import WIDTH
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

    def figure(self) -> go.Figure:
        """With the layout for a plot of :data:`WIDE` pixels and more."""
        placed = list(self._placed())
        bars = [(place, end) for place, row in placed for end in row.ends if not end.is_mark]
        marks = [(place, end) for place, row in placed for end in row.ends if end.is_mark]
        return theme.figure(_bars(bars), *([_diamonds(marks)] if marks else []), **self._layout(WIDE))

    def narrow(self) -> dict[str, Any]:
        """The layout for a phone."""
        return theme.styled(self._layout(PHONE))

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

    def _layout(self, width: int) -> dict[str, Any]:
        placed = list(self._placed())
        is_phone = width == PHONE
        longest = _LONGEST[width]
        names = [theme.words(short_path(theme.cut(row.name, 400), longest)) for _, row in placed]
        left = round(max(min(len(row.name), longest) for _, row in placed) * _WIDTH) + 16
        inner = width - left - _RIGHT
        over, height = legend.legend(self.colours, inner)
        last = placed[-1][0]
        low, high = _range([end for _, row in placed for end in row.ends], inner, is_phone=is_phone)
        return {
            "height": round((last + 1.2) * _LINE) + height + 16,
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
                *(_heading(group.title, start - 1, left, width) for start, group in self._starts() if group.title),
                *(_beside(place, end, is_phone=is_phone) for place, row in placed for end in row.ends),
            ],
        }


_LINE = 27
_BETWEEN = 0.35
_RIGHT = 8
_TYPE = 12
_WIDTH = WIDTH * _TYPE / theme.SIZE
_LONGEST = {WIDE: 28, PHONE: 21}


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
    texts = [(end.value, min(0.42, (len(end.short if is_phone else end.text) * _WIDTH + 16) / width)) for end in ends]
    low, high = min(0.0, *(value for value, _ in texts)), max(0.0, *(value for value, _ in texts))
    for _ in range(60):  # each text takes a share of a range that it makes wider itself
        span = (high - low) or 1.0
        high = max(0.0, *(value + part * span for value, part in texts if value >= 0), 0.0)
        low = min(0.0, *(value - part * span for value, part in texts if value < 0), 0.0)
    return low, high


def _zero(start: float, end: float) -> dict[str, Any]:
    return {"type": "line", "x0": 0, "x1": 0, "y0": start, "y1": end, "line": {"color": theme.LINE, "width": 1}}


def _heading(text: str, place: float, left: int, width: int) -> dict[str, Any]:
    room = int((width - _RIGHT) / (1.1 * theme.CHAR))
    where = {"xref": "paper", "x": 0, "y": place, "xshift": -left, "xanchor": "left", "yanchor": "middle"}
    return {
        **_STILL,
        **where,
        "text": f"<b>{theme.words(text, room)}</b>",
        "font": {"color": theme.INK, "size": theme.SIZE},
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
