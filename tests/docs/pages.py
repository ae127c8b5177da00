"""The documents of the repository, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]
"""Every document that a reader is handed."""

_FENCE = re.compile(r"^(`{3,})([^\n]*)\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)


def name_of(page):
    """A page as its readers call it."""
    return str(page.relative_to(ROOT))


def blocks(page, *languages):
    """The text of each fenced block in one of these languages."""
    return [text for _, kind, text in _FENCE.findall(page.read_text()) if kind in languages]


def prose(page):
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def anchor(heading):
    """What a link to a heading ends in, on the site and where the repository is shown."""
    words = re.sub(r"[`*]|\]\([^)]*\)", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(page):
    """All anchors of a page."""
    return {anchor(heading) for heading in re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE)}
