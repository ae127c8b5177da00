"""From what the elements of a map see to the pixels that the one in its middle sees, and its neighbour."""

from __future__ import annotations

import itertools
import math

from archstat.counting.receptive_field.factors import Factor
from archstat.counting.receptive_field.intervals import WHOLE_AXIS, Span
from archstat.counting.receptive_field.state import Sight
from archstat.records import PixelsSeen, Shape


def pixels_of(sight: Sight, sides: Shape) -> tuple[PixelsSeen, ...]:
    """The pixels along each side; ``()`` if positions do not follow each other, so that nothing is in the middle.

    Args:
        sight: What the elements see, known along every side.
        sides: The sizes of the first input along each side.
    """
    found = [_along(sight, side, size) for side, size in enumerate(sides)]
    known = tuple([each for each in found if each is not None])
    return known if len(known) == len(found) else ()


def _along(sight: Sight, side: int, size: int) -> PixelsSeen | None:
    span = sight.spans[side]
    if span == WHOLE_AXIS:
        return PixelsSeen(size, 1, 0, 0, size - 1)
    if not span.low:
        return None
    factors = [factor for axis in sight.axes for factor in axis if side in factor.sides and factor.extent != 1]
    steps = _steps(factors)
    if steps is None:
        return None
    step, count = steps
    middle = count // 2
    ends = _ends(span, middle * step)
    return PixelsSeen(size, count, middle, *ends, *(_ends(span, (middle + 1) * step) if middle + 1 < count else ()))


def _steps(factors: list[Factor]) -> tuple[int, int] | None:
    """How far positions lie apart, and how many there are; ``None`` if they do not follow each other evenly."""
    ordered = sorted(factors, key=lambda factor: factor.weight)
    for minor, major in itertools.pairwise(ordered):
        if major.weight != minor.weight * minor.extent:
            return None
    return (ordered[0].weight if ordered else 1), math.prod(factor.extent for factor in ordered)


def _ends(span: Span, position: int) -> tuple[int, int]:
    turn, phase = divmod(position, len(span.low))
    return span.low[phase] + span.step * turn, span.high[phase] + span.step * turn
