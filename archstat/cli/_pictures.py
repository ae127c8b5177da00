"""What the commands that draw share: where a picture goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archstat.cli._options import put, wrote

if TYPE_CHECKING:
    from archstat.report.pictures.svg_picture import SvgPicture


def put_picture(picture: SvgPicture, output: Path | None, *, is_dark: bool = False) -> None:
    """Write a picture into a file of the kind that it is named for, or as SVG to the terminal."""
    if output is None:
        put(picture.svg(is_dark=is_dark), None)
    else:
        picture.save(output, is_dark=is_dark)
        wrote([output])
