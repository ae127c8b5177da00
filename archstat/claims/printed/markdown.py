"""Markdown → tables and prose: pipe tables as GitHub reads them; blocks of code are left out."""

from __future__ import annotations

import functools
import html
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from archstat.claims.printed.layout import TextLayout, TextRow, TextTable

_TAG = re.compile(r"<[^<>]{0,400}>")


def layout_of_markdown(text: str) -> TextLayout:
    """The tables and the prose of a text in Markdown."""
    tokens = _parser().parse(text)
    tables: list[TextTable] = []
    prose: list[tuple[int, str]] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type == "table_open":
            end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
            header, *rows = _rows(tokens[place:end])
            tables.append(TextTable(header.cells, tuple(rows)))
            place = end
        elif token.map is not None and token.type in ("inline", "html_block"):
            prose.append((token.map[0] + 1, "\n".join(_lines(token))))
        place += 1
    return TextLayout(tuple(tables), tuple(each for each in prose if each[1].strip()))


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _rows(tokens: Sequence[Token]) -> Iterator[TextRow]:
    """The rows of a table, its header first."""
    starts = [place for place, token in enumerate(tokens) if token.type == "tr_open"]
    for start, end in itertools.pairwise([*starts, len(tokens)]):
        cells = [" ".join(_lines(token)) for token in tokens[start:end] if token.type == "inline"]
        yield TextRow((tokens[start].map or [0])[0] + 1, tuple(cells))


def _lines(token: Token) -> list[str]:
    """The words of each line of a paragraph, a heading, a cell or a block of HTML, without what sets them."""
    text = "".join(_pieces(token.children or ())) if token.type == "inline" else _TAG.sub(" ", token.content)
    return [" ".join(html.unescape(line).split()) for line in text.split("\n")]


def _pieces(children: Iterable[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline", "image"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif child.type == "html_inline":
            yield " "
