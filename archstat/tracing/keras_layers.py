"""Keras 3 on torch: its layers are modules, and keep their layers, their weights and their state in ways of their own.

Keras calls a layer's ``forward`` as torch does, so what a layer does is seen by the shadow of that. What is different:

* layers of a functional or sequential model are no submodules of it, and every model holds all weights below it once
  more, in a ``ParameterDict``;
* what is not trained (the moving averages of a norm) is a parameter too, one that asks for no gradient: here it is a
  buffer, as it is in torch;
* a layer takes its weights from variables, and not from its attributes;
* whether a layer trains is an argument of its call, handed on from the outermost one, and no flag of the module;
* tensors are moved to the device that Keras believes to be working on, which without values would be a copy of each.

Keras is looked up among what is imported already: nothing here imports it.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

Own = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""The parameters, buffers and children of a module, by name."""


_KERAS_LAYERS = "keras.src.layers.layer"
"""Where Keras defines what a layer is."""


@functools.lru_cache(maxsize=4096)
def _derives(kind: type, base: type) -> bool:
    return issubclass(kind, base)


def is_keras(kind: type) -> bool:
    """Whether a class of modules is one of Keras layers; where nobody imported Keras, none is."""
    module = sys.modules.get(_KERAS_LAYERS)
    base = getattr(module, "Layer", None)
    return base is not None and _derives(kind, base)


def of_keras(layer: Any) -> Own:
    """The parameters, buffers and children of a Keras layer, under the names that Keras prints."""
    torch_children = {
        name: child
        for name, child in layer._modules.items()
        if child is not None and name != "_torch_params" and not is_keras(type(child))
    }
    # A wrapped module keeps its parameters, which Keras makes variables of its own of.
    theirs = {id(own) for child in torch_children.values() for own in child.parameters()}
    parameters = _values(layer._trainable_variables, theirs)
    buffers = _values(layer._non_trainable_variables, theirs)
    children = _named([each for each in layer._layers if not _is_input(each)])
    return parameters, buffers, {**children, **torch_children}


def _is_input(layer: Any) -> bool:
    return type(layer).__name__ == "InputLayer"


def _named(objects: Sequence[Any]) -> dict[str, Any]:
    """Layers or variables by name; of two that are called alike, the second has a number."""
    named: dict[str, Any] = {}
    for each in objects:
        numbered = (f"{each.name}_{number}" for number in itertools.count(1))
        name = next(name for name in itertools.chain([each.name], numbered) if name not in named)
        named[name] = each
    return named


def _values(variables: Sequence[Any], without: set[int]) -> dict[str, Any]:
    """The tensors of variables that have one already."""
    held = {name: each._value for name, each in _named(variables).items()}
    return {name: value for name, value in held.items() if value is not None and id(value) not in without}


class KerasPass:
    """What Keras is told for one pass through a network, and put back afterwards.

    In a network without Keras layers it does nothing.

    Attributes:
        has_made: The pass gave layers weights that they did not have, as the first call of a layer does.
    """

    def __init__(self, modules: Sequence[nn.Module], place: Callable[[], torch.device], *, is_training: bool) -> None:
        """Note what there is; nothing is changed before :meth:`set`.

        Args:
            modules: All modules of the network.
            place: Where the network believes to be, which is looked for only if it has Keras layers.
            is_training: Whether the network trains.
        """
        kinds = set(filter(is_keras, set(map(type, modules))))  # of a network's many modules, few classes are asked
        layers = [module for module in modules if type(module) in kinds] if kinds else []
        self.has_made = False
        self._layers = layers
        self._variables = list(_variables(layers))
        self._values = [each._value for each in self._variables]
        self._state: Any = sys.modules.get("keras.src.backend.common.global_state") if layers else None
        self._told: dict[str, Any] = {"traceback_filtering": False}  # with it, errors that stop a pass become others
        if layers:
            self._told["torch_device"] = _Everywhere(place().type)
        context = getattr(sys.modules.get("keras.src.layers.layer"), "CallContext", None)
        if self._state is not None and context is not None:
            self._told["current_call_ctx"] = made = context(None)
            made.set_value("training", is_training)
        self._before: dict[str, Any] | None = None

    def set(self, twins: Any = None) -> None:
        """Tell Keras of the pass; with twins, its layers take those for their weights."""
        if self._state is None:
            return
        self._before = {name: self._state.get_global_attribute(name) for name in self._told}
        for name, value in self._told.items():
            self._state.set_global_attribute(name, value)
        if twins is not None:
            for variable, value in zip(self._variables, self._values, strict=True):
                _give(variable, twins.of(value))

    def put_back(self) -> None:
        """Tell Keras what it was told before; it may be called again."""
        self.has_made = self.has_made or len(list(_variables(self._layers))) > len(self._variables)
        for variable, value in zip(self._variables, self._values, strict=True):
            if variable._value is not value:
                _give(variable, value)
        if self._before is not None:
            for name, value in self._before.items():
                self._state.set_global_attribute(name, value)
            self._before = None


