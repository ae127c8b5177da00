"""A network as its parts, and what each of them costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from plotly import graph_objects as go

from archstat import units
from archstat.errors import DataError
from archstat.language import retold, say
from archstat.records import LayerCost
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import name_in_title
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.layer_names import layer_legend
from archstat.report.material import Subject
from archstat.tables.network import kind_of
from archstat.tables.quantities import MACS, OF_LAYERS, Quantity

_LEVELS = 3
"""The network, its stages and their blocks: more columns leave no room for names on a phone. A click opens others."""

_HEIGHT_MIN, _HEIGHT_MAX, _LINE, _LEAST = 320, 640, 22, 0.8
"""The height of the tree, and that of a part whose name is read, in pixels; and the part of it that is enough."""


class IciclePart(msgspec.Struct):
    """A part of a network: the whole, a block, or a layer.

    Attributes:
        path: The path of the part; an op that a larger layer runs itself has its name behind it.
        name: The last part of that.
        around: The path of the block that it stands in.
        rows: The rows of the cost under it.
        is_block: Whether other parts stand in it.
    """

    path: str
    name: str
    around: str
    rows: list[LayerCost]
    is_block: bool = False


@chart("network")
def icicle(subject: Subject) -> Chart:
    """The modules of a network within each other, as high as their MACs, parameters or memory."""
    cost = subject.network.cost
    order = sorted(OF_LAYERS, key=lambda quantity: quantity is not MACS)
    met = [quantity for quantity in order if any(getattr(row, quantity.key) for row in cost.layers)]
    if not met:
        raise DataError(f"{cost.architecture!r} has no layer that costs anything.")
    nodes = tree(cost.layers, name_in_title(cost.architecture))
    return Chart(
        "icicle",
        say("Where the cost of {network} lies", network=name_in_title(cost.architecture)),
        tuple(_view(nodes, quantity) for quantity in met),
        say(
            "Counted for an input of {shapes}. The network is at the left, what it is made of to the right of it, in "
            "the order of execution; the height of a part is its share of the whole. Activation memory is that of the "
            "layers' own outputs in {dtype}, all together.",
            shapes=units.shapes(cost.input_shapes),
            dtype=cost.dtype,
        ),
        say("A click on a part opens it, a click on its left edge or on the bar below it closes it."),
    )


def tree(rows: Sequence[LayerCost], name: str) -> list[IciclePart]:
    """The whole network, and under it the parts that the paths of its rows name, in the order of execution.

    What a larger layer runs itself is a part of its own, named by its op; the runs of one layer are one part.

    Args:
        rows: The rows of a cost.
        name: What the whole is called.
    """
    blocks = _blocks(rows)
    nodes = {"": IciclePart("", name, "", [], is_block=True)}
    for row in rows:
        names = row.layer.split(".") if row.layer else []
        for depth in range(len(names) + 1):
            path = ".".join(names[:depth])
            nodes.setdefault(
                path, IciclePart(path, path.rpartition(".")[2], path.rpartition(".")[0], [], path in blocks)
            )
            nodes[path].rows.append(row)
        if row.layer in blocks:  # "\n" stands in no path: an op is not mistaken for a layer of that name
            own = f"{row.layer}\n{row.kind}"
            nodes.setdefault(own, IciclePart(own, row.kind, row.layer, [])).rows.append(row)
    return list(nodes.values())


def _blocks(rows: Sequence[LayerCost]) -> set[str]:
    """The paths that others lie under, and those at which several different ops run."""
    names = [row.layer.split(".") for row in rows if row.layer]
    inner = {".".join(each[:depth]) for each in names for depth in range(len(each))}
    kinds = Counter(layer for layer, _ in {(row.layer, row.kind) for row in rows})
    return inner | {layer for layer, count in kinds.items() if count > 1} | {""}


def _view(nodes: Sequence[IciclePart], quantity: Quantity) -> View:
    name, title, show = quantity.key, quantity.label, quantity.show
    values = {node.path: sum(getattr(row, name) for row in node.rows) for node in nodes}
    kept = list(_joined([node for node in nodes if values[node.path]]))
    total = values[""]
    trace = _trace(kept, values, title, show)

    def draw(canvas: Canvas) -> go.Figure:
        words, top = layer_legend([node.rows[0].kind for node in kept if not node.is_block], canvas.width, 0)
        return theme.figure(
            trace,
            height=top + canvas.rest(_height(kept), top, _LEAST * _height(kept)),
            margin={"l": 0, "r": 0, "t": top, "b": 8 if canvas.is_fixed else 30},  # a picture has no way back
            uniformtext={"minsize": 9, "mode": "hide"},
            annotations=words,
        )

    stages = sorted((node for node in kept if node.path and not node.around), key=lambda node: -values[node.path])[:3]
    parts = ", ".join(f"{theme.cut(node.name, 30)} {units.share(values[node.path], total)}" for node in stages)
    alt = say(
        "{quantity} of the parts of the network, {total} together; the largest are {parts}.",
        quantity=title,
        total=show(total),
        parts=parts,
    )
    return View(title, draw, alt)


def _joined(nodes: Sequence[IciclePart]) -> Iterator[IciclePart]:
    """The parts without blocks of a single part: that is called by both names, and a level is not wasted on it."""
    inside: dict[str, list[IciclePart]] = {}
    for node in nodes:
        if node.path:
            inside.setdefault(node.around, []).append(node)
    places = {node.path: (node.name, node.around) for node in nodes}
    for node in nodes:
        name, around = places[node.path]
        parts = inside.get(node.path, [])
        if node.path and len(parts) == 1:
            places[parts[0].path] = f"{name}.{parts[0].name}", around
        else:
            yield msgspec.structs.replace(node, name=name, around=around)


def _height(nodes: Sequence[IciclePart]) -> int:
    """So much that the parts that are shown at first can be told from each other."""
    depths = {"": 0}
    for node in nodes:
        if node.path:
            depths[node.path] = depths[node.around] + 1
    shown = Counter(depth for depth in depths.values() if depth < _LEVELS)
    return min(max(_HEIGHT_MIN, 80 + _LINE * max(shown.values())), _HEIGHT_MAX)


def _trace(nodes: Sequence[IciclePart], values: dict[str, int], title: str, show: Callable[[int], str]) -> go.Icicle:
    total = values[""]
    ids = {node.path: f"part {number}" for number, node in enumerate(nodes)}  # a path can be of any length
    return go.Icicle(
        ids=list(ids.values()),
        labels=[theme.words(node.name, 32) for node in nodes],
        parents=[ids[node.around] if node.path else "" for node in nodes],
        values=[values[node.path] for node in nodes],
        branchvalues="total",
        sort=False,
        maxdepth=_LEVELS,
        tiling={"orientation": "h", "pad": 1},
        marker={"colors": list(map(_colour, nodes)), "line": {"color": theme.PAPER, "width": 1}},
        leaf={"opacity": 1},
        text=[units.share(values[node.path], total) if node.path else show(total) for node in nodes],
        texttemplate="%{label} %{text}",
        textposition="middle left",
        insidetextfont={
            "color": [theme.INK if node.is_block else theme.PAPER for node in nodes],
            "size": theme.SIZE - 1,
        },
        hovertext=[_hover(node, values, title, show) for node in nodes],
        hoverinfo="text",
        pathbar={"side": "bottom", "thickness": 24, "textfont": {"color": theme.INK, "size": theme.SIZE}},
    )


def _colour(node: IciclePart) -> str:
    return theme.GRID if node.is_block else theme.sort_of(node.rows[0].kind)[1]


def _hover(node: IciclePart, values: dict[str, int], title: str, show: Callable[[int], str]) -> str:
    value = values[node.path]
    shares = [(say("of the network"), units.share(value, values[""]))] if node.path else []
    if node.around:
        shares.append((say("of {part}", part=node.around), units.share(value, values[node.around])))
    return theme.hover(node.path.replace("\n", " ").strip() or node.name, [*_what(node), (title, show(value)), *shares])


def _what(node: IciclePart) -> Iterable[tuple[str, str]]:
    """What a layer is, or of how many rows a block is the sum."""
    if node.is_block:
        return [(say("rows"), units.exact(len(node.rows)))]
    kinds: list[Any] = list(dict.fromkeys(map(kind_of, node.rows)))
    return [(say("what"), ", ".join(map(retold, kinds[:3])))]
