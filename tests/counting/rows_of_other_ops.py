"""Ops that are rarer than those of the first table: what they move, sample, quantize or find, written out."""

from functools import partial

import torch
from torch.nn import functional as F  # noqa: N812

from archstat.records import Cost
from tests.counting.rows import ids, row, spec
from tests.counting.test_sparse import BY_HAND as SPARSE

aten = torch.ops.aten
FLOATS = (4, 6)
N = 24
IMAGE = (2, 4, 6, 6)
# an enlarged axis of 6 → 12: centres 0.25, 0.75, …, of each a reach of 1 to both sides: 2 taps, one at each end
ENLARGED = 2 * 12 - 2
# 6 → 3: centres 1, 3, 5 and a reach of 2: elements −1 … 2, 1 … 4, 3 … 6 of 0 … 5
SHRUNK = 3 + 4 + 3
# a reach of 4: −3 … 4, −1 … 6, 1 … 8
SHRUNK_CUBIC = 5 + 6 + 5


def antialiased(op, call, rows, columns, height, width, name=""):
    """Rows first, each output of t taps: t products and t − 1 additions; then columns."""
    flops = 2 * 4 * (6 * (2 * columns - width) + width * (2 * rows - height))
    return row(op, call, IMAGE, flops=flops, name=name)


def of_axes(axes):
    """What a transposed convolution along so many axes takes: four maps and filters for six, without a bias."""
    return spec(1, 4, *[6] * axes), spec(4, 6, *[3] * axes), None


OTHER = [
    antialiased(
        "upsample_bilinear2d_aa",
        partial(F.interpolate, scale_factor=2, mode="bilinear", antialias=True),
        ENLARGED,
        ENLARGED,
        12,
        12,
    ),
    antialiased(
        "upsample_bilinear2d_aa",
        partial(F.interpolate, size=(3, 12), mode="bilinear", antialias=True),
        SHRUNK,
        ENLARGED,
        3,
        12,
        name="upsample_bilinear2d_aa, shrunk",
    ),
    antialiased(
        "upsample_bicubic2d_aa",
        partial(F.interpolate, size=(3, 3), mode="bicubic", antialias=True),
        SHRUNK_CUBIC,
        SHRUNK_CUBIC,
        3,
        3,
    ),
    # x, y and 1 of each place, times 2 × 3
    row("affine_grid_generator", lambda t: F.affine_grid(t, [2, 3, 5, 7], False), (2, 2, 3), macs=2 * 5 * 7 * 2 * 3),
    row(
        "affine_grid_generator",
        lambda t: F.affine_grid(t, [2, 3, 4, 5, 7], False),
        (2, 3, 4),
        macs=2 * 4 * 5 * 7 * 3 * 4,
        name="affine_grid_generator, volume",
    ),
    row("grid_sampler_2d", partial(F.grid_sample, mode="nearest", align_corners=False), IMAGE, (2, 5, 7, 2)),
    # 16 taps
    row(
        "grid_sampler_2d",
        partial(F.grid_sample, mode="bicubic", align_corners=False),
        IMAGE,
        (2, 5, 7, 2),
        flops=31 * 2 * 4 * 5 * 7,
        name="grid_sampler_2d, cubic",
    ),
    # 2 × 2 windows that touch, and that overlap; of padded ones what falls beside the image is dropped
    row("col2im", lambda x: F.fold(x, (4, 4), 2, stride=2), (2, 8, 4), flops=2 * 2 * 16),
    row("col2im", lambda x: F.fold(x, (3, 3), 2), (2, 8, 4), flops=2 * 2 * 16, name="col2im, overlapping"),
    row("col2im", lambda x: F.fold(x, (3, 3), 3, padding=1), (2, 9, 9), flops=2 * 7 * 7, name="col2im, padded"),
    row(
        "batch_norm_no_update",
        lambda x, v: aten._batch_norm_no_update(x, v, v, v, v, 0.1, 1e-5),
        torch.ones(IMAGE),
        torch.ones(4),
        flops=2 * 288,
    ),
    row(
        "fractional_max_pool2d",
        lambda x, s: aten.fractional_max_pool2d(x, [2, 2], [3, 3], s),
        IMAGE,
        (2, 4, 2),
        flops=2 * 4 * 9 * 3,
    ),
    row(
        "fractional_max_pool3d",
        lambda x, s: aten.fractional_max_pool3d(x, [2, 2, 2], [2, 2, 2], s),
        (2, 4, 4, 4, 4),
        (2, 4, 3),
        flops=2 * 4 * 8 * 7,
    ),
    row(
        "unsafe_masked_index_put_accumulate",
        lambda x, m, v: aten._unsafe_masked_index_put_accumulate(x, m, [ids(1, 2)], v),
        FLOATS,
        torch.ones(2, 1, dtype=torch.bool),
        (2, 6),
        flops=12,
    ),
    row(
        "fake_quantize_per_tensor_affine_cachemask",
        lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255),
        torch.ones(FLOATS),
        flops=7 * N,
    ),
    row(
        "fake_quantize_per_channel_affine_cachemask",
        lambda x: torch.fake_quantize_per_channel_affine(x, torch.ones(4), torch.zeros(4).int(), 0, 0, 255),
        torch.ones(FLOATS),
        flops=7 * N,
    ),
    row("hardtanh", F.hardtanh, FLOATS, flops=N),
    row("dot", torch.dot, ids(1, 2), ids(3, 4), name="dot, whole numbers"),
    row("mm", torch.mm, torch.ones(2, 2).int(), torch.ones(2, 2).int(), name="mm, whole numbers"),
    row("addmm", torch.addmm, *[torch.ones(2, 2).int()] * 3, name="addmm, whole numbers"),
    row(
        "int_mm",
        torch._int_mm,
        torch.ones(32, 8).char(),
        torch.ones(8, 16).char(),
        macs=32 * 8 * 16,
        name="int_mm, quantized",
    ),
]


