"""What a store holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from archstat import units
from archstat.store.records import ListedMeasurement, ListedResult
from archstat.tables.columns import Column, Show, Table, number, path

if TYPE_CHECKING:
    from archstat.sweeping.sweep import SweepProgress  # which needs a database, and this none

_SHOWN: dict[str, tuple[str, Show]] = {
    "parameters": ("Params", units.compact),
    "trainable_parameters": ("Trainable", units.compact),
    "buffers": ("Buffers", units.compact),
    "macs": ("MACs", units.compact),
    "flops": ("FLOPs", units.compact),
    "activations": ("Activations", units.compact),
    "activation_bytes": ("Activation memory", units.data_size),
    "peak_activation_bytes": ("Peak", units.data_size),
    "elapsed_s": ("Took", units.seconds),
    "batch_size": ("Batch", units.exact),
    "peak_bytes": ("Peak", units.data_size),
    "latency_s": ("Latency", units.seconds),
    "throughput": ("Inputs/s", lambda rate: f"{rate:,.4g}"),
    "energy_j": ("Energy", units.joules),
    "threads": ("Threads", units.exact),
}
_NAMES = {
    "key": "Key",
    "source": "Source",
    "library": "Library",
    "input_shapes": "Inputs",
    "dtype": "Type",
    "failure_kind": "How",
    "reason": "Why",
    "device": "Device",
    "precision": "Precision",
    "started": "When",
    "archstat": "archstat",
    "torch": "torch",
    "is_lower_bound": "Lower bound",
}
_GIVES_WAY = {"setting": 4, "activations": 3, "flops": 2, "input_shapes": 1, "elapsed_s": 5}

_OF_COUNTS = (
    "network",
    "setting",
    "input_shapes",
    "parameters",
    "macs",
    "flops",
    "activations",
    "peak_activation_bytes",
)
_OF_FAILURES = ("network", "setting", "failure_kind", "elapsed_s", "reason")


def results_table(rows: Sequence[ListedResult], *, is_full: bool = False) -> Table:
    """One row for each result: what its network costs, or why that is not known.

    Args:
        rows: The results.
        is_full: With every column that a store has, as for a program.
    """
    failed = [row for row in rows if row.failure_kind]
    only_failed = bool(failed) and len(failed) == len(rows)
    names = ListedResult.__struct_fields__ if is_full else _OF_FAILURES if only_failed else _OF_COUNTS
    left = f"{len(failed)} of them failed and have no numbers." if failed and not only_failed else ""
    bounds = "Some have ops that no rule counts: MACs and FLOPs are lower bounds there."
    notes = [_counted(len(rows), "result"), left, bounds if any(row.is_lower_bound for row in rows) else ""]
    return _table(names, rows, [note for note in notes if note])


def stored_measurements_table(rows: Sequence[ListedMeasurement], *, is_full: bool = False) -> Table:
    """One row for each measurement.

    Args:
        rows: The measurements.
        is_full: With every column that a store has, as for a program.
    """
    names = ListedMeasurement.__struct_fields__
    shown = names if is_full else tuple(name for name in names if name != "key")
    return _table(shown, rows, [_counted(len(rows), "measurement")])


def sweep_table(place: str, progress: SweepProgress) -> Table:
    """One row: how many results a sweep brought, how many of its networks failed, and what was there before.

    Args:
        place: The store, without a password.
        progress: How far the sweep came.
    """
    columns = (
        path("store", "Store"),
        number("new", "New", units.exact),
        number("failed", "Failed", units.exact),
        number("there_before", "There before", units.exact),
    )
    row = (place, progress.done - progress.failed, progress.failed, progress.there)
    return Table(columns, (row,))


def _table(
    names: Sequence[str], rows: Sequence[ListedResult] | Sequence[ListedMeasurement], notes: Sequence[str]
) -> Table:
    columns = tuple(map(_column, names))
    values = tuple(tuple(getattr(row, name) for name in names) for row in rows)
    return Table(columns, values, notes=tuple(notes))


def _column(name: str) -> Column:
    if name == "network":
        return path("network", "Network")
    gives_way = _GIVES_WAY.get(name, 0)
    if name == "setting":
        return Column(name, "Setting", setting_in_words, gives_way=gives_way, is_condition=True)
    if name in _SHOWN:
        header, show = _SHOWN[name]
        return number(name, header, show, gives_way=gives_way)
    return Column(name, _NAMES[name], gives_way=gives_way, is_condition=True)


def setting_in_words(setting: str) -> str:
    """A setting as people read it: ``batch_size 8, resolution 288``.

    >>> setting_in_words('{"batch_size":8,"inputs":[{"shape":[3,64,64]}]}'), setting_in_words("")
    ('batch_size 8, inputs 3×64×64', '')
    """
    given = msgspec.json.decode(setting) if setting else {}
    return ", ".join(f"{name} {_said(value)}" for name, value in given.items())


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_said, value))
    if isinstance(value, dict):
        shape = units.shape(value.get("shape", ()))
        rest = [f"{name} {_said(each)}" for name, each in value.items() if name != "shape"]
        return " ".join([shape, *rest]).strip()
    return str(value)


def _counted(count: int, what: str) -> str:
    return f"{units.exact(count)} {what}{'' if count == 1 else 's'}"
