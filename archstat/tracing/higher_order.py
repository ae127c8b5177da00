"""Ops that take functions: a branch, a loop, attention with a score of its own. They run as the code they stand for.

One entry of :data:`HIGHER_ORDER` is one of them. It is called with the op's own arguments, while the recorder looks on.
Where it asks for a value that does not exist (an activation chooses the branch), the op that asks for it fails, and the
network is run for real.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.overrides import TorchFunctionMode

from archstat.tracing import jagged, torch_private
from archstat.tracing.nested import tensors_in


def is_higher_order(op: Any) -> bool:
    """Whether an op takes functions."""
    return isinstance(op, torch_private.HigherOrderOperator)


def run_higher_order(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run what a higher-order op stands for.

    Raises:
        NotImplementedError: The op is none of those that are known.
    """
    known = HIGHER_ORDER.get(op._name)
    if known is None:
        raise NotImplementedError(f"the higher-order op {op._name!r} cannot be traced")
    return known(*args, **kwargs)


class AboveAutograd(TorchFunctionMode):
    """Sees what autograd does not: higher-order ops, which it runs as what they stand for, and complex convolutions.

    Attention over jagged tensors too, for which torch chooses a kernel above its ops.

    Of a complex convolution autograd sees three real ones, which its products come down to.
    """

    def __init__(self, tell_convolution: Callable[[bool], None] = lambda _: None) -> None:
        """Tell when a complex convolution begins, by ``True``, and when it is over, by ``False``."""
        super().__init__()
        self._tell_convolution = tell_convolution

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One function of torch's; of the higher-order ops those that are known."""
        del types
        # By the name first: whether something is of a class without instances of its own, Python finds out slowly.
        if getattr(func, "_name", None) in HIGHER_ORDER and is_higher_order(func):
            with self:
                return run_higher_order(func, args, kwargs or {})
        if func is F.scaled_dot_product_attention and jagged.is_attention(args, kwargs or {}):
            return jagged.attention(*args, **(kwargs or {}))
        if func not in _CONVOLUTIONS or not any(tensor.is_complex() for tensor in tensors_in((args, kwargs))):
            return func(*args, **(kwargs or {}))
        self._tell_convolution(True)
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self._tell_convolution(False)


_CONVOLUTIONS = frozenset(
    {
        torch.conv1d,
        torch.conv2d,
        torch.conv3d,
        torch.conv_transpose1d,
        torch.conv_transpose2d,
        torch.conv_transpose3d,
    }
)


def _cond(chosen: Any, if_true: Callable[..., Any], if_false: Callable[..., Any], operands: Sequence[Any]) -> Any:
    return if_true(*operands) if bool(chosen) else if_false(*operands)


def _while_loop(
    goes_on: Callable[..., Any], body: Callable[..., Any], carried: Sequence[Any], others: Sequence[Any], **_: Any
) -> Any:
    while bool(goes_on(*carried, *others)):
        carried = body(*carried, *others)
    return tuple(carried)


def _map(function: Callable[..., Any], xs: Sequence[Tensor], others: Sequence[Any]) -> Any:
    steps = [function(*[x[step] for x in xs], *others) for step in range(xs[0].shape[0])]
    return tuple(map(torch.stack, zip(*steps, strict=True)))


def _scan(combine: Callable[..., Any], carried: Sequence[Any], xs: Sequence[Tensor], others: Sequence[Any]) -> Any:
    outputs = []
    count = len(carried)
    for step in range(xs[0].shape[0]):
        found = combine(*carried, *[x[step] for x in xs], *others)
        carried, made = found[:count], found[count:]
        outputs.append(made)
    return (*carried, *map(torch.stack, zip(*outputs, strict=True)))


def _flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score: Callable[..., Any],
    block_mask: Sequence[Any],
    scale: float,
    *_: Any,
    **__: Any,
) -> Any:
    """As attention with any other mask: in full, but for whole blocks left out. What ``score`` does is not counted."""
    del score
    scores = _scores(query, key, block_mask)
    if scores < math.prod(query.shape[:-1]) * key.shape[-2]:
        out = torch.ops.archstat.block_attention(query, key, value, scores)
    else:
        is_grouped = query.shape[1] != key.shape[1]
        out = F.scaled_dot_product_attention(query, key, value, scale=scale, enable_gqa=is_grouped)
    # Beside the output the op returns a logarithm and a maximum for each query, of which only the shape matters here.
    rows = query.new_empty(query.shape[:-1], dtype=torch.float32)
    return out, rows, rows


def _scores(query: Tensor, key: Tensor, block_mask: Sequence[Any]) -> int:
    """How many scores there are in the blocks that a mask keeps; a kernel skips the others."""
    height, width = block_mask[-3], block_mask[-2]
    queries, keys = query.shape[-2], key.shape[-2]
    with torch_private.no_dispatch():  # what is asked of the mask is no work of the network's
        kept = 0
        for counts, places in zip(block_mask[2:6:2], block_mask[3:6:2], strict=True):
            if not isinstance(counts, Tensor):
                continue
            is_kept = torch.arange(places.shape[-1], device=places.device) < counts[..., None]
            columns = ((keys - places * width).clamp(0, width) * is_kept).sum(-1)
            rows = (queries - torch.arange(counts.shape[-1], device=counts.device) * height).clamp(0, height)
            heads = math.prod(query.shape[:-2]) // math.prod(counts.shape[:-1])  # that one mask is for
            kept += heads * int((columns * rows).sum())
    return kept


_LIBRARY = torch.library.Library("archstat", "DEF")  # type: ignore[no-untyped-call]  # torch gives it no types
_BLOCK_ATTENTION = "block_attention(Tensor query, Tensor key, Tensor value, int scores) -> Tensor"
_LIBRARY.define(_BLOCK_ATTENTION)  # type: ignore[no-untyped-call]  # likewise


def _block_attention(query: Tensor, key: Tensor, value: Tensor, scores: int) -> Tensor:
    """What attention over some blocks returns: its shape. It is recorded, and never worked out."""
    del key, scores
    return query.new_zeros((*query.shape[:-1], value.shape[-1]))


_LIBRARY.impl("block_attention", _block_attention, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]  # likewise


HIGHER_ORDER: dict[str, Callable[..., Any]] = {
    "cond": _cond,
    "while_loop": _while_loop,
    "map_impl": _map,
    "scan": _scan,
    "flex_attention": _flex_attention,
}
