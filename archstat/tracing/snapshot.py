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

import dis
import functools
import random
import sys
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from archstat.tracing.nested import tensors_in

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


class Snapshot:
    """Objects, and what was in each."""

    def __init__(self) -> None:
        """Begin with nothing noted."""
        self._seen: dict[int, Any] = {}  # the objects are kept alive, so that their ids stay their own
        self._kept: list[tuple[_Keeper, Any, Any]] = []
        self._of_functions: list[tuple[_Keeper, Any, Any]] = []
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
            if id(base) not in self._seen and _is_callers(base.__module__):
                self._seen[id(base)] = base
                self._take(_CLASS, base)
                self.add(*_state_of_class(base))

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
        for keeper in _EXACT.get(type(value)) or _keepers_of(value):
            children = self._take(keeper, value)
            # Later, when all else is noted: what objects of the network lead to as well is the network's own.
            if keeper is _FUNCTION:
                self._later += children
                continue
            found += children
            if keeper is _ATTRIBUTES:
                self.add_class(type(value))
        return found

    def _take(self, keeper: _Keeper, value: Any) -> Iterable[Any]:
        content = keeper.take(value)
        if keeper.put_back is not _nothing:
            (self._of_functions if keeper is _FUNCTION else self._kept).append((keeper, value, content))
        return keeper.children(content)


def _holds_no_values(values: Iterable[Any]) -> bool:
    """Whether there are tensors without values among these."""
    return any(tensor.is_meta or isinstance(tensor, FakeTensor) for value in values for tensor in tensors_in(value))


class _Keeper:
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
        self.take = take
        self.put_back = put_back
        self.children = children


def _is_same(left: Iterable[Any], right: Iterable[Any]) -> bool:
    """Whether two sequences hold the very same objects: ``==`` would run code of theirs."""
    left, right = list(left), list(right)
    return len(left) == len(right) and all(map(lambda a, b: a is b, left, right))


def _nothing(value: Any, content: Any) -> None:
    """For what cannot change itself, but leads to what can."""


# -- containers --------------------------------------------------------------------------------------------------------


# All by the methods of the base class: those of a subclass are code of the network's, and would run.
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


