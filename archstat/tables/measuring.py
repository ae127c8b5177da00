"""What will be measured, what was, and what the self-test of a machine found."""

from __future__ import annotations

from collections.abc import Sequence

from archstat import units
from archstat.files.choosing import conditions_text
from archstat.language import message, retold, say
from archstat.records import Conditions, Measurement, SelfTest
from archstat.tables.columns import Column, Row, Table, number, path
from archstat.tables.measurements import alike, mark_of, notes_of
from archstat.tables.reasons import reason_told

_CONDITIONS = Column("conditions", "Conditions", retold, is_heading=True)
_LATENCY_COLUMNS = (
    _CONDITIONS,
    path("architecture", "Architecture"),
    number("latency_s", "Latency", units.seconds),
    Column("mark", "", least=1, continues=True),
    number("half_width_s", "±", units.seconds, continues=True),
    number("min_s", "Min", units.seconds),
    number("p25_s", "25 %", units.seconds, gives_way=6),
    number("p75_s", "75 %", units.seconds, gives_way=6),
    number("p95_s", "95 %", units.seconds, gives_way=5),
    number("p99_s", "99 %", units.seconds, gives_way=8),
    number("first_call_s", "First call", units.seconds, gives_way=4),
    number("n", "Samples", units.exact, gives_way=3),
    Column("stopped_by", "Stopped by", say, gives_way=2),
    number("throughput", "Inputs/s", lambda each: units.rate(each, "").rstrip()),
    number("peak_bytes", "Peak memory", units.data_size),
    number("counted_peak_bytes", "counted", units.data_size, gives_way=1, continues=True),
)
_GPU_COLUMNS = (
    number("pipelined_s", "Full queue", units.seconds, gives_way=7),
    number("span_s", "GPU span", units.seconds, gives_way=7),
    number("busy_s", "GPU busy", units.seconds, gives_way=7),
    number("graph_s", "Graph", units.seconds, gives_way=7),
)
_ENERGY_COLUMNS = (
    number("energy_j", "Energy", units.joules),
    number("energy_half_width_j", "±", units.joules, gives_way=2, continues=True),
    number("net_energy_j", "net", units.joules, gives_way=1, continues=True),
    number("power_w", "Power", units.watts),
)


def latency_table(measurements: Sequence[Measurement], *, has_energy: bool = False) -> Table:
    """One row for each measurement: its latency and how sure that is, its memory, and its energy if that was asked for.

    Only rows under one heading were made under like conditions.
    """
    has_gpu = any(each.gpu is not None for each in measurements)
    columns = (*_LATENCY_COLUMNS, *(_GPU_COLUMNS if has_gpu else ()), *(_ENERGY_COLUMNS if has_energy else ()))
    groups = alike(measurements)
    rows = [
        (*_timed(each), *(_on_gpu(each) if has_gpu else ()), *(_energy(each) if has_energy else ()))
        for group in groups
        for each in group
    ]
    return Table(columns, tuple(rows), "", tuple(notes_of(measurements)))


def _timed(measurement: Measurement) -> Row:
    latency, memory = measurement.latency, measurement.memory
    interval = latency.interval if latency is not None else None
    times = [getattr(latency, f"{key}_s", None) for key in ("min", "p25", "p75", "p95", "p99", "first_call")]
    return (
        conditions_text(measurement.conditions),
        measurement.architecture,
        getattr(latency, "median_s", None),
        mark_of(measurement),
        interval.half_width if interval is not None else None,
        *times,
        getattr(latency, "n", None),
        _STOPS.get(getattr(latency, "stopped_by", None)),
        measurement.throughput,
        memory.peak_bytes if memory is not None else None,
        measurement.counted.peak_activation_bytes,
    )


_STOPS = {
    "precision": message("precision"),
    "max_time": message("time limit"),
    "interrupted": message("interruption"),
    None: None,
}


def _on_gpu(measurement: Measurement) -> Row:
    times = measurement.gpu
    return tuple(getattr(times, key, None) for key in ("pipelined_s", "span_s", "busy_s", "graph_s"))


def _energy(measurement: Measurement) -> Row:
    energy = measurement.energy
    if energy is None:
        return (None,) * len(_ENERGY_COLUMNS)
    parts = [energy.pass_j, energy.uncertainty_j, energy.net_j]
    return (*(None if part is None else part / energy.batch_size for part in parts), energy.power_w)


_PLAN_COLUMNS = (
    _CONDITIONS,
    path("architecture", "Architecture"),
    Column("part", "Part", retold),
    number("longest_s", "At most", units.seconds),
)


def plan_table(parts: Sequence[tuple[str, Conditions, str, float]]) -> Table:
    """One row for each part of what would be measured, with the most time that it takes.

    Args:
        parts: Architecture, conditions, what, seconds.
    """
    rows = tuple((conditions_text(conditions), name, what, longest) for name, conditions, what, longest in parts)
    total = sum(longest for *_, longest in parts)
    longest_s = say("{count} minutes", count=f"{total / 60:.0f}") if total >= 120 else units.seconds(total)
    note = say("At most {time} in all, if no pass takes more than a second. Nothing was measured.", time=longest_s)
    return Table(_PLAN_COLUMNS, rows, "", (note,))


_SHARE = "{:.2%}".format
_SELFTEST_COLUMNS = (
    number("first_s", "First", units.seconds),
    number("second_s", "Second", units.seconds),
    number("ratio", "Second / first", "{:.4f}".format),
    number("low", "from", "{:.4f}".format, continues=True),
    number("high", "to", "{:.4f}".format, continues=True),
    number("smallest_difference", "Smallest difference", _SHARE),
    number("least_ratio", "Of the shortest", "{:.4f}".format, gives_way=1),
    number("round_spread", "Spread", _SHARE, gives_way=2),
    number("pressure", "Waited", _SHARE, gives_way=3),
    number("steal", "Stolen", _SHARE, gives_way=4),
)


def selftest_table(found: SelfTest) -> Table:
    """One row: what two copies of one network say of a machine."""
    noise = found.environment.noise
    row = (
        found.first_s,
        found.second_s,
        found.ratio,
        found.interval.low,
        found.interval.high,
        found.smallest_difference,
        found.least_ratio,
        found.round_spread,
        noise.pressure,
        noise.steal,
    )
    title = say(
        "{network} against itself · {conditions} · {count} pairs",
        network=found.architecture,
        conditions=retold(conditions_text(found.conditions)),
        count=found.pairs,
    )
    return Table(_SELFTEST_COLUMNS, (row,), title, _judged(found))


def _judged(found: SelfTest) -> tuple[str, ...]:
    """What a self-test says of a machine, in sentences."""
    seen = (
        say("The copies do not differ by more than chance.")
        if found.is_fair
        else say("The copies differ by more than chance: compare nothing on this machine now.")
    )
    least = f"{found.smallest_difference:.1%}"
    smallest = say("Believe no difference below {percent} in so many pairs.", percent=least)
    quiet = () if found.reasons else (say("The machine is quiet."),)
    return (seen, smallest, *quiet, *(reason_told(each) for each in found.reasons))
