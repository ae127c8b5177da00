"""What a forward pass may change in place, and how it is put back: containers, objects, functions, generators.

A network keeps caches, lists of feature maps and counters in plain Python objects; hooks keep them in closures and
globals. A :class:`Snapshot` walks from the network and its inputs to every such object, notes what is in it, and puts
that back *into the same object*, so that whoever else holds it sees it unchanged too.

What only a function leads to (a variable around it, a global, a default) is its author's own: a hook writes its report
there. That is put back where a tensor without values would stay in it. What cannot be reached or put back (an iterator,
a file, the cache of ``functools.lru_cache``) stays as the pass leaves it.

A list with a dictionary with a list. From the outermost the walk reaches all three, ids are what it knows them by, and
each gets its own content back, in whatever order they were changed and whoever else holds them:

>>> features = []
>>> kept = [1, {"features": features}]
>>> before = Snapshot()
>>> before.add(kept)
>>> features.append("map")
>>> kept[1] = None  # the dictionary hangs on nothing of the network's any more
>>> before.restore()
>>> kept, kept[1]["features"] is features
([1, {'features': []}], True)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from archstat.tracing.keeper import Keeper, put_back_nothing
from archstat.tracing.keepers import (
    ATOMS,
    ATTRIBUTES_KEEPER,
    CLASS_KEEPER,
    EXACT_KEEPERS,
    FUNCTION_KEEPER,
    is_callers,
    keepers_of,
    state_of_class,
)
from archstat.tracing.nested import tensors_in
from archstat.tracing.torch_private import FakeTensor


class Snapshot:
    """Objects, and what was in each."""

    def __init__(self) -> None:
        """Begin with nothing noted."""
        self._seen: dict[int, Any] = {}  # the objects are kept alive, so that their ids stay their own
        self._kept: list[tuple[Keeper, Any, Any]] = []
        self._of_functions: list[tuple[Keeper, Any, Any]] = []
        self._later: list[Any] = []

    def add(self, *values: Any) -> None:
        """Note what is in these values, and in whatever they lead to."""
        seen, waiting = self._seen, list(values)
        while waiting:
            value = waiting.pop()
            if type(value) not in ATOMS and id(value) not in seen:
                seen[id(value)] = value
                waiting += self._look_at(value)

    def add_functions(self) -> None:
        """Note what the functions that were met lead to, once all else is noted."""
        # Apart from the rest: what only functions lead to is put back where a tensor without values would stay in it.
        kept, self._kept = self._kept, self._of_functions
        while self._later:
            self.add(self._later.pop())
        self._kept = kept

    def add_class(self, kind: type) -> None:
        """Note what a class of the caller's, and what it inherits from, keeps for all its instances."""
        for base in kind.__mro__:
            # Torch's own classes keep nothing of a network's.
            if id(base) not in self._seen and is_callers(base.__module__):
                self._seen[id(base)] = base
                self._take(CLASS_KEEPER, base)
                self.add(*state_of_class(base))

    def skip(self, values: Sequence[Any]) -> None:
        """Leave these out: somebody else sees to them."""
        self._seen.update(zip(map(id, values), values, strict=True))

    def holds(self, value: Any) -> bool:
        """Whether a value is noted."""
        return id(value) in self._seen

    def restore(self, *, is_last: bool = True) -> None:
        """Put back what was in each; may be called again, also after it was interrupted.

        Args:
            is_last: Leave what functions noted down; ``False``: nothing of the pass is to be left.
        """
        for keeper, value, content in self._kept:
            keeper.put_back(value, content)
        for keeper, value, content in self._of_functions:
            if not is_last or _holds_no_values(keeper.children(keeper.take(value))):
                keeper.put_back(value, content)

    def _look_at(self, value: Any) -> list[Any]:
        """Note one value; what it leads to."""
        found: list[Any] = []
        for keeper in EXACT_KEEPERS.get(type(value)) or keepers_of(value):
            children = self._take(keeper, value)
            # Later, when all else is noted: what objects of the network lead to as well is the network's own.
            if keeper is FUNCTION_KEEPER:
                self._later += children
                continue
            found += children
            if keeper is ATTRIBUTES_KEEPER:
                self.add_class(type(value))
        return found

    def _take(self, keeper: Keeper, value: Any) -> Iterable[Any]:
        content = keeper.take(value)
        if keeper.put_back is not put_back_nothing:
            (self._of_functions if keeper is FUNCTION_KEEPER else self._kept).append((keeper, value, content))
        return keeper.children(content)


def _holds_no_values(values: Iterable[Any]) -> bool:
    """Whether there are tensors without values among these."""
    return any(tensor.is_meta or isinstance(tensor, FakeTensor) for value in values for tensor in tensors_in(value))
