"""Boxes in perspective: the maps that go into a convolution, one of its filters, and the maps that come out."""

from __future__ import annotations

from typing import NamedTuple

from archstat.records import Filters
from archstat.report.layer_pictures.scene import Coordinates, Scene

_RIGHT, _UP = 0.8, 0.5
"""How far the back of a box lies to the right of its front, and above it, for each pixel of its depth."""
_LEAST = 3.0
"""No side is drawn shorter, in pixels."""
_FLAT = 12.0
"""How high the only row of a signal is drawn, in pixels."""


class Cuboid(NamedTuple):
    """A box, by the upper left corner of its front.

    Attributes:
        x: The left side of its front.
        y: The upper side of its front.
        width: The width of the front.
        height: The height of the front.
        depth: How far the box goes back.
    """

    x: float
    y: float
    width: float
    height: float
    depth: float

    @property
    def right(self) -> float:
        """The right end of its back."""
        return self.x + self.width + _RIGHT * self.depth

    @property
    def top(self) -> float:
        """The upper end of its back."""
        return self.y - _UP * self.depth

    def draw(self, scene: Scene, colour: str, opacity: float) -> None:
        """Draw its front, its top and its side, through which one sees."""
        x, y, width, height, depth = self
        back, up = _RIGHT * depth, _UP * depth
        style = {"fill": colour, "stroke": colour, "stroke_width": 1.3}
        top = [(x, y), (x + back, y - up), (x + width + back, y - up), (x + width, y)]
        side = [
            (x + width, y),
            (x + width + back, y - up),
            (x + width + back, y + height - up),
            (x + width, y + height),
        ]
        scene.area(top, fill_opacity=opacity * 0.65, **style)
        scene.area(side, fill_opacity=opacity * 1.5, **style)
        scene.rect(x, y, width, height, fill_opacity=opacity, **style)


class Volume(NamedTuple):
    """Maps, by their numbers.

    Attributes:
        maps: How many there are.
        depth: The planes of each, 1 where they have rows and columns only.
        height: The rows of each, 1 where they have columns only.
        width: The columns of each.
    """

    maps: int
    depth: int
    height: int
    width: int


def volume_of(shape: tuple[int, ...], axes: int) -> Volume:
    """The maps of one image, of a shape with so many axes behind the maps."""
    sizes = (1,) * (3 - axes) + tuple(shape[-axes:])
    return Volume(shape[-1 - axes], *sizes)


class Scale(NamedTuple):
    """How large maps are drawn.

    Attributes:
        pixel: How long a row or a column is, in pixels of the picture.
        back: How far back one map goes, or one plane of it.
        is_solid: Whether what goes back are planes; else they are maps.
    """

    pixel: float
    back: float
    is_solid: bool

    def box(self, volume: Volume, x: float, foot: float) -> Cuboid:
        """The box of some maps, by its lower left corner."""
        width, height = max(volume.width * self.pixel, _LEAST), max(volume.height * self.pixel, _LEAST)
        height = _FLAT if volume.height == 1 and not self.is_solid and volume.width > 1 else height
        depth = max((volume.depth if self.is_solid else volume.maps) * self.back, _LEAST)
        return Cuboid(x, foot - height, width, height, depth)


def scale_of(volumes: list[Volume], room: tuple[float, float, float]) -> Scale:
    """The largest scale with which all of them fit into a room.

    Args:
        volumes: The maps that go in and that come out.
        room: The width and the height of a front, and its depth, in pixels.
    """
    width, height, depth = room
    pixel = min(width / max(each.width for each in volumes), height / max(each.height for each in volumes))
    is_solid = any(each.depth > 1 for each in volumes)
    if is_solid:
        pixel = min(pixel, depth / max(each.depth for each in volumes))
        return Scale(pixel, pixel, is_solid)
    return Scale(pixel, min(depth / max(each.maps for each in volumes), 12.0), is_solid)


