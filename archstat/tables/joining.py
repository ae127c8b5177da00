"""Counted rows and measured rows, put together by the layer that both are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archstat import units
from archstat.errors import DataError, quoted
from archstat.language import recorded
from archstat.records import LayerCost, LayerTime, LayerTimes, Measurement, ModelCost, Peaks
from archstat.tables.network import kind_of

_NAMED_MAX = 3
"""Of more ops than these a row says how many they are."""


class Joined(msgspec.Struct, frozen=True):
    """What was counted and what was measured of one run of a layer, or of the ops that a larger layer runs itself.

    Attributes:
        layer: The path of the layer.
        counted: The rows of the cost; none: nothing that the layer does is counted.
        nbytes: The bytes that they must move at least.
        measured: The measured rows; none: the layer was not measured.
    """

    layer: str
    counted: tuple[LayerCost, ...]
    nbytes: int
    measured: tuple[LayerTime, ...]

    @property
    def kind(self) -> str:
        """The layer with its hyper-parameters, or the ops."""
        if not self.counted:
            return next((row.kind for row in self.measured if row.layer == self.layer), self.measured[0].kind)
        if len(self.counted) == 1:
            return kind_of(self.counted[0])
        kinds = list(dict.fromkeys(row.kind for row in self.counted))
        return ", ".join(kinds) if len(kinds) <= _NAMED_MAX else recorded("{count} ops", count=len(self.counted))

    @property
    def macs(self) -> int:
        """The multiply-accumulates of the counted rows."""
        return sum(row.macs for row in self.counted)

    @property
    def flops(self) -> int:
        """The floating-point operations of the counted rows."""
        return sum(row.flops for row in self.counted)

    @property
    def time_s(self) -> float | None:
        """The time of the measured rows in seconds; ``None`` if there are none."""
        return sum(row.time_s for row in self.measured) if self.measured else None

    @property
    def is_resolved(self) -> bool:
        """The largest part of its time can be told from the cost of measuring."""
        return bool(self.measured) and max(self.measured, key=lambda row: row.time_s).is_resolved

    @property
    def resolved_s(self) -> float | None:
        """The time of the measured rows, where that is long enough to work a speed out with."""
        return self.time_s or None if self.is_resolved else None


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


# -- what belongs together ---------------------------------------------------------------------------------------------


def times_beside_counts(
    cost: ModelCost, traffic: Sequence[int], measurement: Measurement
) -> tuple[LayerTimes, list[Joined]]:
    """The times of a network by layer, and each of them beside what was counted.

    Raises:
        DataError: The measurement is of another network, input or element type, or not by layer.
    """
    refuse_another(cost, measurement)
    times = _layers_of(measurement)
    return times, joined(cost.layers, traffic, times.rows)


def times_of_runs(cost: ModelCost, measurement: Measurement) -> tuple[dict[int, float], dict[tuple[str, int], float]]:
    """The times of a network by its rows, and what its larger layers spend themselves.

    Returns:
        The seconds of each row that was measured, by its place in the cost; and of what stands in no row, by the path
        and the run of the layer that spent them. Both together are all that was measured in modules.

    Raises:
        DataError: The measurement is of another network, input or element type, or not by layer.
    """
    refuse_another(cost, measurement)
    measured = _layers_of(measurement).rows
    ran = [row for row in cost.layers if row.call]
    places = _Places(ran, measured)
    own = {(row.layer, row.call): index for index, row in enumerate(cost.layers) if row.call and row.is_layer}
    rows: dict[int, float] = {}
    larger: dict[tuple[str, int], float] = {}
    for time in measured:
        layer, call = places.of(time.layer, time.call)
        run = (layer, call or (time.call if layer == time.layer else 1))
        if run in own:
            rows[own[run]] = rows.get(own[run], 0.0) + time.time_s
        else:
            larger[run] = larger.get(run, 0.0) + time.time_s
    return rows, larger


def _layers_of(measurement: Measurement) -> LayerTimes:
    if measurement.layers is None:
        raise DataError(
            f"The measurement of {quoted(measurement.architecture)} has no layers."
            + "".join(f" {reason.text}" for reason in measurement.reasons if reason.code == "COMPILED_NO_LAYERS"),
            helps={"layers": ""},
        )
    return measurement.layers


def refuse_another(cost: ModelCost, measurement: Measurement) -> None:
    """Refuse a measurement of something else.

    Raises:
        DataError: The measurement is of another network, input or element type, or the network has changed.
    """
    measured, counted = measurement.architecture, cost.architecture
    if measured != counted:
        raise DataError(f"What was measured is {quoted(measured)}, what is counted is {quoted(counted)}.")
    shapes = [units.shapes(each.input_shapes) for each in (measurement, cost)]
    if measurement.input_shapes != cost.input_shapes:
        raise DataError(
            f"{quoted(counted)} was measured on an input of {shapes[0]} and is counted on {shapes[1]}: "
            "give the input that was measured.",
            helps={"resolution": "", "inputs": "", "batch_size": ""},
        )
    if cost.dtype not in (measurement.conditions.dtype, "none"):
        raise DataError(
            f"{quoted(counted)} was measured in {measurement.conditions.precision} and is counted in {cost.dtype}: "
            "count it in its own element type."
        )
    for name, title in (("parameters", "parameters"), ("macs", "MACs")):
        then, now = getattr(measurement.counted, name), getattr(cost, name)
        if then != now:
            raise DataError(
                f"{quoted(counted)} had {units.exact(then)} {title} when it was measured and has {units.exact(now)} "
                "now: measure it again."
            )


def refuse_peaks(peaks: Peaks, measurement: Measurement) -> None:
    """Refuse the peaks of something else.

    Raises:
        DataError: The peaks are of another device, precision or number of threads.
    """
    conditions = measurement.conditions
    for name, title in (("device_name", "device"), ("precision", "precision"), ("threads", "number of threads")):
        theirs, measured = getattr(peaks, name), getattr(conditions, name)
        if theirs != measured:
            raise DataError(
                f"The peaks are of another {title} than the measurement: {theirs}, not {measured}. 'archstat peaks' "
                "measures those of this device."
            )


def limit(place: Joined, peaks: Peaks) -> tuple[str | None, float]:
    """What takes longest at the machine's best, and how long; nothing, if nothing takes any time."""
    best = {
        "compute": place.flops / peaks.flops_per_s,
        "memory": place.nbytes / peaks.bytes_per_s,
        "overhead": peaks.call_s,
    }
    bound = max(best, key=lambda name: best[name])
    return bound if best[bound] else None, best[bound]
