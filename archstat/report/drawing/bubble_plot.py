"""A picture of bubbles: two quantities by place, a third by area, and the front of those that none beats in both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat import units
from archstat.language import message, say
from archstat.report.drawing import axes, labels, legend, plot_area, theme
from archstat.report.drawing.canvas import WIDE, Canvas
from archstat.report.drawing.front import front_line, steps


class Bubble(msgspec.Struct, frozen=True):
    """A network as it is drawn.

    Attributes:
        name: The name of the network.
        x: The cost of the network; less is better.
        y: The accuracy of the network; more is better.
        amount: What the area of the bubble stands for.
        colour: Of its family.
        hover: What is shown at it.
        is_dashed: Whether the accuracy is that of another network: an outline is drawn, which is on no front.
    """

    name: str
    x: float
    y: float
    amount: float
    colour: str
    hover: str
    is_dashed: bool = False


class Picture(msgspec.Struct, frozen=True):
    """What is drawn.

    Attributes:
        bubbles: In any order.
        across: The axis of costs.
        up: The title of the other axis.
        amount: What areas stand for.
        colours: What colours mean.
    """

    bubbles: tuple[Bubble, ...]
    across: Mapping[str, Any]
    up: str
    amount: str
    colours: tuple[tuple[str, str], ...]

    def figure(self, canvas: Canvas = WIDE) -> go.Figure:
        """The bubbles and the front, laid out for a canvas."""
        return theme.figure(front_line(self._steps()), self._points(), **self._layout(canvas))

    def _points(self) -> go.Scatter:
        """The largest first, so that the small ones lie on top of them."""
        drawn = sorted(self.bubbles, key=lambda each: -each.amount)
        return go.Scatter(
            x=[each.x for each in drawn],
            y=[each.y for each in drawn],
            mode="markers",
            marker={
                "size": [round(2 * self._radius(each.amount), 2) for each in drawn],
                "color": [each.colour for each in drawn],
                "opacity": [_OF_ANOTHER if each.is_dashed else _OWN for each in drawn],
                "line": {"color": theme.PAPER, "width": 1},
            },
            cliponaxis=False,
            hovertext=[each.hover for each in drawn],
            hoverinfo="text",
        )

    def _steps(self) -> list[tuple[float, float]]:
        """The corners of the line along the front."""
        return steps([(each.x, each.y) for each in front(self.bubbles)])

    def _line(self, across: Mapping[str, Any]) -> list[tuple[float, float]]:
        """The corners of the front in the units of the range of the axis."""
        return [(axes.place(across, x), y) for x, y in self._steps()]

    def _radius(self, amount: float) -> float:
        """Areas are in proportion to amounts, as far as a bubble can be seen."""
        return max(_LARGEST / 2 * math.sqrt(amount / max(each.amount for each in self.bubbles)), _SMALLEST / 2)

    def _layout(self, canvas: Canvas) -> dict[str, Any]:
        margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
        inner = canvas.width - margin["l"] - margin["r"]
        colours, over = legend.legend(self.colours, inner)
        height = canvas.rest(self._height(), over + _TOP + margin["b"], _LEAST)
        across = axes.thinned(dict(self.across), 6 if canvas.is_narrow else 9)
        spots = self._spots(across, inner)
        up, corner = self._room(spots, across, (inner, height), canvas)
        frame = plot_area.Frame(
            tuple(across["range"]), tuple(up["range"]), inner, height, canvas.is_fixed, canvas.widening
        )
        size = _TYPE_NARROW if canvas.is_narrow else theme.SIZE
        names = labels.annotations(spots, frame, size=size, lines=[self._line(across)], corner=corner)
        circles, sizes = self._areas(corner)
        return {
            "height": height + over + _TOP + margin["b"],
            "margin": {**margin, "t": over + _TOP},
            "xaxis": {**across, "fixedrange": True},
            "yaxis": {**up, "fixedrange": True},
            "annotations": [*colours, *sizes, *names],
            "shapes": [*circles, *self._outlines()],
        }

    def _outlines(self) -> list[dict[str, Any]]:
        """Dashed circles around the bubbles that stand for another: markers have none."""
        dashed = [each for each in self.bubbles if each.is_dashed]
        line = {"width": 1.5, "dash": "4px,3px"}
        return [
            {
                "type": "path",
                "path": _round_path(self._radius(each.amount)),
                "xref": "x",
                "xsizemode": "pixel",
                "xanchor": each.x,
                "yref": "y",
                "ysizemode": "pixel",
                "yanchor": each.y,
                "line": {**line, "color": each.colour},
            }
            for each in dashed
        ]

    def _height(self) -> int:
        return min(380 + 8 * max(0, len(self.bubbles) - 6), 560)

    def _spots(self, across: Mapping[str, Any], inner: float) -> list[plot_area.Spot]:
        """The bubbles, those of the front first, and the name of the front at its longest step."""
        ahead = front(self.bubbles)
        found = [
            plot_area.Spot(
                axes.place(across, each.x), each.y, each.name, self._radius(each.amount), weight=each in ahead
            )
            for each in self.bubbles
        ]
        name = self._named_step(across, inner)
        return [*found, *([] if name is None else [name])]

    def _named_step(self, across: Mapping[str, Any], inner: float) -> plot_area.Spot | None:
        """The name of the front at the middle of its longest step, if that is long enough to be seen."""
        pairs = [(a, b) for a, b in itertools.pairwise(self._line(across)) if a[1] == b[1]]
        start, end = max(pairs, key=lambda pair: pair[1][0] - pair[0][0], default=((0.0, 0.0), (0.0, 0.0)))
        low, high = across["range"]
        if (end[0] - start[0]) / (high - low) * inner < _STEP:
            return None
        middle = (start[0] + end[0]) / 2
        return plot_area.Spot(middle, start[1], say(FRONT), radius=0.0, colour=theme.MUTED, weight=2.0)

    # -- the meaning of areas, in a corner that is free ------------------------------------------------------------

    def _room(
        self,
        spots: Sequence[plot_area.Spot],
        across: Mapping[str, Any],
        plot: tuple[float, float],
        canvas: Canvas,
    ) -> tuple[dict[str, Any], plot_area.Corner]:
        """The upright axis, and where areas are explained: in a free corner, or in room that is made for it below."""
        height = plot[1]
        low, high = self._range(height)
        size = self._areas_size()
        frame = plot_area.Frame(tuple(across["range"]), (low, high), *plot, canvas.is_fixed)
        lines = [self._line(across)]
        for is_right, is_top in ((True, False), (False, True), (False, False), (True, True)):
            corner = plot_area.Corner(is_right, is_top, *size)
            if corner.is_free(spots, lines, frame):
                return theme.axis(self.up, range=[low, high]), corner
        low -= (high - low) * size[1] / (height - size[1])
        return theme.axis(self.up, range=[low, high]), plot_area.Corner(True, False, *size)

    def _range(self, height: float) -> tuple[float, float]:
        """The range of the upright axis: every bubble is inside, and at least four units are in sight."""
        low, high = min(each.y for each in self.bubbles), max(each.y for each in self.bubbles)
        free = (_LARGEST / 2 + 8) / height
        room = max(high - low, 4.0) * free / (1 - 2 * free)
        missing = max(0.0, 4.0 - (high - low)) / 2
        return low - missing - room, high + missing + room

    def _references(self) -> list[float]:
        """Three round amounts."""
        most = max(each.amount for each in self.bubbles)
        powers = range(math.floor(math.log10(most)) - 2, math.ceil(math.log10(most)) + 1)
        rounds = [step * 10.0**power for power in powers for step in (1, 2, 5) if step * 10.0**power <= most * 1.05]
        return rounds[-5::2]

    def _areas_size(self) -> tuple[float, float]:
        diameters = [2 * self._radius(each) for each in self._references()]
        columns = [max(each, _COLUMN) for each in diameters]
        return sum(columns) + _GAP * (len(columns) + 1), max(diameters) + 2 * _ROW + 2 * _GAP

    def _areas(self, corner: plot_area.Corner) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Circles beside each other with their amounts under them, and what they are over them."""
        anchor = {"x": float(corner.is_right), "y": float(corner.is_top)}
        left = -corner.width if corner.is_right else 0.0
        base = (-corner.height if corner.is_top else 0.0) + _GAP
        shapes, texts = [], []
        place = left + _GAP
        for amount in self._references():
            radius = self._radius(amount)
            column = max(2 * radius, _COLUMN)
            middle = place + column / 2
            shapes.append(_circle(anchor, middle, base + _ROW + radius, radius))
            texts.append(_word(units.round_amount(amount).replace(" ", "\u00a0"), anchor, middle, base))
            place += column + _GAP
        top = base + _ROW + 2 * self._radius(self._references()[-1]) + 2
        return shapes, [*texts, _word(self.amount, anchor, left + corner.width / 2, top)]


