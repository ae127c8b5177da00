"""The layers of a network: their specs, the calls of their ``forward``, and how the network is left as it was found."""

from __future__ import annotations

import inspect
import operator
import sys
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from threading import get_ident
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from archstat.records import LayerCall, LayerSpec, ParameterSpec, TensorSpec
from archstat.tracing.jagged import values_of
from archstat.tracing.keras_layers import KerasPass, is_keras, of_keras
from archstat.tracing.leaves import Shortcut, shortcut
from archstat.tracing.modes import below_autograd
from archstat.tracing.outputs import tensors_out
from archstat.tracing.packed import may_pack, packed_of
from archstat.tracing.recorder import Recorder
from archstat.tracing.torch_private import data_of
from archstat.tracing.twins import Twins
from archstat.tracing.values import parts


class Layers:
    """The modules of a network, each once, however many names it has.

    Attributes:
        modules: The modules, in the order of ``named_modules``.
        specs: The records of the modules.
        parameters: The records of the parameters.
        own: The parameters and after them the buffers, each once.
        scripted: The indices of the modules of TorchScript, scripted or traced.
        nested: The buffers that are nested tensors.
    """

    def __init__(self, model: nn.Module) -> None:
        """Walk the network."""
        self.modules: list[nn.Module] = []
        self.specs: list[LayerSpec] = []
        self.parameters: list[ParameterSpec] = []
        self.own: list[Tensor] = []
        self.scripted: list[int] = []
        self.nested: list[Tensor] = []
        self._buffers: list[Tensor] = []
        self._seen: set[int] = set()
        self._walk(model)
        self.own += self._buffers

    def title(self, index: int) -> str:
        """How a sentence begins that is about a layer."""
        path = self.specs[index].path
        return f"Layer {path!r}" if path else "The network"

    def _walk(self, model: nn.Module) -> None:
        """Every module, children after their parents; a loop, since networks nest deeper than Python's stack."""
        seen, modules, specs = self._seen, self.modules, self.specs
        ordinary: set[type] = set()
        waiting = [(model, "")]
        while waiting:
            module, path = waiting.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            kind, state = type(module), module.__dict__
            # Once for each class: there are many modules, and few classes.
            if kind in ordinary or not _is_special(kind):
                ordinary.add(kind)
                parameters, buffers, children = state["_parameters"], state["_buffers"], state["_modules"]
            elif is_keras(kind):
                parameters, buffers, children = of_keras(module)
            elif may_pack(kind):
                parameters, buffers, children = _of_quantized(module)
            else:
                self.scripted.append(len(modules))
                parameters, buffers, children = _of_scripted(module)
            own = self._take_parameters(parameters, f"{path}." if path else "") if parameters else ()
            elements = self._take_buffers(buffers) if buffers else 0
            modules.append(module)
            specs.append(LayerSpec(path, kind.__name__, not children, own, elements))
            # In reverse, as the last of them is taken first: the order is that of ``named_modules``.
            if children:
                prefix = f"{path}." if path else ""
                waiting += [(child, prefix + name) for name, child in reversed(children.items()) if child is not None]

    def _take_parameters(self, parameters: dict[str, Tensor | None], prefix: str) -> tuple[int, ...]:
        seen, own, specs = self._seen, self.own, self.parameters
        first = len(own)
        for name, parameter in parameters.items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                own.append(parameter)
                specs.append(ParameterSpec(prefix + name, parameter.shape, parameter.requires_grad))
        return tuple(range(first, len(own)))

    def _take_buffers(self, buffers: dict[str, Tensor | None]) -> int:
        elements = 0
        for buffer in buffers.values():
            if buffer is not None and id(buffer) not in self._seen:
                self._seen.add(id(buffer))
                self._buffers.append(buffer)
                elements += buffer.numel() if buffer.layout is torch.strided else parts(buffer)[0].numel()
                if buffer.layout is torch.jagged:
                    self.nested.append(buffer)
        return elements


def _is_special(kind: type) -> bool:
    """Whether modules of a class keep what is theirs elsewhere than others."""
    return issubclass(kind, torch.jit.ScriptModule) or is_keras(kind) or may_pack(kind)


def _of_quantized(module: nn.Module) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The parameters, buffers and children of a quantized layer of torch: what it packed stands for parameters."""
    packed = packed_of(module)
    if packed is None:
        return module._parameters, module._buffers, module._modules
    return {**module._parameters, **packed}, module._buffers, {}


def _of_scripted(module: nn.Module) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The parameters, buffers and children of a module of TorchScript, which keeps them elsewhere than others."""
    return dict(module._parameters.items()), dict(module._buffers.items()), dict(module._modules.items())


