"""The layers of a network under the roof of the device that they ran on."""

from __future__ import annotations

import math
from typing import Any

from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.files.choosing import conditions_text
from archstat.language import message, retold, say
from archstat.records import Peaks
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._layer_times import Timed, layer_times_of, too_short
from archstat.report.charts._names import measured_inputs, name_in_title
from archstat.report.drawing import axes, labels, theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import Spot, frame_of
from archstat.report.drawing.layer_names import layer_legend, short_path, shown_path, symbol
from archstat.report.material import Subject
from archstat.tables.joining import Joined, limit, refuse_peaks
from archstat.tables.quantities import FLOPS
from archstat.tables.roofline import beyond, protocol

_NAMED_MAX, _NAMED_MAX_NARROW = 8, 5
_MARGIN, _MARGIN_NARROW = {"l": 68, "r": 14, "b": 52}, {"l": 60, "r": 8, "b": 52}
_PLOT, _PLOT_MIN = 420, 180
_BOUNDS = {"compute": message("compute"), "memory": message("memory"), "overhead": message("overhead")}
"""What bounds a layer, for people."""
_SMALLEST, _LARGEST = 6.0, 56.0
"""How wide a point is, in pixels; its area is the time of the layer, down to the smallest that is seen."""


@chart("network")
def roofline(subject: Subject) -> Chart:
    """What each layer attains against its FLOPs for each byte, under the roof of the device."""
    found, peaks = layer_times_of(subject), subject.peaks()
    refuse_peaks(peaks, subject.measured()[1])
    places = [place for place in found.places if place.flops and place.nbytes]
    if not places:
        raise DataError(f"No layer of {subject.name!r} has both FLOPs and bytes.")

    def draw(canvas: Canvas) -> go.Figure:
        data = _line(places, peaks), _points(places, found, peaks)
        return theme.figure(*data, **_layout(places, found, peaks, canvas))

    view = View(say("Roofline"), draw, _alt(subject, places, peaks))
    title = say("The layers of {network} under the roof of the device", network=name_in_title(subject.name))
    return Chart("roofline", title, (view,), _caption(subject, places, found, peaks))


def intensity(place: Joined) -> float:
    """FLOPs for each byte that must move."""
    return place.flops / place.nbytes


def attained(place: Joined) -> float:
    """FLOPs in a second."""
    return place.flops / (place.time_s or math.inf)


def roof(at: float, peaks: Peaks) -> float:
    """The most FLOPs in a second that so many FLOPs for each byte allow."""
    return min(at * peaks.bytes_per_s, peaks.flops_per_s)


# -- the picture -------------------------------------------------------------------------------------------------------


def _layout(places: list[Joined], found: Timed, peaks: Peaks, canvas: Canvas) -> dict[str, Any]:
    margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
    words, top = layer_legend([place.kind for place in places], canvas.width, margin["l"], has_marks=True)
    layout: dict[str, Any] = {
        "height": top + canvas.rest(_PLOT, top + margin["b"], _PLOT_MIN) + margin["b"],
        "margin": {**margin, "t": top},
        "xaxis": axes.thinned(_across(places, peaks), 10),
        "yaxis": {**axes.thinned(_up(places, peaks), 10), "automargin": False},
    }
    layout["shapes"] = [_ridge(peaks)]
    frame = frame_of(layout, canvas)
    spots = [*_spots(places, found, canvas), *_roof_spots(places, peaks, canvas)]
    line = [(math.log10(at), math.log10(roof(at, peaks))) for at in _roof_ends(places, peaks)]
    ridge = [(math.log10(peaks.ridge), end) for end in layout["yaxis"]["range"]]
    named = labels.annotations(spots, frame, size=theme.SIZE - 1, lines=[line, ridge], crossing=labels.ON_BOLD)
    return {**layout, "annotations": [*words, *named]}


def _across(places: list[Joined], peaks: Peaks) -> dict[str, Any]:
    met = [*map(intensity, places), peaks.ridge]
    made = theme.logarithmic(min(met), max(met), say("FLOPs for each byte that must move"))
    return {**made, "ticktext": [f"{tick:g}" for tick in made["tickvals"]]}


def _up(places: list[Joined], peaks: Peaks) -> dict[str, Any]:
    rates = [*map(attained, places), peaks.flops_per_s]
    return theme.logarithmic(min(rates), max(rates), say("FLOP/s attained"))


def _line(places: list[Joined], peaks: Peaks) -> go.Scatter:
    ends = _roof_ends(places, peaks)
    return go.Scatter(
        x=ends,
        y=[roof(end, peaks) for end in ends],
        mode="lines",
        line={"color": theme.INK, "width": 1.5},
        hoverinfo="skip",
    )


def _roof_ends(places: list[Joined], peaks: Peaks) -> list[float]:
    """Where the roof begins, bends and ends, in FLOPs for each byte."""
    low, high = _across(places, peaks)["range"]
    return [10**low, peaks.ridge, 10**high]


def _points(places: list[Joined], found: Timed, peaks: Peaks) -> go.Scatter:
    return go.Scatter(
        x=list(map(intensity, places)),
        y=list(map(attained, places)),
        mode="markers",
        marker={
            "color": [theme.sort_of(place.kind)[1] for place in places],
            "symbol": [symbol(place.kind) for place in places],
            "size": [_size(place, found) for place in places],
            "opacity": 0.8,
            "line": {"color": theme.PAPER, "width": 1},
        },
        hovertext=[_hover(place, found, peaks) for place in places],
        hoverinfo="text",
    )


def _size(place: Joined, found: Timed) -> float:
    return round(max(_SMALLEST, _LARGEST * math.sqrt(found.share([place]))), 2)


