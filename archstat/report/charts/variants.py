"""What a variant of a network adds to it, and where two networks differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from archstat import units
from archstat.analysis.matching import Pair, matched
from archstat.errors import DataError
from archstat.language import listed, retold, say
from archstat.records import ModelCost
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._accuracies import Ratings, ratings
from archstat.report.charts._names import shown_names
from archstat.report.drawing import theme
from archstat.report.drawing.bar_rows import BarRow, End, Group, Rows
from archstat.report.material import Material
from archstat.tables.difference import diff_table
from archstat.tables.network import kind_of
from archstat.tables.quantities import ACTIVATION_BYTES, MACS, PARAMETERS, Quantity

_PAIRS_MAX = 8
_ROWS_MAX = 40
_ALIKE = 0.25
"""The part of all rows that two networks must share."""

_COLOURS = {PARAMETERS: theme.BLUE, MACS: theme.ORANGE, ACTIVATION_BYTES: theme.GREEN}
"""What networks are compared by, each with its colour."""


class _Pair(msgspec.Struct, frozen=True):
    """A network, and one that is named as a variant of it."""

    base: ModelCost
    variant: ModelCost


@chart("networks", takes=("evaluation",))
def overhead(material: Material) -> Chart:
    """What variants add to the networks that they are named after, in percent: SE-ResNet-50 to ResNet-50."""
    pairs = list(_pairs([subject.network.cost for subject in material.subjects]))
    if not pairs:
        raise DataError("No network here is named after another, as se_resnet50 is after resnet50, on the same input.")
    shown = pairs[:_PAIRS_MAX]
    found = _ratings(material)
    rows = Rows(tuple(_added(pair, found) for pair in shown))
    alt = " ".join(f"{_title(pair)}: {_told(pair)}." for pair in shown[:4])
    shapes = "; ".join(dict.fromkeys(units.shapes(pair.base.input_shapes) for pair in shown))
    caption = [say("Counted for an input of {shapes}.", shapes=shapes)]
    if len(pairs) > len(shown):
        caption.append(say("{count} more pairs are not shown.", count=len(pairs) - len(shown)))
    if found is not None and any(_gained(pair, found) for pair in shown):
        caption.append(found.caption())
    return Chart("overhead", say("What variants add"), (View("", rows.figure, alt),), " ".join(caption))


def _pairs(costs: Sequence[ModelCost]) -> Iterator[_Pair]:
    """Each variant with the longest name that it is named after, on an input of the same size."""
    for variant in costs:
        bases = [base for base in costs if _is_named_after(variant.architecture, base.architecture)]
        fits = [base for base in bases if base.input_shapes == variant.input_shapes and base.macs and base.parameters]
        if fits:
            yield _Pair(max(fits, key=lambda base: len(base.architecture)), variant)


def _is_named_after(variant: str, base: str) -> bool:
    """Whether one name is the other with something before or behind it.

    >>> [_is_named_after(name, "resnet50") for name in ("se_resnet50", "resnet50_v1_5", "resnet50", "wide_resnet501")]
    [True, True, False, False]
    """
    return variant.endswith(f"_{base}") or variant.startswith((f"{base}_", f"{base}("))


def _title(pair: _Pair) -> str:
    variant, base = shown_names((pair.variant.architecture, pair.base.architecture)).values()
    return say("{variant} over {base}", variant=theme.cut(variant, 30), base=theme.cut(base, 30))


def _told(pair: _Pair) -> str:
    return ", ".join(f"{each.label} {units.relative(_change(pair, each.key))}" for each in _COLOURS)


def _change(pair: _Pair, key: str) -> float:
    """By which part of the network the variant is more."""
    before, after = getattr(pair.base, key), getattr(pair.variant, key)
    return (after - before) / before if before else 0.0


def _added(pair: _Pair, found: Ratings | None) -> Group:
    rows = [_row(pair, quantity) for quantity in _COLOURS]
    gained = _gained(pair, found)
    return Group(_title(pair), (*rows, *([] if gained is None else [gained])))


def _row(pair: _Pair, quantity: Quantity) -> BarRow:
    key, name, show, colour = quantity.key, quantity.label, quantity.show, _COLOURS[quantity]
    before, after = getattr(pair.base, key), getattr(pair.variant, key)
    change = _change(pair, key)
    short = units.relative(change)
    text = f"{short} ({show(before)} → {show(after)})"
    lines = [(pair.base.architecture, show(before)), (pair.variant.architecture, show(after)), (say("Change"), short)]
    return BarRow(name, (End(change, text, short, colour, theme.hover(name, lines)),))


def _ratings(material: Material) -> Ratings | None:
    """The accuracies, if one source has two of these networks."""
    try:
        return ratings(material)
    except DataError:
        return None


def _gained(pair: _Pair, found: Ratings | None) -> BarRow | None:
    """By how much it is more accurate; a text and no bar, for points are no percent."""
    rated = () if found is None else found.rated
    top1 = {each.name: each.top1 for each in rated if not each.twin}  # a difference of one point needs the network
    before, after = (top1.get(cost.architecture) for cost in (pair.base, pair.variant))
    if before is None or after is None:
        return None
    points = after - before
    short = say("{difference} points", difference=f"{'−' if points < 0 else '+'}{abs(points):.1f}")
    return BarRow(
        say("Top-1"),
        (End(0.0, f"{short} ({units.share(before, 100)} → {units.share(after, 100)})", short, theme.PURPLE, ""),),
    )


# -- two networks, row by row ------------------------------------------------------------------------------------------


class _Line(msgspec.Struct, frozen=True):
    """One row of two networks; 0 where a network has it not."""

    name: str
    kind: str
    left: int
    right: int


@chart("networks")
def difference(material: Material) -> Chart:
    """Where two networks differ: the rows that cost another amount, one network to either side."""
    if len(material.subjects) != 2:
        raise DataError(f"A difference is one of two networks, not of {len(material.subjects)}.")
    a, b = (subject.network.cost for subject in material.subjects)
    _check_kin(a, b)
    names = list(shown_names((a.architecture, b.architecture)).values())
    views = [view for quantity in _COLOURS if (view := _mirrored(a, b, quantity, names)) is not None]
    if not views:
        raise DataError(f"{theme.cut(a.architecture)!r} and {theme.cut(b.architecture)!r} cost the same in every row.")
    title = say("Where {one} and {other} differ", one=theme.cut(names[0], 30), other=theme.cut(names[-1], 30))
    inputs = listed(dict.fromkeys((units.shapes(a.input_shapes), units.shapes(b.input_shapes))))
    told = say("Counted for an input of {shapes}.", shapes=inputs)
    return Chart("difference", title, tuple(views), f"{told} {diff_table(a, b).notes[-1]}")


def _check_kin(a: ModelCost, b: ModelCost) -> None:
    """Refuse networks that have little in common: every row of both would be a difference."""
    marks = [row[0] for row in diff_table(a, b).rows]
    alike = marks.count("=")
    if alike < _ALIKE * len(marks):
        names = f"{theme.cut(a.architecture)!r} and {theme.cut(b.architecture)!r}"
        raise DataError(f"Of {len(marks)} rows of {names} {alike} are alike; too few to show where they differ.")


def _mirrored(a: ModelCost, b: ModelCost, quantity: Quantity, shown_as: Sequence[str]) -> View | None:
    key, name, show = quantity.key, quantity.label, quantity.show
    lines = [_line(pair, key) for pair in matched(a.layers, b.layers)]
    lines = [line for line in lines if line.left != line.right]
    if not lines:
        return None
    shown = _largest(lines)
    names = [theme.cut(shown_as[place], 24) for place in (0, -1)]
    left, right = say("{network}, left", network=names[0]), say("{network}, right", network=names[1])
    colours = ((left, theme.BLUE), (right, theme.ORANGE))
    picture = Rows((Group("", tuple(_sides(line, name, names, show) for line in shown)),), colours)
    totals = listed(
        say("{quantity} of {network}", quantity=show(getattr(cost, key)), network=cost_name)
        for cost, cost_name in zip((a, b), names, strict=True)
    )
    alt = say(
        "{quantity} of the {count} rows in which they differ, as bars to either side; {totals} in all.",
        quantity=name,
        count=len(lines),
        totals=totals,
    )
    return View(name, picture.figure, alt)


def _line(pair: Pair, key: str) -> _Line:
    rows = [row for row in pair if row is not None]
    left, right = (0 if row is None else getattr(row, key) for row in pair)
    names, kinds = (dict.fromkeys(texts) for texts in ([row.layer for row in rows], map(kind_of, rows)))
    return _Line(" ⇄ ".join(names), " ⇄ ".join(kinds), left, right)


def _largest(lines: Sequence[_Line]) -> list[_Line]:
    """The largest in the order of execution, and the sum of the others."""
    largest = sorted(range(len(lines)), key=lambda place: -max(lines[place].left, lines[place].right))
    kept = sorted(largest[:_ROWS_MAX])
    others = [lines[place] for place in largest[_ROWS_MAX:]]
    name = say("{count} others", count=len(others))
    rest = _Line(name, say("together"), sum(o.left for o in others), sum(o.right for o in others))
    return [*(lines[place] for place in kept), *([rest] if others else [])]


def _sides(line: _Line, name: str, names: Sequence[str], show: Callable[[int], str]) -> BarRow:
    ends = []
    for value, sign, colour in ((line.left, -1, theme.BLUE), (line.right, 1, theme.ORANGE)):
        amounts = [
            (say("{quantity} of {network}", quantity=name, network=one), show(each))
            for one, each in zip(names, (line.left, line.right), strict=True)
        ]
        hover = theme.hover(line.name, [(say("what"), retold(line.kind)), *amounts])
        ends += [End(sign * value, show(value), show(value), colour, hover)] if value else []
    return BarRow(line.name, tuple(ends))
