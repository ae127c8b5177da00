"""What a picture says of itself where no page stands around it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from archstat.language import say
from archstat.report.chart import Chart, View
from archstat.report.drawing import theme
from archstat.report.drawing.labels import WIDTH
from archstat.report.drawing.lines import in_lines
from archstat.tables.quantities import FLOPS, MACS
from archstat.version import __version__

_LINE = 88
"""Characters of a line of a text file."""


class Words(msgspec.Struct, frozen=True):
    """The words that go with one picture.

    Attributes:
        title: What is drawn: the title of the chart, and which of its views it is.
        caption: Of which networks and inputs, by which protocol, from which source.
        alt: What the picture shows, for who cannot see it.
        conventions: What the quantities of the picture are; ``""``: it shows none that could be meant otherwise.
    """

    title: str
    caption: str
    alt: str
    conventions: str = ""

    @property
    def under(self) -> str:
        """What stands under the picture."""
        return f"{self.caption} {self.conventions}".strip()

    @property
    def description(self) -> str:
        """What programs read of the picture."""
        return f"{self.alt} {self.under} {made_by()}"

    def text(self) -> str:
        """The words as a text file, in lines that are read everywhere."""
        parts = [self.title, self.caption, say("What it shows: {alt}", alt=self.alt)]
        parts += [say("Conventions: {conventions}", conventions=self.conventions)] if self.conventions else []
        return "\n\n".join("\n".join(in_lines(text, _LINE)) for text in (*parts, made_by()) if text) + "\n"


def made_by() -> str:
    """What made the picture."""
    return say("Made by archstat {version}.", version=__version__)


def words_of(chart: Chart, view: View) -> Words:
    """The words of a view of a chart, none of which steers what shows it."""
    is_one_of_several = len(chart.views) > 1 and view.label
    title = f"{chart.title}: {view.label}" if is_one_of_several else chart.title
    caption, alt = (" ".join(theme.readable(text).split()) for text in (chart.caption, view.alt))
    return Words(theme.cut(title, 200), caption, alt, _conventions(f"{title} {caption} {alt}"))


_WORD = r"(?<![A-Za-z0-9_]){}?(?![A-Za-z0-9_])"
"""A name, also of one, in a text; a particle of Korean may follow it without a space."""


def _conventions(told: str) -> str:
    """What the quantities are that a text names: papers print MACs as FLOPs, and a reader cannot ask a picture."""
    met = [each for each in (MACS, FLOPS) if re.search(_WORD.format(each.label), told, re.IGNORECASE)]
    return " ".join(say("{quantity}: {about}.", quantity=each.label, about=each.about) for each in met)


# -- in the picture itself ---------------------------------------------------------------------------------------------

_TITLE, _UNDER = theme.SIZE + 2, theme.SIZE - 1
"""The sizes of type, in pixels."""
_EDGE = 8
"""What is free beside and above the words, in pixels."""
_LEADING = 1.3
"""From one line to the next, in sizes of the type, as plotly sets them."""


class Lettering(msgspec.Struct, frozen=True):
    """The words around a chart, in lines that its width has room for.

    Attributes:
        title: The lines over the chart.
        under: The lines under the chart.
    """

    title: tuple[str, ...]
    under: tuple[str, ...]

    @property
    def over_height(self) -> float:
        """What the title takes, in pixels."""
        return len(self.title) * _TITLE * _LEADING + 2 * _EDGE

    @property
    def under_height(self) -> float:
        """What the rule and the caption take, in pixels."""
        return len(self.under) * _UNDER * _LEADING + 3 * _EDGE

    @property
    def height(self) -> float:
        """What all words take, in pixels."""
        return self.over_height + self.under_height


def lettered(words: Words, width: float) -> Lettering:
    """The title and the caption of a picture, broken into lines of its width in pixels."""
    room = (width - 2 * _EDGE) / WIDTH * theme.SIZE
    title = in_lines(words.title, int(room / _TITLE / _BOLD))
    return Lettering(tuple(title), tuple(in_lines(words.under, int(room / _UNDER))))


_BOLD = 1.12
"""How much wider bold type is."""


def put_around(lettering: Lettering, layout: dict[str, Any], width: float) -> None:
    """Write the words into the layout of a figure, which grows by what they need."""
    margin = layout["margin"]
    edge = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "xshift": _EDGE - margin["l"]}
    still = {"showarrow": False, "borderpad": 0, "align": "left", "captureevents": False}
    title = {
        **edge,
        **still,
        "y": 1,
        "yanchor": "top",
        "yshift": margin["t"] + lettering.over_height - _EDGE,
        "text": _set(lettering.title, "b"),
        "font": {"color": theme.INK, "size": _TITLE},
    }
    under = {
        **edge,
        **still,
        "y": 0,
        "yanchor": "top",
        "yshift": -margin["b"] - 2 * _EDGE,
        "text": _set(lettering.under),
        "font": {"color": theme.MUTED, "size": _UNDER},
    }
    layout["annotations"] = [*layout.get("annotations", ()), title, under]
    layout["shapes"] = [*layout.get("shapes", ()), _rule(margin, width)]
    layout["height"] += lettering.height
    layout["margin"] = {**margin, "t": margin["t"] + lettering.over_height, "b": margin["b"] + lettering.under_height}


def _rule(margin: dict[str, float], width: float) -> dict[str, Any]:
    """The line between the chart and its caption."""
    place = {"xref": "paper", "yref": "paper", "xsizemode": "pixel", "ysizemode": "pixel", "xanchor": 0, "yanchor": 0}
    ends = {"x0": _EDGE - margin["l"], "x1": width - _EDGE - margin["l"]}
    at = -margin["b"] - _EDGE
    return {"type": "line", **place, **ends, "y0": at, "y1": at, "line": {"color": theme.LINE, "width": 1}}


def _set(lines: tuple[str, ...], tag: str = "span") -> str:
    """Lines as plotly sets them, without mark-up of their own."""
    return "<br>".join(f"<{tag}>{theme.words(line, len(line))}</{tag}>" for line in lines)
