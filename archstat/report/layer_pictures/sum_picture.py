"""The arithmetic of a convolution, or of a linear layer: what goes in, one filter, what comes out, and the sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.language import retold, say
from archstat.records import Explanation, Filters, Shape, Step
from archstat.report.layer_pictures.heading import MARGIN, NARROW, WIDE, PictureHeading
from archstat.report.layer_pictures.matrices import draw_matrices
from archstat.report.layer_pictures.scene import Scene, line_width, size_that_fits
from archstat.report.layer_pictures.volumes import (
    Cuboid,
    Volume,
    draw_cells,
    element_box,
    kernel_box,
    rays,
    scale_of,
    volume_of,
    window_box,
)


class SumSight(msgspec.Struct, frozen=True):
    """What is to be drawn of the arithmetic of a layer.

    Attributes:
        heading: What stands over the picture.
        filters: The filters of the layer.
        explained: The sums behind its row.
    """

    heading: PictureHeading
    filters: Filters
    explained: Explanation

    @property
    def macs(self) -> Step | None:
        """The sum of the multiply-accumulates."""
        return next((step for step in self.explained.steps if step.quantity == "MACs"), None)

    @property
    def others(self) -> list[Step]:
        """The sums of the output size and of the parameters."""
        return [
            step
            for step in self.explained.steps
            if step.quantity == "parameters" or step.quantity.startswith("output ")
        ]


def sum_scene(sight: SumSight, *, is_narrow: bool = False) -> Scene:
    """The picture: three bodies, and the sums under them.

    Args:
        sight: What is drawn.
        is_narrow: Draw for the width of a phone.
    """
    scene = Scene(*(NARROW if is_narrow else WIDE))
    top = sight.heading.draw(scene)
    margin = MARGIN[is_narrow]
    more = 0 if is_narrow else 20 * max(len(sight.others) - 2, 0)
    foot = top + (138.0 if is_narrow else 226.0 - more)
    places = [margin + (scene.width - 2 * margin) * part for part in (0.17, 0.5, 0.83)]
    if sight.filters.kernel:
        room = (62.0, 66.0, 42.0) if is_narrow else (150.0, 140.0 - more, 96.0)
        _draw_volumes(scene, sight.filters, places, foot, room)
    else:
        draw_matrices(scene, sight.filters, places, (top + 16, foot))
    _names(scene, sight, places, foot + (26 if is_narrow else 38), is_narrow=is_narrow)
    y = foot + (84.0 if is_narrow else 98.0)
    scene.line((margin, y - 18), (scene.width - margin, y - 18), stroke="line", stroke_width=1)
    y = (_sum_in_lines if is_narrow else _sum)(scene, sight, margin, y + 14)
    y = _rows(scene, sight, margin, y + 34, is_narrow=is_narrow)
    if is_narrow:
        scene.height = int(y + 14)
    return scene


# -- the bodies --------------------------------------------------------------------------------------------------------


def _draw_volumes(
    scene: Scene, filters: Filters, places: Sequence[float], foot: float, room: tuple[float, float, float]
) -> None:
    axes, is_narrow = len(filters.kernel), room[0] < _NARROW_MOST
    volumes = [volume_of(filters.input_shape, axes), volume_of(filters.output_shape, axes)]
    scale = scale_of(volumes, room)
    boxes = []
    for volume, place in zip(volumes, (places[0], places[2]), strict=True):
        box = scale.box(volume, 0, foot)
        boxes.append(box._replace(x=place - box.right / 2))
    taken, made = boxes
    moved_over, other = (made, taken) if filters.is_transposed else (taken, made)
    position = _middle(filters, volumes[0] if filters.is_transposed else volumes[1])
    window = window_box(filters, scale, moved_over, position)
    element = element_box(scale, other, position)
    _padding(scene, filters, scale.pixel, moved_over)
    taken.draw(scene, "blue", 0.16)
    made.draw(scene, "green", 0.16)
    largest = (54.0, 54.0, 34.0) if is_narrow else (120.0, 120.0, 70.0)
    depth = largest[2] * filters.maps / max(filters.maps, *(each.maps for each in volumes))
    kernel = kernel_box(filters, (places[1], foot), (largest[0], largest[1], max(depth, 6.0)))
    _draw_kernels(scene, filters, kernel, is_narrow=is_narrow)
    near, far = (element, window) if filters.is_transposed else (window, element)
    rays(scene, near, kernel)
    rays(scene, kernel, far)
    window.draw(scene, "orange", 0.3)
    element.draw(scene, "orange", 0.9)
    for volume, box in zip(volumes, boxes, strict=True):
        _sizes(scene, volume, box, is_narrow=is_narrow, is_solid=scale.is_solid)


_NARROW_MOST = 100.0
"""A front that is no wider stands in a narrow picture."""


def _middle(filters: Filters, volume: Volume) -> tuple[int, ...]:
    """An element a little above the middle, so that it is seen beside the middle of what is drawn behind it."""
    sizes = volume[-len(filters.kernel) :]
    return tuple(int(size * part) for size, part in zip(sizes, (0.4, 0.4, 0.4)[-len(sizes) :], strict=True))


def _padding(scene: Scene, filters: Filters, pixel: float, box: Cuboid) -> None:
    """What is added around the maps, dashed; with a transposed convolution, what is cut off."""
    before, after = filters.padding[-1]
    if max(before, after) * pixel < 1.5 or filters.is_transposed:
        return
    over, under = filters.padding[-2] if len(filters.padding) > 1 else (0, 0)
    scene.rect(
        box.x - before * pixel,
        box.y - over * pixel,
        box.width + (before + after) * pixel,
        box.height + (over + under) * pixel,
        fill="none",
        stroke="muted",
        stroke_width=1,
        stroke_dasharray="3 3",
    )


def _draw_kernels(scene: Scene, filters: Filters, box: Cuboid, *, is_narrow: bool) -> None:
    """One filter, and behind it that there are more."""
    step = 5.0 if is_narrow else 8.0
    for place in range(min(filters.count, 3) - 1, 0, -1):
        behind = box._replace(x=box.x + place * step, y=box.y + place * step)
        behind.draw(scene, "orange", 0.07)
    scene.rect(box.x, box.y, box.width, box.height, fill="paper")
    box.draw(scene, "orange", 0.16)
    draw_cells(scene, filters, box)


def _sizes(scene: Scene, volume: Volume, box: Cuboid, *, is_narrow: bool, is_solid: bool) -> None:
    """The number of rows, of columns and of maps, each along its side."""
    size = 10.5 if is_narrow else 14.0
    style: dict[str, Any] = {"fill": "ink", "size": size}
    scene.words(box.x + box.width / 2, box.y + box.height + size + 2, str(volume.width), text_anchor="middle", **style)
    if volume.height > 1 or volume.width == 1:
        scene.words(box.x - 5, box.y + box.height / 2 + size / 3, str(volume.height), text_anchor="end", **style)
    behind = volume.depth if is_solid else volume.maps
    scene.words(box.x + 0.4 * box.depth - 4, box.y - 0.25 * box.depth - 4, str(behind), text_anchor="end", **style)


# -- their names -------------------------------------------------------------------------------------------------------


def _names(scene: Scene, sight: SumSight, places: Sequence[float], y: float, *, is_narrow: bool) -> None:
    filters = sight.filters
    told = (
        (say("input"), _shape(filters.input_shape), "blue"),
        (_counted(filters), _each(filters), "orange"),
        (say("output"), _shape(filters.output_shape), "green"),
    )
    room = (scene.width - 2 * MARGIN[is_narrow]) / 3 - 8
    large, small = (12.5, 11.0) if is_narrow else (17.0, 14.0)
    for place, (name, sizes, colour) in zip(places, told, strict=True):
        size = size_that_fits(name, room, large, is_bold=True)
        scene.words(place, y, name, size, colour, font_weight=600, text_anchor="middle")
        fitting = size_that_fits(sizes, room, small)
        scene.words(place, y + large + 4, sizes, fitting, "muted", text_anchor="middle")


def _shape(shape: Shape) -> str:
    """A shape without the batch, where that is one."""
    return units.shape(shape[1:] if len(shape) > 1 and shape[0] == 1 else shape)


def _counted(filters: Filters) -> str:
    if not filters.kernel:
        return say("weights")
    if filters.count == 1:
        return say("1 filter")
    return say("{count} filters", count=units.exact(filters.count))


def _each(filters: Filters) -> str:
    """The size of one filter, and that filters see the maps of one group only."""
    if not filters.kernel:
        return units.shape((filters.maps, filters.count))
    size = units.shape((filters.maps, *filters.kernel))
    if filters.groups == 1:
        return say("of {shape}", shape=size)
    return say("of {shape}, in {count} groups", shape=size, count=filters.groups)


# -- the sums ----------------------------------------------------------------------------------------------------------


def _parts(sight: SumSight) -> list[tuple[str, str, str]]:
    """The factors of the sum, each with what it counts and its colour; a sum of another form is one part."""
    step = sight.macs
    if step is None:
        return []
    factors = step.formula.split(" · ")
    if len(factors) != 2 or " + " in step.formula:
        return [(step.formula, "", "ink")] if step.formula else []
    if sight.filters.is_transposed:
        return [(factors[0], say("inputs"), "blue"), (factors[1], say("products of each"), "orange")]
    return [(factors[0], say("outputs"), "green"), (factors[1], say("products for each"), "orange")]


def _result(sight: SumSight) -> str:
    step = sight.macs
    return "" if step is None or step.result is None else say("{count} MACs", count=units.exact(step.result))


def _sum(scene: Scene, sight: SumSight, x: float, y: float) -> float:
    """The sum in a line, with what each factor counts under it; returns where it ends."""
    parts, result = _parts(sight), _result(sight)
    signs = ["×"] * (len(parts) - 1) + ["="] * bool(parts)
    line = " ".join([text for text, *_ in parts] + signs + [result])
    size = size_that_fits(line, scene.width - 2 * x, 28.0, is_bold=True)
    at = x
    for (text, about, colour), sign in zip(parts, signs, strict=True):
        wide = max(line_width(text, size, is_bold=True), line_width(about, 14.0))
        scene.words(at, y + 12, text, size, colour, font_weight=600)
        scene.words(at, y + 34, about, 14, "muted")
        scene.words(at + wide + 9, y + 12, sign, size, "muted")
        at += wide + 24 + line_width(sign, size)
    scene.words(at, y + 12, result, size, "ink", font_weight=600)
    return y + 34


def _sum_in_lines(scene: Scene, sight: SumSight, x: float, y: float) -> float:
    """The sum with a line for each factor; returns where it ends."""
    parts, result = _parts(sight), _result(sight)
    room = scene.width - 2 * x - 24
    sign = ""
    for text, about, colour in parts:
        size = size_that_fits(text, room - line_width(about, 11.5) - 10, 20.0, is_bold=True)
        scene.words(x, y, sign, 17, "muted")
        scene.words(x + 20, y, text, size, colour, font_weight=600)
        scene.words(scene.width - x, y, about, 11.5, "muted", text_anchor="end")
        y, sign = y + 27, "×"
    scene.words(x, y, "=" if parts else "", 17, "muted")
    scene.words(x + 20, y, result, size_that_fits(result, room, 20.0, is_bold=True), "ink", font_weight=600)
    return y


def _rows(scene: Scene, sight: SumSight, x: float, y: float, *, is_narrow: bool) -> float:
    """Output size and parameters, a line each; returns the foot of the last one of a narrow picture."""
    told = [(retold(step.quantity), _equation(step), _remark(sight, step)) for step in sight.others]
    size = 12.0 if is_narrow else 16.0
    left = x + max((line_width(name, size) for name, *_ in told), default=0) + 18
    each = min(26.0, (scene.height - 18 - y) / max(len(told) - 1, 1))
    for name, sum_, remark in told:
        if is_narrow:
            scene.words(x, y, name, size, "muted")
            scene.words(x, y + 18, sum_, size_that_fits(sum_, scene.width - 2 * x, size + 1), "ink")
            y += 42
            continue
        room = scene.width - x - left
        scene.words(x, y, name, size, "muted")
        scene.words(left, y, sum_, size_that_fits(sum_, room, size), "ink")
        free = room - line_width(sum_, size) - 24
        if remark and line_width(remark, 13) < free:
            scene.words(left + line_width(sum_, size) + 24, y, remark, 13, "muted")
        y += each
    return y - 24


def _equation(step: Step) -> str:
    result = "" if step.result is None else units.exact(step.result)
    is_sum = step.formula and step.formula != str(step.result)
    return " = ".join(filter(None, (step.formula if is_sum else "", result)))


def _remark(sight: SumSight, step: Step) -> str:
    """What a reader must know besides; the shape is written under the picture."""
    if step.quantity == "parameters":
        if " + 1)" not in step.formula:
            return retold(step.remark)
        return say("with a bias for each output map") if sight.filters.kernel else say("with a bias for each output")
    return retold(step.remark.partition("; ")[2])


def sum_alt(sight: SumSight) -> str:
    """What the picture shows, for who cannot see it."""
    filters = sight.filters
    step = sight.macs
    sums = [each for each in (step, *sight.others) if each is not None]
    told = "; ".join(f"{retold(each.quantity)}: {_equation(each)}" for each in sums)
    return say(
        "From an input of {input} to an output of {output}, with {filters} {each}. {sums}.",
        input=_shape(filters.input_shape),
        output=_shape(filters.output_shape),
        filters=_counted(filters),
        each=_each(filters),
        sums=told,
    )
