"""The arguments of an op by name, so that no rule has to know at which place torch takes them.

>>> from archstat.records import OpCall, TensorSpec
>>> image, filters = (TensorSpec(shape, "float32", -1) for shape in ((1, 3, 8, 8), (4, 3, 3, 3)))
>>> call = OpCall("conv2d", 0, "other", (image, filters, None, (2, 2)), {}, ())
>>> arg(call, "stride"), arg(call, "dilation"), args(call, "padding groups")
((2, 2), (1,), [(0,), 1])

An entry of :data:`SIGNATURES` are the ops that share a signature, and that signature as far as rules read it. Names,
places and defaults are torch's; ``tests/counting/test_arguments.py`` holds them to torch's own schemas.
Four names are ours, as torch has many words for the same: ``x`` is what an op works on, ``dy`` the gradient that
comes in, ``a`` and ``b`` are the factors of a product. Where torch's name varies within a family, it stands behind
ours: ``source:src``. What is behind ``*`` is only taken by name.
"""

from __future__ import annotations

import ast
import sys
from typing import Any, NamedTuple

from archstat.records import OpCall, TensorSpec

_POOL = "x kernel_size stride=() padding=(0,)"
_NORM = "x weight bias running_mean running_var training"
_ATTENTION = "query key value"

QUANTIZED_CONVOLUTIONS = (
    "quantized::conv1d quantized::conv2d quantized::conv3d quantized::conv1d_relu quantized::conv2d_relu "
    "quantized::conv3d_relu quantized::conv2d_add quantized::conv2d_add_relu quantized::conv1d_dynamic "
    "quantized::conv2d_dynamic quantized::conv3d_dynamic"
)
QUANTIZED_TRANSPOSED = (
    "quantized::conv_transpose1d quantized::conv_transpose2d quantized::conv_transpose3d "
    "quantized::conv_transpose1d_dynamic quantized::conv_transpose2d_dynamic quantized::conv_transpose3d_dynamic"
)
"""Convolutions of quantized layers, with their weights unpacked: a trace has them so."""

