"""How each kind of object is kept and put back: containers, attributes, slots, functions, generators."""

from __future__ import annotations

import dis
import functools
import random
import sys
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import Tensor

from archstat.tracing.generators import PYTHON_RANDOM, TORCH_RANDOM, numpy_keeper
from archstat.tracing.keeper import Keeper, put_back_nothing

ATOMS: frozenset[type] = frozenset(
    {int, float, complex, bool, str, bytes, type(None), type(...), range, slice, torch.dtype, torch.device, torch.Size}
)
"""Classes whose instances hold nothing that could change."""


_FOREIGN = frozenset(
    """
    _io _thread asyncio builtins concurrent ctypes enum importlib inspect io logging multiprocessing operator os
    pathlib queue re signal socket subprocess tempfile threading types typing warnings weakref
    """.split()
)
"""Packages whose objects belong to the process and not to the network: locks, pools, loggers, files."""


_LIBRARIES = frozenset({"torch", "torchvision", "numpy", "archstat"})
"""Packages whose classes and functions keep nothing of the network's, and whose globals are not walked."""


def _is_same(left: Iterable[Any], right: Iterable[Any]) -> bool:
    """Whether two sequences hold the very same objects: ``==`` would run code of theirs."""
    left, right = list(left), list(right)
    return len(left) == len(right) and all(map(lambda a, b: a is b, left, right))


# All by the methods of the base class: those of a subclass are code of the network's, and would run.
# -- containers --------------------------------------------------------------------------------------------------------


def _put_back_list(value: Any, content: list[Any]) -> None:
    if not _is_same(list.__iter__(value), content):
        list.__setitem__(value, slice(None), content)


def _put_back_deque(value: Any, content: list[Any]) -> None:
    if not _is_same(deque.__iter__(value), content):
        deque.clear(value)
        deque.extend(value, content)


def _put_back_set(value: Any, content: set[Any]) -> None:
    if not _is_same(set.__iter__(value), content):
        set.clear(value)
        set.update(value, content)


def _put_back_dict(value: Any, content: dict[Any, Any]) -> None:
    # An OrderedDict keeps its order beside the dictionary: dict.clear would leave names in it that lead nowhere.
    base: Any = OrderedDict if isinstance(value, OrderedDict) else dict
    if not (_is_same(dict.values(value), content.values()) and _is_same(base.__iter__(value), content)):
        base.clear(value)
        base.update(value, content)


def _take_dict(value: Any) -> dict[Any, Any]:
    base: Any = OrderedDict if isinstance(value, OrderedDict) else dict
    # A subclass may make an entry where one is looked up, or count the look-ups.
    return {key: dict.__getitem__(value, key) for key in base.__iter__(value)}


_CONTAINERS: dict[type, Keeper] = {
    dict: Keeper(_take_dict, _put_back_dict, lambda content: [*content, *content.values()]),
    list: Keeper(lambda value: list(list.__iter__(value)), _put_back_list),
    set: Keeper(lambda value: set(set.__iter__(value)), _put_back_set),
    deque: Keeper(lambda value: list(deque.__iter__(value)), _put_back_deque),
    tuple: Keeper(tuple.__iter__, put_back_nothing),
    frozenset: Keeper(frozenset.__iter__, put_back_nothing),
    bytearray: Keeper(bytes, lambda value, content: value.__setitem__(slice(None), content), lambda _: ()),
}


# -- objects -----------------------------------------------------------------------------------------------------------


def _state_of(value: Any) -> dict[str, Any]:
    """The attributes of an instance, the dictionary itself."""
    state: dict[str, Any] = object.__getattribute__(value, "__dict__")
    return state


def _take_attributes(value: Any) -> tuple[type, dict[str, Any], dict[str, Any]]:
    return value.__class__, dict(_state_of(value)), slots_of(value)


def _put_back_attributes(value: Any, content: tuple[type, dict[str, Any], dict[str, Any]]) -> None:
    kind, attributes, slots = content
    if value.__class__ is not kind:
        object.__setattr__(value, "__class__", kind)  # as a lazy layer changes its own
    _put_back_dict(_state_of(value), attributes)  # a module's own __setattr__ sorts tensors anew
    _put_back_slots(value, slots)


