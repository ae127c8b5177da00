"""What each leaf of a network is called with in a pass, kept so that the call can be repeated alone."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from archstat.measuring.hooks.calls import CallHooks
from archstat.measuring.prepared import Prepared
from archstat.tracing.nested import tensors_in, with_twins

_PLAIN = frozenset(vars(nn.Module()))  # what every module has, and says nothing of one


class CapturedCall(msgspec.Struct, frozen=True):
    """One run of a leaf.

    Attributes:
        layer: The path of the leaf.
        kind: The class of the leaf.
        call: 1 for its first run, 2 for the second, …
        module: The leaf itself.
        args: Copies of what it was called with. Calls of one likeness share those of the first.
        kwargs: Copies of what the leaf was called with by name.
        likeness: Equal for calls that run the same op on tensors of the same shapes, strides and types.
        place: The place of this run among the runs of all modules of the pass.
    """

    layer: str
    kind: str
    call: int
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    likeness: Hashable
    place: int

    def run(self) -> Any:
        """The call alone, on what was kept; a module that works in place changes that."""
        return self.module(*self.args, **self.kwargs)


def capture_calls(prepared: Prepared) -> list[CapturedCall]:
    """The calls of all leaves in one pass, in order; scripted ones, which take no hooks, are left out.

    Inputs are copied once for each likeness, before the call, so that memory holds one of each and no later layer that
    works in place spoils them. Repeat them within ``prepared.without_gradients()``, where they were copied.
    """
    captured: list[CapturedCall] = []
    known: dict[Hashable, tuple[tuple[Any, ...], dict[str, Any]]] = {}
    hooks = CallHooks(prepared.model, None, None)

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        place = len(hooks.calls) - 1
        call = hooks.calls[place]
        likeness = _likeness(module, args, kwargs)
        if likeness not in known:
            known[likeness] = (with_twins(args, _copy), with_twins(kwargs, _copy))
        captured.append(CapturedCall(call.layer, call.kind, call.call, module, *known[likeness], likeness, place))

    with hooks:
        handles = [leaf.register_forward_pre_hook(keep, with_kwargs=True) for leaf in _leaves(prepared.model)]
        try:
            prepared.run_eagerly()
        finally:
            for handle in handles:
                handle.remove()
    return captured


def _leaves(model: nn.Module) -> list[nn.Module]:
    hooked = [module for module in model.modules() if not isinstance(module, torch.jit.ScriptModule)]
    return [module for module in hooked if not module._modules]  # noqa: SLF001  # as in tracing


def _copy(tensor: Tensor) -> Tensor:
    """A tensor of its own memory with the same strides; one that is spread over less memory is made whole."""
    return tensor.detach().clone(memory_format=torch.preserve_format)


def _likeness(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable:
    """What two calls have in common that do the same work: class, settings and forms of the arguments."""
    settings = sorted((name, _form(value)) for name, value in vars(module).items() if name not in _PLAIN)
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    hooked = len(module._forward_hooks) + len(module._forward_pre_hooks)  # noqa: SLF001  # no public face
    return (
        type(module),
        module.training,
        hooked,
        tuple(settings),
        tuple((name, _form(tensor)) for name, tensor in own),
        _form(args),
        _form(sorted(kwargs.items())),
    )


def _form(value: Any) -> str:
    """What of a value decides which kernels run: of a tensor not its numbers."""
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {value.stride()} {value.dtype} {value.device}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(_form, value))})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{name}: {_form(item)}' for name, item in value.items())})"
    return f"{type(value).__name__} {value!r}"


_SAME = 1e-2
"""Outputs that differ by less, relative to their norm, are the same: sums in another order differ by 1e-3 in bf16, a
random mask by 1."""


def is_repeatable(captured: CapturedCall) -> bool:
    """Two runs on the same inputs give the same outputs but for the order of sums, and leave the buffers as they were.

    Random numbers, a state of its own, and work in place whose repetition is other work fail this; ``relu`` in place
    does not. Buffers are put back.
    """
    before = [(buffer, buffer.clone()) for buffer in captured.module.buffers()]
    first = [_copy(tensor) for tensor in tensors_in(captured.run())]
    second = tensors_in(captured.run())
    # The first outputs were copied: a module may return the same memory again, and then they would be compared with
    # themselves.
    is_same = len(first) == len(second) and all(map(_close, first, second))
    is_kept = all(_equal(buffer, copy) for buffer, copy in before)
    for buffer, copy in before:
        if not _equal(buffer, copy):
            buffer.copy_(copy)
    return is_same and is_kept


def _close(one: Tensor, other: Tensor) -> bool:
    if _equal(one, other) or one.shape != other.shape or not one.is_floating_point():
        return _equal(one, other)
    difference, size = (one.double() - other.double()).norm(), other.double().norm()
    return bool(difference <= _SAME * size)


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same numbers; not a number is the same as not a number."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool(((one == other) | ((one != one) & (other != other))).all())  # noqa: PLR0124  # NaN differs from itself
