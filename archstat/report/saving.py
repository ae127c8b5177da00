"""A picture → the file that a user named."""

from __future__ import annotations

from pathlib import Path

from archstat.files.saving import check_place, write_whole
from archstat.report.blocks import Page
from archstat.report.page import render
from archstat.report.pictures.conversion import svg_as
from archstat.report.pictures.svg_picture import SvgPicture, ending_of


def save_picture(picture: SvgPicture, path: Path, *, is_dark: bool = False) -> None:
    """Write a picture into a file, of the kind that its name ends in.

    Args:
        picture: The picture.
        path: The file; what was there is replaced.
        is_dark: Draw for a dark page; an HTML page is light or dark as its reader likes.

    Raises:
        OutputError: The name ends otherwise, the file cannot be written, or there is no browser to make a PNG or a PDF
            with.
    """
    ending = ending_of(path, picture.endings)
    check_place(path)
    if ending == ".html":
        title, block = picture.own_page()
        write_whole(path, render(Page(title, (block,))))
        return
    svg = picture.svg(is_dark=is_dark)
    write_whole(path, f"{svg}\n" if ending == ".svg" else svg_as(svg, "png" if ending == ".png" else "pdf"))