#: One entry = the ops of one signature.
SIGNATURES: dict[str, str] = {
    # convolutions
    "conv1d conv2d conv3d": "x weight bias=None stride=(1,) padding=(0,) dilation=(1,) groups=1",
    QUANTIZED_CONVOLUTIONS: "x weight bias stride padding dilation groups",
    QUANTIZED_TRANSPOSED: "x weight bias stride padding output_padding groups dilation",
    "conv_transpose1d conv_transpose2d conv_transpose3d": (
        "x weight bias=None stride=(1,) padding=(0,) output_padding=(0,) groups=1 dilation=(1,)"
    ),
    "convolution convolution_overrideable archstat::complex_convolution_rest": (
        "x weight bias stride padding dilation transposed output_padding groups"
    ),
    "mkldnn_convolution miopen_convolution miopen_convolution_transpose miopen_depthwise_convolution "
    "nnpack_spatial_convolution convolution_mode cudnn_convolution_relu miopen_convolution_relu": "x weight bias",
    "cudnn_convolution cudnn_convolution_transpose conv_tbc torchvision::deform_conv2d": "x weight",
    "cudnn_convolution_add_relu miopen_convolution_add_relu": "x weight z alpha bias",
    "slow_conv_transpose2d slow_conv_transpose3d slow_conv_dilated2d slow_conv_dilated3d": (
        "x weight kernel_size bias=None"
    ),
    "slow_conv2d_forward slow_conv3d_forward conv_depthwise2d conv_depthwise3d": "x weight kernel_size bias",
    "convolution_backward": (
        "dy x weight bias_sizes stride padding dilation transposed output_padding groups output_mask"
    ),
    "convolution_backward_overrideable": (
        "dy x weight stride padding dilation transposed output_padding groups output_mask"
    ),
    # matrix products
    "linear mkldnn_linear": "x weight bias=None",
    "mm bmm mv dot vdot matmul hspmm smm grouped_mm sparse_mm_reduce_impl": "a b",
    "addmm addmv baddbmm addbmm addmm_activation sparse_addmm sspaddmm sparse_sampled_addmm": "x a b * beta=1",
    "scaled_mm": "x mat2 scale_a scale_b bias=None",
    "scaled_mm_v2": "x mat2 scale_a recipe_a swizzle_a scale_b recipe_b swizzle_b bias",
    "mixed_dtypes_linear sparse_semi_structured_linear": "x weight * bias=None",
    "torch_nn::_linear_cross_entropy_batch_chunked torch_nn::_linear_cross_entropy_batch_chunked_no_reduction": (
        "x weight:linear_weight"
    ),
    "trilinear": "i1 i2 i3 expand1 expand2 expand3",
    "linear_backward mkldnn_linear_backward": "x dy weight output_mask",
    "sparse_mm_reduce_impl_backward": "x dy weight reduce arg_out output_mask",
    # attention
    "scaled_dot_product_attention scaled_dot_product_flash_attention scaled_dot_product_flash_attention_for_cpu "
    "scaled_dot_product_efficient_attention scaled_dot_product_cudnn_attention scaled_dot_product_attention_math "
    "scaled_dot_product_fused_attention_overrideable cudnn_attention_forward flash_attention_forward "
    "efficient_attention_forward": _ATTENTION,
    "archstat::block_attention": f"{_ATTENTION} scores",
    "archstat::jagged_attention": f"{_ATTENTION} rows columns",
    "multi_head_attention": f"{_ATTENTION} embed_dim num_head",
    "transformer_encoder_layer_fwd": (
        "x embed_dim num_heads qkv_weight qkv_bias proj_weight proj_bias use_gelu norm_first eps norm_weight_1 "
        "norm_bias_1 norm_weight_2 norm_bias_2 ffn_weight_1"
    ),
    "scaled_dot_product_flash_attention_backward scaled_dot_product_flash_attention_for_cpu_backward "
    "scaled_dot_product_efficient_attention_backward scaled_dot_product_cudnn_attention_backward "
    "scaled_dot_product_fused_attention_overrideable_backward cudnn_attention_backward flash_attention_backward "
    "efficient_attention_backward": f"dy {_ATTENTION}",
    # recurrent networks; what :func:`stacked` reads has two signatures
    "cudnn_rnn": "x weight weight_stride0 weight_buf hx cx mode",
    "miopen_rnn": "x weight weight_stride0 hx cx mode",
    "cudnn_rnn_backward miopen_rnn_backward": (
        "x weight weight_stride0 weight_buf hx cx output grad_output grad_hy grad_cy mode"
    ),
    "mkldnn_rnn_layer": "x w:weight0 u:weight1",
    "mkldnn_rnn_layer_backward": "x w:weight1 u:weight2",
    "thnn_fused_lstm_cell_backward_impl": "dy grad_cy cx cy workspace has_bias",
    "thnn_fused_gru_cell_backward": "dy workspace has_bias",
    # normalisation
    "batch_norm cudnn_batch_norm miopen_batch_norm": _NORM,
    "batch_norm_with_update batch_norm_with_update_functional batch_norm_elemt": "x weight",
    "batch_norm_backward": "dy x weight running_mean running_var save_mean save_invstd train eps output_mask",
    "group_norm": "x weight bias N C HxW group",
    "layer_norm rms_norm fused_rms_norm": "x normalized_shape",
    "weight_norm_interface": "v g",
    "weight_norm_interface_backward": "dy saved_v saved_g",
    "renorm": "x p dim",
    "embedding_renorm embedding_bag embedding_bag_forward_only": "x indices",
    # pooling and resampling
    "max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices": (
        f"{_POOL} dilation=(1,) ceil_mode=False"
    ),
    "avg_pool1d": f"{_POOL} ceil_mode=False",
    "avg_pool2d avg_pool3d": f"{_POOL} ceil_mode=False count_include_pad=True divisor_override=None",
    "fractional_max_pool2d fractional_max_pool3d": "x kernel_size",
    "avg_pool2d_backward avg_pool3d_backward": "dy x kernel_size",
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d": "x output_size",
    "upsample_linear1d": "x output_size align_corners scales=None",
    "upsample_bilinear2d upsample_bicubic2d upsample_bilinear2d_aa upsample_bicubic2d_aa upsample_lanczos2d_aa": (
        "x output_size align_corners scales_h=None scales_w=None"
    ),
    "upsample_trilinear3d": "x output_size align_corners scales_d=None scales_h=None scales_w=None",
    "upsample_nearest1d upsample_nearest_exact1d": "x output_size scales=None",
    "upsample_nearest2d upsample_nearest_exact2d": "x output_size scales_h=None scales_w=None",
    "upsample_nearest3d upsample_nearest_exact3d": "x output_size scales_d=None scales_h=None scales_w=None",
    "upsample_bilinear2d_aa_backward upsample_bicubic2d_aa_backward upsample_lanczos2d_aa_backward": (
        "dy output_size input_size align_corners scales_h=None scales_w=None"
    ),
    "grid_sampler_2d grid_sampler_2d_cpu_fallback grid_sampler_3d": "x grid interpolation_mode",
    "cudnn_grid_sampler": "x grid",
    "grid_sampler_2d_backward grid_sampler_3d_backward": (
        "dy x grid interpolation_mode padding_mode align_corners output_mask"
    ),
    "grid_sampler_2d_cpu_fallback_backward": "dy x grid interpolation_mode",
    "cudnn_grid_sampler_backward": "x grid dy",
    "pixel_shuffle": "x factor:upscale_factor",
    "pixel_unshuffle": "x factor:downscale_factor",
    "constant_pad_nd": "x padding:pad",
    "reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d": (
        "x padding"
    ),
    "torchvision::roi_align torchvision::ps_roi_align": (
        "x rois spatial_scale pooled_height pooled_width sampling_ratio"
    ),
    "torchvision::_roi_align_backward": (
        "dy rois spatial_scale pooled_height pooled_width batch_size channels height width sampling_ratio"
    ),
    "torchvision::_ps_roi_align_backward": (
        "dy rois channel_mapping spatial_scale pooled_height pooled_width sampling_ratio"
    ),
    # places
    "permute flip": "x dims",
    "roll": "x shifts dims=()",
    "transpose": "x dim0 dim1",
    "swapaxes": "x dim0:axis0 dim1:axis1",
    "slice": "x dim=0 start=None end=None step=1",
    "select": "x dim index",
    "unbind": "x dim=0",
    "split unsafe_split": "x split_size dim=0",
    "split_with_sizes unsafe_split_with_sizes": "x split_sizes dim=0",
    "chunk": "x chunks dim=0",
    "cat stack": "tensors dim=0",
    "index_select": "x dim index",
    "copy": "x src",
    "dropout feature_dropout alpha_dropout feature_alpha_dropout": "x p train",
    # sums over axes
    "sum nansum prod max min argmax argmin all any mean std var std_mean var_mean logsumexp aminmax median cumsum "
    "cumprod softmax log_softmax safe_softmax fft_c2c fft_r2c fft_c2r": "x dim=None",
    "amax amin": "x dim=()",
    "glu sort": "x dim=-1",
    "topk kthvalue": "x k dim=-1",
    "norm": "x p dim",
    "linalg_vector_norm": "x ord=2 dim=None",
    # tables, segments, distances
    "embedding_bag_backward": (
        "dy indices offsets offset2bag bag_size maximum_indices num_weights scale_grad_by_freq mode sparse "
        "per_sample_weights"
    ),
    "embedding_bag_dense_backward": (
        "dy indices offset2bag bag_size maximum_indices num_weights scale_grad_by_freq mode per_sample_weights"
    ),
    "embedding_bag_sparse_backward": (
        "dy indices offsets offset2bag bag_size num_weights scale_grad_by_freq mode per_sample_weights"
    ),
    "embedding_bag_per_sample_weights_backward": "dy weight indices",
    "index_put index_put_impl unsafe_index_put": "x indices values accumulate=False",
    "unsafe_masked_index_put_accumulate": "x mask indices values",
    "index_add index_reduce": "x dim index source",
    "scatter_add scatter_reduce": "x dim index source:src",
    "col2im": "x output_size kernel_size dilation padding stride",
    "segment_reduce": "x reduce",
    "segment_reduce_backward": "dy output data reduce",
    "dist allclose": "x other",
    "cdist_backward": "dy x1 x2 p",
    "pdist_backward": "dy x p",
    # losses
    "mse_loss smooth_l1_loss huber_loss soft_margin_loss": "x target reduction=1",
    "binary_cross_entropy": "x target weight=None reduction=1",
    "binary_cross_entropy_with_logits": "x target weight=None pos_weight=None reduction=1",
    "nll_loss_forward nll_loss2d_forward": "x target",
    "ctc_loss cudnn_ctc_loss miopen_ctc_loss": "log_probs targets",
    "ctc_loss_backward": "dy log_probs targets",
    # gradients of which the input alone matters
    "adaptive_avg_pool2d_backward adaptive_avg_pool3d_backward mkldnn_adaptive_avg_pool2d_backward "
    "multi_margin_loss_backward multilabel_margin_loss_backward fake_quantize_learnable_per_tensor_affine_backward "
    "fake_quantize_learnable_per_channel_affine_backward": "dy x",
    # linear algebra
    "linalg_qr": "x mode='reduced'",
    "linalg_householder_product": "x tau",
    "ormqr": "x input2 input3 left=True",
    "linalg_svd": "x full_matrices=False compute_uv=True",
    "linalg_eigh": "x UPLO='L' compute_v=True",
    "triangular_solve cholesky_solve_helper": "x A",
    "cholesky_solve": "x A:input2",
    "linalg_lstsq": "x b",
    "compute_linear_combination": "x coefficients",
}

