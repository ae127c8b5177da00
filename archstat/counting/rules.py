"""What each op costs, from shapes alone.

One table, and so one file, however long: an op is looked up here and nowhere else. The rules of gradients are entered
from :mod:`archstat.counting.backward_rules`.

One entry of :data:`RULES` is one op: a function from an :class:`~archstat.records.OpCall` to its
:class:`~archstat.records.Cost`. An op without an entry is free if torch declares it a view, costs one FLOP for each
element of its output if torch tags it pointwise (and it handles floating-point numbers), and is otherwise *uncounted*,
which every output names.

Conventions. A multiply-accumulate is counted once, in ``macs``, wherever numbers are multiplied and summed by a
convolution, a linear layer or a matrix product; a bias is one addition more for each output, in ``other_flops``.
Attention is counted in full, also where a mask hides half of it. Moving, choosing and making numbers is no arithmetic.
A complex number counts as one: a multiply-accumulate of complex numbers is one MAC, and stands for four real ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from archstat.counting import backward_rules, entries, factorizations, foreign, installed
from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED, arg, args, first, stacked
from archstat.counting.entries import FREE, CostRule
from archstat.counting.taps import LINEAR, MODES, antialiased, ctc_places, window_elements
from archstat.records import Cost, OpCall, Shape, TensorSpec

_prod, _numel, _out, _per_output = math.prod, entries.numel, entries.out, entries.per_output
_broadcast, _has_floats, _FLOATS = entries.broadcast, entries.has_floats, entries.FLOATS

#: One entry = the cost of one op.
RULES: dict[str, CostRule] = dict(backward_rules.BACKWARD_RULES)
_enter = entries.into(RULES)


def cost_of(call: OpCall) -> Cost | None:
    """The arithmetic of one op, ``None`` if no rule covers it."""
    rule = RULES.get(call.op)
    if rule is not None:
        return rule(call)
    if "::" in call.op:
        return _foreign(call)
    if call.nature == "pointwise":
        return pointwise(call)
    return FREE if call.nature == "view" or not call.tensors() else None


def _foreign(call: OpCall) -> Cost | None:
    """An op of another library: by what somebody entered for it, else by what it declares.

    A rule that says that it cannot tell has the last word: the op is named.
    """
    if installed.has_rule(call.op):
        return foreign.cost_by_rule(call)
    cost = foreign.cost_by_formula(call)
    if cost is not None:
        return cost
    if call.op.partition("::")[0] in _COLLECTIVES:
        return FREE
    if call.nature == "pointwise":
        return pointwise(call)
    return FREE if call.nature == "view" or not call.tensors() else None


#: Namespaces of ops that move tensors between processes. What a reduction adds up on its way depends on how many
#: processes there are and on the algorithm, so it is left out.
_COLLECTIVES = frozenset("c10d c10d_functional _c10d_functional _c10d_functional_autograd symm_mem fsdp".split())


def pointwise(call: OpCall) -> Cost:
    """One FLOP for each element of the output; whole numbers and truth values alone are no floating-point work."""
    for spec in call.outputs:
        if spec.dtype in _FLOATS:
            return Cost(0, _out(call))
    # A comparison puts out truth values, and has compared floating-point numbers.
    return Cost(0, _out(call)) if _has_floats(call) and call.outputs else FREE


# -- convolutions ------------------------------------------------------------------------------------------------------


def _convolved(call: OpCall, *, transposed: bool) -> int:
    """Weights are ``(out, in/groups, *kernel)``, of a transposed convolution ``(in, out/groups, *kernel)``.

    Each output is a sum over one filter; transposed, each input is spread over one filter, also where the padding cuts
    the result off.
    """
    weight = arg(call, "weight").shape
    starts = _prod(first(call).shape if transposed else call.outputs[0].shape)
    filter_size: int = _prod(weight) // max(weight[0], 1)
    return starts * filter_size


def _biased(call: OpCall) -> int:
    """One addition for each output if there is a bias."""
    return _out(call) if arg(call, "bias") is not None else 0


@_enter(
    "conv1d conv2d conv3d mkldnn_convolution miopen_convolution miopen_depthwise_convolution convolution_mode "
    "nnpack_spatial_convolution"
)
def _convolution(call: OpCall) -> Cost:
    return Cost(_convolved(call, transposed=False), _biased(call))


@_enter("conv_transpose1d conv_transpose2d conv_transpose3d miopen_convolution_transpose")
def _transposed_convolution(call: OpCall) -> Cost:
    return Cost(_convolved(call, transposed=True), _biased(call))


@_enter("cudnn_convolution cudnn_convolution_transpose")
def _convolution_without_bias(call: OpCall) -> Cost:
    return Cost(_convolved(call, transposed=call.op.endswith("transpose")))


@_enter("convolution convolution_overrideable")
def _any_convolution(call: OpCall) -> Cost:
    return Cost(_convolved(call, transposed=arg(call, "transposed")), _biased(call))


@_enter("archstat::complex_convolution_rest")
def _rest_of_complex_convolution(call: OpCall) -> Cost:
    """Of the three real convolutions that a complex one comes down to, the first counts: a complex product is one."""
    return Cost(0, _any_convolution(call).other_flops)


@_enter("archstat::complex_convolution_rest_backward")
def _rest_of_complex_convolution_backward(call: OpCall) -> Cost:
    """The gradients of the first real convolution count for all three."""
    del call
    return FREE


@_enter("cudnn_convolution_relu miopen_convolution_relu")
def _rectified_convolution(call: OpCall) -> Cost:
    """A convolution and one FLOP for each output."""
    return Cost(_convolved(call, transposed=False), _biased(call) + _out(call))


@_enter("cudnn_convolution_add_relu miopen_convolution_add_relu")
def _added_rectified_convolution(call: OpCall) -> Cost:
    """A convolution with what is added to its output: ``relu(convolution + alpha·z)``."""
    return Cost(_convolved(call, transposed=False), 3 * _out(call) + _biased(call))


@_enter(QUANTIZED_CONVOLUTIONS)
def _quantized_convolution(call: OpCall) -> Cost:
    """A convolution, and for each output one FLOP of what is added to it and one of its ReLU."""
    fused = ("_add" in call.op) + ("_relu" in call.op)
    return Cost(_convolved(call, transposed=False), _biased(call) + fused * _out(call))


@_enter(QUANTIZED_TRANSPOSED)
def _quantized_transposed_convolution(call: OpCall) -> Cost:
    return Cost(_convolved(call, transposed=True), _biased(call))


@_enter("slow_conv_transpose2d slow_conv_transpose3d")
def _transposed_convolution_with_kernel(call: OpCall) -> Cost:
    return Cost(_numel(first(call)) * _prod(arg(call, "weight").shape[1:]), _biased(call))


@_enter(
    "slow_conv2d_forward slow_conv3d_forward conv_depthwise2d conv_depthwise3d slow_conv_dilated2d slow_conv_dilated3d"
)
def _convolution_with_kernel(call: OpCall) -> Cost:
    return Cost(_out(call) * _prod(arg(call, "weight").shape[1:]), _biased(call))


@_enter("conv_tbc")
def _conv_tbc(call: OpCall) -> Cost:
    """Time first: weights are ``(kernel, in, out)``."""
    kernel, channels, _ = arg(call, "weight").shape
    return Cost(_out(call) * kernel * channels, _out(call))


@_enter("torchvision::deform_conv2d")
def _deform_conv2d(call: OpCall) -> Cost:
    """A convolution over values sampled bilinearly, 7 FLOPs each."""
    x, weight, out = first(call), arg(call, "weight"), call.outputs[0].shape
    sampled = out[0] * x.shape[1] * _prod(weight.shape[2:]) * _prod(out[2:])
    return Cost(_prod(out) * _prod(weight.shape[1:]), 7 * sampled + _prod(out))


# -- matrix products ---------------------------------------------------------------------------------------------------


@_enter("linear mkldnn_linear")
def _linear(call: OpCall) -> Cost:
    """A linear layer, ``(…, i) · (o, i)ᵀ + (o)``."""
    if not _has_floats(call):
        return FREE
    x, weight, bias = first(call), arg(call, "weight"), arg(call, "bias")
    out = _prod(call.outputs[0].shape)
    if weight.stored is not None:
        macs = weight.stored * _prod(x.shape[:-1])
    else:
        macs = out * weight.shape[-1] if x.stored is None else x.stored * weight.shape[0]
    return Cost(macs, out if bias is not None else 0)


@_enter("mm bmm mv dot vdot matmul hspmm smm")
def _product(call: OpCall) -> Cost | None:
    """``(…, n, k) · (…, k, m)``: each output is a sum of k products; whole numbers are no floating-point work."""
    a, b = args(call, "a b")
    if not _has_floats(call):
        return FREE
    if a.stored is not None or b.stored is not None:
        return _sparse_product(a, b)
    return Cost(_prod(call.outputs[0].shape) * a.shape[-1])


def _sparse_product(a: TensorSpec, b: TensorSpec) -> Cost | None:
    """Each element that is stored meets one row, or column, of the other side.

    Of two sparse matrices shapes do not tell which elements meet, and of one without values how many there are.
    """
    stored = a.stored if a.stored is not None else b.stored
    if (a.stored is not None and b.stored is not None) or stored is None or stored < 0:
        return None
    if a.stored is not None:
        return Cost(stored * (b.shape[-1] if len(b.shape) > 1 else 1))
    return Cost(stored * (a.shape[-2] if len(a.shape) > 1 else 1))


@_enter("int_mm weight_int8pack_mm")
def _whole_product(call: OpCall) -> Cost:
    """Quantized weights, so whole numbers count."""
    return Cost(_out(call) * first(call).shape[-1])


@_enter("scaled_mm scaled_mm_v2")
def _scaled_product(call: OpCall) -> Cost:
    """A product, then one scaling of each output, and a bias."""
    return Cost(_out(call) * first(call).shape[-1], _out(call) + _biased(call))


@_enter("weight_int4pack_mm weight_int4pack_mm_for_cpu weight_int4pack_mm_with_scales_and_zeros dyn_quant_matmul_4bit")
def _int4_product(call: OpCall) -> Cost:
    return Cost(_out(call) * first(call).shape[-1])


@_enter("mixed_dtypes_linear sparse_semi_structured_linear")
def _linear_of_packed_weights(call: OpCall) -> Cost:
    """Where two of four weights are stored, half of the products are done."""
    macs = _out(call) * first(call).shape[-1] // (2 if call.op.startswith("sparse") else 1)
    return Cost(macs, _biased(call))


@_enter("torch_nn::_linear_cross_entropy_batch_chunked torch_nn::_linear_cross_entropy_batch_chunked_no_reduction")
def _linear_cross_entropy(call: OpCall) -> Cost:
    """Scores of every class, their softmax, and the one of the target."""
    x, weight = first(call), arg(call, "weight")
    scores = _prod(x.shape[:-1]) * weight.shape[0]
    return Cost(scores * weight.shape[1], _SOFTMAX * scores + 2 * _prod(x.shape[:-1]))


@_enter("affine_grid_generator cudnn_affine_grid_generator")
def _affine_grid(call: OpCall) -> Cost:
    """Each place of the grid, 1 appended, times a matrix."""
    return Cost(_out(call) * first(call).shape[-1])


@_enter("grouped_mm")
def _grouped_product(call: OpCall) -> Cost:
    """Rows fall to one of the groups each: ``(n, k) · (g, k, m)`` costs ``n·k·m``; two matrices are cut along k."""
    a, b = (spec.shape for spec in args(call, "a b"))
    if len(a) == len(b) == 2:
        return Cost(a[0] * a[1] * b[1])
    return Cost(_out(call) * a[-1])


@_enter("addmm addmv baddbmm addmm_activation sparse_addmm sspaddmm")
def _added_product(call: OpCall) -> Cost | None:
    """``bias + a · b``; torch.sparse.mm runs it with nothing added."""
    # The very object: a product of whole numbers is no floating-point work, and neither is what is added to it.
    cost = _product(call)
    if cost is None or cost is FREE or arg(call, "beta") == 0:
        return cost
    return Cost(cost.macs, _out(call))


@_enter("sparse_sampled_addmm")
def _sampled_product(call: OpCall) -> Cost | None:
    """``c + a · b`` at those places only that the sparse ``c`` stores."""
    sampled, a = args(call, "x a")
    if sampled.stored is None or sampled.stored < 0:
        return None
    return Cost(sampled.stored * a.shape[-1], sampled.stored)


@_enter("sparse_mm_reduce_impl")
def _reduced_sparse_product(call: OpCall) -> Cost | None:
    """The products are added up, or compared."""
    return _sparse_product(*args(call, "a b"))


@_enter("sparse_sparse_matmul spsolve")
def _not_told_by_shapes(call: OpCall) -> None:
    """No cost: the work depends on where the elements are."""


@_enter("addbmm")
def _summed_product(call: OpCall) -> Cost:
    """A sum of matrix products, ``bias + Σ a[i] · b[i]``."""
    if not _has_floats(call):
        return FREE
    batch, _, inner = arg(call, "a").shape
    return Cost(_out(call) * batch * inner, _out(call))


@_enter("addr")
def _outer_product(call: OpCall) -> Cost:
    """An outer product, ``bias + a ⊗ b``."""
    return Cost(_out(call), _out(call)) if _has_floats(call) else FREE


@_enter("trilinear")
def _trilinear(call: OpCall) -> Cost:
    """``Σ a·b·c`` over shapes made alike by unsqueezing: one product more than a multiply-accumulate has."""
    terms = _prod(trilinear_sizes(call))
    return Cost(terms, terms)


def trilinear_sizes(call: OpCall) -> list[int]:
    """The axes that a trilinear product goes over, those along which it sums included."""
    factors, axes = args(call, "i1 i2 i3"), args(call, "expand1 expand2 expand3")
    shapes = [_unsqueezed(spec.shape, added) for spec, added in zip(factors, axes, strict=True)]
    return [max(sizes) for sizes in zip(*shapes, strict=True)]


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
    query, key, value = (spec.shape for spec in args(call, "query key value"))
    return _attention(_prod(attending(call)), key[-2], query[-1], value[-1])


def attending(call: OpCall) -> Shape:
    """The query vectors of attention, as many of a batch as queries, keys and values are broadcast to."""
    query, key, value = (spec.shape for spec in args(call, "query key value"))
    return (*_broadcast(query[:-2], key[:-2], value[:-2]), query[-2])


@_enter("flash_attention_forward efficient_attention_forward")
def _attention_forward(call: OpCall) -> Cost:
    """Attention on tensors with the heads after the sequence: ``(batch, queries, heads, width)``."""
    query, key, value = (spec.shape for spec in args(call, "query key value"))
    return _attention(_prod(query[:-1]), key[1], query[-1], value[-1])


@_enter("archstat::block_attention")
def _block_attention(call: OpCall) -> Cost:
    """Attention over as many scores as are in the blocks that a mask keeps."""
    query, value, scores = args(call, "query value scores")
    return _attention(scores, 1, query.shape[-1], value.shape[-1])


@_enter("archstat::jagged_attention")
def _jagged_attention(call: OpCall) -> Cost:
    """Of ``(tokens, heads, width)`` each: within each sequence."""
    query, value = (spec.shape for spec in args(call, "query value"))
    scores = query[1] * sum(rows * columns for rows, columns in lengths(call))
    return _attention(scores, 1, query[-1], value[-1])


def lengths(call: OpCall) -> list[tuple[int, int]]:
    """How many queries and keys each sequence has, given by where each begins and ends."""
    rows, columns = (
        [end - begin for begin, end in zip(ends[::2], ends[1::2], strict=True)] for ends in args(call, "rows columns")
    )
    return list(zip(rows, columns, strict=True))


@_enter("multi_head_attention")
def _multi_head_attention(call: OpCall) -> Cost:
    """With four ``width × width`` projections and their biases."""
    query, key, width, heads = args(call, "query key embed_dim num_head")
    batch, queries, _ = query.shape
    keys = key.shape[1]
    projected = batch * width * 2 * (queries + keys)
    attention = _attention(batch * heads * queries, keys, width // heads, width // heads)
    return Cost(projected * width + attention.macs, projected + attention.other_flops)


@_enter("transformer_encoder_layer_fwd")
def _transformer_encoder_layer(call: OpCall) -> Cost:
    """Attention, two linear layers with an activation between, two layer norms, two residual additions."""
    source, width, heads, linear = args(call, "x embed_dim num_heads ffn_weight_1")
    batch, length, _ = source.shape
    tokens, inner = batch * length, linear.shape[0]
    attention = _attention(tokens * heads, length, width // heads, width // heads)
    macs = tokens * width * (4 * width + 2 * inner) + attention.macs
    biases = tokens * (5 * width + inner)
    around = tokens * (2 * _NORM_AFFINE * width + 2 * width + inner)
    return Cost(macs, biases + around + attention.other_flops)


# -- recurrent networks ------------------------------------------------------------------------------------------------


def _recurrent(call: OpCall, weights: Iterable[TensorSpec], kind: str) -> Cost:
    """Each step multiplies with every weight once; the state is updated by some FLOPs for each hidden unit."""
    updates, gates_of_cell = _UPDATES[kind], GATES[kind]
    matrices = [w.shape for w in weights if len(w.shape) == 2]
    biases = sum(_numel(w) for w in weights if len(w.shape) == 1)
    steps, gates = _prod(first(call).shape[:-1]), _gates(matrices)
    # W·x + U·h: one addition; then one activation a gate
    other = 2 * gates + updates * gates // gates_of_cell + biases
    return Cost(steps * sum(map(_prod, matrices)), steps * other)


GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""The gates of each kind of recurrent cell."""

