"""How one kind of object is kept while a network runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Keeper:
    """How one kind of object is kept.

    Attributes:
        take: The object → what is in it, as a copy.
        put_back: The object and that copy → nothing; writes only where something changed.
        children: The copy → the objects that it leads to.
    """

    def __init__(
        self,
        take: Callable[[Any], Any],
        put_back: Callable[[Any, Any], None],
        children: Callable[[Any], Iterable[Any]] = lambda content: content,
    ) -> None:
        """Name the three functions; by default what is in an object are the objects that it leads to."""
        self.take = take
        self.put_back = put_back
        self.children = children


def put_back_nothing(value: Any, content: Any) -> None:
    """Put nothing back: for what cannot change itself, but leads to what can."""
