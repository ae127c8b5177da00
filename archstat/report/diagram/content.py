"""A network → what a diagram of it is drawn from, as plain values for the script that draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from archstat import units
from archstat.analysis.network import Network
from archstat.language import retold, say
from archstat.records import LayerCost, LayerGraph, LayerNode, Measurement, ModelCost, Shape
from archstat.report.diagram.amounts import COUNTED, Amount, Counted, Told, timed
from archstat.report.diagram.folding import Box, boxes_of
from archstat.report.diagram.parts import part_of
from archstat.report.drawing import theme

STEPS = 7
"""The shades of a cost, from next to nothing to the most that one box has."""

BOXES_MOST = 40
"""So many boxes are taken in at a glance: modules are opened, level by level, as long as no more are to be seen."""

_SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷"}
"""Ops that papers draw as a sign in a circle."""


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


class Content(NamedTuple):
    """What a diagram is drawn from.

    Attributes:
        boxes: The boxes, each behind the one around it.
        edges: The places of two boxes with nothing inside, and the shape of the tensor that goes from one to the other.
        labels: The names of the amounts that boxes have, by their keys.
    """

    boxes: Sequence[DrawnBox]
    edges: Sequence[tuple[int, int, str]]
    labels: Mapping[str, str]

    def plain(self) -> dict[str, Any]:
        """Boxes, edges and words as the script gets them."""
        return {
            "boxes": msgspec.to_builtins(self.boxes),
            "edges": self.edges,
            "shows": {key: {"label": label} for key, label in self.labels.items()},
            "steps": STEPS,
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
        fitting = [level for level in levels if self.seen(level) <= BOXES_MOST]
        return fitting[-1] if fitting else levels[0]

    def _opened_above(self, level: int, depths: Sequence[int]) -> tuple[int, ...]:
        places = range(len(self.boxes))
        return tuple(place for place in places if self.boxes[place].has_parts and depths[place] < level)

    def seen(self, opened: Sequence[int]) -> int:
        """How many boxes are to be seen, where some are open."""
        is_open = set(opened)
        return sum(box.in_ < 0 or box.in_ in is_open for box in self.boxes) - len(is_open)


def content_of(
    network: Network, part: str = "", *, measurement: Measurement | None = None, is_folded: bool = True
) -> Content:
    """What a diagram of a network is drawn from.

    Args:
        network: The network; more must be known of it than a saved cost.
        part: The path of a module, of which alone the inside is drawn; ``""``: all of the network.
        measurement: How the network ran, by layer; ``None``: boxes have no times.
        is_folded: Whether equal neighbours are one box.

    Raises:
        DataError: Only the cost of the network is known, or the measurement is of something else or not by layer.
        UnknownNameError: There is no such module.
    """
    whole, rows = network.graph(), network.cost.layers
    graph, groups = part_of(whole, part)
    boxes, edges = boxes_of(graph, rows, is_folded=is_folded)
    amounts: list[Amount] = [Counted(quantity, graph, rows) for quantity in COUNTED]
    if measurement is not None:
        amounts.append(timed(whole, graph, groups, network.cost, measurement))
    writer = _Writer(graph, rows, amounts, batch=_batch(network.cost))
    for box in boxes:
        writer.write(box, graph.groups[0].path, -1)
    places = writer.places
    drawn = [(places[id(source)], places[id(target)], writer.shape(shape)) for source, target, shape in edges]
    return Content(writer.boxes, drawn, {amount.key: amount.label for amount in amounts})


def _batch(cost: ModelCost) -> int | None:
    """The first axis of all inputs and of most outputs, which goes without saying; ``None`` if there is none."""
    firsts = {shape[0] if shape else None for shape in cost.input_shapes}
    batch = firsts.pop() if len(firsts) == 1 else None
    shapes = [row.output_shape for row in cost.layers if len(row.output_shape) > 1]
    return batch if 2 * sum(shape[0] == batch for shape in shapes) > len(shapes) else None


class _Writer:
    """Writes boxes down one by one, each behind the one around it."""

    def __init__(
        self, graph: LayerGraph, rows: Sequence[LayerCost], amounts: Sequence[Amount], batch: int | None
    ) -> None:
        self.boxes: list[DrawnBox] = []
        self.places: dict[int, int] = {}
        self._graph, self._rows, self._amounts, self._batch = graph, rows, amounts, batch

    def write(self, box: Box, around: str, parent: int) -> None:
        """Write a box and all that is in it.

        Args:
            box: The box.
            around: The path of the module around, which goes without saying.
            parent: The place of the box around.
        """
        box = _joined(box)
        place = len(self.boxes)
        self.places[id(box)] = place
        paths = self._paths(box)
        self.boxes.append(self._drawn(box, paths, around, parent))
        inner = self._graph.groups[box.groups[0]].path if box.groups else around
        for part in box.parts:
            self.write(part, inner, place)

    def shape(self, shape: Shape) -> str:
        """The shape of one input's part of a tensor."""
        is_batched = len(shape) > 1 and shape[0] == self._batch
        return units.shape(shape[1:] if is_batched else shape)

    def _paths(self, box: Box) -> list[str]:
        """The path of a box each time."""
        if box.groups:
            return [self._graph.groups[group].path for group in box.groups]
        if box.parts:
            return []
        return [row.layer for unit in box.units if (row := self._row(unit[0])) is not None and row.is_layer]

    def _row(self, node: int) -> LayerCost | None:
        about: LayerNode = self._graph.nodes[node]
        return self._rows[about.index] if about.kind == "row" else None

    def _drawn(self, box: Box, paths: Sequence[str], around: str, parent: int) -> DrawnBox:
        first = self._graph.nodes[box.units[0][0]]
        rows = [row for unit in box.units for node in unit if (row := self._row(node)) is not None]
        lines = self._lines(box)
        title = _span([path.removeprefix(f"{around}.") if around else path for path in paths])
        sign = "" if box.parts or not rows or rows[0].is_layer else _SIGNS.get(rows[0].kind, "")
        if first.kind != "row" and not box.parts:
            title, lines = say("input") if first.kind == "input" else say("output"), self._ends(box.units[0][0])
        told = [(amount, amount.of(box)) for amount in self._amounts]
        return DrawnBox(
            in_=parent,
            title=theme.cut(title, 80),
            lines=tuple(theme.cut(line, 80) for line in lines),
            about=_about(_span(paths), lines, told, box.times),
            times=box.times,
            sign=sign,
            is_op=not box.parts and bool(rows) and not rows[0].is_layer,
            has_parts=bool(box.parts),
            values={amount.key: each.value for amount, each in told},
            texts={amount.key: each.text for amount, each in told},
        )

    def _ends(self, node: int) -> list[str]:
        """The shapes of what goes in there, or comes out."""
        about = self._graph.nodes[node]
        found = [edge.shape for edge in self._graph.edges if node in (edge.source, edge.target)]
        shapes = list(dict.fromkeys(map(self.shape, found)))
        return [", ".join(shapes[:3]) + (", …" if len(shapes) > 3 else "")] if about.kind == "output" else shapes[:1]

    def _lines(self, box: Box) -> list[str]:
        """What a box is."""
        if box.groups:
            return [self._graph.groups[box.groups[0]].kind]
        if box.parts:
            return []
        rows = [row for node in box.units[0] if (row := self._row(node)) is not None]
        lines = [line for row in rows[:1] for line in _told(row.kind, retold(row.detail))]
        more = ", ".join(row.kind for row in rows[1:])
        return [*lines, more] if more else lines


