"""How deep a network is: the layers with weights on the longest way from the input to the output."""

from __future__ import annotations

from archstat.records import Trace

_WEIGHTED = frozenset(
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution mkldnn_convolution linear mm "
    "bmm addmm baddbmm matmul bilinear lstm gru rnn_tanh rnn_relu".split()
)


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
        is_weighted = op.op in _WEIGHTED and has_weight
        for spec in op.outputs:
            # By memory: a result in place, and a view, lie behind what was there already.
            behind[spec.storage] = max(behind.get(spec.storage, 0), before + is_weighted)
    outputs = trace.calls[0].outputs if trace.calls else ()
    return max((behind.get(spec.storage, 0) for spec in outputs), default=0)
