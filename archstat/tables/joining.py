"""Counted rows and measured rows, put together by the layer that both are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archstat.measurements import LayerTime
from archstat.records import LayerCost
from archstat.tables.network import kind_of

_NAMED_MAX = 3
"""Of more ops than these a row says how many they are."""


class Joined(msgspec.Struct, frozen=True):
    """What was counted and what was measured of one run of a layer, or of the ops that a larger layer runs itself.

    Attributes:
        layer: The path of the layer.
        counted: Its rows of the cost; none: nothing that it does is counted.
        nbytes: The bytes that they must move at least.
        measured: Its measured rows; none: it was not measured.
    """

    layer: str
    counted: tuple[LayerCost, ...]
    nbytes: int
    measured: tuple[LayerTime, ...]

    @property
    def kind(self) -> str:
        """What it is: a layer with its hyper-parameters, or the ops."""
        if not self.counted:
            return next((row.kind for row in self.measured if row.layer == self.layer), self.measured[0].kind)
        if len(self.counted) == 1:
            return kind_of(self.counted[0])
        kinds = list(dict.fromkeys(row.kind for row in self.counted))
        return ", ".join(kinds) if len(kinds) <= _NAMED_MAX else f"{len(self.counted)} ops"

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return sum(row.macs for row in self.counted)

    @property
    def flops(self) -> int:
        """Floating-point operations."""
        return sum(row.flops for row in self.counted)

    @property
    def time_s(self) -> float | None:
        """Its time; ``None`` if it was not measured."""
        return sum(row.time_s for row in self.measured) if self.measured else None

    @property
    def is_resolved(self) -> bool:
        """The largest part of its time can be told from the cost of measuring."""
        return bool(self.measured) and max(self.measured, key=lambda row: row.time_s).is_resolved


def joined(rows: Sequence[LayerCost], traffic: Sequence[int], measured: Sequence[LayerTime]) -> list[Joined]:
    """Every row that ran, and every measured row, once: in the order of execution, what has no count at the end.

    A run of a layer without layers inside stands for itself if it was counted as often as it was measured. Else its
    time is part of what the layer around it spent, as where ``forward`` was called directly, and it stands with that
    one. The runs of a larger layer stand together: its ops are counted over all of them.

    Args:
        rows: The rows of a cost.
        traffic: The bytes that each of them must move at least.
        measured: The rows of a measurement of the same network.
    """
    ran = [(row, nbytes) for row, nbytes in zip(rows, traffic, strict=True) if row.call]
    places = _Places([row for row, _ in ran], measured)
    counted: dict[_Place, list[tuple[LayerCost, int]]] = {}
    times: dict[_Place, list[LayerTime]] = {}
    for row, nbytes in ran:
        counted.setdefault(places.of(row.layer, row.call), []).append((row, nbytes))
    for time in measured:
        times.setdefault(places.of(time.layer, time.call), []).append(time)
    return [_joined(place, counted.get(place, []), times.get(place, [])) for place in dict.fromkeys((*counted, *times))]


_Place = tuple[str, int]
"""The path of a layer, and which run of it; 0: all of them."""


def _joined(place: _Place, counted: Iterable[tuple[LayerCost, int]], measured: Iterable[LayerTime]) -> Joined:
    rows = tuple(counted)
    return Joined(place[0], tuple(row for row, _ in rows), sum(nbytes for _, nbytes in rows), tuple(measured))


class _Places:
    """Where rows belong."""

    def __init__(self, counted: Iterable[LayerCost], measured: Iterable[LayerTime]) -> None:
        measured = list(measured)
        runs = _runs(counted)
        self._larger = {row.layer for row in measured if not row.is_leaf}
        told = _runs(row for row in measured if row.is_leaf)
        self._single = {layer for layer, calls in told.items() if runs.get(layer) == calls}

    def of(self, layer: str, call: int) -> _Place:
        """The place of a row."""
        if layer in self._single:
            return layer, call
        around = layer
        while around not in self._larger and around:
            around = around.rpartition(".")[0]
        return (around if around in self._larger else layer), 0


def _runs(rows: Iterable[LayerCost | LayerTime]) -> dict[str, list[int]]:
    """The runs of each layer, in ascending order."""
    runs: dict[str, list[int]] = {}
    for row in rows:
        runs.setdefault(row.layer, []).append(row.call)
    return {layer: sorted(calls) for layer, calls in runs.items()}
