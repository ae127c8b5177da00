"""Torch's own layers made after a prototype: one made with the same arguments, while nothing has values.

A constructor of torch's takes a tenth of a millisecond and more: it looks at every attribute, and fills every parameter
with random numbers. Large networks have thousands of layers, most of them like another one. A layer without values is
told by its arguments: the second of its kind gets the attributes of the first, and parameters and buffers of its own.

Whatever is not plain takes torch's way: subclasses, arguments that could change, layers made of others, weights with
values, hooks on what modules register. The tests make every layer both ways and compare.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from archstat.tracing import torch_private
from archstat.tracing.remembered import SCALARS

LAYERS: tuple[type[nn.Module], ...] = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
    *(nn.Linear, nn.Bilinear, nn.Embedding),
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm),
    *(nn.Identity, nn.Flatten, nn.Dropout, nn.Dropout2d, nn.Softmax, nn.LocalResponseNorm),
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Sigmoid, nn.Tanh, nn.Hardsigmoid, nn.Hardswish),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d),
)
"""What is made after prototypes: layers that hold no others, and whose arguments say all of them."""

PROTOTYPES_MOST = 4096
"""So many are kept at a time; the 110 architectures together have half of them."""

_PLAIN = SCALARS | {torch.Size}
_EMPTY = frozenset({dict, set, OrderedDict})
_Maker = Callable[[], Any]


class Prototype:
    """What a layer is like once it is made, without memory of its own."""

    __slots__ = ("_fixed", "_fresh", "_held")

    def __init__(self, state: dict[str, Any]) -> None:
        """Take a layer's attributes as the prototype of others.

        Raises:
            TypeError: Another layer could not have one of these attributes as well.
        """
        self._fixed = dict.fromkeys(state)  # in the order in which torch sets them
        self._fresh: list[tuple[str, _Maker]] = []
        self._held: list[tuple[str, list[tuple[str, _Maker | None]]]] = []
        for name, value in state.items():
            if name in ("_parameters", "_buffers"):
                self._held.append((name, [(key, _maker_of(tensor)) for key, tensor in value.items()]))
            elif is_plain(value):
                self._fixed[name] = value
            elif value.__class__ is list and all(map(is_plain, value)):
                self._fresh.append((name, value.copy().copy))  # of a copy that no layer has and could change
            elif value.__class__ in _EMPTY and not value:
                self._fresh.append((name, value.__class__))
            else:
                raise TypeError(name)

    def attributes(self) -> dict[str, Any]:
        """The attributes of one more layer."""
        state = self._fixed.copy()
        for name, make in self._fresh:
            state[name] = make()
        for name, held in self._held:
            state[name] = {key: None if make is None else make() for key, make in held}
        return state


def is_plain(value: Any) -> bool:
    """Whether nobody can change a value, so that two layers may have the same."""
    return value.__class__ in _PLAIN or (value.__class__ is tuple and all(map(is_plain, value)))


def _maker_of(tensor: Tensor | None) -> _Maker | None:
    """What makes a tensor like one that a layer holds.

    Raises:
        TypeError: The tensor is more than its size and type, or its numbers.
    """
    if tensor is None:
        return None
    if tensor.__class__ not in (Tensor, nn.Parameter) or tensor.__dict__ or not tensor.is_contiguous():
        raise TypeError
    if not tensor.is_meta:  # how many batches were seen
        if tensor.__class__ is not Tensor or tensor.dtype.is_floating_point:
            raise TypeError  # of a weight with values, every layer draws its own
        return tensor.clone().clone
    new = functools.partial(torch.empty, tensor.shape, dtype=tensor.dtype, device="meta")
    if tensor.__class__ is Tensor:
        return new
    has_gradient = tensor.requires_grad
    return lambda: nn.Parameter(new(), has_gradient)


# -- which layers are alike --------------------------------------------------------------------------------------------

_prototypes: dict[Any, Prototype | None] = {}
"""By all that a layer depends on; ``None`` for one that is no prototype."""


def _key_of(kind: type[nn.Module], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """All that a layer depends on; ``None`` where that is not sure."""
    if torch_private.has_registration_hooks() or not is_plain(args) or not all(map(is_plain, kwargs.values())):
        return None
    # Libraries replace these for a while: to leave weights as they are, or to put them elsewhere.
    registers = nn.Module.__setattr__, nn.Module.register_parameter, nn.Module.register_buffer
    resets = getattr(kind, "reset_parameters", None)
    # As text: 1, 1.0 and True are equal, and make different layers.
    return kind, resets, registers, torch.get_default_dtype(), repr(args), repr(kwargs)


def _keep(key: Any, layer: nn.Module) -> None:
    """Remember a layer as a prototype, or that it is none."""
    if len(_prototypes) >= PROTOTYPES_MOST:
        _prototypes.clear()
    try:
        _prototypes[key] = Prototype(layer.__dict__)
    except TypeError:
        _prototypes[key] = None


# -- in place of torch's constructors ----------------------------------------------------------------------------------


def _is_without_values() -> bool:
    """Whether this thread is in modes that make tensors without values, and in no other, which might make others."""
    modes = torch_private.function_modes()
    return bool(modes) and all(getattr(mode, "makes_no_values", False) for mode in modes)


@functools.cache
def _constructor(kind: type[nn.Module], torchs: Callable[..., None]) -> Callable[..., None]:
    """A constructor that makes a layer after a prototype, and what is none yet, or cannot be, as torch does."""

    @functools.wraps(torchs)
    def construct(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        # A subclass goes on to make more, as may who has set an attribute before.
        is_usual = self.__class__ is kind and not self.__dict__ and _is_without_values()
        key = _key_of(kind, args, kwargs) if is_usual else None
        if key is None:
            torchs(self, *args, **kwargs)
            return
        prototype = _prototypes.get(key)
        if prototype is not None:
            with torch_private.no_functions():
                self.__dict__.update(prototype.attributes())
            return
        torchs(self, *args, **kwargs)
        if key not in _prototypes:
            with torch_private.no_functions():
                _keep(key, self)

    return construct


_lock = threading.Lock()
_replaced: dict[type[nn.Module], Any] = {}
"""The classes whose constructor is replaced, and what they had: ``None`` for one that inherits it."""
_threads = 0


@contextmanager
def after_prototypes() -> Iterator[None]:
    """Make torch's layers after prototypes, in modes that say of themselves that they make no values."""
    global _threads  # noqa: PLW0603 - torch's classes are there once for all threads, too
    with _lock:
        _threads += 1
        if _threads == 1:
            _replace()
    try:
        yield
    finally:
        with _lock:
            _threads -= 1
            if not _threads:
                _put_back()


def _is_of_torch(function: Any) -> bool:
    """Whether a function is written in torch's own code, and not just named as one that is."""
    return str(getattr(function, "__globals__", {}).get("__name__", "")).startswith("torch.")


def _replace() -> None:
    for kind in LAYERS:
        torchs = kind.__init__
        if _is_of_torch(torchs):  # and was not replaced by somebody else, who wants to see it called
            _replaced[kind] = vars(kind).get("__init__")
            kind.__init__ = _constructor(kind, torchs)  # type: ignore[method-assign,arg-type]  # a class has a hash


def _put_back() -> None:
    while _replaced:
        kind, own = _replaced.popitem()
        if own is None:
            del kind.__init__
        else:
            kind.__init__ = own  # type: ignore[method-assign]
