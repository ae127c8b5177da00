"""How deep a network is: the layers with weights on the longest way from the input to the output."""

from __future__ import annotations

from archstat.counting.attention import is_fused
from archstat.counting.entries import FREE
from archstat.counting.rules import cost_of
from archstat.records import OpCall, Trace


def depth(trace: Trace) -> int:
    """The 8 of AlexNet, the 22 of GoogLeNet, the 152 of ResNet-152.

    Of branches beside each other the longest counts, so the projection of a shortcut does not. The two layers of an SE
    block lie on the way and count.
    """
    behind: dict[int, int] = {}
    for op in trace.ops:
        specs = op.tensors()
        before = max((behind.get(spec.storage, 0) for spec in specs), default=0)
        has_weight = any(spec.storage < 0 and len(spec.shape) > 1 for spec in specs)
        is_weighted = has_weight and _multiplies(op)
        for spec in op.outputs:
            # By memory: a result in place, and a view, lie behind what was there already.
            behind[spec.storage] = max(behind.get(spec.storage, 0), before + is_weighted)
    outputs = trace.calls[0].outputs if trace.calls else ()
    return max((behind.get(spec.storage, 0) for spec in outputs), default=0)


def _multiplies(op: OpCall) -> bool:
    """Whether an op is a layer where it meets weights; of attention what is learned is what it asks for."""
    return bool((cost_of(op) or FREE).macs) and not is_fused(op)
