"""The input of a network as a grid, and on it what one output sees, and what its neighbour does."""

from __future__ import annotations

from typing import Any, NamedTuple

from archstat.records import PixelsSeen
from archstat.report.layer_pictures.scene import Coordinates, Scene, line_width

_CELL_LEAST, _CELL_MOST = 5.0, 44.0
"""From how many pixels of the picture on a pixel of the input is drawn as a cell, and how large it may be."""
_APART, _TICK = 24.0, 42.0
"""How far lines lie apart where cells are too fine, and numbers beside them, in pixels of the picture at least."""
_TYPE = 12
_LEFT, _OVER = 34, 20
"""What the numbers beside and over the grid take."""
_STRIP = 46.0
"""How high the only row of a signal is drawn."""


class Stretch(NamedTuple):
    """From one edge of a pixel to that of another, along one axis.

    Attributes:
        low: The edge where it begins.
        high: The edge where it ends.
    """

    low: float
    high: float

    def within(self, other: Stretch) -> Stretch:
        """What of it lies in another one."""
        low = min(max(self.low, other.low), other.high)
        return Stretch(low, max(low, min(self.high, other.high)))

    def joined(self, other: Stretch) -> Stretch:
        """The smallest one that holds both."""
        return Stretch(min(self.low, other.low), max(self.high, other.high))

    @property
    def size(self) -> float:
        """How many pixels lie in it."""
        return self.high - self.low


Patch = tuple[Stretch, Stretch]
"""Rows and columns."""


class Seen(NamedTuple):
    """What is to be drawn on a grid.

    Attributes:
        input: The rows and columns of the input.
        middle: The rows and columns that the output in the middle sees.
        neighbour: The rows and columns that its neighbour sees; ``None``: there is none.
        is_signal: Whether the input has one axis, so that it has no rows.
    """

    input: Patch
    middle: Patch
    neighbour: Patch | None
    is_signal: bool


def seen_of(pixels: tuple[PixelsSeen, ...]) -> Seen:
    """Rows and columns of what is seen: the last two axes, of which a signal has one.

    The neighbour is the one to the right; where there is none, the one below.
    """
    is_signal = len(pixels) == 1
    down, across = (PixelsSeen(1, 1, 0, 0, 0), pixels[0]) if is_signal else pixels[-2:]
    middle = (_interval(down), _interval(across))
    neighbour: Patch | None = None
    if across.next_first is not None:
        neighbour = (middle[0], _next(across))
    elif down.next_first is not None:
        neighbour = (_next(down), middle[1])
    return Seen((Stretch(0, down.size), Stretch(0, across.size)), middle, neighbour, is_signal)


def _interval(seen: PixelsSeen) -> Stretch:
    return Stretch(seen.first, seen.last + 1)


def _next(seen: PixelsSeen) -> Stretch:
    first, last = seen.next_first, seen.next_last
    return Stretch(first or 0, (last or 0) + 1)


