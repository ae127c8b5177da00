"""The measured time of each layer of a network beside what was counted of it."""

from __future__ import annotations

import math
from typing import Any

from plotly import graph_objects as go

from archstat import units
from archstat.files.choosing import conditions_text
from archstat.language import retold, say
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._layer_times import Timed, layer_times_of, too_short
from archstat.report.charts._names import measured_inputs, name_in_title
from archstat.report.drawing import axes, labels, theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import Spot, frame_of
from archstat.report.drawing.layer_names import layer_legend, short_path, shown_path, symbol
from archstat.report.material import Subject
from archstat.tables.joining import Joined
from archstat.tables.quantities import MACS
from archstat.tables.roofline import protocol

OFF_THE_LINE = 1.5
"""A layer is named if its speed is more than this times that of all layers together, or less than one of so many."""

_SHARE_TOLD = 0.01
"""A layer without MACs is named from this share of the time on."""

_NAMED_MAX, _NAMED_MAX_NARROW = 14, 8
_MARGIN, _MARGIN_NARROW = {"l": 80, "r": 14, "b": 52}, {"l": 70, "r": 8, "b": 52}
_PLOT, _PLOT_MIN = 400, 180
_RADIUS = 4.5


@chart("network")
def layer_latency(subject: Subject) -> Chart:
    """The measured time of each layer against its MACs."""
    found = layer_times_of(subject)

    def draw(canvas: Canvas) -> go.Figure:
        return theme.figure(_points(found), _line(found), **_layout(found, canvas))

    view = View(say("Latency"), draw, _alt(subject.name, found))
    title = say("Time and MACs of each layer of {network}", network=name_in_title(subject.name))
    return Chart("layer_latency", title, (view,), _caption(subject, found))


# -- the picture -------------------------------------------------------------------------------------------------------


def _layout(found: Timed, canvas: Canvas) -> dict[str, Any]:
    margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
    words, top = layer_legend([place.kind for place in found.places], canvas.width, margin["l"], has_marks=True)
    layout: dict[str, Any] = {
        "height": top + canvas.rest(_PLOT, top + margin["b"], _PLOT_MIN) + margin["b"],
        "margin": {**margin, "t": top},
        "xaxis": _across(found, ticks=4 if canvas.is_narrow else 9),
        "yaxis": {**axes.thinned(_up(found), 12), "automargin": False},
        "shapes": _strip(found),
    }
    frame = frame_of(layout, canvas)
    first, last = _ends(found)
    line = [(end, end - math.log10(found.macs_per_s)) for end in (first, last)]
    spots = [*_spots(found, canvas), _speed(found, canvas)]
    return {**layout, "annotations": [*words, *labels.annotations(spots, frame, size=theme.SIZE - 1, lines=[line])]}


def _across(found: Timed, ticks: int = 9) -> dict[str, Any]:
    """MACs, and at the left a place for the layers that have none: a logarithm has no 0."""
    macs = [place.macs for place in found.with_macs]
    made = axes.thinned(theme.logarithmic(min(macs), max(macs), MACS.label), ticks)
    if not found.without_macs:
        return made
    zero = _zero(found)
    low, high = made["range"]
    inside = [pair for pair in zip(made["tickvals"], made["ticktext"], strict=True) if math.log10(pair[0]) > low]
    return {
        **made,
        "range": [2 * zero - low, high],
        "tickvals": [10**zero, *(value for value, _ in inside)],
        "ticktext": ["0", *(text for _, text in inside)],
    }


def _zero(found: Timed) -> float:
    """Where on the axis no MACs are, as a logarithm: at the left of all others."""
    macs = [place.macs for place in found.with_macs]
    low, high = theme.logarithmic(min(macs), max(macs), "")["range"]
    return float(low - 0.09 * (high - low))


def _up(found: Timed) -> dict[str, Any]:
    times = [place.time_s or 0.0 for place in found.places]
    return theme.logarithmic(min(times), max(times), say("Time"), unit="s")


def _strip(found: Timed) -> list[dict[str, Any]]:
    """The place of the layers without MACs, set off from the axis."""
    if not found.without_macs:
        return []
    low = _across(found)["range"][0]
    edge = 2 * _zero(found) - low
    place = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return [{**place, "x0": 10**low, "x1": 10**edge, "fillcolor": theme.RAISED, "line": {"width": 0}}]


def _positions(found: Timed) -> list[float]:
    """Where layers are across, as logarithms; those without MACs stand beside each other rather than on one line."""
    zero = _zero(found)
    step = 0.3 * (zero - float(_across(found)["range"][0]))
    beside_each_other = [zero + (number % 5 - 2) * step for number in range(len(found.without_macs))]
    return [*(math.log10(place.macs) for place in found.with_macs), *beside_each_other]


def _points(found: Timed) -> go.Scatter:
    return go.Scatter(
        x=[10**position for position in _positions(found)],
        y=[place.time_s for place in found.places],
        mode="markers",
        marker={
            "color": [theme.sort_of(place.kind)[1] for place in found.places],
            "symbol": [symbol(place.kind) for place in found.places],
            "size": 2 * _RADIUS,
            "line": {"color": theme.PAPER, "width": 0.7},
        },
        hovertext=[_hover(place, found) for place in found.places],
        hoverinfo="text",
    )


