"""The law behind exact counts at many sizes: a polynomial that gives every one of them to the last digit.

Strides make costs periodic (``⌈s/2⌉`` is no polynomial, on even numbers it is ``s/2``), so a law says on which sizes it
holds. Where there is none, that is the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from archstat.scaling.polynomials import Coefficients, fitted, value

DEGREE_MAX = 4
"""Attention between the pixels of an image grows with the fourth power of its side."""
SPARE = 2
"""So many sizes at least must confirm a law that was not fitted on them."""
SPARE_OF_A_PART = 6
"""So many sizes at least must confirm a law that holds on a part of the sizes only, where no others may be counted."""


class Point(msgspec.Struct, frozen=True):
    """The totals at one size.

    Attributes:
        size: The size.
        macs: Multiply-accumulates.
        flops: ``2 * macs`` and the other floating-point operations.
        activations: Elements of every layer's own outputs.
        activation_bytes: The size of the activations.
        peak_activation_bytes: The most memory alive at once.
        parameters: Elements of all parameters.
        attention_macs: The multiply-accumulates of products of activations with each other.
    """

    size: int
    macs: int
    flops: int
    activations: int
    activation_bytes: int
    peak_activation_bytes: int
    parameters: int
    attention_macs: int = 0


GROWTH_QUANTITIES: tuple[str, ...] = Point.__struct_fields__[1:]


class Refused(msgspec.Struct, frozen=True):
    """A size that the network cannot take, and what it says to it."""

    size: int
    why: str


CountAt = Callable[[int], "Point | Refused"]


class Growth(msgspec.Struct, frozen=True):
    """The law of one quantity.

    Attributes:
        quantity: An attribute of :class:`Point`.
        coefficients: Of the powers of the size, the constant first; ``None``: there is no law of degree 4 or less.
        period: The law holds on sizes that are so far apart, …
        residue: … and leave this when divided by the period.
        since: The smallest size on which the law holds; 0 if it holds on all that were tried.
        fitted: The sizes that the law was made from.
        verified: Other sizes at which the law gives the count exactly.
    """

    quantity: str
    coefficients: Coefficients | None = None
    period: int = 1
    residue: int = 0
    since: int = 0
    fitted: tuple[int, ...] = ()
    verified: tuple[int, ...] = ()

    def holds_at(self, size: int) -> bool:
        """Whether a size is one of those that the law speaks of."""
        return size % self.period == self.residue and size >= self.since


def growths_of(count: CountAt, sizes: Iterable[int], *, unit: int | None = None) -> tuple[Growth, ...]:
    """The law of each quantity.

    Args:
        count: The totals at a size.
        sizes: Where to count.
        unit: A size that the network is made for. Other sizes are then counted too: between them for the smallest
            period on which a law holds, beyond them to confirm one that holds on a part of them, and multiples of the
            unit where there is no law on them.
    """
    points = _taken(count, sorted(set(sizes)))
    search = _Search(points, count, unit)
    has_attention = any(point.attention_macs for point in points)
    return tuple(search.law_of(name) for name in GROWTH_QUANTITIES if has_attention or name != "attention_macs")


def _taken(count: CountAt, sizes: Iterable[int]) -> list[Point]:
    """The totals at those sizes that the network takes."""
    return [point for point in map(count, sizes) if isinstance(point, Point)]


class _Search:
    """Looks for laws among points, and elsewhere if it may count there."""

    def __init__(self, points: Sequence[Point], count: CountAt, unit: int | None) -> None:
        self._points = {point.size: point for point in points}
        self._count = None if unit is None else count
        self._unit = unit or 0
        classes = _classes(list(self._points))
        self._parts = [*classes, *_upper(classes)]

    def law_of(self, quantity: str) -> Growth:
        """The law on as many of the sizes as follow one: all, those of a period, those from some size on."""
        laws = (self._law_on(quantity, part) for part in self._parts)
        growth = next((law for law in laws if law is not None), None) or self._law_of_multiples(quantity)
        return Growth(quantity) if growth is None else self._refined(growth)

    def _law_of_multiples(self, quantity: str) -> Growth | None:
        """The law on multiples of what the network is made for; windows of 7×7 need an image of 224, 448, …."""
        if self._count is None or len(self._points) < 2:
            return None
        points = _taken(self._count, range(self._unit, self._unit * _MULTIPLES + 1, self._unit))
        return _fitted(quantity, points, _Part(tuple([point.size for point in points])), SPARE) if points else None

    def _law_on(self, quantity: str, part: _Part) -> Growth | None:
        """The law that all sizes of a part follow, and those that continue it."""
        points = [self._points[size] for size in part.sizes]
        if len(points) == len(self._points):
            return _fitted(quantity, points, part, SPARE)
        if self._count is None:
            return _fitted(quantity, points, part, SPARE_OF_A_PART)
        points += _taken(self._count, part.continued(_ENOUGH - len(points)))
        growth = _fitted(quantity, points, part, SPARE)
        return None if growth is None else self._confirmed(growth, part)

    def _confirmed(self, growth: Growth, part: _Part) -> Growth | None:
        """A law of a part, if as many sizes follow it as were tried: a longer period may hide in a few."""
        return self._verified(growth, part.continued(len(self._points) - len(part.sizes)))

    def _verified(self, growth: Growth, sizes: Iterable[int]) -> Growth | None:
        """A law with further sizes that follow it; ``None`` if one does not, or the network takes hardly any."""
        if self._count is None:
            return growth
        taken = set()
        for size in dict.fromkeys(sizes):  # and not a count more than it takes to refute the law
            probe = self._count(size)
            if isinstance(probe, Point):
                if not _gives(growth, probe):
                    return None
                taken.add(size)
        if len(taken) < SPARE:
            return None
        return msgspec.structs.replace(growth, verified=tuple(sorted(taken.union(growth.verified))))

    def _refined(self, growth: Growth) -> Growth:
        """A law on the smallest period that counts in between allow."""
        if self._count is None:
            return growth
        last = max(self._points)
        everywhere = msgspec.structs.replace(growth, period=1, residue=0)
        found = self._verified(everywhere, _down_to_one(growth, last)) if growth.period > 1 else None
        return found or self._refined_by_steps(growth, last)

    def _refined_by_steps(self, growth: Growth, last: int) -> Growth:
        for prime in _primes_of(growth.period):
            wider = _wider(growth, prime)
            found = self._verified(wider, _between(growth, wider, last))
            if found is not None:
                return self._refined_by_steps(found, last)
        return growth


_MULTIPLES = 12
_ENOUGH = DEGREE_MAX + 1 + SPARE


class _Part(msgspec.Struct, frozen=True):
    """Some of the sizes, all a period apart.

    Attributes:
        sizes: The sizes of the part, in ascending order.
        since: The smallest, if smaller ones were left out; 0 if not.
    """

    sizes: tuple[int, ...]
    since: int = 0

    @property
    def period(self) -> tuple[int, int]:
        """How far apart they are, and what they leave when divided by that."""
        period = math.gcd(*[size - self.sizes[0] for size in self.sizes])
        return period, self.sizes[0] % period

    def continued(self, number: int) -> list[int]:
        """The next sizes of the same period."""
        return [self.sizes[-1] + self.period[0] * k for k in range(1, number + 1)]


def _fitted(quantity: str, points: Sequence[Point], part: _Part, spare: int) -> Growth | None:
    """The law that these points of a part follow."""
    law = fitted([(point.size, getattr(point, quantity)) for point in points], degree_max=DEGREE_MAX, spare=spare)
    if law is None:
        return None
    used, sizes = max(len(law), 1), tuple([point.size for point in points])
    return Growth(quantity, law, *part.period, part.since, sizes[:used], sizes[used:])


def _classes(sizes: Sequence[int]) -> list[_Part]:
    """All sizes, the multiples of a period, and others that far apart, in that order and the most sizes first."""
    if len(sizes) <= SPARE:
        return []
    found: dict[_Part, None] = {}
    steps = [_Part(tuple(sizes)).period[0] * times for times in range(1, len(sizes))]
    for period in (*range(1, _PERIOD_MAX + 1), *steps):
        for residue in dict.fromkeys((0, sizes[0] % period)):
            part = _Part(tuple([size for size in sizes if size % period == residue]))
            if len(part.sizes) > SPARE:
                found[part] = None
    return sorted(found, key=lambda part: (len(part.sizes) < len(sizes), part.period[1] > 0, -len(part.sizes)))


_PERIOD_MAX = 128


def _upper(classes: Iterable[_Part]) -> Iterator[_Part]:
    """Each class without its smallest sizes, but for half of it at most."""
    for part in classes:
        for left_out in range(1, len(part.sizes) // 2 + 1):
            if len(part.sizes) - left_out > SPARE:
                yield _Part(part.sizes[left_out:], part.sizes[left_out])


def _primes_of(number: int) -> Iterator[int]:
    """The prime factors of a number, each once."""
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            yield divisor
            while number % divisor == 0:
                number //= divisor
        divisor += 1
    if number > 1:
        yield number


def _wider(law: Growth, prime: int) -> Growth:
    """A law on a part of its period."""
    period = law.period // prime
    return msgspec.structs.replace(law, period=period, residue=law.residue % period)


_PROBES = 3


def _down_to_one(law: Growth, last: int) -> list[int]:
    """Sizes that tell whether a law holds on every size: one for each period in between, all probes for the last."""
    found: list[int] = []
    while law.period > 1:
        wider = _wider(law, next(_primes_of(law.period)))
        between = list(_between(law, wider, last))
        found = (between if wider.period == 1 else between[1:2]) + found
        law = wider
    return found


def _between(law: Growth, wider: Growth, last: int) -> Iterator[int]:
    """Sizes spread over the range of a law, of which the wider one speaks and the law itself does not."""
    first = law.fitted[0]
    for part in range(1, _PROBES + 1):
        size = first + (last - first) * part // (_PROBES + 1)
        size += (wider.residue - size) % wider.period
        size += wider.period if law.holds_at(size) else 0
        if size <= last:
            yield size


def _gives(growth: Growth, point: Point) -> bool:
    counted: int = getattr(point, growth.quantity)
    return value(growth.coefficients or (), point.size) == counted