def _variables(layers: Sequence[Any]) -> Iterator[Any]:
    """The variables of layers that have values, each once: weights, and what random numbers are drawn by."""
    seen: set[int] = set()
    for layer in layers:
        drawn = [each.state for each in layer._seed_generators]
        for variable in (*layer._trainable_variables, *layer._non_trainable_variables, *drawn):
            if id(variable) not in seen and isinstance(variable._value, Tensor):
                seen.add(id(variable))
                yield variable


def replace_weights(model: nn.Module, replaced: Callable[[Tensor], Tensor]) -> None:
    """Give the Keras layers of a network other tensors for their weights."""
    for variable in _variables(_layers_in(model)):
        _give(variable, replaced(variable._value))


def tell_precision(model: nn.Module, dtype: torch.dtype) -> None:
    """Tell the Keras layers of a network of which element type their weights are, in which they then work."""
    name = str(dtype).removeprefix("torch.")
    for layer in _layers_in(model):
        if layer.variable_dtype == name:
            continue
        layer.dtype_policy = name
        functional = getattr(layer, "_functional", None) or layer  # what a sequential one holds inside
        for given in (*getattr(functional, "_inputs", ()), *filter(_is_input, layer._layers)):  # it casts to their type
            if given.dtype.startswith(("float", "bfloat")):
                given._dtype = name


def make_weights(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Call a network once whose Keras layers have no weights yet: the first call makes them, for the input it gets.

    What goes wrong will go wrong again where the network is counted, and is told there.
    """
    if all(layer.built for layer in _layers_in(model)):
        return
    with suppress(Exception), torch.no_grad(), torch.random.fork_rng(devices=[]):
        model(*args, **kwargs)


@contextmanager
def fresh_names() -> Iterator[None]:
    """Let Keras number the layers that get no name from the start, so that a network is called the same each time."""
    state: Any = sys.modules.get("keras.src.backend.common.global_state")
    if state is None:
        yield
        return
    before = state.get_global_attribute("object_name_uids")
    state.set_global_attribute("object_name_uids", None)
    try:
        yield
    finally:
        state.set_global_attribute("object_name_uids", before)


def _layers_in(model: nn.Module) -> list[Any]:
    """The Keras layers of a network, those too that are no submodules."""
    if _KERAS_LAYERS not in sys.modules:
        return []
    waiting: list[Any] = [model]
    found: dict[int, Any] = {}
    while waiting:
        module = waiting.pop()
        if id(module) not in found:
            found[id(module)] = module
            inner = of_keras(module)[2] if is_keras(type(module)) else module._modules
            waiting += [each for each in inner.values() if each is not None]
    return [module for module in found.values() if is_keras(type(module))]


def _give(variable: Any, value: Tensor) -> None:
    object.__setattr__(variable, "_value", value)


class _Everywhere(str):
    """The name of a device on which every tensor already is: Keras compares it with theirs, and moves what differs.

    Without values a tensor cannot be moved, so Keras makes another one, which would be memory and an op that no real
    pass has, and no weight of the layer any more.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """As every device."""
        return isinstance(other, torch.device) or str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        """As no device."""
        return not self == other

    __hash__ = str.__hash__
