"""Nested tensors of jagged layout: the values of all sequences in one tensor, and the offsets at which each begins.

Torch makes one a Python class around those two. So its ops fall apart, before anything records them, into ops on the
values: what is recorded speaks of the tokens that are there, and of no padding. Left to do are the twins of those that
go in, attention, which torch chooses above its ops, and what torch cannot tell without values of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from archstat.errors import InputError
from archstat.records import Shape
from archstat.tracing import torch_private
from archstat.tracing.torch_private import FakeTensor, Jagged, nested_tensor

_aten = torch.ops.aten


def has_jagged(tensors: Iterable[Tensor]) -> bool:
    """Whether one of these tensors is jagged.

    Raises:
        InputError: One is nested in strided layout, of which torch tells no shapes.
    """
    nested = [tensor for tensor in tensors if tensor.is_nested]
    if any(not isinstance(tensor, Jagged) for tensor in nested):
        raise InputError(
            "A nested tensor of strided layout goes in, of which torch tells no shapes: make it with "
            "layout=torch.jagged, or pad it to one length."
        )
    return bool(nested)


def values_of(tensor: Tensor) -> Tensor:
    """The values of all sequences; of another tensor itself."""
    return tensor._values if isinstance(tensor, Jagged) else tensor


def jagged_shapes(tensors: Iterable[Tensor]) -> tuple[Shape, ...]:
    """The sizes of tensors, of a jagged one those of its values: one sequence after the other."""
    return tuple([tuple(values_of(tensor).shape) for tensor in tensors])


def twin(tensor: Jagged, of: Callable[[Tensor], Tensor]) -> Tensor:
    """A jagged tensor with twins of values and offsets; tensors with the same offsets are of the same lengths.

    How long the longest and the shortest sequence are is known from the start, so that no op has to find out.
    """
    offsets, lengths = of(tensor._offsets), None if tensor._lengths is None else of(tensor._lengths)
    ragged: Any = offsets if lengths is None else lengths
    if isinstance(ragged, FakeTensor):  # of which torch would make a symbol, that stands for the lengths
        ragged.nested_int_memo = tensor._size[tensor._ragged_idx]
    known = {name: torch.empty_like(found) for name, found in _extremes(tensor).items()}
    return Jagged(of(tensor._values), offsets, lengths=lengths, _ragged_idx=tensor._ragged_idx, _metadata_cache=known)


def _extremes(tensor: Jagged) -> dict[str, Tensor]:
    """How long the longest and the shortest sequence are, as torch notes it: in the sizes of empty tensors."""
    cache = {name: found for name, found in tensor._metadata_cache.items() if found is not None}
    if tensor._offsets.is_meta or isinstance(tensor._offsets, FakeTensor) or len(cache) > 1:
        return cache
    lengths = _lengths_of(tensor)
    return {"min_seqlen": torch.empty(min(lengths), 0), "max_seqlen": torch.empty(max(lengths), 0)} if lengths else {}


def make_ready() -> None:
    """Have torch make what it makes with the first jagged tensor of a process, before anything is recorded."""
    nested_tensor._nt_view_dummy()


# -- lengths -----------------------------------------------------------------------------------------------------------


def _lengths_of(tensor: Jagged) -> list[int]:
    """How long each sequence is.

    Raises:
        NotImplementedError: Nobody knows.
    """
    return [stop - start for start, stop in _bounds_of(tensor)]


def _bounds_of(tensor: Jagged) -> list[tuple[int, int]]:
    """Where in the values each sequence begins and ends: what is asked of the offsets is no work of the network's."""
    offsets, lengths = tensor._offsets, tensor._lengths
    if any(part is not None and (part.is_meta or isinstance(part, FakeTensor)) for part in (offsets, lengths)):
        raise NotImplementedError("the lengths of the sequences have no values on the meta device")
    with torch_private.no_dispatch():
        starts, counted = offsets.tolist(), None if lengths is None else lengths.tolist()
    if counted is None:
        return list(itertools.pairwise(starts))
    return [(start, start + length) for start, length in zip(starts[:-1], counted, strict=True)]


# -- attention ---------------------------------------------------------------------------------------------------------


