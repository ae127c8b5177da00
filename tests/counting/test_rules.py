"""Every rule against arithmetic written out by hand: one row of a table is one op.

A row holds the op that must be met, a call that runs it, its inputs (a tuple is the shape of a float tensor without
values) and the expected numbers. Truth is arithmetic, the case list is that of wrong counts seen in other tools.
"""

from functools import partial
from unittest import mock

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from archstat.counting.rows import count_trace
from archstat.counting.rules import RULES
from archstat.counting.rules import cost_of as rule_cost
from archstat.errors import UncountedError
from archstat.records import Cost, OpCall
from tests.counting.rows import ids, row, spec, tensor
from tests.counting.rows_of_gradients import GRADIENTS_BY_FORM
from tests.counting.rows_of_linear_algebra import LINEAR_ALGEBRA
from tests.counting.rows_of_losses import LOSSES
from tests.counting.rows_of_other_ops import OTHER, OTHER_BY_HAND
from tests.counting.test_gradient_rules import GRADIENTS
from tests.support import Calls, cost_of, op_names, real_trace_of, trace_of

aten = torch.ops.aten


CONVOLUTIONS = [
    # outputs * filter size; a bias is one addition for each output
    row("conv1d", F.conv1d, (2, 3, 10), (4, 3, 3), macs=2 * 4 * 8 * 3 * 3),
    row("conv1d", F.conv1d, (3, 10), (4, 3, 3), macs=4 * 8 * 3 * 3, name="conv1d, unbatched"),
    row("conv2d", F.conv2d, (2, 8, 10, 10), (16, 8, 3, 3), macs=2 * 16 * 8 * 8 * 8 * 3 * 3),
    row(
        "conv2d",
        F.conv2d,
        (2, 8, 7, 7),
        (16, 8, 3, 3),
        (16,),
        macs=2 * 16 * 5 * 5 * 72,
        flops=2 * 16 * 5 * 5,
        name="conv2d, bias",
    ),
    row("conv2d", partial(F.conv2d, padding=1), (2, 8, 10, 10), (16, 8, 3, 3), macs=230400, name="conv2d, padded"),
    row("conv2d", partial(F.conv2d, padding="same"), (2, 8, 10, 10), (16, 8, 3, 3), macs=230400, name="conv2d, same"),
    row(
        "conv2d",
        partial(F.conv2d, padding="valid"),
        (2, 8, 10, 10),
        (16, 8, 3, 3),
        macs=2 * 16 * 8 * 8 * 72,
        name="conv2d, valid",
    ),
    row(
        "conv2d",
        partial(F.conv2d, stride=2, dilation=2),
        (1, 3, 11, 11),
        (5, 3, 3, 3),
        macs=5 * 4 * 4 * 27,
        name="conv2d, dilated",
    ),
    row(
        "conv2d",
        partial(F.conv2d, groups=4),
        (2, 8, 10, 10),
        (16, 2, 3, 3),
        macs=2 * 16 * 8 * 8 * 2 * 9,
        name="conv2d, groups",
    ),
    row(
        "conv2d",
        partial(F.conv2d, groups=8),
        (2, 8, 10, 10),
        (8, 1, 3, 3),
        macs=2 * 8 * 8 * 8 * 9,
        name="conv2d, depthwise",
    ),
    row(
        "conv3d", F.conv3d, (2, 3, 4, 5, 6), (8, 3, 3, 3, 3), (8,), macs=2 * 8 * 2 * 3 * 4 * 81, flops=2 * 8 * 2 * 3 * 4
    ),
    row(
        "conv3d",
        partial(F.conv3d, padding="same"),
        (1, 3, 4, 5, 6),
        (8, 3, 3, 3, 3),
        macs=8 * 4 * 5 * 6 * 81,
        name="conv3d, same",
    ),
    # transposed: inputs * filter size
    row("conv_transpose1d", partial(F.conv_transpose1d, stride=2), (2, 3, 10), (3, 4, 3), macs=2 * 3 * 10 * 4 * 3),
    row("conv_transpose2d", partial(F.conv_transpose2d, stride=2, padding=1), (1, 8, 8, 8), (8, 4, 4, 4), macs=32768),
    row(
        "conv_transpose2d",
        partial(F.conv_transpose2d, groups=2, stride=2),
        (1, 8, 8, 8),
        (8, 2, 2, 2),
        (4,),
        macs=8 * 8 * 8 * 2 * 4,
        flops=4 * 16 * 16,
        name="conv_transpose2d, groups and bias",
    ),
    row("conv_transpose3d", F.conv_transpose3d, (1, 2, 3, 3, 3), (2, 5, 2, 2, 2), macs=2 * 27 * 5 * 8),
    row(
        "convolution",
        aten.convolution,
        (1, 3, 5, 5),
        (4, 3, 3, 3),
        (4,),
        [1, 1],
        [0, 0],
        [1, 1],
        False,
        [0, 0],
        1,
        macs=4 * 3 * 3 * 27,
        flops=4 * 3 * 3,
    ),
    row(
        "convolution",
        aten.convolution,
        (1, 3, 5, 5),
        (3, 4, 3, 3),
        None,
        [1, 1],
        [0, 0],
        [1, 1],
        True,
        [0, 0],
        1,
        macs=3 * 5 * 5 * 36,
        name="convolution, transposed",
    ),
    row(
        "slow_conv2d_forward",
        aten._slow_conv2d_forward,
        torch.ones(1, 3, 5, 5),
        torch.ones(4, 3, 3, 3),
        [3, 3],
        torch.ones(4),
        [1, 1],
        [0, 0],
        macs=4 * 9 * 27,
        flops=4 * 9,
    ),
    row(
        "slow_conv3d_forward",
        aten.slow_conv3d_forward,
        torch.ones(1, 3, 5, 5, 5),
        torch.ones(4, 3, 3, 3, 3),
        [3, 3, 3],
        None,
        [1, 1, 1],
        [0, 0, 0],
        macs=4 * 27 * 81,
    ),
    row(
        "mkldnn_convolution",
        aten.mkldnn_convolution,
        torch.ones(1, 3, 5, 5),
        torch.ones(4, 3, 3, 3),
        torch.ones(4),
        [0, 0],
        [1, 1],
        [1, 1],
        1,
        macs=4 * 9 * 27,
        flops=4 * 9,
    ),
    row("conv_tbc", torch.conv_tbc, (10, 2, 3), (3, 3, 5), (5,), macs=8 * 2 * 5 * 9, flops=8 * 2 * 5),
]

