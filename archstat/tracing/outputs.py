"""The tensors that a layer or a network returns, in whatever object: a dataclass, a distribution, one of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from torch import Tensor, nn

from archstat.tracing.keepers import ATOMS, is_of_process, slots_of

_DEEPEST = 8
"""How many objects deep the tensors are looked for: what is deeper is no output, but what made it."""

_OPAQUE = (nn.Module, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def tensors_out(value: Any) -> list[Tensor]:
    """The tensors in what a ``forward`` returned, in order, each once."""
    return list(_found(value, set(), _DEEPEST))


def _found(value: Any, seen: set[int], deepest: int) -> Iterator[Tensor]:
    # Ids are safe here: whatever is walked is held by what was returned.
    if value.__class__ in ATOMS or id(value) in seen or not deepest:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield value
        return
    for child in _children(value):
        yield from _found(child, seen, deepest - 1)


def _children(value: Any) -> list[Any]:
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, _OPAQUE) or is_of_process(value):
        return []
    return [*getattr(value, "__dict__", {}).values(), *slots_of(value).values()]
