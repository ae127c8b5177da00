"""What torch has answered in this pass, for ops that ask the same again: equal blocks run the same ops on equal shapes.

Torch's meta kernels are written in Python for the most part, and take most of the time of a trace. What one makes of
tensors without values depends on the sizes, strides and types of these and on the other arguments: that is the
question. It is kept with the answer if torch made new memory for it, filled by the tensor that comes back. The next
op that asks it gets a tensor of the same size, strides and type.

Not asked of here: what takes tensors with values, or of other classes than torch's own; what writes, views or draws;
ops that archstat runs otherwise than torch does, and those of other libraries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import Parameter

from archstat.tracing import torch_private
from archstat.tracing.values import META

Answer = tuple[tuple[torch.Size, tuple[int, ...], torch.dtype], ...]
"""The size, the strides and the type of each tensor that an op makes."""

AskedOp = tuple[Any, ...]

_ORDINARY: Final = frozenset({Tensor, Parameter})
SCALARS: Final = frozenset(
    {int, float, bool, str, type(None), torch.dtype, torch.device, torch.layout, torch.memory_format}
)
LISTS: Final = frozenset({list, tuple})
_vmap_level = torch_private.vmap_level


def question(op: Any, args: Sequence[Any], kwargs: Mapping[str, Any], twins: Mapping[int, Tensor]) -> AskedOp | None:
    """All that an answer depends on; ``None`` where that is not sure.

    Args:
        op: The op.
        args: The arguments of the op by position.
        kwargs: The arguments of the op by name.
        twins: What stands in for tensors with values, by their ``id``.
    """
    if _vmap_level() is not None:
        return None
    found: list[Any] = [op, torch.get_default_dtype(), is_in_autocast()]
    if not _describe(args, twins, found):
        return None
    if kwargs:
        found.extend(kwargs)
        if not _describe(kwargs.values(), twins, found):
            return None
    return tuple(found)


def _describe(values: Any, twins: Mapping[int, Tensor], found: list[Any]) -> bool:
    """Enter what is known of the arguments; whether that is all there is to know."""
    for value in values:
        kind = value.__class__
        if kind in _ORDINARY:
            tensor = value if value.is_meta else twins.get(id(value), value)
            if not tensor.is_meta or tensor.layout is not torch.strided or tensor.is_neg() or tensor.is_conj():
                return False
            found += (tensor.shape, tensor.stride(), tensor.dtype)
        elif kind in SCALARS:
            found += (kind, value)  # 1, 1.0 and True are equal, and make different types
        elif kind in LISTS:
            found += (kind, len(value))
            if not _describe(value, twins, found):
                return False
        else:
            return False
    return True


def answer(made: Any, given: Sequence[Tensor]) -> Answer | None:
    """What torch has made, if that says all: each tensor fills new memory, and shares it with no other."""
    tensors = made if made.__class__ is tuple else (made,)
    if not tensors or any(tensor.__class__ is not Tensor for tensor in tensors):
        return None
    memory = {tensor.untyped_storage()._cdata for tensor in (*tensors, *given)}
    if len(memory) != len(tensors) + len({tensor.untyped_storage()._cdata for tensor in given}):
        return None
    found = tuple([(tensor.shape, tensor.stride(), tensor.dtype) for tensor in tensors])
    return found if all(map(_fills_its_memory, tensors, again(found))) else None


def again(known: Answer) -> list[Tensor]:
    """Tensors such as torch has made."""
    return [torch.empty_strided(size, strides, dtype=dtype, device=META) for size, strides, dtype in known]


def _fills_its_memory(made: Tensor, like: Tensor) -> bool:
    return (
        made.is_meta
        and made.layout is torch.strided
        and not (made.is_neg() or made.is_conj() or made.requires_grad or made.storage_offset())
        and made.untyped_storage().nbytes() == like.untyped_storage().nbytes()
    )


def is_in_autocast() -> bool:
    """Whether types are cast on the way: of the weights, on a device that autocast knows, and of nothing on meta.

    Whether it is enabled is not told below it; how deep it is nested is.
    """
    torch.autocast_increment_nesting()
    return bool(torch.autocast_decrement_nesting())
