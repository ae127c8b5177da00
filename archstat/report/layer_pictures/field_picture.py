"""The receptive field of a layer, drawn on the input of its network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from archstat import units
from archstat.counting.receptive_field import describe
from archstat.language import listed, message, retold, say
from archstat.records import Explanation, PixelsSeen, ReceptiveField, Shape
from archstat.report.drawing import theme
from archstat.report.layer_pictures.growth import GrowthStep, condensed
from archstat.report.layer_pictures.heading import MARGIN, NARROW, WIDE, PictureHeading
from archstat.report.layer_pictures.input_grid import Grid, Seen, seen_of
from archstat.report.layer_pictures.scene import Scene, line_width


class FieldSight(msgspec.Struct, frozen=True):
    """What is to be drawn of the receptive field of a layer.

    Attributes:
        heading: What stands over the picture.
        input_shape: The shape of the first input.
        explained: The sums behind the row of the layer, with its field and the pixels of it.
        steps: How the field grows down to the layer.
    """

    heading: PictureHeading
    input_shape: Shape
    explained: Explanation
    steps: Sequence[GrowthStep]

    @property
    def field(self) -> ReceptiveField:
        """What one element sees."""
        field = self.explained.field
        return field if field is not None else ReceptiveField((), (), ())

    @property
    def pixels(self) -> tuple[PixelsSeen, ...]:
        """The pixels that the element in the middle sees, along each axis."""
        return self.explained.pixels

    @property
    def is_whole(self) -> bool:
        """Whether every element sees the whole input."""
        return all(size is None for size in self.field.size)


def field_scene(sight: FieldSight, *, is_narrow: bool = False) -> Scene:
    """The picture: the input and what is seen of it, the numbers, and how the field grows.

    Args:
        sight: What is drawn.
        is_narrow: Draw for the width of a phone, one below the other.
    """
    scene = Scene(*(NARROW if is_narrow else WIDE))
    top = sight.heading.draw(scene)
    margin = MARGIN[is_narrow]
    width = scene.width - 2 * margin
    if not is_narrow:
        half = width * 0.47
        _grid(scene, sight, (margin - 6, top + 6, half, scene.height - top - 34))
        left = margin + half + 34
        y = _facts(scene, sight, left, top + 30, width - half - 34)
        y = _told(scene, sight, left, y + 22, width - half - 34)
        _growth(scene, sight.steps, (left, y + 30, width - half - 34, scene.height - y - 58))
        return scene
    y = _facts(scene, sight, margin, top + 30, width)
    y = _grid(scene, sight, (margin - 6, y + 12, width, width)) + 26
    y = _told(scene, sight, margin, y, width) + 30
    steps = min(len(sight.steps), _ROWS_MOST)
    y = _growth(scene, sight.steps, (margin, y, width, 24 + 17.0 * steps))
    scene.height = int(y + 16)
    return scene


def _grid(scene: Scene, sight: FieldSight, place: tuple[float, float, float, float]) -> float:
    """The input with what is seen of it; returns where it ends."""
    seen: Seen = seen_of(sight.pixels)
    grid = Grid(scene, place, seen)
    grid.draw(_stride(sight) if seen.neighbour else "")
    return grid.bottom


def _stride(sight: FieldSight) -> str:
    """How far the drawn neighbour lies away: behind an upsampling that may be more than the stride, or nothing."""
    axis = -1 if sight.pixels[-1].next_first is not None else -2
    seen, stride = sight.pixels[axis], sight.field.stride[axis]
    moved = (seen.next_first or 0) - seen.first
    return say("stride {stride}", stride=stride) if moved == stride else say("moved by {count}", count=moved)


# -- the numbers -------------------------------------------------------------------------------------------------------


def _facts(scene: Scene, sight: FieldSight, x: float, y: float, width: float) -> float:
    """The numbers, each over its name, in two rows where one would be too small; returns the foot of the names."""
    facts = _numbers(sight)
    if _largest(facts, width) >= _SIZE_LEAST:
        return _row_of_facts(scene, facts, (x, y), width)
    half = len(facts) // 2
    y = _row_of_facts(scene, facts[:half], (x, y), width)
    return _row_of_facts(scene, facts[half:], (x, y + 32), width)


def _row_of_facts(scene: Scene, facts: Sequence[tuple[str, str]], place: tuple[float, float], width: float) -> float:
    (x, y), size = place, _largest(facts, width)
    for value, name in facts:
        scene.words(x, y, value, size, "ink", font_weight=600)
        scene.words(x, y + 19, name, _NAME_SIZE, "muted")
        x += _wide((value, name), size) + _BETWEEN
    return y + 19


def _largest(facts: Sequence[tuple[str, str]], width: float) -> float:
    """The largest size of type with which some numbers have room beside each other."""
    size = 23.0
    while size > 8 and sum(_wide(fact, size) for fact in facts) + _BETWEEN * (len(facts) - 1) > width:
        size -= 0.5
    return size


_SIZE_LEAST, _NAME_SIZE = 15.0, 12.5
_BETWEEN = 22.0
"""What is free between two numbers, in pixels."""


def _wide(fact: tuple[str, str], size: float) -> float:
    """How wide a number with its name is."""
    return max(line_width(fact[0], size, is_bold=True), line_width(fact[1], _NAME_SIZE))


def _numbers(sight: FieldSight) -> list[tuple[str, str]]:
    field, row = sight.field, sight.explained.row
    output = (units.shape(_without_batch(row.output_shape)), say("output"))
    if sight.is_whole:
        return [(say("whole image"), say("receptive field")), output]
    size = units.shape([say("whole") if each is None else each for each in field.size])
    return [
        (size, say("receptive field")),
        (_joined(field.stride, field), say("stride")),
        (_joined(field.start, field), say("offset")),
        output,
    ]


def _joined(numbers: Sequence[Fraction], field: ReceptiveField) -> str:
    """One number if those of all axes that are not seen whole are alike."""
    known = [number for number, size in zip(numbers, field.size, strict=True) if size is not None]
    told = [str(number).replace("-", "−") for number in known]
    return " × ".join(told if len(set(told)) > 1 else told[:1])


def _without_batch(shape: Shape) -> Shape:
    return shape[1:] if len(shape) > 1 else shape


# -- in words ----------------------------------------------------------------------------------------------------------


def _told(scene: Scene, sight: FieldSight, x: float, y: float, width: float) -> float:
    """What both fields are, each beside its colour; returns the foot of the last line."""
    for colour, text in _sentences(sight):
        if colour == "padding":
            scene.rect(x, y - 10, 12, 12, fill="none", stroke="grey", stroke_width=0.8)
            scene.lines([((x, y - 2), (x + 8, y - 10)), ((x + 4, y + 2), (x + 12, y - 6))], stroke="grey")
        elif colour:
            dashes = "3 2" if colour == "orange" else "none"
            scene.rect(
                x,
                y - 10,
                12,
                12,
                fill=colour,
                fill_opacity=0.2,
                stroke=colour,
                stroke_width=1.8,
                stroke_dasharray=dashes,
            )
        y = scene.paragraph(x + 20, y, width - 20, text, 13.5) + 22
    return y - 22


def _sentences(sight: FieldSight) -> list[tuple[str, str]]:
    """What is said, each with the colour of what it is said of."""
    if sight.is_whole:
        return [("blue", say("Every output sees the whole input, {shape}.", shape=_input(sight)))]
    found = [("blue", _middle(sight))]
    across, down = sight.pixels[-1], sight.pixels[-2:][0]
    last = len(sight.pixels) - 1
    if across.next_first is not None:
        spans = _spans(sight, [last], is_next=True)
        found.append(("orange", say("Its neighbour to the right sees {spans}.", spans=spans)))
    elif down.next_first is not None:
        spans = _spans(sight, [last - 1], is_next=True)
        found.append(("orange", say("Its neighbour below sees {spans}.", spans=spans)))
    return [*found, *_of_padding(sight)]


def _middle(sight: FieldSight) -> str:
    """What the output in the middle sees, and what part of the input that is."""
    axes = sight.pixels
    inside, _ = _inside(axes)
    share = _share(inside, math.prod(each.size for each in axes))
    place = (
        units.shape([each.position for each in axes]) if len(axes) == 1 else str(tuple(each.position for each in axes))
    )
    spans = _spans(sight, range(len(axes)), is_next=False)
    return say(
        "The output in the middle, at {place}, sees {spans}: {share} of the input.",
        place=place,
        spans=spans,
        share=share,
    )


def _spans(sight: FieldSight, axes: Iterable[int], *, is_next: bool) -> str:
    """Which rows and columns are seen along some axes, without what is padding."""
    found = []
    for axis in axes:
        each = sight.pixels[axis]
        first, last = (each.next_first, each.next_last) if is_next else (each.first, each.last)
        low, high = max(first or 0, 0), min(last or 0, each.size - 1)
        form = _SPANS[len(sight.pixels)][axis]
        found.append(say(form, first=low, last=high))
    return listed(found)


_PIXELS, _ROWS = message("pixels {first} to {last}"), message("rows {first} to {last}")
_COLUMNS, _PLANES = message("columns {first} to {last}"), message("planes {first} to {last}")
_SPANS = {1: (_PIXELS,), 2: (_ROWS, _COLUMNS), 3: (_PLANES, _ROWS, _COLUMNS)}


def _of_padding(sight: FieldSight) -> list[tuple[str, str]]:
    """What lies in the padding."""
    inside, every = _inside(sight.pixels)
    if inside < every:
        told = say(
            "{share} of the field lies in the padding, which has no pixels.", share=_share(every - inside, every)
        )
        return [("padding", told)]
    is_over = any(each.next_last is not None and each.next_last >= each.size for each in sight.pixels[-2:])
    return [("padding", say("Padding, which has no pixels."))] if is_over else []


def _inside(axes: Sequence[PixelsSeen]) -> tuple[int, int]:
    """How many pixels of the field lie in the input, and how many it has."""
    inside = every = 1
    for each in axes:
        inside *= max(min(each.last, each.size - 1) - max(each.first, 0) + 1, 0)
        every *= each.last - each.first + 1
    return inside, every


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %"


def _input(sight: FieldSight) -> str:
    return units.shape(_without_batch(sight.input_shape))


def alt_of(sight: FieldSight) -> str:
    """What the picture shows, for who cannot see it."""
    told = " ".join(text for _, text in _sentences(sight))
    field = retold(describe(sight.field, is_full=True))
    return say(
        "Receptive field {field}, on an input of {shape}. {sentences}", field=field, shape=_input(sight), sentences=told
    )


# -- how it grows ------------------------------------------------------------------------------------------------------

_ROWS_MOST = 20


def _growth(scene: Scene, steps: Sequence[GrowthStep], place: tuple[float, float, float, float]) -> float:
    """A bar for each layer, as long as what it sees is wide; returns where they end."""
    x, y, width, height = place
    if len(steps) < 2:
        return y
    scene.words(x, y, say("How it grows, layer by layer"), 13.5, "ink", font_weight=600)
    rows = condensed(steps, max(min(_ROWS_MOST, int((height - 14) / 11.5)), 4))
    each = min((height - 14) / len(rows), 20.0)
    size = min(each * 0.82, 12.5)
    names = [_short(step.name) for step in rows]
    left = x + max(line_width(name, size) for name in names) + 10
    most = max((_long(step.field) or 0) for step in rows)
    room = x + width - left - max(line_width(_size(step.field), size, is_bold=True) for step in rows) - 6
    for place_, (step, name) in enumerate(zip(rows, names, strict=True)):
        foot = y + 12 + (place_ + 0.78) * each
        long = _long(step.field)
        wide = room if long is None else max(room * long / max(most, 1), 1.5)
        is_last = place_ == len(rows) - 1
        scene.words(left - 8, foot, name, size, "ink" if is_last else "muted", text_anchor="end")
        scene.rect(
            left, foot - 0.66 * each, wide, 0.68 * each, fill="blue", fill_opacity=1.0 if is_last else 0.45, rx=1.5
        )
        scene.words(left + wide + 6, foot, _size(step.field), size, "ink", font_weight=600 if is_last else 400)
    return y + 12 + len(rows) * each


_NAME_MOST = 24


def _short(name: str) -> str:
    """A name with its end, which tells layers of one module apart."""
    name = theme.cut(name, 200)
    if len(name) <= _NAME_MOST:
        return name
    parts = name.split(".")
    while len(parts) > 1 and len(".".join(parts)) >= _NAME_MOST:
        parts = parts[1:]
    return f"…{'.'.join(parts)[1 - _NAME_MOST :]}"


def _long(field: ReceptiveField) -> int | None:
    """The size along the last axis; ``None``: all of it."""
    return field.size[-1]


def _size(field: ReceptiveField) -> str:
    """The size, once where all axes are alike."""
    told = [say("whole") if size is None else str(size) for size in field.size]
    return "×".join(told if len(set(told)) > 1 else told[:1])
