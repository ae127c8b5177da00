"""What stands over the picture of a layer, and how large such pictures are."""

from __future__ import annotations

import msgspec

from archstat.report.layer_pictures.scene import Scene, size_that_fits

WIDE, NARROW = (960, 540), (390, 700)
"""A slide of 16 : 9, and a phone; the narrow one is as high as it needs."""

MARGIN = {False: 36.0, True: 14.0}
"""What is free at either side of the wide and of the narrow one."""

_NARROW_MOST = 500


class PictureHeading(msgspec.Struct, frozen=True):
    """What stands over the picture of a layer.

    Attributes:
        title: What is drawn.
        subtitle: Of which network the layer is, and what it is.
    """

    title: str
    subtitle: str

    def draw(self, scene: Scene) -> float:
        """Write both over a picture; returns where they end."""
        is_narrow = scene.width < _NARROW_MOST
        margin = MARGIN[is_narrow]
        room = scene.width - 2 * margin
        largest = (19.0, 12.5) if is_narrow else (26.0, 15.0)
        size = max(size_that_fits(self.title, room, largest[0], is_bold=True), 11.0)
        y = 30.0 if is_narrow else 46.0
        scene.words(margin, y, self.title, size, "ink", font_weight=600)
        if is_narrow:
            return scene.paragraph(margin, y + 20, room, self.subtitle, largest[1], "muted") + 6
        below = max(size_that_fits(self.subtitle, room, largest[1]), 9.0)
        scene.words(margin, y + 25, self.subtitle, below, "muted")
        return y + 32
