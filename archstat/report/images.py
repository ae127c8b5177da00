"""Charts → picture files, for papers and slides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from archstat.errors import OutputError, quoted
from archstat.files.saving import make_folder, write_whole
from archstat.language import ENGLISH, language
from archstat.report.chart import Chart, View
from archstat.report.diagram.diagram import DIAGRAM, Diagram
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.pictures.browser import Drawing, Format, draw_all
from archstat.report.pictures.conversion import svg_as
from archstat.report.pictures.embedding import in_pdf, in_png, in_svg
from archstat.report.pictures.sizes import DEFAULT, PictureSize
from archstat.report.pictures.words import Words, lettered, put_around, words_of

_TYPE_MIN = 6.0
"""Type that is smaller than this, in pixels of an SVG, is not read: 4.5 points."""


class _Picture(msgspec.Struct, frozen=True):
    """One picture that is to be drawn.

    Attributes:
        stem: The name of its files, without what tells their kinds.
        view: What is drawn.
        words: The words that go with it.
    """

    stem: str
    view: View
    words: Words


def write_images(
    charts: Iterable[Chart],
    folder: Path,
    format_: Format,
    *,
    size: PictureSize = DEFAULT,
    has_caption: bool = False,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
    diagrams: Sequence[Diagram] = (),
) -> list[Path]:
    """Write every view of every chart into a folder, once all are drawn, each beside a text with the words of it.

    A diagram has a size of its own.

    Args:
        charts: What to draw, in the light colours.
        folder: Where; it is made if it is not there.
        format_: The kind of picture.
        size: How large pictures are.
        has_caption: Whether the title and the caption stand in the picture itself.
        watch: Gives the names of the pictures out one by one, and may tell how far it is.
        diagrams: What to draw besides.

    Returns:
        The files, each picture before its text.

    Raises:
        OutputError: There is no chart to draw, a chart has no room in the size, there is no kaleido or no Chrome to
            draw with, or the folder cannot be written.
    """
    pictures = {each.stem: each for each in _pictures(charts)}
    if not pictures and not diagrams:
        raise OutputError("There is no picture to write: of these networks no chart can be drawn.")
    make_folder(folder)
    density = size.density if format_ == "png" else 1.0
    drawings = {
        stem: drawing_of(each.view, each.words, size, density=density, has_caption=has_caption)
        for stem, each in pictures.items()
    }
    made = draw_all(drawings, format_, watch) if drawings else {}
    files: dict[Path, str | bytes] = {}
    for stem, each in pictures.items():
        files[folder / f"{stem}.{format_}"] = _file(made[stem], each, format_, size)
        files[folder / f"{stem}.txt"] = each.words.text()
    taken = set(pictures)
    for diagram in diagrams:
        stem = _stem_of(diagram.title, DIAGRAM, taken)
        taken.add(stem)
        svg = diagram.svg()
        files[folder / f"{stem}.{format_}"] = f"{svg}\n" if format_ == "svg" else svg_as(svg, format_)
        files[folder / f"{stem}.txt"] = f"{diagram.title}\n\n{diagram.caption}\n"
    for path, content in files.items():
        write_whole(path, content)
    return list(files)


def _pictures(charts: Iterable[Chart]) -> Iterator[_Picture]:
    taken: set[str] = set()
    for chart in charts:
        for view in chart.views:
            stem = _stem(chart, view, taken)
            taken.add(stem)
            yield _Picture(stem, view, words_of(chart, view))


def _stem(chart: Chart, view: View, taken: set[str]) -> str:
    """Of the title and the view, without what file systems do not like; a number if it is taken.

    Where another language than English is spoken it is the name of the chart: a text that takes the picture in names it
    in letters that LaTeX and shells know.
    """
    return _stem_of(f"{chart.title} {view.label}" if len(chart.views) > 1 else chart.title, chart.name, taken)


def _stem_of(title: str, plain: str, taken: set[str]) -> str:
    name = re.sub(r"[^\w.]+", "-", title.lower() if language() == ENGLISH else plain).strip("-.")
    name = name.encode()[:100].decode(errors="ignore") or plain
    return next(
        each for number in range(len(taken) + 2) if (each := f"{name}-{number}" if number else name) not in taken
    )


# -- the figure of a picture -------------------------------------------------------------------------------------------


def drawing_of(
    view: View, words: Words, size: PictureSize, *, density: float = 1.0, has_caption: bool = False
) -> Drawing:
    """The figure of a view, laid out so that it has just the shape of the size, on white paper.

    A chart that needs more height than there is at the size of the type gets a larger canvas of the same shape, which
    is shown smaller.

    Args:
        view: What is drawn.
        words: The words that go with it.
        size: How large the picture is.
        density: Pixels of the picture for each of the size.
        has_caption: Whether the words stand around the figure.

    Raises:
        OutputError: The type would be too small to be read.
    """
    width, height = size.width / size.scale, None if size.height is None else size.height / size.scale
    for _ in range(_TRIES):
        figure = _laid_out(view, words if has_caption else None, width, height)
        needed = figure["layout"]["height"]
        if height is None or needed <= height + 0.5:
            return Drawing(figure, width, height or needed, size.width / width * density)
        grown = max(needed / height, 1.02)
        width, height = width * grown, height * grown
        if theme.SIZE * size.width / width < _TYPE_MIN:
            break
    raise OutputError(
        f"{quoted(words.title)} has no room in a picture of the size {size.name}: its type would be too small to be "
        "read. Choose a larger size, or one that is as high as the chart takes, as column or page; or other charts."
    )


_TRIES = 30
"""Larger canvases that are tried: a wider one can have fewer lines of words, and be enough at once."""


def _laid_out(view: View, words: Words | None, width: float, height: float | None) -> dict[str, Any]:
    """The figure for a canvas, with the words around it if there are any."""
    lettering = None if words is None else lettered(words, width)
    taken = 0.0 if lettering is None else lettering.height
    drawn = view.draw(Canvas(width, None if height is None else max(height - taken, 1.0), is_fixed=True))
    figure = json.loads(drawn.to_json())
    layout = figure["layout"]
    if lettering is not None:
        put_around(lettering, layout, width)
    layout |= {"paper_bgcolor": theme.PAPER, "template": {}}
    resolved: dict[str, Any] = theme.resolved(figure, theme.LIGHT)
    return resolved


# -- its file ----------------------------------------------------------------------------------------------------------


def _file(picture: bytes, each: _Picture, format_: Format, size: PictureSize) -> bytes:
    """A picture with its title and its description in it."""
    if format_ == "svg":
        return in_svg(picture.decode(), each.words, each.stem).encode()
    return in_png(picture, each.words, size.density) if format_ == "png" else in_pdf(picture, each.words)
