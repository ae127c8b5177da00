"""What each op costs, from shapes alone.

One table, and so one file, however long: an op is looked up here and nowhere else.

One entry of :data:`RULES` is one op: a function from an :class:`~archstat.records.OpCall` to its
:class:`~archstat.records.Cost`. An op without an entry is free if torch declares it a view, costs one FLOP for each
element of its output if torch tags it pointwise (and it handles floating-point numbers), and is otherwise *uncounted*,
which every output names.

Conventions. A multiply-accumulate is counted once, in ``macs``, wherever numbers are multiplied and summed by a
convolution, a linear layer or a matrix product; a bias is one addition more for each output, in ``other_flops``.
Attention is counted in full, also where a mask hides half of it. Moving, choosing and making numbers is no arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any

from archstat.records import Cost, OpCall, Shape, TensorSpec

Rule = Callable[[OpCall], Cost]
_prod = math.prod

FREE = Cost()

#: One entry = the cost of one op.
RULES: dict[str, Rule] = {}


def cost_of(call: OpCall) -> Cost | None:
    """The arithmetic of one op, ``None`` if no rule covers it."""
    rule = RULES.get(call.op)
    if rule is not None:
        return rule(call)
    if call.nature == "pointwise":
        return pointwise(call)
    return FREE if call.nature == "view" or not call.tensors() else None


def pointwise(call: OpCall) -> Cost:
    """One FLOP for each element of the output; whole numbers and truth values alone are no floating-point work."""
    for spec in call.outputs:
        if spec.dtype in _FLOATS:
            return Cost(0, _prod(call.outputs[0].shape))
    is_float = any(spec.dtype in _FLOATS for spec in call.tensors())
    return Cost(0, _prod(call.outputs[0].shape)) if is_float and call.outputs else FREE


_FLOATS = frozenset(
    "float16 float32 float64 bfloat16 complex32 complex64 complex128 float8_e4m3fn float8_e5m2 float8_e4m3fnuz "
    "float8_e5m2fnuz".split()
)


def _enter(names: str) -> Callable[[Rule], Rule]:
    def enter(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return enter


def _argument(call: OpCall, position: int, name: str, default: Any = None) -> Any:
    return call.args[position] if len(call.args) > position else call.kwargs.get(name, default)


def _numel(spec: TensorSpec) -> int:
    return _prod(spec.shape)


def _out(call: OpCall) -> int:
    return _prod(call.outputs[0].shape)


# -- convolutions ------------------------------------------------------------------------------------------------------


def _convolved(call: OpCall, *, transposed: bool) -> Cost:
    """Weights are ``(out, in/groups, *kernel)``, of a transposed convolution ``(in, out/groups, *kernel)``.

    Each output is a sum over one filter; transposed, each input is spread over one filter, also where the padding cuts
    the result off.
    """
    x, weight = call.args[0], call.args[1]
    out = _prod(call.outputs[0].shape)
    starts = _prod(x.shape) if transposed else out
    filter_size = _prod(weight.shape) // max(weight.shape[0], 1)
    return Cost(starts * filter_size, out if _argument(call, 2, "bias") is not None else 0)


@_enter("conv1d conv2d conv3d mkldnn_convolution miopen_convolution convolution_mode")
def _convolution(call: OpCall) -> Cost:
    return _convolved(call, transposed=False)


@_enter("conv_transpose1d conv_transpose2d conv_transpose3d")
def _transposed_convolution(call: OpCall) -> Cost:
    return _convolved(call, transposed=True)


@_enter("cudnn_convolution cudnn_convolution_transpose")
def _convolution_without_bias(call: OpCall) -> Cost:
    """``(x, weight, padding, …)``."""
    macs = _convolved(call, transposed=call.op.endswith("transpose")).macs
    return Cost(macs)


@_enter("convolution convolution_overrideable")
def _any_convolution(call: OpCall) -> Cost:
    """``(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups)``."""
    return _convolved(call, transposed=call.args[6])


@_enter("slow_conv2d_forward slow_conv3d_forward conv_depthwise2d conv_depthwise3d")
def _convolution_with_kernel(call: OpCall) -> Cost:
    """``(x, weight, kernel_size, bias, …)``."""
    out = _out(call)
    return Cost(out * _prod(call.args[1].shape[1:]), out if _argument(call, 3, "bias") is not None else 0)


@_enter("conv_tbc")
def _conv_tbc(call: OpCall) -> Cost:
    """Time first: weights are ``(kernel, in, out)``."""
    kernel, channels, _ = call.args[1].shape
    return Cost(_out(call) * kernel * channels, _out(call))


@_enter("torchvision::deform_conv2d")
def _deform_conv2d(call: OpCall) -> Cost:
    """``(x, weight, offset, mask, bias, …)``: a convolution over values sampled bilinearly, 7 FLOPs each."""
    x, weight, out = call.args[0], call.args[1], call.outputs[0].shape
    sampled = out[0] * x.shape[1] * _prod(weight.shape[2:]) * _prod(out[2:])
    return Cost(_prod(out) * _prod(weight.shape[1:]), 7 * sampled + _prod(out))


# -- matrix products ---------------------------------------------------------------------------------------------------


@_enter("linear")
def _linear(call: OpCall) -> Cost:
    """``(…, i) · (o, i)ᵀ + (o)``."""
    out = _prod(call.outputs[0].shape)
    has_bias = _argument(call, 2, "bias") is not None
    return Cost(out * call.args[1].shape[-1], out if has_bias else 0)


@_enter("mm bmm mv dot vdot matmul int_mm weight_int8pack_mm")
def _product(call: OpCall) -> Cost:
    """``(…, n, k) · (…, k, m)``: each output is a sum of k products."""
    return Cost(_out(call) * call.args[0].shape[-1])


@_enter("scaled_mm")
def _scaled_product(call: OpCall) -> Cost:
    """A product, then one scaling of each output, and a bias."""
    has_bias = _argument(call, 4, "bias") is not None
    return Cost(_out(call) * call.args[0].shape[-1], _out(call) * (2 if has_bias else 1))


@_enter("weight_int4pack_mm weight_int4pack_mm_for_cpu")
def _int4_product(call: OpCall) -> Cost:
    return Cost(_out(call) * call.args[0].shape[-1])


@_enter("grouped_mm")
def _grouped_product(call: OpCall) -> Cost:
    """Rows fall to one of the groups each: ``(n, k) · (g, k, m)`` costs ``n·k·m``; two matrices are cut along k."""
    a, b = call.args[0].shape, call.args[1].shape
    if len(a) == len(b) == 2:
        return Cost(a[0] * a[1] * b[1])
    return Cost(_out(call) * a[-1])


@_enter("addmm addmv baddbmm addmm_activation")
def _added_product(call: OpCall) -> Cost:
    """``bias + a · b``."""
    return Cost(_out(call) * call.args[1].shape[-1], _out(call))


@_enter("addbmm")
def _summed_product(call: OpCall) -> Cost:
    """``bias + Σ a[i] · b[i]``."""
    batch, _, inner = call.args[1].shape
    return Cost(_out(call) * batch * inner, _out(call))


@_enter("addr")
def _outer_product(call: OpCall) -> Cost:
    """``bias + a ⊗ b``."""
    return Cost(_out(call), _out(call))


@_enter("trilinear")
def _trilinear(call: OpCall) -> Cost:
    """``Σ a·b·c`` over shapes made alike by unsqueezing: one product more than a multiply-accumulate has."""
    shapes = [_unsqueezed(spec.shape, axes) for spec, axes in zip(call.args[:3], call.args[3:6], strict=True)]
    terms = _prod(max(sizes) for sizes in zip(*shapes, strict=True))
    return Cost(terms, terms)


def _unsqueezed(shape: Iterable[int], axes: Iterable[int]) -> list[int]:
    sizes = list(shape)
    for axis in sorted(axes):
        sizes.insert(axis, 1)
    return sizes


# -- attention ---------------------------------------------------------------------------------------------------------

_SOFTMAX = 5  # find the maximum, subtract it, exponentiate, sum, divide


def _attention(queries: int, keys: int, width: int, value_width: int) -> Cost:
    """``softmax(q · kᵀ / √width) · v`` for that many query vectors: two products, a scaling and a softmax."""
    scores = queries * keys
    return Cost(scores * (width + value_width), scores * (1 + _SOFTMAX))


@_enter(
    "scaled_dot_product_attention scaled_dot_product_flash_attention scaled_dot_product_flash_attention_for_cpu "
    "scaled_dot_product_efficient_attention scaled_dot_product_cudnn_attention scaled_dot_product_attention_math "
    "scaled_dot_product_fused_attention_overrideable cudnn_attention_forward"
)
def _scaled_dot_product_attention(call: OpCall) -> Cost:
    """``(…, queries, width), (…, keys, width), (…, keys, value width)``; grouped queries share keys, not work."""
    query, key, value = (spec.shape for spec in call.args[:3])
    return _attention(_prod(query[:-1]), key[-2], query[-1], value[-1])


@_enter("flash_attention_forward efficient_attention_forward")
def _attention_forward(call: OpCall) -> Cost:
    """The same with the heads after the sequence: ``(batch, queries, heads, width)``."""
    query, key, value = (spec.shape for spec in call.args[:3])
    return _attention(_prod(query[:-1]), key[1], query[-1], value[-1])


@_enter("multi_head_attention")
def _multi_head_attention(call: OpCall) -> Cost:
    """``(query, key, value, width, heads, …)`` with four ``width × width`` projections and their biases."""
    query, key, _, width, heads = call.args[:5]
    batch, queries, _ = query.shape
    keys = key.shape[1]
    projected = batch * width * 2 * (queries + keys)
    attention = _attention(batch * heads * queries, keys, width // heads, width // heads)
    return Cost(projected * width + attention.macs, projected + attention.other_flops)


@_enter("transformer_encoder_layer_fwd")
def _transformer_encoder_layer(call: OpCall) -> Cost:
    """Attention, two linear layers with an activation between, two layer norms, two residual additions."""
    source, width, heads = call.args[:3]
    batch, length, _ = source.shape
    tokens, inner = batch * length, call.args[14].shape[0]
    attention = _attention(tokens * heads, length, width // heads, width // heads)
    macs = tokens * width * (4 * width + 2 * inner) + attention.macs
    biases = tokens * (5 * width + inner)
    around = tokens * (2 * _NORM_AFFINE * width + 2 * width + inner)
    return Cost(macs, biases + around + attention.other_flops)


# -- recurrent networks ------------------------------------------------------------------------------------------------


def _recurrent(gate_flops: int, hidden_per_gate: int) -> Rule:
    """A rule for ``(input, state, weights, has_biases, layers, …)``: each step multiplies with every weight once.

    Args:
        gate_flops: FLOPs for each hidden unit and step after the gates: the update of the state.
        hidden_per_gate: How many gates there are.
    """

    def rule(call: OpCall) -> Cost:
        weights = next(argument for argument in call.args[1:] if is_weights(argument))
        steps = _prod(call.args[0].shape[:-1])
        macs = sum(_numel(w) for w in weights if len(w.shape) == 2)
        biases = sum(_numel(w) for w in weights if len(w.shape) == 1)
        gates = _gates(weights)
        # W·x + U·h: one addition; then one activation a gate
        other = 2 * gates + gate_flops * gates // hidden_per_gate + biases
        return Cost(steps * macs, steps * other)

    return rule


def is_weights(argument: object) -> bool:
    """Whether an argument of a recurrent op is the list of its weights."""
    return isinstance(argument, tuple) and any(isinstance(w, TensorSpec) and len(w.shape) == 2 for w in argument)


def _gates(weights: tuple[TensorSpec, ...]) -> int:
    """The rows of all input matrices; each of them is followed by its recurrent matrix with as many rows."""
    matrices = [w.shape for w in weights if len(w.shape) == 2]
    pairs = zip_longest(matrices, matrices[1:], fillvalue=(0, 0))
    rows = [first[0] for first, second in pairs if first[0] == second[0]]
    return sum(rows[::2]) if len(rows) > len(matrices) // 2 else sum(rows)


RULES.update(
    lstm=_recurrent(5, 4),  # f·c + i·g, tanh, o·tanh(c)
    gru=_recurrent(4, 3),  # r·(U·h), n + z·(h − n)
    rnn_tanh=_recurrent(0, 1),
    rnn_relu=_recurrent(0, 1),
)


@_enter("mkldnn_rnn_layer")
def _mkldnn_rnn_layer(call: OpCall) -> Cost:
    """One layer and direction of an LSTM: ``(input, W, U, bias, bias, …)``."""
    x, w, u = (spec.shape for spec in call.args[:3])
    return Cost(_prod(x[:-1]) * (_prod(w) + _prod(u)), _prod(x[:-1]) * (2 * w[0] + 5 * w[0] // 4 + 2 * w[0]))


@_enter("thnn_fused_lstm_cell")
def _lstm_cell(call: OpCall) -> Cost:
    """The gates of one step, after the products: ``(batch, 4·hidden)``."""
    gates = _numel(call.args[0])
    return Cost(0, 2 * gates + 5 * gates // 4 + 2 * gates)


@_enter("thnn_fused_gru_cell")
def _gru_cell(call: OpCall) -> Cost:
    """The gates of one step, after the products: ``(batch, 3·hidden)``."""
    gates = _numel(call.args[0])
    return Cost(0, 2 * gates + 4 * gates // 3 + 2 * gates)


# -- normalisation -----------------------------------------------------------------------------------------------------

_NORM = 5  # add up, subtract the mean, square, add up, scale
_NORM_AFFINE = 7  # multiply by the weight, add the bias


@_enter("batch_norm batch_norm_legit_no_training cudnn_batch_norm miopen_batch_norm")
def _batch_norm(call: OpCall) -> Cost:
    """At inference a multiplication and an addition for each element: statistics, weight and bias are constants."""
    is_training = call.args[5] if len(call.args) > 5 and isinstance(call.args[5], bool) else False
    return Cost(0, _out(call) * (_NORM_AFFINE if is_training else 2))


@_enter("layer_norm group_norm instance_norm batch_norm_legit batch_norm_legit_functional")
def _norm(call: OpCall) -> Cost:
    """Mean and variance are worked out from the input itself."""
    has_weight = len(call.tensors()) > 1
    return Cost(0, _out(call) * (_NORM_AFFINE if has_weight else _NORM))


@_enter("rms_norm fused_rms_norm")
def _rms_norm(call: OpCall) -> Cost:
    """Square, add up, scale; multiply by the weight."""
    return Cost(0, _out(call) * (4 if len(call.tensors()) > 1 else 3))


@_enter("softmax log_softmax safe_softmax masked_softmax")
def _softmax(call: OpCall) -> Cost:
    return Cost(0, _SOFTMAX * _out(call))


# -- pooling and resampling --------------------------------------------------------------------------------------------


def _window(call: OpCall) -> int:
    """The elements of a pooling window; one number stands for all axes."""
    kernel = call.args[1]
    axes = 3 if "3d" in call.op else 2
    return int(_prod(kernel)) if len(kernel) > 1 else int(kernel[0] ** axes)


@_enter("max_pool2d max_pool2d_with_indices max_pool3d_with_indices")
def _max_pool(call: OpCall) -> Cost:
    """A window of k elements takes k − 1 comparisons."""
    return Cost(0, _out(call) * (_window(call) - 1))


@_enter("avg_pool2d avg_pool3d")
def _avg_pool(call: OpCall) -> Cost:
    """A window of k elements takes k − 1 additions and a division, unless that is a division by 1."""
    is_sum = _argument(call, 6, "divisor_override") == 1
    return Cost(0, _out(call) * (_window(call) - is_sum))


def _adaptive_window_elements(call: OpCall) -> int:
    """The elements of all windows of one adaptive pooling: window i of o covers ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉."""
    return _window_elements(call.args[0].shape, call.outputs[0].shape, len(call.args[1]))


def _window_elements(x: Shape, out: Shape, axes: int) -> int:
    total = _prod(out[:-axes])
    for size, windows in zip(x[-axes:], out[-axes:], strict=True):
        total *= sum(-(-(i + 1) * size // windows) - i * size // windows for i in range(windows))
    return int(total)


@_enter("adaptive_avg_pool2d adaptive_avg_pool3d")
def _adaptive_avg_pool(call: OpCall) -> Cost:
    return Cost(0, _adaptive_window_elements(call))


@_enter("adaptive_max_pool2d adaptive_max_pool3d")
def _adaptive_max_pool(call: OpCall) -> Cost:
    return Cost(0, _adaptive_window_elements(call) - _out(call))


def _per_output(flops: int) -> Rule:
    """A rule of so many FLOPs for each output element."""
    return lambda call: Cost(0, flops * _out(call))


# t taps: t multiplications and t − 1 additions
RULES.update(upsample_linear1d=_per_output(3), upsample_bilinear2d=_per_output(7), upsample_trilinear3d=_per_output(15))
RULES.update(upsample_bicubic2d=_per_output(31), grid_sampler_2d=_per_output(7), grid_sampler_3d=_per_output(15))

# pointwise ops that torch does not tag; the second half of a gated linear unit is an activation and a product
_UNTAGGED = "hardswish prelu_kernel log_sigmoid_forward floor_divide hardsigmoid rrelu_with_noise"
RULES.update(dict.fromkeys(_UNTAGGED.split(), _per_output(1)))
RULES.update(glu=_per_output(2))

# torch tags these, but not all of their forms: ``abs`` but not ``abs_``
_HALF_TAGGED = "abs gelu mish threshold copysign heaviside xlogy rsub eq ne lt le gt ge gcd lcm"
RULES.update(dict.fromkeys(_HALF_TAGGED.split(), pointwise))


# -- reductions --------------------------------------------------------------------------------------------------------


def _reducing(flops: int, *, divides: bool = False) -> Rule:
    """A rule of so many FLOPs for each input element, one less for each output unless that is divided at the end."""

    def rule(call: OpCall) -> Cost:
        if call.nature == "pointwise":  # max(a, b) shares its name with max(a)
            return pointwise(call)
        x = call.tensors()[0]
        saved = 0 if divides else _out(call)
        return Cost(0, flops * _numel(x) - saved) if x.dtype in _FLOATS else FREE

    return rule


RULES.update(dict.fromkeys("sum nansum prod amax amin max min argmax argmin aminmax".split(), _reducing(1)))
RULES.update(dict.fromkeys("mean cumsum cumprod cummax cummin histc".split(), _reducing(1, divides=True)))
RULES.update(dict.fromkeys("norm linalg_vector_norm".split(), _reducing(2, divides=True)))
RULES.update(dict.fromkeys("var std var_mean std_mean".split(), _reducing(4, divides=True)))
RULES.update(dict.fromkeys("logsumexp logcumsumexp".split(), _reducing(3, divides=True)))


@_enter("trace")
def _trace(call: OpCall) -> Cost:
    """The diagonal is added up."""
    x = call.args[0]
    return Cost(0, max(min(x.shape) - 1, 0)) if x.dtype in _FLOATS else FREE


@_enter("sort topk kthvalue median nanmedian mode")
def _sort(call: OpCall) -> Cost:
    """``n·⌈log₂ n⌉`` comparisons along an axis of n; the axis is taken to be the last."""
    x = call.args[0]
    n = x.shape[-1] if x.shape else 1
    return Cost(0, _numel(x) * max(n - 1, 0).bit_length()) if x.dtype in _FLOATS else FREE


@_enter("cdist_forward euclidean_dist pdist_forward")
def _distances(call: OpCall) -> Cost:
    """Each distance subtracts, squares and adds up vectors."""
    return Cost(0, 3 * _out(call) * call.args[0].shape[-1])


@_enter("fft_c2c fft_r2c fft_c2r")
def _fft(call: OpCall) -> Cost:
    """``5·n·log₂ n`` for a complex transform of n points, half of that for a real one: the usual convention."""
    longest = max(call.args[0].shape, call.outputs[0].shape, key=_prod)
    points = _prod(longest[axis] for axis in call.args[1])
    flops = 5 * _prod(longest) * math.log2(max(points, 1))
    return Cost(0, round(flops if call.op == "fft_c2c" else flops / 2))


@_enter("embedding_bag embedding_bag_forward_only")
def _embedding_bag(call: OpCall) -> Cost:
    """The rows of a bag are added up."""
    return Cost(0, _numel(call.args[1]) * call.args[0].shape[-1])


@_enter("index_add scatter_add scatter_reduce index_reduce")
def _scattered_addition(call: OpCall) -> Cost:
    """``(x, dim, index, source)``: one addition for each element of the source."""
    return Cost(0, _numel(call.args[3]))


# -- no arithmetic -----------------------------------------------------------------------------------------------------

_MOVING = (
    "clone copy to_copy detach lift_fresh lift_fresh_copy alias_copy unsafe_view cat stack block_diag repeat "
    "repeat_interleave roll flip rot90 tril triu pad constant_pad_nd reflection_pad1d reflection_pad2d "
    "reflection_pad3d replication_pad1d replication_pad2d replication_pad3d pixel_shuffle pixel_unshuffle "
    "channel_shuffle im2col col2im upsample_nearest1d upsample_nearest2d upsample_nearest3d "
    "upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d max_unpool2d max_unpool3d "
    "diag_embed unfold_copy slice_scatter select_scatter diagonal_scatter as_strided_scatter unsafe_split "
    "unsafe_split_with_sizes split_with_sizes_copy pack_padded_sequence complex view_copy resize set"
)
_CHOOSING = (
    "embedding index index_select index_fill index_copy unsafe_index unsafe_masked_index "
    "gather scatter take put masked_select masked_fill masked_scatter nonzero nonzero_static count_nonzero where "
    "all any isin unique unique2 unique_consecutive unique_dim searchsorted bucketize bincount local_scalar_dense "
    "is_nonzero equal"
)
_MAKING = (
    "empty_like zeros_like ones_like full_like rand_like randn_like randint_like new_empty new_empty_strided new_zeros "
    "new_ones new_full fill zero bernoulli normal uniform random exponential multinomial dropout feature_dropout "
    "assert_async assert_scalar assert_tensor_metadata functional_assert_async"
)
RULES.update({name: lambda _: FREE for name in f"{_MOVING} {_CHOOSING} {_MAKING}".split()})


# -- gradients ---------------------------------------------------------------------------------------------------------


@_enter("convolution_backward convolution_backward_overrideable")
def _convolution_backward(call: OpCall) -> Cost:
    """``(dy, x, weight, bias sizes, stride, padding, dilation, transposed, output padding, groups, mask)``.

    The gradients of the input and of the weights cost as much as the convolution itself, each that the mask asks for;
    the gradient of a bias adds up what one filter put out. The overrideable form has no bias sizes.
    """
    dy, x, weight = call.args[:3]
    transposed, mask = call.args[-4], call.args[-1]
    starts = _numel(x if transposed else dy)
    forward = starts * (_numel(weight) // max(weight.shape[0], 1))
    has_bias = len(mask) > 2 and mask[2]
    return Cost(forward * (mask[0] + mask[1]), _numel(dy) - dy.shape[1] if has_bias else 0)


@_enter(
    "scaled_dot_product_flash_attention_backward scaled_dot_product_flash_attention_for_cpu_backward "
    "scaled_dot_product_efficient_attention_backward scaled_dot_product_cudnn_attention_backward"
)
def _attention_backward(call: OpCall) -> Cost:
    """``(dy, query, key, value, …)``: scores are worked out again, then the gradients of scores, values, queries, keys.

    A score is scaled, subtracted from, exponentiated; its gradient is subtracted from, multiplied, scaled.
    """
    query, key, value = (spec.shape for spec in call.args[1:4])
    queries, width, value_width = _prod(query[:-1]), query[-1], value[-1]
    scores = queries * key[-2]
    return Cost(scores * (3 * width + 2 * value_width), 6 * scores + 2 * queries * value_width)


_NORM_BACKWARD = 9  # centre and scale x; add up dy and dy·x; two subtractions and two multiplications for dx


@_enter("batch_norm_backward cudnn_batch_norm_backward miopen_batch_norm_backward")
def _batch_norm_backward(call: OpCall) -> Cost:
    """With fixed statistics dx is one multiplication, and the gradients of weight and bias are 5 FLOPs an element.

    ``(dy, x, weight, running mean, running var, mean, inverse deviation, is_training, eps, mask)``; only this form says
    whether statistics are fixed.
    """
    elements = _numel(call.args[0])
    if call.op == "batch_norm_backward" and not call.args[7]:
        mask = call.args[9]
        return Cost(0, elements * (mask[0] + 5 * (mask[1] or mask[2])))
    return Cost(0, _NORM_BACKWARD * elements)


@_enter("layer_norm_backward group_norm_backward")
def _norm_backward(call: OpCall) -> Cost:
    """With a weight dy is multiplied by it, and its gradient and that of the bias are added up: 4 an element."""
    has_weight = len(call.outputs) > 1
    return Cost(0, _numel(call.args[0]) * (_NORM_BACKWARD + 4 * has_weight))


@_enter("fused_rms_norm_backward")
def _rms_norm_backward(call: OpCall) -> Cost:
    """Scale x, multiply by dy and add up, multiply, subtract, scale; with a weight 3 more."""
    has_weight = len(call.outputs) > 1
    return Cost(0, _numel(call.args[0]) * (6 + 3 * has_weight))


@_enter("softmax_backward_data log_softmax_backward_data masked_softmax_backward")
def _softmax_backward(call: OpCall) -> Cost:
    """``y·(dy − Σ dy·y)``, or ``dy − exp(y)·Σ dy``: 4 an element."""
    return Cost(0, 4 * _numel(call.args[0]))


def _added_back(flops: int) -> Rule:
    """A rule of so many FLOPs for each element of ``dy``, the first argument."""
    return lambda call: Cost(0, flops * _numel(call.args[0]))


# the gradient of an output is added to that of the one input that it came from
_MOVED_BACK = (
    "max_pool2d_with_indices_backward max_pool3d_with_indices_backward adaptive_max_pool2d_backward "
    "adaptive_max_pool3d_backward embedding_dense_backward upsample_nearest1d_backward upsample_nearest2d_backward "
    "upsample_nearest3d_backward upsample_nearest_exact1d_backward upsample_nearest_exact2d_backward "
    "upsample_nearest_exact3d_backward reflection_pad1d_backward reflection_pad2d_backward reflection_pad3d_backward "
    "replication_pad1d_backward replication_pad2d_backward replication_pad3d_backward unfold_backward"
)
RULES.update(dict.fromkeys(_MOVED_BACK.split(), _added_back(1)))
# t taps: t multiplications and t additions
RULES.update(upsample_linear1d_backward=_added_back(4), upsample_bilinear2d_backward=_added_back(8))
RULES.update(upsample_trilinear3d_backward=_added_back(16), upsample_bicubic2d_backward=_added_back(32))


@_enter("avg_pool2d_backward avg_pool3d_backward")
def _avg_pool_backward(call: OpCall) -> Cost:
    """``(dy, x, kernel, …)``: a division, then one addition for each element of the window."""
    kernel = call.args[2]
    axes = 3 if "3d" in call.op else 2
    return Cost(0, _numel(call.args[0]) * (1 + (_prod(kernel) if len(kernel) > 1 else kernel[0] ** axes)))


@_enter("adaptive_avg_pool2d_backward adaptive_avg_pool3d_backward")
def _adaptive_avg_pool_backward(call: OpCall) -> Cost:
    """``(dy, x)``: the same with the exact windows."""
    dy, x = call.args[:2]
    axes = 3 if "3d" in call.op else 2
    return Cost(0, _numel(dy) + _window_elements(x.shape, dy.shape, axes))


@_enter("mkldnn_rnn_layer_backward")
def _mkldnn_rnn_layer_backward(call: OpCall) -> Cost:
    """``(input, W, U, …)``: the gradients of inputs and of weights, each as much as the layer itself."""
    forward = _mkldnn_rnn_layer(call)
    return Cost(2 * forward.macs, 2 * forward.other_flops)


@_enter("index_put index_put_impl unsafe_index_put")
def _index_put(call: OpCall) -> Cost:
    """``(x, indices, values, accumulate)``: one addition for each value that is added and not just put there."""
    adds = _argument(call, 3, "accumulate", default=False)
    return Cost(0, max(_numel(call.args[2]), _indexed(call))) if adds else FREE


def _indexed(call: OpCall) -> int:
    """How many elements the indices choose."""
    x, indices = call.args[0], [index.shape for index in call.args[1] if index is not None]
    if any(index.dtype in ("bool", "uint8") for index in call.args[1] if index is not None):
        return 0  # a mask: what it chooses is not known from shapes
    rest: int = _prod(size for size, index in zip_longest(x.shape, call.args[1]) if index is None)
    longest = max((len(shape) for shape in indices), default=0)
    aligned = [(1,) * (longest - len(shape)) + shape for shape in indices]
    chosen: int = _prod(max(sizes) for sizes in zip(*aligned, strict=True))
    return rest * chosen


# pointwise gradients that torch does not tag
_UNTAGGED_BACKWARD = (
    "hardtanh_backward hardswish_backward hardsigmoid_backward gelu_backward silu_backward mish_backward elu_backward "
    "leaky_relu_backward sigmoid_backward tanh_backward softplus_backward softshrink_backward hardshrink_backward "
    "log_sigmoid_backward glu_backward prelu_kernel_backward rrelu_with_noise_backward threshold_backward "
    "dropout_backward mse_loss_backward smooth_l1_loss_backward huber_loss_backward binary_cross_entropy_backward"
)
RULES.update(dict.fromkeys(_UNTAGGED_BACKWARD.split(), _per_output(1)))


@_enter("nll_loss_forward nll_loss2d_forward")
def _nll_loss(call: OpCall) -> Cost:
    """The chosen values are weighted and added up."""
    return Cost(0, 2 * _numel(call.args[1]))


_NOT_ADDED = "select_backward slice_backward diagonal_backward value_selecting_reduction_backward"
_SCATTERED = "nll_loss_backward nll_loss2d_backward"
RULES.update({name: lambda _: FREE for name in f"{_NOT_ADDED} {_SCATTERED}".split()})


@_enter(
    "foreach_add foreach_sub foreach_mul foreach_div foreach_sqrt foreach_addcmul foreach_addcdiv foreach_lerp "
    "foreach_neg foreach_pow foreach_maximum foreach_reciprocal"
)
def _foreach(call: OpCall) -> Cost:
    """One FLOP for each element of the list, as of a pointwise op."""
    return Cost(0, sum(_numel(spec) for spec in call.args[0] if spec.dtype in _FLOATS))


RULES.update(foreach_copy=lambda _: FREE, foreach_zero=lambda _: FREE)
