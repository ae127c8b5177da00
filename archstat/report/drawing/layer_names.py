"""Layers in charts: what they are called where there is little room, and which colour and mark is which sort."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archstat.language import say
from archstat.records import LayerCost
from archstat.report.drawing import legend, theme
from archstat.tables.network import WHOLE_NETWORK

_MARKS = {
    "Convolution": ("circle", "●"),
    "Linear": ("square", "■"),
    "Normalization": ("diamond", "◆"),
    "Pooling": ("triangle-up", "▲"),
    "Attention and recurrence": ("star", "★"),
    "Activation": ("triangle-down", "▼"),
    theme.REST: ("cross", "✚"),
}
"""The mark of each sort in plotly's words, and as a character."""


def shown_path(path: str) -> str:
    """What a layer is called: its path, or what stands for the empty one."""
    return path or say(WHOLE_NETWORK)


def row_name(row: LayerCost) -> str:
    """What tells a row from the others: its path, the op if a larger layer runs it itself, and which run it is."""
    name = shown_path(row.layer) if row.is_layer else f"{shown_path(row.layer)} {row.kind}"
    return say("{layer}, run {number}", layer=name, number=row.call) if row.call > 1 else name


def short_path(name: str, most: int) -> str:
    """A path without what stands before its last part, as much as is too long; else without its middle.

    >>> short_path("conv1", 12), short_path("block1.layer24.composite.conv1", 21)
    ('conv1', 'block1.layer24…conv1')
    >>> short_path("inception_3a.conv_5x5", 12)
    'ince…onv_5x5'
    """
    if len(name) <= most:
        return name
    *parts, last = name.split(".")
    fitting = (f"{'.'.join(parts[:kept])}…{last}" for kept in range(len(parts) - 1, 0, -1))
    found = next((short for short in fitting if len(short) <= most), "")
    if found:
        return found
    first = (most - 1) * 9 // 20
    return f"{name[:first]}…{name[first + 1 - most :]}"


def symbol(kind: str) -> str:
    """The mark of a sort of layer."""
    return _MARKS[theme.sort_of(kind)[0]][0]


def layer_legend(
    kinds: Iterable[str], width: float, left: float, *, has_marks: bool = False
) -> tuple[list[dict[str, Any]], int]:
    """Which colour is which sort of layer, in words over a chart, and the height that they take in pixels.

    Args:
        kinds: The classes of the layers that are drawn.
        width: Of the figure, in pixels: longer keys have several lines.
        left: How far the data stands from its left edge, in pixels.
        has_marks: Sorts differ by their mark as well.
    """
    met = sorted({theme.sort_of(kind) for kind in kinds}, key=lambda sort: list(_MARKS).index(sort[0]))
    entries = [(say(name), colour, _MARKS[name][1] if has_marks else "■") for name, colour in met]
    words, height = legend.legend(entries, width, left=left)
    return words, height + 12
