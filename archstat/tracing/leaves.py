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
from archstat.tracing import torch_private
from archstat.tracing.ops import OpInfo, info
from archstat.tracing.recorder import Recorder
from archstat.tracing.shapes import SAME

#: The attributes of a layer when it runs → its op, the parameters and buffers that follow the input, and the arguments
#: after those; ``None`` for an unusual setting.
Bound = tuple[OpInfo, tuple["Tensor | None", ...], tuple[Any, ...]]
Leaf = Callable[[dict[str, Any]], "Bound | None"]

#: A layer and its input → its output and the record of that, or ``None`` where the layer's own ``forward`` must answer.
Shortcut = Callable[[nn.Module, Tensor], "tuple[Tensor, TensorSpec] | None"]

_aten = torch.ops.aten
_CONV2D, _LINEAR, _BATCH_NORM = info(_aten.conv2d.default), info(_aten.linear.default), info(_aten.batch_norm.default)
_RELU, _RELU_IN_PLACE = info(_aten.relu.default), info(_aten.relu_.default)
_DROPOUT, _DROPOUT_IN_PLACE = info(_aten.dropout.default), info(_aten.dropout_.default)
_MAX_POOL2D, _AVG_POOL2D = info(_aten.max_pool2d.default), info(_aten.avg_pool2d.default)


def _pair(value: int | Sequence[int]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _own(state: dict[str, Any]) -> tuple[Tensor | None, Tensor | None]:
    """The weight and the bias of a layer, as its ``forward`` would find them.

    Raises:
        KeyError: One is no parameter: pruning and weight normalization keep another, and compute this one.
    """
    if "weight" in state or "bias" in state:  # an attribute, which Python would find before the parameter
        raise KeyError
    parameters = state["_parameters"]
    return parameters["weight"], parameters["bias"]


def _conv2d(state: dict[str, Any]) -> Bound | None:
    padding = state["padding"]
    if state["padding_mode"] != "zeros" or padding.__class__ is str:
        return None
    return _CONV2D, _own(state), (state["stride"], padding, state["dilation"], state["groups"])


def _linear(state: dict[str, Any]) -> Bound:
    return _LINEAR, _own(state), ()


def _batch_norm2d(state: dict[str, Any]) -> Bound | None:
    running = state["_buffers"]
    mean, momentum = running["running_mean"], state["momentum"]
    if mean is None or state["training"] or "running_mean" in state or "running_var" in state:
        return None
    own = (*_own(state), mean, running["running_var"])
    return _BATCH_NORM, own, (False, 0.0 if momentum is None else momentum, state["eps"], torch_private.has_cudnn())


def _relu(state: dict[str, Any]) -> Bound:
    return (_RELU_IN_PLACE if state["inplace"] else _RELU), (), ()


def _dropout(state: dict[str, Any]) -> Bound | None:
    return (
        None if state["training"] else ((_DROPOUT_IN_PLACE if state["inplace"] else _DROPOUT), (), (state["p"], False))
    )


def _max_pool2d(state: dict[str, Any]) -> Bound | None:
    if state["return_indices"]:
        return None
    window = [_pair(state[name]) for name in ("kernel_size", "stride", "padding", "dilation")]
    return _MAX_POOL2D, (), (*window, state["ceil_mode"])


def _avg_pool2d(state: dict[str, Any]) -> Bound:
    window = [_pair(state[name]) for name in ("kernel_size", "stride", "padding")]
    return _AVG_POOL2D, (), (*window, state["ceil_mode"], state["count_include_pad"], state["divisor_override"])


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


def shortcut(kind: type[nn.Module], recorder: Recorder) -> Shortcut | None:
    """The short way through layers of a class, if there is one."""
    leaf = LEAVES.get(kind)
    if leaf is None or kind.forward is not _FORWARDS[kind]:
        return None
    return _answer(leaf, _RANKS.get(kind, 4), recorder)


def _answer(leaf: Leaf, rank: int, recorder: Recorder) -> Shortcut:
    def answer(module: nn.Module, x: Tensor) -> tuple[Tensor, TensorSpec] | None:
        if x.__class__ is not Tensor or not x.is_meta or (rank and x.dim() != rank) or not x.is_contiguous():
            return None
        if _vmap_level() is not None or _has_autocast():  # a dimension is hidden, or types change on the way
            return None
        try:
            bound = leaf(module.__dict__)
            if bound is None:
                return None
            op, own, settings = bound
            specs = recorder.own_specs(own) if own else own
        except KeyError:  # the layer is not as torch makes it, or has other parameters than before the pass
            return None
        size = None if op.shape is None else op.shape(x, *own, *settings)
        # A second mode on the stack is somebody else's, who has to see the op itself.
        if size is None or _modes() != 1:
            return None
        if size is SAME:  # no tensor is made, which the recorder would see
            return recorder.answer(op, (recorder.spec(x), *specs, *settings), None, x, size)
        # The output is made by an op too, which the recorder would take for one of the network's.
        with _no_dispatch():
            return recorder.answer(op, (recorder.spec(x), *specs, *settings), None, x, size)

    return answer


# Names that are looked up once: this is run for every layer of every network.
_vmap_level = torch_private.vmap_level
_has_autocast = torch_private.has_autocast
_modes = torch_private.dispatch_depth
_no_dispatch = torch_private.no_dispatch
