"""A linear layer as a product of matrices: the features that go in, the weights, and the features that come out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archstat.records import Filters
from archstat.report.layer_pictures.scene import Scene

_LEAST = 7.0
"""No side is drawn shorter, in pixels."""


def draw_matrices(scene: Scene, filters: Filters, places: Sequence[float], room: tuple[float, float]) -> None:
    """Draw the three matrices to one scale, and in each of them what one output comes from.

    Args:
        scene: The picture.
        filters: The weights, and what they work on.
        places: The middle of each matrix.
        room: Where they may begin and where they end, from top to bottom.
    """
    top, foot = room
    rows = math.prod(filters.input_shape[:-1])
    sizes = [(rows, filters.maps), (filters.maps, filters.count), (rows, filters.count)]
    largest = max(max(size) for size in sizes)
    pixel = min(foot - top - 22, (places[1] - places[0]) * 0.72) / largest
    chosen = [(0.4, None), (None, 0.4), (0.4, 0.4)]
    for place, size, part, colour in zip(places, sizes, chosen, ("blue", "orange", "green"), strict=True):
        high, wide = (max(each * pixel, _LEAST) for each in size)
        x, y = place - wide / 2, (top + foot - 14) / 2 - high / 2
        scene.rect(x, y, wide, high, fill=colour, fill_opacity=0.16, stroke=colour, stroke_width=1.3)
        down, across = (_line(*each, pixel) for each in zip(part, (high, wide), size, strict=True))
        scene.rect(x + across[0], y + down[0], across[1], down[1], fill="orange", fill_opacity=0.75)
        scene.words(place, y + high + 16, str(size[1]), 13, text_anchor="middle")
        scene.words(x - 6, y + high / 2 + 4.5, str(size[0]), 13, text_anchor="end")
    for sign, place in (("×", (places[0] + places[1]) / 2), ("=", (places[1] + places[2]) / 2)):
        scene.words(place, (top + foot - 14) / 2 + 8, sign, 24, "muted", text_anchor="middle")


def _line(share: float | None, length: float, count: int, pixel: float) -> tuple[float, float]:
    """Where one row or column of a matrix begins, and how thick it is; all of it where it is the only one."""
    if share is None or count == 1:
        return 0.0, length
    thick = max(pixel, 3.5)
    return share * (length - thick), thick
