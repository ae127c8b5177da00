"""A section in a file of somebody else's, between two lines by which it is found again; all else stays as it is."""

from __future__ import annotations

import re

from archstat.errors import DataError

BEGIN, END = "<!-- archstat: begin -->", "<!-- archstat: end -->"
"""The lines around the section, which no reader sees."""


def with_section(text: str, section: str, place: str) -> str:
    """A text with another section between its two lines.

    Args:
        text: The text, with lines that end as they may.
        section: The section with the two lines, each of its lines ending in a line feed.
        place: Where the text comes from, for complaints.

    Raises:
        DataError: The two lines are not there once, one after the other.
    """
    begins, ends = _lines(text, BEGIN), _lines(text, END)
    if not begins and not ends:
        raise DataError(f"{place} does not say where the block is to stand: put the lines {BEGIN} and {END} there.")
    if len(begins) != 1 or len(ends) != 1 or begins[0].start() > ends[0].start():
        told = f"has the line {BEGIN} {len(begins)} × and {END} {len(ends)} ×"
        raise DataError(f"{place} {told}: it takes one of each, in this order.")
    first, last = begins[0], ends[0]
    ending = first["ending"] or "\n"
    body = section.removesuffix("\n").replace("\n", ending)
    return f"{text[: first.start()]}{body}{text[last.end('line') :]}"


def _lines(text: str, line: str) -> list[re.Match[str]]:
    """The places in which a text has a line, whatever its lines end in."""
    return list(re.finditer(rf"(?:\A|(?<=[\r\n]))(?P<line>{re.escape(line)})[ \t]*(?P<ending>\r\n|\n|\r|\Z)", text))
