"""What the tables of ops lack, and why: ``test_completeness.py`` holds it to the tables themselves."""

from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED

ELSEWHERE = "a kernel of one device: the trace shows the op above it, or a row shows its number without the sum"
PACKED = "weights are packed or quantized: sizes are not those of tensors, and other tools do not count it"
SPARSE = "tensors are sparse: what is stored tells the cost, and nothing tells which elements meet"
RARE = "few networks run it: its row shows numbers without their sums, and tools were not asked"
WHOLE = "several layers, or steps, in one op, and each output may see all of the input"
BY_AUTOGRAD = "stands in a trace only where the forward asks for gradients: tools were not asked what they make of that"
APART = "torch takes it, or its gradient, apart into ops that have entries"
BY_SHAPE = "the shape of the output tells all that there is to tell"
BY_FIRST = "its rule reads nothing but its first tensor and its output"
UNFOLLOWED = "which places an output sees is not a window that moves evenly: it has no field, and no sum of its size"
IN_FULL = "reads all of its first tensor, or changes a part of it and is taken to (docs/counting.md)"
SHARED = "layers that are no pools run it too, and a window would say something wrong of their rows"
REASONS = {ELSEWHERE, PACKED, SPARSE, RARE, WHOLE, BY_AUTOGRAD, APART, BY_SHAPE, BY_FIRST, UNFOLLOWED, IN_FULL, SHARED}

OTHER_CONVOLUTIONS = (
    "conv_depthwise2d conv_depthwise3d convolution_mode cudnn_convolution cudnn_convolution_add_relu "
    "cudnn_convolution_relu cudnn_convolution_transpose miopen_convolution miopen_convolution_add_relu "
    "miopen_convolution_relu miopen_convolution_transpose miopen_depthwise_convolution mkldnn_convolution "
    "nnpack_spatial_convolution slow_conv2d_forward slow_conv3d_forward slow_conv_dilated2d slow_conv_dilated3d "
    "slow_conv_transpose2d slow_conv_transpose3d"
)
FOLLOWED_ATTENTION = (
    "scaled_dot_product_cudnn_attention scaled_dot_product_efficient_attention scaled_dot_product_flash_attention "
    "scaled_dot_product_flash_attention_for_cpu"
)
OVERRIDEABLE = "convolution_overrideable"
OTHER_KERNELS = (
    "cudnn_affine_grid_generator cudnn_attention_forward efficient_attention_forward flash_attention_forward "
    "scaled_dot_product_attention_math scaled_dot_product_fused_attention_overrideable cudnn_rnn miopen_rnn "
    "mkldnn_linear"
)
QUANTIZED_LINEAR = (
    "quantized::linear quantized::linear_relu quantized::linear_dynamic quantized::linear_relu_dynamic "
    "quantized::linear_dynamic_fp16 quantized::linear_relu_dynamic_fp16"
)
QUANTIZED_LAYERS = "quantized_gru quantized_lstm"
QUANTIZED_CELLS = (
    "quantized::quantized_gru_cell_dynamic quantized::quantized_lstm_cell_dynamic "
    "quantized::quantized_rnn_relu_cell_dynamic quantized::quantized_rnn_tanh_cell_dynamic quantized_gru_cell "
    "quantized_lstm_cell quantized_rnn_relu_cell quantized_rnn_tanh_cell"
)
PACKED_PRODUCTS = (
    "int_mm weight_int8pack_mm weight_int4pack_mm weight_int4pack_mm_for_cpu weight_int4pack_mm_with_scales_and_zeros "
    "dyn_quant_matmul_4bit"
)
MIXED_PRODUCTS = "scaled_mm scaled_mm_v2 mixed_dtypes_linear sparse_semi_structured_linear"
SPARSE_PRODUCTS = "hspmm smm sparse_addmm sspaddmm sparse_mm_reduce_impl sparse_sampled_addmm"
CROSS_ENTROPY = (
    "torch_nn::_linear_cross_entropy_batch_chunked torch_nn::_linear_cross_entropy_batch_chunked_no_reduction"
)
OWN_ATTENTION = "archstat::block_attention archstat::jagged_attention"
RARE_PRODUCTS = f"addmm_activation addr grouped_mm trilinear vdot {CROSS_ENTROPY} {OWN_ATTENTION}"
RARE_CONVOLUTIONS = "conv_tbc torchvision::deform_conv2d"
TRANSFORMERS = "multi_head_attention transformer_encoder_layer_fwd"
RECURRENT = "lstm gru rnn_tanh rnn_relu"
TAKEN_APART = "adaptive_avg_pool1d adaptive_max_pool1d avg_pool1d max_pool1d_with_indices max_pool3d"
EDGES = (
    "constant_pad_nd pixel_shuffle pixel_unshuffle reflection_pad1d reflection_pad2d reflection_pad3d "
    "replication_pad1d replication_pad2d replication_pad3d"
)
RESAMPLING = (
    "upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_nearest3d "
    "upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d upsample_trilinear3d"
)
ANTIALIASED = "upsample_bicubic2d_aa upsample_bilinear2d_aa upsample_lanczos2d_aa"
UNEVEN = f"col2im im2col fractional_max_pool2d fractional_max_pool3d max_unpool2d max_unpool3d {ANTIALIASED}"
ALL_QUANTIZED = f"{QUANTIZED_LINEAR} {QUANTIZED_CELLS} {PACKED_PRODUCTS}"


