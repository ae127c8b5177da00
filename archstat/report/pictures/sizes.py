"""How large pictures are, and how large their type is."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from archstat.errors import InputError, quoted

_INCH, _POINT = 96.0, 96 / 72
"""Pixels of an SVG, as CSS defines them."""
_SMALLEST, _LARGEST = (200, 150), (10_000, 10_000)
_USUAL = (900, 500)
"""A picture of this size in pixels has type of the usual size, and a larger one has larger type."""
_TYPE = 13.0


class PictureSize(msgspec.Struct, frozen=True):
    """The size of a picture.

    Attributes:
        name: How a user asks for it.
        width: The width in pixels of an SVG, 96 to an inch.
        height: The height in the same; ``None``: what the chart takes by itself.
        type_size: The size of most of the type in the same.
        density: Pixels of a PNG for each of an SVG.
    """

    name: str
    width: float
    height: float | None
    type_size: float
    density: float

    @property
    def scale(self) -> float:
        """Pixels of the picture for each pixel that a chart is laid out in."""
        return self.type_size / _TYPE


DEFAULT = PictureSize("", 900, None, _TYPE, 2)
"""A picture for any use."""

PICTURE_SIZES: Mapping[str, PictureSize] = {
    each.name: each
    for each in (
        PictureSize("slide", 40 / 3 * _INCH, 7.5 * _INCH, 18 * _POINT, 1.5),
        PictureSize("column", 3.5 * _INCH, None, 8 * _POINT, 300 / _INCH),
        PictureSize("page", 6.5 * _INCH, None, 9 * _POINT, 300 / _INCH),
    )
}
"""A slide of 16:9, 1920×1080 as PNG, with type of 18 points; a column of a paper, 3.5 inches wide with 8 points; and
the width of its text, 6.5 inches with 9 points. The two are as high as the chart takes."""


def picture_size(text: str) -> PictureSize:
    """The size that a user asks for: a name of :data:`PICTURE_SIZES`, or a width and a height in pixels.

    Raises:
        InputError: The text is neither, or the size is too small or too large for a picture.
    """
    if text in PICTURE_SIZES:
        return PICTURE_SIZES[text]
    match = re.fullmatch(r"\s*([0-9]{1,6})\s*[x×X]\s*([0-9]{1,6})\s*", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(least <= pixels <= most for least, pixels, most in zip(_SMALLEST, size, _LARGEST, strict=True)):
        low, high = (f"{width}x{height}" for width, height in (_SMALLEST, _LARGEST))
        named = ", ".join(PICTURE_SIZES)
        raise InputError(
            f"{quoted(text)} is no size of a picture: write {named}, or WIDTHxHEIGHT in pixels, from {low} to {high}."
        )
    grown = max(1.0, min(pixels / usual for pixels, usual in zip(size, _USUAL, strict=True)))
    return PictureSize(f"{size[0]}x{size[1]}", size[0], size[1], _TYPE * grown, 1)
