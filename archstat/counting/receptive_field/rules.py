"""What each op does to the receptive field, from shapes alone.

One table, and so one file, however long: an op is looked up here and nowhere else.

One entry of :data:`FIELDS` is one op: a function from an :class:`~archstat.records.OpCall` and what its tensors see
(:class:`~archstat.counting.receptive_field.state.Sight`) to what its first output sees. An op without an entry unites
what its tensors see if torch tags it pointwise; what another one does to the field is not known, unless one of its
tensors sees the whole input already.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED, arg, args, first
from archstat.counting.receptive_field import state as sights
from archstat.counting.receptive_field.factors import sides_of
from archstat.counting.receptive_field.intervals import Footprint
from archstat.counting.receptive_field.state import Sight
from archstat.records import OpCall, Shape

#: What the op's tensors see; ``None`` for one that depends on no input.
SightOf = Callable[[Any], "Sight | None"]

#: The sight of the first output; ``None`` if it depends on no input. Views with several outputs give one for each.
FieldRule = Callable[[OpCall, SightOf], "Sight | Sequence[Sight] | None"]

#: One entry = what one op does to the field.
FIELDS: dict[str, FieldRule] = {}


def sight_of(call: OpCall, look: SightOf) -> Sight | Sequence[Sight] | None:
    """What one op's outputs see, as a :data:`FieldRule` says it."""
    rule = FIELDS.get(call.op)
    if rule is None:
        rule = _united if call.nature == "pointwise" else _not_followed
    return rule(call, look)


def _enter(names: str) -> Callable[[FieldRule], FieldRule]:
    def enter(rule: FieldRule) -> FieldRule:
        FIELDS.update(dict.fromkeys(names.split(), rule))
        return rule

    return enter


def _known(call: OpCall, look: SightOf) -> list[Sight]:
    """The sights of the tensors of an op that depend on the input."""
    return [sight for sight in map(look, call.tensors()) if sight is not None]


def _united(call: OpCall, look: SightOf) -> Sight | None:
    known = _known(call, look)
    return sights.united(known, call.outputs[0].shape) if known else None


def _not_followed(call: OpCall, look: SightOf) -> Sight | None:
    known = _known(call, look)
    if not known:
        return None
    is_whole = any(sight.is_whole for sight in known)
    return (sights.whole if is_whole else sights.lost)(len(known[0].spans), call.outputs[0].shape)


def _of_first(change: Callable[[OpCall, Sight], Sight | Sequence[Sight]]) -> FieldRule:
    """A rule for an op whose other arguments are constants; weights that depend on the input are not followed."""

    def rule(call: OpCall, look: SightOf) -> Sight | Sequence[Sight] | None:
        known = _known(call, look)
        is_first_alone = len(known) == 1 and look(first(call)) is not None
        return change(call, known[0]) if is_first_alone else _not_followed(call, look)

    return rule


# -- windows -----------------------------------------------------------------------------------------------------------


def _each(value: Any, axes: int) -> tuple[int, ...]:
    """One number stands for all axes."""
    numbers = tuple(value) if isinstance(value, Sequence) else (value,)
    return numbers * axes if len(numbers) == 1 else numbers


def _slid(sight: Sight, windows: Sequence[Footprint], shape: Shape) -> Sight:
    """A window along each of the last axes; what the channels become is left to the shape."""
    first = len(shape) - len(windows)
    for axis, window in enumerate(windows, first):
        sight = sights.moved(sight, axis, window, shape[axis])
    return sights.resized(sight, shape)


@functools.lru_cache(maxsize=4096)
def _taps(kernel: int, stride: int, padding: int, dilation: int) -> Footprint:
    return Footprint((-padding,), ((kernel - 1) * dilation - padding,), stride)


def _windows(
    kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int]
) -> list[Footprint]:
    return [_taps(*numbers) for numbers in zip(kernel, stride, padding, dilation, strict=True)]


