"""A linear layer as a product of matrices: the features that go in, the weights, and the features that come out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.records import Filters
from archstat.report.layer_pictures.scene import Scene, line_width

_LEAST = 7.0
"""No side is drawn shorter, in pixels."""


def draw_matrices(scene: Scene, filters: Filters, places: Sequence[float], room: tuple[float, float]) -> None:
    """Draw the three matrices to one scale, and in each of them what one output comes from.

    Args:
        scene: The picture.
        filters: The weights, and what they work on.
        places: The middle of each matrix.
        room: Where the matrices may begin and where they end, from top to bottom.
    """
    top, foot = room
    rows = math.prod(filters.input_shape[:-1])
    sizes = [(rows, filters.maps), (filters.maps, filters.count), (rows, filters.count)]
    largest = max(max(size) for size in sizes)
    apart = places[1] - places[0]
    pixel, type_size = min(foot - top - 22, apart * 0.62) / largest, 13.0 if apart > _NARROW_MOST else 10.5
    middle, ends = (top + foot - 14) / 2, []
    for place, size, part, colour in zip(places, sizes, _PARTS, ("blue", "orange", "green"), strict=True):
        high, wide = (max(each * pixel, _LEAST) for each in size)
        x, y = place - wide / 2, middle - high / 2
        scene.rect(x, y, wide, high, fill=colour, fill_opacity=0.16, stroke=colour, stroke_width=1.3)
        down, across = (_line(*each, pixel) for each in zip(part, (high, wide), size, strict=True))
        scene.rect(x + across[0], y + down[0], across[1], down[1], fill="orange", fill_opacity=0.75)
        scene.words(place, y + high + type_size + 3, str(size[1]), type_size, text_anchor="middle")
        scene.words(x - 6, y + high / 2 + type_size / 3, str(size[0]), type_size, text_anchor="end")
        ends.append((x - 6 - line_width(str(size[0]), type_size), x + wide))
    for sign, left, right in zip("×=", ends, ends[1:], strict=False):
        scene.words(
            (left[1] + right[0]) / 2, middle + type_size / 2, sign, 1.7 * type_size, "muted", text_anchor="middle"
        )


_NARROW_MOST = 200.0
"""Matrices that lie no farther apart stand in a narrow picture."""
_PARTS = ((0.4, None), (None, 0.4), (0.4, 0.4))
"""Where in each matrix, as shares of its height and width, the row or the column lies that one output comes from;
``None``: all of it is."""


def _line(share: float | None, length: float, count: int, pixel: float) -> tuple[float, float]:
    """Where one row or column of a matrix begins, and how thick it is; all of it where it is the only one."""
    if share is None or count == 1:
        return 0.0, length
    thick = max(pixel, 3.5)
    return share * (length - thick), thick