_UPDATES = {"lstm": 5, "gru": 4, "rnn_tanh": 0, "rnn_relu": 0}  # f·c + i·g, tanh, o·tanh(c); r·(U·h), n + z·(h − n)


def _gates(matrices: Sequence[Shape]) -> int:
    """The rows of all input matrices; each of them is followed by its recurrent matrix with as many rows."""
    pairs = zip_longest(matrices, matrices[1:], fillvalue=(0, 0))
    rows = [first[0] for first, second in pairs if first[0] == second[0]]
    # In layers of one width the recurrent matrix of one and the input matrix of the next look like a pair too: then
    # every second pair counts.
    return sum(rows[::2]) if len(rows) > len(matrices) // 2 else sum(rows)


@_enter(" ".join(GATES))
def _recurrent_layers(call: OpCall) -> Cost:
    return _recurrent(call, stacked(call).weights, call.op)


QUANTIZED_GATES = {
    "quantized_lstm": 4,
    "quantized_gru": 3,
    **{f"quantized_{kind}_cell": gates for kind, gates in GATES.items()},
    **{f"quantized::quantized_{kind}_cell_dynamic": gates for kind, gates in GATES.items()},
}
"""Recurrent ops whose weights are packed, and their gates."""


def packed_cells(call: OpCall) -> tuple[int, list[int]]:
    """The width of the state, and how many features each layer and direction takes: what is packed tells no sizes."""
    features, width = first(call).shape[-1], call.outputs[0].shape[-1]
    if "cell" in call.op:
        return width, [features]
    _, layers, directions = stacked(call)
    return width // directions, [features] * directions + [width] * (directions * (layers - 1))