PRODUCTS = [
    row("linear", F.linear, (2, 5, 7, 8), (16, 8), macs=8960),
    row("linear", F.linear, (8,), (16, 8), macs=128, name="linear, one vector"),
    row("linear", F.linear, (10, 8), (16, 8), (16,), macs=1280, flops=10 * 16, name="linear, bias"),
    row("mm", torch.mm, (4, 8), (8, 5), macs=160),
    row("mm", torch.matmul, (4, 8), (8, 5), macs=160, name="mm, matmul"),
    row("mm", torch.matmul, (2, 4, 8), (8, 5), macs=320, name="mm, matmul of a batch by one matrix"),
    row("bmm", torch.bmm, (3, 4, 8), (3, 8, 5), macs=480),
    row("bmm", torch.matmul, (2, 1, 4, 8), (3, 8, 5), macs=960, name="bmm, broadcast matmul"),
    row(
        "bmm",
        partial(torch.einsum, "...id,...jd->...ij"),
        (2, 3, 4, 8),
        (2, 3, 5, 8),
        macs=960,
        name="bmm, einsum with an ellipsis",
    ),
    row("bmm", partial(torch.einsum, "bhid,bhjd->bhij"), (2, 3, 4, 8), (2, 3, 5, 8), macs=960, name="bmm, einsum"),
    # (ij, jk -> ik: 2*3*4) then (ik, kl -> il: 2*4*5)
    row(
        "bmm",
        partial(torch.einsum, "ij,jk,kl->il"),
        (2, 3),
        (3, 4),
        (4, 5),
        macs=2 * 3 * 4 + 2 * 4 * 5,
        name="bmm, einsum of three",
    ),
    row("mv", torch.mv, (4, 8), (8,), macs=32),
    row("mv", torch.matmul, (4, 8), (8,), macs=32, name="mv, matmul"),
    row("dot", torch.dot, (8,), (8,), macs=8),
    row("vdot", torch.vdot, (8,), (8,), macs=8),
    row(
        "weight_int4pack_mm_for_cpu",
        aten._weight_int4pack_mm_for_cpu,
        torch.empty(4, 32, dtype=torch.bfloat16, device="meta"),
        torch.empty(16, 16, dtype=torch.uint8, device="meta"),
        32,
        torch.empty(1, 16, 2, dtype=torch.bfloat16, device="meta"),
        macs=4 * 32 * 16,
    ),
    row(
        "int_mm",
        torch._int_mm,
        torch.ones(17, 8, dtype=torch.int8),
        torch.ones(8, 16, dtype=torch.int8),
        macs=17 * 8 * 16,
    ),
    row("weight_int8pack_mm", aten._weight_int8pack_mm, (4, 8), torch.ones(5, 8, dtype=torch.int8), (5,), macs=160),
    row("addmm", torch.addmm, (5,), (4, 8), (8, 5), macs=160, flops=20),
    row("addmm_activation", aten._addmm_activation, (5,), (4, 8), (8, 5), macs=160, flops=20),
    row("addmv", torch.addmv, (4,), (4, 8), (8,), macs=32, flops=4),
    row("baddbmm", torch.baddbmm, (3, 4, 5), (3, 4, 8), (3, 8, 5), macs=480, flops=60),
    row("addbmm", torch.addbmm, (4, 5), (3, 4, 8), (3, 8, 5), macs=480, flops=20),
    row("addr", torch.addr, (4, 5), (4,), (5,), macs=20, flops=20),
    # out[n, o] = sum over i, j of x[n, i] * A[o, i, j] * y[n, j]: two products a term
    row("trilinear", F.bilinear, (6, 3), (6, 4), (5, 3, 4), macs=6 * 5 * 3 * 4, flops=6 * 5 * 3 * 4),
    row(
        "grouped_mm",
        lambda a, b: aten._grouped_mm(a.bfloat16(), b.bfloat16(), offs=torch.tensor([2, 6], dtype=torch.int32)),
        (6, 16),
        (2, 16, 24),
        macs=6 * 16 * 24,
    ),
    row(
        "scaled_mm",
        lambda a, b: aten._scaled_mm(
            a.to(torch.float8_e4m3fn),
            b.to(torch.float8_e4m3fn).t(),
            torch.ones(()),
            torch.ones(()),
            out_dtype=torch.bfloat16,
        ),
        (16, 32),
        (48, 32),
        macs=16 * 32 * 48,
        flops=16 * 48,
    ),
]

SCORES = 1 + 5  # of one query with one key: scaling, and five for the softmax
QKV = [(1, 12, 64, 64)] * 3
ATTENTION = [
    row(
        "scaled_dot_product_attention", F.scaled_dot_product_attention, *QKV, macs=6291456, flops=12 * 64 * 64 * SCORES
    ),
    row(
        "scaled_dot_product_attention",
        F.scaled_dot_product_attention,
        (2, 3, 7, 8),
        (2, 3, 5, 8),
        (2, 3, 5, 4),
        macs=2 * 3 * 7 * 5 * (8 + 4),
        flops=2 * 3 * 7 * 5 * SCORES,
        name="attention, other widths",
    ),
    row(
        "scaled_dot_product_attention",
        partial(F.scaled_dot_product_attention, enable_gqa=True),
        (2, 6, 7, 8),
        (2, 3, 5, 8),
        (2, 3, 5, 8),
        macs=2 * 6 * 7 * 5 * 16,
        flops=2 * 6 * 7 * 5 * SCORES,
        name="attention, grouped queries",
    ),
    row(
        "scaled_dot_product_attention",
        partial(F.scaled_dot_product_attention, is_causal=True),
        *QKV,
        macs=6291456,
        flops=12 * 64 * 64 * SCORES,
        name="attention, causal in full",
    ),
    *[
        row(op.removeprefix("_"), getattr(aten, op), *QKV, *rest, macs=6291456, flops=12 * 64 * 64 * SCORES)
        for op, rest in [
            ("_scaled_dot_product_flash_attention_for_cpu", ()),
            ("_scaled_dot_product_flash_attention", ()),
            ("_scaled_dot_product_efficient_attention", (None, False)),
            ("_scaled_dot_product_cudnn_attention", (None, False)),
            ("_scaled_dot_product_fused_attention_overrideable", ()),
        ]
    ],
    row(
        "flash_attention_forward",
        aten._flash_attention_forward,
        *[(1, 64, 12, 64)] * 3,
        None,
        None,
        64,
        64,
        0.0,
        False,
        False,
        macs=6291456,
        flops=12 * 64 * 64 * SCORES,
    ),
    row(
        "efficient_attention_forward",
        aten._efficient_attention_forward,
        *[(1, 64, 12, 64)] * 3,
        None,
        None,
        None,
        None,
        None,
        0.0,
        0,
        macs=6291456,
        flops=12 * 64 * 64 * SCORES,
    ),
]

# ten tokens, width 8, two heads: the projections q, k, v, out; 100 scores of width 4
FUSED = [(24, 8), (24,), (8, 8), (8,)]
ATTENTION += [
    row(
        "multi_head_attention",
        aten._native_multi_head_attention,
        *[(2, 5, 8)] * 3,
        8,
        2,
        *FUSED,
        macs=10 * 4 * 64 + 100 * 8,
        flops=10 * 4 * 8 + 100 * SCORES,
    ),
    # then 8 → 16 → 8 with an activation between; two norms with weights, two residual additions
    row(
        "transformer_encoder_layer_fwd",
        aten._transformer_encoder_layer_fwd,
        (2, 5, 8),
        8,
        2,
        *FUSED,
        False,
        False,
        1e-5,
        *[(8,)] * 4,
        (16, 8),
        (16,),
        (8, 16),
        (8,),
        macs=10 * (4 * 64 + 2 * 128) + 100 * 8,
        flops=10 * (4 * 8 + 16 + 8 + 16) + 100 * SCORES + 10 * 8 * (2 * 7 + 2),
    ),
]

