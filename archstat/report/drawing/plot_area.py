"""The part of a figure that data is drawn in, in pixels: what is where in it, and which corner is free."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.theme import INK

Array = npt.NDArray[np.float64]

Line = Sequence[tuple[float, float]]
"""The corners of a line, in the units of the axes."""


class Spot(msgspec.Struct, frozen=True):
    """A point with a name, in the units of linear axes (the logarithm, on a logarithmic one).

    Attributes:
        x: The place of the point along the x-axis.
        y: The place of the point along the y-axis.
        text: The name; ``""``: it has none, and labels of others keep clear of it.
        radius: How large the point is drawn, in pixels.
        colour: Of the name.
        weight: Which names go first where not all find room: the largest.
    """

    x: float
    y: float
    text: str
    radius: float = 4.0
    colour: str = INK
    weight: float = 0.0


class Frame(msgspec.Struct, frozen=True):
    """The part of a figure that data is drawn in.

    Attributes:
        x: The range of the axis.
        y: The range of the axis.
        width: In pixels.
        height: In pixels.
        is_fixed: Whether the frame is shown in just this width.
        widening: How much wider type may be than it is taken to be.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: float
    height: float
    is_fixed: bool = False
    widening: float = 1.0

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is, from the top left."""
        return (
            (x - self.x[0]) / (self.x[1] - self.x[0]) * self.width,
            (self.y[1] - y) / (self.y[1] - self.y[0]) * self.height,
        )


class Corner(msgspec.Struct, frozen=True):
    """A box in a corner of a frame that labels keep out of.

    Attributes:
        is_right: Whether the box is on the right.
        is_top: Whether the box is at the top.
        width: In pixels.
        height: In pixels.
    """

    is_right: bool
    is_top: bool
    width: float
    height: float

    def box(self, frame: Frame) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels from the top left."""
        left = frame.width - self.width if self.is_right else 0.0
        top = 0.0 if self.is_top else frame.height - self.height
        return left, top, left + self.width, top + self.height

    def is_free(self, spots: Sequence[Spot], lines: Sequence[Line], frame: Frame) -> bool:
        """Whether no point and no line comes near it, also where the frame is wider."""
        return all(self._is_clear(each, spots, lines) for each in frames_of(frame))

    def _is_clear(self, frame: Frame, spots: Sequence[Spot], lines: Sequence[Line]) -> bool:
        centres = np.array([frame.pixels(spot.x, spot.y) for spot in spots])
        points = np.concatenate([centres, *(along(line, frame) for line in lines)])
        radii = np.array([spot.radius for spot in spots] + [0.0] * (len(points) - len(spots)))
        left, top, right, bottom = self.box(frame)
        gaps = points - np.clip(points, (left, top), (right, bottom))
        return bool((np.hypot(gaps[:, 0], gaps[:, 1]) > radii + 4).all())


_STRETCHES = (1.0, 1.4, 2.0)
"""A page widens a plot by up to as much, while labels keep their distance: they must be clear of each other in each."""


def along(line: Line, frame: Frame) -> Array:
    """Points in pixels along a line, some four apart."""
    corners = np.array([frame.pixels(*corner) for corner in line]).reshape(-1, 2)
    pieces = [corners]
    for start, end in itertools.pairwise(corners):
        count = max(2, int(np.hypot(*(end - start)) / 4))
        pieces.append(start + np.linspace(0, 1, count)[:, None] * (end - start))
    return np.concatenate(pieces)


def frames_of(frame: Frame) -> list[Frame]:
    """The smallest frame, and wider ones that the same layout is shown in."""
    stretches = (1.0,) if frame.is_fixed else _STRETCHES
    return [msgspec.structs.replace(frame, width=frame.width * stretch) for stretch in stretches]


def frame_of(figure_layout: Mapping[str, Any], canvas: Canvas) -> Frame:
    """The frame of a figure of that layout, from the ranges of its axes and its margins."""
    across, up = figure_layout["xaxis"]["range"], figure_layout["yaxis"]["range"]
    margin = figure_layout["margin"]
    return Frame(
        (across[0], across[1]),
        (up[0], up[1]),
        canvas.width - margin["l"] - margin["r"],
        figure_layout["height"] - margin["t"] - margin["b"],
        canvas.is_fixed,
        canvas.widening,
    )
