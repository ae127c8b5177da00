"""What colours mean, in words over a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archstat.report.drawing.labels import LONGEST, WIDTH, columns
from archstat.report.drawing.theme import MUTED, SIZE, cut, words


def legend(
    entries: Sequence[tuple[str, str] | tuple[str, str, str]], width: float, *, left: float = 0.0
) -> tuple[list[dict[str, Any]], int]:
    """What colours mean, in lines over a plot, as annotations of plotly; and the height of these lines.

    Args:
        entries: The meaning of each colour, the colour, and the character that shows it if it is no circle.
        width: Of the plot, in pixels.
        left: How far to the left of the plot they begin, in pixels; the width is then that of both.
    """
    found: list[dict[str, Any]] = []
    place, row = 0.0, 0
    for text, colour, *mark in entries:
        needed = (columns(cut(text, LONGEST)) + 3) * WIDTH
        if place and place + needed > width:
            place, row = 0.0, row + 1
        found.append(_entry(text, colour, "".join(mark) or "●", place - left, row))
        place += needed + 2 * WIDTH
    rows = row + 1 if entries else 0
    for each in found:
        each["yshift"] += _LINE * (rows - 1)
    return found, _LINE * rows


_LINE = 20


def _entry(text: str, colour: str, mark: str, left: float, row: int) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "xshift": round(left, 1),
        "yshift": 6 - _LINE * row,
        "text": f'<span style="color:{colour}">{mark}</span> {words(text, LONGEST)}',
        "font": {"color": MUTED, "size": SIZE},
        "showarrow": False,
        "captureevents": False,
    }