FRONT = message("Pareto front")
_STEP = 60
"""A shorter step of it, in pixels, is mostly under bubbles."""
_OWN, _OF_ANOTHER = 0.6, 0.12
"""The opacity of a bubble, and of one that stands for another."""
_LARGEST = 46
"""The diameter of the largest bubble, in pixels."""
_SMALLEST = 5
"""The diameter of the smallest bubble: what is smaller is not seen."""
_COLUMN, _ROW, _GAP = 34, 17, 7
_TOP = 14
_LEAST = 180
"""The least height of the plot, in pixels."""
_MARGIN, _MARGIN_NARROW = {"l": 56, "r": 16, "b": 54}, {"l": 46, "r": 10, "b": 54}
_TYPE_NARROW = 11


def front(bubbles: Sequence[Bubble]) -> list[Bubble]:
    """The Pareto front, from the cheapest: no other reaches as much for less, or more for as little."""
    found: list[Bubble] = []
    own = [each for each in bubbles if not each.is_dashed]
    for each in sorted(own, key=lambda each: (each.x, -each.y)):
        if not found or each.y > found[-1].y or (each.x, each.y) == (found[-1].x, found[-1].y):
            found.append(each)
    return found


def is_enlarged(amounts: Sequence[float]) -> bool:
    """Whether a bubble of one of these amounts is drawn larger than in proportion, to be seen."""
    return min(amounts) / max(amounts) < (_SMALLEST / _LARGEST) ** 2


