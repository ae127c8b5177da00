"""Records ⇄ what a row of a store keeps of them: compressed JSON, and the few columns that are sorted by."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import msgspec

from archstat import units
from archstat.errors import DataError, quoted
from archstat.files.results import COST_SCHEMA, cost_from_json
from archstat.files.validation import faults
from archstat.records import Environment, Measurement, ModelCost
from archstat.store.records import StoredResult, clean

_LARGEST = 2**63 - 1
"""The largest number of a column."""

_COUNTS = (
    *("parameters", "trainable_parameters", "buffers", "macs", "flops"),
    *("activations", "activation_bytes", "peak_activation_bytes"),
)
_LEVEL = 3
"""How hard to compress: the rows of a cost are so much alike that more takes twice as long and saves a sixth."""


def row_of(result: StoredResult) -> dict[str, Any]:
    """The columns of a result.

    Raises:
        DataError: A count is too large for a column.
    """
    failure = result.failure
    return {
        "key": result.key,
        "network": clean(result.network),
        "source": result.source,
        "setting": clean(result.setting),
        "archstat": result.versions.archstat,
        "torch": result.versions.torch,
        "library": result.versions.library,
        "failure_kind": "" if failure is None else failure.kind,
        "reason": "" if failure is None else clean(failure.reason),
        "elapsed_s": result.elapsed_s,
        **_columns(result.cost),
    }


def _columns(cost: ModelCost | None) -> dict[str, Any]:
    if cost is None:
        empty = dict.fromkeys(("batch_size", *_COUNTS, "is_lower_bound"))
        return {**empty, "input_shapes": "", "dtype": ""}
    counts = {name: getattr(cost, name) for name in _COUNTS}
    for name, count in counts.items():
        if count > _LARGEST:
            raise DataError(f"{quoted(cost.architecture)} has {count:.3g} {name}, more than a store can hold.")
    first = cost.input_shapes[0] if cost.input_shapes else ()
    return {
        **counts,
        "batch_size": first[0] if first else None,
        "input_shapes": " ".join("x".join(map(str, shape)) for shape in cost.input_shapes),
        "dtype": cost.dtype,
        "is_lower_bound": bool(cost.uncounted),
    }


def packed_cost(cost: ModelCost) -> bytes:
    """A cost as compressed JSON: that of a saved cost without the FLOPs, which follow from the rest."""
    fields = msgspec.json.encode(cost)
    return zlib.compress(b'{"schema":"%b",%b' % (COST_SCHEMA.encode(), fields[1:]), _LEVEL)


def unpacked_cost(content: bytes) -> ModelCost:
    """The cost in a row.

    Raises:
        DataError: The row is damaged.
    """
    return cost_from_json(_unpacked(content))


def _unpacked(content: bytes) -> bytes:
    try:
        return zlib.decompress(content)
    except zlib.error as error:
        raise DataError("A row of the store is damaged: it cannot be unpacked.") from error


def packed_environment(environment: Environment) -> tuple[str, bytes]:
    """A digest of an environment, and the environment as compressed JSON."""
    told = msgspec.json.encode(environment, order="sorted")
    return _digest(told), zlib.compress(told, _LEVEL)


def packed_measurement(measurement: Measurement) -> tuple[dict[str, Any], bytes]:
    """The columns of a measurement, and the whole without its environment as compressed JSON.

    Raises:
        DataError: A number in it is not possible.
    """
    for fault in faults(measurement):
        raise DataError(f"The measurement of {quoted(measurement.architecture)} does not hold together: {fault}.")
    conditions, memory = measurement.conditions, measurement.memory
    columns = {
        "key": _digest(msgspec.json.encode(measurement, order="sorted")),
        "network": clean(measurement.architecture),
        "device": clean(conditions.device_name),
        "precision": conditions.precision,
        "batch_size": conditions.batch_size,
        "threads": conditions.threads,
        "latency_s": None if measurement.latency is None else measurement.latency.median_s,
        "throughput": measurement.throughput,
        "energy_j": None if measurement.energy is None else measurement.energy.pass_j,
        "peak_bytes": None if memory is None else memory.peak_bytes,
        "started": measurement.environment.started,
    }
    rest = {name: value for name, value in msgspec.to_builtins(measurement).items() if name != "environment"}
    return columns, zlib.compress(msgspec.json.encode(rest), _LEVEL)


def unpacked_measurement(content: bytes, environment: bytes) -> Measurement:
    """The measurement in a row, and in the row of its environment.

    Raises:
        DataError: A row is damaged.
    """
    try:
        whole = {**msgspec.json.decode(_unpacked(content)), "environment": msgspec.json.decode(_unpacked(environment))}
        return msgspec.convert(whole, Measurement)
    except (ValueError, TypeError) as error:
        raise DataError(f"A row of the store is damaged: {error}.") from error


def _digest(told: bytes) -> str:
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def setting_of_cost(cost: ModelCost) -> str:
    """The setting of a cost that was saved without one: its inputs and its element type."""
    given = {"dtype": cost.dtype, "inputs": [units.shape(shape) for shape in cost.input_shapes]}
    return msgspec.json.encode(given, order="sorted").decode()
