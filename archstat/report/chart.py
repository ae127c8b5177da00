"""What a chart is, and the registry of all charts: one decorated function is one chart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import msgspec
from plotly import graph_objects as go

from archstat.registry import Registry
from archstat.report.drawing.canvas import PHONE, WIDE, Canvas
from archstat.report.material import Material, Subject


class View(msgspec.Struct, frozen=True, dict=True):
    """One picture of a chart; a chart with several has a switch.

    Attributes:
        label: What the switch says: ``"MACs"``.
        draw: Draws the picture for a canvas, with colours of :mod:`archstat.report.drawing.theme`. Only the layout
            depends on the canvas: the data is the same on a page and on a phone.
        alt: What the picture shows, in a sentence or two with the numbers that matter, for who cannot see it.
    """

    label: str
    draw: Callable[[Canvas], go.Figure]
    alt: str

    @functools.cached_property
    def figure(self) -> go.Figure:
        """The picture as a page shows it."""
        return self.draw(WIDE)

    @functools.cached_property
    def narrow(self) -> Mapping[str, Any]:
        """What of the layout is different on a phone: whole entries replace those of the figure."""
        wide, phone = (figure.to_plotly_json()["layout"] for figure in (self.figure, self.draw(PHONE)))
        return {key: value for key, value in phone.items() if value != wide.get(key)}


class Chart(msgspec.Struct, frozen=True):
    """One chart as a page shows it.

    Attributes:
        name: The name of its function.
        title: What stands over the chart.
        views: The pictures of the chart, the first one shown first.
        caption: What stands under the chart: what is drawn, of what input, by which protocol, from which source.
        handling: What a reader can do with the chart on a page, and not with a picture of it.
        is_searched: Whether a reader can look for names, which its points have as ``customdata``: those found stand
            out.
    """

    name: str
    title: str
    views: tuple[View, ...]
    caption: str = ""
    handling: str = ""
    is_searched: bool = False


Draw = TypeVar("Draw", bound=Callable[..., Chart])


class Kind(msgspec.Struct, frozen=True):
    """An entry of the registry.

    Attributes:
        name: What a user chooses the chart by.
        of: What the chart is drawn of: one network, or all of a page.
        about: What the chart shows, in one line.
        draw: The function that draws the chart, or raises a DataError that says what is missing.
        takes: What else of the material it uses: ``"evaluation"``, ``"marks"``.
    """

    name: str
    of: Literal["network", "networks"]
    about: str
    draw: Callable[..., Chart]
    takes: tuple[str, ...] = ()


CHARTS: Registry[Kind] = Registry("archstat.report.charts", "chart")


def chart(of: Literal["network", "networks"], *, takes: tuple[str, ...] = ()) -> Callable[[Draw], Draw]:
    """Register the decorated function as a chart under its own name; the first line of its docstring says what it is.

    Args:
        of: ``"network"``: it takes a :class:`Subject`; ``"networks"``: it takes the whole :class:`Material`.
        takes: What else of the material it uses: ``"evaluation"``, ``"marks"``.
    """

    def register(draw: Draw) -> Draw:
        about = (draw.__doc__ or "").strip().split("\n", 1)[0]
        CHARTS.add(Kind(draw.__name__, of, about, draw, takes))
        return draw

    return register


def drawn(kind: Kind, material: Material) -> list[Chart]:
    """The charts of one kind: one of all networks, or one of each.

    Raises:
        DataError: Something that it shows is missing.
    """
    subjects: tuple[Subject | Material, ...] = material.subjects if kind.of == "network" else (material,)
    return [kind.draw(subject) for subject in subjects]
