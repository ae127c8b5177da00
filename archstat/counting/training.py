"""A :class:`~archstat.records.StepTrace` → :class:`~archstat.records.TrainingCost`: the rows and their totals."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any

from archstat.counting.details import detail_of
from archstat.counting.entries import FREE
from archstat.counting.memory import alive, highest
from archstat.counting.rules import cost_of
from archstat.errors import UncountedError
from archstat.records import Cost, LayerTraining, OpCall, Phase, Shape, StepTrace, TrainingCost, UncountedOp

__all__ = ["count_step"]

_Key = tuple[str, str, int]
"""Path, kind and run of a row."""


def count_step(
    trace: StepTrace,
    architecture: str,
    *,
    optimizer: str = "sgd",
    device: str = "cpu",
    amp: bool = False,
    strict: bool = False,
    input_origin: str = "given",
) -> TrainingCost:
    """What a training step costs, layer by layer.

    Args:
        trace: The step.
        architecture: What the network is called.
        optimizer: The name of the optimizer that made the update.
        device: The device whose ops were replayed.
        amp: Whether the forward pass ran under autocast.
        strict: Refuse a step with ops that no rule covers.
        input_origin: Where the input comes from.

    Raises:
        UncountedError: Under ``strict``, there is such an op.
    """
    counter = _Counter(trace)
    rows = counter.rows()
    uncounted = tuple(UncountedOp(op, calls, elements) for op, (calls, elements) in counter.uncounted.items())
    if strict and uncounted:
        names = ", ".join(f"{op.op} ({op.calls} ×)" for op in uncounted)
        raise UncountedError(f"No rule counts these ops of a training step of {architecture}: {names}.")
    return TrainingCost(
        architecture=architecture,
        input_shapes=trace.inputs,
        dtype=trace.dtype,
        device=device,
        amp=amp,
        optimizer=optimizer,
        layers=rows,
        **{name: sum(getattr(row, name) for row in rows) for name in _SUMMED},
        optimizer_flops=counter.optimizer_flops,
        parameter_bytes=trace.parameter_bytes,
        buffer_bytes=trace.buffer_bytes,
        input_bytes=trace.input_bytes,
        optimizer_bytes=trace.optimizer_bytes,
        gradient_bytes=sum(trace.storages[index].nbytes for index in set(trace.gradients)),
        **_peak(trace),
        uncounted=uncounted,
        remarks=trace.remarks,
        input_origin=input_origin,
    )


_COUNTS = (
    "forward_macs",
    "forward_other_flops",
    "backward_macs",
    "backward_other_flops",
    "recomputed_macs",
    "recomputed_other_flops",
)
_SUMMED = (*_COUNTS, "saved_bytes")
_PLACES: dict[Phase, int] = {"forward": 0, "backward": 2, "recomputation": 4}


_LOSS: _Key = ("", "loss", 1)


class _Counter:
    """Goes through a step once and collects rows.

    A layer without layers inside is one row for each of its runs; what a larger layer runs itself is one row for each
    kind of op, and the loss is one row. An op of the backward pass stands in the row of the op whose gradient it works
    out. Rows that neither compute nor keep anything are left out.
    """

    def __init__(self, trace: StepTrace) -> None:
        self.uncounted: dict[str, tuple[int, int]] = {}
        self.optimizer_flops = 0
        self._trace = trace
        self._forward_end = _forward_end(trace)
        self._runs = _runs(trace, self._forward_end)
        self._details: dict[_Key, tuple[str, Shape]] = {}
        self._counts: dict[_Key, list[int]] = {}

    def rows(self) -> tuple[LayerTraining, ...]:
        """The rows, in the order of the forward pass."""
        trace = self._trace
        keys: list[_Key] = []
        for index, (op, phase) in enumerate(zip(trace.ops, trace.phases, strict=True)):
            cost = self._cost(op)
            if phase == "optimizer":
                # Ops of the optimizer come last: without them the places in ``keys`` are still those of the ops.
                self.optimizer_flops += cost.flops
                continue
            # A source is an op of the forward pass, or of a recomputation, and ran before: its row is known.
            key = keys[trace.sources[index]] if phase == "backward" else self._key(op, phase)
            keys.append(key)
            counts = self._counts.setdefault(key, [0] * len(_SUMMED))
            counts[_PLACES[phase]] += cost.macs
            counts[_PLACES[phase] + 1] += cost.other_flops
            if phase == "forward":
                self._note_detail(key, op)
        for storage, op_index in trace.saved:
            self._counts[keys[op_index]][-1] += trace.storages[storage].nbytes
        return tuple(self._made())

    def _made(self) -> Iterator[LayerTraining]:
        for key, counts in self._counts.items():
            if any(counts):
                yield LayerTraining(*key[:2], self._details[key][0], key[2], self._details[key][1], *counts)

    def _key(self, op: OpCall, phase: Phase) -> _Key:
        if op.call < 0:
            return _LOSS
        call = self._trace.calls[op.call]
        layer = self._trace.layers[call.layer]
        if phase == "recomputation" and call.first_op < self._forward_end:
            return self._key_around(op.call, op.op)
        return (layer.path, layer.kind, self._runs[op.call]) if layer.is_leaf else (layer.path, op.op, 1)

    def _key_around(self, index: int, op: str) -> _Key:
        """Of an op that is recomputed in no layer, but in a function: the row it had in the forward pass."""
        while index >= 0:
            call = self._trace.calls[index]
            key = (self._trace.layers[call.layer].path, op, 1)
            if key in self._counts:
                return key
            index = call.parent
        return _LOSS

    def _note_detail(self, key: _Key, op: OpCall) -> None:
        """A leaf's first telling detail, and the shape that it returns; of other rows those of the last op."""
        is_row_of_layer = op.call >= 0 and self._trace.layers[self._trace.calls[op.call].layer].is_leaf
        outputs = self._trace.calls[op.call].outputs if is_row_of_layer else op.outputs
        known = self._details.get(key, ("", ()))[0]
        self._details[key] = (known or detail_of(op), tuple(outputs[0].shape) if outputs else ())

    def _cost(self, op: OpCall) -> Cost:
        cost = cost_of(op)
        if cost is not None:
            return cost
        calls, elements = self.uncounted.get(op.op, (0, 0))
        met = sum(math.prod(spec.shape) for spec in (*op.tensors(), *op.outputs))
        self.uncounted[op.op] = (calls + 1, elements + met)
        return FREE


