"""A diagram on a page of 16 : 9, laid out as that page has room for it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archstat.report.diagram.colours import colours
from archstat.report.diagram.diagram import Diagram
from archstat.report.diagram.engine import Look
from archstat.report.layer_pictures.heading import MARGIN, WIDE, PictureHeading
from archstat.report.layer_pictures.scene import Scene, svg_of
from archstat.report.pictures.conversion import svg_size
from archstat.report.pictures.svg_picture import PICTURE_ENDINGS, SvgPicture

SCALE_LEAST = 0.7
"""Words smaller than this part of their size on a page are not read from the last row: levels are closed before."""

SCALE_MOST = 1.5
"""A small diagram is made so much larger at most."""

_BOXES_MOST = 80
"""More boxes than these are too many for a slide, however they lie."""

_DEPTH_MOST = 12
"""Deeper modules are not opened on a slide."""

_RATIOS = (1.2, 1.9)
"""What is asked of elkjs, which keeps to it roughly; the drawing has about 2.1 times as much width as height."""


class Slide(SvgPicture, frozen=True):
    """A diagram as a slide, 960 × 540 pixels of SVG: its title, what it is of, and the drawing as large as it fits.

    Which way data flows, and where a long way is broken, is chosen so that words are largest; levels of modules are
    closed until they can be read.

    Attributes:
        diagram: The diagram.
        subtitle: What stands under its title.
        keeps_open: Leave the modules open that are.
    """

    endings = PICTURE_ENDINGS

    diagram: Diagram
    subtitle: str
    keeps_open: bool = False

    def svg(self, *, is_dark: bool = False) -> str:
        """The slide as a file; of equal slides, the same bytes.

        Args:
            is_dark: Draw for a dark page.
        """
        diagram, scene = self.diagram, Scene(*WIDE)
        foot = PictureHeading(diagram.title, self.subtitle).draw(scene) + 14
        room = (WIDE[0] - 2 * MARGIN[False], WIDE[1] - foot - 16)
        drawn, scale = _largest(diagram, room, keeps_open=self.keeps_open, is_dark=is_dark)
        width, height = svg_size(drawn)
        x, y = (WIDE[0] - width * scale) / 2, foot + (room[1] - height * scale) / 2
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width * scale:.1f}" height="{height * scale:.1f}"'
        placed = drawn.replace(f'width="{width}" height="{height}"', place, 1)
        around = svg_of(scene, colours(is_dark=is_dark), diagram.title, diagram.caption)
        return f"{around.removesuffix('</svg>').rstrip()}\n{placed}\n</svg>"


def _largest(diagram: Diagram, room: tuple[float, float], *, keeps_open: bool, is_dark: bool) -> tuple[str, float]:
    """The drawing whose words are largest, of the most open levels that can be read; and how large it is made."""
    best = ("", 0.0)
    for opened in [diagram.look.opened] if keeps_open else _levels(diagram):
        for look in _looks(diagram, opened):
            svg = msgspec.structs.replace(diagram, look=look).svg(is_dark=is_dark)
            width, height = svg_size(svg)
            best = max(best, (svg, min(room[0] / width, room[1] / height, SCALE_MOST)), key=lambda each: each[1])
        if best[1] >= SCALE_LEAST:
            break
    return best


def _levels(diagram: Diagram) -> Iterator[tuple[int, ...]]:
    """The boxes that are open, and fewer and fewer of them, level by level, until all are closed."""
    content = diagram.content
    levels = dict.fromkeys([diagram.look.opened, *map(content.opened, range(_DEPTH_MOST))])
    fewer = [level for level in levels if set(level) <= set(diagram.look.opened)]
    for level in sorted(fewer, key=len, reverse=True):
        if content.seen(level) <= _BOXES_MOST or not level:
            yield level


def _looks(diagram: Diagram, opened: tuple[int, ...]) -> Iterator[Look]:
    look = msgspec.structs.replace(diagram.look, opened=opened)
    for direction in ("down", "right"):
        yield msgspec.structs.replace(look, direction=direction, is_wrapped=False)
        for ratio in _RATIOS:
            yield msgspec.structs.replace(look, direction=direction, is_wrapped=True, ratio=ratio)
