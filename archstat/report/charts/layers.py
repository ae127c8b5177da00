"""What each layer of a network costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.language import retold, say
from archstat.records import LayerCost, ModelCost
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import name_in_title
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import WIDTH, columns
from archstat.report.drawing.layer_names import layer_legend, row_name, short_path
from archstat.report.material import Subject
from archstat.tables.network import kind_of
from archstat.tables.quantities import OF_LAYERS, Quantity
from archstat.tables.sums import sum_of_rows

_SHOWN_MAX = 30
"""More bars than these are no longer read one by one: the layers of a block are one bar then."""

_STEP, _STEP_PHONE = 24, 34
"""From one bar to the next, in pixels; on a phone the name stands over its bar."""
_STEP_MIN, _STEP_PHONE_MIN = 17, 30
"""The least of that, where all bars are to have room in a height."""


@chart("network")
def layers(subject: Subject) -> Chart:
    """Parameters, MACs and activation memory of each layer, as bars in the order of execution."""
    cost = subject.network.cost
    met = [quantity for quantity in OF_LAYERS if any(getattr(row, quantity.key) for row in cost.layers)]
    if not met:
        raise DataError(f"{cost.architecture!r} has no layer that costs anything.")
    name = name_in_title(cost.architecture)
    is_of_blocks = any(len(_bars_of(cost.layers, each.key)) < _layers_with(cost.layers, each.key) for each in OF_LAYERS)
    return Chart(
        "layers",
        say("What each block of {network} costs", network=name)
        if is_of_blocks
        else say("What each layer of {network} costs", network=name),
        tuple(_view(cost.layers, quantity) for quantity in met),
        " ".join(_told(cost, is_of_blocks=is_of_blocks)),
    )


def _told(cost: ModelCost, *, is_of_blocks: bool) -> Iterator[str]:
    """What is drawn, and what a bar is, if it is no layer."""
    yield say(
        "Counted for an input of {shapes}, in the order of execution; the share is that of the whole network.",
        shapes=units.shapes(cost.input_shapes),
    )
    yield say("Activation memory is that of the layer's own output in {dtype}.", dtype=cost.dtype)
    if is_of_blocks:
        yield say("Of more than {most} layers a bar is what those of a block come to.", most=_SHOWN_MAX)


def _layers_with(rows: Sequence[LayerCost], name: str) -> int:
    return sum(1 for row in rows if getattr(row, name))


def _bars_of(rows: Sequence[LayerCost], name: str) -> list[LayerCost]:
    """The layers that have some of a quantity or, where they are many, the smallest blocks that are few enough.

    A network that is one long row of layers has no blocks: all of its layers are shown.
    """
    layers_alone = [row for row in rows if getattr(row, name)]
    if len(layers_alone) <= _SHOWN_MAX:
        return layers_alone
    for depth in range(max(row.layer.count(".") for row in rows), 0, -1):
        blocks = [row for row in _blocks(rows, depth, name) if getattr(row, name)]
        if len(blocks) <= _SHOWN_MAX:
            return blocks
    return layers_alone


def _blocks(rows: Sequence[LayerCost], depth: int, name: str) -> Iterator[LayerCost]:
    """Layers that follow each other in one block as one, of the kind of the one that has most."""
    for parts, group in itertools.groupby(rows, key=lambda row: row.layer.split(".")[:depth]):
        members = list(group)
        most = max(members, key=lambda row: getattr(row, name))
        whole, others = sum_of_rows(".".join(parts), members), say("and {count} more", count=len(members) - 1)
        yield (
            members[0]
            if len(members) == 1
            else msgspec.structs.replace(whole, kind=most.kind, detail=others, is_layer=True)
        )


def _view(rows: Sequence[LayerCost], quantity: Quantity) -> View:
    """Every layer, or every block, in the order of execution."""
    name, title, show = quantity.key, quantity.label, quantity.show
    total = sum(getattr(row, name) for row in rows)
    chosen = _bars_of(rows, name)
    values = [getattr(row, name) for row in chosen]
    texts = [f"{show(value)} · {units.share(value, total)}" for value in values]
    first = max(chosen, key=lambda row: getattr(row, name))
    told = {
        "quantity": title,
        "layer": theme.cut(row_name(first)),
        "share": units.share(getattr(first, name), total),
        "total": show(total),
    }
    alt = (
        say("{quantity} by layer: {layer} has {share} of {total}, the most.", **told)
        if len(chosen) == _layers_with(rows, name)
        else say("{quantity} by block: {layer} has {share} of {total}, the most.", **told)
    )
    bars = _bars(chosen, values, texts, say("{quantity} of {total}", quantity=title, total=show(total)))

    def draw(canvas: Canvas) -> go.Figure:
        layout = _beside_bars if _has_room_beside(chosen, canvas) else _over_bars
        return theme.figure(bars, **layout(chosen, values, texts, canvas))

    return View(title, draw, alt)


def _has_room_beside(rows: Sequence[LayerCost], canvas: Canvas) -> bool:
    """Whether names have room beside their bars: in a column they have it if they are short."""
    if not canvas.is_narrow:
        return True
    return canvas.is_fixed and _names_beside(rows, canvas)[1] < _BESIDE * canvas.width


_BESIDE = 0.4
"""How much of a narrow picture names may take."""


def _names_beside(rows: Sequence[LayerCost], canvas: Canvas) -> tuple[list[str], int]:
    """The names that stand beside bars, and the width that they take."""
    names = [short_path(row_name(row), canvas.characters(30, 30)) for row in rows]
    return names, int(max(map(columns, names)) * WIDTH * canvas.widening) + 14


def _beside_bars(rows: Sequence[LayerCost], values: list[int], texts: list[str], canvas: Canvas) -> dict[str, Any]:
    """The names stand beside their bars."""
    names, left = _names_beside(rows, canvas)
    words, top = layer_legend((row.kind for row in rows), canvas.width, left)
    return {
        "height": top + canvas.step(_STEP, len(rows), top + 8, _STEP_MIN) * len(rows) + 8,
        "margin": {"l": left, "r": 8, "t": top, "b": 8},
        "bargap": 0.25,
        "xaxis": _across(values, texts, canvas.width - left - 8),
        "yaxis": {
            **_down(len(rows), tickvals=list(range(len(rows))), ticktext=[theme.words(name) for name in names]),
            "automargin": True,  # names can be of wide letters only
        },
        "annotations": words,
    }


def _bars(rows: Sequence[LayerCost], values: list[int], texts: list[str], what: str) -> go.Bar:
    return go.Bar(
        x=values,
        y=list(range(len(rows))),
        orientation="h",
        marker={"color": [theme.sort_of(row.kind)[1] for row in rows]},
        text=texts,
        textposition="outside",
        constraintext="none",
        cliponaxis=False,
        textfont={"color": theme.INK},
        hovertext=[_hover(row, text, what) for row, text in zip(rows, texts, strict=True)],
        hoverinfo="text",
    )


def _hover(row: LayerCost, text: str, what: str) -> str:
    lines = [(say("what"), retold(kind_of(row))), (say("output"), units.shape(row.output_shape)), (what, text)]
    return theme.hover(row_name(row), lines)


def _across(values: list[int], texts: list[str], width: float) -> dict[str, Any]:
    """An axis on which the longest bar and what stands behind it find room."""
    room = max(map(columns, texts)) * theme.CHAR + 10
    return {"visible": False, "range": [0, max(values) * width / (width - room)], "fixedrange": True}


def _down(count: int, **ticks: Any) -> dict[str, Any]:
    """The axis of the names; rows go down it."""
    size = {"range": [count - 0.5, -0.5], "showgrid": False, "fixedrange": True, "automargin": False}
    return {**size, "tickmode": "array", "ticklen": 0, **ticks}


def _over_bars(rows: Sequence[LayerCost], values: list[int], texts: list[str], canvas: Canvas) -> dict[str, Any]:
    """On a phone names stand over their bars: beside them there is no room for both."""
    words, top = layer_legend((row.kind for row in rows), canvas.width, 2)
    longest = int((canvas.width - 6) / WIDTH)
    names = [
        {
            "x": 0,
            "y": place - 0.18,
            "text": theme.words(short_path(row_name(row), longest), longest),
            "font": {"color": theme.MUTED, "size": theme.SIZE - 1},
            "xanchor": "left",
            "yanchor": "bottom",
            "borderpad": 0,
            "showarrow": False,
        }
        for place, row in enumerate(rows)
    ]
    return {
        "height": top + canvas.step(_STEP_PHONE, len(rows), top + 16, _STEP_PHONE_MIN) * len(rows) + 16,
        "margin": {"l": 2, "r": 4, "t": top + 12, "b": 4},
        "bargap": 0.66,
        "xaxis": _across(values, texts, canvas.width - 6),
        "yaxis": {**_down(len(rows)), "visible": False},
        "annotations": [*words, *names],
    }