def _forward_end(trace: StepTrace) -> int:
    """How many ops run before the backward pass."""
    return next((index for index, phase in enumerate(trace.phases) if phase != "forward"), len(trace.phases))


def _runs(trace: StepTrace, forward_end: int) -> dict[int, int]:
    """Which run of its layer each call is: 1, 2, …; the backward pass recomputes the last runs first."""
    times: dict[int, int] = {}
    runs: dict[int, int] = {}
    for index, call in enumerate(trace.calls):
        if call.first_op < forward_end:
            times[call.layer] = runs[index] = times.get(call.layer, 0) + 1
        else:
            runs[index] = max(times.get(call.layer, 1), 1)
            times[call.layer] = runs[index] - 1
    return runs


# -- memory ------------------------------------------------------------------------------------------------------------


def _peak(trace: StepTrace) -> dict[str, Any]:
    """The moment at which the most of what the step allocates is alive, and what that consists of."""
    most, at = highest(trace)
    there = alive(trace, at)
    gradients = set(trace.gradients)
    call = trace.ops[at].call if at >= 0 else -1
    return {
        "step_peak_bytes": most,
        "peak_phase": trace.phases[at] if at >= 0 else "forward",
        "peak_layer": trace.layers[trace.calls[call].layer].path if call >= 0 else "",
        "peak_saved_bytes": _size(trace, there, {index for index, _ in trace.saved} - gradients),
        "peak_gradient_bytes": _size(trace, there, gradients),
    }


def _size(trace: StepTrace, alive: Collection[int], which: set[int]) -> int:
    return sum(trace.storages[index].nbytes for index in alive if index in which)
