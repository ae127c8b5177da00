"""What the ops of a backward pass cost, from shapes alone.

One entry of :data:`BACKWARD_RULES` is the gradient of one op, for :mod:`archstat.counting.rules` to look up with all
the others; its conventions hold here too. In particular: a gradient of a convolution, a linear layer or a matrix
product is one again, so it counts in ``macs``; whatever else multiplies and adds, such as the taps of resampling,
counts in ``other_flops``. Where a forward pass chose or moved numbers, the backward pass adds what comes back: one FLOP
each.

``dy`` is the gradient that comes in, that of the op's output. The file is as long as there are gradients.
"""

from __future__ import annotations

import math
from math import prod

from archstat.counting import entries
from archstat.counting.arguments import arg, args, first
from archstat.counting.entries import FREE, CostRule, numel, per_output
from archstat.counting.taps import LINEAR, MODES, antialiased, ctc_places, window_elements
from archstat.records import Cost, OpCall

#: One entry = the cost of one op of a backward pass.
BACKWARD_RULES: dict[str, CostRule] = {}
_enter = entries.into(BACKWARD_RULES)


# -- convolutions, products, attention ---------------------------------------------------------------------------------


@_enter("convolution_backward convolution_backward_overrideable")
def _convolution_backward(call: OpCall) -> Cost:
    """The gradients of the input and of the weights each cost as much as the convolution, if the mask asks for them.

    The gradient of a bias adds up what one filter put out.
    """
    dy, x, weight, transposed, mask = args(call, "dy x weight transposed output_mask")
    starts = numel(x if transposed else dy)
    forward = starts * (numel(weight) // max(weight.shape[0], 1))
    has_bias = len(mask) > 2 and mask[2]
    return Cost(forward * (mask[0] + mask[1]), numel(dy) - dy.shape[1] if has_bias else 0)


@_enter(
    "scaled_dot_product_flash_attention_backward scaled_dot_product_flash_attention_for_cpu_backward "
    "scaled_dot_product_efficient_attention_backward scaled_dot_product_cudnn_attention_backward "
    "scaled_dot_product_fused_attention_overrideable_backward cudnn_attention_backward"
)
def _attention_backward(call: OpCall) -> Cost:
    """Scores are worked out again, then the gradients of scores, values, queries, keys.

    A score is scaled, subtracted from, exponentiated; its gradient is subtracted from, multiplied, scaled.
    """
    return _attended_back(call, keys=arg(call, "key").shape[-2])


@_enter("flash_attention_backward efficient_attention_backward")
def _attention_backward_by_sequence(call: OpCall) -> Cost:
    """Attention with the heads after the sequence: ``(batch, queries, heads, width)``."""
    return _attended_back(call, keys=arg(call, "key").shape[1])


def _attended_back(call: OpCall, keys: int) -> Cost:
    query, value = (spec.shape for spec in args(call, "query value"))
    queries, width, value_width = prod(query[:-1]), query[-1], value[-1]
    scores = queries * keys
    return Cost(scores * (3 * width + 2 * value_width), 6 * scores + 2 * queries * value_width)


@_enter("linear_backward mkldnn_linear_backward")
def _linear_backward(call: OpCall) -> Cost:
    """A product each for the gradients of input and weights; that of a bias adds up rows."""
    dy, weight, mask = args(call, "dy weight output_mask")
    added = numel(dy) - dy.shape[-1] if mask[2] else 0
    return Cost(numel(dy) * weight.shape[-1] * (mask[0] + mask[1]), added)


@_enter("cudnn_affine_grid_generator_backward")
def _affine_grid_backward(call: OpCall) -> Cost:
    """Each place of the grid, 1 appended, times its gradient."""
    return Cost(numel(first(call)) * call.outputs[0].shape[-1])


@_enter("sparse_mm_reduce_impl_backward")
def _reduced_sparse_product_backward(call: OpCall) -> Cost | None:
    """What ``x`` stores meets one row of ``dy`` or of the other side for each gradient."""
    x, dy, mask = args(call, "x dy output_mask")
    if x.stored is None or x.stored < 0:
        return None
    return Cost(x.stored * dy.shape[-1] * (mask[0] + mask[1]))


# -- recurrent cells ---------------------------------------------------------------------------------------------------


@_enter("thnn_fused_lstm_cell_backward_impl")
def _lstm_cell_backward(call: OpCall) -> Cost:
    """The gradients of the gates of one step.

    13 for each unit: tanh(c), its product with dh; dh·o, the gradient of tanh, + dc; four products with dc; the
    gradients of four activations. Those of the biases add up the batch.
    """
    gates, has_bias = args(call, "workspace has_bias")
    return Cost(0, 13 * numel(gates) // 4 + (numel(gates) - gates.shape[-1] if has_bias else 0))


@_enter("thnn_fused_gru_cell_backward")
def _gru_cell_backward(call: OpCall) -> Cost:
    """The gradients of the gates of one step, of which ``(batch, 5·hidden)`` was kept.

    10 for each unit: dh·(h − n), dh·(1 − z), dn·(U·h), dn·r, dh·z; the gradients of three activations. Those of two
    biases of three gates add up the batch.
    """
    kept, has_bias = args(call, "workspace has_bias")
    added = 6 * (numel(kept) - kept.shape[-1]) // 5 if has_bias else 0
    return Cost(0, 10 * numel(kept) // 5 + added)


# -- normalisation -----------------------------------------------------------------------------------------------------

_NORM_BACKWARD = 9  # centre and scale x; add up dy and dy·x; two subtractions and two multiplications for dx


@_enter("batch_norm_backward cudnn_batch_norm_backward miopen_batch_norm_backward")
def _batch_norm_backward(call: OpCall) -> Cost:
    """With fixed statistics dx is one multiplication, and the gradients of weight and bias are 5 FLOPs an element.

    Only torch's own form says whether statistics are fixed.
    """
    elements = numel(first(call))
    if call.op == "batch_norm_backward" and not arg(call, "train"):
        mask = arg(call, "output_mask")
        return Cost(0, elements * (mask[0] + 5 * (mask[1] or mask[2])))
    return Cost(0, _NORM_BACKWARD * elements)


@_enter("batch_norm_backward_reduce")
def _batch_norm_backward_sums(call: OpCall) -> Cost:
    """Where several processes share a batch: centre x; multiply by dy; add up dy and that."""
    return Cost(0, 4 * numel(first(call)))


@_enter("batch_norm_backward_elemt")
def _batch_norm_backward_by_element(call: OpCall) -> Cost:
    """With the sums of :func:`_batch_norm_backward_sums`: the rest of a batch norm's."""
    return Cost(0, (_NORM_BACKWARD - 4) * numel(first(call)))


@_enter("weight_norm_interface_backward")
def _weight_norm_backward(call: OpCall) -> Cost:
    """``dg = Σ dw·v / |v|`` and ``dv = g/|v|·(dw − v·dg/|v|)``.

    5 for each element of v: multiply and add up; multiply, subtract, scale. 3 for each norm: the divisions.
    """
    v, g = args(call, "saved_v saved_g")
    return Cost(0, 5 * numel(v) + 3 * numel(g))


@_enter("layer_norm_backward group_norm_backward")
def _norm_backward(call: OpCall) -> Cost:
    """With a weight dy is multiplied by it, and its gradient and that of the bias are added up: 4 an element."""
    has_weight = len(call.outputs) > 1
    return Cost(0, numel(first(call)) * (_NORM_BACKWARD + 4 * has_weight))


@_enter("fused_rms_norm_backward")
def _rms_norm_backward(call: OpCall) -> Cost:
    """Scale x, multiply by dy and add up, multiply, subtract, scale; with a weight 3 more."""
    has_weight = len(call.outputs) > 1
    return Cost(0, numel(first(call)) * (6 + 3 * has_weight))


@_enter(
    "softmax_backward_data log_softmax_backward_data masked_softmax_backward sparse_softmax_backward_data "
    "sparse_log_softmax_backward_data"
)
def _softmax_backward(call: OpCall) -> Cost:
    """``y·(dy − Σ dy·y)``, or ``dy − exp(y)·Σ dy``: 4 an element."""
    return Cost(0, 4 * numel(first(call)))


# -- pooling and resampling --------------------------------------------------------------------------------------------


def _added_back(flops: int) -> CostRule:
    """A rule of so many FLOPs for each element of ``dy``, the first argument."""
    return lambda call: Cost(0, flops * numel(first(call)))


# the gradient of an output is added to that of the one input that it came from
_MOVED_BACK = (
    "max_pool2d_with_indices_backward max_pool3d_with_indices_backward adaptive_max_pool2d_backward "
    "adaptive_max_pool3d_backward embedding_dense_backward upsample_nearest1d_backward upsample_nearest2d_backward "
    "upsample_nearest3d_backward upsample_nearest_exact1d_backward upsample_nearest_exact2d_backward "
    "upsample_nearest_exact3d_backward reflection_pad1d_backward reflection_pad2d_backward reflection_pad3d_backward "
    "replication_pad1d_backward replication_pad2d_backward replication_pad3d_backward unfold_backward "
    "fractional_max_pool2d_backward fractional_max_pool3d_backward max_pool2d_backward mkldnn_max_pool2d_backward "
    "mkldnn_max_pool3d_backward"
)
BACKWARD_RULES.update(dict.fromkeys(_MOVED_BACK.split(), _added_back(1)))
# t taps: t multiplications and t additions
BACKWARD_RULES.update(upsample_linear1d_backward=_added_back(4), upsample_bilinear2d_backward=_added_back(8))
BACKWARD_RULES.update(upsample_trilinear3d_backward=_added_back(16), upsample_bicubic2d_backward=_added_back(32))


@_enter("avg_pool2d_backward avg_pool3d_backward")
def _avg_pool_backward(call: OpCall) -> Cost:
    """A division, then one addition for each element of the window."""
    kernel = arg(call, "kernel_size")
    axes = 3 if "3d" in call.op else 2
    return Cost(0, numel(first(call)) * (1 + (prod(kernel) if len(kernel) > 1 else kernel[0] ** axes)))


@_enter("adaptive_avg_pool2d_backward adaptive_avg_pool3d_backward mkldnn_adaptive_avg_pool2d_backward")
def _adaptive_avg_pool_backward(call: OpCall) -> Cost:
    """As :func:`_avg_pool_backward`, with the exact windows."""
    dy, x = args(call, "dy x")
    axes = 3 if "3d" in call.op else 2
    return Cost(0, numel(dy) + window_elements(x.shape, dy.shape, axes))


@_enter("upsample_bilinear2d_aa_backward upsample_bicubic2d_aa_backward upsample_lanczos2d_aa_backward")
def _antialiased_backward(call: OpCall) -> Cost:
    """Columns, then rows; a multiplication and an addition for each tap."""
    dy, (*maps, height, width) = first(call).shape, arg(call, "input_size")
    rows, columns = antialiased(call, 0, height, dy[-2]), antialiased(call, 1, width, dy[-1])
    return Cost(0, prod(maps) * 2 * (rows * dy[-1] + columns * height))


@_enter("grid_sampler_2d_backward grid_sampler_3d_backward")
def _grid_sampler_backward(call: OpCall) -> Cost:
    of_x, of_grid = arg(call, "output_mask")
    return _sampled_back(call, arg(call, "interpolation_mode"), of_x=of_x, of_grid=of_grid)


@_enter("grid_sampler_2d_cpu_fallback_backward")
def _unmasked_grid_sampler_backward(call: OpCall) -> Cost:
    return _sampled_back(call, arg(call, "interpolation_mode"), of_x=True, of_grid=True)


@_enter("cudnn_grid_sampler_backward")
def _cudnn_grid_sampler_backward(call: OpCall) -> Cost:
    return _sampled_back(call, LINEAR, of_x=True, of_grid=True)


def _sampled_back(call: OpCall, mode: int, *, of_x: bool, of_grid: bool) -> Cost:
    """The gradient of x as in resampling, 2 for each of t taps; the nearest is one addition.

    How an output moves with one coordinate is a sum of t taps again, 2·t − 1; it is multiplied by dy and added up over
    the channels. What was only chosen does not move.
    """
    dy, grid = args(call, "dy grid")
    axes = grid.shape[-1]
    taps = MODES[mode] ** axes
    if taps == 1:
        return Cost(0, numel(dy) * of_x)
    return Cost(0, numel(dy) * (2 * taps * of_x + axes * (2 * taps + 1) * of_grid))


# -- tables, segments, distances ---------------------------------------------------------------------------------------

_MEAN, _MAX = 1, 2
"""Torch's numbers of what a bag makes of its rows; 0 adds them up."""


@_enter("embedding_bag_backward embedding_bag_dense_backward embedding_bag_sparse_backward")
def _embedding_bag_backward(call: OpCall) -> Cost:
    """What each bag gets is added to its rows; of a maximum, to the one row that it came from.

    A mean is divided before, and numbers that weight the rows are multiplied by.
    """
    dy, indices, mode, weights = args(call, "dy indices mode per_sample_weights")
    if mode == _MAX:
        return Cost(0, numel(dy))
    rows = numel(indices) * dy.shape[-1]
    return Cost(0, rows * (1 + (weights is not None)) + numel(dy) * (mode == _MEAN))


@_enter("embedding_bag_per_sample_weights_backward")
def _weights_of_bag_backward(call: OpCall) -> Cost:
    """Each row that is asked for times that of its bag."""
    dy, indices = args(call, "dy indices")
    return Cost(0, numel(indices) * max(2 * dy.shape[-1] - 1, 0))


@_enter("segment_reduce_backward")
def _segment_reduce_backward(call: OpCall) -> Cost:
    """Of a sum it is dy itself, of a mean that divided by the length.

    Of an extreme each element is compared and counted, and dy divided among those that are alike; of a product
    ``dy·y / x``.
    """
    dy, x, how = args(call, "dy data reduce")
    per_dy, per_x = {"sum": (0, 0), "mean": (1, 0), "prod": (0, 2)}.get(how, (1, 2))
    return Cost(0, per_dy * numel(dy) + per_x * numel(x))


@_enter("cdist_backward")
def _distances_backward(call: OpCall) -> Cost:
    """The gradient of ``x1`` alone; that of ``x2`` is an op of its own."""
    dy, x, power = args(call, "dy x1 p")
    each, once = _of_a_difference(power)
    return Cost(0, numel(dy) * (each * x.shape[-1] + once))


@_enter("pdist_backward")
def _distances_within_backward(call: OpCall) -> Cost:
    """What a pair gives is added to one of both and subtracted from the other."""
    dy, x, power = args(call, "dy x p")
    each, once = _of_a_difference(power)
    return Cost(0, numel(dy) * ((each + (each > 0)) * x.shape[-1] + once))


def _of_a_difference(power: float) -> tuple[int, int]:
    """The FLOPs of the gradient of ``|a − b|``, for each element and once for each pair.

    0: nothing moves. 1: subtract, sign, multiply by dy, add. 2: subtract, multiply by dy over the distance, add. The
    greatest: subtract, absolute value, compare, sign, multiply, add. Else: subtract, absolute value, power, multiply by
    the difference, by dy over a power of the distance, add.
    """
    usual = {0.0: (0, 0), 1.0: (4, 0), 2.0: (3, 1), math.inf: (6, 0)}
    return usual.get(float(power), (6, 2))


# -- losses ------------------------------------------------------------------------------------------------------------


@_enter("ctc_loss_backward")
def _ctc_loss_backward(call: OpCall) -> Cost:
    """The sums of the forward pass from the end, 13 at each place of each step.

    Both sums there are added, and that is added up as logarithm for its label: a comparison, 2 subtractions, 2
    exponentials, an addition, a logarithm, an addition. Each score then takes 2 exponentials, an addition, 2
    subtractions, a product with dy.
    """
    scores, targets = args(call, "log_probs targets")
    return Cost(0, 22 * ctc_places(scores, targets) + 6 * numel(scores))


@_enter("multi_margin_loss_backward multilabel_margin_loss_backward")
def _margin_loss_backward(call: OpCall) -> Cost:
    """Each score is compared with that of the target again: subtract, add, compare.

    What comes in is added to its gradient and subtracted from the target's. Several labels: as many as scores at most.
    """
    x = arg(call, "x")
    labels = x.shape[-1] if call.op.startswith("multilabel") and x.shape else 1
    return Cost(0, 5 * numel(x) * labels)


# -- quantization ------------------------------------------------------------------------------------------------------


@_enter("fake_quantize_learnable_per_tensor_affine_backward fake_quantize_learnable_per_channel_affine_backward")
def _learned_quantization_backward(call: OpCall) -> Cost:
    """12 an element.

    Scale, round, shift, compare with both ends again; multiply by dy. Of the scale: subtract, divide, multiply by dy,
    add up; of the zero point: multiply by dy, add up.
    """
    return Cost(0, 12 * numel(arg(call, "x")))


# -- elementwise, or nothing but moving --------------------------------------------------------------------------------

# pointwise gradients that torch does not tag
_UNTAGGED_BACKWARD = (
    "hardtanh_backward hardswish_backward hardsigmoid_backward gelu_backward silu_backward mish_backward elu_backward "
    "leaky_relu_backward sigmoid_backward tanh_backward softplus_backward softshrink_backward hardshrink_backward "
    "log_sigmoid_backward glu_backward prelu_kernel_backward rrelu_with_noise_backward threshold_backward "
    "dropout_backward mse_loss_backward smooth_l1_loss_backward huber_loss_backward binary_cross_entropy_backward "
    "soft_margin_loss_backward"
)
BACKWARD_RULES.update(dict.fromkeys(_UNTAGGED_BACKWARD.split(), per_output(1)))

_NOT_ADDED = (
    "select_backward slice_backward diagonal_backward value_selecting_reduction_backward masked_scatter_backward "
    "sparse_sum_backward nested_sum_backward nested_select_backward"
)
_SCATTERED = "nll_loss_backward nll_loss2d_backward"
BACKWARD_RULES.update({name: lambda _: FREE for name in f"{_NOT_ADDED} {_SCATTERED}".split()})


# -- detection ---------------------------------------------------------------------------------------------------------


@_enter("torchvision::_roi_align_backward torchvision::_ps_roi_align_backward")
def _roi_align_backward(call: OpCall) -> Cost | None:
    """A division, then for each sample 4 products and 4 additions."""
    samples = arg(call, "sampling_ratio")
    return Cost(0, numel(first(call)) * (1 + 8 * samples**2)) if samples > 0 else None
