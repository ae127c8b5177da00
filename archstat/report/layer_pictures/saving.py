"""The picture of a layer → the file that a user named."""

from __future__ import annotations

from pathlib import Path

from archstat.files.saving import check_place, write_whole
from archstat.report.blocks import Page
from archstat.report.diagram.saving import ending_of
from archstat.report.layer_pictures.layer_picture import LayerPicture
from archstat.report.page import render
from archstat.report.pictures.conversion import write_picture


def save_picture(picture: LayerPicture, path: Path, *, is_dark: bool = False) -> None:
    """Write a picture into a file, of the kind that its name ends in.

    Args:
        picture: The picture.
        path: The file; what was there is replaced.
        is_dark: Draw for a dark page; an HTML page is light or dark as its reader likes.

    Raises:
        OutputError: The name ends otherwise, the file cannot be written, or there is no browser to make a PNG or a PDF
            with.
    """
    ending = ending_of(path)
    check_place(path)
    if ending == ".html":
        write_whole(path, render(Page(picture.subject, (picture,))))
        return
    write_picture(path, picture.svg(is_dark=is_dark))