def _told(kind: str, detail: str) -> list[str]:
    """What a row is, in a line or, where that is long, in two."""
    line = f"{kind} {detail}".rstrip()
    return [line] if len(line) <= _LINE_MOST else [kind, detail]


_LINE_MOST = 32


def _joined(box: Box) -> Box:
    """A module with a single part as that part: a box around it says nothing."""
    while len(box.parts) == 1 and box.groups and (box.times == 1 or box.parts[0].times == 1):
        (part,) = box.parts
        if not part.groups and part.parts:
            break
        units = box.units if box.times > 1 else part.units
        part.units = units
        if part.groups and box.times > 1:
            part.groups = part.groups * box.times
        box = part
    return box


def _span(paths: Sequence[str]) -> str:
    """The paths of repetitions as one: ``layer.0–11``.

    >>> _span(["layer.0", "layer.1", "layer.2"]), _span(["a"]), _span(["cell", "cell"])
    ('layer.0–2', 'a', 'cell')
    """
    if not paths or paths[0] == paths[-1]:
        return paths[0] if paths else ""
    first, last = paths[0].split("."), paths[-1].split(".")
    others = [place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]]
    if len(first) != len(last) or len(others) != 1:
        return f"{paths[0]} – {paths[-1]}"
    return ".".join([*first[: others[0]], f"{first[others[0]]}–{last[others[0]]}", *first[others[0] + 1 :]])


def _about(path: str, lines: Sequence[str], told: Sequence[tuple[Amount, Told]], times: int) -> str:
    """What is told of a box to who points at it, a line each."""
    said = [path, *lines, f"× {times}" if times > 1 else ""]
    said += [f"{amount.label}: {each.text}" for amount, each in told if each.value]
    readable: str = theme.readable("\n".join(filter(None, said)))
    return readable