# input 8, hidden 16, 2*5 steps; four gates: 64 rows of W (8 wide) and U (16 wide)
LSTM_STEP = 64 * 8 + 64 * 16
# two biases and W·x + U·h for each row, an activation each, five to update each hidden unit
LSTM_STEP_FLOPS = 2 * 64 + 64 + 64 + 5 * 16
GRU_STEP, GRU_STEP_FLOPS = 48 * 8 + 48 * 16, 2 * 48 + 48 + 48 + 4 * 16
RNN_STEP, RNN_STEP_FLOPS = 16 * 8 + 16 * 16, 2 * 16 + 16 + 16
RECURRENT = [
    row("lstm", nn.LSTM(8, 16, batch_first=True), (2, 5, 8), macs=15360, flops=10 * LSTM_STEP_FLOPS),
    row("lstm", nn.LSTM(8, 16), (5, 8), macs=5 * LSTM_STEP, flops=5 * LSTM_STEP_FLOPS, name="lstm, unbatched"),
    row("lstm", nn.LSTM(8, 16, bias=False), (5, 8), macs=5 * LSTM_STEP, flops=5 * (64 + 64 + 80), name="lstm, no bias"),
    row(
        "lstm",
        nn.LSTM(8, 16, bidirectional=True),
        (5, 2, 8),
        macs=2 * 15360,
        flops=20 * LSTM_STEP_FLOPS,
        name="lstm, bidirectional",
    ),
    # the second layer takes 16
    row(
        "lstm",
        nn.LSTM(8, 16, num_layers=2),
        (5, 2, 8),
        macs=15360 + 10 * (64 * 16 + 64 * 16),
        flops=20 * LSTM_STEP_FLOPS,
        name="lstm, two layers",
    ),
    # the second layer takes both directions of the first
    row(
        "lstm",
        nn.LSTM(8, 16, num_layers=2, bidirectional=True),
        (5, 2, 8),
        macs=2 * 15360 + 2 * 10 * (64 * 32 + 64 * 16),
        flops=40 * LSTM_STEP_FLOPS,
        name="lstm, two layers, bidirectional",
    ),
    # U is 6 wide, and the projection makes 6 of 16
    row(
        "lstm",
        nn.LSTM(8, 16, proj_size=6),
        (5, 2, 8),
        macs=10 * (64 * 8 + 64 * 6 + 6 * 16),
        flops=10 * LSTM_STEP_FLOPS,
        name="lstm, projected",
    ),
    row("gru", nn.GRU(8, 16), (5, 2, 8), macs=10 * GRU_STEP, flops=10 * GRU_STEP_FLOPS),
    row(
        "gru",
        nn.GRU(8, 16, bidirectional=True),
        (5, 2, 8),
        macs=20 * GRU_STEP,
        flops=20 * GRU_STEP_FLOPS,
        name="gru, bidirectional",
    ),
    row("gru", nn.GRU(8, 16), (5, 8), macs=5 * GRU_STEP, flops=5 * GRU_STEP_FLOPS, name="gru, unbatched"),
    # where input and hidden are as wide as the gates are many, matrices all look alike
    row(
        "gru",
        nn.GRU(16, 16, num_layers=2),
        (5, 2, 16),
        macs=20 * 48 * 32,
        flops=20 * GRU_STEP_FLOPS,
        name="gru, square",
    ),
    row("rnn_tanh", nn.RNN(8, 16), (5, 2, 8), macs=10 * RNN_STEP, flops=10 * RNN_STEP_FLOPS),
    row("rnn_relu", nn.RNN(8, 16, nonlinearity="relu"), (5, 2, 8), macs=10 * RNN_STEP, flops=10 * RNN_STEP_FLOPS),
    row(
        "rnn_tanh",
        nn.RNN(16, 16, num_layers=3),
        (5, 2, 16),
        macs=30 * 16 * 32,
        flops=30 * RNN_STEP_FLOPS,
        name="rnn, square",
    ),
    row("linear", nn.LSTMCell(8, 16), (10, 8), macs=10 * LSTM_STEP, flops=10 * LSTM_STEP_FLOPS, name="lstm cell"),
    row("linear", nn.GRUCell(8, 16), (10, 8), macs=10 * GRU_STEP, flops=10 * GRU_STEP_FLOPS, name="gru cell"),
    row("linear", nn.RNNCell(8, 16), (10, 8), macs=10 * RNN_STEP, flops=10 * RNN_STEP_FLOPS, name="rnn cell"),
    # after the products, one step of 10: as above, without what the products' own biases cost
    row(
        "thnn_fused_lstm_cell",
        aten._thnn_fused_lstm_cell,
        (10, 64),
        (10, 64),
        (10, 16),
        (64,),
        (64,),
        flops=10 * LSTM_STEP_FLOPS,
    ),
    row(
        "mkldnn_rnn_layer",
        aten.mkldnn_rnn_layer,
        (5, 2, 8),
        (64, 8),
        (64, 16),
        (64,),
        (64,),
        (2, 16),
        (2, 16),
        False,
        [],
        2,
        16,
        1,
        True,
        False,
        False,
        False,
        macs=15360,
        flops=10 * LSTM_STEP_FLOPS,
    ),
]

IMAGE = (2, 4, 6, 6)
N = 2 * 4 * 6 * 6
CHANNELS = [(4,), (4,)]
NORMS = [
    # at inference statistics, weight and bias are constants: one multiplication, one addition
    row("batch_norm", F.batch_norm, IMAGE, *CHANNELS, flops=2 * N),
    row(
        "batch_norm",
        F.batch_norm,
        IMAGE,
        *CHANNELS,
        *CHANNELS,
        flops=2 * N,
        name="batch_norm, affine",
    ),
    row(
        "batch_norm",
        lambda x: F.batch_norm(x, None, None, training=True),
        IMAGE,
        flops=7 * N,
        name="batch_norm, batch statistics",
    ),
    row(
        "batch_norm_legit_no_training",
        aten._native_batch_norm_legit_no_training,
        IMAGE,
        *CHANNELS,
        *CHANNELS,
        0.1,
        1e-5,
        flops=2 * N,
    ),
    row("cudnn_batch_norm", aten.cudnn_batch_norm, IMAGE, *CHANNELS, *CHANNELS, False, 0.1, 1e-5, flops=2 * N),
    row("miopen_batch_norm", aten.miopen_batch_norm, IMAGE, *CHANNELS, *CHANNELS, False, 0.1, 1e-5, flops=2 * N),
    row(
        "batch_norm_legit_functional",
        aten._native_batch_norm_legit_functional,
        IMAGE,
        *CHANNELS,
        *CHANNELS,
        True,
        0.1,
        1e-5,
        flops=7 * N,
    ),
    row("batch_norm_legit", aten._native_batch_norm_legit, IMAGE, *CHANNELS, True, 0.1, 1e-5, flops=7 * N),
    # add up, subtract, square, add up, scale: five; weight and bias: two
    row("layer_norm", lambda x: F.layer_norm(x, (6,)), IMAGE, flops=5 * N),
    row(
        "layer_norm",
        lambda x, w, b: F.layer_norm(x, (6,), w, b),
        IMAGE,
        (6,),
        (6,),
        flops=7 * N,
        name="layer_norm, affine",
    ),
    row("group_norm", lambda x: F.group_norm(x, 2), IMAGE, flops=5 * N),
    row(
        "group_norm", lambda x, w, b: F.group_norm(x, 2, w, b), IMAGE, *CHANNELS, flops=7 * N, name="group_norm, affine"
    ),
    row("batch_norm", nn.InstanceNorm2d(4), IMAGE, flops=7 * N, name="instance_norm"),
    row("rms_norm", lambda x: F.rms_norm(x, (6,)), IMAGE, flops=3 * N),
    row("rms_norm", lambda x, w: F.rms_norm(x, (6,), w), IMAGE, (6,), flops=4 * N, name="rms_norm, weight"),
    row("softmax", lambda x: x.softmax(1), IMAGE, flops=5 * N),
    row("log_softmax", lambda x: x.log_softmax(1), IMAGE, flops=5 * N),
    row("safe_softmax", lambda x: aten._safe_softmax(x, 1), IMAGE, flops=5 * N),
    row(
        "masked_softmax",
        lambda x, m: aten._masked_softmax(x, m, 3),
        torch.ones(IMAGE),
        torch.ones(IMAGE, dtype=torch.bool),
        flops=5 * N,
    ),
]

