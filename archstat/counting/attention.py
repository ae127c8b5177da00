"""Attention: the products of activations with each other, beside those with weights."""

from __future__ import annotations

import functools

from archstat.counting.rules import cost_of
from archstat.records import OpCall, Trace

_FUSED = (
    "scaled_dot_product_",
    "flash_attention_",
    "efficient_attention_",
    "cudnn_attention_",
    "archstat::block_attention",
    "archstat::jagged_attention",
)
"""How the names of torch's attention in one op begin; those that project too are not among them."""
_PRODUCTS = frozenset("mm bmm mv dot vdot matmul addmm addmv baddbmm addbmm".split())


def attention_macs(trace: Trace) -> int:
    """The multiply-accumulates of attention, and of matrix products whose two sides both depend on the input.

    Queries times keys and weights times values are in it; the projections are not, and neither are products with
    weights, with embedded positions, or with constants.
    """
    # What was there before the pass and is no parameter, which has a negative index, is an input.
    moving = {index for index, life in enumerate(trace.storages) if life.born < 0}
    macs = 0
    for op in trace.ops:
        for spec in op.tensors():
            if spec.storage in moving:
                moving.update([made.storage for made in op.outputs if made.storage >= 0])
                break
        if is_fused(op) or (op.op in _PRODUCTS and _factors_move(op, moving)):
            cost = cost_of(op)
            macs += cost.macs if cost is not None else 0
    return macs


def is_fused(op: OpCall) -> bool:
    """Whether both products are this one op."""
    return _is_fused_name(op.op)


@functools.cache
def _is_fused_name(name: str) -> bool:
    return name.startswith(_FUSED)


def _factors_move(op: OpCall, moving: set[int]) -> bool:
    """Whether both factors do, which stand after what is added to the product."""
    return all(spec.storage in moving for spec in op.tensors()[-2:])
