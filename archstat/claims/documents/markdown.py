"""Markdown → tables and prose: pipe tables as GitHub reads them; blocks of code are left out."""

from __future__ import annotations

import re

from archstat.claims.documents.layout import TextLayout, TextRow, TextTable

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_CELL = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[([^\[\]]{0,400})\]\([^()\s]{0,2000}(?:\s[^()]{0,200})?\)")
_TAG = re.compile(r"<[^<>]{0,400}>")
_MARKS = re.compile(r"\*\*|__|[`*]")


def layout_of_markdown(text: str) -> TextLayout:
    """The tables and the prose of a text in Markdown."""
    lines = _without_code(text.splitlines())
    tables: list[TextTable] = []
    prose: list[tuple[int, str]] = []
    place = 0
    while place < len(lines):
        if place + 1 < len(lines) and "|" in lines[place] and _is_rule(lines[place + 1]):
            end = place + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            rows = tuple(TextRow(number + 1, _cells(lines[number])) for number in range(place + 2, end))
            tables.append(TextTable(_cells(lines[place]), rows))
            place = end
        else:
            prose.append((place + 1, words_of_markdown(lines[place])))
            place += 1
    return TextLayout(tuple(tables), tuple(each for each in prose if each[1]))


def _is_rule(line: str) -> bool:
    return len(line) < _LONGEST_RULE and "-" in line and _RULE.fullmatch(line) is not None


_LONGEST_RULE = 4_000


def _without_code(lines: list[str]) -> list[str]:
    """Lines, those of code blocks emptied."""
    kept, fence = [], ""
    for line in lines:
        found = _FENCE.match(line)
        if found and (not fence or found[1] == fence):
            fence = "" if fence else found[1]
            kept.append("")
        else:
            kept.append("" if fence else line)
    return kept


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return tuple(map(words_of_markdown, _CELL.split(inner)))


def words_of_markdown(text: str) -> str:
    """The words of a piece of Markdown, without what sets them."""
    for form, kept in ((_LINK, r"\1"), (_TAG, " "), (_MARKS, "")):
        text = form.sub(kept, text)
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " ").replace("\\", "")).strip()
