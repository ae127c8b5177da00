"""Every rule of a gradient against arithmetic written out, from shapes alone: many run on one device only."""

import pytest

from archstat.counting.rules import cost_of
from archstat.records import Cost, OpCall
from tests.counting.rows import spec
from tests.counting.rows_of_gradients import GRADIENTS_BY_FORM

X, DY, WEIGHT = spec(2, 4, 5, 5), spec(2, 6, 3, 3), spec(6, 2, 3, 3)  # two groups
GEOMETRY = ((6,), (1, 1), (0, 0), (1, 1))
CONV = 2 * 6 * 3 * 3 * 2 * 3 * 3
MAPS, ROWS = spec(2, 3, 4, 4), spec(5, 7)
HEADS, KEYS, VALUES = spec(2, 3, 5, 8), spec(2, 3, 7, 8), spec(2, 3, 7, 4)
SCORES, QUERIES = 2 * 3 * 5 * 7, 2 * 3 * 5
STATISTICS = (spec(3), spec(3), spec(3), spec(3), spec(3))


def pointwise(names):
    return {name: ((MAPS, MAPS), (MAPS,), Cost(0, 96)) for name in names.split()}


def of_incoming(names, flops, x=MAPS):
    """So many FLOPs for each of the 96 elements of the gradient that comes in."""
    return {name: ((MAPS, x), (x,), Cost(0, 96 * flops)) for name in names.split()}


