"""Records ⇄ JSON: a schema version, sorted keys, base units; what a file holds must be possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from archstat.errors import DataError, quoted
from archstat.files.text import bytes_of, json_text
from archstat.files.validation import LARGEST_NUMBER, faults, faults_of_cost
from archstat.records import BatchFit, InferenceMemory, LayerCost, Measurement, ModelCost, OpCost, Peaks, TrainingCost

COST_SCHEMA = "archstat.cost/1"
"""The version of the JSON that ``to_json`` writes; a new one whenever a key changes its meaning or goes."""

MEMORY_SCHEMA = "archstat.memory/1"
"""The version of the JSON that ``memory_to_json`` writes."""

MEASUREMENTS_SCHEMA = "archstat.measurements/1"
"""The version of the JSON that ``measurements_to_json`` writes."""

PEAKS_SCHEMA = "archstat.peaks/1"
"""The version of the JSON that ``peaks_to_json`` writes."""

_Saved = TypeVar("_Saved")


def cost_to_json(cost: ModelCost) -> str:
    """The JSON of a cost; ``docs/json.md`` describes it."""
    return _encoded({"schema": COST_SCHEMA, **_with_flops(cost)})


def _encoded(fields: dict[str, Any]) -> str:
    """JSON with sorted keys.

    Raises:
        OutputError: A name in it is no text that JSON could hold.
    """
    return json_text(fields, order="sorted")


def memory_to_json(memory: InferenceMemory | TrainingCost, fit: BatchFit | None = None) -> str:
    """The JSON of what the memory goes to; ``docs/memory.md`` describes it."""
    fields = {"schema": MEMORY_SCHEMA, "peak_bytes": memory.peak_bytes, **msgspec.to_builtins(memory)}
    return _encoded({**fields, "fit": msgspec.to_builtins(fit)})


def _with_flops(record: ModelCost | LayerCost | OpCost) -> dict[str, Any]:
    """A record's fields and the FLOPs that follow from them."""
    fields = msgspec.structs.asdict(record)
    for name in ("layers", "ops"):
        if name in fields:
            fields[name] = [_with_flops(row) for row in fields[name]]
    return {**fields, "flops": record.flops}


def cost_from_json(text: str | bytes) -> ModelCost:
    """A cost from its JSON; the totals must be the sums of the rows.

    Raises:
        DataError: The text is not the JSON of a cost, or of another version, or does not add up.
    """
    cost = _with_sorts(_decoded(text, COST_SCHEMA, ModelCost, "This is no saved cost"), text)
    for fault in faults_of_cost(cost):
        raise DataError(f"The saved cost does not hold together: {fault}.")
    for name in _TOTALS:
        total = sum(getattr(row, name) for row in cost.layers)
        if total != getattr(cost, name):
            raise DataError(
                f"The saved layers have {total:,} {name} together, the saved total is {getattr(cost, name):,}."
            )
    return cost


def _with_sorts(cost: ModelCost, text: str | bytes) -> ModelCost:
    """The cost of a file from before rows said what is a layer: the names of torch's ops begin in lower case."""
    key = '"is_layer"'
    if (key if isinstance(text, str) else key.encode()) in text:  # type: ignore[operator]  # it is of the text's kind
        return cost
    layers = [msgspec.structs.replace(row, is_layer=not row.kind[:1].islower()) for row in cost.layers]
    return msgspec.structs.replace(cost, layers=tuple(layers))


_TOTALS = (
    "parameters",
    "trainable_parameters",
    "buffers",
    "macs",
    "other_flops",
    "activations",
    "activation_bytes",
)


class _Header(msgspec.Struct):
    schema: str = ""


def _decoded(text: str | bytes, schema: str, kind: type[_Saved], complaint: str) -> _Saved:
    """What a JSON of that version holds.

    Raises:
        DataError: The text is no such JSON.
    """
    try:
        found = msgspec.json.decode(text, type=_Header).schema
        if found != schema:
            whose = "their" if complaint.startswith("These") else "its"
            raise DataError(f"{complaint} of version {schema!r}: {whose} schema is {quoted(found)}.")
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{complaint}: {error}.") from error


def schema_of(path: Path) -> str:
    """What a file says that it is: :data:`COST_SCHEMA`, :data:`MEASUREMENTS_SCHEMA`, …; ``""`` if it says nothing.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        return msgspec.json.decode(bytes_of(path), type=_Header).schema
    except (ValueError, RecursionError):
        return ""


def read_cost(path: Path) -> ModelCost:
    """The cost that a file holds.

    Raises:
        DataError: The file cannot be read, or holds something else.
    """
    return _read(path, cost_from_json)


def _read(path: Path, decode: Callable[[bytes], _Saved]) -> _Saved:
    """What a file holds; a complaint names the file."""
    text = bytes_of(path)
    try:
        return decode(text)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


# -- measurements ------------------------------------------------------------------------------------------------------


class _Measurements(msgspec.Struct):
    measurements: tuple[Measurement, ...]


def measurements_to_json(measurements: Sequence[Measurement]) -> str:
    """The JSON of measurements; ``docs/measuring.md`` describes it."""
    fields = {"schema": MEASUREMENTS_SCHEMA, "measurements": list(measurements)}
    return _encoded(fields)


def measurements_from_json(text: str | bytes) -> tuple[Measurement, ...]:
    """Measurements from their JSON; their numbers must be possible ones.

    Raises:
        DataError: The text is not the JSON of measurements, or of another version, or does not hold together.
    """
    found = _decoded(text, MEASUREMENTS_SCHEMA, _Measurements, "These are no saved measurements").measurements
    if not found:
        raise DataError("It holds no measurement.")
    for measurement in found:
        for fault in faults(measurement):
            raise DataError(f"The measurement of {measurement.architecture} does not hold together: {fault}.")
    return found


def read_measurements(path: Path) -> tuple[Measurement, ...]:
    """The measurements that a file holds.

    Raises:
        DataError: The file cannot be read, or holds something else.
    """
    return _read(path, measurements_from_json)


def peaks_to_json(peaks: Peaks) -> str:
    """The JSON of the best that a device does."""
    return _encoded({"schema": PEAKS_SCHEMA, **msgspec.to_builtins(peaks)})


def peaks_from_json(text: str | bytes) -> Peaks:
    """The best that a device does, from its JSON.

    Raises:
        DataError: The text is not the JSON of peaks, or of another version, or no device has such.
    """
    peaks = _decoded(text, PEAKS_SCHEMA, Peaks, "These are no saved peaks")
    for name in ("flops_per_s", "bytes_per_s", "call_s"):
        if not 1 / LARGEST_NUMBER < getattr(peaks, name) < LARGEST_NUMBER:
            raise DataError(f"The saved peaks have {getattr(peaks, name):g} for {name}: no device does that.")
    return peaks


def read_peaks(path: Path) -> Peaks:
    """The peaks that a file holds, as ``archstat peaks`` writes it in JSON.

    Raises:
        DataError: The file cannot be read, or holds something else.
    """
    return _read(path, peaks_from_json)