def _slot_names(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        # Python stores a private name under that of its class, less the underscores that this begins with.
        yield from (f"_{base.__name__.lstrip('_')}{n}" if n.startswith("__") else n for n in names)


def slots_of(value: Any) -> dict[str, Any]:
    """What is in the slots of an object, without those that are empty."""
    # These two are Python's own; what the first holds is kept as attributes.
    names = set(_slot_names(type(value))) - {"__dict__", "__weakref__"}
    found = ((name, _slot(value, name)) for name in names)
    return {name: content for name, content in found if content is not _EMPTY}


_EMPTY = object()
"""A slot that holds nothing."""


def _slot(value: Any, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    # Declared, and never set or deleted since.
    except AttributeError:
        return _EMPTY


def _put_back_slots(value: Any, slots: dict[str, Any]) -> None:
    for name in set(_slot_names(type(value))) - {"__dict__", "__weakref__"}:
        before = slots.get(name, _EMPTY)
        if _slot(value, name) is before:
            continue
        if before is _EMPTY:
            object.__delattr__(value, name)
        else:
            object.__setattr__(value, name, before)


ATTRIBUTES_KEEPER = Keeper(
    _take_attributes, _put_back_attributes, lambda content: [*content[1].values(), *content[2].values()]
)


_SLOTS = Keeper(slots_of, _put_back_slots, lambda content: [*content.values()])


# -- classes and functions ---------------------------------------------------------------------------------------------


def _own_attributes(kind: type) -> dict[str, Any]:
    """The attributes of a class that code may rebind (counters, caches), and its functions."""
    return {name: value for name, value in vars(kind).items() if not name.startswith("__")}


def _put_back_class(kind: type, content: dict[str, Any]) -> None:
    now = _own_attributes(kind)
    for name in now.keys() - content.keys():
        # Past a metaclass, which may have a way of its own to set and delete.
        type.__delattr__(kind, name)
    for name, value in content.items():
        if now.get(name, _EMPTY) is not value:
            type.__setattr__(kind, name, value)


def _take_function(function: FunctionType) -> tuple[list[tuple[Any, Any]], dict[str, Any], list[Any]]:
    """The variables of an enclosing function, the globals it uses, and the defaults that are made once."""
    cells = [(cell, _cell_content(cell)) for cell in function.__closure__ or ()]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return cells, _globals_of(function), [*defaults, function.__dict__]


def _globals_of(function: FunctionType) -> dict[str, Any]:
    """The globals that a function may change: those that it sets, and those that hold something."""
    loaded, stored = _names_in(function.__code__)
    known, home = function.__globals__, function.__module__
    found = {name: known[name] for name in loaded if name in known and _is_state(known[name], home)}
    return {**found, **{name: known[name] for name in stored if name in known}}


def _is_stateful(function: FunctionType) -> bool:
    """Whether a function leads to anything that it could change."""
    cells, named, others = _take_function(function)
    # The last of the others is the function's own dictionary, which counts only if something is in it.
    held = (*(content for _, content in cells), *named.values(), *others[:-1])
    return bool(named or function.__dict__) or any(_is_state(value, "") for value in held)


def _is_state(value: Any, home: str) -> bool:
    """Whether a global may hold what a forward pass changes: a function does, if it stands in the same file.

    Without that bound a network of a large library would lead to all of the library.
    """
    if isinstance(value, FunctionType | functools._lru_cache_wrapper):
        return value.__module__ == home
    return type(value) not in ATOMS and not isinstance(value, type | ModuleType | BuiltinFunctionType)


def _cell_content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    # A variable that the function around has not set yet.
    except ValueError:
        return _EMPTY


def _put_back_function(
    function: FunctionType, content: tuple[list[tuple[Any, Any]], dict[str, Any], list[Any]]
) -> None:
    cells, named, _ = content
    for cell, before in cells:
        if before is not _EMPTY and _cell_content(cell) is not before:
            cell.cell_contents = before
    for name, before in named.items():
        if function.__globals__.get(name, _EMPTY) is not before:
            function.__globals__[name] = before


@functools.lru_cache(maxsize=4096)
def _names_in(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that a function's code, and the code in it, may look up outside, and the globals that it sets."""
    inner = [_names_in(const) for const in code.co_consts if isinstance(const, CodeType)]
    # An instruction is two bytes, what is done and its argument: of STORE_GLOBAL the place of the name.
    steps = zip(code.co_code[::2], code.co_code[1::2], strict=True)
    stored = [code.co_names[index] for op, index in steps if op == _STORE_GLOBAL]
    return (
        tuple(dict.fromkeys([*code.co_names, *(name for loaded, _ in inner for name in loaded)])),
        tuple(dict.fromkeys([*stored, *(name for _, set_ in inner for name in set_)])),
    )


_STORE_GLOBAL = dis.opmap["STORE_GLOBAL"]


def _function_children(content: tuple[list[tuple[Any, Any]], dict[str, Any], list[Any]]) -> list[Any]:
    cells, named, others = content
    return [*(held for _, held in cells if held is not _EMPTY), *named.values(), *others]


def state_of_class(kind: type) -> list[Any]:
    """What the attributes of a class lead to."""
    return [value for name, value in vars(kind).items() if name in _stateful_names(kind)]


def _stateful_names(kind: type) -> frozenset[str]:
    """The attributes of a class that lead anywhere, found out once: its functions are many, and few keep anything."""
    names = _stateful.get(kind)
    if names is None:
        own = _own_attributes(kind).items()
        names = _stateful[kind] = frozenset(name for name, value in own if _leads_on(value))
    return names


# Weakly, so that a class that is defined again and again, as in a notebook, can go.
_stateful: weakref.WeakKeyDictionary[type, frozenset[str]] = weakref.WeakKeyDictionary()


def _leads_on(value: Any) -> bool:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        return any(_leads_on(part) for part in (value.fget, value.fset, value.fdel) if part is not None)
    return _is_stateful(value) if isinstance(value, FunctionType) else _is_state(value, "")


CLASS_KEEPER = Keeper(_own_attributes, _put_back_class, lambda _: ())


FUNCTION_KEEPER = Keeper(_take_function, _put_back_function, _function_children)


_METHOD = Keeper(lambda method: [method.__func__, method.__self__], put_back_nothing)


_PARTIAL = Keeper(lambda partial: [partial.func, partial.args, partial.keywords], put_back_nothing)


_WRAPPER = Keeper(lambda wrapper: [wrapper.__func__], put_back_nothing)


_PROPERTY = Keeper(lambda made: [made.fget, made.fset, made.fdel], put_back_nothing)


# -- which is which ----------------------------------------------------------------------------------------------------


def keepers_of(value: Any) -> list[Keeper]:
    """How a value is kept; none for what has no state of the network's."""
    # What is written to a tensor goes to a twin or a copy, and classes are noted by :meth:`Snapshot.add_class`.
    if isinstance(value, Tensor | type | ModuleType):
        return []
    if isinstance(value, FunctionType):
        return [FUNCTION_KEEPER] if is_callers(value.__module__) else []
    for kind, keeper in _SINGLE.items():
        if isinstance(value, kind):
            return [keeper]
    found = [keeper for kind, keeper in _CONTAINERS.items() if isinstance(value, kind)]
    is_plain = value.__class__ in _CONTAINERS or value.__class__ is OrderedDict
    return found if is_plain else found + _object_keepers(value)


EXACT_KEEPERS: dict[type, list[Keeper]] = {
    **{kind: [keeper] for kind, keeper in _CONTAINERS.items()},
    OrderedDict: [_CONTAINERS[dict]],
    torch.Tensor: [],
}
"""By the class itself, which is quickly looked up."""


_SINGLE: dict[type, Keeper] = {
    MethodType: _METHOD,
    functools.partial: _PARTIAL,
    staticmethod: _WRAPPER,
    classmethod: _WRAPPER,
    property: _PROPERTY,
    random.Random: PYTHON_RANDOM,
    torch.Generator: TORCH_RANDOM,
}


def _object_keepers(value: Any) -> list[Keeper]:
    """How an instance of some other class is kept: by its attributes."""
    numpy = numpy_keeper(value)
    if numpy is not None:
        return [numpy]
    package = _package(type(value).__module__)
    if package in _FOREIGN or (package == "numpy"):
        return []
    try:
        _state_of(value)
    except AttributeError:
        return [_SLOTS] if any(True for _ in _slot_names(type(value))) else []
    return [ATTRIBUTES_KEEPER]


def is_of_process(value: Any) -> bool:
    """Whether an object belongs to the process and not to a network: a lock, a pool, a logger, a file."""
    return _package(type(value).__module__) in _FOREIGN


def _package(module: str | None) -> str:
    return (module or "").partition(".")[0]


def is_callers(module: str | None) -> bool:
    """Whether a class or function is of the network's author, and not of torch or of Python itself."""
    package = _package(module)
    return package not in _LIBRARIES and package not in sys.stdlib_module_names