def _hover(place: Joined, found: Timed) -> str:
    time = place.time_s or 0.0
    speed = [(say("MACs in a second"), units.rate(place.macs / time, "MAC/s"))] if place.macs else []
    lines = [
        (say("what"), retold(place.kind)),
        (say("time"), f"{units.seconds(time)}, {units.share(found.share([place]), 1)}"),
        (MACS.label, units.compact(place.macs)),
    ]
    return theme.hover(shown_path(place.layer), [*lines, *speed])


def _line(found: Timed) -> go.Scatter:
    """The speed of all layers that have MACs together: what is over it is slower."""
    ends = [10**end for end in _ends(found)]
    return go.Scatter(
        x=ends,
        y=[end / found.macs_per_s for end in ends],
        mode="lines",
        line={"color": theme.MUTED, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )


def _ends(found: Timed) -> tuple[float, float]:
    """Where the line begins and ends across, as logarithms: inside of the frame, and not in the strip."""
    left, right = _across(found)["range"]
    low, high = (end + math.log10(found.macs_per_s) for end in _up(found)["range"])
    first = 2 * _zero(found) - left if found.without_macs else left
    return max(first, low), min(right, high)


def _speed(found: Timed, canvas: Canvas) -> Spot:
    """The name of the line, at a third of it."""
    first, last = _ends(found)
    at = first + (last - first) / 3
    speed = units.rate(found.macs_per_s, "MAC/s")
    text = speed if canvas.is_narrow else say("all together: {speed}", speed=speed)
    return Spot(at, at - math.log10(found.macs_per_s), text, 1.5, theme.MUTED, weight=math.inf)


def _spots(found: Timed, canvas: Canvas) -> list[Spot]:
    """All points, those with names that are far off the line, or that take time without MACs."""
    weights = [_weight(place, found) for place in found.places]
    named, longest = _NAMED_MAX_NARROW if canvas.is_narrow else _NAMED_MAX, canvas.characters(28, 22)
    least = sorted(weights, reverse=True)[:named][-1]
    return [
        Spot(
            position,
            math.log10(place.time_s or 1.0),
            short_path(theme.cut(shown_path(place.layer), 200), longest) if weight and weight >= least else "",
            _RADIUS,
            weight=weight,
        )
        for position, place, weight in zip(_positions(found), found.places, weights, strict=True)
    ]


def _weight(place: Joined, found: Timed) -> float:
    """How much a layer is worth a name: 0, not at all."""
    share = found.share([place])
    if not place.macs:
        return share if share >= _SHARE_TOLD else 0.0
    off = abs(math.log(_times_as_fast(place, found)))
    return share * off if off > math.log(OFF_THE_LINE) else 0.0


def _times_as_fast(place: Joined, found: Timed) -> float:
    """The speed of a layer over that of all."""
    return place.macs / (place.time_s or math.inf) / found.macs_per_s


# -- what stands under it ----------------------------------------------------------------------------------------------


def _alt(name: str, found: Timed) -> str:
    rates = sorted(found.with_macs, key=lambda place: _times_as_fast(place, found))
    slow, fast = rates[0], rates[-1]
    return say(
        "Time against MACs of {count} layers of {network}, both axes logarithmic. All with MACs together run at "
        "{speed}; {slow} is the slowest at {slow_speed}, {fast} the fastest at {fast_speed}.",
        count=len(found.places),
        network=name_in_title(name),
        speed=units.rate(found.macs_per_s, "MAC/s"),
        slow=theme.cut(shown_path(slow.layer)),
        slow_speed=_rate(slow),
        fast=theme.cut(shown_path(fast.layer)),
        fast_speed=_rate(fast),
    )


def _rate(place: Joined) -> str:
    return units.rate(place.macs / (place.time_s or math.inf), "MAC/s")


def _caption(subject: Subject, found: Timed) -> str:
    _, measurement = subject.measured()
    where = f"{retold(conditions_text(measurement.conditions))}."
    sentences = [where, measured_inputs([measurement]), protocol(found.times)]
    sentences.append(say("What is over the line is slower than all layers with MACs together."))
    if found.without_macs:
        sentences.append(_without_macs(found))
    if found.short:
        sentences.append(too_short(found))
    return " ".join(sentences)


def _without_macs(found: Timed) -> str:
    """What share of the time the layers without MACs take, and which of them most of it."""
    places = sorted(found.without_macs, key=lambda place: -(place.time_s or 0.0))
    named = [place for place in places[:3] if found.share([place]) >= _SHARE_TOLD]
    parts = ", ".join(f"{theme.cut(shown_path(place.layer))} {units.share(found.share([place]), 1)}" for place in named)
    share = units.share(found.share(places), 1)
    took = say("{share} of the time", share=share)
    took = f"{took} ({parts})" if parts else took
    if len(places) == 1:
        return say("1 layer without MACs, in the strip at the left, takes {share}.", share=took)
    return say("{count} layers without MACs, in the strip at the left, take {share}.", count=len(places), share=took)
