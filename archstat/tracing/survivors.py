"""Tensors without values that outlive a forward pass in a place that cannot be put back, and who holds them.

The next real pass would meet them: an entry of ``functools.lru_cache``, a local variable of a generator, a global that
no function of the network's own file leads to. They are found by the memory that is still there when all of ours is
gone. Only if there is any, Python's objects are searched for what holds it.
"""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Iterable, Sequence
from types import AsyncGeneratorType, CellType, CoroutineType, FrameType, FunctionType, GeneratorType, ModuleType
from typing import Any, TypeVar

import msgspec
from torch import Tensor

from archstat import units
from archstat.language import recorded
from archstat.records import StepTrace, Trace

_Record = TypeVar("_Record", Trace, StepTrace)
Reference = weakref.ref[Any]

_NAMED = 3
"""How many of them are told of, each in a sentence."""
_FARTHEST = 6
"""Through how many containers a holder is looked for."""


def with_remarks_on(remaining: Sequence[Reference], record: _Record) -> _Record:
    """A record that says what outlived its pass, of what was there when that ended."""
    found: tuple[str, ...] = remarks_on([reference for reference in remaining if reference() is not None])
    return msgspec.structs.replace(record, remarks=(*record.remarks, *found)) if found else record


def remarks_on(remaining: Sequence[Reference]) -> tuple[str, ...]:
    """What a reader must know of memory without values that outlived the pass; nothing if it was garbage."""
    if not remaining:
        return ()
    gc.collect(0)  # what the pass left in circles; it is all of the youngest generation
    storages = {storage._cdata: None for reference in remaining if (storage := reference()) is not None}
    if not storages:
        return ()
    tensors = _tensors_on(storages)
    told: dict[str, None] = {}
    for tensor in tensors:
        told.update(dict.fromkeys(_sentences(tensor, tensors)))
    if not told:
        count = len(storages)
        unknown = recorded(
            "Memory of {count} tensors without values stays, and who holds it is not known.", count=count
        )
        return (unknown,)
    more = len(told) - _NAMED
    others = recorded("{count} more tensors without values stay elsewhere.", count=more)
    return (*list(told)[:_NAMED], *([others] if more > 0 else []))


def _tensors_on(storages: Iterable[int]) -> list[Tensor]:
    """One tensor for each piece of memory."""
    found: dict[int, Tensor] = {}
    wanted = set(storages)
    for each in gc.get_objects():
        # By the type: isinstance would ask an object for its class, which a proxy may answer with code of its own.
        if issubclass(type(each), Tensor):
            storage = _storage_of(each)
            if storage in wanted:
                found.setdefault(storage, each)
    return list(found.values())


def _storage_of(tensor: Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError, ValueError):  # it has none, or waits for its shape
        return 0


def _sentences(tensor: Tensor, tensors: list[Tensor]) -> list[str]:
    """What is said of a tensor; nothing if no object of Python's holds it, but the graph of another one."""
    where = _holder(tensor, tensors)
    return [] if where is None else [f"A tensor without values ({units.shape(tensor.shape)}) stays {where}"]


def _holder(tensor: Tensor, ours: list[Tensor]) -> str | None:
    """Where a tensor is, in words, and what to do: the nearest place that has a name, or else what holds it."""
    seen, level, fallback = {id(ours)}, [tensor], None  # the list of this search holds them too
    for _ in range(_FARTHEST):
        above: list[Any] = []
        seen |= {id(level), id(above)}
        for value in level:
            for holder in gc.get_referrers(value):
                if id(holder) in seen or _is_running(holder):
                    continue
                seen.add(id(holder))
                name = _name_of(holder, value)
                if name is not None:
                    return name
                fallback = fallback or _class_of(holder)
                above.append(holder)
        level = above
    return fallback


def _is_running(holder: Any) -> bool:
    """Whether a holder is a function that runs, this search above all: its variables are gone when it returns."""
    return isinstance(holder, FrameType) or (isinstance(holder, GeneratorType) and holder.gi_running)


def _name_of(holder: Any, value: Any) -> str | None:
    if isinstance(holder, functools._lru_cache_wrapper):
        name = getattr(holder, "__qualname__", "the function").rpartition("<locals>.")[2]
        return f"in the cache of {name!r}: call {name}.cache_clear() before the network is run."
    if isinstance(holder, GeneratorType | CoroutineType | AsyncGeneratorType):
        return f"in a variable of the generator {holder.__qualname__!r}, which goes on from there: make it anew."
    if isinstance(holder, ModuleType):
        return f"in the module {holder.__name__!r}: take it out before the network is run."
    if isinstance(holder, CellType):
        return _of_cell(holder)
    if isinstance(holder, dict):
        return _of_module(holder, value)
    return None


def _of_module(names: dict[Any, Any], value: Any) -> str | None:
    """The globals of a module."""
    if "__name__" not in names or ("__builtins__" not in names and "__spec__" not in names):
        return None
    found = next((name for name, held in names.items() if held is value), None)
    return f"in the global {found!r} of {names['__name__']!r}: take it out before the network is run."


def _of_cell(cell: CellType) -> str | None:
    """A variable that a function has from around it."""
    for closure in gc.get_referrers(cell):
        for function in gc.get_referrers(closure) if isinstance(closure, tuple) else ():
            if isinstance(function, FunctionType) and function.__closure__ is closure is not None:
                place = [each is cell for each in function.__closure__].index(True)
                name = function.__code__.co_freevars[place]
                where = f"in the variable {name!r} around the function {function.__qualname__!r}"
                return f"{where}: take it out before the network is run."
    return None


def _class_of(holder: Any) -> str:
    if isinstance(holder, list | tuple | dict | set | frozenset):
        return f"in a {type(holder).__name__}: take it out before the network is run."
    return f"in an object of class {type(holder).__qualname__!r}: take it out before the network is run."
