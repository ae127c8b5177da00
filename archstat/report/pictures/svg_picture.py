"""What is drawn as SVG, and is saved and shown alike: diagrams, slides of them, and pictures of a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import msgspec

from archstat.errors import OutputError, quoted
from archstat.records.above import above

PICTURE_ENDINGS = (".svg", ".png", ".pdf")
"""What files of pictures end in."""

ENDINGS = (*PICTURE_ENDINGS, ".html")
"""What files end in of what a page can show too."""


def ending_of(path: Path, endings: tuple[str, ...] = ENDINGS) -> str:
    """The kind of file that a picture is to be, as the end of its name.

    Args:
        path: The file.
        endings: The kinds that there are.

    Raises:
        OutputError: The file is to be of none of them.
    """
    ending = path.suffix.lower()
    if ending not in endings:
        raise OutputError(f"{quoted(str(path))} ends in none of {', '.join(endings)}: which is it to be?")
    return ending


class SvgPicture(msgspec.Struct, frozen=True):
    """A picture that is drawn as SVG, in light colours or in dark ones."""

    endings: ClassVar[tuple[str, ...]] = ENDINGS

    def svg(self, *, is_dark: bool = False) -> str:
        """The picture as a file; of equal pictures, the same bytes.

        Args:
            is_dark: Draw for a dark page.
        """
        raise NotImplementedError

    def own_page(self) -> tuple[str, Any]:
        """What a page of the picture alone is called, and the picture as it stands there."""
        raise NotImplementedError

    def save(self, path: str | Path, *, is_dark: bool = False) -> None:
        """Write the picture into a file, of the kind that its name ends in.

        Args:
            path: A file that ends in ``.svg``, ``.png`` or ``.pdf``, or in ``.html`` where a page can show the picture;
                what was there is replaced.
            is_dark: Draw for a dark page; an HTML page is light or dark as its reader likes.

        Raises:
            OutputError: The name ends otherwise, the file cannot be written, or there is no browser to make a PNG or a
                PDF with.
        """
        # A page is made of blocks, of which a picture is one, and so lies above it.
        above("report.saving", "save_picture")(self, Path(path), is_dark=is_dark)

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture, in the light colours, as wide as it is."""
        # JupyterLab makes pictures as narrow as its column, in which the words of a wide one are not read.
        svg = self.svg().replace("<svg ", '<svg style="max-width:none" ', 1)
        return f'<div style="overflow-x:auto;background:#fff">{svg}</div>'