_ONLY_BY_NAME = sys.maxsize
"""The place of an argument that has none."""


def _read(signature: str) -> dict[str, tuple[int, Any]]:
    """Where each argument of a signature stands, and what is meant where it is left out."""
    places: dict[str, tuple[int, Any]] = {}
    words = signature.split()
    for place, word in enumerate(words):
        name, _, default = word.partition("=")
        is_by_place = "*" not in words[: place + 1]
        value = ast.literal_eval(default) if default else None
        places[name.partition(":")[0]] = (place if is_by_place else _ONLY_BY_NAME, value)
    return places


_PLACES = {op: places for ops, signature in SIGNATURES.items() for places in [_read(signature)] for op in ops.split()}


def first(call: OpCall) -> Any:
    """What the op works on, its first argument, whatever torch calls it."""
    return call.args[0]


def arg(call: OpCall, name: str) -> Any:
    """An argument by its name: what was given, else torch's default, else ``None``."""
    place, default = _PLACES[call.op][name]
    given = call.args
    # Torch leaves out trailing arguments that are as by default, and hands on by name what was given so.
    return given[place] if place < len(given) else call.kwargs.get(name, default)


def args(call: OpCall, names: str) -> list[Any]:
    """Several arguments, by their names with spaces between."""
    return [arg(call, name) for name in names.split()]


class Stack(NamedTuple):
    """Recurrent layers that one op runs.

    Attributes:
        weights: The weights of all layers and directions, one after the other, or what they are packed in.
        layers: How many layers there are.
        directions: 2 if each runs both ways.
    """

    weights: tuple[TensorSpec, ...]
    layers: int
    directions: int


def stacked(call: OpCall) -> Stack:
    """What is run by ``lstm``, ``gru``, ``rnn_tanh``, ``rnn_relu`` and their quantized forms.

    Packed sequences bring their sizes along, one argument more. In both forms the first truth value says whether there
    are biases, and ``(params, has_biases, num_layers, dropout, train, bidirectional)`` follow each other.
    """
    place = next(place for place, value in enumerate(call.args) if isinstance(value, bool))
    return Stack(call.args[place - 1], call.args[place + 1], 2 if call.args[place + 4] else 1)