def is_attention(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether attention with these arguments is that over jagged tensors, with heads before the sequences."""
    given = (*args[:3], *[kwargs.get(name) for name in ("query", "key", "value")])
    jagged = [tensor for tensor in given if isinstance(tensor, Jagged)]
    return len(jagged) == 3 and all(tensor.dim() == 4 and tensor._ragged_idx == 2 for tensor in jagged)


def attention(
    query: Jagged,
    key: Jagged,
    value: Jagged,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Attention within each sequence, as one op; where gradients are wanted, as those it comes down to.

    Which kernel runs it is decided by the device. That of a CPU refuses causal attention, which is counted in full as
    elsewhere.

    Raises:
        ValueError: A mask is given, which torch does not take.
        RuntimeError: Heads or sequences do not fit.
    """
    del enable_gqa
    query, key, value, attn_mask = torch_private.cast_attention(query, key, value, attn_mask)
    if attn_mask is not None:
        raise ValueError("Masks are not yet supported!")
    _refuse_misfits(query, key, value)
    # Heads stand before the sequences here; with sequences first again, the values of all are one tensor of tokens.
    tokens = [tensor.transpose(1, 2).values() for tensor in (query, key, value)]
    bounds = [_bounds_of(tensor) for tensor in (query, key)]
    if torch.is_grad_enabled():
        out = _by_sequences(tokens, bounds, dropout_p, is_causal, scale)
    else:
        flat = [[place for each in pairs for place in each] for pairs in bounds]
        out = torch.ops.archstat.jagged_attention(*tokens, *flat, is_causal, scale)
    extremes = [query._metadata_cache.get(name) for name in ("min_seqlen", "max_seqlen")]
    made: Tensor = torch_private.jagged_of_values(
        out, query._offsets, nested_tensor._nt_view_dummy(), query._lengths, 1, *extremes
    )
    return made.transpose(1, 2)


def _refuse_misfits(query: Jagged, key: Jagged, value: Jagged) -> None:
    batch, heads, width = query.shape[0], query.shape[1], query.shape[3]
    others = [(tensor.shape[0], tensor.shape[1]) for tensor in (key, value)]
    if others != [(batch, heads)] * 2 or key.shape[3] != width:
        raise RuntimeError(
            "queries, keys and values of different batches, heads or widths are not implemented for jagged layout"
        )
    if _lengths_of(key) != _lengths_of(value):
        raise RuntimeError("keys and values are not of the same lengths")


Bounds = Sequence[tuple[int, int]]


def _by_sequences(
    tokens: Sequence[Tensor], bounds: Sequence[Bounds], dropout: float, is_causal: bool, scale: float | None
) -> Tensor:
    """Scores, softmax and weighted values of one sequence after the other, ``(tokens, heads, width)`` each.

    As a CPU works them out; what lies between sequences, as after a narrow, stays empty.
    """
    (query, key, value), made, reached = tokens, [], 0
    for (start, stop), (first, last) in zip(*bounds, strict=True):
        parts = query[start:stop], key[first:last], value[first:last]
        out = _aten._scaled_dot_product_attention_math.default(
            *[part.transpose(0, 1) for part in parts], None, dropout, is_causal, scale=scale
        )[0]
        if start > reached:
            made.append(value.new_zeros((start - reached, *value.shape[1:])))
        made.append(out.transpose(0, 1))
        reached = stop
    if query.shape[0] > reached:
        made.append(value.new_zeros((query.shape[0] - reached, *value.shape[1:])))
    return torch.cat(made)


_LIBRARY = torch.library.Library("archstat", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch gives it no types
_ATTENTION = (
    "jagged_attention(Tensor query, Tensor key, Tensor value, int[] rows, int[] columns, bool is_causal, float? scale)"
    " -> Tensor"
)
_LIBRARY.define(_ATTENTION)  # type: ignore[no-untyped-call]  # likewise


def _jagged_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    rows: Sequence[int],
    columns: Sequence[int],
    is_causal: bool,
    scale: float | None,
) -> Tensor:
    """Where each sequence begins and ends is given by pairs, of the queries and of the keys."""
    bounds = [list(zip(flat[::2], flat[1::2], strict=True)) for flat in (rows, columns)]
    return _by_sequences((query, key, value), bounds, 0.0, is_causal, scale)


def _shape_of_attention(query: Tensor, key: Tensor, value: Tensor, *_: Any) -> Tensor:
    del key
    return query.new_empty((*query.shape[:-1], value.shape[-1]))


_LIBRARY.impl("jagged_attention", _jagged_attention, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
_LIBRARY.impl("jagged_attention", _shape_of_attention, "Meta")  # type: ignore[no-untyped-call]


# -- what torch cannot tell without values -----------------------------------------------------------------------------


def _padded(values: Tensor, offsets: Sequence[Tensor], longest: Sequence[int], _padding: float = 0.0) -> Tensor:
    """Values with padding, ``(batch, longest, width)``."""
    return values.new_empty((offsets[0].shape[0] - 1, *longest, *values.shape[1:]))


def _unpadded(dense: Tensor, offsets: Sequence[Tensor], tokens: int | None = None) -> Tensor:
    """Values without padding, ``(tokens, width)``."""
    if tokens is None:
        with torch_private.no_dispatch():
            tokens = int(offsets[0][-1])
    return dense.new_empty((tokens, *dense.shape[2:]))


#: One entry = what is run for one op in place of torch's own kernel without values, which knows sizes as symbols only.
WITHOUT_VALUES: dict[Any, Callable[..., Tensor]] = {
    _aten._jagged_to_padded_dense_forward.default: _padded,
    _aten._padded_dense_to_jagged_forward.default: _unpadded,
}
