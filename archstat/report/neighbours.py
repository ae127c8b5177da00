"""The start page's cards; those of reports that are not being built are read off their pages, and nothing else is."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from archstat.errors import ArchstatError
from archstat.files.text import text_of, toml_of
from archstat.report.blocks import Link
from archstat.report.writing.figures import figures

CONTENTS = "report.toml"
PAGE = "index.html"
_HEAD_BYTES = 2**17
"""A page's title and summary stand behind its style sheets, of some ten thousand bytes, and before all else."""


class Card(msgspec.Struct, frozen=True):
    """What the start page says of one report.

    Attributes:
        link: The way to the report, its title and its summary.
        order: The place of the card among others.
    """

    link: Link
    order: int = 0


def cards_beside(start: Path, named: Iterable[Path]) -> Iterator[Card]:
    """The cards of the other folders with a page; one that cannot be read has none.

    Args:
        start: The folder of the start page.
        named: The folders that have their cards already.
    """
    known = {os.path.realpath(folder) for folder in named}
    for folder in sorted(start.iterdir()) if start.is_dir() else ():
        if os.path.realpath(folder) not in known and (folder / CONTENTS).is_file() and (folder / PAGE).is_file():
            yield from _card(folder, start)


def _card(folder: Path, start: Path) -> Iterator[Card]:
    raw = _raw(folder / CONTENTS)
    said = _said_by(folder / PAGE) or (_without_figures(raw.get("title")), _without_figures(raw.get("summary")))
    order = raw.get("order")
    if said[0]:
        yield Card(Link(way(start, folder), *said), order if isinstance(order, int) else 0)


_TITLE = re.compile(r"<title>([^<]*)</title>")
_SUMMARY = re.compile(r'<p class="subtitle">(.*?)</p>')
_MARK_UP = re.compile(r"<[^>]*>")


def _said_by(page: Path) -> tuple[str, str] | None:
    """The title and the summary of a page that archstat made; ``None``: it is another one, or cannot be read."""
    try:
        with page.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode(errors="replace")
    except OSError:
        return None
    title, summary = _TITLE.search(head), _SUMMARY.search(head)
    if title is None or 'name="generator" content="archstat ' not in head:
        return None
    return html.unescape(title[1]), html.unescape(_MARK_UP.sub("", summary[1])) if summary else ""


def _raw(path: Path) -> dict[str, Any]:
    """What a report says of itself; nothing, where that cannot be read."""
    try:
        return toml_of(text_of(path), str(path))
    except ArchstatError:
        return {}


def _without_figures(raw: Any) -> str:
    """A title as it was typed, without the numbers, and citations of some, that nobody has checked."""
    text = re.sub(r"\{\{[^{}\n]*\}\}", "…", raw) if isinstance(raw, str) else ""
    for start, number in reversed(list(figures(text))):
        text = f"{text[:start]}…{text[start + len(number) :]}"
    return text.strip()


def way(start: Path, end: Path) -> str:
    """The address of a page from a page in another folder; a folder of any name is a folder, and no scheme.

    >>> way(Path("reports"), Path("reports/C# nets, 100%25 sure?"))
    './C%23%20nets%2C%20100%2525%20sure%3F/index.html'
    """
    parts = Path(os.path.relpath(end, start), PAGE).parts
    return "./" + "/".join(quote(os.fsencode(part), safe="") for part in parts)
