"""Building without values: a network of any size takes no memory, and none of its initialisers runs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archstat.networks.prototypes import after_prototypes
from archstat.tracing.nested import tensors_in, with_tensors


@contextmanager
def on_meta() -> Iterator[None]:
    """Floating-point tensors are made on the meta device, and torch's own layers after one that is like them."""
    with after_prototypes(), MetaConstruction():
        yield


_ON_META = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.empty_strided})
_FILLING = frozenset(
    {
        nn.init.kaiming_uniform_,
        nn.init.kaiming_normal_,
        nn.init.uniform_,
        nn.init.normal_,
        nn.init.constant_,
        torch.Tensor.fill_,
        torch.Tensor.zero_,
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
        # what a truncated normal distribution is made with; without values, clamping takes torch milliseconds
        torch.Tensor.erfinv_,
        torch.Tensor.clamp_,
        torch.Tensor.mul_,
        torch.Tensor.add_,
        torch.Tensor.sub_,
        torch.Tensor.div_,
    }
)
"""What changes the values of its first argument alone, which is left as it is where it has none."""


def _is_at_top(caller: FrameType) -> bool:
    """Whether a module or the body of a class is run: what a constructor imports keeps its tensors for good."""
    return not caller.f_code.co_flags & inspect.CO_OPTIMIZED


class MetaConstruction(TorchFunctionMode):
    """While it is active, floating-point tensors are made on the meta device, and filling them takes no time.

    Tensors of whole numbers, and those that list or count values (``arange``, ``linspace``, ``tensor``), are real: a
    constructor may need them. What is made of both is on the meta device.

    Attributes:
        makes_no_values: Whether parameters get no values in such a mode.
    """

    makes_no_values = True

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Run one function of torch's."""
        kwargs = kwargs or {}
        if func in _ON_META:
            dtype = kwargs.get("dtype") or torch.get_default_dtype()
            is_valued = dtype is float or (isinstance(dtype, torch.dtype) and dtype.is_floating_point)
            if kwargs.get("device") is None and is_valued and not _is_at_top(sys._getframe(1)):  # noqa: SLF001 - none is public
                kwargs = {**kwargs, "device": "meta"}
            elif func is torch.empty and not is_valued:
                func = torch.zeros  # an index that is never filled beside weights on meta would lead anywhere
        elif func in _FILLING:
            tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        try:
            return func(*args, **kwargs)
        except RuntimeError:
            found = tensors_in((args, kwargs))
            if not any(tensor.is_meta for tensor in found) or all(tensor.is_meta for tensor in found):
                raise
        args, kwargs = with_tensors((args, kwargs), lambda tensor: tensor.to("meta"))
        return func(*args, **kwargs)