def window_box(filters: Filters, scale: Scale, box: Cuboid, position: tuple[int, ...]) -> Cuboid:
    """What a filter covers of the maps that it moves over, where it makes, or spreads, one element.

    Args:
        filters: The filters.
        scale: How large maps are drawn.
        box: The maps that it moves over: those that go in or, of a transposed convolution, those that come out.
        position: The element, along each axis behind the maps.
    """
    reach = [dilation * (kernel - 1) + 1 for kernel, dilation in zip(filters.kernel, filters.dilation, strict=True)]
    first = [at * stride - pad[0] for at, stride, pad in zip(position, filters.stride, filters.padding, strict=True)]
    x = box.x + first[-1] * scale.pixel
    width = max(reach[-1] * scale.pixel, _LEAST)
    is_signal = len(reach) == 1
    y = box.y if is_signal else box.y + first[-2] * scale.pixel
    height = box.height if is_signal else max(reach[-2] * scale.pixel, _LEAST)
    if not scale.is_solid:
        return Cuboid(x, y, width, height, max(filters.maps * scale.back, _LEAST))
    behind = first[0] * scale.back
    return Cuboid(x + _RIGHT * behind, y - _UP * behind, width, height, max(reach[0] * scale.back, _LEAST))


def element_box(scale: Scale, box: Cuboid, position: tuple[int, ...]) -> Cuboid:
    """One element of some maps; it is never drawn too small to be seen."""
    side = min(max(scale.pixel, 4.5), max(box.width, 4.5))
    x = min(box.x + position[-1] * scale.pixel, box.x + box.width - side)
    height = box.height if len(position) == 1 else min(side, box.height)
    y = box.y if len(position) == 1 else min(box.y + position[-2] * scale.pixel, box.y + box.height - height)
    behind = position[0] * scale.back if scale.is_solid else 0.0
    return Cuboid(x + _RIGHT * behind, y - _UP * behind, side, height, _LEAST)


def kernel_box(filters: Filters, place: tuple[float, float], room: tuple[float, float, float]) -> Cuboid:
    """One filter, enlarged.

    Args:
        filters: The filters.
        place: The middle of the room and its foot.
        room: The width and the height of a front, and its depth, in pixels.
    """
    cells = _cells(filters)
    cell = min(room[0] / cells[1], room[1] / cells[0], 26.0)
    width, height = cells[1] * cell, cells[0] * cell
    depth = min(room[2], max(filters.kernel[0] * cell, 6.0)) if len(filters.kernel) == 3 else room[2]
    whole = width + _RIGHT * depth
    return Cuboid(place[0] - whole / 2, place[1] - height, width, height, depth)


def _cells(filters: Filters) -> tuple[int, int]:
    """The rows and columns of a filter, those between its elements counted in."""
    reach = [dilation * (kernel - 1) + 1 for kernel, dilation in zip(filters.kernel, filters.dilation, strict=True)]
    return (reach[-2] if len(reach) > 1 else 1), reach[-1]


def draw_cells(scene: Scene, filters: Filters, box: Cuboid) -> None:
    """The elements of a filter on the front of its box."""
    rows, columns = _cells(filters)
    high, wide = box.height / rows, box.width / columns
    apart = (filters.dilation[-2] if len(filters.dilation) > 1 else 1), filters.dilation[-1]
    for row in range(0, rows, apart[0]):
        for column in range(0, columns, apart[1]):
            scene.rect(
                box.x + column * wide,
                box.y + row * high,
                wide,
                high,
                fill="orange",
                fill_opacity=0.45,
                stroke="paper",
                stroke_width=1,
            )


def rays(scene: Scene, near: Cuboid, far: Cuboid) -> None:
    """Two lines from the right of a box to the left of another one."""
    ends: list[tuple[Coordinates, Coordinates]] = [
        ((near.right, near.top), (far.x, far.y)),
        ((near.x + near.width, near.y + near.height), (far.x, far.y + far.height)),
    ]
    scene.lines(ends, stroke="orange", stroke_width=1, stroke_dasharray="4 3", stroke_opacity=0.9)