POOLED = 2 * 4 * 3 * 3
VOLUME = (2, 4, 4, 6, 6)
POOLING = [
    # a window of k: k - 1 comparisons, or k - 1 additions and a division
    row("max_pool2d", lambda x: F.max_pool2d(x, 2), IMAGE, flops=POOLED * 3),
    row("max_pool2d", lambda x: F.max_pool2d(x, (3, 2), 1), IMAGE, flops=2 * 4 * 4 * 5 * 5, name="max_pool2d, oblong"),
    row("max_pool2d_with_indices", lambda x: F.max_pool2d(x, 2, return_indices=True), IMAGE, flops=POOLED * 3),
    row("max_pool1d", lambda x: F.max_pool1d(x, 2), (2, 4, 6), flops=2 * 4 * 3 * 1),
    row("max_pool1d", lambda x: F.max_pool1d(x, 3, 1), (4, 6), flops=4 * 4 * 2, name="max_pool1d, no batch"),
    row("max_pool3d_with_indices", lambda x: F.max_pool3d(x, 2), VOLUME, flops=2 * 4 * 2 * 3 * 3 * 7),
    row("avg_pool2d", lambda x: F.avg_pool2d(x, 2), IMAGE, flops=POOLED * 4),
    row("avg_pool2d", lambda x: F.avg_pool1d(x, 2), (2, 4, 6), flops=2 * 4 * 3 * 2, name="avg_pool1d"),
    row("avg_pool3d", lambda x: F.avg_pool3d(x, 2), VOLUME, flops=2 * 4 * 2 * 3 * 3 * 8),
    # 6 → 4: windows of 2 that overlap, so 8 a side; 6 → 3: 6
    row("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (4, 3)), IMAGE, flops=2 * 4 * 8 * 6),
    row("adaptive_avg_pool3d", lambda x: F.adaptive_avg_pool3d(x, (1, 4, 3)), VOLUME, flops=2 * 4 * 4 * 8 * 6),
    row("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (4, 3)), IMAGE, flops=2 * 4 * (8 * 6 - 4 * 3)),
    row(
        "adaptive_max_pool3d", lambda x: F.adaptive_max_pool3d(x, (1, 4, 3)), VOLUME, flops=2 * 4 * (4 * 8 * 6 - 4 * 3)
    ),
]

# 2, 4, 8, 16 taps
RESAMPLING = [
    row(
        "upsample_linear1d", lambda x: F.interpolate(x, scale_factor=2, mode="linear"), (2, 4, 6), flops=3 * 2 * 4 * 12
    ),
    row("upsample_bilinear2d", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), IMAGE, flops=7 * 4 * N),
    row("upsample_bicubic2d", lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"), IMAGE, flops=31 * 4 * N),
    row(
        "upsample_trilinear3d",
        lambda x: F.interpolate(x, scale_factor=2, mode="trilinear"),
        VOLUME,
        flops=15 * 8 * 2 * 4 * 144,
    ),
    row("grid_sampler_2d", partial(F.grid_sample, align_corners=False), IMAGE, (2, 5, 7, 2), flops=7 * 2 * 4 * 5 * 7),
    row(
        "grid_sampler_3d",
        partial(F.grid_sample, align_corners=False),
        VOLUME,
        (2, 3, 5, 7, 3),
        flops=15 * 2 * 4 * 3 * 5 * 7,
    ),
]

POINTWISE = [
    row("add", torch.add, IMAGE, IMAGE, flops=N),
    row("sub", torch.sub, IMAGE, IMAGE, flops=N),
    row("add", torch.add, IMAGE, (4, 1, 1), flops=N, name="add, broadcast"),
    row("add", torch.add, (6,), IMAGE, flops=N, name="add, broadcast first"),
    row("relu", F.relu, IMAGE, flops=N),
    row("relu", partial(F.relu, inplace=True), IMAGE, flops=N, name="relu, in place"),
    row("gelu", F.gelu, IMAGE, flops=N),
    row("exp", torch.exp, IMAGE, flops=N),
    row("clamp", lambda x: x.clamp(0, 6), IMAGE, flops=N),
    row("lt", lambda x: x < 0, IMAGE, flops=N, name="a comparison of numbers"),
    row("add", torch.add, ids(1, 2, 3), ids(1, 2, 3), name="whole numbers are no floating-point work"),
    row("add", lambda x: x + 1, IMAGE, flops=N, name="add, a number"),
    *[
        row(name.strip("_"), lambda x, name=name: getattr(x, name)(), IMAGE, flops=N, name=f"{name} of a tensor")
        for name in ("abs", "abs_", "exp_", "sigmoid_", "neg_")
    ],
    *[
        row(name, lambda x, y, name=name: getattr(x, f"{name}_")(y), IMAGE, IMAGE, flops=N, name=f"{name}, in place")
        for name in ("copysign", "heaviside", "eq", "ne", "lt", "le", "gt", "ge")
    ],
    row("gcd", torch.gcd, ids(4, 6), ids(2, 3)),
    row("lcm", torch.lcm, ids(4, 6), ids(2, 3)),
    row("mish", partial(F.mish, inplace=True), IMAGE, flops=N),
    row("gelu", aten.gelu_, IMAGE, flops=N, name="gelu, in place"),
    row("threshold", lambda x: F.threshold(x, 0.0, 1.0, inplace=True), IMAGE, flops=N),
    row("xlogy", lambda x: x.xlogy_(2.0), IMAGE, flops=N),
    row("rsub", lambda x: torch.rsub(x, x), IMAGE, flops=N),
    row("hardswish", F.hardswish, IMAGE, flops=N),
    row("hardsigmoid", F.hardsigmoid, IMAGE, flops=N),
    row("prelu_kernel", F.prelu, IMAGE, (4,), flops=N),
    row("log_sigmoid_forward", F.logsigmoid, IMAGE, flops=N),
    row("floor_divide", lambda x: x // 2.0, IMAGE, flops=N),
    row("rrelu_with_noise", partial(F.rrelu, training=True), IMAGE, flops=N),
    # half the channels out: an activation and a product
    row("glu", lambda x: F.glu(x, 1), IMAGE, flops=2 * (N // 2)),
]

REDUCTIONS = [
    # adding up n takes n - 1 additions for each output
    row("sum", lambda x: x.sum(), IMAGE, flops=N - 1),
    row("sum", lambda x: x.sum((2, 3)), IMAGE, flops=N - 8, name="sum, axes"),
    row("sum", lambda x: x.sum(), ids(1, 2, 3), name="sum, whole numbers"),
    *[
        row(name, getattr(torch, name), IMAGE, flops=N - 1)
        for name in ("nansum", "prod", "amax", "amin", "max", "min", "argmax", "argmin", "aminmax")
    ],
    row("max", lambda x: x.max(1), IMAGE, flops=N - 72, name="max, axis"),
    row("maximum", torch.max, IMAGE, IMAGE, flops=N, name="max of two"),
    row("trace", torch.trace, (5, 5), flops=4),
    row("mean", lambda x: x.mean((2, 3)), IMAGE, flops=N - 8 + 8),
    row("cumsum", lambda x: x.cumsum(1), IMAGE, flops=N),
    row("cumprod", lambda x: x.cumprod(1), IMAGE, flops=N),
    row("cummax", lambda x: x.cummax(1), IMAGE, flops=N),
    row("cummin", lambda x: x.cummin(1), IMAGE, flops=N),
    # each element is put into its bin
    row("histc", torch.histc, torch.ones(IMAGE), flops=N),
    # square, add up, root
    row("norm", lambda x: aten.norm(x, 2), IMAGE, flops=2 * N),
    row("linalg_vector_norm", torch.linalg.vector_norm, IMAGE, flops=2 * N),
    # add up, subtract the mean, square, add up
    row("var", lambda x: x.var(1), IMAGE, flops=4 * N),
    row("std", lambda x: x.std(1), IMAGE, flops=4 * N),
    row("var_mean", lambda x: torch.var_mean(x, 1), IMAGE, flops=4 * N),
    row("std_mean", lambda x: torch.std_mean(x, 1), IMAGE, flops=4 * N),
    # exponentiate, add up, logarithm
    row("logsumexp", lambda x: x.logsumexp(1), IMAGE, flops=3 * N),
    row("logcumsumexp", lambda x: x.logcumsumexp(1), IMAGE, flops=3 * N),
    # ⌈log₂ 6⌉ = 3 comparisons an element
    row("sort", torch.sort, IMAGE, flops=3 * N),
    row("topk", lambda x: x.topk(2), IMAGE, flops=3 * N),
    row("kthvalue", lambda x: x.kthvalue(2), IMAGE, flops=3 * N),
    row("median", lambda x: x.median(3), IMAGE, flops=3 * N),
    row("nanmedian", lambda x: x.nanmedian(3), IMAGE, flops=3 * N),
    row("mode", lambda x: x.mode(3), IMAGE, flops=3 * N),
    row("sort", torch.sort, (3, 8), flops=3 * 24, name="sort, eight"),
    row("sort", torch.sort, ids(3, 1, 2), name="sort, whole numbers"),
    # subtract, square, add up
    row("cdist_forward", partial(torch.cdist, p=1.0), (4, 3), (5, 3), flops=3 * 4 * 5 * 3),
    row("euclidean_dist", aten._euclidean_dist, (4, 3), (5, 3), flops=3 * 4 * 5 * 3),
    row("pdist_forward", aten._pdist_forward, (4, 3), flops=3 * 6 * 3),
    # 5·n·log₂ n, half of it for real numbers
    row("fft_c2c", torch.fft.fft, torch.empty(3, 8, dtype=torch.complex64, device="meta"), flops=3 * 5 * 8 * 3),
    row("fft_r2c", torch.fft.rfft, (3, 8), flops=3 * 5 * 8 * 3 // 2),
    row("fft_r2c", torch.fft.rfft2, (8, 8), flops=5 * 64 * 6 // 2, name="fft_r2c, two axes"),
    row("fft_c2r", torch.fft.irfft, torch.empty(3, 5, dtype=torch.complex64, device="meta"), flops=3 * 5 * 8 * 3 // 2),
    # one addition for each element of the source
    row("index_add", lambda x, y: x.index_add(0, ids(1, 1, 0), y), (4, 5), (3, 5), flops=15),
    row(
        "scatter_add", lambda x, y: x.scatter_add(0, torch.zeros(3, 5, dtype=torch.int64), y), (4, 5), (3, 5), flops=15
    ),
    row(
        "scatter_reduce",
        lambda x, y: x.scatter_reduce(0, torch.zeros(3, 5, dtype=torch.int64), y, "amax"),
        (4, 5),
        (3, 5),
        flops=15,
    ),
    row("index_reduce", lambda x, y: x.index_reduce(0, ids(1, 1, 0), y, "amax"), (4, 5), (3, 5), flops=15),
    row("embedding_bag", lambda w: aten._embedding_bag(w, ids(0, 1, 2, 3), ids(0, 2)), (10, 16), flops=4 * 16),
    row(
        "embedding_bag_forward_only",
        lambda w: F.embedding_bag(ids(0, 1, 2, 3), w, ids(0, 2), mode="sum"),
        (10, 16),
        flops=4 * 16,
    ),
]

COUNTED = [
    *(CONVOLUTIONS + PRODUCTS + ATTENTION + RECURRENT + NORMS + POOLING + RESAMPLING + POINTWISE + REDUCTIONS),
    *(LINEAR_ALGEBRA + LOSSES + OTHER),
]

FLOATS = (4, 6)
MASK = torch.tensor([True, False, True, False])
# moving, choosing and making numbers: no arithmetic at all
FREE = {
    "clone": (torch.clone, FLOATS),
    "copy": (lambda x, y: x.clone().copy_(y), FLOATS, FLOATS),
    "to_copy": (lambda x: x.half(), FLOATS),
    "detach": (lambda _: torch.tensor([1]).detach_(), FLOATS),
    "lift_fresh": (lambda _: torch.tensor([1, 2]), FLOATS),
    "lift_fresh_copy": (aten.lift_fresh_copy, FLOATS),
    "alias_copy": (aten.alias_copy, FLOATS),
    "unsafe_view": (lambda x: aten._unsafe_view(x, [6, 4]), FLOATS),
    "cat": (lambda x: torch.cat([x, x]), FLOATS),
    "stack": (lambda x: torch.stack([x, x]), FLOATS),
    "block_diag": (lambda x: torch.block_diag(x, x), FLOATS),
    "repeat": (lambda x: x.repeat(2, 1), FLOATS),
    "repeat_interleave": (lambda x: aten.repeat_interleave(x, output_size=6), ids(1, 2, 3)),
    "roll": (lambda x: x.roll(1, 0), FLOATS),
    "flip": (lambda x: x.flip(0), FLOATS),
    "rot90": (torch.rot90, FLOATS),
    "tril": (torch.tril, FLOATS),
    "triu": (torch.triu, FLOATS),
    "constant_pad_nd": (lambda x: F.pad(x, (1, 1)), FLOATS),
    "reflection_pad1d": (lambda x: F.pad(x, (1, 1), mode="reflect"), FLOATS),
    "reflection_pad2d": (lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"), IMAGE),
    "reflection_pad3d": (lambda x: F.pad(x, (1, 1, 1, 1, 1, 1), mode="reflect"), VOLUME),
    "replication_pad1d": (lambda x: F.pad(x, (1, 1), mode="replicate"), FLOATS),
    "replication_pad2d": (lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"), IMAGE),
    "replication_pad3d": (lambda x: F.pad(x, (1, 1, 1, 1, 1, 1), mode="replicate"), VOLUME),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), IMAGE),
    "pixel_unshuffle": (lambda x: F.pixel_unshuffle(x, 2), IMAGE),
    "channel_shuffle": (lambda x: F.channel_shuffle(x, 2), IMAGE),
    "im2col": (lambda x: F.unfold(x, 2), IMAGE),
    "upsample_nearest1d": (lambda x: F.interpolate(x, scale_factor=2), (2, 4, 6)),
    "upsample_nearest2d": (lambda x: F.interpolate(x, scale_factor=2), IMAGE),
    "upsample_nearest3d": (lambda x: F.interpolate(x, scale_factor=2), VOLUME),
    "upsample_nearest_exact1d": (lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"), (2, 4, 6)),
    "upsample_nearest_exact2d": (lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"), IMAGE),
    "upsample_nearest_exact3d": (lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"), VOLUME),
    "max_unpool2d": (lambda x: F.max_unpool2d(x, torch.zeros(IMAGE, dtype=torch.int64), 2), torch.ones(IMAGE)),
    "max_unpool3d": (lambda x: F.max_unpool3d(x, torch.zeros(VOLUME, dtype=torch.int64), 2), torch.ones(VOLUME)),
    "diag_embed": (torch.diag_embed, FLOATS),
    "unfold_copy": (lambda x: aten.unfold_copy(x, 1, 2, 2), FLOATS),
    "slice_scatter": (lambda x, y: x.slice_scatter(y, 0, 0, 2), FLOATS, (2, 6)),
    "select_scatter": (lambda x, y: x.select_scatter(y, 0, 1), FLOATS, (6,)),
    "diagonal_scatter": (lambda x, y: x.diagonal_scatter(y), FLOATS, (4,)),
    "as_strided_scatter": (lambda x, y: x.as_strided_scatter(y, (2,), (1,)), FLOATS, (2,)),
    "unsafe_split": (lambda x: x.unsafe_split(2), FLOATS),
    "unsafe_split_with_sizes": (lambda x: x.unsafe_split_with_sizes([1, 3]), FLOATS),
    "split_with_sizes_copy": (lambda x: aten.split_with_sizes_copy(x, [1, 3]), FLOATS),
    "jagged_to_padded_dense_forward": (
        lambda x: aten._jagged_to_padded_dense_forward(x, [torch.tensor([0, 1, 4])], [3]),
        FLOATS,
    ),
    "padded_dense_to_jagged_forward": (
        lambda x: aten._padded_dense_to_jagged_forward(x, [torch.tensor([0, 1, 4])], 4),
        torch.ones(2, 3, 6),
    ),
    "pack_padded_sequence": (lambda x: aten._pack_padded_sequence(x, ids(4, 3), False), torch.ones(4, 2, 6)),
    "complex": (torch.complex, FLOATS, FLOATS),
    "view_copy": (lambda x: aten.view_copy(x, [6, 4]), FLOATS),
    "resize": (lambda x: x.clone().resize_(6, 4), FLOATS),
    "set": (lambda x, y: x.clone().set_(y), FLOATS, FLOATS),
    "embedding": (lambda w: F.embedding(ids(1, 2), w), FLOATS),
    "index": (lambda x: x[ids(1, 2)], FLOATS),
    "index_select": (lambda x: x.index_select(0, ids(1, 2)), FLOATS),
    "index_put": (lambda x, y: x.index_put((ids(1, 2),), y), FLOATS, (2, 6)),
    "index_put_impl": (lambda x, y: aten._index_put_impl_(x.clone(), [ids(1, 2)], y), FLOATS, (2, 6)),
    "index_fill": (lambda x: x.index_fill(0, ids(1, 2), 1.0), FLOATS),
    "index_copy": (lambda x, y: x.index_copy(0, ids(1, 2), y), FLOATS, (2, 6)),
    "unsafe_index": (lambda x: aten._unsafe_index(x, [ids(1, 2)]), FLOATS),
    "unsafe_masked_index": (
        lambda x, m: aten._unsafe_masked_index(x, m, [ids(1, 2)], 0.0),
        FLOATS,
        torch.ones(2, 1, dtype=torch.bool),
    ),
    "gather": (lambda x: x.gather(0, torch.zeros(2, 6, dtype=torch.int64)), FLOATS),
    "scatter": (lambda x, y: x.scatter(0, torch.zeros(2, 6, dtype=torch.int64), y), FLOATS, (2, 6)),
    "take": (lambda x: x.take(ids(1, 2)), FLOATS),
    "put": (lambda x, y: x.put(ids(1, 2), y), FLOATS, (2,)),
    "masked_select": (lambda x: x.masked_select(MASK[:, None]), torch.ones(FLOATS)),
    "masked_fill": (lambda x: x.masked_fill(MASK[:, None], 0.0), FLOATS),
    "masked_scatter": (lambda x, y: x.masked_scatter(MASK[:, None], y), FLOATS, FLOATS),
    "nonzero": (torch.nonzero, MASK),
    "nonzero_static": (lambda x: torch.nonzero_static(x, size=2), MASK),
    "count_nonzero": (torch.count_nonzero, MASK),
    "where": (lambda x, y: torch.where(MASK[:, None], x, y), FLOATS, FLOATS),
    "all": (torch.all, FLOATS),
    "any": (torch.any, FLOATS),
    "isin": (lambda x: torch.isin(x, ids(1, 2)), ids(1, 2, 3)),
    "unique": (aten._unique, ids(1, 2, 2)),
    "unique2": (torch.unique, ids(1, 2, 2)),
    "unique_consecutive": (torch.unique_consecutive, ids(1, 2, 2)),
    "unique_dim": (lambda x: torch.unique(x, dim=0), ids(1, 2, 2)),
    "searchsorted": (torch.searchsorted, (6,), (4,)),
    "bucketize": (torch.bucketize, (4,), (6,)),
    "bincount": (torch.bincount, ids(1, 2, 2)),
    "local_scalar_dense": (lambda x: torch.ones(x.max().item()), ids(1, 2)),
    "equal": (lambda x: torch.ones(1) if torch.equal(x, x) else x, ids(1, 2)),
    "empty_like": (torch.empty_like, FLOATS),
    "zeros_like": (torch.zeros_like, FLOATS),
    "ones_like": (torch.ones_like, FLOATS),
    "full_like": (lambda x: torch.full_like(x, 2.0), FLOATS),
    "rand_like": (torch.rand_like, FLOATS),
    "randn_like": (torch.randn_like, FLOATS),
    "randint_like": (lambda x: torch.randint_like(x, 5), FLOATS),
    "new_empty": (lambda x: x.new_empty(3), FLOATS),
    "new_empty_strided": (lambda x: x.new_empty_strided((2, 3), (3, 1)), FLOATS),
    "new_zeros": (lambda x: x.new_zeros(3), FLOATS),
    "new_ones": (lambda x: x.new_ones(3), FLOATS),
    "new_full": (lambda x: x.new_full((3,), 2.0), FLOATS),
    "fill": (lambda x: x.clone().fill_(1.0), FLOATS),
    "zero": (lambda x: x.clone().zero_(), FLOATS),
    "bernoulli": (torch.bernoulli, FLOATS),
    "normal": (lambda x: x.clone().normal_(), FLOATS),
    "uniform": (lambda x: x.clone().uniform_(), FLOATS),
    "random": (lambda x: x.clone().random_(), FLOATS),
    "exponential": (lambda x: x.clone().exponential_(), FLOATS),
    "multinomial": (lambda x: x.multinomial(2), FLOATS),
    "dropout": (lambda x: F.dropout(x, training=False), FLOATS),
    "feature_dropout": (lambda x: F.dropout2d(x, training=False), IMAGE),
    "assert_async": (torch._assert_async, ids(1)),
    "assert_scalar": (lambda x: aten._assert_scalar(x.max().item(), "text"), ids(1)),
    "assert_tensor_metadata": (lambda x: aten._assert_tensor_metadata(x, [4, 6]), FLOATS),
    "functional_assert_async": (lambda x, y: aten._functional_assert_async(x, "text", y), ids(1), FLOATS),
}
FREE_ROWS = [row(op, call, *inputs) for op, (call, *inputs) in FREE.items()]


X, FILTERS, BIAS = spec(1, 3, 5, 5), spec(4, 3, 3, 3), spec(4)
PAIRS = ((0, 0), (1, 1), (1, 1))
HEADS = (spec(1, 12, 64, 64),) * 3
# ops that no call on this machine runs as themselves: the arguments as torch declares them, the output, the cost
BY_HAND = {
    **OTHER_BY_HAND,
    # a GRU of 8 in and 4 hidden: 12 gates that are added up and activated, 4·4 for the state, 2·12 biases
    **{
        f"{library}_rnn": (
            (spec(3, 2, 8), (spec(12, 8), spec(12, 4), spec(12), spec(12)), 4, *rest, 3),
            spec(3, 2, 4),
            Cost(6 * (12 * 8 + 12 * 4), 6 * (24 + 16 + 24)),
        )
        for library, rest in (("cudnn", [None] * 3), ("miopen", [None] * 2))
    },
    # of 2·8·8 scores 100 are in blocks that a mask keeps
    "archstat::block_attention": (
        (spec(1, 2, 8, 4), spec(1, 2, 8, 4), spec(1, 2, 8, 3), 100),
        spec(1, 2, 8, 3),
        Cost(100 * (4 + 3), 100 * (1 + 5)),
    ),
    # two heads; sequences of 2, 3 and 1 queries over 4, 1 and 2 keys
    "archstat::jagged_attention": (
        (spec(6, 2, 4), spec(7, 2, 4), spec(7, 2, 3), (0, 2, 2, 5, 5, 6), (0, 4, 4, 5, 5, 7), False, None),
        spec(6, 2, 3),
        Cost(2 * (8 + 3 + 2) * (4 + 3), 2 * (8 + 3 + 2) * (1 + 5)),
    ),
    # of three real convolutions that stand for a complex one, the second
    "archstat::complex_convolution_rest": (
        (X, FILTERS, BIAS, *PAIRS, False, (0, 0), 1),
        spec(1, 4, 3, 3),
        Cost(0, 4 * 9),
    ),
    "archstat::complex_convolution_rest_backward": ((X, X, FILTERS), spec(1, 4, 3, 3), Cost()),
    # a library of one device
    "cudnn_convolution": ((X, FILTERS, *PAIRS, 1, False, False, False), spec(1, 4, 3, 3), Cost(4 * 9 * 27)),
    "miopen_convolution": ((X, FILTERS, BIAS, *PAIRS, 1, False, False), spec(1, 4, 3, 3), Cost(4 * 9 * 27, 4 * 9)),
    "cudnn_convolution_transpose": (
        (X, spec(3, 4, 3, 3), (0, 0), *PAIRS, 1, False, False, False),
        spec(1, 4, 7, 7),
        Cost(3 * 25 * 36),
    ),
    "convolution_overrideable": (
        (X, FILTERS, BIAS, (1, 1), (0, 0), (1, 1), False, (0, 0), 1),
        spec(1, 4, 3, 3),
        Cost(4 * 9 * 27, 4 * 9),
    ),
    "conv_depthwise2d": ((X, spec(3, 1, 3, 3), (3, 3), None, *PAIRS), spec(1, 3, 3, 3), Cost(3 * 9 * 9)),
    "conv_depthwise3d": (
        (spec(1, 3, 5, 5, 5), spec(3, 1, 3, 3, 3), (3, 3, 3), spec(3), (1, 1, 1), (0, 0, 0), (1, 1, 1)),
        spec(1, 3, 3, 3, 3),
        Cost(3 * 27 * 27, 3 * 27),
    ),
    "weight_int4pack_mm": ((spec(4, 32), spec(2, 1, 32, 4), 32, spec(1, 16, 2)), spec(4, 16), Cost(4 * 32 * 16)),
    "cudnn_attention_forward": (
        (*HEADS, None, None, None, 64, 64, False),
        HEADS[0],
        Cost(6291456, 12 * 64 * 64 * SCORES),
    ),
    "thnn_fused_gru_cell": (
        (spec(10, 48), spec(10, 48), spec(10, 16), spec(48), spec(48)),
        spec(10, 16),
        Cost(0, 10 * GRU_STEP_FLOPS),
    ),
    # torchvision's own
    "torchvision::deform_conv2d": (
        (X, FILTERS, spec(1, 18, 3, 3), spec(1, 9, 3, 3), BIAS),
        spec(1, 4, 3, 3),
        # each of 3 channels, 9 places of the filter and 9 of the output is sampled from 4 values: 7
        Cost(4 * 9 * 27, 7 * 3 * 9 * 9 + 4 * 9),
    ),
    # composite: their parts are met in their place
    "convolution_mode": ((X, FILTERS, BIAS, (1, 1), "valid", (1, 1), 1), spec(1, 4, 3, 3), Cost(4 * 9 * 27, 4 * 9)),
    "matmul": ((spec(2, 1, 4, 8), spec(3, 8, 5)), spec(2, 3, 4, 5), Cost(960)),
    "scaled_dot_product_attention_math": (HEADS, HEADS[0], Cost(6291456, 12 * 64 * 64 * SCORES)),
    "instance_norm": ((X,), X, Cost(0, 5 * 75)),
    "fused_rms_norm": ((X, (5,), spec(5), None), X, Cost(0, 4 * 75)),
    "is_nonzero": ((spec(),), spec(), Cost()),
    "pad": ((X, (1, 1)), spec(1, 3, 5, 7), Cost()),
}


@pytest.mark.parametrize(("op", "call", "inputs", "macs", "flops"), COUNTED + FREE_ROWS)
def test_an_op_costs_what_its_arithmetic_says(op, call, inputs, macs, flops):
    trace = trace_of(call, *map(tensor, inputs))
    cost = count_trace(trace, "one op")
    assert op in op_names(trace)
    assert (cost.macs, cost.other_flops) == (macs, flops)
    assert cost.uncounted == ()


@pytest.mark.parametrize("op", BY_HAND)
def test_an_op_that_runs_elsewhere_costs_what_its_arithmetic_says(op):
    args, out, cost = BY_HAND[op]
    assert rule_cost(OpCall(op, 0, "other", args, {}, (out,))) == cost


def test_every_rule_is_tested():
    rows = {param.values[0] for param in COUNTED + FREE_ROWS}
    assert (
        RULES.keys() - rows - BY_HAND.keys() - GRADIENTS.keys() - {op for op, *_ in GRADIENTS_BY_FORM.values()} == set()
    )
    assert BY_HAND.keys() <= RULES.keys()


FORMS = ("_{}", "native_{}", "_native_{}", "{}_", "_{}_", "__{}__")


@pytest.mark.parametrize("op", sorted(name for name in RULES if "::" not in name))
def test_every_rule_is_for_an_op_that_torch_has(op):
    assert any(hasattr(aten, form) for form in (op, *(form.format(op) for form in FORMS)))


# -- layers that other tools count wrongly ---------------------------------------------------------------------------


class MyConvolution(nn.Conv2d):
    pass


def attend(layer, *inputs):
    return layer(*inputs, need_weights=False)[0]


def cross_attention_macs(batch, queries, keys, *, width, kdim, vdim):
    """Queries, keys, values and the output are projected; each query meets each key twice."""
    projected = batch * (queries * width * width * 2 + keys * kdim * width + keys * vdim * width)
    return projected + batch * queries * keys * width * 2


def test_a_subclass_counts_like_its_layer():
    assert cost_of(MyConvolution(8, 16, 3, padding=1), torch.ones(2, 8, 10, 10)).macs == 230400


def test_attention_to_itself_counts_projections_and_both_products():
    x = torch.ones(2, 10, 64)
    layer = nn.MultiheadAttention(64, 4, batch_first=True)
    cost = cost_of(Calls(lambda x: attend(layer, x, x, x), layer=layer), x)
    assert cost.macs == cross_attention_macs(2, 10, 10, width=64, kdim=64, vdim=64)


@pytest.mark.parametrize(("kdim", "vdim"), [(64, 64), (32, 64), (32, 48)])
def test_attention_to_other_keys_counts_them_in_their_own_width(kdim, vdim):
    layer = nn.MultiheadAttention(64, 4, batch_first=True, kdim=kdim, vdim=vdim)
    inputs = torch.ones(2, 10, 64), torch.ones(2, 20, kdim), torch.ones(2, 20, vdim)
    cost = cost_of(Calls(lambda *inputs: attend(layer, *inputs), layer=layer), *inputs)
    assert cost.macs == cross_attention_macs(2, 10, 20, width=64, kdim=kdim, vdim=vdim)


def test_attention_with_20_keys_is_542720():
    assert cross_attention_macs(2, 10, 20, width=64, kdim=64, vdim=64) == 542720


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_a_linear_layer_counts_all_leading_axes(rank):
    assert cost_of(nn.Linear(8, 16), torch.ones(*[3] * (rank - 1), 8)).macs == 3 ** (rank - 1) * 128


def test_a_tied_head_computes_and_an_embedding_does_not():
    embedding, head = nn.Embedding(1000, 16), nn.Linear(16, 1000, bias=False)
    head.weight = embedding.weight
    cost = cost_of(nn.Sequential(embedding, head), torch.zeros(2, 5, dtype=torch.int64))
    assert (cost.macs, cost.parameters) == (10 * 16 * 1000, 16000)


@pytest.mark.parametrize("length", [64, 128])
def test_attention_is_quadratic_in_the_length(length):
    qkv = [torch.empty(1, 2, length, 8, device="meta")] * 3
    assert cost_of(F.scaled_dot_product_attention, *qkv).macs == 2 * length**2 * 16


# -- recurrent networks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_packed_sequence_counts_the_steps_that_it_holds(layer):
    packed = nn.utils.rnn.pack_padded_sequence(torch.ones(5, 2, 8), [5, 3])
    network = layer(8, 16)
    step = cost_of(network, torch.ones(1, 8))
    cost = cost_of(network, packed)
    assert (cost.macs, cost.other_flops) == (8 * step.macs, 8 * step.other_flops)


@pytest.mark.parametrize(("layer", "cell"), [(nn.LSTM, nn.LSTMCell), (nn.GRU, nn.GRUCell), (nn.RNN, nn.RNNCell)])
def test_a_recurrent_layer_counts_like_its_cell_in_a_loop(layer, cell):
    step = cost_of(cell(8, 16), torch.ones(2, 8))
    whole = cost_of(layer(8, 16), torch.ones(5, 2, 8))
    assert (whole.macs, whole.other_flops) == (5 * step.macs, 5 * step.other_flops)


# -- the fused fast path of attention --------------------------------------------------------------------------------

FUSIBLE = {
    "encoder layer": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
    "encoder layer, gelu": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu"),
    "encoder layer, norm first": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True),
    "attention": lambda: Calls(lambda x: attention(x, x, x), layer=attention),
}
attention = nn.MultiheadAttention(8, 2, batch_first=True)


def fused(model, inputs):
    """The trace of a real run, in which torch takes its fused kernels."""
    with mock.patch("torch.backends.mha.set_fastpath_enabled"):  # which a trace switches off
        return real_trace_of(model, inputs)


@pytest.mark.parametrize("name", FUSIBLE)
def test_a_fused_kernel_counts_like_the_layers_that_it_replaces(name):
    model, x = FUSIBLE[name]().eval(), torch.ones(2, 5, 8)
    real = fused(model, (x,))
    assert {"transformer_encoder_layer_fwd", "multi_head_attention"} & set(op_names(real))
    counted = count_trace(real, "fused")
    assert counted.uncounted == ()
    assert counted.macs == cost_of(model, x).macs


def test_a_fused_encoder_layer_does_the_same_flops():
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    x = torch.ones(2, 5, 8)
    assert count_trace(fused(model, (x,)), "fused").flops == cost_of(model, x).flops


# -- ops that no rule covers -----------------------------------------------------------------------------------------


@pytest.fixture
def strange_op():
    with torch.library._scoped_library("archstat_tests", "FRAGMENT") as library:
        library.define("strange(Tensor x) -> Tensor")
        library.impl("strange", torch.clone, "CompositeExplicitAutograd")
        yield torch.ops.archstat_tests.strange.default


def test_an_unknown_op_is_named_with_its_calls_and_elements(strange_op):
    (uncounted,) = cost_of(lambda x: strange_op(strange_op(x)), torch.ones(2, 3)).uncounted
    assert (uncounted.op, uncounted.calls, uncounted.elements) == ("archstat_tests::strange", 2, 2 * (6 + 6))


def test_an_unknown_op_stands_in_a_row_of_its_own(strange_op):
    rows = cost_of(Calls(strange_op, unused=nn.ReLU()), torch.ones(2, 3)).layers
    assert [(row.kind, row.macs, row.other_flops) for row in rows] == [("archstat_tests::strange", 0, 0)]


def test_strict_refuses_an_unknown_op_by_name(strange_op):
    trace = trace_of(lambda x: strange_op(strange_op(x)), torch.ones(2, 3))
    with pytest.raises(UncountedError, match=r"of my network: archstat_tests::strange \(2 "):
        count_trace(trace, "my network", strict=True)


def test_strict_accepts_what_the_rules_cover():
    assert count_trace(trace_of(torch.mm, torch.ones(4, 8), torch.ones(8, 5)), "network", strict=True).macs == 160
