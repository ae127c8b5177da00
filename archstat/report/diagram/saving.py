"""A diagram → the file that a user named."""

from __future__ import annotations

from pathlib import Path

import msgspec

from archstat.errors import OutputError, quoted
from archstat.files.saving import check_place, write_whole
from archstat.language import say
from archstat.report.blocks import Page
from archstat.report.diagram.diagram import Diagram
from archstat.report.page import render
from archstat.report.pictures.conversion import write_picture

ENDINGS = (".svg", ".html", ".png", ".pdf")
"""What files of diagrams end in."""


def ending_of(path: Path) -> str:
    """The kind of file that a diagram is to be, as the end of its name.

    Raises:
        OutputError: There is no such kind.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise OutputError(f"{quoted(str(path))} ends in none of {', '.join(ENDINGS)}: which is it to be?")
    return ending


def save_diagram(diagram: Diagram, path: Path, *, is_dark: bool = False) -> None:
    """Write a diagram into a file, of the kind that its name ends in.

    Args:
        diagram: The diagram.
        path: The file; what was there is replaced.
        is_dark: Draw for a dark page; an HTML page is light or dark as its reader likes.

    Raises:
        OutputError: The name ends otherwise, the file cannot be written, or there is no browser to make a PNG or a PDF
            with.
    """
    ending = ending_of(path)
    check_place(path)
    if ending == ".html":
        write_whole(path, _page(diagram))
        return
    write_picture(path, diagram.svg(is_dark=is_dark))


def _page(diagram: Diagram) -> str:
    """A page of its own, on which boxes open and close."""
    block = msgspec.structs.replace(diagram, title=say("What feeds what"))
    return render(Page(diagram.title, (block,)))
