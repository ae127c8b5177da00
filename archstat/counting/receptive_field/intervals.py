"""Along one axis of the network's first input: the interval of pixels that each position of a tensor sees.

Pixels in the padding count like any other: an interval may begin below 0 and end beyond the image.

A row of pixels goes through a convolution of 3, a pool of 2 with stride 2, an upsampling by 2 and a convolution of 3:

>>> pixels = Span((0,), (0,), 1)  # position i sees pixel i
>>> convolved = seen_through(pixels, Footprint((-1,), (1,)))  # i looks at i - 1 to i + 1
>>> convolved
Span(low=(-1,), high=(1,), step=1)
>>> pooled = seen_through(convolved, Footprint((0,), (1,), 2))  # i looks at 2i and 2i + 1, which see -1 to 1 and 0 to 2
>>> pooled  # so 0 sees -1 to 2, and each further position 2 pixels further
Span(low=(-1,), high=(2,), step=2)
>>> doubled = seen_through(pooled, Footprint((0, 0), (0, 0)))  # 2i and 2i + 1 both look at i: a round has two entries
>>> doubled
Span(low=(-1, -1), high=(2, 2), step=2)
>>> seen_through(doubled, Footprint((-1,), (1,)))  # 0 looks at -1 (from -3), 0 and 1; 1 looks at 0, 1 and 2 (to 4)
Span(low=(-3, -1), high=(2, 4), step=2)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable

import msgspec

PHASES_MAX = 256
"""Positions after which an interval must repeat itself; what takes more of them is not followed."""


class Footprint(msgspec.Struct, frozen=True, gc=False):
    """Which old positions a new position looks at: from ``first`` to ``last``, ``step`` further after each round.

    A round is as long as ``first`` and ``last``: new position ``i`` belongs to entry ``i % len(first)``.
    """

    first: tuple[int, ...]
    last: tuple[int, ...]
    step: int = 1


class Span(msgspec.Struct, frozen=True, gc=False):
    """The pixels that each position sees along one side: from ``low`` to ``high``, ``step`` further after each round.

    Neither end falls from one position to the next, so a window sees from the low end of its first position to the high
    end of its last.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    step: int


#: Every element sees the whole side.
WHOLE_AXIS = Span((), (), 0)
#: What an element sees is not known.
LOST = Span((), (), -1)


@functools.lru_cache(maxsize=4096)
def seen_through(span: Span, window: Footprint) -> Span:
    """The span of positions that each look at a window of the old ones."""
    if not span.low:
        return span
    old, new = len(span.low), len(window.first)
    # After so many rounds the window stands at the same phase of the old span again.
    rounds = old // math.gcd(old, window.step)
    if rounds * new > PHASES_MAX:
        return LOST
    shifts = range(0, rounds * window.step, window.step) if window.step else (0,) * rounds
    low = tuple([_at(span.low, position + shift, span.step) for shift in shifts for position in window.first])
    high = tuple([_at(span.high, position + shift, span.step) for shift in shifts for position in window.last])
    return _shortest(Span(low, high, span.step * (rounds * window.step // old)))


def _at(ends: tuple[int, ...], position: int, step: int) -> int:
    turn, phase = divmod(position, len(ends))  # rounds down, so it holds in the padding before 0 too
    return ends[phase] + step * turn


def _shortest(span: Span) -> Span:
    """An equal span in the fewest phases that can say it."""
    phases = len(span.low)
    # Spans are compared and are keys of caches: what means the same must be the same.
    for fewer in range(1, phases):
        if phases % fewer == 0 and span.step * fewer % phases == 0:
            short = Span(span.low[:fewer], span.high[:fewer], span.step * fewer // phases)
            if _repeated(short, phases) == span:
                return short
    return span


def _repeated(span: Span, phases: int) -> Span:
    low = tuple([_at(span.low, position, span.step) for position in range(phases)])
    high = tuple([_at(span.high, position, span.step) for position in range(phases)])
    return Span(low, high, span.step * phases // len(span.low))


def hull(spans: Iterable[Span]) -> Span:
    """The smallest span that holds all of them; not known if they move at different speeds."""
    spans = list(dict.fromkeys(spans))
    if len(spans) == 1:
        return spans[0]
    if WHOLE_AXIS in spans:
        return WHOLE_AXIS
    # Said in equally many phases, spans can be compared position by position.
    phases = math.lcm(*[len(span.low) for span in spans])
    if LOST in spans or phases > PHASES_MAX:
        return LOST
    spans = [_repeated(span, phases) for span in spans]
    if len({span.step for span in spans}) > 1:
        return LOST
    low = tuple([min(ends) for ends in zip(*[span.low for span in spans], strict=True)])
    high = tuple([max(ends) for ends in zip(*[span.high for span in spans], strict=True)])
    return _shortest(Span(low, high, spans[0].step))