@_enter(" ".join(QUANTIZED_GATES))
def _quantized_recurrent(call: OpCall) -> Cost:
    """As with weights that are not packed; torch's layers have biases."""
    gates, steps = QUANTIZED_GATES[call.op], _prod(first(call).shape[:-1])
    state, cells = packed_cells(call)
    rows = gates * state * len(cells)
    products = gates * state * (sum(cells) + state * len(cells))
    biases, updates = 2 * rows, {4: 5, 3: 4, 1: 0}[gates] * rows // gates
    return Cost(steps * products, steps * (2 * rows + updates + biases))


_LIBRARY_CELLS = ("rnn_relu", "rnn_tanh", "lstm", "gru")
"""The kinds of cells by the number that libraries of GPUs give them."""


@_enter("cudnn_rnn miopen_rnn")
def _recurrent_of_library(call: OpCall) -> Cost:
    return _recurrent(call, arg(call, "weight"), _LIBRARY_CELLS[arg(call, "mode")])


@_enter("cudnn_rnn_backward miopen_rnn_backward")
def _recurrent_of_library_backward(call: OpCall) -> Cost:
    """The gradients of inputs and of weights, each as much as the layer itself."""
    forward = _recurrent_of_library(call)
    return Cost(2 * forward.macs, 2 * forward.other_flops)