def pointwise(names):
    return {name: ((spec(4, 6), spec(4, 6)), spec(4, 6), Cost(0, N)) for name in names.split()}


def free(names):
    return {name: ((spec(4, 6),), spec(4, 6), Cost()) for name in names.split()}


X, FILTERS, BIAS = spec(1, 3, 5, 5), spec(4, 3, 3, 3), spec(4)
CONV = 4 * 9 * 27
ROWS, BOXES = spec(5, 8), spec(10, 4)
#: Ops that no call on every machine runs as themselves, or that only need a name: arguments, output, cost.
OTHER_BY_HAND = {
    **SPARSE,
    **pointwise(
        "mul div celu elu leaky_relu softplus softshrink hardshrink remainder conj_physical isnan isinf bitwise_and "
        "bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift lshift rshift irshift add_relu"
    ),
    **free(
        "as_strided_copy conj_copy detach_copy diagonal_copy expand_copy narrow_copy neg_view_copy permute_copy "
        "reshape_alias_copy reshape_copy select_copy slice_copy split_copy squeeze_copy t_copy transpose_copy "
        "unbind_copy unsqueeze_copy values_copy indices_copy crow_indices_copy col_indices_copy ccol_indices_copy "
        "row_indices_copy view_as_complex_copy view_as_real_copy sparse_broadcast_to_copy chunk_cat lift lazy_clone "
        "pin_memory resize_as resize_output to_sparse to_sparse_csr to_sparse_csc to_sparse_bsr to_sparse_bsc to_dense "
        "sparse_mask sparse_mask_projection sparse_coo_tensor sparse_coo_tensor_with_dims "
        "sparse_coo_tensor_with_dims_and_tensors sparse_compressed_tensor sparse_resize sparse_resize_and_clear "
        "copy_sparse_to_sparse convert_indices_from_coo_to_csr convert_indices_from_csr_to_coo "
        "validate_compressed_sparse_indices sparse_dim dense_dim dimI dimV nnz is_coalesced is_all_true is_any_true "
        "unique_dim_consecutive is_same_size is_set_to is_pinned has_same_storage_numel hash_tensor linspace logspace "
        "arange range binomial cauchy geometric log_normal normal_functional poisson sample_dirichlet standard_gamma "
        "fused_dropout functional_assert_scalar"
    ),
    # libraries of one device
    "cudnn_convolution_relu": ((X, FILTERS, BIAS), spec(1, 4, 3, 3), Cost(CONV, 2 * 36)),
    "miopen_convolution_relu": ((X, FILTERS, None), spec(1, 4, 3, 3), Cost(CONV, 36)),
    **{
        f"{library}_convolution_add_relu": (
            (X, FILTERS, spec(1, 4, 3, 3), 1.0, BIAS),
            spec(1, 4, 3, 3),
            # scaled, added, cut at 0, and a bias
            Cost(CONV, 4 * 36),
        )
        for library in ("cudnn", "miopen")
    },
    "miopen_convolution_transpose": ((X, spec(3, 4, 3, 3), None), spec(1, 4, 7, 7), Cost(3 * 25 * 36)),
    "miopen_depthwise_convolution": ((X, spec(3, 1, 3, 3), spec(3)), spec(1, 3, 3, 3), Cost(27 * 9, 27)),
    "nnpack_spatial_convolution": ((X, FILTERS, BIAS, (0, 0)), spec(1, 4, 3, 3), Cost(CONV, 36)),
    "slow_conv_dilated2d": ((X, FILTERS, (3, 3), BIAS), spec(1, 4, 3, 3), Cost(CONV, 36)),
    "slow_conv_dilated3d": (
        (spec(1, 3, 5, 5, 5), spec(4, 3, 3, 3, 3), (3, 3, 3), None),
        spec(1, 4, 3, 3, 3),
        Cost(4 * 27 * 81),
    ),
    "slow_conv_transpose2d": ((X, spec(3, 4, 3, 3), (3, 3), BIAS), spec(1, 4, 7, 7), Cost(3 * 25 * 36, 4 * 49)),
    "slow_conv_transpose3d": (
        (spec(1, 3, 5, 5, 5), spec(3, 4, 3, 3, 3), (3, 3, 3), None),
        spec(1, 4, 7, 7, 7),
        Cost(3 * 125 * 4 * 27),
    ),
    "mkldnn_linear": ((ROWS, spec(4, 8), BIAS), spec(5, 4), Cost(5 * 4 * 8, 20)),
    "scaled_mm_v2": ((ROWS, spec(8, 4), (spec(),), (0,), (0,), (spec(),), (0,), (0,), BIAS), spec(5, 4), Cost(160, 40)),
    "weight_int4pack_mm_with_scales_and_zeros": ((ROWS, spec(4, 4), 32, spec(), spec()), spec(5, 4), Cost(160)),
    "dyn_quant_matmul_4bit": ((ROWS, spec(16, dtype="uint8"), 8, 8, 4), spec(5, 4), Cost(160)),
    "mixed_dtypes_linear": ((ROWS, spec(4, 8, dtype="int8"), spec(4)), spec(5, 4), Cost(160)),
    "cudnn_affine_grid_generator": ((spec(2, 2, 3), 2, 3, 5, 7), spec(2, 5, 7, 2), Cost(2 * 35 * 2 * 3)),
    "cudnn_grid_sampler": ((spec(2, 4, 6, 6), spec(2, 5, 7, 2)), spec(2, 4, 5, 7), Cost(0, 7 * 8 * 35)),
    "grid_sampler_2d_cpu_fallback": ((spec(2, 4, 6, 6), spec(2, 5, 7, 2), 0), spec(2, 4, 5, 7), Cost(0, 7 * 8 * 35)),
    "upsample_lanczos2d_aa": (
        (spec(2, 4, 6, 6), (6, 6), False),
        spec(2, 4, 6, 6),
        # centres 0.5, 1.5, …, reach 3: elements −2 … 3, −1 … 4, 0 … 5, 1 … 6, … of 0 … 5
        Cost(0, 8 * 2 * 6 * (2 * (4 + 5 + 6 + 5 + 4 + 3) - 6)),
    ),
    **{
        f"{library}_ctc_loss": (
            (spec(5, 3, 4), spec(6, dtype="int32"), (5, 5, 5), (2, 2, 2)),
            spec(3),
            Cost(0, 13 * 15 * 5),
        )
        for library in ("cudnn", "miopen")
    },
    "batch_norm_elemt": ((spec(4, 6), spec(6), spec(6), spec(6), spec(6), 1e-5), spec(4, 6), Cost(0, 4 * N)),
    **{
        name: ((spec(4, 6), spec(6), spec(6), spec(6), spec(6), 0.1, 1e-5), spec(4, 6), Cost(0, 7 * N))
        for name in ("batch_norm_with_update", "batch_norm_with_update_functional")
    },
    "cholesky_solve_helper": ((spec(2, 6, 3), spec(2, 6, 6), False), spec(2, 6, 3), Cost(0, 2 * 2 * 36 * 3)),
    "compute_linear_combination": ((spec(3, 4), spec(2, 3)), spec(2, 4), Cost(0, 2 * 8 * 3)),
    **{
        name: ((spec(4, 6),), spec(4, 6), Cost(0, 7 * N))
        for name in (
            "fake_quantize_per_tensor_affine_cachemask_tensor_qparams fake_quantize_learnable_per_tensor_affine "
            "fake_quantize_learnable_per_channel_affine"
        ).split()
    },
    "dequantize": ((spec(4, 6, dtype="qint8"),), spec(4, 6), Cost(0, 2 * N)),
    "quantize_per_tensor": ((spec(4, 6), 0.1, 0, "qint8"), spec(4, 6, dtype="qint8"), Cost(0, 5 * N)),
    "quantize_per_channel": ((spec(4, 6), spec(4), spec(4)), spec(4, 6, dtype="qint8"), Cost(0, 5 * N)),
    "quantize_per_tensor_dynamic": ((spec(4, 6), "qint8", False), spec(4, 6, dtype="qint8"), Cost(0, 5 * N)),
    **{
        name: ((spec(4, 6),), spec(4, 6), Cost(0, 9 * N))
        for name in ("fused_moving_avg_obs_fq_helper", "fused_moving_avg_obs_fq_helper_functional")
    },
    **{
        f"quantized::linear{kind}": ((ROWS, None), spec(5, 4), Cost(160, 20 * (2 if "relu" in kind else 1)))
        for kind in ("", "_relu", "_dynamic", "_relu_dynamic", "_dynamic_fp16", "_relu_dynamic_fp16")
    },
    # filters of 3·3 on 2 of 4 maps, six of them, and biases: 6·4·4 outputs
    **{
        f"quantized::conv2d{kind}": (
            (spec(1, 4, 6, 6), spec(6, 2, 3, 3), spec(6), (1, 1), (0, 0), (1, 1), 2),
            spec(1, 6, 4, 4),
            Cost(96 * 18, 96 * (1 + kind.count("_relu") + kind.count("_add"))),
        )
        for kind in ("", "_relu", "_add", "_add_relu", "_dynamic")
    },
    **{
        f"quantized::conv{axes}d{kind}": (
            (spec(1, 4, *[6] * axes), spec(6, 2, *[3] * axes), None, *[(1,) * axes, (0,) * axes, (1,) * axes], 2),
            spec(1, 6, *[4] * axes),
            Cost(6 * 4**axes * 2 * 3**axes, 6 * 4**axes * ("relu" in kind)),
        )
        for axes in (1, 3)
        for kind in ("", "_relu", "_dynamic")
    },
    # each of 4·6 inputs is spread over three places of six maps
    **{
        f"quantized::conv_transpose{axes}d{kind}": (
            (*of_axes(axes), (1,) * axes, (0,) * axes, (0,) * axes, 1, (1,) * axes),
            spec(1, 6, *[8] * axes),
            Cost(4 * 6**axes * 6 * 3**axes),
        )
        for axes in (1, 2, 3)
        for kind in ("", "_dynamic")
    },
    **{
        f"quantized::{name}": ((spec(4, 6), spec(4, 6), 0.1, 0), spec(4, 6), Cost(0, N * (1 + name.endswith("_relu"))))
        for name in ("add", "mul", "add_relu", "mul_relu", "add_scalar", "add_scalar_relu", "mul_scalar")
    },
    **{
        f"quantized::{name}": ((spec(4, 6), 0.1, 0), spec(4, 6), Cost(0, N))
        for name in ("hardswish", "leaky_relu", "elu", "celu", "sigmoid", "prelu", "relu6")
    },
    "quantized::mul_scalar_relu": ((spec(4, 6), 2), spec(4, 6), Cost(0, 2 * N)),
    # two layers in both directions: 5 steps, 3 features, a state of 2 each way
    **{
        f"quantized_{kind}": (
            (spec(5, 1, 3), None, None, True, 2, 0.0, False, True, False),
            spec(5, 1, 4),
            Cost(5 * gates * 2 * 2 * ((3 + 2) + (4 + 2)), 5 * 4 * (4 * gates * 2 + 2 * update)),
        )
        for kind, gates, update in (("lstm", 4, 5), ("gru", 3, 4))
    },
    **{
        name.format(kind): (
            (spec(5, 3), spec(5, 2), None, None),
            spec(5, 2),
            Cost(5 * gates * 2 * (3 + 2), 5 * (4 * gates * 2 + 2 * update)),
        )
        for kind, gates, update in (("lstm", 4, 5), ("gru", 3, 4), ("rnn_tanh", 1, 0), ("rnn_relu", 1, 0))
        for name in ("quantized_{}_cell", "quantized::quantized_{}_cell_dynamic")
    },
    **{
        f"torch_nn::_linear_cross_entropy_batch_chunked{kind}": (
            (ROWS, spec(20, 8), spec(5, dtype="int64")),
            spec(),
            Cost(5 * 20 * 8, 5 * 100 + 2 * 5),
        )
        for kind in ("", "_no_reduction")
    },
    # areas, ⌈log₂ 10⌉ = 4 comparisons each, 45 pairs of 13
    "torchvision::nms": ((BOXES, spec(10), 0.5), spec(3, dtype="int64"), Cost(0, 30 + 40 + 45 * 13)),
    # 2 × 2 samples of 7, three additions and a division
    "torchvision::roi_align": ((X, spec(2, 5), 1.0, 7, 7, 2, True), spec(2, 3, 7, 7), Cost(0, 2 * 3 * 49 * 4 * 8)),
    "torchvision::ps_roi_align": ((spec(1, 12, 5, 5), spec(2, 5), 1.0, 2, 2, 2), spec(2, 3, 2, 2), Cost(0, 24 * 4 * 8)),
    "torchvision::_roi_align_backward": (
        (spec(2, 3, 7, 7), spec(2, 5), 1.0, 7, 7, 1, 3, 5, 5, 2, True),
        X,
        Cost(0, 294 * (1 + 4 * 8)),
    ),
    "torchvision::_ps_roi_align_backward": (
        (spec(2, 3, 2, 2), spec(2, 5), spec(2, 3, 2, 2), 1.0, 2, 2, 2, 1, 12, 5, 5),
        spec(1, 12, 5, 5),
        Cost(0, 24 * (1 + 4 * 8)),
    ),
    **{
        f"torchvision::{name}": ((X, spec(2, 5), 1.0, 7, 7), spec(2, 3, 7, 7), None)
        for name in ("roi_pool", "ps_roi_pool", "_roi_pool_backward", "_ps_roi_pool_backward")
    },
}
