"""The measured time and power of networks over the batch size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.files.choosing import conditions_text
from archstat.language import listed, message, retold, say
from archstat.records import Measurement
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import measured_inputs, sized_names
from archstat.report.drawing import axes, labels, theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import Spot, frame_of
from archstat.report.drawing.layer_names import short_path
from archstat.report.material import Material, one_input
from archstat.tables.measurements import mark_of

_MARGIN, _MARGIN_NARROW = {"l": 84, "r": 8, "t": 12, "b": 52}, {"l": 74, "r": 4, "t": 12, "b": 52}
_PLOT, _PLOT_MIN = 360, 160
_MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down", "x")

Series = list[Measurement]
"""The measurements of one network in the order of their batch sizes."""


class Shown(msgspec.Struct, frozen=True):
    """What is drawn over the batch size.

    Attributes:
        key: What tells it from the others.
        english: What the switch says, in English.
        english_title: What the axis says, in English.
        unit: What stands at its ticks.
        value: The value of a measurement; ``None``: not measured.
        show: The value as text for people.
    """

    key: str
    english: str
    english_title: str
    unit: str
    value: Callable[[Measurement], float | None]
    show: Callable[[float], str]

    @property
    def label(self) -> str:
        """What the switch says, in the language that is spoken."""
        return say(self.english)

    @property
    def title(self) -> str:
        """What the axis says, in the language that is spoken."""
        return say(self.english_title)


def _input_s(measurement: Measurement) -> float | None:
    latency = measurement.latency
    return latency.median_s / measurement.conditions.batch_size if latency is not None else None


def _power_w(measurement: Measurement) -> float | None:
    return measurement.energy.power_w if measurement.energy is not None else None


def _input_j(measurement: Measurement) -> float | None:
    return measurement.energy.input_j if measurement.energy is not None else None


_SHOWN = (
    Shown("time", message("Time"), message("Time of an input"), "s", _input_s, units.seconds),
    Shown(
        "throughput",
        message("Throughput"),
        message("Inputs in a second"),
        "",
        lambda each: each.throughput,
        lambda value: units.rate(value, "/s"),
    ),
    Shown("power", message("Power"), message("Mean power"), "W", _power_w, units.watts),
    Shown("energy", message("Energy"), message("Energy of an input"), "J", _input_j, units.joules),
)


@chart("networks")
def batch(material: Material) -> Chart:
    """The measured time of one input, the throughput and the power of networks over the batch size."""
    found = series(material.measurements)
    told = [shown for shown in _SHOWN if any(_told(each, shown) for each in found)]
    if not told:
        raise DataError(
            "No network was measured with two batch sizes under otherwise equal conditions.",
            helps={"batch_sizes": "1,2,4"},
        )
    has_power = any(shown.key == "power" for shown in told)
    is_marked = any(mark_of(each) for line in found for each in line)
    return Chart(
        "batch",
        say("Time and power over the batch size") if has_power else say("Time and throughput over the batch size"),
        tuple(_view(found, shown) for shown in told),
        _caption(found, len(material.measurements)),
        say("The hover marks times that were disturbed with ~.") if is_marked else "",
    )


def series(measurements: Sequence[Measurement]) -> list[Series]:
    """The networks that were measured with several batch sizes, all under the same other conditions.

    Of several such conditions those count under which most was measured; a network stands there once for each size of
    its input.
    """
    groups: dict[Any, dict[Any, dict[int, Measurement]]] = {}
    for each in measurements:
        if each.latency is not None:
            networks = groups.setdefault(msgspec.structs.replace(each.conditions, batch_size=1), {})
            sizes = networks.setdefault((each.architecture, one_input(each)), {})
            sizes.setdefault(each.conditions.batch_size, each)
    found = [
        [[sizes[size] for size in sorted(sizes)] for sizes in networks.values() if len(sizes) > 1]
        for networks in groups.values()
    ]
    return max(found, key=lambda lists: sum(map(len, lists)), default=[])


def _told(each: Series, shown: Shown) -> Series:
    """The measurements of one network that have a value, if they are two at least."""
    told = [measurement for measurement in each if shown.value(measurement) is not None]
    return told if len(told) > 1 else []


# -- the picture -------------------------------------------------------------------------------------------------------


def _view(found: Sequence[Series], shown: Shown) -> View:
    drawn = [told for each in found if (told := _told(each, shown))]

    def draw(canvas: Canvas) -> go.Figure:
        lines = [_line(each, shown, number) for number, each in enumerate(drawn)]
        return theme.figure(*lines, **_layout(drawn, shown, canvas))

    return View(shown.label, draw, _alt(drawn, shown))


def _value(measurement: Measurement, shown: Shown) -> float:
    """The value of a measurement; only measurements that have one come here."""
    return shown.value(measurement) or 0.0


def _line(each: Series, shown: Shown, number: int) -> go.Scatter:
    return go.Scatter(
        x=[measurement.conditions.batch_size for measurement in each],
        y=[_value(measurement, shown) for measurement in each],
        error_y=_bars(each) if shown.key == "time" else None,
        mode="lines+markers",
        line={"color": _colour(number), "width": 1.5},
        marker={"color": _colour(number), "size": 8, "symbol": _MARKS[number % len(_MARKS)]},
        hovertext=[_hover(measurement, shown) for measurement in each],
        hoverinfo="text",
    )


def _colour(number: int) -> str:
    return theme.CYCLE[number % len(theme.CYCLE)]


def _bars(each: Series) -> dict[str, Any]:
    """The 95 % intervals; those that are wider than the value itself are left to the hover: a logarithm has no 0."""
    halves = []
    for measurement in each:
        interval = measurement.latency.interval if measurement.latency is not None else None
        half = interval.half_width / measurement.conditions.batch_size if interval is not None else 0.0
        halves.append(half if half < (_input_s(measurement) or 0.0) / 2 else 0.0)
    return {"type": "data", "array": halves, "thickness": 1.2, "width": 3}


def _hover(measurement: Measurement, shown: Shown) -> str:
    lines = [
        (say("batch"), units.exact(measurement.conditions.batch_size)),
        (shown.title, f"{_mark(measurement, shown)}{shown.show(_value(measurement, shown))}"),
    ]
    interval = measurement.latency.interval if measurement.latency is not None else None
    if shown.key == "time" and interval is not None:
        ends = say("{low} to {high}", low=units.seconds(interval.low), high=units.seconds(interval.high))
        lines.append((say("95 % interval of the batch"), ends))
    lines.append((say("input"), units.shapes(measurement.input_shapes)))
    return theme.hover(measurement.architecture, lines, source=retold(conditions_text(measurement.conditions)))


def _mark(measurement: Measurement, shown: Shown) -> str:
    return mark_of(measurement) if shown.key in ("time", "throughput") else ""


def _layout(drawn: Sequence[Series], shown: Shown, canvas: Canvas) -> dict[str, Any]:
    margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
    around = margin["t"] + margin["b"]
    names = [_name(name, canvas) for name in _names_of(drawn)]
    plot = canvas.width - margin["l"] - margin["r"]
    layout: dict[str, Any] = {
        "height": canvas.rest(_PLOT, around, _PLOT_MIN) + around,
        "margin": margin,
        "xaxis": _across(drawn, plot, max(map(labels.columns, names)) * theme.CHAR + 12),
        "yaxis": {**_up(drawn, shown), "automargin": False},
    }
    frame = frame_of(layout, canvas)
    spots = itertools.chain.from_iterable(
        _spots(each, shown, names[number], _colour(number), layout["yaxis"]) for number, each in enumerate(drawn)
    )
    return {**layout, "annotations": labels.annotations(list(spots), frame)}


def _names_of(drawn: Sequence[Series]) -> list[str]:
    return sized_names([each[0] for each in drawn])


def _name(name: str, canvas: Canvas) -> str:
    return short_path(theme.cut(name, 200), canvas.characters(22, 14))


def _across(drawn: Sequence[Series], plot: float, room: float) -> dict[str, Any]:
    """The batch sizes, with room at the right for the names of the lines."""
    sizes = sorted({measurement.conditions.batch_size for each in drawn for measurement in each})
    made = theme.logarithmic(sizes[0], sizes[-1], say("Batch size"))
    low, high = made["range"]
    ticks = {**made, "tickvals": sizes, "ticktext": list(map(units.exact, sizes))}
    ticks["range"] = [low, low + (high - low) * plot / max(plot - room, plot / 2)]
    return axes.thinned(ticks, int(plot / 30))


def _up(drawn: Sequence[Series], shown: Shown) -> dict[str, Any]:
    values = [_value(measurement, shown) for each in drawn for measurement in each]
    return axes.thinned(axes.amounts(values, shown.title, shown.unit), 12)


def _spots(each: Series, shown: Shown, name: str, colour: str, up: dict[str, Any]) -> list[Spot]:
    """The points of a line; the last one has its name."""
    return [
        Spot(
            math.log10(measurement.conditions.batch_size),
            axes.place(up, _value(measurement, shown)),
            name if measurement is each[-1] else "",
            5,
            colour,
            weight=1.0,
        )
        for measurement in each
    ]


# -- what stands under it ----------------------------------------------------------------------------------------------


def _alt(drawn: Sequence[Series], shown: Shown) -> str:
    parts = ", ".join(
        say(
            "{network} from {first} at batch {smallest} to {last} at batch {largest}",
            network=theme.cut(name),
            first=shown.show(_value(each[0], shown)),
            smallest=units.exact(each[0].conditions.batch_size),
            last=shown.show(_value(each[-1], shown)),
            largest=units.exact(each[-1].conditions.batch_size),
        )
        for each, name in zip(drawn[:4], _names_of(drawn), strict=False)
    )
    return say("{quantity} against batch size: {parts}.", quantity=shown.title, parts=parts)


def _caption(found: Sequence[Series], given: int) -> str:
    conditions = conditions_text(found[0][0].conditions).replace(
        f" · batch {units.exact(found[0][0].conditions.batch_size)}", ""
    )
    median = say(
        "The time of an input is the median time of a forward pass over the batch size, with its 95 % interval."
    )
    sentences = [f"{retold(conditions)}.", measured_inputs([each[0] for each in found]), median]
    energies = dict.fromkeys(
        each.energy.boundary for line in found for each in line if each.energy is not None and each.energy.boundary
    )
    if energies:
        boundaries = listed(say("the {boundary}", boundary=retold(each)) for each in energies)
        sentences.append(say("Power and energy are those of {boundaries}, idle power included.", boundaries=boundaries))
    if any(mark_of(each) for line in found for each in line):
        sentences.append(say("Some of the times were disturbed."))
    left_out = given - sum(map(len, found))
    if left_out == 1:
        sentences.append(say("1 other measurement is of one batch size, or of other conditions."))
    elif left_out:
        sentences.append(
            say("{count} other measurements are of one batch size, or of other conditions.", count=left_out)
        )
    return " ".join(sentences)
