"""What torch declares of each op: its plain name, whether it views, writes in place or falls apart into other ops."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import torch
from torch import Tensor

from archstat.records import Nature
from archstat.tracing import torch_private
from archstat.tracing.grouped import GROUPED
from archstat.tracing.jagged import WITHOUT_VALUES
from archstat.tracing.recurrent import PACKING, RECURRENT
from archstat.tracing.refusals import REFUSALS, UNSAFE, Refusal
from archstat.tracing.shapes import ANY_LAYOUT, SHAPES, ShapeRule
from archstat.tracing.stand_ins import TRIED, refuse_types

_aten = torch.ops.aten

_UPSAMPLINGS = (
    "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d upsample_nearest1d "
    "upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
    "_upsample_nearest_exact3d"
).split()

#: Composite ops that stay one op of the trace, because their parts depend on the device and their cost does not.
#: Every other composite op is replaced by the ops that it runs.
KEPT_WHOLE = frozenset(
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
        _aten.max_pool1d.default,  # which finds indices too where a dispatch mode looks on
        _aten.scaled_dot_product_attention.default,
        # which ask for the vectors too where a dispatch mode looks on
        _aten.linalg_svdvals.default,
        _aten.linalg_eigvals.default,
        _aten.linalg_eigvalsh.default,
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


def _with_its_terms(op: Any) -> Callable[..., Tensor]:
    """A loss whose sum a CPU leaves in the memory of all its terms."""

    def loss(x: Tensor, target: Tensor, *rest: Any, **named: Any) -> Tensor:
        out: Tensor = op(x, target, *rest, **named)
        terms = math.prod(torch.broadcast_shapes(x.shape, target.shape))  # type: ignore[no-untyped-call]  # torch's own
        return out if out.dim() else torch.empty(max(terms, 1), dtype=out.dtype, device=out.device).resize_(())

    return loss


def _without_statistics(op: Any, training: int | None = None) -> Callable[..., Any]:
    """Batch norm that hands on no statistics of the batch at inference, as on a CPU."""

    def norm(*args: Any, **named: Any) -> Any:
        out = op(*args, **named)
        if training is not None and args[training]:
            return out
        return out[0], *[statistics.new_empty(0) for statistics in out[1:]]

    return norm


#: Ops whose meta kernel shares memory where a CPU makes it, or makes it where a CPU shares: what is run in their place.
_ON_META: dict[Any, Callable[..., Any]] = {
    _aten.unsafe_split.Tensor: _aten.split.Tensor,
    _aten.unsafe_split_with_sizes.default: _aten.split_with_sizes.default,
    _aten._sparse_addmm.default: _aten.addmm.default,
    **{
        op: _with_its_terms(op)
        for op in (
            _aten.mse_loss.default,
            _aten.smooth_l1_loss.default,
            _aten.soft_margin_loss.default,
            _aten.binary_cross_entropy.default,
        )
    },
    **GROUPED,
    **RECURRENT,
    **WITHOUT_VALUES,
    **PACKING,
    _aten.native_batch_norm.default: _without_statistics(_aten.native_batch_norm.default, 5),
    _aten._native_batch_norm_legit.default: _without_statistics(_aten._native_batch_norm_legit.default, 5),
    _aten._native_batch_norm_legit_no_training.default: _without_statistics(
        _aten._native_batch_norm_legit_no_training.default
    ),
    _aten.native_dropout.default: lambda x, *rest: _aten.native_dropout.default(x.clone(), *rest),
    _aten.channel_shuffle.default: lambda x, groups: _aten.channel_shuffle.default(x.clone(), groups),
}


#: Ops whose meta kernel is asked about dense twins of the sparse tensors that they take.
_DENSE_OF_SPARSE = frozenset(
    {
        _aten.mm.default,
        _aten.bmm.default,
        _aten.mv.default,
        _aten.addmm.default,
        _aten.addmm_.default,
        _aten.addmv.default,
        _aten.addmv_.default,
        _aten.baddbmm.default,
        _aten._sparse_addmm.default,
        _aten.linear.default,
    }
)


class OpInfo(msgspec.Struct, frozen=True):
    """What is known of one op of torch's.

    Attributes:
        name: The plain name of the op (:attr:`archstat.records.OpCall.op`).
        nature: What torch declares the op to be.
        shape: The entry of the op in the fast path, if it has one.
        takes_any_layout: Whether ``shape`` holds for inputs of any strides, not for contiguous ones only.
        is_composite: Whether the op is to be replaced by the ops that it runs.
        on_meta: What is run for tensors without values: the op itself, or what shares memory as a CPU does.
        writes: The positions of the arguments that the op writes to.
        is_random: Whether the op draws from the random number generator.
        makes: Whether the op takes no tensor and makes one: ``zeros``, ``arange``.
        takes_sparse: Whether what the op makes of sparse tensors is dense, and as large as what it makes of dense ones.
        scratch_dtype: The type of a second tensor of its output's size that it allocates and drops, if it does.
        is_tried: Whether torch takes the types of its tensors is found out (:mod:`archstat.tracing.stand_ins`).
        refusal: What refuses sizes, and known values, that torch's kernel without values takes.
        is_unsafe: Whether the op refuses what the kernel with values takes as well, and should not.
        is_remembered: Whether what the op makes depends on nothing but its arguments as they are without values, and
            torch itself makes it (:mod:`archstat.tracing.remembered`).
        makes_several: Whether what the op returns is a tuple.
    """

    name: str
    nature: Nature
    shape: ShapeRule | None
    takes_any_layout: bool
    is_composite: bool
    on_meta: Callable[..., Any]
    writes: tuple[int, ...]
    is_random: bool
    makes: bool
    takes_sparse: bool
    scratch_dtype: torch.dtype | None
    is_tried: bool
    refusal: Refusal | None
    is_unsafe: bool
    is_remembered: bool
    makes_several: bool


_known: dict[Any, OpInfo] = {}


def info(op: Any) -> OpInfo:
    """What torch declares of ``op`` (an overload of an op)."""
    return _known.get(op) or _known.setdefault(op, _learn(op))


def _learn(op: Any) -> OpInfo:
    arguments = op._schema.arguments
    try:
        composite = torch_private.has_kernel(op.name(), "CompositeImplicitAutograd")
    except RuntimeError:  # an op that the dispatcher does not know: the sizes of nested tensors are asked for so
        composite = False
    name, nature = plain_name(op), _nature(op)
    is_random = torch.Tag.nondeterministic_seeded in op.tags
    return OpInfo(
        name=name,
        nature=nature,
        shape=SHAPES.get(op),
        takes_any_layout=op in ANY_LAYOUT,
        is_composite=composite and op not in KEPT_WHOLE,
        on_meta=_ON_META.get(op, op),
        writes=tuple(i for i, a in enumerate(arguments) if a.alias_info is not None and a.alias_info.is_write),
        is_random=is_random,
        makes=not any("Tensor" in str(argument.type) for argument in arguments),
        takes_sparse=op in _DENSE_OF_SPARSE,
        # Pooling finds the indices of the maxima too, also where nobody asked for them.
        scratch_dtype=torch.int64 if op is _aten.max_pool2d.default else None,
        is_tried=op.namespace == "aten" and not is_random and (name in TRIED or _is_pointwise(op)),
        refusal=REFUSALS.get(name),
        is_unsafe=name in UNSAFE,
        is_remembered=_is_remembered(op) and not (composite and op not in KEPT_WHOLE),
        makes_several=len(op._schema.returns) > 1,
    )


def _is_remembered(op: Any) -> bool:
    """Whether torch's kernel makes tensors, and nothing else, of what it is told about others."""
    declared = op._schema
    return (
        op.namespace in {"aten", "prims"}
        and op not in _ON_META
        and op not in _OF_VALUES
        and (torch.Tag.nondeterministic_seeded not in op.tags or op in KEPT_WHOLE)  # attention may drop some of itself
        and bool(declared.returns)
        and all(str(each.type) == "Tensor" and each.alias_info is None for each in declared.returns)
        and all(each.alias_info is None for each in declared.arguments)
        and any("Tensor" in str(each.type) for each in declared.arguments)
    )


