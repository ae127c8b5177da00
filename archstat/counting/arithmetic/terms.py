"""The multiply-accumulates and the weights of one op as a lecturer writes them: ``28·28·6 · 5·5·1``, ``(5·5·1 + 1)·6``.

One entry of :data:`TERMS` is the sum of one op's multiply-accumulates: its outputs times what each of them takes. One
entry of :data:`WEIGHTS` is the sum of the parameters that one op uses. What :mod:`archstat.counting.rules` works out
from the same arguments is the number that these sums come to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED, arg, args, first, stacked
from archstat.counting.rules import GATES, QUANTIZED_GATES, attending, lengths, packed_cells, trilinear_sizes
from archstat.records import OpCall, Shape, TensorSpec


class Weights(NamedTuple):
    """Some of the tensors of an op, and the sum of their elements."""

    tensors: tuple[TensorSpec, ...]
    formula: str


#: One entry = the multiply-accumulates of one op.
TERMS: dict[str, Callable[[OpCall], str]] = {}

#: One entry = the weights of one op, by sums that belong together.
WEIGHTS: dict[str, Callable[[OpCall], list[Weights]]] = {}


def product(sizes: Iterable[int]) -> str:
    """The factors with dots between them: ``28·28·6``."""
    return "·".join(map(str, sizes)) or "1"


def without_ones(sizes: Iterable[int]) -> list[int]:
    """The factors that change something."""
    return [size for size in sizes if size != 1]


def total(terms: Iterable[str]) -> str:
    """The sum of some products, equal ones together.

    >>> total(["5·5·3", "2", "5·5·3"]), total(["6 · 3·3", "6 · 3·3"])
    ('2·5·5·3 + 2', '2 · (6 · 3·3)')
    """
    times: dict[str, int] = {}
    for term in terms:
        times[term] = times.get(term, 0) + 1
    return " + ".join(_times(number, term) for term, number in times.items())


def _times(number: int, term: str) -> str:
    if number == 1:
        return term
    return f"{number} · ({term})" if " " in term else f"{number}·{term}"


def map_sizes(shape: Shape, axes: int) -> Shape:
    """A stack of maps as it is counted: the images if they are several, height, width, then the maps.

    >>> map_sizes((1, 6, 28, 28), 2), map_sizes((8, 6, 28, 28), 2), map_sizes((6, 28, 28), 2)
    ((28, 28, 6), (8, 28, 28, 6), (28, 28, 6))
    """
    images = shape[: -axes - 1]
    return (*without_ones(images), *shape[-axes:], shape[-axes - 1])


# -- convolutions ------------------------------------------------------------------------------------------------------


def _part(channels: int, groups: int) -> str:
    """The maps of one group among all: ``64``, ``(64/32)``; one map alone is ``1``."""
    return str(channels // groups) if groups in (1, channels) else f"({channels}/{groups})"


def _filter(kernel: Shape, channels: int, groups: int) -> str:
    return f"{product(kernel)}·{_part(channels, groups)}"


def _seen(call: OpCall) -> str:
    """What one output of a convolution is summed over; weights are ``(out, in/groups, *kernel)``."""
    _, per_group, *kernel = arg(call, "weight").shape
    channels = first(call).shape[-1 - len(kernel)]
    return _filter(tuple(kernel), channels, channels // per_group if per_group else 1)


def _convolution(call: OpCall) -> str:
    return f"{product(map_sizes(call.outputs[0].shape, len(arg(call, 'weight').shape) - 2))} · {_seen(call)}"


def _transposed_convolution(call: OpCall) -> str:
    """Each input is spread over one filter; weights are ``(in, out/groups, *kernel)``."""
    _, per_group, *kernel = arg(call, "weight").shape
    maps = call.outputs[0].shape[-1 - len(kernel)]
    inputs = product(map_sizes(first(call).shape, len(kernel)))
    return f"{inputs} · {_filter(tuple(kernel), maps, maps // per_group)}"


def _any_convolution(call: OpCall) -> str:
    return (_transposed_convolution if arg(call, "transposed") else _convolution)(call)


def _conv_tbc(call: OpCall) -> str:
    """Time first: weights are ``(kernel, in, out)``."""
    return f"{_outputs(call)} · {product(arg(call, 'weight').shape[:2])}"


_CONVOLUTIONS = (
    "conv1d conv2d conv3d mkldnn_convolution miopen_convolution convolution_mode cudnn_convolution slow_conv2d_forward "
    "slow_conv3d_forward conv_depthwise2d conv_depthwise3d slow_conv_dilated2d slow_conv_dilated3d "
    "cudnn_convolution_relu cudnn_convolution_add_relu miopen_convolution_relu miopen_convolution_add_relu "
    "miopen_depthwise_convolution nnpack_spatial_convolution torchvision::deform_conv2d "
    f"{QUANTIZED_CONVOLUTIONS}"
)
_TRANSPOSED = (
    "conv_transpose1d conv_transpose2d conv_transpose3d cudnn_convolution_transpose miopen_convolution_transpose "
    f"slow_conv_transpose2d slow_conv_transpose3d {QUANTIZED_TRANSPOSED}"
)
TERMS.update(dict.fromkeys(_CONVOLUTIONS.split(), _convolution))
TERMS.update(dict.fromkeys(_TRANSPOSED.split(), _transposed_convolution))
TERMS.update(dict.fromkeys(("convolution", "convolution_overrideable"), _any_convolution), conv_tbc=_conv_tbc)


def _affine(weight: TensorSpec, bias: TensorSpec | None, seen: str, outputs: int) -> list[Weights]:
    """Every output has one weight for each thing that it sees, and may have a bias."""
    if bias is None or math.prod(bias.shape) != outputs:
        return [Weights((weight,), f"{seen}·{outputs}")]
    return [Weights((weight, bias), f"({seen} + 1)·{outputs}")]


def _convolution_weights(call: OpCall) -> list[Weights]:
    weight, bias = args(call, "weight bias")
    return _affine(weight, bias, _seen(call), weight.shape[0])


def _transposed_weights(call: OpCall) -> list[Weights]:
    """An output map has a filter on each map of its group."""
    weight, bias = args(call, "weight bias")
    channels, per_group, *kernel = weight.shape
    maps = call.outputs[0].shape[-1 - len(kernel)]
    seen = _filter(tuple(kernel), channels, maps // per_group)
    return _affine(weight, bias, seen, maps)


_WITH_WEIGHTS = f"conv1d conv2d conv3d {QUANTIZED_CONVOLUTIONS}"
_TRANSPOSED_WITH_WEIGHTS = f"conv_transpose1d conv_transpose2d conv_transpose3d {QUANTIZED_TRANSPOSED}"
WEIGHTS.update(dict.fromkeys(_WITH_WEIGHTS.split(), _convolution_weights))
WEIGHTS.update(dict.fromkeys(_TRANSPOSED_WITH_WEIGHTS.split(), _transposed_weights))


# -- matrix products ---------------------------------------------------------------------------------------------------


def _outputs(call: OpCall) -> str:
    return product(without_ones(call.outputs[0].shape))


def _linear(call: OpCall) -> str:
    return f"{_outputs(call)} · {arg(call, 'weight').shape[-1]}"


def _linear_weights(call: OpCall) -> list[Weights]:
    """Weights are ``(out, in)``."""
    weight, bias = args(call, "weight bias")
    *outputs, features = weight.shape
    return _affine(weight, bias, str(features), math.prod(outputs))


def _added_weights(call: OpCall) -> list[Weights]:
    """``bias + x · weights``, these being ``(in, out)``."""
    bias, weight = args(call, "x b")
    features, outputs = weight.shape
    return _affine(weight, bias, str(features), outputs)


def _product(call: OpCall) -> str:
    """``(…, n, k) · (…, k, m)``, also where it is added to a tensor."""
    a, b = args(call, "a b")
    if a.stored is not None:
        return product([a.stored, *without_ones(b.shape[1:])])
    if b.stored is not None:
        return product([b.stored, *without_ones(a.shape[:-1])])
    return f"{_outputs(call)} · {a.shape[-1]}"


def _stored_product(call: OpCall) -> str:
    """``x + a · b`` at the places that ``x`` stores."""
    x, a = args(call, "x a")
    return f"{x.stored} · {a.shape[-1]}"


def _first_by_width(call: OpCall) -> str:
    """Each output is a sum over the last axis of the first argument, or half of that where two of four are stored."""
    features = first(call).shape[-1]
    return f"{_outputs(call)} · {features // 2 if call.op.startswith('sparse') else features}"


def _linear_cross_entropy(call: OpCall) -> str:
    """The scores of every class."""
    x, weight = args(call, "x weight")
    return f"{product(without_ones(x.shape[:-1]))}·{weight.shape[0]} · {weight.shape[1]}"


def _grouped_product(call: OpCall) -> str:
    """Rows fall to one of the groups each; two matrices are cut along k."""
    a, b = (spec.shape for spec in args(call, "a b"))
    return f"{a[0]}·{b[1]} · {a[1]}" if len(a) == len(b) == 2 else _product(call)


def _summed_product(call: OpCall) -> str:
    """The sum of ``bias + Σ a[i] · b[i]``."""
    batch, _, inner = arg(call, "a").shape
    return f"{_outputs(call)} · {batch}·{inner}"


def _trilinear(call: OpCall) -> str:
    """``Σ a·b·c`` over shapes made alike by unsqueezing."""
    return product(without_ones(trilinear_sizes(call)))


_PRODUCTS = (
    "mm bmm mv dot vdot matmul hspmm smm sparse_mm_reduce_impl addmm addmv baddbmm addmm_activation sparse_addmm "
    "sspaddmm"
)
_BY_WIDTH = (
    "int_mm weight_int8pack_mm scaled_mm scaled_mm_v2 weight_int4pack_mm weight_int4pack_mm_for_cpu "
    "weight_int4pack_mm_with_scales_and_zeros dyn_quant_matmul_4bit mixed_dtypes_linear sparse_semi_structured_linear "
    "affine_grid_generator cudnn_affine_grid_generator quantized::linear quantized::linear_relu "
    "quantized::linear_dynamic quantized::linear_relu_dynamic quantized::linear_dynamic_fp16 "
    "quantized::linear_relu_dynamic_fp16"
)
_CROSS_ENTROPY = (
    "torch_nn::_linear_cross_entropy_batch_chunked torch_nn::_linear_cross_entropy_batch_chunked_no_reduction"
)
TERMS.update(dict.fromkeys(_PRODUCTS.split(), _product))
TERMS.update(dict.fromkeys(_BY_WIDTH.split(), _first_by_width))
TERMS.update(dict.fromkeys(_CROSS_ENTROPY.split(), _linear_cross_entropy))
TERMS.update(dict.fromkeys(("linear", "mkldnn_linear"), _linear), sparse_sampled_addmm=_stored_product)
WEIGHTS.update(linear=_linear_weights, addmm=_added_weights)
TERMS.update(grouped_mm=_grouped_product, addbmm=_summed_product, addr=_outputs, trilinear=_trilinear)


# -- attention ---------------------------------------------------------------------------------------------------------


def _attention(call: OpCall) -> str:
    """The sum of attention on ``(…, queries, width), (…, keys, width), (…, keys, value width)``."""
    query, key, value = (spec.shape for spec in args(call, "query key value"))
    return _scores([*attending(call), key[-2]], query[-1], value[-1])


def _attention_forward(call: OpCall) -> str:
    """Attention with the heads after the sequence."""
    query, key, value = (spec.shape for spec in args(call, "query key value"))
    return _scores([*query[:-1], key[1]], query[-1], value[-1])


def _scores(sizes: Iterable[int], width: int, value_width: int) -> str:
    return f"{product(without_ones(sizes))} · ({width} + {value_width})"


def _multi_head_attention(call: OpCall) -> str:
    """Projections in and out, then both products."""
    query, key, width, heads = args(call, "query key embed_dim num_head")
    (batch, queries, _), keys = query.shape, key.shape[1]
    projections = f"2·{batch}·({queries} + {keys})·{width} · {width}"
    return f"{projections} + {batch}·{heads}·{queries}·{keys} · 2·({width}/{heads})"


def _encoder_layer(call: OpCall) -> str:
    """Four projections of attention, both of its products, and two linear layers."""
    source, width, heads, inner = args(call, "x embed_dim num_heads ffn_weight_1")
    batch, length, _ = source.shape
    linear = f"{batch}·{length}·{width} · (4·{width} + 2·{inner.shape[0]})"
    return f"{linear} + {batch}·{heads}·{length}·{length} · 2·({width}/{heads})"


def _block_attention(call: OpCall) -> str:
    """Both products for each score in the blocks that are kept."""
    query, value, scores = args(call, "query value scores")
    return f"{scores} · ({query.shape[-1]} + {value.shape[-1]})"


_PAIRS_MOST = 6
"""More different lengths than that are not written out."""


def _jagged_attention(call: OpCall) -> str:
    """Both products for each score within a sequence."""
    query, value = (spec.shape for spec in args(call, "query value"))
    pairs = lengths(call)
    scores = f"({total(map(product, pairs))})" if len(set(pairs)) <= _PAIRS_MOST else str(sum(a * b for a, b in pairs))
    return f"{query[1]}·{scores} · ({query[-1]} + {value[-1]})"


_ATTENTION = (
    "scaled_dot_product_attention scaled_dot_product_flash_attention scaled_dot_product_flash_attention_for_cpu "
    "scaled_dot_product_efficient_attention scaled_dot_product_cudnn_attention scaled_dot_product_attention_math "
    "scaled_dot_product_fused_attention_overrideable cudnn_attention_forward"
)
TERMS.update(dict.fromkeys(_ATTENTION.split(), _attention))
TERMS.update(dict.fromkeys(("flash_attention_forward", "efficient_attention_forward"), _attention_forward))
TERMS["archstat::block_attention"] = _block_attention
TERMS["archstat::jagged_attention"] = _jagged_attention
TERMS.update(multi_head_attention=_multi_head_attention, transformer_encoder_layer_fwd=_encoder_layer)


# -- recurrent networks ------------------------------------------------------------------------------------------------


def _cells(call: OpCall) -> list[tuple[TensorSpec, ...]]:
    """The weights of each layer and direction: ``(W, U, bias, bias, projection)``, the last three if there are any."""
    weights, layers, directions = stacked(call)
    each = len(weights) // (layers * directions)
    return [weights[start : start + each] for start in range(0, len(weights), each)]


def _cell(gates: int, tensors: tuple[TensorSpec, ...], *, biases: bool) -> str:
    """Every gate looks at the input and at the state, and may have two biases; a state may be projected."""
    (rows, features), (_, state) = tensors[0].shape, tensors[1].shape
    matrices = [spec.shape for spec in tensors if len(spec.shape) == 2]
    more = f" + {len(tensors) - len(matrices)}" if biases and len(tensors) > len(matrices) else ""
    units = f"{gates}·{rows // gates}" if gates > 1 else f"{rows}"
    projection = "".join(f" + {product(shape)}" for shape in matrices[2:])
    return f"{units}·({features} + {state}{more}){projection}"


def _recurrent(call: OpCall) -> str:
    """Each step multiplies with every weight once."""
    cells = [_cell(GATES[call.op], tensors, biases=False) for tensors in _cells(call)]
    is_sum = len(set(cells)) > 1 or (len(cells) == 1 and not cells[0].endswith(")"))
    steps, sums = product(without_ones(first(call).shape[:-1])), total(cells)
    return f"{steps} · ({sums})" if is_sum else f"{steps} · {sums}"


def _recurrent_weights(call: OpCall) -> list[Weights]:
    return [Weights(tensors, _cell(GATES[call.op], tensors, biases=True)) for tensors in _cells(call)]


def _mkldnn_rnn_layer(call: OpCall) -> str:
    """One layer and direction of an LSTM."""
    x, w, u = args(call, "x w u")
    return f"{product(without_ones(x.shape[:-1]))} · {_cell(4, (w, u), biases=False)}"


def _quantized_recurrent(call: OpCall) -> str:
    """Each step multiplies with every weight once, whose sizes the features tell: the weights are packed."""
    gates, (state, cells) = QUANTIZED_GATES[call.op], packed_cells(call)
    units = f"{gates}·{state}" if gates > 1 else f"{state}"
    sums = total(f"{units}·({features} + {state})" for features in cells)
    return f"{product(without_ones(first(call).shape[:-1]))} · ({sums})"


def _recurrent_of_library(call: OpCall) -> str:
    """Each step multiplies with every matrix once."""
    matrices = [product(spec.shape) for spec in arg(call, "weight") if len(spec.shape) == 2]
    return f"{product(without_ones(first(call).shape[:-1]))} · ({total(matrices)})"


TERMS.update(dict.fromkeys(("cudnn_rnn", "miopen_rnn"), _recurrent_of_library))
TERMS.update(dict.fromkeys(GATES, _recurrent), mkldnn_rnn_layer=_mkldnn_rnn_layer)
TERMS.update(dict.fromkeys(QUANTIZED_GATES, _quantized_recurrent))
WEIGHTS.update(dict.fromkeys(GATES, _recurrent_weights))
