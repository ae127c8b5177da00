"""One network, counted beside measured: how long each layer takes, how fast that is, and what holds it back."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from archstat import units
from archstat.files.choosing import conditions_text
from archstat.language import message, recorded, retold, say
from archstat.records import LayerEnergy, LayerTimes, Measurement, ModelCost, Peaks
from archstat.tables import quantities
from archstat.tables.columns import (
    GAPS,
    KIND,
    LAYER,
    NO_LAYER,
    OTHER_LAYERS,
    Column,
    Table,
    number,
    part_of_whole,
    sort_rows,
)
from archstat.tables.joining import Joined, limit, refuse_peaks, times_beside_counts
from archstat.tables.network import WHOLE_NETWORK, title_of, uncounted_in
from archstat.tables.reasons import reason_told

LEAST_CLOSURE, MOST_CLOSURE = 0.95, 1.05
"""Outside of these the rows tell too little, or too much, of the whole pass: they are indicative."""

UNSURE = "?"

LEAST_TOLD = 0.01
"""Layers that compute nothing themselves have a row of their own from this share of the time on."""


def _bare(rate: float) -> str:
    return units.rate(rate, "").rstrip()


_COLUMNS = (
    LAYER,
    KIND,
    quantities.MACS.column(),
    part_of_whole("macs_share", "MACs %", gives_way=5),
    number("time_s", "Time", units.seconds),
    Column("mark", "", least=1, continues=True),
    part_of_whole("time_share", "Time %", gives_way=1),
    number("flops_per_s", "FLOP/s", _bare, gives_way=2),
    number("bytes_per_s", "Byte/s", _bare, gives_way=3),
    number("intensity", "FLOP/byte", _bare, gives_way=4),
)
_ROOF = (Column("bound", "Bound", say, least=8), part_of_whole("roof_share", "Roof %"))
_ENERGY = (number("energy_j", "Energy", units.joules), number("power_w", "Power", units.watts, gives_way=2))


def measured_table(
    cost: ModelCost, traffic: Sequence[int], measurement: Measurement, peaks: Peaks | None, *, sort: str | None = None
) -> Table:
    """One row for each layer: its time beside its work, and what bounds it.

    The bound is what would take longest at the machine's best: the arithmetic at the speed of the fastest matrix
    product (``compute``), the bytes that must move at the speed of the fastest copy (``memory``), or the call of a
    module that does next to nothing (``overhead``). ``roof_share`` is that longest time over the measured one; it can
    be more than 1, as where a cache is faster than a large copy.

    The ops that a larger layer runs itself stand together beside the layer's own time; so does a layer that was counted
    and measured a different number of times, with the layer around it. Rows that are too short for the measurement are
    marked and have no speed. Nothing is rescaled: the times add up to what was measured, not to the whole pass.

    Args:
        cost: The network, counted on the input that was measured.
        traffic: The bytes that each of its rows must move at least.
        measurement: The measurement of the same network by layer.
        peaks: The best that the device does; ``None``: the table says no bounds.
        sort: The key of the column to sort by, largest first.

    Raises:
        DataError: The measurement is of another network, input or element type, or not by layer; the peaks are of
            another device, precision or number of threads.
        UnknownNameError: There is no column to sort by of that name.
    """
    if peaks is not None:
        refuse_peaks(peaks, measurement)
    times, places = times_beside_counts(cost, traffic, measurement)
    energies = _energies(measurement)
    columns = (*_COLUMNS, *(_ROOF if peaks is not None else ()), *(_ENERGY if energies else ()))
    whole = times.rows_s
    is_told = {place: bool(place.counted) or (place.time_s or 0.0) >= LEAST_TOLD * whole for place in places}
    values = [
        *({**_told(place, cost, whole, peaks), **_energy(place, energies)} for place in places if is_told[place]),
        *_others([place for place in places if not is_told[place]], whole),
        *_unowned(times, whole),
    ]
    rows = [tuple(row.get(column.key) for column in columns) for row in values]
    title = f"{title_of(cost)}\n{retold(conditions_text(measurement.conditions))}"
    notes = _notes(cost, measurement, times, peaks, values)
    return Table(columns, sort_rows(columns, rows, sort), title, tuple(notes))


# -- the rows ----------------------------------------------------------------------------------------------------------


def _told(place: Joined, cost: ModelCost, whole: float, peaks: Peaks | None) -> dict[str, Any]:
    """The cells of a layer, by the key of their column."""
    time, speed = place.time_s, place.resolved_s
    cells = {
        "layer": place.layer or WHOLE_NETWORK,
        "kind": place.kind,
        "macs": place.macs,
        "macs_share": _part(place.macs, cost.macs),
        "time_s": time,
        "mark": UNSURE if place.measured and not place.is_resolved else "",
        "time_share": None if time is None else _part(time, whole),
        "flops_per_s": place.flops / speed if speed and place.flops else None,
        "bytes_per_s": place.nbytes / speed if speed and place.nbytes else None,
        "intensity": _part(place.flops, place.nbytes),
    }
    if peaks is None or not place.counted:
        return cells
    bound, best_s = limit(place, peaks)
    return {**cells, "bound": bound, "roof_share": best_s / speed if speed and bound else None}


def _part(part: float, whole: float) -> float | None:
    return part / whole if whole else None


_Run = tuple[str, int]


def _energies(measurement: Measurement) -> dict[_Run, LayerEnergy]:
    """The energy of each run of a module, where that was measured."""
    energy = measurement.energy
    return {(row.layer, row.call): row for row in energy.layers} if energy is not None else {}


def _energy(place: Joined, energies: Mapping[_Run, LayerEnergy]) -> dict[str, float]:
    """The energy and the power of a layer, if all of its runs were measured."""
    rows = [energies.get((row.layer, row.call)) for row in place.measured]
    told = [(row.pass_j, row.time_s) for row in rows if row is not None and row.pass_j and row.time_s]
    if not told or len(told) < len(rows):
        return {}
    energy = sum(joules for joules, _ in told)
    return {"energy_j": energy, "power_w": energy / sum(seconds for _, seconds in told)}


def _others(places: Sequence[Joined], whole: float) -> Iterator[dict[str, Any]]:
    """What layers spend that compute nothing themselves, each less than is worth a row."""
    time = sum(place.time_s or 0.0 for place in places)
    if time:
        few, count = recorded("own code of 1 layer"), len(places)
        kind = recorded("own code of {count} layers", count=count) if count > 1 else few
        yield _without_work(OTHER_LAYERS, kind, time, time / whole)


def _unowned(times: LayerTimes, whole: float) -> Iterator[dict[str, Any]]:
    """What ran in no module, and the gaps between kernels."""
    if times.unowned_s:
        yield _without_work(NO_LAYER, recorded("in no module"), times.unowned_s, times.unowned_s / whole)
    if times.gap_s is not None:
        yield _without_work(GAPS, recorded("no kernel runs"), times.gap_s, None)


def _without_work(layer: str, kind: str, time: float, share: float | None) -> dict[str, Any]:
    return {"layer": layer, "kind": kind, "time_s": time, "time_share": share, "mark": ""}


# -- what stands under them --------------------------------------------------------------------------------------------

_METHODS = {
    "hooks": message(
        "Time is that of each module without the modules in it, by hooks and the clock of the host; the median of "
        "{count} passes."
    ),
    "kernels": message(
        "Time is that of the kernels of each module without the modules in it, as they were traced; the median of "
        "{count} passes."
    ),
    "events": message(
        "Time is that of each module without the modules in it, by events in a queue that was held back; the median "
        "of {count} passes."
    ),
    "isolated": message(
        "Time is that of each layer run alone again and again: its caches are warm; the median of {count} passes."
    ),
}


def _notes(
    cost: ModelCost, measurement: Measurement, times: LayerTimes, peaks: Peaks | None, rows: Sequence[dict[str, Any]]
) -> Iterator[str]:
    yield protocol(times)
    yield _closure(times)
    has_gaps = times.gap_s is not None
    yield (
        say("Time % is of the sum of the rows, without the gaps.")
        if has_gaps
        else say("Time % is of the sum of the rows.")
    )
    if times.overhead_s or times.floor_s:
        yield say(
            "Taken off: {overhead} for each module in a layer, the cost of measuring. Left in: {floor}, what is "
            "measured of a module that does nothing.",
            overhead=units.seconds(times.overhead_s),
            floor=units.seconds(times.floor_s),
        )
    if any(row["mark"] for row in rows):
        shortest = units.seconds(times.resolution_s)
        yield say("? shorter than {time}, too short for this measurement: no speed.", time=shortest)
    yield say("Bytes are the least that a layer must move: what it reads, its weights, what it writes.")
    yield from _roof(peaks, rows)
    if any(row.get("energy_j") for row in rows):
        yield say(
            "Energy is that of a layer repeated alone, gross; its caches are warm, so rows do not add up to a pass."
        )
    if cost.uncounted:
        yield say("Not counted: {ops}, and so are the speeds.", ops=uncounted_in(cost))
    for reason in dict.fromkeys((*times.reasons, *measurement.reasons)):
        yield reason_told(reason)


def protocol(times: LayerTimes) -> str:
    """What the time of a layer is, and how it was measured, in a sentence."""
    return say(_METHODS[times.method], count=units.exact(times.passes))


def _closure(times: LayerTimes) -> str:
    """The sum of the rows beside the whole pass, and what that is worth."""
    rows = units.seconds(times.rows_s)
    if times.gap_s is not None:
        rows = say("{rows} and {gaps} of gaps", rows=rows, gaps=units.seconds(times.gap_s))
    if times.overlap_s:
        rows = say("{rows}, less {overlap} in which two of them run", rows=rows, overlap=units.seconds(times.overlap_s))
    told = say(
        "The rows come to {rows}, {percent} % of a whole pass without measuring ({whole}; with it {measured}).",
        rows=rows,
        percent=f"{100 * times.closure:.1f}",
        whole=units.seconds(times.whole_s),
        measured=units.seconds(times.measured_s),
    )
    is_whole = LEAST_CLOSURE <= times.closure <= MOST_CLOSURE
    return told if is_whole else f"{told} {say('The rows are indicative.')}"


def _roof(peaks: Peaks | None, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What the bounds are held against."""
    if peaks is None:
        yield say("No bounds: the best of this device is not known. 'archstat peaks' measures it.")
        return
    best = f"{units.rate(peaks.flops_per_s, 'FLOP/s')}, {units.rate(peaks.bytes_per_s, 'B/s')}"
    if peaks.call_s:
        call = units.seconds(peaks.call_s)
        yield say("Roof: {best}, {time} a call. {how}", best=best, time=call, how=retold(peaks.how))
    else:
        yield say("Roof: {best}, as given; with no time of a call, no layer is bound by overhead.", best=best)
    yield from (reason_told(reason) for reason in peaks.reasons)
    yield say(
        "Bound: what would take longest at these, the arithmetic (compute), the bytes (memory) or the call (overhead). "
        "Roof % is that time over the measured one."
    )
    bounds = {row["bound"] for row in rows if (row.get("roof_share") or 0) > 1}
    if bounds:
        yield say("More than 100 % of the roof: {causes}", causes=beyond(bounds))


def beyond(bounds: Container[str]) -> str:
    """How layers can be faster than what bounds them, in a sentence that goes on."""
    causes = [say(cause) for bound, cause in _BEYOND.items() if bound in bounds]
    return say("{causes}; or the device was slower when its best was measured.", causes=", ".join(causes))


BOUNDS = (message("compute"), message("memory"), message("overhead"))
"""What holds a layer back, as the column says it."""

_BEYOND = {
    "compute": message("an algorithm such as Winograd's multiplies less than is counted"),
    "memory": message("a cache, or reading without writing, is faster than a large copy"),
    "overhead": message("a layer that computes nothing takes less than the shortest call that does"),
}
"""Why a layer can be faster than what bounds it."""