@_enter("mkldnn_rnn_layer")
def _mkldnn_rnn_layer(call: OpCall) -> Cost:
    """One layer and direction of an LSTM."""
    x, w, u = (spec.shape for spec in args(call, "x w u"))
    steps, gates = _prod(x[:-1]), w[0]
    biases, updates = 2 * gates, 5 * gates // 4
    return Cost(steps * (_prod(w) + _prod(u)), steps * (2 * gates + updates + biases))


@_enter("mkldnn_rnn_layer_backward")
def _mkldnn_rnn_layer_backward(call: OpCall) -> Cost:
    """The gradients of inputs and of weights, each as much as the layer itself."""
    forward = _mkldnn_rnn_layer(call)
    return Cost(2 * forward.macs, 2 * forward.other_flops)


@_enter("thnn_fused_lstm_cell")
def _lstm_cell(call: OpCall) -> Cost:
    """The gates of one step, after the products: ``(batch, 4·hidden)``."""
    gates = _numel(first(call))
    return Cost(0, 2 * gates + 5 * gates // 4 + 2 * gates)


@_enter("thnn_fused_gru_cell")
def _gru_cell(call: OpCall) -> Cost:
    """The gates of one step, after the products: ``(batch, 3·hidden)``."""
    gates = _numel(first(call))
    return Cost(0, 2 * gates + 4 * gates // 3 + 2 * gates)


# -- normalisation -----------------------------------------------------------------------------------------------------

_NORM = 5  # add up, subtract the mean, square, add up, scale
_NORM_AFFINE = 7  # multiply by the weight, add the bias


@_enter("batch_norm cudnn_batch_norm miopen_batch_norm")
def _batch_norm(call: OpCall) -> Cost:
    """At inference a multiplication and an addition for each element: statistics, weight and bias are constants."""
    return Cost(0, _out(call) * (_NORM_AFFINE if arg(call, "training") else 2))


RULES.update(batch_norm_legit_no_training=_per_output(2), batch_norm_no_update=_per_output(2))


@_enter("layer_norm group_norm instance_norm batch_norm_legit batch_norm_legit_functional")
def _norm(call: OpCall) -> Cost:
    """Mean and variance are worked out from the input itself."""
    has_weight = len(call.tensors()) > 1
    return Cost(0, _out(call) * (_NORM_AFFINE if has_weight else _NORM))


@_enter("batch_norm_with_update batch_norm_with_update_functional")
def _batch_norm_of_batch(call: OpCall) -> Cost:
    """By the statistics of the batch."""
    return Cost(0, _out(call) * (_NORM if arg(call, "weight") is None else _NORM_AFFINE))


@_enter("batch_norm_elemt")
def _batch_norm_by_element(call: OpCall) -> Cost:
    """Centre and scale, then weight and bias."""
    return Cost(0, _out(call) * (2 if arg(call, "weight") is None else 4))


@_enter("weight_norm_interface")
def _weight_norm(call: OpCall) -> Cost:
    """The norms of ``v``, ``g`` divided by each, and the products with that."""
    v, g = args(call, "v g")
    return Cost(0, 3 * _numel(v) + _numel(g))


@_enter("renorm")
def _renorm(call: OpCall) -> Cost:
    """The norm of each slice, compared and divided by, and the products with that."""
    x, axis = args(call, "x dim")
    return Cost(0, 3 * _numel(x) + 2 * x.shape[axis])


@_enter("embedding_renorm")
def _embedding_renorm(call: OpCall) -> Cost:
    """As :func:`_renorm` of the rows that are asked for, as if each were too long."""
    rows = _numel(arg(call, "indices"))
    return Cost(0, rows * (3 * first(call).shape[-1] + 2))


@_enter("rms_norm fused_rms_norm")
def _rms_norm(call: OpCall) -> Cost:
    """Square, add up, scale; multiply by the weight."""
    return Cost(0, _out(call) * (4 if len(call.tensors()) > 1 else 3))


@_enter("softmax log_softmax safe_softmax masked_softmax sparse_softmax sparse_log_softmax")
def _softmax(call: OpCall) -> Cost:
    return Cost(0, _SOFTMAX * _out(call))


# -- pooling and resampling --------------------------------------------------------------------------------------------


def _window(call: OpCall) -> int:
    """The elements of a pooling window; one number stands for all axes."""
    kernel = arg(call, "kernel_size")
    axes = next(axes for axes in (1, 2, 3) if f"{axes}d" in call.op)
    return int(_prod(kernel)) if len(kernel) > 1 else int(kernel[0] ** axes)


@_enter("max_pool1d max_pool2d max_pool2d_with_indices max_pool3d_with_indices")
def _max_pool(call: OpCall) -> Cost:
    """A window of k elements takes k − 1 comparisons."""
    return Cost(0, _out(call) * (_window(call) - 1))


@_enter("avg_pool2d avg_pool3d")
def _avg_pool(call: OpCall) -> Cost:
    """A window of k elements takes k − 1 additions and a division, unless that is a division by 1."""
    is_sum = arg(call, "divisor_override") == 1
    return Cost(0, _out(call) * (_window(call) - is_sum))


def _adaptive_window_elements(call: OpCall) -> int:
    """The elements of all windows of one adaptive pooling."""
    return window_elements(first(call).shape, call.outputs[0].shape, len(arg(call, "output_size")))


@_enter("adaptive_avg_pool2d adaptive_avg_pool3d")
def _adaptive_avg_pool(call: OpCall) -> Cost:
    return Cost(0, _adaptive_window_elements(call))


@_enter("adaptive_max_pool2d adaptive_max_pool3d")
def _adaptive_max_pool(call: OpCall) -> Cost:
    return Cost(0, _adaptive_window_elements(call) - _out(call))


@_enter("fractional_max_pool2d fractional_max_pool3d")
def _fractional_max_pool(call: OpCall) -> Cost:
    """A window of k elements takes k − 1 comparisons."""
    return Cost(0, _out(call) * (_window(call) - 1))


# t taps: t multiplications and t − 1 additions
RULES.update(upsample_linear1d=_per_output(3), upsample_bilinear2d=_per_output(7), upsample_trilinear3d=_per_output(15))
RULES.update(upsample_bicubic2d=_per_output(31))


@_enter("grid_sampler_2d grid_sampler_2d_cpu_fallback grid_sampler_3d cudnn_grid_sampler")
def _grid_sampler(call: OpCall) -> Cost:
    """As in resampling, t taps for each output; the nearest is only chosen, and cuDNN knows only the linear one."""
    mode = LINEAR if call.op.startswith("cudnn") else arg(call, "interpolation_mode")
    taps = MODES[mode] ** arg(call, "grid").shape[-1]
    return Cost(0, _out(call) * 2 * (taps - 1) + _out(call) * (taps > 1))


@_enter("upsample_bilinear2d_aa upsample_bicubic2d_aa upsample_lanczos2d_aa")
def _antialiased(call: OpCall) -> Cost:
    """Rows, then columns, each output of as many taps as it has."""
    (*maps, height, width), out = first(call).shape, call.outputs[0].shape
    rows, columns = antialiased(call, 0, height, out[-2]), antialiased(call, 1, width, out[-1])
    along_width = height * (2 * columns - out[-1])
    along_height = out[-1] * (2 * rows - out[-2])
    return Cost(0, _prod(maps) * (along_width + along_height))


# pointwise ops that torch does not tag; the second half of a gated linear unit is an activation and a product
_UNTAGGED = "hardswish prelu_kernel log_sigmoid_forward floor_divide hardsigmoid rrelu_with_noise"
RULES.update(dict.fromkeys(_UNTAGGED.split(), _per_output(1)))
RULES.update(glu=_per_output(2))

# torch tags these, but not all of their forms: ``abs`` but not ``abs_``
_HALF_TAGGED = (
    "abs gelu mish threshold copysign heaviside xlogy rsub eq ne lt le gt ge gcd lcm add sub mul div relu celu elu "
    "leaky_relu softplus softshrink hardshrink hardtanh remainder conj_physical isnan isinf bitwise_and bitwise_or "
    "bitwise_xor bitwise_left_shift bitwise_right_shift lshift rshift irshift add_relu"
)
RULES.update(dict.fromkeys(_HALF_TAGGED.split(), pointwise))


# -- reductions --------------------------------------------------------------------------------------------------------


def _reducing(flops: int, *, divides: bool = False) -> CostRule:
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
RULES.update(dict.fromkeys("sparse_sum sparse_csr_sum sparse_csr_prod".split(), _reducing(1)))
# each number is put into its bin, and before that the least and the greatest are looked for
RULES.update(
    dict.fromkeys("histogram histogramdd_from_bin_cts histogramdd_from_bin_tensors".split(), _reducing(1, divides=True))
)
RULES.update(histogramdd_bin_edges=_reducing(2, divides=True))
RULES.update(dict.fromkeys("norm linalg_vector_norm".split(), _reducing(2, divides=True)))
RULES.update(dict.fromkeys("var std var_mean std_mean".split(), _reducing(4, divides=True)))
RULES.update(dict.fromkeys("logsumexp logcumsumexp".split(), _reducing(3, divides=True)))


@_enter("segment_reduce")
def _segment_reduce(call: OpCall) -> Cost:
    """One FLOP for each element; a mean divides."""
    return Cost(0, _numel(first(call)) + (_out(call) if arg(call, "reduce") == "mean" else 0))


def _pairs(call: OpCall, other: str) -> int:
    """How many pairs of elements the first argument makes with that one."""
    return _prod(_broadcast(first(call).shape, arg(call, other).shape))


@_enter("dist")
def _dist(call: OpCall) -> Cost:
    """Subtract, and take the norm of that."""
    return Cost(0, 3 * _pairs(call, "other"))


@_enter("allclose")
def _allclose(call: OpCall) -> Cost:
    """``|a − b| ≤ atol + rtol·|b|``: 6 for each pair."""
    if not _has_floats(call):
        return FREE
    return Cost(0, 6 * _pairs(call, "other"))


# two products and a difference; a cosine, a sine and their products with the length
RULES.update(linalg_cross=_per_output(3), polar=_per_output(4))


@_enter("trace")
def _trace(call: OpCall) -> Cost:
    """The diagonal is added up."""
    x = first(call)
    return Cost(0, max(min(x.shape) - 1, 0)) if x.dtype in _FLOATS else FREE


@_enter("sort topk kthvalue median nanmedian mode")
def _sort(call: OpCall) -> Cost:
    """``n·⌈log₂ n⌉`` comparisons along an axis of n; the axis is taken to be the last."""
    x = first(call)
    n = x.shape[-1] if x.shape else 1
    return Cost(0, _numel(x) * max(n - 1, 0).bit_length()) if x.dtype in _FLOATS else FREE


@_enter("cdist_forward euclidean_dist pdist_forward")
def _distances(call: OpCall) -> Cost:
    """Each distance subtracts, squares and adds up vectors."""
    return Cost(0, 3 * _out(call) * first(call).shape[-1])


@_enter("fft_c2c fft_r2c fft_c2r")
def _fft(call: OpCall) -> Cost:
    """``5·n·log₂ n`` for a complex transform of n points, half of that for a real one: the usual convention."""
    longest = max(first(call).shape, call.outputs[0].shape, key=_prod)
    # A real transform stores half of its points on one side: the side that has all of them tells how many there are.
    points = _prod(longest[axis] for axis in arg(call, "dim"))
    flops = 5 * _prod(longest) * math.log2(max(points, 1))
    return Cost(0, round(flops if call.op == "fft_c2c" else flops / 2))


@_enter("embedding_bag embedding_bag_forward_only")
def _embedding_bag(call: OpCall) -> Cost:
    """The rows of a bag are added up."""
    return Cost(0, _numel(arg(call, "indices")) * first(call).shape[-1])


@_enter("unsafe_masked_index_put_accumulate")
def _masked_addition(call: OpCall) -> Cost:
    """One addition for each value."""
    return Cost(0, _numel(arg(call, "values")))


@_enter("col2im")
def _col2im(call: OpCall) -> Cost:
    """What falls into the image is added to what is there."""
    size, kernel, dilation, padding, stride = args(call, "output_size kernel_size dilation padding stride")
    patches = first(call).shape
    inside = 1
    for extent, taps, gap, pad, step in zip(size, kernel, dilation, padding, stride, strict=True):
        blocks = (extent + 2 * pad - gap * (taps - 1) - 1) // step + 1
        places = [block * step - pad + tap * gap for block in range(blocks) for tap in range(taps)]
        inside *= sum(0 <= place < extent for place in places)
    return Cost(0, _prod(patches[:-2]) * patches[-2] // _prod(kernel) * inside)


@_enter("coalesce coalesced")
def _coalesce(call: OpCall) -> Cost:
    """Elements that are stored for the same place are added up."""
    return Cost(0, max(_numel(first(call)) - _out(call), 0)) if call.op == "coalesce" else FREE


@_enter("index_add scatter_add scatter_reduce index_reduce")
def _scattered_addition(call: OpCall) -> Cost:
    """One addition for each element of the source."""
    return Cost(0, _numel(arg(call, "source")))


@_enter("index_put index_put_impl unsafe_index_put")
def _index_put(call: OpCall) -> Cost:
    """One addition for each value that is added and not just put there."""
    return Cost(0, max(_numel(arg(call, "values")), _indexed(call))) if arg(call, "accumulate") else FREE


def _indexed(call: OpCall) -> int:
    """How many elements the indices choose."""
    x, given = args(call, "x indices")
    if any(index.dtype in ("bool", "uint8") for index in given if index is not None):
        return 0  # a mask: what it chooses is not known from shapes
    # Axes without an index are taken whole; there may be fewer indices than axes.
    rest: int = _prod(size for size, index in zip_longest(x.shape, given) if index is None)
    indices = [index.shape for index in given if index is not None]
    longest = max((len(shape) for shape in indices), default=0)
    aligned = [(1,) * (longest - len(shape)) + shape for shape in indices]
    chosen: int = _prod(max(sizes) for sizes in zip(*aligned, strict=True))
    return rest * chosen


# -- losses ------------------------------------------------------------------------------------------------------------


def _loss(flops: int) -> CostRule:
    """A rule of so many FLOPs for each pair of elements, which are then averaged, added up or left as they are."""

    def rule(call: OpCall) -> Cost:
        pairs = _pairs(call, "target")
        return Cost(0, flops * pairs + _reduced(pairs, arg(call, "reduction")))

    return rule


def _reduced(elements: int, reduction: int) -> int:
    """Adding up n takes n − 1 additions, and a mean one division more: 0 is no reduction, 1 the mean, 2 the sum."""
    return max(elements - (reduction == 2), 0) if reduction else 0


RULES.update(
    mse_loss=_loss(2),  # subtract, square
    smooth_l1_loss=_loss(5),  # subtract, absolute value, compare, square, scale
    huber_loss=_loss(5),
    soft_margin_loss=_loss(4),  # negate, multiply, exponentiate, log(1 + x)
)


@_enter("binary_cross_entropy")
def _binary_cross_entropy(call: OpCall) -> Cost:
    """``−(y·log x + (1 − y)·log(1 − x))`` takes 8, a weight one more."""
    return _loss(8 + (arg(call, "weight") is not None))(call) or FREE


@_enter("binary_cross_entropy_with_logits")
def _binary_cross_entropy_with_logits(call: OpCall) -> Cost:
    """``(1 − y)·x − log sigmoid(x)`` takes 4, a weight one more, ``(w − 1)·y + 1`` and its product 4."""
    is_weighted, has_positives = (weight is not None for weight in args(call, "weight pos_weight"))
    return _loss(4 + is_weighted + 4 * has_positives)(call) or FREE


@_enter("nll_loss_forward nll_loss2d_forward")
def _nll_loss(call: OpCall) -> Cost:
    """The chosen values are weighted and added up."""
    return Cost(0, 2 * _numel(arg(call, "target")))


@_enter("multi_margin_loss multilabel_margin_loss_forward")
def _margin_loss(call: OpCall) -> Cost:
    """Each score is compared with that of the target: subtract, add, compare, add up.

    Of several labels every score is held against each of them, of which there are as many as scores at most.
    """
    x = first(call)
    labels = x.shape[-1] if call.op.startswith("multilabel") and x.shape else 1
    return Cost(0, 4 * _numel(x) * labels)


@_enter("ctc_loss cudnn_ctc_loss miopen_ctc_loss")
def _ctc_loss(call: OpCall) -> Cost:
    """Every step meets each label and the blanks between them.

    Three sums of probabilities come together in one of them: 2 comparisons, 3 subtractions, 3 exponentials, 2
    additions, a logarithm, 2 additions.
    """
    return Cost(0, 13 * ctc_places(*args(call, "log_probs targets")))


# -- linear algebra ----------------------------------------------------------------------------------------------------


def _matrix(spec: TensorSpec) -> tuple[int, int, int]:
    """How many matrices there are, and how high and wide each is."""
    *batch, rows, columns = spec.shape
    return _prod(batch), rows, columns


def _square(formula: Callable[[int], int]) -> CostRule:
    """A rule for square matrices."""

    def rule(call: OpCall) -> Cost:
        batch, n, _ = _matrix(first(call))
        return Cost(0, batch * formula(n))

    return rule


def _oblong(formula: Callable[[int, int], int]) -> CostRule:
    """A rule for matrices of any height and width."""

    def rule(call: OpCall) -> Cost:
        batch, rows, columns = _matrix(first(call))
        return Cost(0, batch * formula(rows, columns))

    return rule


RULES.update(
    {
        **dict.fromkeys(("linalg_cholesky_ex", "cholesky"), _square(factorizations.cholesky)),
        **dict.fromkeys(("linalg_lu", "linalg_lu_factor_ex", "linalg_det"), _oblong(factorizations.lu)),
        "cholesky_inverse": _square(factorizations.inverse_by_cholesky),
        "linalg_ldl_factor_ex": _square(factorizations.symmetric_indefinite),
        "linalg_slogdet": _oblong(factorizations.lu),
        "linalg_inv_ex": _square(factorizations.inverse),
        "geqrf": _oblong(factorizations.qr),
        "linalg_matrix_exp": _square(factorizations.exponential),
        "linalg_eig": _square(lambda n: factorizations.eigenvalues(n, has_vectors=True)),
        "linalg_eigvals": _square(lambda n: factorizations.eigenvalues(n, has_vectors=False)),
        "linalg_eigvalsh": _square(lambda n: factorizations.symmetric_eigenvalues(n, has_vectors=False)),
        "linalg_svdvals": _oblong(factorizations.singular_values),
    }
)


@_enter("linalg_qr")
def _qr(call: OpCall) -> Cost:
    """The reflectors, and, but for mode ``"r"``, the columns of Q."""
    batch, rows, columns = _matrix(first(call))
    flops = factorizations.qr(rows, columns)
    mode = arg(call, "mode")
    if mode != "r":
        rank = min(rows, columns)
        flops += factorizations.orthogonal_columns(rows, rows if mode == "complete" else rank, rank)
    return Cost(0, batch * flops)


@_enter("linalg_householder_product")
def _householder_product(call: OpCall) -> Cost:
    batch, rows, columns = _matrix(first(call))
    return Cost(0, batch * factorizations.orthogonal_columns(rows, columns, arg(call, "tau").shape[-1]))


@_enter("ormqr")
def _ormqr(call: OpCall) -> Cost:
    factors, matrix, is_left = args(call, "input2 input3 left")
    batch, rows, columns = _matrix(matrix)
    sides = (rows, columns) if is_left else (columns, rows)
    return Cost(0, batch * factorizations.reflected(*sides, factors.shape[-1]))


@_enter("linalg_svd")
def _svd(call: OpCall) -> Cost:
    batch, rows, columns = _matrix(first(call))
    if not arg(call, "compute_uv"):
        return Cost(0, batch * factorizations.singular_values(rows, columns))
    return Cost(0, batch * factorizations.singular_vectors(rows, columns, are_all=arg(call, "full_matrices")))


@_enter("linalg_pinv")
def _pinv(call: OpCall) -> Cost:
    """By singular values: ``V · (Uᵀ / s)``."""
    batch, rows, columns = _matrix(first(call))
    rank = min(rows, columns)
    flops = factorizations.singular_vectors(rows, columns, are_all=False)
    flops += rank * rows + 2 * rows * columns * rank
    return Cost(0, batch * flops)


@_enter("linalg_eigh")
def _eigh(call: OpCall) -> Cost:
    batch, n, _ = _matrix(first(call))
    return Cost(0, batch * factorizations.symmetric_eigenvalues(n, has_vectors=arg(call, "compute_v")))


def _solved(call: OpCall, matrix: TensorSpec, triangles: int) -> int:
    """As many triangles for each column of the first output, whose batch is that of both sides."""
    n = matrix.shape[-1]
    return triangles * _numel(call.outputs[0]) * n


@_enter("linalg_solve_triangular")
def _solve_triangular(call: OpCall) -> Cost:
    return Cost(0, _solved(call, first(call), 1))


@_enter("triangular_solve")
def _triangular_solve(call: OpCall) -> Cost:
    return Cost(0, _solved(call, arg(call, "A"), 1))


@_enter("linalg_lu_solve linalg_ldl_solve")
def _solve_by_factors(call: OpCall) -> Cost:
    """The solution by two triangular factors."""
    return Cost(0, _solved(call, first(call), 2))


@_enter("cholesky_solve cholesky_solve_helper")
def _cholesky_solve(call: OpCall) -> Cost:
    """The solution by two triangular factors."""
    return Cost(0, _solved(call, arg(call, "A"), 2))


@_enter("linalg_solve_ex")
def _solve(call: OpCall) -> Cost:
    """The factors, then two triangles."""
    batch, n, _ = _matrix(first(call))
    return Cost(0, batch * factorizations.lu(n, n) + _solved(call, first(call), 2))


@_enter("linalg_lstsq")
def _lstsq(call: OpCall) -> Cost:
    """By QR, whatever the driver; ``b`` may be a vector for each matrix."""
    a, b = first(call), arg(call, "b").shape
    batch, rows, columns = _matrix(a)
    sides = b[-1] if len(b) >= len(a.shape) else 1
    batch = max(batch, _prod(b[:-2]) if len(b) >= len(a.shape) else batch)
    return Cost(0, batch * factorizations.least_squares(rows, columns, sides))


@_enter("compute_linear_combination")
def _linear_combination(call: OpCall) -> Cost:
    """Each sum takes a product and an addition for each term."""
    return Cost(0, 2 * _out(call) * arg(call, "coefficients").shape[-1])


# -- quantization ------------------------------------------------------------------------------------------------------

# scale, round, shift, cut at both ends, shift back, scale back
_FAKE = (
    "fake_quantize_per_tensor_affine_cachemask fake_quantize_per_tensor_affine_cachemask_tensor_qparams "
    "fake_quantize_per_channel_affine_cachemask fake_quantize_learnable_per_tensor_affine "
    "fake_quantize_learnable_per_channel_affine"
)
RULES.update(dict.fromkeys(_FAKE.split(), _per_output(7)))


@_enter("fused_moving_avg_obs_fq_helper fused_moving_avg_obs_fq_helper_functional")
def _observed(call: OpCall) -> Cost:
    """The least and the greatest are looked for too."""
    return Cost(0, 9 * _out(call))


@_enter("quantize_per_tensor quantize_per_tensor_dynamic quantize_per_channel")
def _quantized(call: OpCall) -> Cost:
    """Scale, round, shift, cut at both ends."""
    return Cost(0, 5 * sum(_numel(spec) for spec in call.outputs))


@_enter("dequantize")
def _dequantized(call: OpCall) -> Cost:
    """Shift back, scale back."""
    return Cost(0, 2 * sum(_numel(spec) for spec in call.outputs))


@_enter("quantized::linear quantized::linear_relu quantized::linear_dynamic quantized::linear_relu_dynamic")
@_enter("quantized::linear_dynamic_fp16 quantized::linear_relu_dynamic_fp16")
def _quantized_linear(call: OpCall) -> Cost:
    """Whether there is a bias is packed too, and torch's layers have one."""
    return Cost(_out(call) * first(call).shape[-1], _out(call) * (1 + ("relu" in call.op)))


_QUANTIZED_ELEMENTWISE = (
    "add add_scalar add_relu add_scalar_relu mul mul_scalar mul_relu mul_scalar_relu hardswish leaky_relu elu celu "
    "sigmoid prelu relu6"
)


@_enter(" ".join(f"quantized::{name}" for name in _QUANTIZED_ELEMENTWISE.split()))
def _quantized_elementwise(call: OpCall) -> Cost:
    """One FLOP for each output, as without quantization, and one more for a ReLU behind a sum or a product."""
    is_two = call.op.endswith("_relu") and call.op != "quantized::leaky_relu"
    return Cost(0, (1 + is_two) * _out(call))


# -- detection ---------------------------------------------------------------------------------------------------------

_OVERLAP = 13  # four comparisons, two differences cut at 0, their product, the union, a division, a comparison


@_enter("torchvision::nms")
def _nms(call: OpCall) -> Cost:
    """Areas, sorting, and every box against every other one: the most that there can be."""
    boxes = first(call).shape[0]
    sorting = boxes * max(boxes - 1, 0).bit_length()
    return Cost(0, 3 * boxes + sorting + _OVERLAP * boxes * (boxes - 1) // 2)


@_enter("torchvision::roi_align torchvision::ps_roi_align")
def _roi_align(call: OpCall) -> Cost | None:
    """Bilinear samples and their mean.

    Where their number is left to the size of the box (0 or less), shapes do not tell it.
    """
    samples = arg(call, "sampling_ratio")
    return Cost(0, _out(call) * 8 * samples**2) if samples > 0 else None


@_enter(
    "torchvision::roi_pool torchvision::ps_roi_pool torchvision::_roi_pool_backward torchvision::_ps_roi_pool_backward"
)
def _roi_pool(call: OpCall) -> None:
    """How many elements a window has depends on the size of the box."""


# -- no arithmetic -----------------------------------------------------------------------------------------------------

_MOVING = (
    "clone copy to_copy detach lift lift_fresh lift_fresh_copy unsafe_view cat chunk_cat stack block_diag repeat "
    "repeat_interleave roll flip rot90 tril triu pad constant_pad_nd reflection_pad1d reflection_pad2d "
    "reflection_pad3d replication_pad1d replication_pad2d replication_pad3d pixel_shuffle pixel_unshuffle "
    "channel_shuffle im2col upsample_nearest1d upsample_nearest2d upsample_nearest3d "
    "upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d max_unpool2d max_unpool3d "
    "diag_embed slice_scatter select_scatter diagonal_scatter as_strided_scatter unsafe_split "
    "unsafe_split_with_sizes jagged_to_padded_dense_forward padded_dense_to_jagged_forward pack_padded_sequence "
    "complex resize resize_as set lu_unpack lazy_clone pin_memory resize_output"
)
# what torch declares a view, made as a tensor of its own
_COPIED_VIEWS = (
    "alias_copy as_strided_copy conj_copy detach_copy diagonal_copy expand_copy narrow_copy "
    "neg_view_copy permute_copy reshape_alias_copy reshape_copy select_copy slice_copy split_copy "
    "split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy values_copy "
    "indices_copy crow_indices_copy col_indices_copy ccol_indices_copy row_indices_copy view_as_complex_copy "
    "view_as_real_copy view_copy sparse_broadcast_to_copy"
)
_SPARSE = (
    "to_sparse to_sparse_csr to_sparse_csc to_sparse_bsr to_sparse_bsc to_dense sparse_mask sparse_mask_projection "
    "sparse_coo_tensor sparse_coo_tensor_with_dims sparse_coo_tensor_with_dims_and_tensors sparse_compressed_tensor "
    "sparse_resize sparse_resize_and_clear copy_sparse_to_sparse convert_indices_from_coo_to_csr "
    "convert_indices_from_csr_to_coo validate_compressed_sparse_indices sparse_dim dense_dim dimI dimV nnz is_coalesced"
)
_CHOOSING = (
    "embedding index index_select index_fill index_copy unsafe_index unsafe_masked_index "
    "gather scatter take put masked_select masked_fill masked_scatter nonzero nonzero_static count_nonzero where "
    "all any is_all_true is_any_true isin unique unique2 unique_consecutive unique_dim unique_dim_consecutive "
    "searchsorted bucketize bincount local_scalar_dense is_nonzero equal is_same_size is_set_to is_pinned "
    "has_same_storage_numel linalg_check_errors hash_tensor"
)
_MAKING = (
    "empty_like zeros_like ones_like full_like rand_like randn_like randint_like new_empty new_empty_strided new_zeros "
    "new_ones new_full fill zero linspace logspace arange range bernoulli binomial cauchy exponential geometric "
    "log_normal multinomial normal normal_functional poisson random sample_dirichlet standard_gamma uniform dropout "
    "feature_dropout fused_dropout assert_async assert_scalar assert_tensor_metadata functional_assert_async "
    "functional_assert_scalar"
)
_FREE = f"{_MOVING} {_COPIED_VIEWS} {_SPARSE} {_CHOOSING} {_MAKING}"
RULES.update({name: lambda _: FREE for name in _FREE.split()})


# -- updates of optimizers ---------------------------------------------------------------------------------------------


@_enter(
    "foreach_add foreach_sub foreach_mul foreach_div foreach_sqrt foreach_addcmul foreach_addcdiv foreach_lerp "
    "foreach_neg foreach_pow foreach_maximum foreach_reciprocal"
)
def _foreach(call: OpCall) -> Cost:
    """One FLOP for each element of the list, as of a pointwise op."""
    return Cost(0, sum(_numel(spec) for spec in first(call) if spec.dtype in _FLOATS))


RULES.update(foreach_copy=lambda _: FREE, foreach_zero=lambda _: FREE)
