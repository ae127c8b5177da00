"""The measured time of several networks beside what was counted of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.files.choosing import conditions_text
from archstat.language import message, retold, say
from archstat.published.names import display_name
from archstat.records import Latency, Measurement
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import measured_inputs, sized_names
from archstat.report.drawing import axes, labels, theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.correlation import correlation, correlation_text
from archstat.report.drawing.labels import Spot, frame_of
from archstat.report.drawing.layer_names import short_path
from archstat.report.material import Material
from archstat.tables.measurements import alike, mark_of
from archstat.tables.quantities import MACS

_MARGIN, _MARGIN_NARROW = {"l": 80, "r": 14, "t": 30, "b": 52}, {"l": 70, "r": 8, "t": 46, "b": 52}
_PLOT, _PLOT_MIN = 380, 180
_LINE = 48
"""Characters that have room in a line on a phone."""
_BAR_MAX = 3.0
"""An interval that is longer than so many times its median does not stretch the axis; its bar leaves the picture."""

_OTHERS_MAX = 4
"""Of more other conditions than these the caption says only how many they are."""

_MARKED = message("~ marks a time that was disturbed: trust it less than its interval says.")


@chart("networks")
def latency(material: Material) -> Chart:
    """The measured latency of networks against their MACs, and how closely the two go together."""
    timed = [each for each in material.measurements if each.latency is not None and each.counted.macs]
    if not timed:
        raise DataError("No measurement with a latency is given: 'archstat measure' makes one.")
    groups = alike(timed)
    group = max(groups, key=len)
    if len({each.architecture for each in group}) < 2:
        raise DataError("Latency against MACs is drawn of two networks at least, measured under the same conditions.")
    others = [each for each in timed if each.conditions != group[0].conditions]

    def draw(canvas: Canvas) -> go.Figure:
        return theme.figure(_points(group), **_layout(group, canvas))

    view = View(say("Latency"), draw, _alt(group))
    return Chart("latency", say("Measured latency against MACs"), (view,), _caption(group, others))


def _layout(group: Sequence[Measurement], canvas: Canvas) -> dict[str, Any]:
    margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
    around = margin["t"] + margin["b"]
    macs = [each.counted.macs for each in group]
    times = [end for each in group for end in _shown_ends(each)]
    layout: dict[str, Any] = {
        "height": canvas.rest(_PLOT, around, _PLOT_MIN) + around,
        "margin": margin,
        "xaxis": axes.thinned(theme.logarithmic(min(macs), max(macs), MACS.label), 5 if canvas.is_narrow else 10),
        "yaxis": {**axes.thinned(_up(times), 12), "automargin": False},
    }
    spots = [_spot(each, name, canvas) for each, name in zip(group, sized_names(group), strict=True)]
    named = labels.annotations(spots, frame_of(layout, canvas), lines=list(map(_bar, group)))
    return {**layout, "annotations": [*named, _told(group, canvas)]}


def _up(times: Sequence[float]) -> dict[str, Any]:
    return theme.logarithmic(min(times), max(times), say("Latency"), unit="s")


def _time(measurement: Measurement) -> float:
    return _latency(measurement).median_s


def _latency(measurement: Measurement) -> Latency:
    """The latency of a measurement; only measurements that have one come here."""
    return cast("Latency", measurement.latency)


def _ends(measurement: Measurement) -> tuple[float, float]:
    """The ends of the interval, which is drawn whole."""
    median, interval = _time(measurement), _latency(measurement).interval
    return (median, median) if interval is None else (interval.low, interval.high)


def _shown_ends(measurement: Measurement) -> tuple[float, float]:
    """The ends of the interval that the axis has room for: a logarithm has no 0, and one long bar flattens the rest."""
    median, (low, high) = _time(measurement), _ends(measurement)
    return max(low, median / _BAR_MAX), min(high, median * _BAR_MAX)


def _points(group: Sequence[Measurement]) -> go.Scatter:
    ends = [_ends(each) for each in group]
    return go.Scatter(
        x=[each.counted.macs for each in group],
        y=list(map(_time, group)),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - _time(each) for each, (_, high) in zip(group, ends, strict=True)],
            "arrayminus": [_time(each) - low for each, (low, _) in zip(group, ends, strict=True)],
            "color": theme.BLUE,
            "thickness": 1.5,
            "width": 4,
        },
        mode="markers",
        marker={"color": theme.BLUE, "size": 9},
        hovertext=list(map(_hover, group)),
        hoverinfo="text",
    )


def _hover(measurement: Measurement) -> str:
    interval, time = _latency(measurement).interval, f"{mark_of(measurement)}{units.seconds(_time(measurement))}"
    if interval is not None:
        low, high = units.seconds(interval.low), units.seconds(interval.high)
        time = say("{time}, 95 % interval {low} to {high}", time=time, low=low, high=high)
    return theme.hover(
        measurement.architecture,
        [
            (say("input"), units.shapes(measurement.input_shapes)),
            (MACS.label, units.compact(measurement.counted.macs)),
            (say("latency"), time),
            (say("MACs in a second"), units.rate(measurement.counted.macs / _time(measurement), "MAC/s")),
        ],
        source=retold(conditions_text(measurement.conditions)),
    )


def _spot(measurement: Measurement, name: str, canvas: Canvas) -> Spot:
    text = f"{mark_of(measurement)}{short_path(theme.cut(name, 200), canvas.characters(28, 20))}"
    return Spot(
        math.log10(measurement.counted.macs), math.log10(_time(measurement)), text, 5, weight=_time(measurement)
    )


def _bar(measurement: Measurement) -> list[tuple[float, float]]:
    """The bar of a point, which labels keep clear of."""
    return [(math.log10(measurement.counted.macs), math.log10(end)) for end in _shown_ends(measurement)]


def _found(group: Sequence[Measurement]) -> str:
    macs = [float(each.counted.macs) for each in group]
    return correlation_text(correlation(macs, list(map(_time, group))), len(group))


def _told(group: Sequence[Measurement], canvas: Canvas) -> dict[str, Any]:
    """The correlation over the picture."""
    text = _found(group)
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "align": "left"}
    font = {"color": theme.MUTED, "size": theme.SIZE - 1}
    whole = theme.words(text, 90)
    broken = whole.replace(", ", ",<br>", 1) if canvas.is_narrow and labels.columns(text) > _LINE else whole
    return {**place, "yshift": 6, "text": broken, "showarrow": False, "font": font, "borderpad": 0}


def _alt(group: Sequence[Measurement]) -> str:
    fastest, slowest = min(group, key=_time), max(group, key=_time)
    names = dict(zip(map(id, group), sized_names(group), strict=True))
    low, high = (f"{units.seconds(_time(each))} ({theme.cut(names[id(each)])})" for each in (fastest, slowest))
    drawn = say(
        "Latency against MACs of {count} networks, both axes logarithmic: from {low} to {high}.",
        count=len(group),
        low=low,
        high=high,
    )
    return f"{drawn} {_found(group)}"


def _caption(group: Sequence[Measurement], others: Sequence[Measurement]) -> str:
    sentences = [
        f"{retold(conditions_text(group[0].conditions))}.",
        say("The median time of a forward pass and its 95 % interval."),
        measured_inputs(group),
        say("Of latency and MACs: {correlation}", correlation=_found(group)),
    ]
    if any(map(mark_of, group)):
        sentences.append(say(_MARKED))
    if others:
        networks = "; ".join(_others(group, others))
        sentences.append(say("Left out, as measured under other conditions: {networks}.", networks=networks))
    return " ".join(sentences)


def _others(group: Sequence[Measurement], others: Sequence[Measurement]) -> list[str]:
    """What is not drawn, and in what its conditions differ."""
    own = conditions_text(group[0].conditions).split(" · ")
    parts = []
    for each in alike(others):
        differs = [part for part in conditions_text(each[0].conditions).split(" · ") if part not in own]
        parts.append(
            f"{', '.join(theme.cut(display_name(one.architecture)) for one in each)} ({retold(' · '.join(differs))})"
        )
    if len(parts) <= _OTHERS_MAX:
        return parts
    return [*parts[:_OTHERS_MAX], say("{count} more", count=len(parts) - _OTHERS_MAX)]
