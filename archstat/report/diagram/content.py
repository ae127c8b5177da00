"""What a diagram is drawn from, as plain values for the script that draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from archstat.report.drawing import theme
from archstat.tables.difference import CHANGED

STEPS = 7
"""The shades of a cost, from next to nothing to the most that one box has."""

BOXES_MOST = 40
"""So many boxes are taken in at a glance: modules are opened, level by level, as long as no more are to be seen."""


class DrawnBox(msgspec.Struct, rename="camel"):
    """One box, as the script of a page knows it.

    Attributes:
        in_: The box around, by its place; -1: none.
        title: The name of the layer, from the module around it on.
        lines: What the layer is, a line each.
        about: What is told of the box to who points at it.
        times: How often the box is repeated.
        sign: What stands in a circle in place of a box; ``""``: it is a box.
        is_op: Whether the box is an op that a larger layer runs itself.
        has_parts: Whether there is something inside.
        values: The amounts of all repetitions together, by what is shown.
        texts: The amounts in words, by what is shown.
        mark: What became of the box in another network, a key of :data:`archstat.tables.difference.MARKS`; ``""``: only
            one network is drawn.
    """

    in_: int = msgspec.field(name="in")
    title: str
    lines: tuple[str, ...]
    about: str
    times: int
    sign: str
    is_op: bool
    has_parts: bool
    values: dict[str, float]
    texts: dict[str, str]
    mark: str = ""


class Content(NamedTuple):
    """What a diagram is drawn from.

    Attributes:
        boxes: The boxes, each behind the one around it.
        edges: The places of two boxes with nothing inside, the shape of the tensor that goes from one to the other, and
            what became of the edge in another network.
        labels: The names of the amounts that boxes have, by their keys.
        marks: What the marks mean that boxes and edges have, by their keys.
    """

    boxes: Sequence[DrawnBox]
    edges: Sequence[tuple[int, int, str, str]]
    labels: Mapping[str, str]
    marks: Mapping[str, str] = {}

    def plain(self) -> dict[str, Any]:
        """Boxes, edges and words as the script gets them."""
        return {
            "boxes": msgspec.to_builtins(self.boxes),
            "edges": self.edges,
            "shows": {key: {"label": label} for key, label in self.labels.items()},
            "steps": STEPS,
            "marks": self.marks,
            "font": theme.font(),
        }

    def opened(self, depth: int | None = None) -> tuple[int, ...]:
        """The boxes that are open to begin with.

        Args:
            depth: How many levels of modules are opened; ``None``: as many as can be taken in at a glance.
        """
        depths: list[int] = []
        for box in self.boxes:
            depths.append(depths[box.in_] + 1 if box.in_ >= 0 else 0)
        levels = [self._opened_above(level, depths) for level in range(max(depths, default=0) + 1)]
        if depth is not None:
            return levels[min(depth, len(levels) - 1)]
        # Of two networks in one, what is alike, came or went as a whole is closed: that it did is what there is to see.
        levels = [tuple(place for place in level if self.boxes[place].mark in ("", CHANGED)) for level in levels]
        fitting = [level for level in levels if self.seen(level) <= BOXES_MOST]
        return fitting[-1] if fitting else levels[0]

    def _opened_above(self, level: int, depths: Sequence[int]) -> tuple[int, ...]:
        places = range(len(self.boxes))
        return tuple(place for place in places if self.boxes[place].has_parts and depths[place] < level)

    def seen(self, opened: Sequence[int]) -> int:
        """How many boxes are to be seen, where some are open."""
        is_open = set(opened)
        return sum(box.in_ < 0 or box.in_ in is_open for box in self.boxes) - len(is_open)