_OF_VALUES = frozenset({_aten.index.Tensor, _aten.lift_fresh.default, _aten.lift.default})
"""Ops of which more is known than tensors without values tell, or which hand on what they are given."""


def refuse_impossible(info: OpInfo, op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise what torch raises in a real run, where its kernel without values takes what it is given.

    Raises:
        Exception: Of torch's own class, and in its words.
    """
    if info.refusal is not None:
        names, defaults = _declared(op)
        info.refusal({**defaults, **dict(zip(names, args, strict=False)), **kwargs})
    if info.is_tried:
        refuse_types(op, args, kwargs)


@functools.cache
def _declared(op: Any) -> tuple[list[str], dict[str, Any]]:
    """The names of an op's arguments, and what those stand for that are left out."""
    declared = op._schema.arguments
    defaults = {argument.name: argument.default_value for argument in declared if argument.has_default_value()}
    return [argument.name for argument in declared], defaults


def fall_apart(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the ops that a composite op stands for, by the kernel that a CPU runs.

    Torch registers other kernels in Python for some of them, which ``decompose`` prefers. They are made for tracing:
    dropout at inference copies its input, and a product of matrices or a padded sequence allocates more.
    """
    return torch_private.as_written(op, args, kwargs)


def at_home(
    op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], home: torch.device
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """What ``to`` is asked where activations are on the device of the weights, and not on meta beside them.

    A tensor that is there already is not copied; a move to or from any other device stays what it is.
    """
    own = args[0].device
    if op is _aten.to.other and _is_home(own, home) and _is_home(args[1].device, home):
        return _aten.to.dtype, (args[0], args[1].dtype, *args[2:]), kwargs
    if op is _aten.to.device and _is_home(own, home) and _is_home(args[1], home):
        return op, (args[0], own, *args[2:]), kwargs
    device = kwargs.get("device")
    if device is not None and _is_home(own, home) and _is_home(device, home):
        return op, args, {**kwargs, "device": own}
    return op, args, kwargs


def _is_home(device: torch.device, home: torch.device) -> bool:
    return device.type == "meta" or (device.type == home.type and device.index in (None, home.index))


def _is_pointwise(op: Any) -> bool:
    """Whether torch tags it so, or the form of it that writes nowhere: of some, that alone has the tag."""
    packet = getattr(_aten, op._schema.name.partition("::")[2].removesuffix("_"), op.overloadpacket)
    forms = [getattr(packet, overload) for overload in packet.overloads()]
    return any(torch.Tag.pointwise in form.tags for form in (op, *forms))


def _nature(op: Any) -> Nature:
    if torch.Tag.pointwise in op.tags or _is_pointwise_prim(op):
        return "pointwise"
    is_view = op.is_view or torch.Tag.inplace_view in op.tags or op is _aten._unsafe_view.default
    return "view" if is_view else "other"


def _is_pointwise_prim(op: Any) -> bool:
    """Whether an op is the pointwise one of that name in torch's set of primitives, which has no tags."""
    if op.namespace != "prims":
        return False
    aten = getattr(_aten, op._schema.name.partition("::")[2], None)
    return aten is not None and any(torch.Tag.pointwise in getattr(aten, form).tags for form in aten.overloads())


def plain_name(op: Any) -> str:
    """One name for all forms of an op: ``aten::_softmax`` → ``softmax``, ``aten::relu_`` → ``relu``."""
    namespace, _, name = op.name().partition("::")
    name = name.partition(".")[0]
    if namespace == "prims" and hasattr(_aten, name):  # which derivatives forwards are written in
        namespace = "aten"
    if namespace != "aten":
        return _QUANTIZED_LIKE_PLAIN.get(f"{namespace}::{name}", f"{namespace}::{name}")
    return _QUANTIZED_LIKE_PLAIN.get(name, str(name.strip("_").removeprefix("native_")))


_QUANTIZED_LIKE_PLAIN = {
    "quantized_max_pool1d": "max_pool1d",
    "quantized_max_pool2d": "max_pool2d",
    "quantized::max_pool1d": "max_pool1d",
    "quantized::max_pool2d": "max_pool2d",
    "quantized::cat": "cat",
}
"""Ops on quantized tensors that take the arguments of plain ones and do the same work."""
