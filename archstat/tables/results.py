"""What a store holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from archstat import units
from archstat.language import message, say
from archstat.store.records import ListedMeasurement, ListedResult
from archstat.tables.columns import Column, Show, Table, number, path

if TYPE_CHECKING:
    from archstat.sweeping.sweep import SweepProgress  # which needs a database, and this none

_SHOWN: dict[str, tuple[str, Show]] = {
    "parameters": (message("Params"), units.compact),
    "trainable_parameters": (message("Trainable"), units.compact),
    "buffers": (message("Buffers"), units.compact),
    "macs": (message("MACs"), units.compact),
    "flops": (message("FLOPs"), units.compact),
    "activations": (message("Activations"), units.compact),
    "activation_bytes": (message("Activation memory"), units.data_size),
    "peak_activation_bytes": (message("Peak"), units.data_size),
    "elapsed_s": (message("Took"), units.seconds),
    "batch_size": (message("Batch"), units.exact),
    "peak_bytes": (message("Peak"), units.data_size),
    "latency_s": (message("Latency"), units.seconds),
    "throughput": (message("Inputs/s"), lambda rate: f"{rate:,.4g}"),
    "energy_j": (message("Energy"), units.joules),
    "threads": (message("Threads"), units.exact),
}
_NAMES = {
    "key": message("Key"),
    "source": message("Source"),
    "library": message("Library"),
    "input_shapes": message("Inputs"),
    "dtype": message("Type"),
    "failure_kind": message("How"),
    "reason": message("Why"),
    "device": message("Device"),
    "precision": message("Precision"),
    "started": message("When"),
    "archstat": "archstat",
    "torch": "torch",
    "is_lower_bound": message("Lower bound"),
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
    is_some = failed and not only_failed
    left = say("{count} of them failed and have no numbers.", count=len(failed)) if is_some else ""
    bounds = say("Some have ops that no rule counts: MACs and FLOPs are lower bounds there.")
    whole = say("1 result") if len(rows) == 1 else say("{count} results", count=units.exact(len(rows)))
    notes = [whole, left, bounds if any(row.is_lower_bound for row in rows) else ""]
    return _table(names, rows, [note for note in notes if note])


def stored_measurements_table(rows: Sequence[ListedMeasurement], *, is_full: bool = False) -> Table:
    """One row for each measurement.

    Args:
        rows: The measurements.
        is_full: With every column that a store has, as for a program.
    """
    names = ListedMeasurement.__struct_fields__
    shown = names if is_full else tuple(name for name in names if name != "key")
    whole = say("1 measurement") if len(rows) == 1 else say("{count} measurements", count=units.exact(len(rows)))
    return _table(shown, rows, [whole])


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
