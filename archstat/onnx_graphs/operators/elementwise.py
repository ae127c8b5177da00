"""Operators that work element by element: activations, arithmetic, comparisons, changes of type."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.onnx_graphs.node import GraphNode
from archstat.onnx_graphs.operators.table import OPERATORS, Mapping, operator
from archstat.records import TensorSpec

_OF_ONE = (
    "Abs:abs Acos:acos Acosh:acosh Asin:asin Asinh:asinh Atan:atan Atanh:atanh BitwiseNot:bitwise_not Ceil:ceil "
    "Celu:celu Cos:cos Cosh:cosh Elu:elu Erf:erf Exp:exp Floor:floor Gelu:gelu HardSigmoid:hardsigmoid "
    "HardSwish:hardswish IsInf:isinf IsNaN:isnan LeakyRelu:leaky_relu Log:log Mish:mish Neg:neg Not:logical_not "
    "Reciprocal:reciprocal Relu:relu Round:round Selu:elu Shrink:hardshrink Sigmoid:sigmoid Sign:sign Sin:sin "
    "Sinh:sinh Softplus:softplus Sqrt:sqrt Swish:silu Tan:tan Tanh:tanh ThresholdedRelu:threshold "
    "com.microsoft::Gelu:gelu com.microsoft::FastGelu:gelu com.microsoft::QuickGelu:silu"
)
_OF_TWO = (
    "Add:add And:logical_and BitShift:bitwise_left_shift BitwiseAnd:bitwise_and BitwiseOr:bitwise_or "
    "BitwiseXor:bitwise_xor Div:div Equal:eq Greater:gt GreaterOrEqual:ge Less:lt LessOrEqual:le Mod:remainder Mul:mul "
    "Or:logical_or Pow:pow PRelu:prelu_kernel Sub:sub Xor:logical_xor com.microsoft::QLinearMul:mul"
)
_OF_SEVERAL = {"Max": "maximum", "Min": "minimum", "Sum": "add", "Mean": "add"}


def _of_one(op: str) -> Mapping:
    return lambda node: node.pointwise(op, node.x())


def _of_two(op: str) -> Mapping:
    return lambda node: node.pointwise(op, node.operand(0), node.operand(1))


def _pairs(words: str) -> list[tuple[str, str]]:
    return [(word.rpartition(":")[0], word.rpartition(":")[2]) for word in words.split()]


OPERATORS.update({name: _of_one(op) for name, op in _pairs(_OF_ONE)})
OPERATORS.update({name: _of_two(op) for name, op in _pairs(_OF_TWO)})


@operator(" ".join(_OF_SEVERAL))
def _of_several(node: GraphNode) -> Sequence[TensorSpec]:
    """One after the other; a mean divides at the end."""
    op, so_far = _OF_SEVERAL[node.kind], node.x()
    for spec in node.tensors[1:]:
        so_far = node.step(op, node.shape(), so_far, spec, nature="pointwise")
    if node.kind == "Mean":
        return node.pointwise("div", so_far, float(len(node.tensors)))
    return [so_far]


@operator("Clip")
def _clip(node: GraphNode) -> Sequence[TensorSpec]:
    bounds = [node.operand(place) if node.has(place) else None for place in (1, 2)]
    lowest, highest = node.attribute("min", bounds[0]), node.attribute("max", bounds[1])
    return node.pointwise("clamp", node.x(), lowest, highest)


@operator("Softsign")
def _softsign(node: GraphNode) -> Sequence[TensorSpec]:
    """The input over one more than its size, ``x / (1 + |x|)``."""
    x = node.x()
    size = node.step("abs", x.shape, x, nature="pointwise")
    return node.pointwise("div", x, node.step("add", x.shape, size, 1.0, nature="pointwise"))


@operator("com.microsoft::BiasGelu")
def _bias_gelu(node: GraphNode) -> Sequence[TensorSpec]:
    return node.pointwise("gelu", node.step("add", node.shape(), node.x(), node.x(1), nature="pointwise"))


@operator("com.microsoft::QLinearAdd")
def _quantized_add(node: GraphNode) -> Sequence[TensorSpec]:
    """The inputs are ``a, scale, zero, b, scale, zero, scale, zero``."""
    return node.pointwise("add", node.x(), node.x(3))


@operator("com.microsoft::QLinearSigmoid com.microsoft::QLinearLeakyRelu")
def _quantized_activation(node: GraphNode) -> Sequence[TensorSpec]:
    return node.pointwise("sigmoid" if node.kind.endswith("Sigmoid") else "leaky_relu", node.x())


@operator("Where")
def _where(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("where", node.x(), node.operand(1), node.operand(2))


@operator("Cast CastLike BitCast")
def _cast(node: GraphNode) -> Sequence[TensorSpec]:
    """A copy in another type; of the same type nothing happens."""
    return [node.x()] if node.x().dtype == node.dtype else node.made("to_copy", node.x())


# -- quantization ------------------------------------------------------------------------------------------------------


@operator("QuantizeLinear com.microsoft::QuantizeLinear")
def _quantize(node: GraphNode) -> Sequence[TensorSpec]:
    is_one = not node.x(1).shape or node.x(1).shape == (1,)
    return node.made("quantize_per_tensor" if is_one else "quantize_per_channel", node.x(), node.x(1), node.maybe(2))


@operator("DequantizeLinear com.microsoft::DequantizeLinear")
def _dequantize(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("dequantize", node.x())


@operator("DynamicQuantizeLinear")
def _quantize_dynamically(node: GraphNode) -> Sequence[TensorSpec]:
    """The least and the greatest are looked for first; the scale and the zero that follow are one number each."""
    node.step("aminmax", (), node.x(), dtype=node.x().dtype)
    return node.made("quantize_per_tensor_dynamic", node.x())


@operator("RandomNormalLike RandomUniformLike Bernoulli")
def _random_like(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("rand_like", node.x())


@operator("RandomNormal RandomUniform")
def _random(node: GraphNode) -> Sequence[TensorSpec]:
    return node.made("rand", node.shape())
