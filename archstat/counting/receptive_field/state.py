"""What the elements of a tensor see of the network's first input, and how that changes on the way.

An axis of the input after the batch and the channels is a *side*: side 0 is the height of an image. Along each side an
element sees an interval of pixels that moves on with the element's *position* (:class:`Span`). A tensor need not have
one axis for each position: after a reshape it may be spread over several axes, as windows and places in a window are,
or share an axis with the channels. So every axis is a product of :class:`Factor`, the last of them counting fastest,
and a position is the sum of ``index · weight`` over the factors of its side. A reshape deals the factors out anew.

Pixels in the padding count like any other: an interval may begin below 0 and end beyond the image.

A column of four pixels is cut into two windows, each window is averaged, and a window slides over the averages:

>>> image = of_input((1, 1, 4))
>>> image.axes[2], image.spans[0]  # index i stands at position i, which sees pixel i
((Factor(extent=4, sides=(0,), weight=1),), Span(low=(0,), high=(0,), step=1))
>>> cut = reshaped(image, (1, 1, 2, 2))  # index (a, b) stands at position 2a + b
>>> cut.axes[2:]
((Factor(extent=2, sides=(0,), weight=2),), (Factor(extent=2, sides=(0,), weight=1),))
>>> averaged = without(reduced(cut, (3,)), (3,))  # with b gone, position p sees p and p + 1; those left are 0 and 2
>>> averaged.axes[2], averaged.spans[0]
((Factor(extent=2, sides=(0,), weight=2),), Span(low=(0,), high=(1,), step=1))
>>> moved(averaged, 2, Footprint((0,), (1,)), 1).spans[0]  # the next average is 2 positions on: its last pixel is 3
Span(low=(0,), high=(3,), step=2)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence

import msgspec

from archstat.counting.receptive_field.factors import Axis, Factor, dealt, extent_of, layout, sides_of, tidy
from archstat.counting.receptive_field.intervals import (
    LOST,
    PHASES_MAX,
    WHOLE_AXIS,
    Footprint,
    Span,
    hull,
    seen_through,
)
from archstat.records import Shape


class Sight(msgspec.Struct, frozen=True, gc=False):
    """What the elements of one tensor see.

    Attributes:
        spans: The intervals, one for each side.
        axes: The factors of each axis of the tensor.
    """

    spans: tuple[Span, ...]
    axes: tuple[Axis, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every element sees the whole input."""
        return all(span is WHOLE_AXIS for span in self.spans)

    @property
    def shape(self) -> Shape:
        """The size of the tensor."""
        return tuple([math.prod([factor.extent for factor in axis]) for axis in self.axes])


def of_input(shape: Shape, channels: int = 1) -> Sight:
    """Each element of an input sees itself; its sides are the axes behind the batch, but for that of the channels.

    Args:
        shape: The size of the input, the batch first.
        channels: The axis of the channels; -1: every axis is a side, the batch too.
    """
    # The factors of batch and channels have no side: nothing moves along them.
    sideless = () if channels < 0 else (0, channels)
    sides = [axis for axis in range(len(shape)) if axis not in sideless]
    axes = [
        (Factor(size, (sides.index(axis),), 1) if axis in sides else Factor(size),) for axis, size in enumerate(shape)
    ]
    return Sight((Span((0,), (0,), 1),) * len(sides), tuple(axes))


def lost(sides: int, shape: Iterable[int]) -> Sight:
    """Nothing is known, not even which axis moves along which side."""
    # With every side on every axis: whatever happens along one, nothing becomes known again.
    every = tuple(range(sides))
    return Sight((LOST,) * sides, tuple([(Factor(extent, every),) for extent in shape]))


def whole(sides: int, shape: Iterable[int]) -> Sight:
    """Every element sees the whole input."""
    return Sight((WHOLE_AXIS,) * sides, tuple([(Factor(extent),) for extent in shape]))


# -- one tensor --------------------------------------------------------------------------------------------------------