@functools.lru_cache(maxsize=4096)
def _spread(kernel: int, stride: int, padding: int, dilation: int) -> Footprint:
    """Output ``j`` gets input ``i`` if ``j = i · stride − padding + tap · dilation``."""
    reach = (kernel - 1) * dilation
    # Solved for i: the last tap gives the first input, rounded up, and the first tap the last one, rounded down.
    first = [-((reach - j - padding) // stride) for j in range(stride)]
    return Footprint(tuple(first), tuple([(j + padding) // stride for j in range(stride)]))


def _same_padding(kernel: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Of an odd total torch puts the larger half after the image."""
    return [(size - 1) * step // 2 for size, step in zip(kernel, dilation, strict=True)]


def _convolved(call: OpCall, sight: Sight, *, transposed: bool) -> Sight:
    """The channels before the kernel's axes are summed over."""
    weight, stride, padding, dilation = args(call, "weight stride padding dilation")
    kernel = weight.shape[2:]
    axes = len(kernel)
    stride, dilation = _each(stride, axes), _each(dilation, axes)
    if isinstance(padding, str):
        padding = _same_padding(kernel, dilation) if padding == "same" else 0
    sight = sights.reduced(sight, (-1 - axes,))
    if transposed:
        numbers = zip(kernel, stride, _each(padding, axes), dilation, strict=True)
        return _slid(sight, [_spread(*each) for each in numbers], call.outputs[0].shape)
    return _slid(sight, _windows(kernel, stride, _each(padding, axes), dilation), call.outputs[0].shape)


_ALL = frozenset(
    f"conv1d conv2d conv3d convolution conv_transpose1d conv_transpose2d conv_transpose3d {QUANTIZED_CONVOLUTIONS} "
    f"{QUANTIZED_TRANSPOSED}".split()
)
"""The ops whose weight has one axis for each along which it slides, behind two others."""


def channels_summed(call: OpCall, look: SightOf) -> tuple[int, ...] | None:
    """The sides that a convolution of the input sums over as channels; ``None`` for every other op."""
    sight = look(first(call)) if call.op in _ALL else None
    if sight is None:
        return None
    return sides_of(sight.axes[-1 - len(arg(call, "weight").shape[2:])])


@_enter(f"conv1d conv2d conv3d {QUANTIZED_CONVOLUTIONS}")
@_of_first
def _convolution(call: OpCall, sight: Sight) -> Sight:
    return _convolved(call, sight, transposed=False)


@_enter(f"conv_transpose1d conv_transpose2d conv_transpose3d {QUANTIZED_TRANSPOSED}")
@_of_first
def _transposed_convolution(call: OpCall, sight: Sight) -> Sight:
    return _convolved(call, sight, transposed=True)


@_enter("convolution convolution_overrideable")
@_of_first
def _any_convolution(call: OpCall, sight: Sight) -> Sight:
    return _convolved(call, sight, transposed=arg(call, "transposed"))


def _pooling(axes: int, *, dilated: bool) -> FieldRule:
    """A rule for windows along that many axes; only maxima know a dilation."""

    def pool(call: OpCall, sight: Sight) -> Sight:
        kernel, stride, padding = (_each(given, axes) for given in args(call, "kernel_size stride padding"))
        dilation = _each(arg(call, "dilation") if dilated else 1, axes)
        windows = _windows(kernel, stride or kernel, padding, dilation)
        return _slid(sight, windows, call.outputs[0].shape)

    return _of_first(pool)


for _axes in (1, 2, 3):
    _maxima = f"max_pool{_axes}d max_pool{_axes}d_with_indices"
    FIELDS.update(dict.fromkeys(_maxima.split(), _pooling(_axes, dilated=True)))
    FIELDS[f"avg_pool{_axes}d"] = _pooling(_axes, dilated=False)


@_enter("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d")
@_enter("adaptive_max_pool3d")
@_of_first
def _adaptive_pool(call: OpCall, sight: Sight) -> Sight:
    """Window i of o covers ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉; a single one covers everything."""
    shape, old = call.outputs[0].shape, first(call).shape
    for axis in range(-len(arg(call, "output_size")), 0):
        if shape[axis] == 1:
            sight = sights.reduced(sight, (axis,))
        else:
            sight = sights.moved(sight, axis % len(shape), _adaptive_window(old[axis], shape[axis]), shape[axis])
    return sights.resized(sight, shape)


@functools.lru_cache(maxsize=4096)
def _adaptive_window(size: int, windows: int) -> Footprint:
    common = math.gcd(size, windows)  # the windows repeat after so many
    size, windows = size // common, windows // common
    first = [i * size // windows for i in range(windows)]
    return Footprint(tuple(first), tuple([-(-(i + 1) * size // windows) - 1 for i in range(windows)]), size)


@_enter("constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d")
@_enter("replication_pad1d replication_pad2d replication_pad3d")
@_of_first
def _pad(call: OpCall, sight: Sight) -> Sight:
    """Before and after each axis, the last axis first; what stands in the padding is not asked."""
    before, shape = arg(call, "padding")[::2], call.outputs[0].shape
    windows = [Footprint((-pad,), (-pad,)) for pad in reversed(before)]
    return _slid(sight, windows, shape)


# -- resampling --------------------------------------------------------------------------------------------------------


def _nearest(centre: Fraction) -> tuple[int, int]:
    return math.floor(centre), math.floor(centre)


def _linear_taps(centre: Fraction) -> tuple[int, int]:
    return math.floor(centre), math.ceil(centre)


def _cubic_taps(centre: Fraction) -> tuple[int, int]:
    below = math.floor(centre)
    return (below, below) if centre == below else (below - 1, below + 2)


Taps = Callable[[Fraction], "tuple[int, int]"]


def _resampling(
    axes: int, taps: Taps, centre: Callable[[Fraction], Fraction], *, has_corners: bool = True
) -> FieldRule:
    """A rule for resampling; nearest neighbours know no corners.

    Args:
        axes: How many axes are resampled.
        taps: The first and the last old position that a new one is made of, given where it falls.
        centre: Where the first new position falls, given the old positions between two new ones.
        has_corners: The op can align the corners; its first new position then falls on the first old one.
    """

    def resample(call: OpCall, sight: Sight) -> Sight:
        old, new = first(call).shape[-axes:], call.outputs[0].shape[-axes:]
        corners = bool(has_corners and arg(call, "align_corners"))
        windows = []
        for size, extent, factor in zip(old, new, _factors(call, axes), strict=True):
            ratio = _ratio(size, extent, factor, corners=corners)
            windows.append(_resampled(ratio, Fraction(0) if corners else centre(ratio), taps))
        return _slid(sight, windows, call.outputs[0].shape)

    return _of_first(resample)


_SCALES = {1: "scales", 2: "scales_h scales_w", 3: "scales_d scales_h scales_w"}


def _factors(call: OpCall, axes: int) -> Sequence[float | None]:
    """As one list, as numbers one after the other, or none: then the sizes tell."""
    factors = args(call, _SCALES[axes])
    return factors[0] if isinstance(factors[0], tuple) else factors


def _ratio(size: int, extent: int, factor: float | None, *, corners: bool) -> Fraction:
    """How many old positions lie between two new ones."""
    if corners:
        return Fraction(size - 1, extent - 1) if extent > 1 else Fraction(0)
    # A float says 1/3 only nearly, and a span of its exact value would have millions of phases.
    return 1 / Fraction(factor).limit_denominator(1000) if factor else Fraction(size, extent)


@functools.lru_cache(maxsize=4096)
def _resampled(ratio: Fraction, centre: Fraction, taps: Taps) -> Footprint:
    ends = [taps(centre + ratio * position) for position in range(ratio.denominator)]
    return Footprint(tuple([first for first, _ in ends]), tuple([last for _, last in ends]), ratio.numerator)


def _between(ratio: Fraction) -> Fraction:
    """New positions are centres of cells: half a cell less half an old one."""
    return (ratio - 1) / 2


for _axes, _name in enumerate(("linear1d", "bilinear2d", "trilinear3d"), 1):
    FIELDS[f"upsample_{_name}"] = _resampling(_axes, _linear_taps, _between)
    FIELDS[f"upsample_nearest{_axes}d"] = _resampling(_axes, _nearest, lambda _: Fraction(0), has_corners=False)
    FIELDS[f"upsample_nearest_exact{_axes}d"] = _resampling(_axes, _nearest, lambda ratio: ratio / 2, has_corners=False)
FIELDS["upsample_bicubic2d"] = _resampling(2, _cubic_taps, _between)


@_enter("pixel_shuffle")
@_of_first
def _pixel_shuffle(call: OpCall, sight: Sight) -> Sight:
    """Channels become pixels, which all see what their place saw."""
    same = (0,) * arg(call, "factor")
    return _slid(sights.reduced(sight, (-3,)), [Footprint(same, same)] * 2, _shape(call))


@_enter("pixel_unshuffle")
@_of_first
def _pixel_unshuffle(call: OpCall, sight: Sight) -> Sight:
    """Pixels become channels."""
    factor = arg(call, "factor")
    return _slid(sight, [Footprint((0,), (factor - 1,), factor)] * 2, _shape(call))


# -- places ------------------------------------------------------------------------------------------------------------


def _shape(call: OpCall) -> Shape:
    return call.outputs[0].shape


@_enter("view reshape reshape_alias unsafe_view view_copy squeeze unsqueeze flatten unflatten")
@_of_first
def _reshape(call: OpCall, sight: Sight) -> Sight:
    return sights.reshaped(sight, _shape(call))


@_enter("permute")
@_of_first
def _permute(call: OpCall, sight: Sight) -> Sight:
    return sights.permuted(sight, [axis % len(sight.axes) for axis in arg(call, "dims")])


@_enter("transpose t swapaxes numpy_T")
@_of_first
def _transpose(call: OpCall, sight: Sight) -> Sight:
    """A matrix needs no axes."""
    order = list(range(len(sight.axes)))
    a, b = args(call, "dim0 dim1") if len(call.args) > 2 else (0, -1)
    order[a], order[b] = order[b], order[a]
    return sights.permuted(sight, order)


@_enter("expand broadcast_to")
@_of_first
def _expand(call: OpCall, sight: Sight) -> Sight:
    return sights.united([sight], _shape(call))


@_enter("slice")
@_of_first
def _slice(call: OpCall, sight: Sight) -> Sight:
    dim, start, step = args(call, "dim start step")
    axis, start = dim % len(sight.axes), start or 0
    size = first(call).shape[axis]
    start = max(start + size, 0) if start < 0 else start
    return sights.moved(sight, axis, Footprint((start,), (start,), step), _shape(call)[axis])


@_enter("select")
@_of_first
def _select(call: OpCall, sight: Sight) -> Sight:
    dim, index = args(call, "dim index")
    axis = dim % len(sight.axes)
    return sights.selected(sight, axis, index % first(call).shape[axis])


@_enter("unbind")
@_of_first
def _unbind(call: OpCall, sight: Sight) -> list[Sight]:
    """The sight of each index along an axis."""
    axis = arg(call, "dim") % len(sight.axes)
    return [sights.selected(sight, axis, index) for index in range(len(call.outputs))]


@_enter("split split_with_sizes chunk unsafe_split unsafe_split_with_sizes")
@_of_first
def _split(call: OpCall, sight: Sight) -> list[Sight]:
    """The sights of the pieces, one after the other."""
    axis = arg(call, "dim") % len(sight.axes)
    pieces, start = [], 0
    for spec in call.outputs:
        pieces.append(sights.moved(sight, axis, Footprint((start,), (start,)), spec.shape[axis]))
        start += spec.shape[axis]
    return pieces


@_enter("cat stack")
def _cat(call: OpCall, look: SightOf) -> Sight | None:
    """Along an axis of pixels only constants may stand beside one tensor."""
    shape = _shape(call)
    axis = arg(call, "dim") % len(shape)
    known = []
    start = 0
    for spec in first(call):
        sight = look(spec)
        if sight is not None:
            known.append(_placed(call, sight, axis, start))
        start += 1 if call.op == "stack" else _extent(spec.shape, axis, len(shape))
    if len(known) > 1:
        known = [sights.losing(sight, (axis,)) for sight in known]
    return sights.united(known, shape) if known else None


def _extent(shape: Shape, axis: int, rank: int) -> int:
    """The indices that a part takes of an axis: none if it has fewer axes, as an empty one may have."""
    return shape[axis] if len(shape) == rank else 0


def _placed(call: OpCall, sight: Sight, axis: int, start: int) -> Sight:
    """One part of a concatenation, as large as all of it."""
    shape = _shape(call)
    if call.op == "stack":
        sight = sights.reshaped(sight, (*shape[:axis], 1, *shape[axis + 1 :]))
    return sights.moved(sight, axis, Footprint((-start,), (-start,)), shape[axis])


@_enter("index_select")
@_of_first
def _index_select(call: OpCall, sight: Sight) -> Sight:
    """Any order of the channels, but none that is known of pixels."""
    axis = arg(call, "dim") % len(sight.axes)
    return sights.resized(sights.losing(sight, (axis,)), _shape(call))


@_enter("flip roll")
@_of_first
def _reordered(call: OpCall, sight: Sight) -> Sight:
    """Without axes everything is rolled as if it were in one row."""
    return sights.losing(sight, arg(call, "dims") or (range(len(sight.axes)) if call.op == "roll" else ()))


@_enter("copy")
def _copy(call: OpCall, look: SightOf) -> Sight | None:
    source = look(arg(call, "src"))
    return None if source is None else sights.united([source], _shape(call))


@_enter(
    "clone to_copy detach lift_fresh alias alias_copy contiguous dropout feature_dropout alpha_dropout hardswish "
    "hardsigmoid log_sigmoid_forward rrelu_with_noise channel_shuffle resolve_conj resolve_neg "
    "batch_norm_legit_no_training"
)
@_of_first
def _like(call: OpCall, sight: Sight) -> Sight:  # noqa: ARG001 - a rule's own arguments
    """Each element is made of the one in its place, whatever its channel."""
    return sight


FIELDS.update(dict.fromkeys("prelu_kernel floor_divide copysign heaviside xlogy rsub where".split(), _united))
# torch tags these, but not all of their forms
FIELDS.update(dict.fromkeys("abs gelu mish threshold eq ne lt le gt ge masked_fill lerp".split(), _united))


@_enter(
    "empty_like zeros_like ones_like full_like rand_like randn_like randint_like new_empty new_empty_strided new_zeros "
    "new_ones new_full fill zero bernoulli normal uniform random exponential cauchy geometric log_normal"
)
def _made(call: OpCall, look: SightOf) -> None:
    """No sight: only the shape of the input, and nothing that stands in it, goes into the output."""


@_enter("glu")
@_of_first
def _glu(call: OpCall, sight: Sight) -> Sight:
    """The sight of a gated linear unit: one half gates the other."""
    axis = arg(call, "dim") % len(sight.axes)
    return sights.resized(sights.losing(sight, (axis,)), _shape(call))


# -- sums over axes ----------------------------------------------------------------------------------------------------


def _summed(value: Any, rank: int) -> set[int]:
    """One axis, several, or all of them."""
    if value is None or value == () or isinstance(value, bool) or not rank:  # std(x, unbiased)
        return set(range(rank))
    return {axis % rank for axis in (value if isinstance(value, tuple) else (value,))}


def _summing(call: OpCall, look: SightOf) -> Sight | None:
    """Over one axis, several, or all of them."""
    if call.nature == "pointwise":  # max(a, b) shares its name with max(a)
        return _united(call, look)
    sight = look(first(call))
    if sight is None:
        return None
    axes = _summed(arg(call, "dim"), len(sight.axes))
    sight = sights.reduced(sight, axes)
    keeps = len(_shape(call)) == len(sight.axes)
    return sights.resized(sight if keeps else sights.without(sight, axes), _shape(call))


_SUMMING = (
    "sum nansum prod amax amin max min argmax argmin all any mean std var std_mean var_mean logsumexp aminmax median "
    "cumsum cumprod softmax log_softmax safe_softmax fft_c2c fft_r2c fft_c2r norm linalg_vector_norm sort topk kthvalue"
)
FIELDS.update(dict.fromkeys(_SUMMING.split(), _summing))


@_enter("batch_norm cudnn_batch_norm miopen_batch_norm")
@_of_first
def _batch_norm(call: OpCall, sight: Sight) -> Sight:
    """At inference the statistics are constants."""
    return sights.reduced(sight, range(2, len(sight.axes))) if arg(call, "training") else sight


@_enter("group_norm batch_norm_legit batch_norm_legit_functional instance_norm")
@_of_first
def _group_norm(call: OpCall, sight: Sight) -> Sight:  # noqa: ARG001 - a rule's own arguments
    """Mean and variance are those of all pixels."""
    return sights.reduced(sight, range(1, len(sight.axes)))


@_enter("layer_norm rms_norm fused_rms_norm")
@_of_first
def _layer_norm(call: OpCall, sight: Sight) -> Sight:
    """Mean and variance over the last axes."""
    return sights.reduced(sight, range(-len(arg(call, "normalized_shape")), 0))


@_enter("linear")
@_of_first
def _linear(call: OpCall, sight: Sight) -> Sight:
    """Each output is made of the whole last axis, which a weight of one axis leaves nothing of."""
    reduced = sights.reduced(sight, (-1,))
    if len(arg(call, "weight").shape) == 1:
        return sights.without(reduced, (-1,))
    return sights.resized(reduced, _shape(call))


@_enter("mm bmm mv matmul dot addmm addmv baddbmm")
def _product(call: OpCall, look: SightOf) -> Sight | None:
    """``(…, n, k) · (…, k, m)``, which may be added to another tensor."""
    shape = _shape(call)
    factors = args(call, "a b")
    a, b = map(look, factors)
    known = []
    if a is not None:
        is_vector = len(factors[1].shape) == 1
        a = sights.reduced(a, (-1,))
        known.append(sights.without(a, (-1,)) if is_vector else _stretched(a, shape, -1))
    if b is not None:
        axis = -1 if len(b.axes) == 1 else -2
        b = sights.reduced(b, (axis,))
        known.append(sights.without(b, (axis,)) if len(b.axes) == 1 else _stretched(b, shape, -2))
    added = look(arg(call, "x")) if call.op.startswith(("add", "badd")) else None
    known += [added] if added is not None else []
    return sights.united(known, shape) if known else None


def _stretched(sight: Sight, shape: Shape, axis: int) -> Sight:
    """An axis along which nothing moves takes the extent that it has in that shape."""
    rank = len(sight.axes)
    return sights.moved(sight, axis % rank, Footprint((0,), (0,)), shape[axis])


@_enter(
    "scaled_dot_product_attention scaled_dot_product_flash_attention scaled_dot_product_flash_attention_for_cpu "
    "scaled_dot_product_efficient_attention scaled_dot_product_cudnn_attention"
)
def _attention(call: OpCall, look: SightOf) -> Sight | None:
    """``(…, queries, width), (…, keys, width), (…, keys, width)``: each query sees all keys, also behind a mask."""
    shape = _shape(call)
    known = [sight for spec in args(call, "query key value") if (sight := look(spec)) is not None]
    known = [sights.reduced(sight, (-2, -1)) for sight in known]
    known = [sights.resized(sight, (*sight.shape[:-2], *shape[-2:])) for sight in known]
    return sights.united(known, shape) if known else None
