"""What happens to the size of a map along one axis, as a lecturer works it out: ``(32 − 5 + 2·0)/1 + 1 = 28``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from archstat.language import recorded


class Extent(Protocol):
    """What an op does along one axis."""

    @property
    def size(self) -> int:
        """The size that goes in."""
        ...

    @property
    def result(self) -> int:
        """The size that comes out."""
        ...

    def formula(self) -> str:
        """The sum, ``""`` if there is none."""
        ...

    def remark(self, what: Sequence[str]) -> str:
        """What does not fit, of the things that lie along that axis: ``["row", "column"]``."""
        ...


class Window(NamedTuple):
    """A window that moves along an axis: a convolution, a pool.

    Attributes:
        size: The size that goes in.
        kernel: How many elements the window takes.
        stride: How far the window moves.
        padding: What is added before and after.
        dilation: How far the elements of the window lie apart.
        rounds_up: A window may reach over the edge.
        names_padding: The sum shows a padding of 0 too.
        result: The size that comes out.
    """

    size: int
    kernel: int
    stride: int
    padding: tuple[int, int]
    dilation: int
    rounds_up: bool
    names_padding: bool
    result: int

    def edges(self) -> tuple[str, ...]:
        """What the window does at the edges, in words: the padding by a number, and whether it may reach over."""
        before, after = self.padding
        padding = str(before) if before == after else f"{before}+{after}"
        return padding, "", recorded("rounded up") if self.rounds_up else ""

    @property
    def _reach(self) -> int:
        """From the first element of a window to its last."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def _room(self) -> int:
        """How far the first window can move."""
        return self.size + sum(self.padding) - self._reach

    def _moves(self) -> str:
        before, after = self.padding
        reach = self.kernel if self.dilation == 1 else f"({self.dilation}·({self.kernel} − 1) + 1)"
        padding = f" + 2·{before}" if before == after else f" + {before + after}"
        return f"{self.size} − {reach}{padding if any(self.padding) or self.names_padding else ''}"

    def _exact(self) -> str:
        return f"({self._moves()})/{self.stride}"

    def _over(self) -> int:
        """How far the last window reaches over the edge."""
        return (self.result - 1) * self.stride - self._room

    def formula(self) -> str:
        """``(n − k + 2·p)/s + 1``, rounded where it does not fit."""
        if self._room % self.stride == 0:
            return f"{self._exact()} + 1"
        return f"⌈{self._exact()}⌉ + 1" if self._over() > 0 else f"⌊{self._exact()}⌋ + 1"

    def remark(self, what: Sequence[str]) -> str:
        """What no window sees, what lies between them, or how far the last one reaches over the edge."""
        rest = self._room % self.stride
        if self.stride > self._reach:
            return recorded(
                "{first} of {second} {things} lie between the windows",
                first=self.stride - self._reach,
                second=self.stride,
                things=_plural(what),
            )
        if not rest:
            return ""
        if self._over() > 0:
            over = _number(self._over(), what)
            return recorded("rounded up: the last window reaches {things} over the edge", things=over)
        if self.rounds_up:
            return recorded("not rounded up: one more window would begin beyond the edge")
        value = _decimal(Fraction(self._room, self.stride) + 1)
        lost = rest - self.padding[1]
        if lost <= 0:
            told = (
                recorded("{value} rounded down: the last {thing} of the padding is not used")
                if _is_one(rest, what)
                else recorded("{value} rounded down: the last {things} of the padding are not used")
            )
            return told.format(value=value, thing=_last(rest, what), things=_last(rest, what))
        unseen = (
            recorded("{sum} = {value} does not fit: the last {thing} is not seen")
            if _is_one(lost, what)
            else recorded("{sum} = {value} does not fit: the last {things} are not seen")
        )
        values = {"sum": f"{self._exact()} + 1", "value": value}
        return f"{unseen.format(**values, thing=_last(lost, what), things=_last(lost, what))}; {self._cure()}"

    def _cure(self) -> str:
        """The padding, or the sizes, with which the last window ends at the edge."""
        if self.padding[0] == self.padding[1]:
            for padding in range(self.padding[0] + 1, self._reach // 2 + 1):
                if (self.size + 2 * padding - self._reach) % self.stride == 0:
                    return recorded("a padding of {padding} would make it fit", padding=padding)
        smaller = self.size - self._room % self.stride
        sizes = [size for size in (smaller, smaller + self.stride) if size > 0]
        if len(sizes) == 1:
            return recorded("an input of {size} would fit", size=sizes[0])
        return recorded("an input of {first} or {second} would fit", first=sizes[0], second=sizes[1])


_THINGS = (
    *(recorded("row"), recorded("column"), recorded("element"), recorded("plane")),
    *(recorded("row and column"), recorded("plane and row and column")),
    *(recorded("1 row"), recorded("1 column"), recorded("1 element"), recorded("1 plane")),
    *(recorded("1 row and column"), recorded("1 plane and row and column")),
    *(recorded("rows"), recorded("columns"), recorded("elements"), recorded("planes")),
    *(recorded("rows and columns"), recorded("planes and rows and columns")),
)
"""What lies along the axes of maps, of which one or more may be lost."""

_COUNTED = {
    "rows": recorded("{count} rows"),
    "columns": recorded("{count} columns"),
    "elements": recorded("{count} elements"),
    "planes": recorded("{count} planes"),
    "rows and columns": recorded("{count} rows and columns"),
    "planes and rows and columns": recorded("{count} planes and rows and columns"),
}


def _plural(what: Sequence[str]) -> str:
    return " and ".join(f"{thing}s" for thing in what)


def _number(number: int, what: Sequence[str]) -> str:
    """``1 row and column``, ``2 rows and columns``."""
    return f"1 {' and '.join(what)}" if number == 1 else _COUNTED[_plural(what)].format(count=number)


def _last(number: int, what: Sequence[str]) -> str:
    return " and ".join(what) if number == 1 else _number(number, what)


def _is_one(number: int, what: Sequence[str]) -> bool:
    return number == len(what) == 1


def _decimal(value: Fraction) -> str:
    """At most two decimals.

    >>> _decimal(Fraction(7, 3)), _decimal(Fraction(225, 2))
    ('2.33', '112.5')
    """
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


class Spread(NamedTuple):
    """A transposed convolution along an axis; ``extra`` is the output padding."""

    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    extra: int
    result: int

    def edges(self) -> tuple[str, ...]:
        """What is done at the edges, in words: the padding and the output padding, by a number each."""
        return str(self.padding), str(self.extra), ""

    def formula(self) -> str:
        """The size that comes out, ``(n − 1)·s − 2·p + d·(k − 1) + extra + 1``."""
        dilation = f"{self.dilation}·" if self.dilation > 1 else ""
        extra = f" + {self.extra}" if self.extra else ""
        return f"({self.size} − 1)·{self.stride} − 2·{self.padding} + {dilation}({self.kernel} − 1){extra} + 1"

    def remark(self, what: Sequence[str]) -> str:  # noqa: ARG002 - every input is used
        """Nothing: every input is used."""
        return ""


def edges_told(extents: Sequence[Extent]) -> str:
    """What windows do at the edges of a map, ``""`` if nothing; axes are told apart where they differ.

    >>> edges_told([Window(8, 1, 1, (0, 0), 1, False, True, 8), Window(8, 7, 1, (3, 3), 1, False, True, 8)])
    'padding 0×3'
    >>> edges_told([Spread(7, 3, 2, 1, 1, 1, 14)]), edges_told([Window(8, 3, 2, (0, 0), 1, True, False, 4)])
    ('padding 1, output padding 1', 'rounded up')
    """
    told = [extent.edges() for extent in extents if isinstance(extent, (Window, Spread))]
    paddings, extras, _ = zip(*told, strict=True) if told else ((), (), ())
    words = (
        _by_axis(recorded("padding {padding}"), paddings),
        _by_axis(recorded("output padding {padding}"), extras),
        *dict.fromkeys(each[2] for each in told),
    )
    return ", ".join(filter(None, words))


def _by_axis(told: str, numbers: Sequence[str]) -> str:
    """One number if all are alike, none if there is nothing."""
    if not any(number not in ("", "0") for number in numbers):
        return ""
    return told.format(padding="×".join(numbers if len(set(numbers)) > 1 else numbers[:1]))


class Scaled(NamedTuple):
    """A size that is multiplied or divided."""

    size: int
    factor: int
    sign: str
    result: int

    def formula(self) -> str:
        """``n·f`` or ``n/f``."""
        return f"{self.size}{self.sign}{self.factor}"

    def remark(self, what: Sequence[str]) -> str:  # noqa: ARG002 - it always fits
        """Nothing: the factor always fits."""
        return ""


class Padded(NamedTuple):
    """A size with an edge around it, which is cut off where it is negative."""

    size: int
    before: int
    after: int
    result: int

    def formula(self) -> str:
        """The size with its edges, ``n + before + after``."""
        edges = (f" {'+' if edge >= 0 else '−'} {abs(edge)}" for edge in (self.before, self.after))
        return f"{self.size}{''.join(edges)}"

    def remark(self, what: Sequence[str]) -> str:  # noqa: ARG002 - nothing can be lost unseen
        """Nothing: all of the size is used."""
        return ""


class Adapted(NamedTuple):
    """A pool whose windows follow from the size that is to come out."""

    size: int
    result: int

    def formula(self) -> str:
        """``n/k`` where all windows are alike, none otherwise."""
        return f"{self.size}/{self.size // self.result}" if self._is_even() else ""

    def remark(self, what: Sequence[str]) -> str:
        """How large the windows are: number i of o covers ⌊i·n/o⌋ … ⌈(i + 1)·n/o⌉."""
        n, o = self.size, self.result
        if n == o:
            return ""
        sizes = sorted({-(-(i + 1) * n // o) - i * n // o for i in range(o)})
        things = _plural(what)
        if not sizes:
            return recorded("from {size}", size=n)
        if self._is_even():
            return recorded("windows of {size} {things}", size=sizes[0], things=things)
        if len(sizes) == 1:
            return recorded("from {number}, windows of {size} {things}", number=n, size=sizes[0], things=things)
        first, second = sizes[0], sizes[-1]
        return recorded(
            "from {number}, windows of {first} and {second} {things}",
            number=n,
            first=first,
            second=second,
            things=things,
        )

    def _is_even(self) -> bool:
        return self.result > 0 and self.size > 0 and self.size % self.result == 0


class Resampled(NamedTuple):
    """A size that is stretched to another one."""

    size: int
    result: int

    def formula(self) -> str:
        """None: the size is given."""
        return ""

    def remark(self, what: Sequence[str]) -> str:  # noqa: ARG002 - it is the same along every axis
        """The size that is stretched: ``from 14``."""
        return recorded("from {size}", size=self.size)
