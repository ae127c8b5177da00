"""How records show themselves in a console: in a few lines, however much they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from archstat import units

_VALUE_MOST = 60
"""A value that takes more characters is told by its size."""


class ShortRecord(msgspec.Struct, frozen=True):
    """A record whose attributes are shown each by a few words: large ones by how much they hold."""

    def __repr__(self) -> str:
        """The class, and its attributes in short."""
        told = (f"{name}={short(getattr(self, name))}" for name in self.__struct_fields__)
        return f"{type(self).__name__}({', '.join(told)})"


def short(value: Any) -> str:
    """A value as Python writes it, or how much it holds.

    >>> short((1, 2)), short(tuple(range(1000))), short("a" * 100)[:12]
    ('(1, 2)', '<1,000 values>', "'aaaaaaaaaaa")
    """
    holds_many = isinstance(value, (Sequence, Mapping, frozenset)) and not isinstance(value, str)
    if holds_many and len(value) > _VALUE_MOST:  # which would take long to write first
        return f"<{len(value):,} values>"
    shown = repr(value)
    if len(shown) <= _VALUE_MOST:
        return shown
    return f"<{len(value):,} values>" if holds_many else f"{shown[: _VALUE_MOST - 1]}…"


def inert_path(path: str) -> str:
    """The path of a layer for a console; what would steer it is shown as its code.

    >>> inert_path("conv1"), len(inert_path(chr(27)))
    ('conv1', 4)
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in path)


def three_lines(title: Iterable[str], amounts: Iterable[str], rest: str) -> str:
    """Three lines: what a record is of, its totals, and what to know of them.

    Args:
        title: What the record is of.
        amounts: The totals with their units.
        rest: What is missing from the totals.
    """
    return "\n".join((" · ".join(filter(None, title)), " · ".join(filter(None, amounts)), rest))


def counted_on(architecture: str, input_shapes: Iterable[Sequence[int]], dtype: str) -> tuple[str, str, str]:
    """What a count is of."""
    return architecture, f"input {units.shapes(input_shapes)}", dtype


def not_counted(ops: Sequence[str]) -> str:
    """Which ops no rule covers."""
    return f"Not counted: {', '.join(ops[:5]) + (', …' if len(ops) > 5 else '') if ops else 'nothing'}"
