"""What a picture is put together from: rectangles, lines, areas and words, written as SVG by a template."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from jinja2 import Template
from markupsafe import Markup

from archstat.report.drawing import theme
from archstat.report.drawing.labels import WIDTH
from archstat.report.drawing.lines import columns, in_lines
from archstat.report.templating import templates

Coordinates = tuple[float, float]

_BOLD = 1.25
"""How much wider bold type is, above all its digits."""


class Element(msgspec.Struct, frozen=True):
    """One element of a picture.

    Attributes:
        tag: The name of the element.
        attributes: The attributes of the element, colours by the names of the theme.
        text: The words in it; ``""``: it is no text.
    """

    tag: str
    attributes: dict[str, str]
    text: str = ""


class Scene(msgspec.Struct):
    """A picture that is being drawn, in pixels from its upper left corner.

    Attributes:
        width: The width of the picture.
        height: The height of the picture, which grows with what is drawn below.
        marks: What was drawn, the lowest first.
    """

    width: int
    height: int
    marks: list[Element] = []

    def rect(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """Draw a rectangle.

        Args:
            x: The left side.
            y: The upper side.
            width: From left to right.
            height: From top to bottom.
            style: Attributes of SVG, ``_`` for a hyphen.
        """
        self._add("rect", {"x": x, "y": y, "width": max(width, 0), "height": max(height, 0), **style})

    def line(self, start: Coordinates, end: Coordinates, **style: Any) -> None:
        """Draw a line between two points."""
        self._add("line", {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1], **style})

    def lines(self, pairs: Iterable[tuple[Coordinates, Coordinates]], **style: Any) -> None:
        """Draw many lines as one element."""
        path = "".join(f"M{_number(a)} {_number(b)}L{_number(c)} {_number(d)}" for (a, b), (c, d) in pairs)
        if path:
            self._add("path", {"d": path, "fill": "none", **style})

    def area(self, corners: Sequence[Coordinates], **style: Any) -> None:
        """Draw an area between corners."""
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
        self._add("polygon", {"points": points, "stroke_linejoin": "round", **style})

    def dot(self, centre: Coordinates, radius: float, **style: Any) -> None:
        """Draw a filled circle."""
        self._add("circle", {"cx": centre[0], "cy": centre[1], "r": radius, **style})

    def words(self, x: float, y: float, text: str, size: float = 13, fill: str = "ink", **style: Any) -> None:
        """Write a line.

        Args:
            x: Where the line begins, ends or has its middle, as ``text_anchor`` says.
            y: The foot of the letters.
            text: Any text; it is cut where it is very long.
            size: The size of the type.
            fill: The colour.
            style: Attributes of SVG, ``_`` for a hyphen.
        """
        told = theme.cut(text, 200)
        self._add("text", {"x": x, "y": y, "font_size": size, "fill": fill, **style}, told)

    def paragraph(self, x: float, y: float, width: float, text: str, size: float = 13, fill: str = "ink") -> float:
        """Write a text in lines of a width; returns the foot of the last one."""
        for line in in_lines(theme.cut(text, 600), max(int(width / line_width("x", size)), 8)):
            self.words(x, y, line, size, fill)
            y += 1.38 * size
        return y - 1.38 * size

    def _add(self, tag: str, attributes: Mapping[str, object], text: str = "") -> None:
        told = {name.replace("_", "-"): _number(value) for name, value in attributes.items()}
        self.marks.append(Element(tag, told, text))


def _number(value: object) -> str:
    """A number with one decimal where it needs one; any other value as it is."""
    if isinstance(value, float):
        value = round(value, 1)
        return str(int(value)) if value == int(value) else str(value)
    return str(value)


def line_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """How wide a line of text is, in pixels, by the letters of usual types."""
    wide: float = columns(text) * WIDTH * size / theme.SIZE
    return wide * (_BOLD if is_bold else 1)


def size_that_fits(text: str, room: float, largest: float, *, is_bold: bool = False) -> float:
    """The largest size of type with which a line fits into a width, in pixels."""
    return min(largest, largest * room / max(line_width(text, largest, is_bold=is_bold), 1))


def svg_of(scene: Scene, colours: Mapping[str, str] | None, title: str, about: str, kind: str = "") -> str:
    """A scene as SVG; of equal scenes, the same bytes.

    Args:
        scene: What was drawn.
        colours: The colours by their names; ``None``: those of the page that the picture stands on.
        title: What the picture is of.
        about: What the picture shows, for who cannot see it.
        kind: The class of the element on a page; ``""``: it has none.
    """
    painted = [_painted(mark, colours) for mark in scene.marks]
    paper = None if colours is None else colours["paper"]
    return (
        _template()
        .render(scene=scene, marks=painted, paper=paper, title=title, about=about, kind=kind, font=theme.font())
        .rstrip("\n")
    )


_COLOURED = ("fill", "stroke")


def _painted(mark: Element, colours: Mapping[str, str] | None) -> Element:
    found = {name: mark.attributes[name] for name in _COLOURED if mark.attributes.get(name) in theme.LIGHT}
    paint = {name: f"var(--{colour})" if colours is None else colours[colour] for name, colour in found.items()}
    return msgspec.structs.replace(mark, attributes={**mark.attributes, **paint}) if paint else mark


@functools.cache
def _template() -> Template:
    return templates().get_template("scene.svg")


def on_page(scenes: Mapping[str, Scene], title: str, about: str) -> Markup:
    """Several scenes of one picture, in the colours of the page that they stand on: each of a class of its own."""
    drawn = [svg_of(scene, None, title, about, kind) for kind, scene in scenes.items()]
    return Markup("".join(drawn))  # noqa: S704 - the template escapes
