"""The room that a chart is laid out for."""

from __future__ import annotations

import msgspec

_WIDE_FROM = 560
"""From this width on, in pixels, a chart takes the layout of a page; below, that of a phone."""

_SHAPE = 0.8
"""A part of a picture is no higher than this times its width: one in a column is not upright, as it is on a phone."""


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

    @property
    def widening(self) -> float:
        """How much wider type may be than a page takes it to be.

        Pictures are drawn on machines that have few types, such as DejaVu Sans, and cannot make room afterwards.
        """
        return 1.08 if self.is_fixed else 1.0

    def characters(self, wide: int, narrow: int) -> int:
        """The length of a name that has room: more where there is more width, up to 60.

        Args:
            wide: The length that has room in the wide layout.
            narrow: The length that has room on a phone.
        """
        least, own = (PHONE.width, narrow) if self.is_narrow else (WIDE.width, wide)
        return min(max(own, int(own * self.width / least)), 60)

    def rest(self, own: float, taken: float, least: float) -> float:
        """The height of a part of the figure that can be higher or lower.

        A figure that needs more height than there is says so by its own height.

        Args:
            own: The height that the part takes by itself.
            taken: The height that the other parts take.
            least: The height below which the part cannot be read.
        """
        if self.height is not None:
            return max(self.height - taken, least)
        return max(min(own, _SHAPE * self.width), least) if self.is_fixed else own

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