def without(names, others):
    """Names of ops without some of them."""
    return " ".join(name for name in names.split() if name not in others.split())


GAPS = {
    "cost": {APART: TAKEN_APART},
    "gradient": {
        APART: "affine_grid_generator conv_tbc cumprod dist embedding fake_quantize_per_channel_affine_cachemask "
        "fake_quantize_per_tensor_affine_cachemask gather index_select masked_select matmul pack_padded_sequence "
        "thnn_fused_lstm_cell to_dense trace"
    },
    "arguments": {
        PACKED: f"{ALL_QUANTIZED} {QUANTIZED_LAYERS}",
        WHOLE: RECURRENT,
        BY_FIRST: "addr affine_grid_generator cudnn_affine_grid_generator im2col max_unpool2d max_unpool3d",
        APART: "pad",
    },
    "details": {
        ELSEWHERE: f"{OTHER_CONVOLUTIONS} {FOLLOWED_ATTENTION} {OTHER_KERNELS} {OVERRIDEABLE} mkldnn_rnn_layer",
        PACKED: f"{ALL_QUANTIZED} {MIXED_PRODUCTS}",
        SPARSE: SPARSE_PRODUCTS,
        RARE: f"{RARE_PRODUCTS} {RARE_CONVOLUTIONS} affine_grid_generator addmv dot mv matmul",
        WHOLE: TRANSFORMERS,
        APART: f"{TAKEN_APART} pad",
        SHARED: "avg_pool3d",
        BY_SHAPE: f"{EDGES} {RESAMPLING} {UNEVEN}",
    },
    "sum of weights": {
        ELSEWHERE: f"{OTHER_CONVOLUTIONS} cudnn_rnn miopen_rnn mkldnn_linear mkldnn_rnn_layer {OVERRIDEABLE}",
        PACKED: "mixed_dtypes_linear sparse_semi_structured_linear",
        RARE: f"{RARE_CONVOLUTIONS} {CROSS_ENTROPY}",
        BY_AUTOGRAD: "convolution",
    },
    "output size": {
        ELSEWHERE: f"{OTHER_CONVOLUTIONS} {OVERRIDEABLE}",
        RARE: RARE_CONVOLUTIONS,
        BY_AUTOGRAD: "convolution",
        APART: f"{TAKEN_APART} pad",
        UNFOLLOWED: UNEVEN,
    },
    "receptive field": {
        ELSEWHERE: f"{OTHER_CONVOLUTIONS} {OTHER_KERNELS} mkldnn_rnn_layer",
        PACKED: f"{ALL_QUANTIZED} {QUANTIZED_LAYERS} {MIXED_PRODUCTS}",
        SPARSE: SPARSE_PRODUCTS,
        RARE: f"{RARE_PRODUCTS} {RARE_CONVOLUTIONS} addbmm affine_grid_generator",
        WHOLE: f"{TRANSFORMERS} {RECURRENT}",
        APART: "pad",
        UNFOLLOWED: UNEVEN,
    },
    "conventions": {
        ELSEWHERE: f"{OTHER_CONVOLUTIONS} {FOLLOWED_ATTENTION} {OTHER_KERNELS} {OVERRIDEABLE}",
        PACKED: without(
            f"{ALL_QUANTIZED} {QUANTIZED_LAYERS} {MIXED_PRODUCTS} {QUANTIZED_CONVOLUTIONS} {QUANTIZED_TRANSPOSED}",
            "quantized::conv2d quantized::conv2d_relu quantized::linear",  # torchvision's table has such networks
        ),
        SPARSE: SPARSE_PRODUCTS,
        RARE: f"{RARE_PRODUCTS} {RARE_CONVOLUTIONS} addbmm addmv affine_grid_generator matmul",
        WHOLE: TRANSFORMERS,
        BY_AUTOGRAD: "convolution",
    },
    "looked up in": {IN_FULL: "embedding_renorm max_unpool2d max_unpool3d"},
    "overwritten": {IN_FULL: "rrelu_with_noise"},
    "products of activations": {SPARSE: SPARSE_PRODUCTS, RARE: "addmm_activation grouped_mm"},
}