class CallTracker:
    """Follows which layer's ``forward`` is running, and tells the recorder.

    While it follows, every module works on a copy of its attributes, parameters, buffers and submodules, and what those
    hold is put back afterwards, whatever the forward pass did. In the copy ``forward`` is shadowed by an attribute of
    the instance, so a direct ``layer.forward(x)`` is seen too, and ``training`` is off.

    Attributes:
        calls: The calls so far, in the order in which they began.
        failed_in: The path of the layer that an error came from.
        elsewhere: How many calls came from other threads.
        is_training: Whether the network trains.
        twins: What stands in for its tensors, if something does.
    """

    is_training = False
    twins: Twins | None = None

    def __init__(self, layers: Layers, recorder: Recorder) -> None:
        """Follow these layers for that recorder; nothing is changed before :meth:`enter`."""
        self.calls: list[LayerCall] = []
        self.failed_in: str | None = None
        self.elsewhere = 0
        self.recorder = recorder
        self.thread = 0
        self._failed: tuple[int, int] | None = None
        self._layers = layers
        self._in_threads: dict[int, Recorder] = {}
        self._methods: dict[type, tuple[Callable[..., Any], Shortcut | None]] = {}  # what is found once for a class
        scripted = frozenset(layers.scripted)
        self._followed = [index for index in range(len(layers.modules)) if index not in scripted]
        self._modules = [layers.modules[index] for index in self._followed]
        self._found = [module.__dict__ for module in self._modules]
        self._kinds = list(map(type, self._modules))
        self._copies = list(map(self._copy_of, self._followed, self._modules))
        self._trained = [module for i in scripted if getattr(module := layers.modules[i], "training", False)]
        self._valued = [tensor for tensor in layers.own if not tensor.is_meta and tensor.layout is torch.strided]
        self._data = list(map(data_of, self._valued))
        self._places = list(map(Tensor.data_ptr, self._valued))
        self._keras = KerasPass(self._modules, self._place, is_training=self.is_training)

    def _place(self) -> torch.device:
        """Where the network believes to be."""
        if self.twins is not None:
            return self.twins.device
        return next((tensor.device for tensor in self._layers.own if not tensor.is_meta), torch.device("cpu"))

    def _copy_of(self, index: int, module: nn.Module) -> dict[str, Any]:
        found = module.__dict__
        copy = found.copy()
        copy["_parameters"] = found["_parameters"].copy()
        copy["_buffers"] = found["_buffers"].copy()
        copy["_modules"] = found["_modules"].copy()
        copy["training"] = False
        copy["forward"] = self._shadow(index, module)
        return copy

    def enter(self) -> None:
        """Give every module its copy.

        All at once: no interrupt can come between two modules, as no Python code runs there.
        """
        self.thread = get_ident()
        for module in self._trained:  # compiled code keeps its attributes elsewhere; a frozen module has no such flag
            module.training = False
        self._keras.set(self.twins)
        _consume(map(object.__setattr__, self._modules, repeat("__dict__"), self._copies))

    def leave(self) -> None:
        """Put the originals back, and the memory of parameters and buffers whose ``data`` was replaced.

        It may be called again, also if it was interrupted, and where :meth:`enter` was.
        """
        _consume(map(object.__setattr__, self._modules, repeat("__dict__"), self._found))
        self._keras.put_back()
        self.thread = 0
        if list(map(type, self._modules)) != self._kinds:  # a lazy layer becomes another
            _consume(map(object.__setattr__, self._modules, repeat("__class__"), self._kinds))
        for module in self._trained:
            module.training = True
        if list(map(Tensor.data_ptr, self._valued)) != self._places:
            for tensor, data in zip(self._valued, self._data, strict=True):
                tensor.data = data

    def made(self) -> bool:
        """Whether the forward pass gave the network parameters that it did not have, in layers or alone."""
        return self._has_new(_layers_of) or self._has_new(_parameters_of) or self._keras.has_made

    def _has_new(self, own: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
        now, before = list(map(own, self._copies)), list(map(own, self._found))
        if list(chain.from_iterable(now)) == list(chain.from_iterable(before)):  # all names at once, in most networks
            return False
        return any(there.keys() - here.keys() for there, here in zip(now, before, strict=True))

    def close(self) -> None:
        """Let go of the copies, which lead back here: nobody has to look for that circle to free them."""
        self._copies.clear()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run the network."""
        network = self._layers.modules[0]
        is_compiled = isinstance(network, torch.jit.ScriptModule)
        # A network of TorchScript is followed from outside, as one layer: none of its modules has a copy.
        return (Shadow(self, 0, network, None) if is_compiled else network)(*args, **kwargs)

    def _shadow(self, index: int, module: nn.Module) -> Callable[..., Any]:
        """What stands for a module's ``forward``: a method as that is one, with its signature, name and code."""
        kind = module.__class__
        # Once for each class: a network has few of them and many modules. An instance may have a forward of its own.
        if kind in self._methods and "forward" not in module.__dict__:
            function, short = self._methods[kind]
            return MethodType(Shadow(self, index, function, short), module)
        forward = module.forward
        if forward.__class__ is not MethodType or forward.__self__ is not module:
            return Shadow(self, index, forward, None)
        function, short = forward.__func__, None
        if "forward" not in module.__dict__ and kind.forward is function:
            short = self._shortcut(kind)
            self._methods[kind] = function, short
        return MethodType(Shadow(self, index, function, short), module)

    def _shortcut(self, kind: type[nn.Module]) -> Shortcut | None:
        """The short way through layers of that class, if there is one."""
        return shortcut(kind, self.recorder)

    def note_failure(self, index: int, error: BaseException) -> None:
        """Remember the innermost layer that an error came from; one that was caught meanwhile is forgotten.

        The error itself is not kept: its frames hold tensors, which would stay alive. On its way up no op runs, so the
        same address and the same number of ops mean the same error.
        """
        ops = len(self.recorder.ops)
        if self._failed not in ((id(error), ops), (id(error.__cause__), ops)):
            self.failed_in = self._layers.specs[index].path
        self._failed = (id(error), ops)

    # -- other threads -------------------------------------------------------------------------------------------------

    def recorder_here(self) -> Recorder | None:
        """What records in the thread that asks, if something does."""
        return self.recorder if get_ident() == self.thread else self._in_threads.get(get_ident())

    def run_elsewhere(self, shadow: Shadow, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call from another thread: work that the forward pass gave away, or somebody who just runs the network.

        A dispatch mode is of one thread. So another one records there, into the same lists. What the network's user
        runs elsewhere at the same time is told apart by its tensors, which have values.
        """
        if not self.thread or not self.recorder.is_of_this_pass(args, kwargs):
            return shadow.function(*args, **kwargs)
        sys.setswitchinterval(_UNDISTURBED_S)  # whoever enters the pass puts it back
        self.elsewhere += 1
        self._in_threads[get_ident()] = recorder = self.recorder.for_thread()
        try:
            with below_autograd(), recorder:
                return shadow(*args, **kwargs)
        finally:
            del self._in_threads[get_ident()]


_UNDISTURBED_S = 3600.0
"""No thread is made to yield in the middle of a record: it yields where it waits, and where torch computes."""

_consume = deque[Any](maxlen=0).extend
"""Runs an iterator to its end without running Python code in between."""

_parameters_of, _layers_of = operator.itemgetter("_parameters"), operator.itemgetter("_modules")
"""What a module holds, of its attributes."""


class Shadow:
    """Stands for one layer's ``forward`` while that is traced; whatever else is asked of it, ``forward`` answers.

    Attributes:
        function: The layer's ``forward``, as the function that takes the layer itself first where it is a method.
    """

    __slots__ = ("_index", "_short", "_tracker", "function")

    def __init__(self, tracker: CallTracker, index: int, function: Callable[..., Any], short: Shortcut | None) -> None:
        """Stand for the layer of that index."""
        self.function = function
        self._tracker = tracker
        self._index = index
        self._short = short

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` and tell the recorder of it."""
        tracker, index, short = self._tracker, self._index, self._short
        recorder = tracker.recorder if get_ident() == tracker.thread else tracker.recorder_here()
        if recorder is None:
            return tracker.run_elsewhere(self, args, kwargs)
        calls = tracker.calls
        number, parent, first_op = len(calls), recorder.call, len(recorder.ops)
        calls.append(_RUNNING)  # its place is taken now: calls are in the order in which they begin
        recorder.call = number
        try:
            # Two arguments are the layer itself and its input; whatever is called otherwise goes the long way.
            answer = short(*args) if short is not None and len(args) == 2 and not kwargs else None
            if answer is not None:
                out, spec = answer
                calls[number] = LayerCall(index, parent, first_op, (spec,))
                return out
            out = self.function(*args, **kwargs)
        except BaseException as error:
            calls[number] = LayerCall(index, parent, first_op, ())  # somebody may catch the error
            tracker.note_failure(index, error)
            raise
        finally:
            recorder.call = parent
        # Most layers return one plain tensor, which has no insides to look through.
        outputs = (recorder.spec(out),) if out.__class__ is Tensor else tuple(_specs(out, recorder))
        calls[number] = LayerCall(index, parent, first_op, outputs)
        return out

    @property
    def __signature__(self) -> inspect.Signature:
        """The signature of ``forward``: networks choose their arguments by it."""
        return inspect.signature(self.function)

    def __getattr__(self, name: str) -> Any:
        """An attribute of ``forward`` itself: its name, its documentation, its code."""
        return getattr(self.function, name)


_RUNNING = LayerCall(-1, -1, -1, ())
"""What stands for a call until it returns."""


def _specs(value: Any, recorder: Recorder) -> Iterator[TensorSpec]:
    """The tensors that a ``forward`` returned, however nested."""
    if isinstance(value, Tensor):
        yield recorder.spec(values_of(value))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _specs(item, recorder)
    elif isinstance(value, dict):
        yield from _specs(list(value.values()), recorder)
    elif value is not None:
        yield from map(recorder.spec, map(values_of, tensors_out(value)))
