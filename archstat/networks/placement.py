"""A network in another precision, or without values; parameters that are shared stay shared, complex ones complex."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from archstat.tracing.keras_layers import replace_weights, tell_precision

_Network = TypeVar("_Network", bound=nn.Module)


def in_precision(model: _Network, dtype: torch.dtype) -> _Network:
    """The network itself, its floating-point parameters and buffers cast to an element type.

    ``model.to(dtype)`` would drop the imaginary part of complex ones. They become complex numbers of that precision;
    below single precision torch has no kernels for such, and they are of single precision.
    """
    complex_dtype = torch.complex128 if dtype is torch.float64 else torch.complex64

    def is_cast(tensor: Tensor) -> bool:
        wanted = complex_dtype if tensor.is_complex() else dtype if tensor.is_floating_point() else tensor.dtype
        return tensor.dtype is wanted

    def cast(tensor: Tensor) -> Tensor:
        if tensor.is_complex():
            return tensor.to(complex_dtype)
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    tell_precision(model, dtype)
    if _is_plain_throughout(model, is_cast):
        return model
    model._apply(cast)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what "model.to" itself runs; torch gives it no types
    return model


def _is_plain_throughout(model: nn.Module, is_right: Callable[[Tensor], bool]) -> bool:
    """Whether every tensor of a network is right, and no module keeps others, of which its own ``_apply`` knows."""
    waiting, seen = [model], set[int]()
    while waiting:
        module = waiting.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        state = vars(module)
        if "_parameters" not in state or "_apply" in state or type(module)._apply is not nn.Module._apply:  # noqa: SLF001 - as above
            return False
        for own in (state["_parameters"], state["_buffers"]):
            if not all(tensor is None or is_right(tensor) for tensor in own.values()):
                return False
        waiting += [inner for inner in state["_modules"].values() if inner is not None]
    return True


def without_values(model: _Network) -> _Network:
    """The network itself, its parameters and buffers moved to the meta device.

    ``model.to("meta")`` would give every layer a parameter of its own, also those that share one.
    """
    twins: dict[int, tuple[Tensor, Any]] = {}

    def twin_of(tensor: Tensor) -> Any:
        if id(tensor) not in twins:
            twin = tensor.detach().to("meta")
            is_parameter = isinstance(tensor, nn.Parameter)
            made = nn.Parameter(twin, tensor.requires_grad) if is_parameter else twin
            twins[id(tensor)] = tensor, made  # kept alive, so that its id stays its own
        return twins[id(tensor)][1]

    replace_weights(model, twin_of)
    for module in list(model.modules()):
        state = vars(module)
        for own in (state["_parameters"], state["_buffers"]):
            known = {name: tensor for name, tensor in own.items() if tensor is not None and not is_lazy(tensor)}
            own.update({name: twin_of(tensor) for name, tensor in known.items()})
    return model