GRADIENTS = {
    "convolution_backward": (
        (DY, X, WEIGHT, *GEOMETRY, False, (0, 0), 2, (True, True, True)),
        (X, WEIGHT, spec(6)),
        Cost(2 * CONV, 2 * 6 * 9 - 6),
    ),
    "convolution_backward_overrideable": (
        (DY, X, WEIGHT, *GEOMETRY[1:], False, (0, 0), 2, (False, True, False)),
        (WEIGHT,),
        Cost(CONV),
    ),
    **{
        f"scaled_dot_product_{kind}_backward": (
            (HEADS, HEADS, KEYS, VALUES),
            (HEADS, KEYS, VALUES),
            Cost(SCORES * (3 * 8 + 2 * 4), 6 * SCORES + 2 * QUERIES * 4),
        )
        for kind in (
            "flash_attention flash_attention_for_cpu efficient_attention cudnn_attention fused_attention_overrideable"
        ).split()
    },
    "cudnn_attention_backward": (
        (HEADS, HEADS, KEYS, VALUES),
        (HEADS, KEYS, VALUES),
        Cost(SCORES * (3 * 8 + 2 * 4), 6 * SCORES + 2 * QUERIES * 4),
    ),
    **{  # heads after the sequence
        f"{kind}_attention_backward": (
            (spec(2, 5, 3, 8), spec(2, 5, 3, 8), spec(2, 7, 3, 8), spec(2, 7, 3, 4)),
            (spec(2, 5, 3, 8), spec(2, 7, 3, 8), spec(2, 7, 3, 4)),
            Cost(SCORES * (3 * 8 + 2 * 4), 6 * SCORES + 2 * QUERIES * 4),
        )
        for kind in ("flash", "efficient")
    },
    **{
        name: ((spec(2, 5, 8), spec(2, 5, 3), spec(3, 8), (True, True, True)), (), Cost(2 * 10 * 3 * 8, 30 - 3))
        for name in ("linear_backward", "mkldnn_linear_backward")
    },
    "cudnn_affine_grid_generator_backward": ((spec(2, 4, 5, 2), 2, 3, 4, 5), (spec(2, 2, 3),), Cost(80 * 3)),
    "sparse_mm_reduce_impl_backward": (
        (spec(6, 6, stored=7), spec(6, 3), spec(6, 3), "sum", None, (True, True)),
        (spec(7), spec(6, 3)),
        Cost(2 * 7 * 3),
    ),
    # two of the batch, four units
    "thnn_fused_lstm_cell_backward_impl": (
        (spec(2, 4), spec(2, 4), spec(2, 4), spec(2, 4), spec(2, 16), True),
        (spec(2, 16), spec(2, 4), spec(16)),
        Cost(0, 13 * 8 + 16),
    ),
    "thnn_fused_gru_cell_backward": ((spec(2, 4), spec(2, 20), True), (spec(2, 12),), Cost(0, 10 * 8 + 24)),
    # a GRU of 8 in and 4 hidden: 12 gates that are added up and activated, 4·4 for the state, 2·12 biases
    **{
        f"{library}_rnn_backward": (
            (spec(3, 2, 8), (spec(12, 8), spec(12, 4), spec(12), spec(12)), 4, *[None] * 7, 3),
            (spec(3, 2, 8),),
            Cost(2 * 6 * (12 * 8 + 12 * 4), 2 * 6 * (24 + 16 + 24)),
        )
        for library in ("cudnn", "miopen")
    },
    "batch_norm_backward": (
        (MAPS, MAPS, *STATISTICS, True, 1e-5, (True, True, True)),
        (MAPS, spec(3), spec(3)),
        Cost(0, 96 * 9),
    ),
    **{
        name: ((MAPS, MAPS, *STATISTICS, 1e-5), (MAPS, spec(3), spec(3)), Cost(0, 96 * 9))
        for name in ("cudnn_batch_norm_backward", "miopen_batch_norm_backward")
    },
    "batch_norm_backward_reduce": ((MAPS, MAPS, *STATISTICS[:3], True, True, True), (), Cost(0, 96 * 4)),
    "batch_norm_backward_elemt": ((MAPS, MAPS, *STATISTICS, spec(1)), (MAPS,), Cost(0, 96 * 5)),
    "weight_norm_interface_backward": (
        (spec(4, 8, 3), spec(4, 8, 3), spec(4, 1, 1), spec(4, 1, 1), 0),
        (spec(4, 8, 3), spec(4, 1, 1)),
        Cost(0, 96 * 5 + 4 * 3),
    ),
    "layer_norm_backward": ((ROWS, ROWS, (7,)), (ROWS, spec(7), spec(7)), Cost(0, 35 * 13)),
    "group_norm_backward": ((MAPS, MAPS), (MAPS,), Cost(0, 96 * 9)),
    "fused_rms_norm_backward": ((ROWS, ROWS, (7,)), (ROWS, spec(7)), Cost(0, 35 * 9)),
    **{
        name: ((ROWS, ROWS, 1, "float32"), (ROWS,), Cost(0, 35 * 4))
        for name in (
            "softmax_backward_data log_softmax_backward_data masked_softmax_backward sparse_softmax_backward_data "
            "sparse_log_softmax_backward_data"
        ).split()
    },
    **of_incoming(
        "max_pool2d_with_indices_backward max_pool3d_with_indices_backward adaptive_max_pool2d_backward "
        "adaptive_max_pool3d_backward embedding_dense_backward upsample_nearest1d_backward upsample_nearest2d_backward "
        "upsample_nearest3d_backward upsample_nearest_exact1d_backward upsample_nearest_exact2d_backward "
        "upsample_nearest_exact3d_backward reflection_pad1d_backward reflection_pad2d_backward "
        "reflection_pad3d_backward replication_pad1d_backward replication_pad2d_backward replication_pad3d_backward "
        "unfold_backward fractional_max_pool2d_backward fractional_max_pool3d_backward max_pool2d_backward "
        "mkldnn_max_pool2d_backward mkldnn_max_pool3d_backward",
        1,
        spec(2, 3, 8, 8),
    ),
    **of_incoming("upsample_linear1d_backward", 4),
    **of_incoming("upsample_bilinear2d_backward", 8),
    **of_incoming("upsample_trilinear3d_backward", 16),
    **of_incoming("upsample_bicubic2d_backward", 32),
    "avg_pool2d_backward": ((MAPS, spec(2, 3, 8, 8), (2, 2)), (spec(2, 3, 8, 8),), Cost(0, 96 * (1 + 4))),
    "avg_pool3d_backward": ((spec(1, 2, 2, 2), spec(1, 4, 4, 4), (2,)), (spec(1, 4, 4, 4),), Cost(0, 8 * (1 + 8))),
    # 5 in 2 parts: 0…2 and 2…4, three each
    **dict.fromkeys(
        ("adaptive_avg_pool2d_backward", "mkldnn_adaptive_avg_pool2d_backward"),
        ((spec(1, 3, 2, 2), spec(1, 3, 5, 5)), (spec(1, 3, 5, 5),), Cost(0, 12 + 3 * 6 * 6)),
    ),
    "adaptive_avg_pool3d_backward": (
        (spec(1, 2, 2, 2), spec(1, 5, 5, 5)),
        (spec(1, 5, 5, 5),),
        Cost(0, 8 + 6 * 6 * 6),
    ),
    # an LSTM of 8 in and 4 hidden: 16 gates, of which a step adds up and activates 16, updates 5·4, adds 2·16 biases
    "mkldnn_rnn_layer_backward": (
        (spec(3, 2, 8), spec(16, 8), spec(16, 4)),
        (spec(3, 2, 8),),
        Cost(2 * 6 * (16 * 8 + 16 * 4), 2 * 6 * (32 + 20 + 32)),
    ),
    "unsafe_index_put": ((ROWS, (spec(3, dtype="int64"),), spec(3, 7), True), (ROWS,), Cost(0, 3 * 7)),
    "nll_loss_forward": ((ROWS, spec(5, dtype="int64")), (spec(), spec()), Cost(0, 2 * 5)),
    "nll_loss2d_forward": ((MAPS, spec(2, 4, 4, dtype="int64")), (spec(), spec()), Cost(0, 2 * 32)),
    **{
        name: ((ROWS,), (MAPS,), Cost())
        for name in (
            "select_backward slice_backward diagonal_backward value_selecting_reduction_backward nll_loss_backward "
            "nll_loss2d_backward masked_scatter_backward sparse_sum_backward nested_sum_backward nested_select_backward"
        ).split()
    },
    **pointwise(
        "hardtanh_backward hardswish_backward hardsigmoid_backward gelu_backward silu_backward mish_backward "
        "elu_backward leaky_relu_backward sigmoid_backward tanh_backward softplus_backward softshrink_backward "
        "hardshrink_backward log_sigmoid_backward glu_backward prelu_kernel_backward rrelu_with_noise_backward "
        "threshold_backward dropout_backward mse_loss_backward smooth_l1_loss_backward huber_loss_backward "
        "binary_cross_entropy_backward soft_margin_loss_backward"
    ),
    **{
        f"foreach_{name}": (((ROWS, MAPS), 2.0), (), Cost(0, 35 + 96))
        for name in "add sub mul div sqrt addcmul addcdiv lerp neg pow maximum reciprocal".split()
    },
    **{f"foreach_{name}": (((ROWS, MAPS),), (), Cost()) for name in ("copy", "zero")},
}


