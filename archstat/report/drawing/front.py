"""The line along a Pareto front: the best that can be had for a cost."""

from __future__ import annotations

import itertools

from plotly import graph_objects as go

from archstat.report.drawing import theme
from archstat.report.drawing.plot_area import Line


def steps(ahead: Line) -> list[tuple[float, float]]:
    """The corners of the line, level until the next point that is better.

    Args:
        ahead: The points of the front, from the cheapest on; none: there is no line.

    >>> steps([(1, 60), (3, 70)]), steps([])
    ([(1, 60), (3, 60), (3, 70)], [])
    """
    rest = ([(after[0], before[1]), after] for before, after in itertools.pairwise(ahead))
    return [*ahead[:1], *itertools.chain.from_iterable(rest)]


def front_line(corners: Line) -> go.Scatter:
    """The line as it is drawn, which nobody points at."""
    return go.Scatter(
        x=[x for x, _ in corners],
        y=[y for _, y in corners],
        mode="lines",
        line={"color": theme.MUTED, "width": 1.2, "dash": "dot"},
        hoverinfo="skip",
    )
