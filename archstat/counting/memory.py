"""Activation memory, replayed from the births and deaths that the trace recorded."""

from __future__ import annotations

import itertools

from archstat.records import AliveTensor, MemoryLevel, MemoryLevels, OpCall, Peak, StepTrace, Trace


def peak(trace: Trace) -> Peak:
    """The op during which the most activation memory was alive.

    Included: every tensor that the forward pass allocated, also within a layer, from the op that made it until its last
    reference went. Left out: parameters, buffers and inputs, which are there before; workspaces that a device's library
    allocates for itself. Views and in-place results are no memory of their own.
    """
    most, at = highest(trace)
    return Peak(most, at, _layer_of(trace, trace.ops[at]) if at >= 0 else "")


def levels(trace: Trace) -> MemoryLevels:
    """The activation memory over time: what is alive while each op runs, and what the most of it goes to.

    Included and left out is what :func:`peak` says.
    """
    runs = zip(trace.ops, alive_bytes(trace), strict=True)
    found = tuple(MemoryLevel(_layer_of(trace, op), op.op, nbytes) for op, nbytes in runs)
    return MemoryLevels(found, peak(trace), alive_at_peak(trace))


def alive_bytes(trace: Trace | StepTrace) -> list[int]:
    """The bytes alive while each op runs, of what the pass or the step itself allocates."""
    change = [0] * (len(trace.ops) + 1)  # one more: what dies with the last op
    for life in trace.storages:
        if life.born >= 0:
            change[life.born] += life.nbytes
            if life.died is not None:
                change[life.died] -= life.nbytes
    return list(itertools.accumulate(change[:-1]))


def highest(trace: Trace | StepTrace) -> tuple[int, int]:
    """The most bytes that are alive at once, and the first op during which they are; -1: nothing was allocated."""
    levels = alive_bytes(trace)
    most = max(levels, default=0)
    return most, levels.index(most) if most else -1


def alive(trace: Trace | StepTrace, op: int) -> tuple[int, ...]:
    """The indices of the storages that the forward pass or step had allocated and not freed when that op ran."""
    return tuple(
        index
        for index, life in enumerate(trace.storages)
        if 0 <= life.born <= op and (life.died is None or life.died > op)
    )


def alive_at_peak(trace: Trace) -> tuple[AliveTensor, ...]:
    """What is alive when the most is, in the order in which it was allocated; together it is the peak."""
    return tuple(_tensor(trace, index) for index in alive(trace, peak(trace).op))


def _tensor(trace: Trace, index: int) -> AliveTensor:
    life = trace.storages[index]
    op = trace.ops[life.born]
    shape = next((spec.shape for spec in op.outputs if spec.storage == index), ())
    return AliveTensor(_layer_of(trace, op), op.op, tuple(shape), life.nbytes)


def _layer_of(trace: Trace, op: OpCall) -> str:
    return trace.layers[trace.calls[op.call].layer].path
