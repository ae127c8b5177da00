"""What torch has answered in this step, for ops that ask the same again of tensors with a device and without values.

Torch remembers such answers too (:class:`~archstat.tracing.torch_private.FakeTensorMode`), and asks for a hundred
microseconds whether it does. What is asked here is what torch's own memory asks: the sizes, strides, type, device,
offset and memory of each tensor, and whether it needs a gradient. What is kept is less: new memory of its own that the
tensor fills, a view of the tensor that the op was given, or that tensor itself, written to.

A layer of 3 to 2 numbers, twice. The second one is a tensor of its own:

>>> mode = FakeTensorMode()
>>> with mode:
...     x, weight = torch.empty(4, 3), torch.empty(2, 3)
>>> known = FakeAnswers(mode)
>>> first, second = (known.run(torch.ops.aten.mm.default, (x, weight.detach().t()), {}) for _ in range(2))
>>> second.shape, second.device, second.untyped_storage().nbytes(), second is first
(torch.Size([4, 2]), device(type='cpu'), 32, False)
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from archstat.tracing import torch_private
from archstat.tracing.nested import tensors_in
from archstat.tracing.remembered import LISTS, SCALARS, AskedOp
from archstat.tracing.torch_private import FakeTensor, FakeTensorMode
from archstat.tracing.values import META


def ask_torch(op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What an op makes of tensors with values, of which nothing is remembered."""
    return op(*args, **kwargs)


class _Made(NamedTuple):
    """A tensor that an op makes.

    Attributes:
        size: The size of the tensor.
        strides: The strides of the tensor.
        dtype: The type of the tensor.
        device: The device that the tensor seems to be on.
        seen: The argument whose memory the tensor is a view of; ``None``: new memory was made.
        offset: Where in memory the tensor begins.
    """

    size: torch.Size
    strides: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    seen: int | None
    offset: int


_Part = _Made | int | None
"""What an op returns: something new, the argument of that number itself, or nothing."""


class _Answer(NamedTuple):
    """All that an op returns.

    Attributes:
        parts: What the op returns, in order.
        is_tuple: Whether the op returns a tuple.
    """

    parts: tuple[_Part, ...]
    is_tuple: bool