@pytest.mark.parametrize("op", GRADIENTS)
def test_a_gradient_costs_what_its_arithmetic_says(op):
    args, outputs, cost = GRADIENTS[op]
    assert cost_of(OpCall(op, 0, "other", args, {}, outputs)) == cost


@pytest.mark.parametrize(("op", "call", "cost"), GRADIENTS_BY_FORM.values(), ids=GRADIENTS_BY_FORM)
def test_each_form_of_a_gradient_costs_what_its_arithmetic_says(op, call, cost):
    args, outputs = call
    assert cost_of(OpCall(op, 0, "other", args, {}, outputs)) == cost


def test_of_a_sparse_product_without_values_shapes_tell_no_gradient():
    args = (spec(6, 6, stored=-1), spec(6, 3), spec(6, 3), "sum", None, (True, True))
    assert cost_of(OpCall("sparse_mm_reduce_impl_backward", 0, "other", args, {}, (spec(7),))) is None


def test_a_convolution_of_which_no_gradient_of_the_input_is_asked_costs_half():
    args, outputs, _ = GRADIENTS["convolution_backward"]
    call = OpCall("convolution_backward", 0, "other", (*args[:-1], (False, True, False)), {}, outputs)
    assert cost_of(call) == Cost(CONV)


def test_a_transposed_convolution_multiplies_each_input():
    args = (DY, X, spec(4, 3, 3, 3), *GEOMETRY, True, (0, 0), 2, (True, True, False))
    assert cost_of(OpCall("convolution_backward", 0, "other", args, {}, (X,))) == Cost(2 * 2 * 4 * 25 * 3 * 9)


@pytest.mark.parametrize(("accumulate", "flops"), [(True, 3 * 7), (False, 0)])
def test_values_that_are_put_are_added_if_asked(accumulate, flops):
    args = (ROWS, (spec(3, dtype="int64"),), spec(7), accumulate)
    assert cost_of(OpCall("index_put", 0, "other", args, {}, (ROWS,))) == Cost(0, flops)


def test_values_that_a_mask_chooses_are_as_many_as_are_given():
    args = (ROWS, (spec(5, 7, dtype="bool"),), spec(9), True)
    assert cost_of(OpCall("index_put", 0, "other", args, {}, (ROWS,))) == Cost(0, 9)