def _hover(place: Joined, found: Timed, peaks: Peaks) -> str:
    bound, best_s = limit(place, peaks)
    time = place.time_s or math.inf
    share = units.share(best_s / time, 1)
    lines = [
        (say("what"), retold(place.kind)),
        (say("time"), f"{units.seconds(time)}, {units.share(found.share([place]), 1)}"),
        (say("attained"), units.rate(attained(place), "FLOP/s")),
        (say("moved"), units.rate(place.nbytes / time, "B/s")),
        (FLOPS.label, units.compact(place.flops)),
        (say("bytes"), units.data_size(place.nbytes)),
        (say("FLOPs for each byte"), units.rate(intensity(place), "").rstrip()),
        (say("bound"), say("{bound}, {share} of the roof", bound=say(_BOUNDS[bound or "overhead"]), share=share)),
    ]
    return theme.hover(shown_path(place.layer), lines)


def _spots(places: list[Joined], found: Timed, canvas: Canvas) -> list[Spot]:
    """The layers, those with names that take most of the time."""
    weights = [found.share([place]) for place in places]
    named, longest = _NAMED_MAX_NARROW if canvas.is_narrow else _NAMED_MAX, canvas.characters(28, 22)
    least = sorted(weights, reverse=True)[:named][-1]
    return [
        Spot(
            math.log10(intensity(place)),
            math.log10(attained(place)),
            short_path(theme.cut(shown_path(place.layer), 200), longest) if weight >= least else "",
            _size(place, found) / 2,
            weight=weight,
        )
        for place, weight in zip(places, weights, strict=True)
    ]


def _roof_spots(places: list[Joined], peaks: Peaks, canvas: Canvas) -> list[Spot]:
    """The names of the roof: of its slope, of its height where it bends, and of the place where it does."""
    left, ridge = _across(places, peaks)["range"][0], math.log10(peaks.ridge)
    slope = left + 0.35 * (ridge - left)
    low, high = _up(places, peaks)["range"]
    speed, bend = units.rate(peaks.bytes_per_s, "B/s"), units.rate(peaks.ridge, "FLOP/byte")
    names = (
        (slope, math.log10(roof(10**slope, peaks)), say("memory: {speed}", speed=speed)),
        (ridge, math.log10(peaks.flops_per_s), units.rate(peaks.flops_per_s, "FLOP/s")),
        (ridge, low + 0.05 * (high - low), bend if canvas.is_narrow else say("ridge: {place}", place=bend)),
    )
    return [Spot(across, up, text, 1.5, theme.MUTED, math.inf) for across, up, text in names]


def _ridge(peaks: Peaks) -> dict[str, Any]:
    """A line from where the roof bends down to the axis."""
    ends = {"x0": peaks.ridge, "x1": peaks.ridge, "yref": "y domain", "y0": 0, "y1": 1}
    return {"type": "line", **ends, "layer": "below", "line": {"color": theme.MUTED, "width": 1, "dash": "dot"}}


# -- what stands under it ----------------------------------------------------------------------------------------------


def _alt(subject: Subject, places: list[Joined], peaks: Peaks) -> str:
    best = max(places, key=attained)
    return say(
        "FLOPs in a second against FLOPs for each byte of {count} layers of {network}, both axes logarithmic. The roof "
        "is {bytes} and {flops}; {layer} attains most, {most}.",
        count=len(places),
        network=name_in_title(subject.name),
        bytes=units.rate(peaks.bytes_per_s, "B/s"),
        flops=units.rate(peaks.flops_per_s, "FLOP/s"),
        layer=theme.cut(shown_path(best.layer)),
        most=units.rate(attained(best), "FLOP/s"),
    )


def _best(peaks: Peaks) -> str:
    """What areas are, the best of the device, and where that comes from."""
    flops, nbytes = units.rate(peaks.flops_per_s, "FLOP/s"), units.rate(peaks.bytes_per_s, "B/s")
    if peaks.how == "given":
        return say(
            "The area of a point is its time. The roof is as given: {flops} and {bytes}.", flops=flops, bytes=nbytes
        )
    return say(
        "The area of a point is its time. The roof is the device's fastest matrix product and its fastest copy: "
        "{flops} and {bytes}.",
        flops=flops,
        bytes=nbytes,
    )


def _over(places: list[Joined], of: int, peaks: Peaks) -> str:
    """How many layers are over the roof, and how they can be."""
    causes = beyond({str(limit(place, peaks)[0]) for place in places})
    if len(places) == 1:
        return say("1 of {all} layers is over the roof: {causes}", all=of, causes=causes)
    return say("{count} of {all} layers are over the roof: {causes}", count=len(places), all=of, causes=causes)


def _caption(subject: Subject, places: list[Joined], found: Timed, peaks: Peaks) -> str:
    above = [place for place in places if attained(place) > roof(intensity(place), peaks)]
    sentences = [
        f"{retold(conditions_text(subject.measured()[1].conditions))}.",
        measured_inputs([subject.measured()[1]]),
        protocol(found.times),
        _best(peaks),
        say("Bytes are the least that a layer must move: what it reads, its weights, what it writes."),
    ]
    if above:
        sentences.append(_over(above, len(places), peaks))
    without = [place for place in found.places if not (place.flops and place.nbytes)]
    if without:
        took = units.share(found.share(without), 1)
        sentences.append(
            say(
                "{count} without FLOPs or bytes take {share} of the time and are left out.",
                count=len(without),
                share=took,
            )
        )
    if found.short:
        sentences.append(too_short(found))
    return " ".join(sentences)