def moved(sight: Sight, axis: int, window: Footprint, extent: int) -> Sight:
    """A window slides along an axis, which then has that extent."""
    sides = sides_of(sight.axes[axis])
    # Along channels, or an axis that is seen whole, a window shows nothing new.
    if not sides:
        return _with_axis(sight, axis, (Factor(extent),))
    sight = _settled(sight, axis)
    factor, spans = sight.axes[axis][0], list(sight.spans)
    # Neighbours along such an axis are not neighbours along the side: no interval says what a window covers.
    if len(sight.axes[axis]) > 1 or len(sides) > 1 or _count(sight, sides[0]) > 1:
        return _with_axis(_losing(sight, sides), axis, (Factor(extent, sides),))
    if factor.weight != 1:
        # The span speaks of positions, of which one index of the axis is ``weight``.
        first, last = ([position * factor.weight for position in ends] for ends in (window.first, window.last))
        window = Footprint(tuple(first), tuple(last), window.step * factor.weight)
    spans[sides[0]] = seen_through(spans[sides[0]], window)
    return _with_axis(Sight(tuple(spans), sight.axes), axis, (Factor(extent, sides, 1),))


def reduced(sight: Sight, axes: Iterable[int]) -> Sight:
    """Each element now looks at all elements along those axes, which keep their extents."""
    rank = len(sight.axes)
    for axis in {axis % rank for axis in axes}:
        factors = sight.axes[axis]
        # Taken off first: what is reduced must not count among the factors that are left.
        sight = _with_axis(sight, axis, (Factor(extent_of(factors)),))
        for factor in factors:
            for side in factor.sides:
                sight = _widened(sight, side, factor)
    return sight


def _widened(sight: Sight, side: int, factor: Factor) -> Sight:
    """A factor of that side has been reduced: the whole side is seen once no other is left."""
    spans = list(sight.spans)
    is_left = any(side in other.sides and other.extent > 1 for axis in sight.axes for other in axis)
    if is_left:
        reach = factor.weight * (factor.extent - 1)
        spans[side] = seen_through(spans[side], Footprint((0,), (reach,)))
    else:
        spans[side] = WHOLE_AXIS
    return _tidy(Sight(tuple(spans), sight.axes))


def without(sight: Sight, axes: Iterable[int]) -> Sight:
    """Axes along which nothing moves, or that have one index, are taken out."""
    gone = {axis % len(sight.axes) for axis in axes}
    return Sight(sight.spans, tuple([axis for number, axis in enumerate(sight.axes) if number not in gone]))


def selected(sight: Sight, axis: int, index: int) -> Sight:
    """One index of an axis, which is taken out."""
    spans = list(sight.spans)
    # The last factor counts fastest: its index is the remainder.
    for factor in reversed(sight.axes[axis]):
        index, own = divmod(index, factor.extent)
        for side in factor.sides:
            shift = own * factor.weight
            spans[side] = seen_through(spans[side], Footprint((shift,), (shift,)))
    return without(Sight(tuple(spans), sight.axes), (axis,))


def permuted(sight: Sight, order: Sequence[int]) -> Sight:
    """The axes in another order."""
    return Sight(sight.spans, tuple([sight.axes[axis] for axis in order]))


def reshaped(sight: Sight, shape: Shape) -> Sight:
    """The sight of the same elements in another shape; nothing is known if the factors do not fit into it."""
    axes = dealt(_all_factors(sight), shape)
    if axes is None:
        sight = _settled_everywhere(sight)
        axes = dealt(_all_factors(sight), shape)
    if axes is None:
        return whole(len(sight.spans), shape) if sight.is_whole else lost(len(sight.spans), shape)
    return _tidy(Sight(sight.spans, tuple(axes)))


def _all_factors(sight: Sight) -> list[Factor]:
    return [factor for axis in sight.axes for factor in axis]


def resized(sight: Sight, shape: Shape) -> Sight:
    """Axes along which nothing moves take the extents of that shape."""
    axes = [
        factors if extent_of(factors) == extent else (Factor(extent, sides_of(factors)),)
        for factors, extent in zip(sight.axes, shape, strict=True)
    ]
    changed = [old for new, old in zip(axes, sight.axes, strict=True) if new is not old]
    return _losing(Sight(sight.spans, tuple(axes)), [side for axis in changed for side in sides_of(axis)])


def losing(sight: Sight, axes: Iterable[int]) -> Sight:
    """Nothing is known any more along those axes."""
    return _losing(sight, [side for axis in axes for side in sides_of(sight.axes[axis])])


def _losing(sight: Sight, sides: Iterable[int]) -> Sight:
    gone = set(sides)
    if not gone:
        return sight
    # Wherever its positions go, an axis that is seen whole is.
    spans = [LOST if side in gone and span is not WHOLE_AXIS else span for side, span in enumerate(sight.spans)]
    return Sight(tuple(spans), sight.axes)


