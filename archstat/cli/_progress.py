"""How far a command is, in a line on stderr that is written again and again where that is a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from archstat.files.text import printable

_Found = TypeVar("_Found")

_PATIENCE_S = 0.5
"""Who waits no longer than this needs no word; what is written for less only flickers."""
_WIDTH = 79
"""A longer line would take two, and the first could not be written again."""


class StatusLine:
    """The last line of a terminal; nothing where stderr is none."""

    def __init__(self) -> None:
        """A line that shows nothing yet."""
        self.is_shown = sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show a text instead of the one before."""
        self._write(f"\r\x1b[K{printable(text)[:_WIDTH]}")

    def clear(self) -> None:
        """Leave the line empty, for what comes next."""
        self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        if self.is_shown:
            sys.stderr.write(text)
            sys.stderr.flush()


def watched(names: Sequence[str], doing: str = "Counting") -> Iterator[str]:
    """The names, one after the other, while the line says which of them is being looked at.

    Args:
        names: What something is done with.
        doing: What is done.
    """
    line, start = StatusLine(), time.monotonic()
    try:
        for place, name in enumerate(names, 1):
            if time.monotonic() - start > _PATIENCE_S:
                line.show(f"{doing} {place} of {len(names)}: {name}")
            yield name
    finally:
        line.clear()


@contextlib.contextmanager
def watching(look: Callable[..., _Found], doing: str = "Counting") -> Iterator[Callable[..., _Found]]:
    """A function of a name, which the line says while it is looked at; where nobody knows yet how many there will be.

    Args:
        look: The function; the name is its first argument.
        doing: The verb that the line begins with.
    """
    line, start = StatusLine(), time.monotonic()

    def told(name: str, *rest: object) -> _Found:
        if time.monotonic() - start > _PATIENCE_S:
            line.show(f"{doing} {name}")
        return look(name, *rest)

    try:
        yield told
    finally:
        line.clear()
