"""The axes of a tensor as products of factors, some of which count positions in the image and some channels."""

from __future__ import annotations

import functools
import math

import msgspec

from archstat.records import Shape


class Factor(msgspec.Struct, frozen=True, gc=False):
    """One factor of an axis.

    Attributes:
        extent: How many indices it has.
        sides: The sides along which its index moves the position; none for batch and channels, several where they
            cannot be told apart.
        weight: How many positions one index more is; no meaning unless there is one side and its span is known.
    """

    extent: int
    sides: tuple[int, ...] = ()
    weight: int = 0


Axis = tuple[Factor, ...]


def extent_of(axis: Axis) -> int:
    """How many indices the axis has."""
    return math.prod([factor.extent for factor in axis])


@functools.lru_cache(maxsize=4096)
def sides_of(axis: Axis) -> tuple[int, ...]:
    """The sides along which its index moves the position."""
    return tuple(sorted({side for factor in axis for side in factor.sides}))


def dealt(factors: list[Factor], shape: Shape) -> list[Axis] | None:
    """The factors dealt out to axes, the last first; one that is too large for its axis is split.

    ``None`` if they do not fit. The list is used up.
    """
    axes: list[Axis] = []
    # From the last axis on: the last factor counts fastest, as memory does.
    for size in reversed(shape):
        taken: list[Factor] = []
        left = size
        while factors and (left > 1 or (not taken and factors[-1].extent == 1)):
            factor = factors.pop()
            if factor.extent == 0:
                return None
            if left % factor.extent == 0:
                left //= factor.extent
            elif factor.extent % left == 0:  # the rest of it belongs to the axis before
                factors.append(Factor(factor.extent // left, factor.sides, factor.weight * left))
                factor, left = Factor(left, factor.sides, factor.weight), 1
            else:
                return None
            taken.append(factor)
        if left != 1:
            return None
        axes.append(tuple(reversed(taken)))
    return axes[::-1]


@functools.lru_cache(maxsize=4096)
def tidy(axis: Axis, wholes: frozenset[int]) -> Axis:
    """Factors that go on in each other become one; along a side that is seen whole nothing moves."""
    joined: list[Factor] = []
    for factor in axis:
        left = tuple([side for side in factor.sides if side not in wholes])
        new = Factor(factor.extent, left, factor.weight if left else 0)
        if joined and _goes_on(joined[-1], new):
            new = Factor(joined.pop().extent * new.extent, left, new.weight)
        joined.append(new)
    # One index without a side says nothing, and sights that mean the same must be the same.
    moving = [factor for factor in joined if factor.sides or factor.extent != 1]
    return tuple(moving) or (Factor(1),)


def _goes_on(major: Factor, minor: Factor) -> bool:
    """Whether one index more of ``major`` is as far as all of ``minor``."""
    # Of a single index nobody sees the weight.
    return major.sides == minor.sides and (major.weight == minor.weight * minor.extent or major.extent == 1)


def layout(axis: Axis) -> list[tuple[int, Factor]]:
    """The factors of an axis, each with how many indices pass until it moves on."""
    found, below = [], 1
    for factor in reversed(axis):
        found.append((below, factor))
        below *= factor.extent
    return found
