"""Ops that take functions: a branch, a loop, attention with a score of its own. They run as the code they stand for.

One entry of :data:`HIGHER_ORDER` is one of them. It is called with the op's own arguments, while the recorder looks on.
Where it asks for a value that does not exist (an activation chooses the branch), the op that asks for it fails, and the
network is run for real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.overrides import TorchFunctionMode


def is_higher_order(op: Any) -> bool:
    """Whether an op takes functions."""
    return isinstance(op, torch._ops.HigherOrderOperator)


def run_higher_order(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run what a higher-order op stands for.

    Raises:
        NotImplementedError: It is none of those that are known.
    """
    known = HIGHER_ORDER.get(op._name)
    if known is None:
        raise NotImplementedError(f"the higher-order op {op._name!r} cannot be traced")
    return known(*args, **kwargs)


class AboveAutograd(TorchFunctionMode):
    """Runs higher-order ops as what they stand for before autograd sees them, so that it sees what is in them."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One function of torch's; of the higher-order ops those that are known."""
        del types
        if is_higher_order(func) and func._name in HIGHER_ORDER:
            with self:
                return run_higher_order(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


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
    """As attention with any other mask: in full. What ``score`` does to each score is not counted."""
    del score
    _refuse_left_out_blocks(query, key, block_mask)
    is_grouped = query.shape[1] != key.shape[1]
    out = F.scaled_dot_product_attention(query, key, value, scale=scale, enable_gqa=is_grouped)
    rows = query.new_empty(query.shape[:-1], dtype=torch.float32)
    return out, rows, rows


def _refuse_left_out_blocks(query: Tensor, key: Tensor, block_mask: Sequence[Any]) -> None:
    """A kernel skips the blocks that a mask leaves out: attention in full would be too much."""
    whole = -(-query.shape[-2] // block_mask[-3]) * -(-key.shape[-2] // block_mask[-2])
    partly, fully = block_mask[2], block_mask[4]
    taken = partly + fully if isinstance(fully, Tensor) else partly
    if not bool((taken.sum(-1) == whole).all()):
        raise NotImplementedError("attention with a mask that leaves out whole blocks cannot be counted")


HIGHER_ORDER: dict[str, Callable[..., Any]] = {
    "cond": _cond,
    "while_loop": _while_loop,
    "map_impl": _map,
    "scan": _scan,
    "flex_attention": _flex_attention,
}
