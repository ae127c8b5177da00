"""What torch declares of each op: its plain name, whether it views, writes in place or falls apart into other ops."""

from __future__ import annotations

from typing import Any

import msgspec
import torch

from archstat.records import Nature
from archstat.tracing.shapes import ANY_LAYOUT, SHAPES, ShapeRule

_aten = torch.ops.aten

_UPSAMPLINGS = (
    "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d upsample_nearest1d "
    "upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
    "_upsample_nearest_exact3d"
).split()

#: Composite ops that stay one op of the trace, because their parts depend on the device and their cost does not.
#: Every other composite op is replaced by the ops that it runs.
WHOLE = frozenset(
    {
        _aten.conv1d.default,
        _aten.conv2d.default,
        _aten.conv3d.default,
        _aten.conv1d.padding,
        _aten.conv2d.padding,
        _aten.conv3d.padding,
        _aten.conv_transpose1d.default,
        _aten.conv_transpose2d.input,
        _aten.conv_transpose3d.input,
        _aten.linear.default,
        _aten.rms_norm.default,
        _aten.scaled_dot_product_attention.default,
        _aten.lstm.input,
        _aten.lstm.data,
        _aten.gru.input,
        _aten.gru.data,
        _aten.rnn_tanh.input,
        _aten.rnn_tanh.data,
        _aten.rnn_relu.input,
        _aten.rnn_relu.data,
        *[getattr(_aten, name).vec for name in _UPSAMPLINGS],
    }
)


class OpInfo(msgspec.Struct, frozen=True):
    """One op.

    Attributes:
        name: Its plain name (:attr:`archstat.records.OpCall.op`).
        nature: What torch declares it to be.
        shape: Its entry in the fast path, if it has one.
        takes_any_layout: That entry holds for inputs of any strides, not for contiguous ones only.
        is_composite: It is to be replaced by the ops that it runs.
        writes: The positions of the arguments that it writes to.
        is_random: It draws from the random number generator.
        makes: It takes no tensor and makes one: ``zeros``, ``arange``.
        scratch_dtype: The type of a second tensor of its output's size that it allocates and drops, if it does.
    """

    name: str
    nature: Nature
    shape: ShapeRule | None
    takes_any_layout: bool
    is_composite: bool
    writes: tuple[int, ...]
    is_random: bool
    makes: bool
    scratch_dtype: torch.dtype | None


_known: dict[Any, OpInfo] = {}


def info(op: Any) -> OpInfo:
    """What torch declares of ``op`` (a ``torch._ops.OpOverload``)."""
    return _known.get(op) or _known.setdefault(op, _learn(op))


def _learn(op: Any) -> OpInfo:
    arguments = op._schema.arguments
    composite = torch._C._dispatch_has_kernel_for_dispatch_key(op.name(), "CompositeImplicitAutograd")
    return OpInfo(
        name=plain_name(op),
        nature=_nature(op),
        shape=SHAPES.get(op),
        takes_any_layout=op in ANY_LAYOUT,
        is_composite=composite and op not in WHOLE,
        writes=tuple(i for i, a in enumerate(arguments) if a.alias_info is not None and a.alias_info.is_write),
        is_random=torch.Tag.nondeterministic_seeded in op.tags,
        makes=not any("Tensor" in str(argument.type) for argument in arguments),
        # Pooling finds the indices of the maxima too, also where nobody asked for them.
        scratch_dtype=torch.int64 if op is _aten.max_pool2d.default else None,
    )


def _nature(op: Any) -> Nature:
    if torch.Tag.pointwise in op.tags:
        return "pointwise"
    is_view = op.is_view or torch.Tag.inplace_view in op.tags or op is _aten._unsafe_view.default
    return "view" if is_view else "other"


def plain_name(op: Any) -> str:
    """One name for all forms of an op: ``aten::_softmax`` → ``softmax``, ``aten::relu_`` → ``relu``."""
    namespace, _, name = op.name().partition("::")
    name = name.partition(".")[0]
    if namespace != "aten":
        return f"{namespace}::{name}"
    return str(name.strip("_").removeprefix("native_"))
