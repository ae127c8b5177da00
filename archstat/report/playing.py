"""The page on which a reader sets a layer and sees what it costs, with the sums written out and a picture of it."""

from __future__ import annotations

from archstat.language import say
from archstat.report.blocks import Link, Page, Play


def play_page(back: Link | None = None) -> Page:
    """The page, which works without a network and keeps its setting in its address.

    Args:
        back: The way to the page that links it, if there is one.
    """
    told = say(
        "Set a layer and see its sums, as they are written on the board; the address of the page keeps what is set."
    )
    return Page(say("What does a layer cost?"), (Play(),), told, back=back)
