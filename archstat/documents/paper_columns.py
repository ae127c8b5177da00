"""What a paper prints of a network: a column of its table, and a number that its text can name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.documents.evidence import Evidence
from archstat.errors import InputError, UnknownNameError
from archstat.files.choosing import fitting
from archstat.language import retold, say
from archstat.records import Energy, Measurement
from archstat.tables import quantities
from archstat.tables.columns import Column, number
from archstat.tables.reasons import reason_told


class PaperColumn(msgspec.Struct, frozen=True):
    """An amount of a network that papers print.

    Attributes:
        key: What a user calls it, and the end of the key of its number.
        column: How the table shows it.
        unit: The unit of the amount in base units: ``"B"``, ``"s"``, ``"%"``; ``""``: a plain number.
        value: The amount; ``None``: it is not known.
        why: The reason for which the amount of a network is not known.
        quantity: What is counted, if it is a count.
        is_measured: Whether the amount comes from a measurement.
    """

    key: str
    column: Column
    unit: str
    value: Callable[[Evidence], Any]
    why: Callable[[Evidence], str]
    quantity: quantities.Quantity | None = None
    is_measured: bool = False


# -- what was measured -------------------------------------------------------------------------------------------------


def measurement_of(one: Evidence) -> Measurement | None:
    """The measurement of a network on the input that it was counted on; ``None``: there is none.

    Raises:
        DataError: There are several, made under conditions that differ.
    """
    cost = one.cost
    own = [
        each
        for each in one.measurements
        if each.input_shapes == cost.input_shapes and each.conditions.dtype == cost.dtype
    ]
    return fitting(own, one.name, by_layer=False) if own else None


def _of_measurement(read: Callable[[Measurement], Any]) -> Callable[[Evidence], Any]:
    def value(one: Evidence) -> Any:
        measurement = measurement_of(one)
        return None if measurement is None else read(measurement)

    return value


def _latency(measurement: Measurement) -> float | None:
    return None if measurement.latency is None else measurement.latency.median_s


def _energy(read: Callable[[Energy], float | None]) -> Callable[[Measurement], float | None]:
    return lambda measurement: None if measurement.energy is None else read(measurement.energy)


def _why_not_measured(one: Evidence) -> str:
    """Why a measured amount is missing: there is no measurement, or what that says."""
    measurement = measurement_of(one)
    if measurement is None:
        return say("no measurement on this input is given")
    energy = measurement.energy
    reasons = (*measurement.reasons, *(energy.reasons if energy is not None else ()))
    if measurement.latency is not None and energy is None:
        return say("it was not asked for when the network was measured")
    return " ".join(map(reason_told, reasons)) or say("the measurement does not say why")


# -- accuracies --------------------------------------------------------------------------------------------------------


def _why_not_rated(one: Evidence) -> str:
    if one.rated_by:
        return say("the source of accuracies has none of it on this input")
    return say("no published accuracy is known")


def _top1(one: Evidence) -> float | None:
    return None if one.rating is None else one.rating.top1


def _top5(one: Evidence) -> float | None:
    return None if one.rating is None else one.rating.top5


# -- all of them -------------------------------------------------------------------------------------------------------


def _counted(key: str, quantity: quantities.Quantity) -> PaperColumn:
    unit = "B" if quantity.unit == "bytes" else ""
    return PaperColumn(key, quantity.column(), unit, lambda one: getattr(one.cost, quantity.key), _known, quantity)


def _known(one: Evidence) -> str:
    """Why a count is not known: it always is."""
    raise AssertionError(one.name)


def _measured(key: str, column: Column, unit: str, read: Callable[[Measurement], Any]) -> PaperColumn:
    return PaperColumn(key, column, unit, _of_measurement(read), _why_not_measured, is_measured=True)


def _inputs_per_s(rate: float) -> str:
    return units.rate(rate, "").rstrip()


_EVERY = (
    _counted("parameters", quantities.PARAMETERS),
    _counted("macs", quantities.MACS),
    _counted("flops", quantities.FLOPS),
    _counted("activations", quantities.ACTIVATIONS),
    _counted("activation_memory", quantities.ACTIVATION_BYTES),
    _counted("peak_memory", quantities.PEAK_ACTIVATION_BYTES),
    PaperColumn("top1", number("top1_accuracy", "Top-1 accuracy %", units.percent), "%", _top1, _why_not_rated),
    PaperColumn("top5", number("top5_accuracy", "Top-5 accuracy %", units.percent), "%", _top5, _why_not_rated),
    _measured("latency", number("latency_s", "Latency", units.seconds), "s", _latency),
    _measured("throughput", number("throughput", "Inputs/s", _inputs_per_s), "", lambda each: each.throughput),
    _measured("energy", number("energy_j", "Energy", units.joules), "J", _energy(lambda each: each.input_j)),
    _measured("power", number("power_w", "Power", units.watts), "W", _energy(lambda each: each.power_w)),
)
PAPER_COLUMNS = {each.key: each for each in _EVERY}
"""Every amount that a paper prints, by what a user calls it."""

_ALSO = {
    "params": "parameters",
    "peak_activation_memory": "peak_memory",
    **{each.column.key: each.key for each in _EVERY},
}
"""What else users call them: as tables and options do."""


def paper_columns(names: Iterable[str]) -> list[PaperColumn]:
    """The columns of these names, each once.

    Raises:
        UnknownNameError: There is no such column.
        InputError: There is no name.
    """
    plain = [name.strip().lower().replace("-", "_").replace(" ", "_") for name in names]
    keys = dict.fromkeys(_ALSO.get(name, name) for name in plain if name)
    for key in keys:
        if key not in PAPER_COLUMNS:
            raise UnknownNameError.of("column", key, PAPER_COLUMNS, f"The columns are {', '.join(PAPER_COLUMNS)}.")
    if not keys:
        raise InputError("Name a column, as 'params,macs,top1,latency'.")
    return [PAPER_COLUMNS[key] for key in keys]


def convention_column(found: Sequence[Evidence]) -> PaperColumn | None:
    """The column of another convention, if networks were counted by one."""
    tally = next((each.tally for each in found if each.tally is not None), None)
    if tally is None:
        return None
    name = tally.convention
    return PaperColumn(name, number("by_convention", name), "", _tallied, _why_not_tallied)


def _tallied(one: Evidence) -> int | None:
    return None if one.tally is None else one.tally.number


def _why_not_tallied(one: Evidence) -> str:
    return "" if one.tally is None else retold(one.tally.refusal)