class Grid:
    """A part of the input, drawn to scale into a place of a picture.

    Attributes:
        is_part: Whether a part of the input is drawn, so that small fields can be seen.
        bottom: Where the drawing ends.
    """

    def __init__(self, scene: Scene, place: tuple[float, float, float, float], seen: Seen) -> None:
        """Work out what is drawn how large.

        Args:
            scene: The picture.
            place: The left and the upper side, the width and the height that there is room for.
            seen: What is to be seen.
        """
        self._scene, self._seen = scene, seen
        x, y, width, height = place
        view, self.is_part = _view(seen)
        room = (width - _LEFT, height - _OVER)
        down = 1e-9 if seen.is_signal else view[0].size
        self._scale = min(room[0] / view[1].size, room[1] / down, _CELL_MOST)
        self._down = _STRIP if seen.is_signal else self._scale
        wide, high = view[1].size * self._scale, view[0].size * self._down
        self._x = x + _LEFT + (room[0] - wide) / 2
        self._y = y + _OVER + (0 if seen.is_signal else (room[1] - high) / 2)
        self._view = view
        self.bottom = self._y + high

    def draw(self, stride: str) -> None:
        """Draw the input, both fields, and how far the second one lies from the first.

        Args:
            stride: What is written beside the arrow from one to the other.
        """
        self._input()
        self._numbers()
        seen = self._seen
        fields = [(seen.neighbour, "orange", "6 4"), (seen.middle, "blue", "none")]
        self._rect(seen.middle, fill="blue", fill_opacity=0.18)
        if seen.neighbour is not None:
            self._rect(_beyond(seen.neighbour, seen.middle), fill="orange", fill_opacity=0.22)
        for window, colour, dashes in fields:
            if window is not None:
                self._rect(window, fill="none", stroke=colour, stroke_width=2.5, stroke_dasharray=dashes)
        self._arrow(stride)
        if self.is_part:
            self._whole_input()

    def _at(self, row: float, column: float) -> Coordinates:
        return self._x + (column - self._view[1].low) * self._scale, self._y + (row - self._view[0].low) * self._down

    def _rect(self, window: Patch, **style: Any) -> None:
        """What of a window lies in the part that is drawn."""
        rows, columns = (each.within(view) for each, view in zip(window, self._view, strict=True))
        x, y = self._at(rows.low, columns.low)
        self._scene.rect(x, y, columns.size * self._scale, rows.size * self._down, **style)

    # -- the input -----------------------------------------------------------------------------------------------------

    def _input(self) -> None:
        self._hatched(self._view)
        self._rect(self._seen.input, fill="raised")
        step = 1 if self._scale >= _CELL_LEAST else _step(_APART / self._scale)
        rows, columns = (each.within(view) for each, view in zip(self._seen.input, self._view, strict=True))
        down = [(self._at(rows.low, at), self._at(rows.high, at)) for at in _multiples(columns, step)]
        across = [(self._at(at, columns.low), self._at(at, columns.high)) for at in _multiples(rows, step)]
        self._scene.lines([*down, *across], stroke="line", stroke_width=0.8)
        self._rect(self._seen.input, fill="none", stroke="muted", stroke_width=1.6)

    def _hatched(self, window: Patch) -> None:
        """Slanted lines where there is padding, under all else."""
        joined = (
            self._seen.middle
            if self._seen.neighbour is None
            else tuple(one.joined(other) for one, other in zip(self._seen.middle, self._seen.neighbour, strict=True))
        )
        rows, columns = (each.within(view) for each, view in zip(joined, window, strict=True))
        (left, top), (right, bottom) = self._at(rows.low, columns.low), self._at(rows.high, columns.high)
        high, apart = bottom - top, 9.0
        pairs = []
        start = left - high + (-(left - high)) % apart
        while start < right:
            low, end = max(start, left), min(start + high, right)
            if end > low:
                pairs.append(((low, bottom - (low - start)), (end, bottom - (end - start))))
            start += apart
        self._scene.lines(pairs, stroke="grey", stroke_width=0.7, stroke_opacity=0.6)

    def _numbers(self) -> None:
        """Which pixel is where: beside the grid and over it."""
        widest = max(len(str(int(each.high))) for each in self._view) * 7.0 + 12
        step = _step(max(_TICK, widest) / self._scale)
        style: dict[str, Any] = {"size": _TYPE, "fill": "muted"}
        for at in _multiples(self._view[1].within(self._seen.input[1]), step):
            x, y = self._at(self._view[0].low, at)
            self._scene.line((x, y - 5), (x, y - 1), stroke="muted", stroke_width=1)
            self._scene.words(x, y - 9, str(at), text_anchor="middle", **style)
        if self._seen.is_signal:
            return
        for at in _multiples(self._view[0].within(self._seen.input[0]), step):
            x, y = self._at(at, self._view[1].low)
            self._scene.line((x - 5, y), (x - 1, y), stroke="muted", stroke_width=1)
            self._scene.words(x - 8, y + 4, str(at), text_anchor="end", **style)

    # -- what is seen --------------------------------------------------------------------------------------------------

    def _arrow(self, stride: str) -> None:
        """From the middle of one field to that of the other."""
        start = self._middle(self._seen.middle)
        if self._seen.neighbour is None:
            return
        end = self._middle(self._seen.neighbour)
        is_down = end[1] > start[1]
        self._scene.line(start, end, stroke="ink", stroke_width=1.6)
        for centre, colour in ((start, "blue"), (end, "orange")):
            self._scene.dot(centre, 3.6, fill=colour, stroke="paper", stroke_width=1)
        halo: dict[str, Any] = {
            "stroke": "paper",
            "stroke_width": 4,
            "paint_order": "stroke",
            "stroke_linejoin": "round",
        }
        room = self._x + self._view[1].size * self._scale - end[0] - 12
        if is_down or room < line_width(stride, 13, is_bold=True):
            self._scene.words(end[0], end[1] + 20, stride, font_weight=600, text_anchor="middle", **halo)
        else:
            self._scene.words(end[0] + 10, end[1] + 4.5, stride, font_weight=600, **halo)

    def _middle(self, window: Patch) -> Coordinates:
        rows, columns = (Stretch(*each).within(view) for each, view in zip(window, self._view, strict=True))
        return self._at((rows.low + rows.high) / 2, (columns.low + columns.high) / 2)

    def _whole_input(self) -> None:
        """The whole input in a corner, with the part that is drawn."""
        rows, columns = self._seen.input
        scale = 76 / max(rows.size, columns.size)
        wide, high = columns.size * scale, max(rows.size * scale, 8.0)
        x = self._x + self._view[1].size * self._scale - wide - 8
        y = self.bottom + 10 if self._seen.is_signal else self.bottom - high - 8
        self._scene.rect(x - 4, y - 4, wide + 8, high + 8, fill="paper", fill_opacity=0.9)
        self._scene.rect(x, y, wide, high, fill="raised", stroke="muted", stroke_width=1.2)
        part = [each.within(whole) for each, whole in zip(self._view, self._seen.input, strict=True)]
        down = high if self._seen.is_signal else max(part[0].size * scale, 2.0)
        start = y if self._seen.is_signal else y + part[0].low * scale
        self._scene.rect(
            x + part[1].low * scale,
            start,
            max(part[1].size * scale, 2.0),
            down,
            fill="ink",
            fill_opacity=0.25,
            stroke="ink",
            stroke_width=1,
        )
        self.bottom = max(self.bottom, y + high)


