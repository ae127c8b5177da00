"""What a framework hands to a training step: its tensors, in whatever holds them, and the same without values."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from archstat.errors import InputError
from archstat.tracing.outputs import tensors_out
from archstat.tracing.values import is_valued

Shapes = tuple[tuple[tuple[int, ...], torch.dtype], ...]
"""The shape and the element type of each tensor of a batch."""


def shapes_of(batch: Any) -> Shapes:
    """The shapes of a batch, by which a count is found again.

    >>> shapes_of({"x": torch.empty(2, 3), "names": ["a", "b"]})
    (((2, 3), torch.float32),)
    """
    return tuple((tuple(tensor.shape), tensor.dtype) for tensor in tensors_out(batch))


def taken_apart(batch: Any) -> tuple[list[Tensor], Callable[[Sequence[Tensor]], Any]]:
    """The tensors of a batch, and what makes a batch like it of other tensors; the batch itself stays as it is.

    Raises:
        InputError: There is no tensor in the batch.
    """
    tensors = tensors_out(batch)
    if not tensors:
        raise InputError(f"A batch of type {type(batch).__name__} holds no tensors.")

    def put_together(others: Sequence[Tensor]) -> Any:
        return _with(batch, dict(zip(map(id, tensors), others, strict=True)))

    return tensors, put_together


def stand_in_of(tensor: Tensor) -> Tensor:
    """What stands for a tensor of a batch where its step is counted; no memory of a GPU is taken.

    Ids, labels and masks keep their values, in a copy on the CPU, as steps choose by them.

    Raises:
        InputError: The tensor is sparse or nested.
    """
    if tensor.layout is not torch.strided:
        raise InputError(f"A batch with a tensor of layout {tensor.layout} cannot be counted.")
    if not is_valued(tensor) and not tensor.is_meta:
        return tensor.detach().cpu().clone()
    made = torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device="meta")
    return made.requires_grad_(tensor.requires_grad)


def _with(value: Any, others: Mapping[int, Tensor]) -> Any:
    """A nesting like this one with other tensors in it; what holds none is handed on itself."""
    if isinstance(value, Tensor):
        return others.get(id(value), value)
    if not tensors_out(value):
        return value
    if isinstance(value, Mapping):
        return _made(type(value), {key: _with(each, others) for key, each in value.items()}, dict)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_with(each, others) for each in value))
    if isinstance(value, list | tuple):
        return _made(type(value), [_with(each, others) for each in value], list)
    made = copy.copy(value)
    for name, each in vars(value).items():
        # Past the object's own way to set: a frozen dataclass has one that refuses.
        object.__setattr__(made, name, _with(each, others))
    return made


def _made(kind: type, content: Any, plain: type) -> Any:
    """A container of that class, or a plain one where the class wants more than its content."""
    try:
        return kind(content)
    except TypeError:
        return plain(content)
