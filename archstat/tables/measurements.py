"""Measurements of whole networks: a row for each, those of like conditions together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from archstat import units
from archstat.files.choosing import conditions_text
from archstat.language import listed, retold, say
from archstat.records import Conditions, Measurement, Reason
from archstat.tables import quantities
from archstat.tables.columns import Column, Row, Table, number, path, sort_rows
from archstat.tables.reasons import reason_told

NOISE = frozenset(
    "HOST_NOISY HOST_PRESSURE HOST_STEAL HOST_LOAD CPU_QUOTA PRECISION_NOT_REACHED DRIFTING NOT_WARM INPUT_CHANGED "
    "THROTTLED_THERMAL THROTTLED_HW POWER_CAPPED OTHER_GPU_PROCESSES CC_ENABLED INTERRUPTED".split()
)
"""The codes of reasons to trust a time less than its interval says."""

_COLUMNS = (
    Column("conditions", "Conditions", retold, is_heading=True),
    path("architecture", "Architecture"),
    Column("input_shape", "Input", units.shape, gives_way=1, is_condition=True),
    quantities.PARAMETERS.column(),
    quantities.MACS.column(),
    number("latency_s", "Latency", units.seconds),
    Column("mark", "", least=1, continues=True),
    number("half_width_s", "±", units.seconds, gives_way=3, continues=True),
    number("min_s", "Min", units.seconds, gives_way=4),
    number("throughput", "Inputs/s", lambda each: units.rate(each, "").rstrip()),
    number("peak_bytes", "Peak memory", units.data_size, gives_way=5),
    number("energy_j", "Energy", units.joules),
    number("power_w", "Power", units.watts, gives_way=2),
)


def measured_compare_table(measurements: Sequence[Measurement], *, sort: str | None = None) -> Table:
    """One row for each measurement; only those under one heading were made under like conditions.

    Args:
        measurements: What to show.
        sort: The key of the column to sort by within each heading, largest first.

    Raises:
        UnknownNameError: There is no column to sort by of that name.
    """
    rows = [row for group in alike(measurements) for row in sort_rows(_COLUMNS, map(_row, group), sort)]
    return Table(_COLUMNS, tuple(rows), "", tuple(notes_of(measurements)))


def alike(measurements: Iterable[Measurement]) -> list[list[Measurement]]:
    """The measurements in groups of like conditions, as those are met; where the batch alone differs, by its size."""
    groups: dict[Conditions, list[Measurement]] = {}
    met: dict[Conditions, int] = {}
    for each in measurements:
        groups.setdefault(each.conditions, []).append(each)
        met.setdefault(_of_any_batch(each.conditions), len(met))
    return [groups[each] for each in sorted(groups, key=lambda each: (met[_of_any_batch(each)], each.batch_size))]


def _of_any_batch(conditions: Conditions) -> Conditions:
    return msgspec.structs.replace(conditions, batch_size=1)


def mark_of(measurement: Measurement) -> str:
    """``~`` beside a time to trust less than its interval says; what concerns the energy alone marks no time."""
    return "~" if any(reason.code in NOISE for reason in measurement.reasons) else ""


def _row(measurement: Measurement) -> Row:
    latency, memory, energy = measurement.latency, measurement.memory, measurement.energy
    interval = latency.interval if latency is not None else None
    return (
        conditions_text(measurement.conditions),
        measurement.architecture,
        measurement.input_shapes[0] if measurement.input_shapes else (),
        measurement.counted.parameters,
        measurement.counted.macs,
        latency.median_s if latency is not None else None,
        mark_of(measurement),
        interval.half_width if interval is not None else None,
        latency.min_s if latency is not None else None,
        measurement.throughput,
        memory.peak_bytes if memory is not None else None,
        energy.input_j if energy is not None else None,
        energy.power_w if energy is not None else None,
    )


# -- what stands under it ----------------------------------------------------------------------------------------------


def notes_of(measurements: Sequence[Measurement]) -> Iterator[str]:
    """What the columns are, what does not compare, and what must be known of each measurement."""
    groups = alike(measurements)
    if any(each.latency for each in measurements):
        yield say(
            "Latency is the median time of a pass, ± half of its 95 % interval. Inputs/s is with a full queue where "
            "that was measured, else one pass after the other."
        )
    if any(each.memory is not None and each.memory.peak_bytes is not None for each in measurements):
        yield say("Peak memory is what a pass allocates at most, above parameters and inputs.")
    yield from energies_told(measurements)
    if len(groups) > 1:
        yield say("Rows under different headings do not compare: their conditions differ.")
    for group in groups:
        yield from unlike_told(group)
    yield from reasons_told(measurements)


def energies_told(measurements: Iterable[Measurement]) -> Iterator[str]:
    """What the energies include, and how far off the meter may be."""
    met = [each.energy for each in measurements if each.energy is not None and each.energy.pass_j is not None]
    for boundary, mode, gain in dict.fromkeys((each.boundary, each.mode, each.gain_error) for each in met):
        queue = say("with a full queue") if mode == "pipelined" else say("one pass after the other")
        unknown = say("not known")
        yield say(
            "Energy is that of the {boundary} for one input, {queue}, idle power included; how far the meter itself "
            "is off: {error}.",
            boundary=retold(boundary),
            queue=queue,
            error=unknown if gain is None else _off(gain),
        )


def _off(gain: float) -> str:
    """How far off a meter may be."""
    return say("about {percent} % as a rule, alike for all rows of one board", percent=f"{100 * gain:g}")


def unlike_told(group: Sequence[Measurement]) -> Iterator[str]:
    """What differs under one heading and is no condition."""
    torches = dict.fromkeys(each.environment.software.torch for each in group)
    conditions = retold(conditions_text(group[0].conditions))
    if len(torches) > 1:
        yield say("{conditions}: measured with torch {versions}.", conditions=conditions, versions=listed(torches))
    boards = {each.environment.gpu.uuid_hash for each in group if each.environment.gpu is not None} - {None}
    if len(boards) > 1:
        yield say("{conditions}: measured on {count} boards of that name.", conditions=conditions, count=len(boards))


def reasons_of(measurement: Measurement) -> tuple[Reason, ...]:
    """What must be known of it, by layer left out; each once."""
    memory, energy = measurement.memory, measurement.energy
    further = (*(memory.reasons if memory is not None else ()), *(energy.reasons if energy is not None else ()))
    return tuple(dict.fromkeys((*measurement.reasons, *further)))


def reasons_told(measurements: Sequence[Measurement]) -> Iterator[str]:
    """Each reason once, with the rows that it is about unless that is all."""
    about: dict[Reason, list[Measurement]] = {}
    for each in measurements:
        for reason in reasons_of(each):
            about.setdefault(reason, []).append(each)
    for reason, members in about.items():
        mark = "~ " if reason.code in NOISE and any(reason in each.reasons for each in members) else ""
        names = ", ".join(map(_named, members))
        is_all = len(members) == len(measurements)
        yield f"{mark}{'' if is_all and len(members) > 1 else f'{names}: '}{reason_told(reason)}"


def _named(measurement: Measurement) -> str:
    batch = measurement.conditions.batch_size
    return say("{network} at batch {batch}", network=measurement.architecture, batch=batch)
