"""Which of the tensors in a file are parameters, which are buffers, and which are constants of the computation.

A file stores all of them alike, as initializers. A parameter is, in this order of what is known:

* what torch's exporter marks as one; what it marks as a buffer is none;
* what stands where an operator takes weights: the filters of a convolution, a side of a matrix product, the scale of a
  norm, a table that is looked up in, what is dequantized; the statistics of a norm are buffers;
* what has a name that no exporter made up, and holds floating-point numbers.

What is left are constants: shapes, axes, scales, masks, numbers that were worked out before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from archstat.counting.rows import itemsize
from archstat.onnx_graphs.reading import ONNX_TYPES, every_graph, operator_of
from archstat.records import ParameterSpec, Shape

#: Where operators take weights.
_WEIGHTS: dict[str, tuple[int, ...]] = {
    "Conv": (1, 2),
    "ConvInteger": (1,),
    "ConvTranspose": (1, 2),
    "DeformConv": (1, 3),
    "QLinearConv": (3, 8),
    "Gemm": (1, 2),
    "MatMul": (0, 1),
    "MatMulInteger": (0, 1),
    "QLinearMatMul": (0, 3),
    "Einsum": (0, 1),
    "LSTM": (1, 2, 3),
    "GRU": (1, 2, 3),
    "RNN": (1, 2, 3),
    "BatchNormalization": (1, 2),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "RMSNormalization": (1,),
    "SimplifiedLayerNormalization": (1,),
    "GroupNormalization": (1, 2),
    "PRelu": (1,),
    "Gather": (0,),
    "DequantizeLinear": (0,),
    "com.microsoft::FusedConv": (1, 2),
    "com.microsoft::FusedMatMul": (0, 1),
    "com.microsoft::FusedGemm": (1, 2),
    "com.microsoft::BiasGelu": (1,),
    "com.microsoft::SkipLayerNormalization": (2, 3, 4),
    "com.microsoft::SkipSimplifiedLayerNormalization": (2, 3),
    "com.microsoft::SimplifiedLayerNormalization": (1,),
    "com.microsoft::MatMulIntegerToFloat": (1,),
    "com.microsoft::DynamicQuantizeMatMul": (1,),
    "com.microsoft::MatMulNBits": (1, 5),
}
_STATISTICS = {"BatchNormalization": (3, 4)}
_JOINED = frozenset({"Concat"})
"""Tokens that a network learns stand beside what comes in; constants do hardly ever."""

_MADE_UP = re.compile(
    r"val_\d+|_val_\d+|onnx::\w+_\d+|.*[Cc]onst(ant)?(_fold_opt_)?[_\d:]*(_output_\d+)?|scalar_tensor_default(_\d+)?|\d+"
    r"|.*_(scale|zero_point)(_\d+)?|lifted_tensor_\d+|clone(_\d+)?|(arange|full|expand|zeros|ones)(_\w+)?",
    re.DOTALL,
)
_KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
_VIEWS = frozenset("Transpose Reshape Identity Squeeze Unsqueeze Flatten Cast DequantizeLinear Expand Slice".split())
"""Operators that hand weights on: what is done with them tells what they are."""


class Holding(NamedTuple):
    """One tensor that a file stores.

    Attributes:
        shape: The size along each axis.
        dtype: The element type.
        proto: The tensor in the file.
    """

    shape: Shape
    dtype: str
    proto: Any

    @property
    def nbytes(self) -> int:
        """The bytes that the tensor takes; of types of less than a byte as many as are packed together take one."""
        bits = {"uint4": 4, "int4": 4, "float4_e2m1fn": 4, "uint2": 2, "int2": 2}.get(self.dtype)
        elements = math.prod(self.shape)
        return elements * itemsize(self.dtype) if bits is None else -(-elements * bits // 8)


class Holdings(NamedTuple):
    """What a model stores, by name.

    Attributes:
        parameters: The parameters of the network.
        buffers: Statistics and other tensors that are part of its state.
        constants: All else.
    """

    parameters: dict[str, Holding]
    buffers: dict[str, Holding]
    constants: dict[str, Holding]

    def specs(self) -> tuple[ParameterSpec, ...]:
        """The parameters as records."""
        return tuple(
            ParameterSpec(name, each.shape, is_trainable="float" in each.dtype)
            for name, each in self.parameters.items()
        )


def holdings_of(model: Any) -> Holdings:
    """What a model stores, each tensor once."""
    graphs = list(every_graph(model.graph))
    stored = {name: each for graph in graphs for name, each in _stored(graph)}
    marks = {info.name: _mark(info) for graph in graphs for info in (*graph.value_info, *graph.input)}
    is_marked = any(marks.get(name) for name in stored)
    uses = _uses(graphs, stored)
    found = Holdings({}, {}, {})
    for name, each in stored.items():
        kind = _kind(name, each, marks.get(name, ""), uses.get(name, set()), is_marked=is_marked)
        found[kind][name] = each
    return found


def _stored(graph: Any) -> Iterator[tuple[str, Holding]]:
    for proto in graph.initializer:
        yield proto.name, Holding(tuple(proto.dims), ONNX_TYPES.get(proto.data_type, "undefined"), proto)
    for sparse in graph.sparse_initializer:
        values = sparse.values
        yield values.name, Holding(tuple(sparse.dims), ONNX_TYPES.get(values.data_type, "undefined"), None)
    for node in graph.node:
        if operator_of(node) == "Constant" and node.output:
            for proto in (each.t for each in node.attribute if each.name == "value"):
                yield node.output[0], Holding(tuple(proto.dims), ONNX_TYPES.get(proto.data_type, "undefined"), proto)


def _mark(info: Any) -> str:
    return next((entry.value for entry in info.metadata_props if entry.key == _KIND), "")


def _uses(graphs: list[Any], stored: dict[str, Holding]) -> dict[str, set[tuple[str, int]]]:
    """Where each stored tensor is used, also as what was made of it alone."""
    origin = {name: name for name in stored}
    uses: dict[str, set[tuple[str, int]]] = {}
    for graph in graphs:
        for node in graph.node:
            kind = operator_of(node)
            for place, name in enumerate(node.input):
                if name in origin:
                    uses.setdefault(origin[name], set()).add((kind, place))
            if kind in _VIEWS and node.input and node.input[0] in origin:
                origin[node.output[0]] = origin[node.input[0]]
    return uses


def _kind(name: str, each: Holding, mark: str, uses: set[tuple[str, int]], *, is_marked: bool) -> int:
    """The place in :class:`Holdings` that a tensor belongs to."""
    if mark == "PARAMETER":
        return 0
    if mark == "BUFFER" or any(place in _STATISTICS.get(kind, ()) for kind, place in uses):
        return 1 if each.shape else 2
    if not each.shape or not uses:
        return 2
    if _is_weight(each, uses):
        return 0
    is_floating = "float" in each.dtype
    if any(kind in _JOINED for kind, _ in uses) and is_floating and is_marked:
        return 0
    return 0 if is_floating and not is_marked and not _MADE_UP.fullmatch(name) else 2


def _is_weight(each: Holding, uses: set[tuple[str, int]]) -> bool:
    """Whether a tensor stands where weights do; tables of whole numbers, such as shapes, are none."""
    is_floating = "float" in each.dtype
    for kind, place in uses:
        if place in _WEIGHTS.get(kind, ()) and (is_floating or kind not in ("Gather", "MatMul", "Einsum", "Gemm")):
            return kind != "Gather" or len(each.shape) > 1
    return False
