"""A picture of very many networks: a dot each, and names for those alone that no other one beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat.report.drawing import axes, labels, legend, plot_area, theme
from archstat.report.drawing.canvas import WIDE, Canvas
from archstat.report.drawing.front import front_line, steps


class Dot(msgspec.Struct, frozen=True):
    """A network as it is drawn.

    Attributes:
        name: The name of the network, as a reader looks for it.
        label: What stands beside the dot, where it has a name: the same, or shorter.
        x: What the network costs.
        y: What the network is held against: its accuracy, or another cost.
        colour: Of its family.
        hover: What is shown at it.
        is_ahead: Whether no other one beats it: it has a name then, and is larger.
    """

    name: str
    label: str
    x: float
    y: float
    colour: str
    hover: str
    is_ahead: bool = False


class CrowdPlot(msgspec.Struct, frozen=True):
    """What is drawn: dots, and a line along those that are ahead, for which less is better across, and more upwards.

    Attributes:
        dots: In any order.
        across: The axis of costs.
        up: The upright axis.
        colours: What colours mean.
    """

    dots: tuple[Dot, ...]
    across: Mapping[str, Any]
    up: Mapping[str, Any]
    colours: tuple[tuple[str, str], ...]

    def figure(self, canvas: Canvas = WIDE) -> go.Figure:
        """The dots and the line, laid out for a canvas."""
        lines = [front_line(self._steps())] if self._steps() else []
        return theme.figure(*lines, self._dots(), **self._layout(canvas))

    def _dots(self) -> go.Scatter:
        """Dots that are ahead come last, so that they lie on top; where many lie, the faint ones add up."""
        drawn = sorted(self.dots, key=lambda dot: dot.is_ahead)
        return go.Scatter(
            x=[dot.x for dot in drawn],
            y=[dot.y for dot in drawn],
            mode="markers",
            marker={
                "size": [_AHEAD if dot.is_ahead else _DOT for dot in drawn],
                "color": [dot.colour for dot in drawn],
                "opacity": [0.95 if dot.is_ahead else 0.45 for dot in drawn],
                "line": {"color": theme.PAPER, "width": [1 if dot.is_ahead else 0 for dot in drawn]},
            },
            customdata=[dot.name for dot in drawn],
            cliponaxis=False,
            hovertext=[dot.hover for dot in drawn],
            hoverinfo="text",
        )

    def _steps(self) -> list[tuple[float, float]]:
        """The corners of the line along the dots that are ahead; none where none is."""
        ahead = sorted((dot for dot in self.dots if dot.is_ahead), key=lambda dot: (dot.x, dot.y))
        return steps([(dot.x, dot.y) for dot in ahead])

    def _layout(self, canvas: Canvas) -> dict[str, Any]:
        margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
        inner = canvas.width - margin["l"] - margin["r"]
        colours, over = legend.legend(self.colours, inner)
        height = canvas.rest(_HEIGHT, over + _TOP + margin["b"], _LEAST)
        across = axes.thinned(dict(self.across), 6 if canvas.is_narrow else 9)
        frame = plot_area.Frame(
            tuple(across["range"]), tuple(self.up["range"]), inner, height, canvas.is_fixed, canvas.widening
        )
        spots = [self._spot(dot, across) for dot in self.dots]
        front = [(axes.place(across, x), axes.place(self.up, y)) for x, y in self._steps()]
        names = labels.annotations(
            spots, frame, size=_TYPE_NARROW if canvas.is_narrow else _TYPE, lines=[front] if front else ()
        )
        return {
            "height": height + over + _TOP + margin["b"],
            "margin": {**margin, "t": over + _TOP},
            "xaxis": {**across, "fixedrange": True},
            "yaxis": {**self.up, "fixedrange": True},
            "annotations": [*colours, *names],
        }

    def _spot(self, dot: Dot, across: Mapping[str, Any]) -> plot_area.Spot:
        """The place of a dot; one that others beat has no name, and names of others keep off it."""
        text = dot.label if dot.is_ahead else ""
        radius = (_AHEAD if dot.is_ahead else _DOT) / 2
        return plot_area.Spot(axes.place(across, dot.x), axes.place(self.up, dot.y), text, radius)


_DOT, _AHEAD = 6, 9
"""Diameters, in pixels."""
_HEIGHT, _LEAST, _TOP = 520, 200, 14
"""The height of the plot, the least that it can have, and what is free over it, in pixels."""
_MARGIN, _MARGIN_NARROW = {"l": 60, "r": 16, "b": 54}, {"l": 50, "r": 10, "b": 54}
_TYPE, _TYPE_NARROW = theme.SIZE - 1, 11
