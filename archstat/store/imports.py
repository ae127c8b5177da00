"""Files of results → a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archstat import units
from archstat.errors import DataError
from archstat.files.results import COST_SCHEMA, MEASUREMENTS_SCHEMA, read_cost, read_measurements, schema_of
from archstat.records import Measurement
from archstat.store.packing import setting_of_cost
from archstat.store.records import StoredResult, Versions
from archstat.store.store import Store


def import_files(store: Store, paths: Iterable[Path]) -> str:
    """Store what files hold, each result once; nothing is stored if one of them cannot be read.

    Args:
        store: Where to.
        paths: Files of costs and of measurements.

    Returns:
        How much was new, in words.

    Raises:
        DataError: A file cannot be read, or holds neither.
    """
    costs: list[StoredResult] = []
    measurements: list[Measurement] = []
    for path in paths:
        schema = schema_of(path)
        if schema == COST_SCHEMA:
            cost = read_cost(path)
            costs.append(StoredResult(cost.architecture, setting_of_cost(cost), Versions(), cost))
        elif schema == MEASUREMENTS_SCHEMA:
            measurements += read_measurements(path)
        else:
            raise DataError(f"{path} holds neither a cost nor measurements, which archstat writes as JSON.")
    added = store.add(costs), store.add_measurements(measurements)
    parts = [_counted(added[0], len(costs), "cost"), _counted(added[1], len(measurements), "measurement")]
    return f"{store.place}: {', '.join(part for part in parts if part)}"


def _counted(new: int, total: int, what: str) -> str:
    plural = "" if total == 1 else "s"
    return f"{units.exact(new)} of {units.exact(total)} {what}{plural} new" if total else ""
