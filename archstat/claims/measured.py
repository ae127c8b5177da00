"""What a claim can name of a measurement: one function is one quantity, in the unit that its name ends with.

A number that the file does not hold is an error, and no 0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from archstat.errors import DataError, Helps, UnknownNameError, quoted
from archstat.quantities import rows_under
from archstat.records import Energy, Interval, Latency, LayerTimes, Measurement, Peaks

Measured = Callable[[Measurement], Fraction]
MeasuredT = TypeVar("MeasuredT", bound=Measured)
_Record = TypeVar("_Record")

MEASURED: dict[str, Measured] = {}


def _enter(quantity: MeasuredT) -> MeasuredT:
    MEASURED[quantity.__name__] = quantity
    return quantity


def measured_value(measurement: Measurement, quantity: str, layer: str = "") -> Fraction:
    """What a measurement says.

    Args:
        measurement: One network under one set of conditions.
        quantity: A key of :data:`MEASURED`.
        layer: A layer, or a path that several lie under; of latency alone.

    Raises:
        UnknownNameError: There is no such quantity, or no such layer.
        DataError: The quantity was not measured.
    """
    if quantity not in MEASURED:
        raise UnknownNameError.of("measured quantity", quantity, MEASURED, f"They are {', '.join(MEASURED)}.")
    if not layer:
        return MEASURED[quantity](measurement)
    if quantity != "latency_s":
        raise DataError(f"The {quantity} in a file is that of the whole network, not of {quoted(layer)}.")
    rows = rows_under(layer, _layers(measurement).rows, f"It is none that was measured of {measurement.architecture}.")
    return sum((decimal(row.time_s) for row in rows), Fraction(0))


def decimal(number: float) -> Fraction:
    """The decimal number that a file holds, exactly; the binary one beside it is no tie where the decimal one is.

    >>> decimal(0.1)
    Fraction(1, 10)
    """
    return Fraction(str(number))


# -- times -------------------------------------------------------------------------------------------------------------


@_enter
def latency_s(measurement: Measurement) -> Fraction:
    """The median time of a whole pass; of a layer, the median time of all its runs in a pass, summed."""
    return decimal(_latency(measurement).median_s)


@_enter
def latency_low_s(measurement: Measurement) -> Fraction:
    """Where the 95 % interval of the median begins."""
    return decimal(_interval(measurement).low)


@_enter
def latency_high_s(measurement: Measurement) -> Fraction:
    """Where the 95 % interval of the median ends."""
    return decimal(_interval(measurement).high)


@_enter
def layers_s(measurement: Measurement) -> Fraction:
    """The times of all layers and of what ran in none, summed: what the shares in a table are of."""
    times = _layers(measurement)
    return sum((decimal(row.time_s) for row in times.rows), decimal(times.unowned_s))


@_enter
def throughput(measurement: Measurement) -> Fraction:
    """Inputs in a second: with a full queue if that was measured, else one pass after the other."""
    return decimal(_held(measurement.throughput, measurement, "throughput", _NOT_RUN))


@_enter
def achieved_flops_per_s(measurement: Measurement) -> Fraction:
    """The counted floating-point operations of a pass over its median time."""
    return measurement.counted.flops / latency_s(measurement)


# -- memory, energy ----------------------------------------------------------------------------------------------------


@_enter
def peak_bytes(measurement: Measurement) -> Fraction:
    """The most that a pass allocates at once, above parameters, buffers and inputs."""
    memory = measurement.memory
    nbytes = memory.peak_bytes if memory is not None else None
    return Fraction(_held(nbytes, measurement, "memory", "its reasons say why"))


@_enter
def energy_j(measurement: Measurement) -> Fraction:
    """The energy of one input, what the device draws anyhow included."""
    return decimal(_held(_energy(measurement).input_j, measurement, "energy", "its reasons say why"))


@_enter
def power_w(measurement: Measurement) -> Fraction:
    """What was drawn while passes ran: the mean of the trials."""
    return decimal(_held(_energy(measurement).power_w, measurement, "power", "its reasons say why"))


# -- the best that the device does -------------------------------------------------------------------------------------


@_enter
def peak_flops_per_s(measurement: Measurement) -> Fraction:
    """The fastest matrix product."""
    return decimal(_peaks(measurement).flops_per_s)


@_enter
def peak_bytes_per_s(measurement: Measurement) -> Fraction:
    """The fastest copy."""
    return decimal(_peaks(measurement).bytes_per_s)


# -- what a file may lack ----------------------------------------------------------------------------------------------

_NOT_RUN = "it could not be run"


def _held(record: _Record | None, measurement: Measurement, what: str, why: str, *helps: Helps) -> _Record:
    if record is None:
        batch = measurement.conditions.batch_size
        raise DataError(
            f"The measurement of {measurement.architecture} at batch {batch} holds no {what}: {why}.",
            helps=dict.fromkeys(helps, ""),
        )
    return record


def _latency(measurement: Measurement) -> Latency:
    return _held(measurement.latency, measurement, "latency", _NOT_RUN)


def _interval(measurement: Measurement) -> Interval:
    interval = _latency(measurement).interval
    return _held(interval, measurement, "interval of its latency", "there were too few samples")


def _layers(measurement: Measurement) -> LayerTimes:
    return _held(measurement.layers, measurement, "layers", "measure it by layer", "layers")


def _energy(measurement: Measurement) -> Energy:
    return _held(measurement.energy, measurement, "energy", "measure it with its energy", "energy")


def _peaks(measurement: Measurement) -> Peaks:
    return _held(measurement.peaks, measurement, "peaks of the device", "measure it by layer", "layers")
