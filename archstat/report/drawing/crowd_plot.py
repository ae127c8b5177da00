"""A picture of very many networks: a dot each, and names for those alone that no other one beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat.report.chart import PHONE, WIDE
from archstat.report.drawing import axes, labels, legend, plot_area, theme


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
    """What is drawn.

    Attributes:
        dots: In any order.
        across: The axis of costs.
        up: The upright axis.
        colours: What colours mean.
        has_front: Whether a line leads along the dots that are ahead: less is better across, and more upwards.
    """

    dots: tuple[Dot, ...]
    across: Mapping[str, Any]
    up: Mapping[str, Any]
    colours: tuple[tuple[str, str], ...]
    has_front: bool = True

    def figure(self) -> go.Figure:
        """With the layout for a plot of :data:`WIDE` pixels and more."""
        lines = [self._front()] if self._steps() else []
        return theme.figure(*lines, self._dots(), **self._layout(WIDE))

    def narrow(self) -> dict[str, Any]:
        """The layout for a phone."""
        return theme.styled(self._layout(PHONE))

    def _ahead(self) -> list[Dot]:
        """The dots of the front, from the cheapest."""
        return sorted((dot for dot in self.dots if dot.is_ahead), key=lambda dot: (dot.x, dot.y))

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

    def _front(self) -> go.Scatter:
        corners = self._steps()
        return go.Scatter(
            x=[x for x, _ in corners],
            y=[y for _, y in corners],
            mode="lines",
            line={"color": theme.MUTED, "width": 1.4, "dash": "dot"},
            hoverinfo="skip",
        )

    def _steps(self) -> list[tuple[float, float]]:
        """The corners of the front: the best that can be had for a cost; none where no front is drawn."""
        if not self.has_front:
            return []
        corners: list[tuple[float, float]] = []
        for dot in self._ahead():
            corners += [(dot.x, corners[-1][1])] if corners else []
            corners.append((dot.x, dot.y))
        return corners

    def _layout(self, width: int) -> dict[str, Any]:
        """For a plot of that width or more."""
        margin = _MARGINS[width]
        inner = width - margin["l"] - margin["r"]
        colours, over = legend.legend(self.colours, inner)
        across = axes.thinned(dict(self.across), 6 if width == PHONE else 9)
        frame = plot_area.Frame(tuple(across["range"]), tuple(self.up["range"]), inner, _HEIGHT)
        spots = [self._spot(dot, across) for dot in self.dots]
        front = [(axes.place(across, x), axes.place(self.up, y)) for x, y in self._steps()]
        names = labels.annotations(spots, frame, size=_TYPE[width], lines=[front] if front else ())
        return {
            "height": _HEIGHT + over + _TOP + margin["b"],
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
_HEIGHT, _TOP = 520, 14
_MARGINS = {WIDE: {"l": 60, "r": 16, "b": 54}, PHONE: {"l": 50, "r": 10, "b": 54}}
_TYPE = {WIDE: theme.SIZE - 1, PHONE: 11}
