"""Markdown → tables and prose: pipe tables as GitHub reads them, and those of HTML; blocks of code are left out."""

from __future__ import annotations

import functools
import html
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from archstat.claims.printed.html_tables import html_tables_in, table_of_html
from archstat.claims.printed.latex import words_of_latex
from archstat.claims.printed.layout import TextLayout, TextRow, TextTable, left_out, raised_after, spans_between
from archstat.claims.printed.lists import lists_of

_TAG = re.compile(r"<[^<>]{0,400}>")
_COMMENT = (re.compile("<!--"), re.compile("-->"))
_NOTE = re.compile(r"\[\^[^\]\s]{1,40}\]")
_FORMULA = re.compile(r"\$(?=\S)[^$\n]{1,200}(?<=\S)\$(?!\d)")
_RAISED = re.compile(r"<(?P<end>/?)sup\b[^<>]{0,200}>", re.IGNORECASE)


def layout_of_markdown(text: str) -> TextLayout:
    """The tables and the prose of a text in Markdown."""
    code = _lines_of_code(text)
    text = left_out(text, [span for line, span in _at_lines(text, spans_between(text, *_COMMENT)) if line not in code])
    found = [(line, span) for line, span in _at_lines(text, html_tables_in(text)) if line not in code]
    spans = [span for _, span in found]
    tables = [table_of_html(text[start:end], line) for line, (start, end) in found]
    tokens = _parser().parse(left_out(text, spans))
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
    lists = lists_of(tokens, lambda token: " ".join(_lines(token)))
    return TextLayout((*tables, *lists), tuple(each for each in prose if each[1].strip()))


def _lines_of_code(text: str) -> set[int]:
    """The lines that are code."""
    if "<" not in text:
        return set()  # nothing is asked of them
    blocks = [
        token.map for token in _parser_of_blocks().parse(text) if token.type in ("fence", "code_block") and token.map
    ]
    return {line + 1 for first, last in blocks for line in range(first, last)}


def _at_lines(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Pieces of a text, in their order, with the lines that they begin in."""
    line, place = 1, 0
    for span in spans:
        line += text.count("\n", place, span[0])
        place = span[0]
        yield line, span


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


@functools.cache
def _parser_of_blocks() -> MarkdownIt:
    return MarkdownIt("commonmark").disable("inline")


def _rows(tokens: Sequence[Token]) -> Iterator[TextRow]:
    """The rows of a table, its header first."""
    starts = [place for place, token in enumerate(tokens) if token.type == "tr_open"]
    for start, end in itertools.pairwise([*starts, len(tokens)]):
        cells = [" ".join(_lines(token)) for token in tokens[start:end] if token.type == "inline"]
        yield TextRow((tokens[start].map or [0])[0] + 1, tuple(cells))


def _lines(token: Token) -> list[str]:
    """The words of each line of a paragraph, a heading, a cell or a block of HTML, without what sets them."""
    text = "".join(_pieces(token.children or ())) if token.type == "inline" else _TAG.sub(" ", token.content)
    text = _FORMULA.sub(lambda formula: words_of_latex(formula[0]), _NOTE.sub("", text))
    return [" ".join(html.unescape(line).split()) for line in text.split("\n")]


def _pieces(children: Iterable[Token]) -> Iterator[str]:
    before, is_raised = "", False
    for child in children:
        tag = _RAISED.fullmatch(child.content) if child.type == "html_inline" else None
        if tag is not None:
            is_raised = not tag["end"]
        elif child.type in ("text", "code_inline", "image"):
            yield raised_after(before, child.content) if is_raised else child.content
            before = child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif child.type == "html_inline":
            yield " "
