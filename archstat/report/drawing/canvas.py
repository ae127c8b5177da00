"""The room that a chart is laid out for."""

from __future__ import annotations

import msgspec

_WIDE_FROM = 560
"""From this width on, in pixels, a chart takes the layout of a page; below, that of a phone."""


class Canvas(msgspec.Struct, frozen=True):
    """The room that a chart is laid out for, in pixels in which its type has the size that it has on a page.

    Attributes:
        width: The width of the whole figure.
        height: The height that the figure is to have; ``None``: the one that it takes by itself.
        is_fixed: Whether the figure is shown in just this width, as a picture is; a page shows it in a wider one too.
    """

    width: float
    height: float | None = None
    is_fixed: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether there is as little width as on a phone."""
        return self.width < _WIDE_FROM

    def rest(self, own: float, taken: float, least: float) -> float:
        """The height of a part of the figure that can be higher or lower.

        A figure that needs more height than there is says so by its own height.

        Args:
            own: The height that the part takes by itself.
            taken: The height that the other parts take.
            least: The height below which the part cannot be read.
        """
        return own if self.height is None else max(self.height - taken, least)

    def step(self, own: float, lines: float, taken: float, least: float) -> float:
        """The distance of lines below each other, so that they fill the height; at most twice their own.

        Args:
            own: The distance that lines have by themselves.
            lines: The number of lines.
            taken: The height that the other parts of the figure take.
            least: The distance below which lines cannot be read.
        """
        return own if self.height is None else min(max((self.height - taken) / lines, least), 2 * own)


WIDE, PHONE = Canvas(_WIDE_FROM), Canvas(320)
"""The narrowest plot of the wide layout, and that of a phone: what has room there has room in others."""
