"""Boxes of a diagram, put into words: what each is called, what it is, what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from archstat import units
from archstat.language import retold, say
from archstat.records import LayerCost, LayerGraph, LayerNode, Shape
from archstat.report.diagram.amounts import AmountTold, BoxAmount
from archstat.report.diagram.content import Content, DrawnBox
from archstat.report.diagram.folding import Box, Folded
from archstat.report.diagram.merging import Merged
from archstat.report.drawing import theme
from archstat.tables.difference import ALIKE, CHANGED, MARKS

_SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷"}
"""Ops that papers draw as a sign in a circle."""


class BoxWriter:
    """Writes boxes down one by one, each behind the one around it."""

    def __init__(
        self,
        graph: LayerGraph,
        rows: Sequence[LayerCost],
        amounts: Sequence[BoxAmount],
        batch: int | None,
        both: Merged | None = None,
    ) -> None:
        """A writer that has written nothing.

        Args:
            graph: The graph that the boxes are of.
            rows: The rows of the cost.
            amounts: What is told of each box.
            batch: The first axis of shapes, which goes without saying; ``None``: there is none.
            both: The two networks that the graph is of; ``None``: it is that of one.
        """
        self._boxes: list[DrawnBox] = []
        self._places: dict[int, int] = {}
        self._graph, self._rows, self._amounts, self._batch, self._both = graph, rows, amounts, batch, both

    def content(self, folded: Folded) -> Content:
        """All boxes and edges.

        Args:
            folded: The graph as boxes.
        """
        for box in folded.boxes:
            self._write(box, self._graph.groups[0].path, -1)
        places = self._places
        edges = [
            (places[id(source)], places[id(target)], self._shape(shape), mark)
            for source, target, shape, mark in folded.edges
        ]
        met = {*(box.mark for box in self._boxes), *(mark for *_, mark in edges)}
        marks = {mark: say(told) for mark, told in MARKS.items() if mark in met}
        return Content(self._boxes, edges, {amount.key: amount.label for amount in self._amounts}, marks)

    def _write(self, box: Box, around: str, parent: int) -> None:
        """Write a box and all that is in it; the path of the module around it goes without saying."""
        box = _joined(box)
        place = len(self._boxes)
        self._places[id(box)] = place
        paths = self._paths(box)
        self._boxes.append(self._drawn(box, paths, around, parent))
        inner = self._graph.groups[box.groups[0]].path if box.groups else around
        for part in box.parts:
            self._write(part, inner, place)

    def _shape(self, shape: Shape) -> str:
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
            about=_about(_span(paths) or title, lines, told, box.times),
            times=box.times,
            sign=sign,
            is_op=not box.parts and bool(rows) and not rows[0].is_layer,
            has_parts=bool(box.parts),
            values={amount.key: each.value for amount, each in told},
            texts={amount.key: each.text for amount, each in told},
            mark=self._mark(box),
        )

    def _mark(self, box: Box) -> str:
        """What became of a box in the other network, if there is one."""
        if self._both is None:
            return ""
        nodes = {node for unit in box.units for node in unit}
        marks = self._both.marks(nodes)
        if len(marks) > 1:
            return CHANGED
        (mark,) = marks or {ALIKE}
        is_wired_anew = box.parts and mark == ALIKE and self._both.has_other_edges(nodes)
        return CHANGED if is_wired_anew else mark

    def _ends(self, node: int) -> list[str]:
        """The shapes of what goes in there, or comes out: of one input the first that is taken, of two networks all."""
        found = [edge.shape for edge in self._graph.edges if node in (edge.source, edge.target)]
        shapes = list(dict.fromkeys(map(self._shape, found)))
        if self._graph.nodes[node].kind == "input" and self._both is None:
            return shapes[:1]
        return [", ".join(shapes[:3]) + (", …" if len(shapes) > 3 else "")]

    def _lines(self, box: Box) -> list[str]:
        """What a box is."""
        if box.groups:
            return [self._graph.groups[box.groups[0]].kind]
        if box.parts:
            return []
        rows = [row for node in box.units[0] if (row := self._row(node)) is not None]
        lines = [line for row in rows[:1] for line in _told(row.kind, retold(row.detail))]
        lines += self._before(box.units[0][0])
        more = ", ".join(row.kind for row in rows[1:])
        return [*lines, more] if more else lines

    def _before(self, node: int) -> list[str]:
        """What a row was in the network before, where it was something else."""
        if self._both is None or self._graph.nodes[node].kind != "row":
            return []
        was, now = (None if row is None else _row_told(row) for row in self._both.pairs[self._graph.nodes[node].index])
        return [say("before: {what}", what=was)] if was and now and was != now else []


def _row_told(row: LayerCost) -> str:
    """What a row is, in a line."""
    return " ".join(_told(row.kind, retold(row.detail)))


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


def _about(path: str, lines: Sequence[str], told: Sequence[tuple[BoxAmount, AmountTold]], times: int) -> str:
    """What is told of a box to who points at it, a line each."""
    said = [path, *lines, f"× {times}" if times > 1 else ""]
    said += [f"{amount.label}: {each.text}" for amount, each in told if each.value]
    readable: str = theme.readable("\n".join(filter(None, said)))
    return readable
