"""The tensors in nested lists, tuples and dictionaries: how ops and layers take and return them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in ``value``, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_in(item)]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    return []


def with_twins(value: Any, twin: Callable[[Tensor], Tensor]) -> Any:
    """A nesting like this one with a twin of every tensor; a tensor that stands there twice has one twin."""
    tensors = {id(tensor): tensor for tensor in tensors_in(value)}
    twins = {key: twin(tensor) for key, tensor in tensors.items()}
    return with_tensors(value, lambda tensor: twins[id(tensor)])


def with_tensors(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A nesting like this one with every tensor changed; other containers than plain ones are handed on as they are."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) is list or type(value) is tuple:
        return type(value)(with_tensors(item, change) for item in value)
    if type(value) is dict:
        return {name: with_tensors(item, change) for name, item in value.items()}
    return value