class FakeAnswers:
    """What torch makes of fake tensors, each question asked once."""

    def __init__(self, mode: FakeTensorMode) -> None:
        """Remember what that mode answers."""
        self._mode = mode
        self._known: dict[AskedOp | None, _Answer | None] = {}

    def run(self, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """What the op makes, as torch said before or says now."""
        if not _is_remembered(op):
            return op(*args, **kwargs)
        with torch_private.no_functions():  # a mode above autograd would be told of each size that is asked for
            asked = self._question(op, args, kwargs)
            known = self._known.get(asked)
            if known is not None:
                made = [self._again(part, args) for part in known.parts]
                return tuple(made) if known.is_tuple else made[0]
        if asked is None or asked in self._known:
            return op(*args, **kwargs)
        return self._asked_first(asked, op, args, kwargs)

    def _again(self, part: _Part, args: tuple[Any, ...]) -> Any:
        if part is None:
            return None
        if isinstance(part, int):
            return args[part]
        size, strides, dtype, device, seen, offset = part
        made = torch.empty_strided(size, strides, dtype=dtype, device=META)
        if seen is not None:
            made.set_(args[seen].untyped_storage(), offset, size, strides)
        return FakeTensor(self._mode, made, device)

    # -- the question ----------------------------------------------------------------------------------------------

    def _question(self, op: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AskedOp | None:
        """All that an answer depends on; ``None`` where that is not sure."""
        if torch_private.vmap_level() is not None:
            return None
        found: list[Any] = [op, torch.get_default_dtype()]
        if not self._describe(args, found):
            return None
        if kwargs:
            found.extend(kwargs)
            if not self._describe(kwargs.values(), found):
                return None
        return tuple(found)

    def _describe(self, values: Any, found: list[Any]) -> bool:
        """Enter what is known of the arguments; whether that is all there is to know."""
        for value in values:
            kind = value.__class__
            if kind is FakeTensor:
                if not self._is_plain(value):
                    return False
                found += (value.shape, value.stride(), value.dtype, value.fake_device, value.requires_grad)
                found += (value.storage_offset(), value.untyped_storage().nbytes())
            elif kind in SCALARS:
                found += (kind, value)  # 1, 1.0 and True are equal, and make different types
            elif kind in LISTS:
                found += (kind, len(value))
                if not self._describe(value, found):
                    return False
            else:
                return False
        return True

    def _is_plain(self, tensor: Any) -> bool:
        """Whether nothing is known of a tensor but how it lies in memory: of a constant, torch keeps the values."""
        return (
            tensor.layout is torch.strided
            and tensor.fake_mode is self._mode
            and tensor.constant is None
            and not (tensor.is_neg() or tensor.is_conj() or tensor.is_inference())
        )

    # -- the answer ------------------------------------------------------------------------------------------------

    def _asked_first(self, asked: AskedOp, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Ask torch, and keep what it says if that says all."""
        given = tensors_in((args, kwargs))
        before = list(map(_memory, given))
        out = op(*args, **kwargs)
        # An op that gives its argument other sizes or other memory has done more than to return it.
        is_as_before = self._question(op, args, kwargs) == asked and list(map(_memory, given)) == before
        self._known[asked] = self._answer(op, args, given, out) if is_as_before else None
        return out

    def _answer(self, op: Any, args: tuple[Any, ...], given: Sequence[Tensor], out: Any) -> _Answer | None:
        is_tuple = out.__class__ is tuple
        parts: list[_Part] = []
        taken = set(map(_memory, given))
        for each in out if is_tuple else (out,):
            part = self._part(op, args, each)
            if part.__class__ is _Made:
                if not self._says_all(part, each, given, taken):
                    return None
                taken.add(_memory(each))
            elif part is None and each is not None:
                return None
            parts.append(part)
        return _Answer(tuple(parts), is_tuple)

    def _part(self, op: Any, args: tuple[Any, ...], out: Any) -> _Part:
        if out.__class__ is not FakeTensor:
            return None
        for index, argument in enumerate(args):
            if argument is out:
                return index
        seen = 0 if op.is_view else None
        return _Made(out.shape, out.stride(), out.dtype, out.fake_device, seen, int(out.storage_offset()))

    def _says_all(self, part: _Made, made: Any, given: Sequence[Tensor], taken: set[int]) -> bool:
        """Whether a tensor is a view of the only one that was given, or alone in new memory, which it fills."""
        if not self._is_plain(made) or made.requires_grad:
            return False
        if part.seen is not None:
            return len(given) == 1 and _memory(made) == _memory(given[0])
        like = torch.empty_strided(part.size, part.strides, dtype=part.dtype, device=META)
        is_full = not part.offset and made.untyped_storage().nbytes() == like.untyped_storage().nbytes()
        return is_full and _memory(made) not in taken


def _memory(tensor: Tensor) -> int:
    """The address of what knows a tensor's memory."""
    return int(tensor.untyped_storage()._cdata)


@functools.cache
def _is_remembered(op: Any) -> bool:
    """Whether what an op makes depends on how its arguments lie in memory, and not on what is in them.

    The ops that torch's own memory leaves out are left out here.
    """
    return (
        op.namespace in {"aten", "prims"}
        and _NOT_TOLD.isdisjoint(op.tags)
        and op not in _OF_VALUES
        and not (op.is_view and torch_private.has_kernel(op.name(), "CompositeImplicitAutograd"))
    )


_NOT_TOLD = frozenset({torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape, torch.Tag.inplace_view})
_aten = torch.ops.aten
_OF_VALUES = frozenset(
    {_aten._unsafe_view.default, _aten.lift_fresh.default, _aten.lift_fresh_copy.default, _aten.lift.default}
)