def _with_axis(sight: Sight, axis: int, factors: Axis) -> Sight:
    axes = list(sight.axes)
    axes[axis] = factors
    return Sight(sight.spans, tuple(axes))


def _count(sight: Sight, side: int) -> int:
    """How many factors move along a side."""
    return sum([side in factor.sides for axis in sight.axes for factor in axis if factor.sides])


def _tidy(sight: Sight) -> Sight:
    """Factors that go on in each other become one; along a side that is seen whole nothing moves."""
    wholes = frozenset([side for side, span in enumerate(sight.spans) if span is WHOLE_AXIS])
    return Sight(sight.spans, tuple([tidy(axis, wholes) for axis in sight.axes]))


def _settled(sight: Sight, axis: int) -> Sight:
    """Positions that stand several times in a row along an axis, as after a pixel shuffle, get a span of their own."""
    settled: list[Factor] = []
    spans = list(sight.spans)
    for factor in sight.axes[axis]:
        if settled and not factor.sides and _can_repeat(sight, settled[-1], factor.extent):
            (side,), places = settled[-1].sides, (0,) * factor.extent
            spans[side] = seen_through(spans[side], Footprint(places, places, settled[-1].weight))
            settled[-1] = Factor(settled[-1].extent * factor.extent, (side,), 1)
        else:
            settled.append(factor)
    return _with_axis(Sight(tuple(spans), sight.axes), axis, tuple(settled))


def _can_repeat(sight: Sight, factor: Factor, times: int) -> bool:
    """Whether the positions of a side are counted by that factor alone."""
    return len(factor.sides) == 1 and times <= PHASES_MAX and _count(sight, factor.sides[0]) == 1


def _settled_everywhere(sight: Sight) -> Sight:
    return functools.reduce(_settled, range(len(sight.axes)), sight)


# -- several tensors ---------------------------------------------------------------------------------------------------


def united(sights: Sequence[Sight], shape: Shape) -> Sight:
    """What an element sees that is made of one element of each tensor, broadcast to that shape."""
    first, rank = sights[0], len(shape)
    # One tensor, or several that see the same: nothing has to be united.
    if len(first.axes) == rank and first.shape == shape and all(sight == first for sight in sights):
        return first
    sights = [_broadcast(sight, shape) for sight in sights]
    if len({sight.axes for sight in sights}) > 1:
        sights = [_settled_everywhere(sight) for sight in sights]
    sides = range(len(first.spans))
    spans = tuple([_united_span([sight.spans[side] for sight in sights], sights, side) for side in sides])
    moving = [{sight.axes[axis] for sight in sights if sides_of(sight.axes[axis])} for axis in range(rank)]
    axes = tuple([_united_axis(every, extent) for every, extent in zip(moving, shape, strict=True)])
    # Where axes move differently, elements meet that stand at different positions.
    at_odds = [axis for every in moving if len(every) > 1 for axis in every]
    return _tidy(_losing(Sight(spans, axes), [side for axis in at_odds for side in sides_of(axis)]))


def _broadcast(sight: Sight, shape: Shape) -> Sight:
    """The sight of a tensor expanded to a larger shape: nothing moves along the axes that are added or stretched."""
    added = len(shape) - len(sight.axes)
    axes: list[Axis] = [(Factor(extent),) for extent in shape[:added]]
    for factors, extent in zip(sight.axes, shape[added:], strict=True):
        axes.append(factors if extent_of(factors) == extent else (Factor(extent),))
    return Sight(sight.spans, tuple(axes))


def _united_span(spans: Sequence[Span], sights: Sequence[Sight], side: int) -> Span:
    if WHOLE_AXIS in spans:
        return WHOLE_AXIS
    # Positions go together only where the same factors stand at the same places of the same axes.
    places = {
        tuple([(axis, f) for axis, factors in enumerate(sight.axes) for f in layout(factors) if side in f[1].sides])
        for sight in sights
    }
    return hull(spans) if len(places) == 1 else LOST


def _united_axis(moving: set[Axis], extent: int) -> Axis:
    """The factors along which something moves, if all agree on them."""
    if len(moving) == 1:
        return next(iter(moving))
    return (Factor(extent, tuple(sorted({side for axis in moving for side in sides_of(axis)}))),)
