"""Lines of text by the room that they take: letters of Chinese, Japanese and Korean are as wide as two others."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator


def columns(text: str) -> int:
    """How many characters of usual width a text takes: those of Chinese, Japanese and Korean count twice.

    >>> columns("conv1"), columns("卷积1")
    (5, 5)
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def in_lines(text: str, most: int) -> list[str]:
    """A text in lines of at most so many characters of usual width; one line at least.

    >>> in_lines("a few words", 6), in_lines("층별 계산량", 6)
    (['a few', 'words'], ['층별', '계산량'])
    """
    lines = textwrap.wrap(text, most) or [""]
    return lines if all(columns(line) <= most for line in lines) else list(_lines(text, most))


def _lines(text: str, most: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if columns(longer) > most:
            if line:
                yield line
            longer = word
            while columns(longer) > most:  # a word that is longer than a line
                kept = _fitting(longer, most)
                yield longer[:kept]
                longer = longer[kept:]
        line = longer
    if line:
        yield line


def _fitting(word: str, most: int) -> int:
    """How many characters of a word have room; one at least."""
    return next((count for count in range(len(word), 1, -1) if columns(word[:count]) <= most), 1)
