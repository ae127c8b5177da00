"""Two independent counters on the same network: fvcore's and torch's own.

Where one of them differs from us, a named rule says by how much and why; what no rule explains is left over, and the
tests demand that nothing is. fvcore is an optional dependency.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import msgspec
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archstat.counting.rules import cost_of
from archstat.records import OpCall, Trace
from archstat.tracing import trace


class Opinion(msgspec.Struct, frozen=True):
    """What another counter says of a network.

    Attributes:
        counter: Its name.
        total: Its number, as multiply-accumulates.
        macs: Ours.
        differences: What it adds to ours, by the rule that explains it; what it leaves out is negative.
    """

    counter: str
    total: int
    macs: int
    differences: dict[str, int]

    @property
    def unexplained(self) -> int:
        """What is left of the difference after all rules."""
        return self.total - self.macs - sum(self.differences.values())


def fvcore(model: nn.Module, *inputs: Any) -> Opinion:
    """Ask fvcore's ``FlopCountAnalysis``, whose "flops" are multiply-accumulates; it runs the network for real.

    Args:
        model: A network whose parameters have values.
        inputs: Inputs with values.
    """
    from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - optional

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        analysis = FlopCountAnalysis(model.eval(), inputs)
        total = analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False).total()
    return _opinion("fvcore", int(total), trace(model, inputs), FVCORE)


def flop_counter_mode(model: nn.Module, *inputs: Any) -> Opinion:
    """Ask torch's ``FlopCounterMode``, whose FLOPs are twice the multiply-accumulates.

    On the meta device attention falls apart into the products that it counts; on a CPU it counts none of it.
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(*inputs)
    return _opinion("FlopCounterMode", counter.get_total_flops() // 2, trace(model, inputs), {})


Difference = tuple[str, Callable[[OpCall, int], int]]
"""The name of a rule, and what the other counter adds for one op whose multiply-accumulates we count as given."""


def _opinion(counter: str, total: int, found: Trace, rules: dict[str, Difference]) -> Opinion:
    macs = 0
    differences: dict[str, int] = {}
    for op in found.ops:
        cost = cost_of(op)
        own = cost.macs if cost is not None else 0
        macs += own
        if op.op in rules:
            name, difference = rules[op.op]
            differences[name] = differences.get(name, 0) + difference(op, own)
    return Opinion(counter, total, macs, {name: value for name, value in differences.items() if value})


def _elements(tensor: int, factor: int) -> Callable[[OpCall, int], int]:
    """So many for each element of the op's first input (0) or output (1)."""

    def count(op: OpCall, _: int) -> int:
        spec = op.outputs[0] if tensor else op.tensors()[0]
        return factor * math.prod(spec.shape)

    return count


def _norm(op: OpCall, _: int) -> int:
    """4 for each element, 5 with weight and bias."""
    return math.prod(op.outputs[0].shape) * (5 if len(op.tensors()) > 1 else 4)


def _batch_norm(op: OpCall, _: int) -> int:
    """1 for each element, 2 with weight and bias."""
    has_weight = len(op.args) > 1 and op.args[1] is not None
    return math.prod(op.outputs[0].shape) * (2 if has_weight else 1)


def _missed(_: OpCall, macs: int) -> int:
    return -macs


#: One entry = one op that fvcore counts differently.
FVCORE: dict[str, Difference] = {
    "batch_norm": ("batch norm counts 2 an element", _batch_norm),
    "layer_norm": ("layer and group norm count 5 an element", _norm),
    "group_norm": ("layer and group norm count 5 an element", _norm),
    "adaptive_avg_pool2d": ("adaptive pooling counts 1 an input element", _elements(0, 1)),
    "upsample_nearest2d": ("nearest upsampling counts 1 an output element", _elements(1, 1)),
    "upsample_bilinear2d": ("bilinear upsampling counts 4 an output element", _elements(1, 4)),
    "grid_sampler_2d": ("grid sampling counts 4 an output element", _elements(1, 4)),
    "scaled_dot_product_attention": ("fused attention is not counted", _missed),
    "lstm": ("recurrent layers are not counted", _missed),
    "gru": ("recurrent layers are not counted", _missed),
    "rnn_tanh": ("recurrent layers are not counted", _missed),
    "baddbmm": ("baddbmm is not counted", _missed),
}
