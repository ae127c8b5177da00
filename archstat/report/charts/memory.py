"""The activation memory of a network over one forward pass."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.language import say
from archstat.records import AliveTensor, MemoryLevels, ModelCost
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import name_in_title
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import WIDTH, columns
from archstat.report.drawing.layer_names import short_path, shown_path
from archstat.report.material import Subject

_NAMED_MAX = 4
"""Of more tensors than these the caption and the hover name the largest."""

_TYPE, _CHAR = theme.SIZE - 2, WIDTH * (theme.SIZE - 2) / theme.SIZE
"""The size of the names of the stages, and how wide a character of it is, in pixels."""

_PLOT, _PLOT_MIN = 300, 150
_MARGIN, _MARGIN_NARROW = {"l": 64, "r": 12}, {"l": 48, "r": 6}
_NAME_MAX = 14


class Stage(msgspec.Struct, frozen=True):
    """Ops that run after each other in one part of a network.

    Attributes:
        name: The first name of their paths.
        first: The number of the first of them.
        last: The number of the last of them.
    """

    name: str
    first: int
    last: int

    @property
    def ops(self) -> int:
        """The number of ops of the stage."""
        return self.last - self.first + 1


@chart("network")
def memory(subject: Subject) -> Chart:
    """The activation memory that is alive over the ops of one forward pass, and what its peak goes to."""
    cost, levels = subject.network.cost, subject.network.levels()
    if not levels.peak.nbytes:
        raise DataError(f"{cost.architecture!r} allocates no activation memory.")

    def draw(canvas: Canvas) -> go.Figure:
        return theme.figure(_line(levels), _peak(levels), hovermode="x", **_layout(levels, canvas))

    view = View(say("Memory"), draw, _alt(cost, levels))
    return Chart(
        "memory",
        say("Activation memory of {network} over a forward pass", network=name_in_title(cost.architecture)),
        (view,),
        _caption(cost, levels),
    )


def stages(levels: MemoryLevels) -> list[Stage]:
    """The parts of a network in the order in which they run; a part that runs twice stands there twice."""
    names = [level.layer.partition(".")[0] for level in levels.levels]
    groups = itertools.groupby(range(len(names)), key=lambda place: names[place])
    runs = [(name, list(places)) for name, places in groups]
    return [Stage(shown_path(name), places[0] + 1, places[-1] + 1) for name, places in runs]


# -- the picture -------------------------------------------------------------------------------------------------------


def _layout(levels: MemoryLevels, canvas: Canvas) -> dict[str, Any]:
    """Axes, the stages as bands, and the name of the peak."""
    margin = _MARGIN_NARROW if canvas.is_narrow else _MARGIN
    inner = canvas.width - margin["l"] - margin["r"]
    step = inner / len(levels.levels)
    parts = stages(levels)
    names, over = _names(parts, step)
    scale, unit = _unit(levels.peak.nbytes)
    most = levels.peak.nbytes / scale
    return {
        "height": over + canvas.rest(_PLOT, over + 56, _PLOT_MIN) + 56,
        "margin": {**margin, "t": over + 4, "b": 52},
        "xaxis": theme.axis(say("Op of the forward pass"), range=[0.5, len(levels.levels) + 0.5], showgrid=False),
        "yaxis": theme.axis(say("Activations alive ({unit})", unit=unit), range=[0, 1.16 * most], nticks=6),
        "shapes": _bands(parts),
        "annotations": [*names, _peak_name(levels, inner)],
    }


def _unit(nbytes: int) -> tuple[int, str]:
    """The unit that people would give the peak in, and what it is worth."""
    unit = units.data_size(nbytes).rpartition(" ")[2]
    return {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}.get(unit, 1024**4), unit


def _line(levels: MemoryLevels) -> go.Scatter:
    scale, _ = _unit(levels.peak.nbytes)
    heights = [level.nbytes / scale for level in levels.levels]
    hovers = [
        theme.hover(
            shown_path(level.layer),
            [(say("op"), f"{number}, {level.op}"), (say("alive while it runs"), units.data_size(level.nbytes))],
        )
        for number, level in enumerate(levels.levels, start=1)
    ]
    return go.Scatter(  # from the beginning of the first op to the end of the last
        x=[0.5, *range(1, len(heights) + 1), len(heights) + 0.5],
        y=[heights[0], *heights, heights[-1]],
        mode="lines",
        line={"shape": "hvh", "color": theme.BLUE, "width": 1.5},
        fill="tozeroy",
        hovertext=[hovers[0], *hovers, hovers[-1]],
        hoverinfo="text",
    )


def _peak(levels: MemoryLevels) -> go.Scatter:
    """A mark at the peak, which tells what is alive there."""
    lines = [(_tensor_name(each), units.data_size(each.nbytes)) for each in _largest(levels.alive)]
    return go.Scatter(
        x=[levels.peak.op + 1],
        y=[levels.peak.nbytes / _unit(levels.peak.nbytes)[0]],
        mode="markers",
        marker={"color": theme.RED, "size": 9},
        hovertext=[
            theme.hover(say("Alive at the peak"), [*lines, (say("together"), units.data_size(levels.peak.nbytes))])
        ],
        hoverinfo="text",
    )


def _peak_name(levels: MemoryLevels, width: float) -> dict[str, Any]:
    """The name of the peak over it, moved to where there is room for it."""
    bold = 1.12 * theme.CHAR
    size = units.data_size(levels.peak.nbytes)
    layer = theme.cut(shown_path(levels.peak.layer), 200)
    room = min(30, int(width / bold) - columns(say("{size} in {layer}", size=size, layer="")))
    text = say("{size} in {layer}", size=size, layer=short_path(layer, room))
    half = min(columns(text) * bold / 2, width / 2)
    at = (levels.peak.op + 0.5) / len(levels.levels) * width
    return {
        "x": levels.peak.op + 1,
        "y": levels.peak.nbytes / _unit(levels.peak.nbytes)[0],
        "text": f"<b>{theme.words(text)}</b>",
        "xanchor": "center",
        "xshift": round(min(max(at, half), width - half) - at, 1),
        "yanchor": "bottom",
        "yshift": 7,
        "showarrow": False,
        "font": {"color": theme.RED},
        "borderpad": 0,
    }


def _bands(parts: Sequence[Stage]) -> list[dict[str, Any]]:
    """Every second stage, as a band behind the data."""
    place = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": {"width": 0}}
    bands = [part for number, part in enumerate(parts) if number % 2]
    return [{**place, "x0": part.first - 0.5, "x1": part.last + 0.5, "fillcolor": theme.RAISED} for part in bands]


def _names(parts: Sequence[Stage], step: float) -> tuple[list[dict[str, Any]], int]:
    """The names of the stages that have room for them over the data, and the height that they take.

    They stand upright where most stages are too narrow for their name.

    Args:
        parts: The stages.
        step: The width of an op, in pixels.
    """
    across = [part for part in parts if columns(part.name) * _CHAR + 4 <= part.ops * step]
    is_upright = sum(part.ops for part in across) < 0.7 * sum(part.ops for part in parts)
    named = [part for part in parts if part.ops * step >= _TYPE] if is_upright else across
    longest = max((columns(short_path(part.name, _NAME_MAX)) for part in named), default=0) if is_upright else 2
    return [_name(part, is_upright=is_upright) for part in named], int(longest * _CHAR) + 10


def _name(part: Stage, *, is_upright: bool) -> dict[str, Any]:
    return {
        "xref": "x",
        "yref": "paper",
        "x": (part.first + part.last) / 2,
        "y": 1,
        "text": theme.words(short_path(part.name, _NAME_MAX) if is_upright else part.name),
        "textangle": -90 if is_upright else 0,
        "xanchor": "center",
        "yanchor": "bottom",
        "yshift": 2,
        "showarrow": False,
        "font": {"color": theme.MUTED, "size": _TYPE},
        "borderpad": 0,
    }


# -- what stands under it ----------------------------------------------------------------------------------------------


def _alt(cost: ModelCost, levels: MemoryLevels) -> str:
    return say(
        "Activation memory alive over the {count} ops of a forward pass of {network}: it peaks at {size} at op {op}, "
        "in {layer}.",
        count=units.exact(len(levels.levels)),
        network=name_in_title(cost.architecture),
        size=units.data_size(levels.peak.nbytes),
        op=units.exact(levels.peak.op + 1),
        layer=theme.cut(shown_path(levels.peak.layer)),
    )


def _caption(cost: ModelCost, levels: MemoryLevels) -> str:
    named = _largest(levels.alive)
    tensors = ", ".join(f"{_tensor_name(each)} ({units.data_size(each.nbytes)})" for each in named)
    others = len(levels.alive) - len(named)
    if others:
        tensors = say("{tensors} and {count} smaller", tensors=tensors, count=units.exact(others))
    return say(
        "Replayed from the birth and death of every tensor for an input of {shapes} in {dtype}, as eager execution "
        "frees them; input, parameters and buffers are not in it. Bands are the network's parts. Alive at the peak: "
        "{tensors}.",
        shapes=units.shapes(cost.input_shapes),
        dtype=cost.dtype,
        tensors=tensors,
    )


def _largest(alive: Sequence[AliveTensor]) -> list[AliveTensor]:
    """The largest tensors, in the order in which they were allocated."""
    kept = {id(each) for each in sorted(alive, key=lambda each: -each.nbytes)[:_NAMED_MAX]}
    return [each for each in alive if id(each) in kept]


def _tensor_name(tensor: AliveTensor) -> str:
    shape = f" {units.shape(tensor.shape)}" if tensor.shape else ""
    return f"{short_path(theme.cut(shown_path(tensor.layer), 200), 34)} {tensor.op}{shape}"
