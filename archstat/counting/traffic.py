"""The bytes that each row must move at least: what it reads from outside, the weights it uses, and what it hands on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.counting.arguments import arg
from archstat.counting.rows import RowOrigin, itemsize, rows_of
from archstat.records import OpCall, TensorSpec, Trace

_GATHERS = frozenset(
    "embedding embedding_bag embedding_bag_forward_only index unsafe_index unsafe_masked_index index_select gather "
    "take".split()
)
"""Ops that read of their first argument no more than they are asked for."""

_DRAWS = frozenset("normal uniform bernoulli random exponential cauchy geometric log_normal".split())
"""Ops that draw numbers in the place of their first argument; out of place that may hold the chances."""

_OVERWRITES = frozenset("copy fill zero".split())
"""Ops that replace their first argument without having read it."""

_SHAPED = frozenset(
    "zeros_like ones_like full_like rand_like randn_like randint_like new_zeros new_ones new_full".split()
)
"""Ops that take of a tensor its shape alone."""

_DROPOUT = frozenset("dropout feature_dropout alpha_dropout feature_alpha_dropout".split())

_EMPTY = frozenset("empty empty_like empty_strided new_empty new_empty_strided".split())


def traffic(trace: Trace) -> tuple[int, ...]:
    """The bytes that each row of the cost must move at least, in their order.

    Included: tensors that come from outside the row, parameters and buffers that its ops use, and what it writes that
    outlives it; each piece of memory once a row, as many elements as an op saw of it and never more than there are, so
    that an expanded tensor is not larger than its memory. An in-place op reads and writes. Left out: views, which move
    nothing, and what begins and ends within the row, which can stay in a cache. Of a table that is looked up in, the
    rows that are asked for count; of slices of one tensor that several ops of a row read, the largest.

    Args:
        trace: The forward pass.
    """
    sizes = _own_sizes(trace)
    return tuple(_Row(trace, sizes, origin).nbytes() for _, origin in rows_of(trace))


def _own_sizes(trace: Trace) -> dict[int, int]:
    """The bytes of each parameter and buffer, by its index: an op has seen it whole before it sees a view of it."""
    sizes: dict[int, int] = {}
    for op in trace.ops:
        for spec in op.tensors():
            if spec.storage < 0:
                sizes.setdefault(spec.storage, _seen(spec))
    return sizes


def _seen(spec: TensorSpec) -> int:
    return math.prod(spec.shape) * itemsize(spec.dtype)


class _Row:
    """What one row reads and writes."""

    def __init__(self, trace: Trace, sizes: dict[int, int], origin: RowOrigin) -> None:
        self._trace, self._sizes = trace, sizes
        self._first, self._end, _, outputs = origin
        self._handed_on = {spec.storage for spec in outputs}

    def nbytes(self) -> int:
        """All bytes that the row reads and writes."""
        read: dict[int, int] = {}
        written: dict[int, int] = {}
        for op in self._trace.ops[self._first : self._end]:
            if not _moves_nothing(op):
                _enter(read, self._read_by(op))
                _enter(written, self._written_by(op))
        return sum(read.values()) + sum(written.values())

    def _read_by(self, op: OpCall) -> dict[int, int]:
        """What an op reads of memory from outside the row; of one piece no more than there is."""
        met: dict[int, int] = {}
        if op.op in _SHAPED:
            return met
        tensors = op.tensors()
        for place, spec in enumerate(tensors[1:] if _replaces_first(op, tensors) else tensors):
            if not self._is_inside(spec.storage):
                amount = _gathered(op) if op.op in _GATHERS and place == 0 else _seen(spec)
                # An op may take the same memory twice, as x · x does, and an expanded tensor is larger than its memory.
                met[spec.storage] = min(met.get(spec.storage, 0) + amount, self._size(spec.storage))
        return met

    def _written_by(self, op: OpCall) -> dict[int, int]:
        """What an op writes that outlives the row."""
        met: dict[int, int] = {}
        for spec in op.outputs:
            if not self._is_inside(spec.storage):
                met[spec.storage] = min(_seen(spec), self._size(spec.storage))
            elif self._outlives(spec.storage):
                met[spec.storage] = self._size(spec.storage)
        return met

    def _is_inside(self, storage: int) -> bool:
        return storage >= 0 and self._first <= self._trace.storages[storage].born < self._end

    def _outlives(self, storage: int) -> bool:
        died = self._trace.storages[storage].died
        return died is None or died > self._end or storage in self._handed_on

    def _size(self, storage: int) -> int:
        return self._trace.storages[storage].nbytes if storage >= 0 else self._sizes[storage]


def _enter(amounts: dict[int, int], met: dict[int, int]) -> None:
    """Each piece of memory once, as much as was met of it at most."""
    for storage, amount in met.items():
        amounts[storage] = max(amounts.get(storage, 0), amount)


def _replaces_first(op: OpCall, tensors: Sequence[TensorSpec]) -> bool:
    if op.op in _DRAWS:
        return any(tensors[0].storage == spec.storage for spec in op.outputs)
    return op.op in _OVERWRITES


def _moves_nothing(op: OpCall) -> bool:
    """Views, memory that is only reserved, and dropout at inference, which hands its argument on."""
    if op.op in _DROPOUT:
        return not arg(op, "train")
    return op.nature == "view" or op.op in _EMPTY


def _gathered(op: OpCall) -> int:
    """The bytes of what is looked up: as many as come out, or, where sums of rows do, the rows."""
    if op.op.startswith("embedding_bag"):
        table, asked, *_ = op.tensors()
        return math.prod(asked.shape) * math.prod(table.shape[1:]) * itemsize(table.dtype)
    return _seen(op.outputs[0])
