"""Charts for Python and notebooks: the charts of ``archstat report``, as figures of plotly.

Each chart is a function of this module, named as ``archstat report`` names it, and takes what :func:`draw_chart` takes:

>>> from archstat import plot
>>> figure = plot.layers("lenet5")
>>> figure.layout.meta["title"]
'What each layer of LeNet-5 costs'
>>> plot.accuracy(["alexnet", "vgg16", "googlenet"], view="Parameters").layout.xaxis.title.text
'Parameters'
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec
from plotly import graph_objects as go
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.analysis.network import Saved
from archstat.errors import InputError, UnknownNameError
from archstat.files.saving import write_whole
from archstat.finding.ratings import of_values
from archstat.language import say
from archstat.networks.settings import Setting
from archstat.published.figures import expand
from archstat.records import Measurement, ModelCost
from archstat.report.chart import CHARTS, Chart, View, drawn
from archstat.report.compose import compose
from archstat.report.diagram.diagram import Diagram, diagram_of
from archstat.report.diagram.difference import difference_of
from archstat.report.diagram.engine import Direction
from archstat.report.drawing import theme
from archstat.report.layer_pictures.layer_picture import LayerPicture, picture_of_layer
from archstat.report.material import Material, Subject, material_from
from archstat.report.page import render
from archstat.tables.quantities import MACS

Drawable = str | ModelCost | Measurement
"""What is drawn: a network by its name, what :func:`archstat.count` returned, or what was measured."""


def draw_chart(
    name: str,
    networks: Drawable | Iterable[Drawable],
    *,
    view: str = "",
    accuracies: Mapping[str, float] | None = None,
    evaluation: str = "",
    is_dark: bool = False,
) -> go.Figure:
    """A chart as a figure of plotly, in archstat's colours.

    Args:
        name: The name of the chart: ``"layers"``, ``"accuracy"``. ``dir(archstat.plot)`` lists all.
        networks: What is drawn, one or several: names (``"vgg16"``, ``"vgg*"``), costs and measurements. Charts of what
            only a network itself holds, as its memory over time, need its name.
        view: Which picture of a chart that has several: ``"MACs"``; ``""``: the first one. In another language either
            name will do.
        accuracies: Top-1 accuracies of your own networks by their names, in percent.
        evaluation: Whose accuracies the others have, as ``"canziani2016"``; ``""``: the source with most of them.
        is_dark: Draw for a dark page.

    Returns:
        The figure. ``figure.layout.meta`` has its ``title``, its ``caption`` with source and conventions, and ``alt``,
        what it shows in words.

    Raises:
        UnknownNameError: There is no such chart, no such picture of it, or no such network.
        DataError: The chart shows what is missing, or is one of each network, and there are several.
        InputError: There is nothing to draw.
    """
    material = _material(networks, accuracies, evaluation)
    kind = CHARTS.get(name)
    if kind.of == "network" and len(material.subjects) != 1:
        raise InputError(f"The chart {name!r} is one of a single network, and here are {len(material.subjects)}.")
    (made,) = drawn(kind, material)
    return _figure(made, _view(made, view), theme.DARK if is_dark else theme.LIGHT)


def page(
    *networks: Drawable,
    title: str = "",
    charts: Sequence[str] = (),
    accuracies: Mapping[str, float] | None = None,
    evaluation: str = "",
    output: str | PathLike[str] | None = None,
) -> str:
    """The HTML page that ``archstat report`` makes of networks and measurements.

    Args:
        networks: Names, costs and measurements.
        title: What stands over the page; ``""``: the names of the networks.
        charts: The charts by name; none: every one that fits.
        accuracies: Top-1 accuracies of your own networks by their names, in percent.
        evaluation: Whose accuracies the others have; ``""``: the source with most of them.
        output: Write the page to this file too, whole or not at all.

    Returns:
        The page, which needs no network to be read.

    Raises:
        ArchstatError: A name leads nowhere, a chart cannot be drawn, or the file cannot be written.
    """
    text = render(compose(_material(networks, accuracies, evaluation), title=title, charts=charts))
    if output is not None:
        write_whole(Path(output), text)
    return text


def draw(
    model: nn.Module | str,
    *inputs: Any,
    part: str = "",
    depth: int | None = None,
    show: str = "",
    measurement: Measurement | None = None,
    is_folded: bool = True,
    direction: Direction = "down",
    is_wrapped: bool = False,
    **kwargs: Any,
) -> Diagram:
    """A diagram of a network: what feeds what, as boxes with their cost, drawn from the trace of a forward pass.

    A notebook shows it; ``.save("net.svg")`` writes a file, also a PNG, a PDF, and an HTML page on which boxes open.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes. Tensors on the meta device do; an architecture of ours needs none.
        part: The path of a module, of which alone the inside is drawn; ``""``: all of the network.
        depth: How many levels of modules are open; ``None``: as many as can be taken in at a glance.
        show: What boxes are coloured by: ``"macs"``, ``"parameters"``, ``"activation_bytes"`` or, where that was
            measured, ``"latency"``; ``""``: the latency if there is one, else MACs.
        measurement: How the same network ran on the same input, by layer.
        is_folded: Whether equal parts that follow each other are one box.
        direction: Where data flows: ``"down"`` or ``"right"``.
        is_wrapped: Whether a long way is broken into columns, or rows, as a page or a slide has room for them.
        kwargs: What the network's ``forward`` takes by name; for a named network without inputs, how it is counted.

    Raises:
        ForwardError: The network's own ``forward`` raised; its error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: A name was given without inputs, and none are known for it.
        UnknownNameError: There is no such part, or nothing of that name can be shown.
        DataError: The measurement is of something else or not by layer, or a latency is to be shown without one.

    >>> diagram = draw("resnet18", depth=1)
    >>> len(diagram.svg()) > 1000
    True
    """
    network = analyse_model(model, *inputs, **kwargs)
    return diagram_of(
        network,
        part,
        depth=depth,
        show=show,
        measurement=measurement,
        is_folded=is_folded,
        direction=direction,
        is_wrapped=is_wrapped,
    )


def draw_difference(
    before: nn.Module | str,
    after: nn.Module | str,
    *inputs: Any,
    depth: int | None = None,
    show: str = MACS.key,
    is_folded: bool = True,
    direction: Direction = "down",
    is_wrapped: bool = False,
    **kwargs: Any,
) -> Diagram:
    """Two networks as one diagram: what came, what went and what changed, as ``archstat diff`` marks it.

    Args:
        before: A network, or the name of one; ``"main:./net.py:Net"`` is that of a revision of git.
        after: The network after.
        inputs: What the ``forward`` of both takes; an architecture of ours needs none.
        depth: How many levels of modules are open; ``None``: as many as can be taken in at a glance, where changed.
        show: What is told of each box: ``"macs"``, ``"parameters"`` or ``"activation_bytes"``.
        is_folded: Whether equal parts that follow each other are one box.
        direction: Where data flows: ``"down"`` or ``"right"``.
        is_wrapped: Whether a long way is broken into columns, or rows, as a page or a slide has room for them.
        kwargs: What the ``forward`` of both takes by name; for named networks without inputs, how they are counted.

    Raises:
        ForwardError: The ``forward`` of a network raised; that error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: A name was given without inputs, and none are known for it.
        UnknownNameError: Nothing of that name can be shown.

    >>> diagram = draw_difference("resnet50", "resnet50_v1_5")
    >>> sum(box.mark == "~" and not box.has_parts for box in diagram.content.boxes)
    6
    """
    both = (analyse_model(model, *inputs, **kwargs) for model in (before, after))
    return difference_of(*both, depth=depth, show=show, is_folded=is_folded, direction=direction, is_wrapped=is_wrapped)


def draw_layer(
    model: nn.Module | str, *inputs: Any, layer: str = "", show: str = "receptive_field", **kwargs: Any
) -> LayerPicture:
    """A picture of one layer for a slide: what one output sees of the input, or what a convolution multiplies.

    A notebook shows it; ``.save("conv1.svg")`` writes a file, also a PNG, a PDF and an HTML page.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes. Tensors on the meta device do; an architecture of ours needs none.
        layer: The path of a layer, or of a module, whose last layer is drawn; ``""``: the only one there is.
        show: ``"receptive_field"`` or ``"arithmetic"``.
        kwargs: What the network's ``forward`` takes by name; for a named network without inputs, how it is counted.

    Raises:
        ForwardError: The network's own ``forward`` raised; its error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: A name was given without inputs, and none are known for it, or no layer of several is named.
        UnknownNameError: There is no such layer, or nothing of that name can be shown.
        DataError: What is to be shown is not known of that layer, or cannot be drawn.

    >>> draw_layer("vgg16", layer="conv5_3").title
    'What one output of conv5_3 sees'
    """
    return picture_of_layer(analyse_model(model, *inputs, **kwargs), layer, show)


def _material(
    networks: Drawable | Iterable[Drawable], accuracies: Mapping[str, float] | None, evaluation: str
) -> Material:
    """Everything that is drawn, the networks in the order in which they were handed over."""
    given = [networks] if isinstance(networks, (str, ModelCost, Measurement)) else list(networks)
    measurements = [each for each in given if isinstance(each, Measurement)]
    subjects: list[Subject] = []
    for each in given:
        if isinstance(each, str):
            subjects += material_from(expand([each]), measurements, analyse, Setting()).subjects
        elif isinstance(each, ModelCost):
            subjects.append(Subject(Saved(each)))
        elif not isinstance(each, Measurement):
            kind = type(each).__name__
            raise InputError(f"A {kind} cannot be drawn: hand over a name, or what 'count' or 'measure' returned.")
    if not subjects:
        measured = dict.fromkeys(each.architecture for each in measurements)
        subjects += material_from(measured, measurements, analyse, Setting()).subjects
    if not subjects:
        raise InputError("There is nothing to draw: name a network, or hand over what 'count' returned.")
    made = Material(tuple(subjects), tuple(measurements), evaluation)
    return msgspec.structs.replace(made, accuracies=of_values(accuracies or {}, made.names))


def _view(made: Chart, label: str) -> View:
    """The picture of a chart that has that label; the first one, if none is asked for."""
    views = {each.label: each for each in made.views}
    if not label:
        return made.views[0]
    asked = label if label in views else say(label)
    if asked not in views:
        labels = ", ".join(filter(None, views)) or "one picture only: ask for none"
        raise UnknownNameError.of("view", label, views, f"The chart {made.name!r} has {labels}.")
    return views[asked]


def _figure(made: Chart, view: View, colours: Mapping[str, str]) -> go.Figure:
    """A figure that needs no page around it."""
    content = theme.resolved(json.loads(view.figure.to_json()), colours)
    words = {"title": made.title, "view": view.label, "caption": made.caption, "alt": view.alt}
    content["layout"] |= {"paper_bgcolor": colours["paper"], "template": {}, "meta": words}
    return _titled(go.Figure(content), " · ".join(filter(None, (made.title, view.label))), colours["ink"])


_TITLE_HEIGHT = 34


def _titled(figure: go.Figure, title: str, ink: str) -> go.Figure:
    """A figure with its title in a strip of its own above it: beside a page, nothing else says what is drawn."""
    layout = figure.layout
    place = {"x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 10, "l": 8}}
    figure.update_layout(
        title={"text": title, **place, "font": {"size": 15, "color": ink}},
        margin_t=layout.margin.t + _TITLE_HEIGHT,
        height=layout.height + _TITLE_HEIGHT,
    )
    return figure


def __getattr__(name: str) -> Callable[..., go.Figure]:
    """A chart as a function of its own."""
    if name.startswith("_") or name not in CHARTS.all():
        raise AttributeError(f"module 'archstat.plot' has no attribute {name!r}")

    def chart(networks: Drawable | Iterable[Drawable], **options: Any) -> go.Figure:
        return draw_chart(name, networks, **options)

    chart.__name__ = chart.__qualname__ = name
    chart.__doc__ = f"{CHARTS.get(name).about}\n\n{_OPTIONS}"
    chart.__signature__ = _without_first(inspect.signature(draw_chart))  # type: ignore[attr-defined]
    return chart


_OPTIONS = inspect.cleandoc(draw_chart.__doc__ or "").partition("\n\n")[2].partition("networks:")[2]
_OPTIONS = f"Args:\n    networks:{_OPTIONS}"
"""What is said of the arguments of every chart, from the second on."""


def _without_first(signature: inspect.Signature) -> inspect.Signature:
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def __dir__() -> list[str]:
    """The charts by name, and what makes them."""
    return ["draw", "draw_chart", "draw_difference", "draw_layer", "page", *CHARTS.all()]
