"""A :class:`~archstat.records.Trace` → :class:`~archstat.records.ModelCost`: the rows and their totals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from archstat.counting.details import detail_of
from archstat.counting.entries import FREE
from archstat.counting.memory import peak
from archstat.counting.rules import cost_of
from archstat.errors import UncountedError
from archstat.records import (
    LayerCall,
    LayerCost,
    LayerSpec,
    ModelCost,
    OpCall,
    OpCost,
    Shape,
    TensorSpec,
    Trace,
    UncountedOp,
)


def count_trace(
    trace: Trace,
    architecture: str,
    *,
    note: str = "",
    paper: str = "",
    strict: bool = False,
    input_origin: str = "given",
) -> ModelCost:
    """What a forward pass costs, layer by layer.

    Args:
        trace: The forward pass.
        architecture: What the network is called.
        note: What a reader must know about it.
        paper: Where the structure of the network was published.
        strict: Refuse a network with ops that no rule covers.
        input_origin: Where the input comes from.

    Raises:
        UncountedError: Under ``strict``, there is such an op.
    """
    counter = _Counter(trace)
    counter.run()
    layers, ops = counter.rows, tuple(counter.op_costs())
    uncounted = tuple(UncountedOp(op, calls, elements) for op, (calls, elements) in counter.uncounted.items())
    if strict and uncounted:
        names = ", ".join(f"{op.op} ({op.calls} ×)" for op in uncounted)
        told = f"No rule counts these ops of {architecture}: {names}. Without 'strict' they are left out and named."
        raise UncountedError(told)
    most = peak(trace)
    return ModelCost(
        architecture=architecture,
        input_shapes=trace.inputs,
        dtype=trace.dtype,
        forward=trace.forward,
        parameters=sum([row.parameters for row in layers]),
        trainable_parameters=sum([row.trainable_parameters for row in layers]),
        buffers=sum([row.buffers for row in layers]),
        macs=sum([row.macs for row in layers]),
        other_flops=sum([row.other_flops for row in layers]),
        activations=sum([row.activations for row in layers]),
        activation_bytes=sum([row.activation_bytes for row in layers]),
        peak_activation_bytes=most.nbytes,
        peak_layer=most.layer,
        uncounted=uncounted,
        layers=tuple(layers),
        ops=ops,
        note=note,
        paper=paper,
        remarks=trace.remarks,
        input_origin=input_origin,
    )


#: Where a row comes from: its first op, the end of its ops, the indices of the parameters that are counted there, and
#: the tensors that it hands on.
RowOrigin = tuple[int, int, Sequence[int], tuple[TensorSpec, ...]]


def rows_of(trace: Trace) -> Iterable[tuple[LayerCost, RowOrigin]]:
    """The rows of :func:`count_trace`, each with what it was counted from."""
    counter = _Counter(trace)
    counter.run()
    return zip(counter.rows, counter.origins, strict=True)


class _Counter:
    """Goes through a trace once and collects rows.

    A layer without layers inside is one row for each of its calls. What a larger layer runs itself is one row for each
    op, unless the op neither computes nor allocates anything. A parameter stands in the row of the leaf that owns it,
    or of the first op outside a leaf that uses it; what is left is listed at the end.
    """

    def __init__(self, trace: Trace) -> None:
        self.rows: list[LayerCost] = []
        self.origins: list[RowOrigin] = []
        self.uncounted: dict[str, tuple[int, int]] = {}
        self._trace = trace
        self._ops: dict[str, list[tuple[int, int, int, int]]] = {}
        self._times: dict[object, int] = {}
        leaves = {call.layer for call in trace.calls if trace.layers[call.layer].is_leaf}
        self._loose = {
            index for number, layer in enumerate(trace.layers) if number not in leaves for index in layer.parameters
        }
        self._unplaced = [number for number in range(len(trace.layers)) if number not in leaves]

    def run(self) -> None:
        """Make the rows."""
        ops, layers = self._trace.ops, self._trace.layers
        done, count = 0, len(ops)
        for number, call in enumerate(self._trace.calls):
            while done < call.first_op:
                self._add_op(done)
                done += 1
            layer = layers[call.layer]
            if layer.is_leaf:
                first = done
                # A leaf has no layers inside, so that its ops follow each other.
                while done < count and ops[done].call == number:
                    done += 1
                self._add_leaf(call, layer, first, done)
        for index in range(done, count):
            self._add_op(index)
        # At the end: only when every op has been seen is it known which parameters none of them uses.
        for number in self._unplaced:
            self._add_rest(self._trace.layers[number])

    def op_costs(self) -> list[OpCost]:
        """The work by op, the most multiply-accumulates first."""
        costs = [OpCost(name, len(counts), *map(sum, zip(*counts, strict=True))) for name, counts in self._ops.items()]
        return sorted(costs, key=lambda cost: (-cost.macs, -cost.other_flops, cost.op))

    def _add_leaf(self, call: LayerCall, layer: LayerSpec, first: int, end: int) -> None:
        times = self._times[call.layer] = self._times.get(call.layer, 0) + 1
        outputs = call.outputs
        if end == first + 1 and _is_handed_on(outputs, self._trace.ops[first].outputs):
            counts = self._count(first)
            detail = detail_of(self._trace.ops[first])
        else:
            counts, detail = self._count_all(outputs, first, end)
        # However often a layer runs, what it holds is there once: in its first row.
        parameters = layer.parameters if times == 1 else ()
        held = (*self._sizes(parameters), layer.buffers) if times == 1 else _NOTHING
        self.rows.append(LayerCost(layer.path, layer.kind, detail, times, _shape(outputs), *held, *counts))
        self.origins.append((first, end, parameters, outputs))

    def _count_all(
        self, outputs: tuple[TensorSpec, ...], first: int, end: int
    ) -> tuple[tuple[int, int, int, int], str]:
        """What :meth:`_count` says of several ops that hand on these outputs, and what a table shows of them."""
        macs = other_flops = 0
        detail = ""
        for index in range(first, end):
            op_macs, op_other, _, _ = self._count(index)
            macs += op_macs
            other_flops += op_other
            detail = detail or detail_of(self._trace.ops[index])
        return (macs, other_flops, *self._allocated(outputs, first, end)), detail

    def _add_op(self, index: int) -> None:
        op = self._trace.ops[index]
        path = self._trace.layers[self._trace.calls[op.call].layer].path
        counts = self._count(index)
        claimed = self._claim(op) if self._loose else ()
        held = (*self._sizes(claimed), 0) if claimed else _NOTHING
        if any(counts) or held[0] or op.op in self.uncounted:
            times = self._times[path, op.op] = self._times.get((path, op.op), 0) + 1
            self.rows.append(LayerCost(path, op.op, detail_of(op), times, _shape(op.outputs), *held, *counts, False))
            self.origins.append((index, index + 1, claimed, op.outputs))

    def _add_rest(self, layer: LayerSpec) -> None:
        """What a layer holds that no row has shown: it never ran, or nothing used it."""
        left = [index for index in layer.parameters if index in self._loose]
        if left or layer.buffers:
            detail = "never runs" if layer.is_leaf else "holds only"
            held = (*self._sizes(left), layer.buffers)
            self.rows.append(LayerCost(layer.path, layer.kind, detail, 0, (), *held, 0, 0, 0, 0))
            self.origins.append((0, 0, left, ()))

    def _count(self, index: int) -> tuple[int, int, int, int]:
        """MACs, other FLOPs, and the elements and bytes that one op allocated, entered under its name too."""
        op = self._trace.ops[index]
        cost = cost_of(op)
        if cost is None:
            calls, elements = self.uncounted.get(op.op, (0, 0))
            met = sum(math.prod(spec.shape) for spec in (*op.tensors(), *op.outputs))
            self.uncounted[op.op] = (calls + 1, elements + met)
            cost = FREE
        counts = (cost.macs, cost.other_flops, *self._allocated(op.outputs, index, index + 1))
        self._ops.setdefault(op.op, []).append(counts)
        return counts

    def _allocated(self, outputs: tuple[TensorSpec, ...], first: int, end: int) -> tuple[int, int]:
        """Elements and bytes of those outputs that the ops from ``first`` to ``end`` allocated, each once."""
        elements = nbytes = 0
        seen: tuple[int, ...] = ()
        for spec in outputs:
            storage = spec.storage
            if storage >= 0 and storage not in seen:
                life = self._trace.storages[storage]
                if first <= life.born < end:
                    seen = (*seen, storage)
                    # Of the memory, not of the view of it: all of it stays as long as a part is in use.
                    elements += life.nbytes // itemsize(spec.dtype)
                    nbytes += life.nbytes
        return elements, nbytes

    def _sizes(self, indices: Sequence[int]) -> tuple[int, int, int]:
        """Parameters, those that are trained, and those that are weights."""
        parameters = trainable = weights = 0
        for index in indices:
            parameter = self._trace.parameters[index]
            shape = parameter.shape
            elements = math.prod(shape)
            parameters += elements
            if parameter.is_trainable:
                trainable += elements
            if len(shape) > 1:
                weights += elements
        return parameters, trainable, weights

    def _claim(self, op: OpCall) -> Sequence[int]:
        """The parameters that an op outside a leaf is the first to use."""
        # Buffers have negative indices too, beyond those of the parameters, and drop out.
        used = {~spec.storage for spec in op.tensors() if spec.storage < 0} & self._loose
        self._loose -= used
        return sorted(used)


_NOTHING = (0, 0, 0, 0)
"""The parameters, trainable parameters, weights and buffers of a row that holds none."""


def _is_handed_on(outputs: tuple[TensorSpec, ...], made: tuple[TensorSpec, ...]) -> bool:
    """Whether a layer returns the one tensor that an op of its own made, so that both allocated the same."""
    # The same object and not an equal one: the recorder gives one record to an op's newest output and to its layer's.
    return len(outputs) == len(made) == 1 and outputs[0] is made[0]


def _shape(outputs: tuple[TensorSpec, ...]) -> Shape:
    return tuple(outputs[0].shape) if outputs else ()


_ITEMSIZES: dict[str, int] = {"bool": 1}


def itemsize(dtype: str) -> int:
    """The bytes of one element: ``"float32"`` → 4; types of less than a byte take one."""
    size = _ITEMSIZES.get(dtype)
    if size is None:
        bits = "".join(c for c in dtype.partition("_")[0] if c.isdigit())
        size = _ITEMSIZES[dtype] = max(int(bits or 8) // 8, 1)
    return size