_CONTAINERS: dict[type, _Keeper] = {
    dict: _Keeper(_take_dict, _put_back_dict, lambda content: [*content, *content.values()]),
    list: _Keeper(lambda value: list(list.__iter__(value)), _put_back_list),
    set: _Keeper(lambda value: set(set.__iter__(value)), _put_back_set),
    deque: _Keeper(lambda value: list(deque.__iter__(value)), _put_back_deque),
    tuple: _Keeper(tuple.__iter__, _nothing),
    frozenset: _Keeper(frozenset.__iter__, _nothing),
    bytearray: _Keeper(bytes, lambda value, content: value.__setitem__(slice(None), content), lambda _: ()),
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


_ATTRIBUTES = _Keeper(
    _take_attributes, _put_back_attributes, lambda content: [*content[1].values(), *content[2].values()]
)
_SLOTS = _Keeper(slots_of, _put_back_slots, lambda content: [*content.values()])


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


def _state_of_class(kind: type) -> list[Any]:
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


_CLASS = _Keeper(_own_attributes, _put_back_class, lambda _: ())
_FUNCTION = _Keeper(_take_function, _put_back_function, _function_children)
_METHOD = _Keeper(lambda method: [method.__func__, method.__self__], _nothing)
_PARTIAL = _Keeper(lambda partial: [partial.func, partial.args, partial.keywords], _nothing)
_WRAPPER = _Keeper(lambda wrapper: [wrapper.__func__], _nothing)
_PROPERTY = _Keeper(lambda made: [made.fget, made.fset, made.fdel], _nothing)


# -- random number generators ------------------------------------------------------------------------------------------

_PYTHON_RANDOM = _Keeper(lambda source: source.getstate(), lambda source, state: source.setstate(state), lambda _: ())
_TORCH_RANDOM = _Keeper(lambda source: source.get_state(), lambda source, state: source.set_state(state), lambda _: ())


def _put_back_numpy(source: Any, state: dict[str, Any]) -> None:
    source.state = state


_NUMPY_RANDOM = _Keeper(lambda source: source.state, _put_back_numpy, lambda _: ())
_NUMPY_SOURCE = _Keeper(lambda source: [source.bit_generator], _nothing)
_NUMPY_LEGACY = _Keeper(
    lambda source: source.get_state(legacy=False), lambda source, state: source.set_state(state), lambda _: ()
)
_NUMPY_LARGEST = 1 << 24


def _put_back_array(array: Any, content: Any) -> None:
    # By the bytes: not a number is not equal to itself.
    if content is not None and array.flags.writeable and array.tobytes() != content.tobytes():
        array[...] = content


_NUMPY_ARRAY = _Keeper(
    lambda array: array.copy() if array.nbytes <= _NUMPY_LARGEST and not array.dtype.hasobject else None,
    _put_back_array,
    lambda _: (),
)


def _numpy_keeper(value: Any) -> _Keeper | None:
    """How something of numpy's is kept; nothing is imported for it."""
    numpy = sys.modules.get("numpy")
    source = sys.modules.get("numpy.random")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _NUMPY_ARRAY
    if source is None:
        return None
    if isinstance(value, source.BitGenerator):
        return _NUMPY_RANDOM
    if isinstance(value, source.RandomState):
        return _NUMPY_LEGACY
    return _NUMPY_SOURCE if isinstance(value, source.Generator) else None


# -- which is which ----------------------------------------------------------------------------------------------------


def _keepers_of(value: Any) -> list[_Keeper]:
    """How a value is kept; none for what has no state of the network's."""
    # What is written to a tensor goes to a twin or a copy, and classes are noted by :meth:`Snapshot.add_class`.
    if isinstance(value, Tensor | type | ModuleType):
        return []
    if isinstance(value, FunctionType):
        return [_FUNCTION] if _is_callers(value.__module__) else []
    for kind, keeper in _SINGLE.items():
        if isinstance(value, kind):
            return [keeper]
    found = [keeper for kind, keeper in _CONTAINERS.items() if isinstance(value, kind)]
    is_plain = value.__class__ in _CONTAINERS or value.__class__ is OrderedDict
    return found if is_plain else found + _object_keepers(value)


_EXACT: dict[type, list[_Keeper]] = {
    **{kind: [keeper] for kind, keeper in _CONTAINERS.items()},
    OrderedDict: [_CONTAINERS[dict]],
    torch.Tensor: [],
}
"""By the class itself, which is quickly looked up."""

_SINGLE: dict[type, _Keeper] = {
    MethodType: _METHOD,
    functools.partial: _PARTIAL,
    staticmethod: _WRAPPER,
    classmethod: _WRAPPER,
    property: _PROPERTY,
    random.Random: _PYTHON_RANDOM,
    torch.Generator: _TORCH_RANDOM,
}


def _object_keepers(value: Any) -> list[_Keeper]:
    """How an instance of some other class is kept: by its attributes."""
    numpy = _numpy_keeper(value)
    if numpy is not None:
        return [numpy]
    package = _package(type(value).__module__)
    if package in _FOREIGN or (package == "numpy"):
        return []
    try:
        _state_of(value)
    except AttributeError:
        return [_SLOTS] if any(True for _ in _slot_names(type(value))) else []
    return [_ATTRIBUTES]


def is_of_process(value: Any) -> bool:
    """Whether an object belongs to the process and not to a network: a lock, a pool, a logger, a file."""
    return _package(type(value).__module__) in _FOREIGN


def _package(module: str | None) -> str:
    return (module or "").partition(".")[0]


def _is_callers(module: str | None) -> bool:
    """Whether a class or function is of the network's author, and not of torch or of Python itself."""
    package = _package(module)
    return package not in _LIBRARIES and package not in sys.stdlib_module_names
