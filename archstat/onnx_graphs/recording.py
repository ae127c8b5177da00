"""Collects the ops of a graph, the layers they run in and the memory they take, and makes a trace of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from archstat.counting.rows import itemsize
from archstat.records import LayerCall, LayerSpec, OpCall, ParameterSpec, Shape, StorageLife, TensorSpec, Trace
from archstat.records.trace import Nature

#: The layers around a node, from the network inwards, each with its path and its class (``""``: not told).
Scopes = tuple[tuple[str, str], ...]


_NAMING = frozenset(
    "Conv ConvTranspose ConvInteger QLinearConv Gemm MatMul MatMulInteger QLinearMatMul LSTM GRU RNN "
    "BatchNormalization LayerNormalization GroupNormalization InstanceNormalization RMSNormalization Attention".split()
)
"""Operators that a layer is called after, whatever else runs in it."""


class _Call(NamedTuple):
    """A layer that was entered."""

    path: str
    parent: int
    first_op: int


class Bookmark(NamedTuple):
    """How far a recorder had come."""

    ops: int
    storages: int
    calls: int
    open: tuple[tuple[str, int], ...]


class GraphRecorder:
    """What torch would run in place of a graph, op by op.

    Attributes:
        ops: The ops so far.
    """

    def __init__(self) -> None:
        """Nothing has run; the network itself has been entered."""
        self.ops: list[OpCall] = []
        self._sizes: list[int] = []
        self._born: list[int] = []
        self._kinds: dict[str, str] = {"": ""}
        self._inner: set[str] = set()
        self._calls = [_Call("", -1, 0)]
        self._open: list[tuple[str, int]] = [("", 0)]

    # -- layers --------------------------------------------------------------------------------------------------------

    def enter(self, scopes: Scopes, kind: str) -> None:
        """Go to the layer of a node, leaving those that it is not in.

        Args:
            scopes: The layers around the node.
            kind: What the innermost layer is called if its class is not told.
        """
        paths = [path for path, _ in scopes]
        while len(self._open) > 1 and not (
            len(self._open) - 1 <= len(paths) and self._open[-1][0] == paths[len(self._open) - 2]
        ):
            self._open.pop()
        for path, told in scopes[len(self._open) - 1 :]:
            self._inner.add(self._open[-1][0])
            self._calls.append(_Call(path, self._open[-1][1], len(self.ops)))
            self._open.append((path, len(self._calls) - 1))
            if not self._kinds.get(path):
                self._kinds[path] = told
        if scopes and not scopes[-1][1] and (kind in _NAMING or not self._kinds[paths[-1]]):
            self._kinds[paths[-1]] = kind

    @property
    def path(self) -> str:
        """The layer that is open."""
        return self._open[-1][0]

    # -- ops -----------------------------------------------------------------------------------------------------------

    def input(self, shape: Shape, dtype: str) -> TensorSpec:
        """A tensor that is there before anything runs."""
        return self._new(shape, dtype, -1)

    def _new(self, shape: Shape, dtype: str, born: int) -> TensorSpec:
        self._sizes.append(math.prod(shape) * itemsize(dtype))
        self._born.append(born)
        return TensorSpec(tuple(shape), dtype, len(self._sizes) - 1)

    def emit(
        self,
        op: str,
        nature: Nature,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        outputs: Iterable[tuple[Shape, str]],
    ) -> list[TensorSpec]:
        """Record an op; what it hands on is new memory, or that of its first argument if it is a view."""
        given: tuple[Any, ...] = tuple([tuple(each) if isinstance(each, list) else each for each in args])
        if nature == "view":
            seen: TensorSpec = given[0]
            made = [TensorSpec(tuple(shape), dtype, seen.storage) for shape, dtype in outputs]
        else:
            made = [self._new(shape, dtype, len(self.ops)) for shape, dtype in outputs]
        self.ops.append(OpCall(op, self._open[-1][1], nature, given, dict(kwargs), tuple(made)))
        return made

    def mark(self) -> Bookmark:
        """Where the recorder is now."""
        return Bookmark(len(self.ops), len(self._sizes), len(self._calls), tuple(self._open))

    def rewind(self, mark: Bookmark) -> None:
        """Forget what came after a mark."""
        del self.ops[mark.ops :], self._sizes[mark.storages :], self._born[mark.storages :], self._calls[mark.calls :]
        self._open = list(mark.open)

    # -- the trace -----------------------------------------------------------------------------------------------------

    def trace(
        self,
        parameters: Sequence[ParameterSpec],
        buffers: Mapping[int, int],
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        remarks: Sequence[str] = (),
    ) -> Trace:
        """All that was recorded.

        Args:
            parameters: The parameters, in the order of their memory.
            buffers: The elements of each buffer by its memory.
            inputs: What goes in.
            outputs: What comes out.
            remarks: What a reader must know.
        """
        paths = list(dict.fromkeys(call.path for call in self._calls))
        owners = self._owners()
        held: dict[str, list[int]] = {}
        stored: dict[str, int] = {}
        for index in range(len(parameters)):
            held.setdefault(owners.get(-1 - index, ""), []).append(index)
        for storage, elements in buffers.items():
            owner = owners.get(storage, "")
            stored[owner] = stored.get(owner, 0) + elements
        layers = [
            LayerSpec(
                path,
                self._kinds[path],
                path not in self._inner and bool(path),
                tuple(held.get(path, ())),
                stored.get(path, 0),
            )
            for path in paths
        ]
        floating = [spec.dtype for spec in inputs if "float" in spec.dtype]
        return Trace(
            forward="meta",
            layers=tuple(layers),
            calls=tuple(self._layer_calls(paths, outputs)),
            ops=tuple(self.ops),
            parameters=tuple(parameters),
            storages=tuple(self._lives(outputs)),
            inputs=tuple(spec.shape for spec in inputs),
            dtype=floating[0] if floating else "float32",
            remarks=tuple(remarks),
        )

    def _owners(self) -> dict[int, str]:
        """The layer that is the first to use each parameter and buffer, by its memory."""
        found: dict[int, str] = {}
        for op in self.ops:
            for spec in op.tensors():
                if spec.storage < 0:
                    found.setdefault(spec.storage, self._calls[op.call].path)
        return found

    def _layer_calls(self, paths: Sequence[str], outputs: Sequence[TensorSpec]) -> list[LayerCall]:
        numbers = {path: number for number, path in enumerate(paths)}
        handed_on = self._handed_on(outputs)
        return [
            LayerCall(numbers[call.path], call.parent, call.first_op, tuple(handed_on.get(index, ())))
            for index, call in enumerate(self._calls)
        ]

    def _handed_on(self, outputs: Sequence[TensorSpec]) -> dict[int, list[TensorSpec]]:
        """What the ops of each call make that something else uses, by call; the network hands on its outputs."""
        makers = {id(spec): op.call for op in self.ops for spec in op.outputs}
        found: dict[int, dict[int, TensorSpec]] = {}
        for op in self.ops:
            for spec in op.tensors():
                maker = makers.get(id(spec))
                if maker is not None and maker != op.call:
                    found.setdefault(maker, {})[id(spec)] = spec
        for spec in outputs:
            if id(spec) in makers:
                found.setdefault(makers[id(spec)], {})[id(spec)] = spec
        return {**{call: list(specs.values()) for call, specs in found.items()}, 0: list(outputs)}

    def _lives(self, outputs: Sequence[TensorSpec]) -> list[StorageLife]:
        """From the op that made a piece of memory to the last one that used it."""
        last = list(self._born)
        for index, op in enumerate(self.ops):
            for spec in (*op.tensors(), *op.outputs):
                if spec.storage >= 0:
                    last[spec.storage] = index
        stays = {spec.storage for spec in outputs}
        return [
            StorageLife(size, born, None if born < 0 or index in stays else last[index] + 1)
            for index, (size, born) in enumerate(zip(self._sizes, self._born, strict=True))
        ]
