"""The layers of a network: their specs, the calls of their ``forward``, and how the network is left as it was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archstat.records import LayerCall, LayerSpec, ParameterSpec, TensorSpec
from archstat.tracing.leaves import Shortcut, shortcut
from archstat.tracing.recorder import Recorder
from archstat.tracing.values import parts

if TYPE_CHECKING:
    from typing_extensions import Self


class Layers:
    """The modules of a network, each once, however many names it has.

    Attributes:
        modules: The modules, in the order of ``named_modules``.
        specs: Their records.
        parameters: The records of the parameters.
        own: The parameters and after them the buffers, each once.
        scripted: The indices of the modules of TorchScript, scripted or traced.
    """

    def __init__(self, model: nn.Module) -> None:
        """Walk the network."""
        self.modules: list[nn.Module] = []
        self.specs: list[LayerSpec] = []
        self.parameters: list[ParameterSpec] = []
        self.own: list[Tensor] = []
        self._buffers: list[Tensor] = []
        self._seen: set[int] = set()
        self._walk(model, "")
        self.own += self._buffers
        self.scripted = [i for i, module in enumerate(self.modules) if isinstance(module, torch.jit.ScriptModule)]

    def title(self, index: int) -> str:
        """How a sentence begins that is about a layer."""
        path = self.specs[index].path
        return f"Layer {path!r}" if path else "The network"

    def _walk(self, module: nn.Module, path: str) -> None:
        if id(module) in self._seen:
            return
        self._seen.add(id(module))
        prefix = f"{path}." if path else ""
        parameters, buffers, children = _contents(module)
        own = self._take_parameters(parameters, prefix) if parameters else ()
        elements = self._take_buffers(buffers) if buffers else 0
        self.modules.append(module)
        self.specs.append(LayerSpec(path, type(module).__name__, not children, own, elements))
        for name, child in children.items():
            if child is not None:
                self._walk(child, prefix + name)

    def _take_parameters(self, parameters: dict[str, Tensor | None], prefix: str) -> tuple[int, ...]:
        first = len(self.own)
        for name, parameter in parameters.items():
            if parameter is not None and id(parameter) not in self._seen:
                self._seen.add(id(parameter))
                self.own.append(parameter)
                self.parameters.append(ParameterSpec(prefix + name, tuple(parameter.shape), parameter.requires_grad))
        return tuple(range(first, len(self.own)))

    def _take_buffers(self, buffers: dict[str, Tensor | None]) -> int:
        elements = 0
        for buffer in buffers.values():
            if buffer is not None and id(buffer) not in self._seen:
                self._seen.add(id(buffer))
                self._buffers.append(buffer)
                elements += parts(buffer)[0].numel()
        return elements


def _contents(module: nn.Module) -> tuple[dict[str, Tensor | None], dict[str, Tensor | None], dict[str, Any]]:
    """The parameters, buffers and children of a module itself, by name."""
    if isinstance(module, torch.jit.ScriptModule):  # one that was traced keeps them elsewhere than others
        parameters, buffers, children = module._parameters, module._buffers, module._modules
        return dict(parameters.items()), dict(buffers.items()), dict(children.items())
    state = module.__dict__
    return state["_parameters"], state["_buffers"], state["_modules"]


class CallTracker:
    """Follows which layer's ``forward`` is running, and tells the recorder.

    While it is entered, every module works on a copy of its attributes, parameters, buffers and submodules; on leaving,
    the originals come back, whatever the forward pass did. In the copy ``forward`` is shadowed by an attribute of the
    instance, so a direct ``layer.forward(x)`` is seen too, and ``training`` is off.

    Attributes:
        calls: The calls so far, in the order in which they began.
        failed_in: The path of the layer that an error came from.
    """

    def __init__(self, layers: Layers, recorder: Recorder) -> None:
        """Follow these layers for that recorder."""
        self.calls: list[LayerCall] = []
        self.failed_in: str | None = None
        self._failed: tuple[int, int] | None = None
        self._layers = layers
        self._recorder = recorder
        self._found: list[tuple[nn.Module, dict[str, Any]]] = []
        self._trained: list[nn.Module] = []
        self._data = [
            (tensor, tensor.data) for tensor in layers.own if tensor.layout is torch.strided and not tensor.is_meta
        ]

    def __enter__(self) -> Self:
        """Give every module its copy."""
        for index, module in enumerate(self._layers.modules):
            if isinstance(module, torch.jit.ScriptModule):
                self._switch_off_training(module)
                continue  # compiled code keeps its attributes elsewhere
            self._found.append((module, module.__dict__))
            object.__setattr__(module, "__dict__", self._copy_of(index, module))
        return self

    def _copy_of(self, index: int, module: nn.Module) -> dict[str, Any]:
        """The attributes that a module works on meanwhile."""
        found = module.__dict__
        copy = found.copy()
        for name in ("_parameters", "_buffers", "_modules"):
            copy[name] = found[name].copy()
        copy["training"] = False
        short = None if "forward" in found else shortcut(module, self._recorder)
        copy["forward"] = self._shadow(index, module.forward, short)
        return copy

    def _switch_off_training(self, module: nn.Module) -> None:
        if getattr(module, "training", False):  # a frozen module has no such flag
            self._trained.append(module)
            module.training = False

    def __exit__(self, *_: object) -> None:
        """Put the originals back, and the memory of parameters and buffers whose ``data`` was replaced."""
        for module in self._trained:
            module.training = True
        for module, found in self._found:
            object.__setattr__(module, "__dict__", found)
        for tensor, data in self._data:
            if tensor.data_ptr() != data.data_ptr():
                tensor.data = data

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run the network."""
        network = self._layers.modules[0]
        is_compiled = isinstance(network, torch.jit.ScriptModule)
        return (self._shadow(0, network, None) if is_compiled else network)(*args, **kwargs)

    def _shadow(self, index: int, forward: Callable[..., Any], short: Shortcut | None) -> Callable[..., Any]:
        calls, recorder = self.calls, self._recorder
        ops = recorder.ops

        def traced_forward(*args: Any, **kwargs: Any) -> Any:
            number, parent, first_op = len(calls), recorder.call, len(ops)
            calls.append(_RUNNING)
            recorder.call = number
            try:
                answer = short(args[0]) if short is not None and len(args) == 1 and not kwargs else None
                if answer is not None:
                    out, spec = answer
                    calls[number] = LayerCall(index, parent, first_op, (spec,))
                    return out
                out = forward(*args, **kwargs)
            except BaseException as error:
                calls[number] = LayerCall(index, parent, first_op, ())  # somebody may catch the error
                self._note_failure(index, error)
                raise
            finally:
                recorder.call = parent
            calls[number] = LayerCall(index, parent, first_op, tuple(_specs(out, recorder)))
            return out

        return traced_forward

    def _note_failure(self, index: int, error: BaseException) -> None:
        """Remember the innermost layer that an error came from; one that was caught meanwhile is forgotten.

        The error itself is not kept: its frames hold tensors, which would stay alive. On its way up no op runs, so the
        same address and the same number of ops mean the same error.
        """
        ops = len(self._recorder.ops)
        if self._failed not in ((id(error), ops), (id(error.__cause__), ops)):
            self.failed_in = self._layers.specs[index].path
        self._failed = (id(error), ops)


_RUNNING = LayerCall(-1, -1, -1, ())
"""What stands for a call until it returns."""


def _specs(value: Any, recorder: Recorder) -> Iterator[TensorSpec]:
    """The tensors that a ``forward`` returned, however nested."""
    if isinstance(value, Tensor):
        yield recorder.spec(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _specs(item, recorder)
    elif isinstance(value, dict):
        yield from _specs(list(value.values()), recorder)
