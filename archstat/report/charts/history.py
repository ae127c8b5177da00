"""How the ImageNet challenge was won."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.language import recorded, retold, say
from archstat.published.challenge import Winner, human
from archstat.published.challenge import winners as entries
from archstat.report.chart import Chart, View, chart
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.material import Material

_LEAST = 3
"""A page that names fewer winners than these is about something else."""
_ROW, _ROW_MIN, _AROUND, _THICK = 30, 20, 84, 0.7
"""The height of a row, the least that it can have, and what is above and below all rows, in pixels; and the part of a
row that a bar takes."""


_MEASURED_ON = (
    *(recorded("test set"), recorded("test set, 5 networks"), recorded("test set, 6 networks")),
    *(recorded("test set, 7 networks"), recorded("test set, 7 networks, 144 crops")),
    *(recorded("test set, several networks"), recorded("1,500 images of the test set, one trained annotator")),
)
"""What ``published/challenge.toml`` says of what errors are of."""


@chart("networks")
def winners(material: Material) -> Chart:
    """Winners of the ImageNet challenge year by year: their error, and how many layers they have."""
    rows = entries()
    named = {each.architecture for each in rows if each.architecture} & set(material.names)
    is_of_networks = material.subjects or material.measurements or material.choice.candidates
    if is_of_networks and len(named) < _LEAST:
        known = ", ".join(dict.fromkeys(each.architecture for each in rows if each.architecture))
        raise DataError(
            f"{len(named)} of these networks won the ImageNet challenge; {_LEAST} are needed. The winners are {known}."
        )
    alt = _alt(rows)

    def draw(canvas: Canvas) -> go.Figure:
        return theme.figure(*_errors(rows), _depths(rows), **_layout(rows, canvas))

    return Chart("winners", say("Winners of the ImageNet challenge"), (View("", draw, alt),), _caption())


def _alt(rows: Sequence[Winner]) -> str:
    depths = [each.layers for each in rows if each.layers]
    return say(
        "Top-5 error of the winners of the ImageNet challenge: {first} in {begin}, {last} in {end}; {person} by a "
        "person. The number of layers grows from {fewest} to {most}.",
        first=units.amount(rows[0].top5_error, "%"),
        begin=rows[0].year,
        last=units.amount(rows[-1].top5_error, "%"),
        end=rows[-1].year,
        person=units.amount(human().top5_error, "%"),
        fewest=min(depths),
        most=max(depths),
    )


def _caption() -> str:
    person = human()
    return say(
        "Percent of images without the right class among five guesses, and the layers with weights of the deepest "
        "network, as CS231n charts them in lecture 9. Every entry since 2012 is an ensemble of several networks, so "
        "errors of single networks are higher. VGG came second. The person is one: {measured} ({source}).",
        measured=retold(person.measured),
        source=person.source,
    )


def _errors(rows: Sequence[Winner]) -> tuple[go.Bar, go.Scatter]:
    """A bar for each, and the line of a person."""
    bars = go.Bar(
        x=[each.top5_error for each in rows],
        y=list(range(len(rows))),
        orientation="h",
        marker={"color": [theme.BLUE if each.layers else theme.GREY for each in rows]},
        width=_THICK,
        hovertext=[_hover(each) for each in rows],
        hoverinfo="text",
    )
    person = human()
    line = go.Scatter(
        x=[person.top5_error] * 2,
        y=[-0.6, len(rows) - 0.4],
        mode="lines",
        line={"color": theme.RED, "width": 1.5, "dash": "dash"},
        hovertext=theme.hover(
            say("A person"), [(say("Top-5 error"), units.amount(person.top5_error, "%"))], source=person.source
        ),
        hoverinfo="text",
    )
    return bars, line


def _depths(rows: Sequence[Winner]) -> go.Bar:
    """The layers of each entry that is a network."""
    deep = [(place, each) for place, each in enumerate(rows) if each.layers]
    return go.Bar(
        x=[each.layers for _, each in deep],
        y=[place for place, _ in deep],
        xaxis="x2",
        orientation="h",
        width=_THICK,
        marker={"color": theme.ORANGE},
        hovertext=[_hover(each) for _, each in deep],
        hoverinfo="text",
    )


def _hover(each: Winner) -> str:
    lines = [
        (say("Top-5 error"), units.amount(each.top5_error if each.precise is None else each.precise, "%")),
        (say("Measured on"), retold(each.measured)),
        (say("Layers"), str(each.layers or say("none, a shallow method"))),
        (say("Team"), each.team),
        (say("Place"), str(each.place)),
    ]
    return theme.hover(f"{each.year} {each.entry}", lines, source=f"{each.source}. {each.note}".strip())


def _layout(rows: Sequence[Winner], canvas: Canvas) -> dict[str, Any]:
    most = max(each.top5_error for each in rows)
    deepest = max(each.layers or 0 for each in rows)
    last = len(rows) - 1
    named = min(max(11, 11 + round((canvas.width - 320) / 9)), 20)
    split, room = (0.56, 1.8) if canvas.is_narrow else (0.62, 1.25)
    return {
        "height": _AROUND + round(canvas.step(_ROW, len(rows), _AROUND, _ROW_MIN) * len(rows)),
        "margin": {"l": 44 + 7 * named, "r": 12, "t": 34, "b": 34},
        "barmode": "overlay",
        "xaxis": _hidden([0, split], most * room),
        "xaxis2": _hidden([split + 0.06, 1], deepest * room),
        "yaxis": {
            "range": [last + 0.6, -0.6],
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [_name(each, named) for each in rows],
            "tickfont": {"color": theme.INK, "size": 12 if canvas.is_narrow else theme.SIZE},
            "showgrid": False,
            "showline": False,
            "ticks": "",
            "ticklabelstandoff": 6,
            "fixedrange": True,
        },
        "annotations": [
            _over(say("Top-5 error (%)"), 0),
            _over(say("Layers"), split + 0.06),
            *(_error(place, each.top5_error) for place, each in enumerate(rows)),
            *(_depth(place, each.layers) for place, each in enumerate(rows)),
            _person(last),
        ],
    }


def _hidden(domain: list[float], end: float) -> dict[str, Any]:
    """An axis whose values stand at the bars."""
    return {"visible": False, "domain": domain, "range": [0, end], "fixedrange": True}


def _name(each: Winner, most: int) -> str:
    """The year and the entry, cut where there is little width; who did not win is marked."""
    name = say("{entry} (2nd)", entry=each.entry) if each.place == 2 else each.entry
    return f'{theme.words(name, most)} <span style="color:{theme.MUTED}">{each.year}</span>'


def _over(text: str, x: float) -> dict[str, Any]:
    return {
        **_STILL,
        "xref": "paper",
        "yref": "paper",
        "x": x,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "text": text,
    }


def _error(place: int, error: float) -> dict[str, Any]:
    """The error at the end of its bar; one that is less than a person's stands behind their line, and not on it."""
    return _value(place, max(error, human().top5_error), units.amount(error, "%"), "x")


def _depth(place: int, layers: int | None) -> dict[str, Any]:
    """The number of layers at the end of its bar."""
    return _value(place, layers or 0, str(layers or say("shallow")), "x2")


def _value(place: int, value: float, text: str, axis: str) -> dict[str, Any]:
    """What stands at the end of a bar."""
    where = {"xref": axis, "x": value, "y": place, "xanchor": "left", "yanchor": "middle", "xshift": 5}
    return {**_STILL, **where, "text": text, "font": {"color": theme.INK, "size": theme.SIZE}}


def _person(last: int) -> dict[str, Any]:
    """What the line is, under it."""
    person = human().top5_error
    where = {"x": person, "y": last + 0.6, "xanchor": "left", "yanchor": "top", "xshift": -20}
    return {
        **_STILL,
        **where,
        "text": say("a person: {error}", error=units.amount(person, "%")),
        "font": {"color": theme.RED, "size": theme.SIZE},
    }


_STILL = {
    "showarrow": False,
    "borderpad": 0,
    "font": {"color": theme.MUTED, "size": theme.SIZE},
    "captureevents": False,
}