def _beyond(window: Patch, other: Patch) -> Patch:
    """What of a neighbour lies beyond the window that it is a neighbour of."""
    axis = 1 if window[0] == other[0] else 0
    rest = Stretch(max(window[axis].low, other[axis].high), window[axis].high)
    return (window[0], rest) if axis == 1 else (rest, window[1])


def _view(seen: Seen) -> tuple[Patch, bool]:
    """Which rows and columns are drawn: all that there are, unless the fields would be too small to be seen."""
    windows = [seen.middle, *([seen.neighbour] if seen.neighbour else [])]
    fields = [windows[0][axis].joined(windows[-1][axis]) for axis in (0, 1)]
    full = [field.joined(whole) for field, whole in zip(fields, seen.input, strict=True)]
    axes = (1,) if seen.is_signal else (0, 1)
    if any(fields[axis].size * _PART >= full[axis].size for axis in axes):
        return (full[0], full[1]), False
    size = max(max(fields[axis].size for axis in axes) * 1.8, 12.0)
    size = float(round(size))
    down, across = (_around(field, whole, size) for field, whole in zip(fields, full, strict=True))
    return (seen.input[0] if seen.is_signal else down, across), True


_PART = 4
"""A field that is a smaller part of the input than one in so many is drawn enlarged."""


def _around(field: Stretch, whole: Stretch, size: float) -> Stretch:
    """So many pixels around a field, within the input and its padding."""
    if size >= whole.size:
        return whole
    low = round((field.low + field.high - size) / 2)
    low = int(min(max(low, whole.low), whole.high - size))
    return Stretch(low, low + size)


def _step(least: float) -> int:
    """The smallest power of two that is no smaller: sizes of images are made of them."""
    step = 1
    while step < least:
        step *= 2
    return step


def _multiples(interval: Stretch, step: int) -> range:
    """The multiples of a step within an interval, both ends counted in."""
    first = -int(-interval.low // step) * step
    return range(first, int(interval.high) + 1, step)
