"""A network in another precision, or without values; parameters that are shared stay shared, complex ones complex."""

from __future__ import annotations

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

    def cast(tensor: Tensor) -> Tensor:
        if tensor.is_complex():
            return tensor.to(complex_dtype)
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    tell_precision(model, dtype)
    model._apply(cast)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what "model.to" itself runs; torch gives it no types
    return model


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
