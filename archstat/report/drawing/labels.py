"""Where the labels of points go so that none covers another."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from archstat.report.drawing.lines import columns
from archstat.report.drawing.plot_area import Array, Corner, Frame, Line, Spot, along, frame_of, frames_of
from archstat.report.drawing.theme import CHAR, MUTED, SIZE, cut, words

__all__ = ["Corner", "Frame", "Line", "Spot", "annotations", "columns", "frame_of"]

Where = npt.NDArray[np.bool_]

LONGEST, _SHARE = 28, 17
"""A name with more characters than these is cut, or where there is much width with more than one for each of so many
pixels."""

_HEIGHT = SIZE + 3
WIDTH = 1.05 * CHAR
"""How wide a character is at most on average, in pixels: some type is wider than other."""
_ANGLES = tuple(math.radians(a) for a in (0, 180, 45, 135, 315, 225, 90, 270, 22, 158, 338, 202, 67, 113, 293, 247))
_DISTANCES = (5, 12, 24, 38, 54, 72)
_NEAR = 12
"""From farther off than this a line leads to the point."""
_CLEAR = 6
"""By how many pixels more a label stands off other points than off its own."""
_MANY = 2
"""More points than these around a label make it no worse: in a crowd every place is like that."""
_LEADER = np.linspace(0.0, 1.0, 12)
_SWEEPS = 6
_FARTHER, _MISLEADING, _LED_ACROSS, _COVERED = 0.7, 1.2, 3.0, 1000.0
"""What a label pays to stand a step farther off, to be about as near to another point, to lead a line across another
label, point or line, and to cover a label."""
ON_FAINT, ON_BOLD = 1.5, 6.0
"""What a label pays to stand on a dotted line, and on one that everything is read against."""
_BY_PLACE = np.array([_FARTHER * step + 0.03 * turn for step in range(len(_DISTANCES)) for turn in range(len(_ANGLES))])
"""What each place costs by itself: near ones are best, and of these the one on the right."""
_WORTH, _WORTH_FIXED = 7.0, 20.0
"""A label that costs more confuses more than it tells; a picture has no hover to tell it instead."""


def annotations(
    spots: Sequence[Spot],
    frame: Frame,
    *,
    size: int = SIZE,
    lines: Sequence[Line] = (),
    crossing: float = ON_FAINT,
    corner: Corner | None = None,
) -> list[dict[str, Any]]:
    """The labels that find room, as annotations of plotly; the others are left to the hover.

    Each stands beside its point where that is free, else farther off with a line to it. It covers no other label, no
    point, and stays inside the frame, also where that is wider.

    Args:
        spots: The points.
        frame: The plot that they are drawn in: the smallest that the figure is shown in.
        size: Of the type, in pixels.
        lines: What is drawn between points: labels stand on it only where all else is taken.
        crossing: What a label on such a line costs.
        corner: What else is in the frame.
    """
    longest = max(LONGEST, int(frame.width / _SHARE))
    spots = [msgspec.structs.replace(spot, text=cut(spot.text, longest)) for spot in spots]
    spots = sorted(spots, key=lambda spot: not spot.text)
    named = range(sum(1 for spot in spots if spot.text))
    drafts = [_draft(place, spots, frame, size / SIZE, (lines, crossing), corner) for place in named]
    order = sorted(named, key=lambda place: (-spots[place].weight, place))
    chosen = _Search(drafts, order, _WORTH_FIXED if frame.is_fixed else _WORTH).best()
    return [_annotation(spots[place], drafts[place], choice, size) for place, choice in chosen.items()]


class _Draft(msgspec.Struct, frozen=True):
    """The places that a label could take: S frames, K places, 4 sides of a box, P points of its line.

    Attributes:
        offsets: From the point to the middle of the label, K × 2.
        boxes: S × K × 4.
        leaders: The points of the line that leads to it, S × K × P × 2; not a number where there is none.
        costs: What is wrong with each by itself, K; infinite where it cannot be.
        distances: How far off it is, K.
        centres: The point, S × 2.
    """

    offsets: Array
    boxes: Array
    leaders: Array
    costs: Array
    distances: Array
    centres: Array


def _draft(
    place: int,
    spots: Sequence[Spot],
    frame: Frame,
    scale: float,
    lines: tuple[Sequence[Line], float],
    corner: Corner | None,
) -> "_Draft":
    spot = spots[place]
    frames = frames_of(frame)
    wide = columns(spot.text) * WIDTH * frame.widening
    half = np.array([wide * scale / 2, _HEIGHT * scale / 2])
    pairs = [(distance, angle) for distance in _DISTANCES for angle in _ANGLES]
    distances = np.array([float(distance) for distance, _ in pairs])
    offsets = np.array([_offset(angle, spot.radius + distance, half) for distance, angle in pairs])
    centres = np.array([each.pixels(spot.x, spot.y) for each in frames])
    middles = centres[:, None, :] + offsets
    boxes = np.concatenate([middles - half, middles + half], axis=-1)
    leaders = _leaders(centres, offsets, half, spot.radius, distances)
    others = [*spots[:place], *spots[place + 1 :]]
    wrong = [
        _on_points(boxes[number], leaders[number], _circles(others, each), distances)
        + lines[1] * _on_lines(boxes[number], each, lines[0])
        + _outside(boxes[number], each, corner)
        for number, each in enumerate(frames)
    ]
    return _Draft(offsets, boxes, leaders, _BY_PLACE + np.max(wrong, axis=0), distances, centres)


def _circles(spots: Sequence[Spot], frame: Frame) -> Array:
    """The middle and the radius of each point, in pixels."""
    return np.array([(*frame.pixels(each.x, each.y), each.radius) for each in spots]).reshape(-1, 3)


def _offset(angle: float, reach: float, half: Array) -> tuple[float, float]:
    """The middle of a box whose edge is that far from the point, in that direction."""
    across, down = math.cos(angle), -math.sin(angle)
    return across * reach + _side(across) * half[0], down * reach + _side(down) * half[1]


def _side(part: float) -> float:
    return 0.0 if abs(part) < 0.1 else math.copysign(1.0, part) * min(1.0, abs(part) * 2)


def _leaders(centres: Array, offsets: Array, half: Array, radius: float, distances: Array) -> Array:
    """Points along the lines from the point to its label, those inside of either left out."""
    steps = _LEADER[:, None] * offsets[:, None, :]
    is_inside = (np.abs(offsets[:, None, :] - steps) <= half).all(axis=-1) | (
        np.hypot(*np.moveaxis(steps, -1, 0)) <= radius
    )
    steps = np.where((is_inside | (distances <= _NEAR)[:, None])[..., None], np.nan, steps)
    return centres[:, None, None, :] + steps


def _outside(boxes: Array, frame: Frame, corner: Corner | None) -> Array:
    """Infinite for boxes that leave the frame, or enter what is taken."""
    out = (boxes[:, 0] < 0) | (boxes[:, 1] < 0) | (boxes[:, 2] > frame.width) | (boxes[:, 3] > frame.height)
    if corner is not None:
        out |= _overlap(boxes, np.array(corner.box(frame)))
    return np.where(out, np.inf, 0.0)


def _on_points(boxes: Array, leaders: Array, points: Array, distances: Array) -> Array:
    """Infinite for boxes on a point; to be nearer to another point than to its own costs, and lines across points."""
    nearest = np.clip(points[:, :2], boxes[:, None, :2], boxes[:, None, 2:])
    gaps = np.hypot(*np.moveaxis(nearest - points[:, :2], -1, 0)) - points[:, 2]
    misleading = np.minimum((gaps < distances[:, None] + _CLEAR).sum(axis=1), _MANY)
    costs = _MISLEADING * misleading.astype(np.float64)
    costs[(gaps < 1).any(axis=1)] = np.inf
    # In a crowd hardly a place is free, and to look what a line crosses takes longer than all the rest.
    is_free = np.isfinite(costs)
    costs[is_free] += _LED_ACROSS * _crossed(points, leaders[is_free])
    return np.asarray(costs)


def _crossed(points: Array, leaders: Array) -> Array:
    """How many points each line crosses."""
    beside = _beside(points, leaders)
    reach = np.hypot(*np.moveaxis(leaders[:, :, None, :] - beside[:, :2], -1, 0))
    crossed: Array = (reach < beside[:, 2]).any(axis=1).sum(axis=1)
    return crossed


def _beside(points: Array, leaders: Array) -> Array:
    """The points that a line could cross; of a thousand most are far from all lines."""
    ends = leaders[np.isfinite(leaders).all(axis=-1)].reshape(-1, 2)
    if not len(ends):
        return points[:0]
    radii = points[:, 2:]
    is_in = (points[:, :2] + radii >= ends.min(axis=0)) & (points[:, :2] - radii <= ends.max(axis=0))
    found: Array = points[is_in.all(axis=1)]
    return found


def _on_lines(boxes: Array, frame: Frame, lines: Sequence[Line]) -> Array:
    """Whether something is drawn through each box."""
    is_crossed = np.zeros(len(boxes), dtype=bool)
    for line in lines:
        is_crossed |= _contains(boxes, along(line, frame)).any(axis=1)
    return is_crossed.astype(float)


def _contains(boxes: Array, points: Array) -> Where:
    """Which boxes hold which points."""
    # Coordinate by coordinate: a reduction over an axis of two takes three times as long.
    across, down = points[..., 0], points[..., 1]
    left, top, right, bottom = (boxes[..., None, side] for side in range(4))
    return np.asarray((left <= across) & (across <= right) & (top <= down) & (down <= bottom))


def _overlap(boxes: Array, box: Array) -> Where:
    return (
        (boxes[..., 0] < box[..., 2])
        & (box[..., 0] < boxes[..., 2])
        & (boxes[..., 1] < box[..., 3])
        & (box[..., 1] < boxes[..., 3])
    )


class _Search:
    """Places for labels that have few faults together; what two labels cost each other is worked out once."""

    def __init__(self, drafts: Sequence[_Draft], order: Sequence[int], worth: float) -> None:
        """Of these labels, those that matter most first in the order, and what one may cost at the most."""
        self._drafts, self._worth = drafts, worth
        self._order = [place for place in order if np.isfinite(drafts[place].costs).any()]
        self._known: dict[tuple[int, int, int], Array] = {}

    def best(self) -> dict[int, int]:
        """The place of each label: first each where it is best, given those before; then moved while that helps."""
        chosen: dict[int, int] = {}
        for _ in range(_SWEEPS):
            before = dict(chosen)
            for place in self._order:
                chosen[place] = int(np.argmin(self._costs(place, chosen)))
            if chosen == before:
                break
        return self._kept(chosen)

    def _kept(self, chosen: Mapping[int, int]) -> dict[int, int]:
        """The labels that cover none of more weight; one that does takes the best place left, if that is worth it."""
        kept: dict[int, int] = {}
        for place in self._order:
            if self._costs(place, kept)[chosen[place]] <= self._worth:
                kept[place] = chosen[place]
        for place in self._order:
            if place not in kept:
                costs = self._costs(place, kept)
                if costs.min() <= self._worth:
                    kept[place] = int(np.argmin(costs))
        return kept

    def _costs(self, place: int, chosen: Mapping[int, int]) -> Array:
        """What each place of a label costs beside labels that have theirs."""
        costs = self._drafts[place].costs
        for other, choice in chosen.items():
            if other != place:
                if (place, other, choice) not in self._known:
                    self._known[place, other, choice] = _between(self._drafts[place], self._drafts[other], choice)
                costs = costs + self._known[place, other, choice]
        return costs


def _between(draft: _Draft, other: _Draft, choice: int) -> Array:
    """What each place of a label costs beside another at that place of its own."""
    box, leader = other.boxes[:, choice][:, None, :], other.leaders[:, choice][:, None]
    is_covered = _overlap(draft.boxes, box).any(axis=0)
    is_across = _contains(box, draft.leaders).any(axis=(0, 2)) | _contains(draft.boxes, leader).any(axis=(0, 2))
    return np.asarray(_COVERED * is_covered + _LED_ACROSS * (is_across | _lines_cross(draft, other, choice)))


def _lines_cross(draft: _Draft, other: _Draft, choice: int) -> Where:
    """At which places the line to a label crosses that of another: neither can then be followed."""
    if other.distances[choice] <= _NEAR:
        return np.zeros(len(draft.costs), dtype=bool)
    a, c = draft.centres[:, None], other.centres[:, None]
    b, d = a + draft.offsets, c + other.offsets[choice]
    is_parted = (_turn(a, b, c) * _turn(a, b, d) < 0) & (_turn(c, d, a) * _turn(c, d, b) < 0)
    return np.asarray(is_parted.any(axis=0) & (draft.distances > _NEAR))


def _turn(a: Array, b: Array, c: Array) -> Array:
    """Whether the way from a to b to c turns left or right, by its sign."""
    first, second = b - a, c - a
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])


def _annotation(spot: Spot, draft: _Draft, choice: int, size: int) -> dict[str, Any]:
    across, down = draft.offsets[choice]
    return {
        "x": spot.x,
        "y": spot.y,
        "text": words(spot.text),
        "font": {"size": size, "color": spot.colour},
        "ax": round(float(across), 1),
        "ay": round(float(down), 1),
        "xanchor": "center",
        "yanchor": "middle",
        "borderpad": 0,
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": MUTED if draft.distances[choice] > _NEAR else "rgba(0,0,0,0)",
        "standoff": spot.radius,
        "captureevents": False,
    }