def _circle(anchor: Mapping[str, float], x: float, y: float, radius: float) -> dict[str, Any]:
    return {
        "type": "circle",
        "xref": "paper",
        "yref": "paper",
        "xsizemode": "pixel",
        "ysizemode": "pixel",
        "xanchor": anchor["x"],
        "yanchor": anchor["y"],
        "x0": round(x - radius, 2),
        "x1": round(x + radius, 2),
        "y0": round(y - radius, 2),
        "y1": round(y + radius, 2),
        "line": {"color": theme.MUTED, "width": 1},
    }


_BEND = 0.5523
"""How far the handles of a Bézier curve are from its ends, in radii, where four curves make a circle."""


def _round_path(radius: float) -> str:
    """A circle around the anchor; plotly takes no negative corner of a circle on an axis of powers."""
    r, k = round(radius, 2), round(radius * _BEND, 2)
    return (
        f"M {r},0 C {r},{k} {k},{r} 0,{r} C {-k},{r} {-r},{k} {-r},0 "
        f"C {-r},{-k} {-k},{-r} 0,{-r} C {k},{-r} {r},{-k} {r},0 Z"
    )


def _word(text: str, anchor: Mapping[str, float], x: float, y: float) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        **anchor,
        "xanchor": "center",
        "yanchor": "bottom",
        "xshift": round(x, 2),
        "yshift": round(y, 2),
        "text": text,
        "font": {"color": theme.MUTED, "size": 12},
        "borderpad": 0,
        "showarrow": False,
        "captureevents": False,
    }
