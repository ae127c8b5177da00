"""The fast path of torch's own layers: the op that a layer's ``forward`` runs is recorded without running it.

Python's way from ``Conv2d.forward`` down to the dispatcher takes longer than the record itself. One entry of
:data:`LEAVES` names a layer's op and the arguments that follow its input; the op's output size comes from
:data:`archstat.tracing.shapes.SHAPES`. A subclass, a changed ``forward``, an unusual setting or input takes the long
way. The tests trace every entry both ways and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from archstat.records import TensorSpec
from archstat.tracing.ops import OpInfo, info
from archstat.tracing.recorder import Recorder

#: A layer → its op, the parameters and buffers that follow the input, and the arguments after those; ``None`` for an
#: unusual setting.
Bound = tuple[OpInfo, tuple["Tensor | None", ...], tuple[Any, ...]]
Leaf = Callable[[Any], "Bound | None"]

#: A layer's input → its output and the record of that, or ``None`` where the layer's own ``forward`` must answer.
Shortcut = Callable[[Tensor], "tuple[Tensor, TensorSpec] | None"]

_aten = torch.ops.aten
_CONV2D, _LINEAR, _BATCH_NORM = info(_aten.conv2d.default), info(_aten.linear.default), info(_aten.batch_norm.default)
_RELU, _RELU_IN_PLACE = info(_aten.relu.default), info(_aten.relu_.default)
_DROPOUT, _DROPOUT_IN_PLACE = info(_aten.dropout.default), info(_aten.dropout_.default)
_MAX_POOL2D, _AVG_POOL2D = info(_aten.max_pool2d.default), info(_aten.avg_pool2d.default)


def _pair(value: int | Sequence[int]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _conv2d(m: nn.Conv2d) -> Bound | None:
    if m.padding_mode != "zeros" or isinstance(m.padding, str):
        return None
    own = m._parameters
    return _CONV2D, (own["weight"], own["bias"]), (m.stride, m.padding, m.dilation, m.groups)


def _linear(m: nn.Linear) -> Bound:
    return _LINEAR, (m._parameters["weight"], m._parameters["bias"]), ()


def _batch_norm2d(m: nn.BatchNorm2d) -> Bound | None:
    own, running = m._parameters, m._buffers
    if running["running_mean"] is None:
        return None
    statistics = (own["weight"], own["bias"], running["running_mean"], running["running_var"])
    momentum = 0.0 if m.momentum is None else m.momentum
    return _BATCH_NORM, statistics, (False, momentum, m.eps, torch._C._get_cudnn_enabled())


def _relu(m: nn.ReLU) -> Bound:
    return (_RELU_IN_PLACE if m.inplace else _RELU), (), ()


def _dropout(m: nn.Dropout) -> Bound:
    return (_DROPOUT_IN_PLACE if m.inplace else _DROPOUT), (), (m.p, False)


def _max_pool2d(m: nn.MaxPool2d) -> Bound | None:
    if m.return_indices:
        return None
    window = (_pair(m.kernel_size), _pair(m.stride), _pair(m.padding), _pair(m.dilation))
    return _MAX_POOL2D, (), (*window, m.ceil_mode)


def _avg_pool2d(m: nn.AvgPool2d) -> Bound:
    window = (_pair(m.kernel_size), _pair(m.stride), _pair(m.padding))
    return _AVG_POOL2D, (), (*window, m.ceil_mode, m.count_include_pad, m.divisor_override)


LEAVES: dict[type[nn.Module], Leaf] = {
    nn.Conv2d: _conv2d,
    nn.Linear: _linear,
    nn.BatchNorm2d: _batch_norm2d,
    nn.ReLU: _relu,
    nn.Dropout: _dropout,
    nn.MaxPool2d: _max_pool2d,
    nn.AvgPool2d: _avg_pool2d,
}

_RANKS = {nn.Linear: 0, nn.ReLU: 0, nn.Dropout: 0}
"""Layers that take inputs of any rank; the others here want four dimensions."""

_FORWARDS = {kind: kind.forward for kind in LEAVES}


def shortcut(module: nn.Module, recorder: Recorder) -> Shortcut | None:
    """The short way through a layer, if there is one."""
    kind = type(module)
    leaf = LEAVES.get(kind)
    if leaf is None or kind.forward is not _FORWARDS[kind]:
        return None
    bound = leaf(module)
    return None if bound is None else _answer(*bound, _RANKS.get(kind, 4), recorder)


def _answer(
    op: OpInfo, own: tuple[Tensor | None, ...], settings: tuple[Any, ...], rank: int, recorder: Recorder
) -> Shortcut:
    rule, rest = op.shape, (*own, *settings)
    specs = (*recorder.own_specs(own), *settings)
    if rule is None:
        message = f"The shortcut to {op.name} needs an entry in SHAPES."
        raise AssertionError(message)

    def answer(x: Tensor) -> tuple[Tensor, TensorSpec] | None:
        if x.__class__ is not Tensor or not x.is_meta or (rank and x.dim() != rank) or not x.is_contiguous():
            return None
        if torch._C._functorch.maybe_current_level() is not None:
            return None  # within vmap a tensor hides one of its dimensions
        size = rule(x, *rest)
        if size is None or torch._C._len_torch_dispatch_stack() != 1:
            return None
        with torch._C._DisableTorchDispatch():
            return recorder.answer(op, (recorder.spec(x), *specs), None, x, size)

    return answer
