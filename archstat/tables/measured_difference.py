"""Two sets of measurements side by side: what ran faster, and whether the difference can be told from the noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.files.choosing import conditions_text
from archstat.language import message, retold, say
from archstat.records import Interval, LayerTime, Measurement
from archstat.tables.columns import Column, Row, Table, layer_shown, number, path
from archstat.tables.measurements import energies_told, mark_of, reasons_told, unlike_told

MeasuredPair = tuple[Measurement, Measurement]
"""A measurement before and after, made under the same conditions on the same input."""

_APART, _ALIKE, _UNKNOWN = message("told apart"), message("not told apart"), message("not known")

_COLUMNS = (
    Column("conditions", "Conditions", retold, is_heading=True),
    path("a", "A"),
    path("b", "B"),
    number("latency_s_a", "Latency A", units.seconds),
    number("latency_s_b", "Latency B", units.seconds),
    number("latency_change", "Change", units.relative),
    Column("verdict", "Verdict", retold),
    Column("mark", "", least=1, continues=True),
    number("peak_bytes_a", "Peak memory A", units.data_size, gives_way=2),
    number("peak_bytes_b", "Peak memory B", units.data_size, gives_way=2),
    number("energy_j_a", "Energy A", units.joules, gives_way=1),
    number("energy_j_b", "Energy B", units.joules, gives_way=1),
)

_LAYER_COLUMNS = (
    path("layer", "Layer"),
    Column("kind", "Kind", gives_way=1),
    number("time_s_a", "Time A", units.seconds),
    number("time_s_b", "Time B", units.seconds),
    number("time_change_s", "Change", lambda change: units.signed(change, units.seconds)),
    Column("verdict", "Verdict", retold),
)


def measured_pairs(a: Sequence[Measurement], b: Sequence[Measurement]) -> list[MeasuredPair]:
    """The measurements of two files that can be compared.

    A network is paired with the one of its name; where each file holds a single network, with that one.

    Args:
        a: The measurements before.
        b: The measurements after.

    Raises:
        DataError: No two of them were made under the same conditions on the same input.
    """
    is_one_each = len({each.architecture for each in a}) == len({each.architecture for each in b}) == 1
    pairs = [
        (before, after)
        for before in a
        for after in b
        if _is_comparable(before, after) and (is_one_each or before.architecture == after.architecture)
    ]
    if not pairs:
        raise DataError(
            f"Nothing here compares: {_told(a[0])} was measured before, and {_told(b[0])} after. Measure both under "
            "the same conditions, on the same input."
        )
    return pairs


def _is_comparable(before: Measurement, after: Measurement) -> bool:
    return (before.conditions, before.input_shapes) == (after.conditions, after.input_shapes)


def _told(measurement: Measurement) -> str:
    conditions = conditions_text(measurement.conditions)
    return f"{measurement.architecture} on {units.shapes(measurement.input_shapes)} ({conditions})"


def measured_diff_table(pairs: Sequence[MeasuredPair]) -> Table:
    """A row for each pair: both latencies, their change, and whether their intervals lie apart.

    Args:
        pairs: What is compared.
    """
    return Table(_COLUMNS, tuple(_row(*pair) for pair in pairs), "", tuple(_notes(pairs)))


def _notes(pairs: Sequence[MeasuredPair]) -> Iterator[str]:
    yield say(
        "Change is that of the median time of a pass. Two times are told apart if their 95 % intervals do not overlap; "
        "what is not may still differ by as much as the intervals are wide."
    )
    measurements = [each for pair in pairs for each in pair]
    yield from energies_told(measurements)
    for pair in pairs:
        yield from unlike_told(pair)
    yield from reasons_told(measurements)


def _row(before: Measurement, after: Measurement) -> Row:
    both = (before, after)
    times = [None if each.latency is None else each.latency.median_s for each in both]
    intervals = [None if each.latency is None else each.latency.interval for each in both]
    first, second = times
    change = second / first - 1 if first and second is not None else None
    peaks = [None if each.memory is None else each.memory.peak_bytes for each in both]
    energies = [None if each.energy is None else each.energy.input_j for each in both]
    conditions = conditions_text(before.conditions)
    mark = mark_of(before) or mark_of(after)
    names = (before.architecture, after.architecture)
    return (conditions, *names, first, second, change, _verdict(*intervals), mark, *peaks, *energies)


def _verdict(before: Interval | None, after: Interval | None) -> str:
    if before is None or after is None:
        return _UNKNOWN
    return _ALIKE if before.low <= after.high and after.low <= before.high else _APART


def measured_layers_table(before: Measurement, after: Measurement, *, only_changes: bool = False) -> Table | None:
    """The times of the layers that both networks have, those that changed most first.

    Args:
        before: The measurement before.
        after: The measurement after.
        only_changes: Leave out the layers whose times are not told apart.

    Returns:
        The table; ``None`` if one of them was not measured by layers.
    """
    if before.layers is None or after.layers is None:
        return None
    others = {(row.layer, row.call): row for row in after.layers.rows}
    rows = [_layer_row(row, others[key]) for row in before.layers.rows if (key := (row.layer, row.call)) in others]
    changed = [row for row in rows if not only_changes or row[-1] == _APART]
    ordered = sorted(changed, key=lambda row: -abs(row[4]))
    names = {"before": before.architecture, "after": after.architecture}
    title = say("Layers, those that changed most first: {before}, {after}", **names)
    return Table(_LAYER_COLUMNS, tuple(ordered), title, tuple(_layer_notes(before, after, len(rows))))


def _layer_row(before: LayerTime, after: LayerTime) -> Row:
    verdict = _verdict(before.interval, after.interval) if before.is_resolved and after.is_resolved else _ALIKE
    layer = layer_shown(before.layer) + (f" ({before.call})" if before.call > 1 else "")
    return (layer, before.kind, before.time_s, after.time_s, after.time_s - before.time_s, verdict)


def _layer_notes(before: Measurement, after: Measurement, matched: int) -> Iterator[str]:
    yield say("A layer's time is without the modules in it; times too short to be measured are not told apart.")
    rows = [len(each.layers.rows) for each in (before, after) if each.layers is not None]
    if max(rows) > matched:
        yield say(
            "Runs of layers in one of the two alone, left out: {count}.",
            count=units.exact(sum(rows) - 2 * matched),
        )


def measured_diff_tables(a: Sequence[Measurement], b: Sequence[Measurement], *, only_changes: bool) -> list[Table]:
    """The pairs of two files, and the layers of each pair that was measured by layers.

    Args:
        a: The measurements before.
        b: The measurements after.
        only_changes: Leave out what is not told apart.

    Raises:
        DataError: No two of them were made under the same conditions on the same input.
    """
    pairs = measured_pairs(a, b)
    whole = measured_diff_table(pairs)
    place = [column.key for column in _COLUMNS].index("verdict")
    if only_changes:
        whole = msgspec.structs.replace(whole, rows=tuple(row for row in whole.rows if row[place] != _ALIKE))
    layers = [measured_layers_table(*pair, only_changes=only_changes) for pair in pairs]
    return [whole, *(table for table in layers if table is not None)]
