"""Markdown in which claims are cited → blocks of a page; a number that no claim stands behind is refused."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape

from archstat.errors import ArchstatError, DataError
from archstat.report.blocks import Block, Heading, Prose
from archstat.report.writing.figures import GAP, figures


class Citation(msgspec.Struct, frozen=True):
    """What stands in a text in place of a reference.

    Attributes:
        text: What is read.
        hint: What is behind the text, for who asks; ``""``: it is no number of a claim.
        verdict: The verdict of the claim.
        is_long: Whether the text may be broken over lines.
    """

    text: str
    hint: str = ""
    verdict: str = ""
    is_long: bool = False

    def html(self) -> Markup:
        """As it stands on a page: by hover, by focus or by a tap the hint is seen."""
        if not self.hint:
            return escape(self.text)
        return Markup('<span class="claim{}" data-verdict="{}" tabindex="0" title="{}">{}</span>').format(
            " long" * self.is_long, self.verdict, self.hint, self.text
        )


Cite = Callable[[str], Citation]
"""From what stands in ``{{…}}`` to what is read there; raises an ArchstatError."""
Insert = Callable[[str, str], Sequence[Block]]
"""From the kind and the name of what is to stand in a text, as in ``{{figure bubble}}``, to its blocks."""

INSERTED = ("figure", "table", "claims", "errata")
_INSERTION = re.compile(rf"({'|'.join(INSERTED)})(?: +(\S.*))?")
_REFERENCE = re.compile(r"\{\{([^{}\n]*)\}\}")


def blocks_of(text: str, path: str, cite: Cite, insert: Insert) -> tuple[Block, ...]:
    """The blocks of a text.

    Args:
        text: Markdown; HTML in it is shown and not interpreted.
        path: The file, for complaints.
        cite: What stands in place of ``{{id}}``.
        insert: What stands in place of a paragraph ``{{figure id}}``.

    Raises:
        ArchstatError: A number is no claim, or a reference leads nowhere; the message names the line.
    """
    writer = _Writer(path, cite, insert)
    for part in _parts(_markdown().parse(text)):
        writer.write(part)
    return writer.written()


def plain(text: str, place: str, cite: Cite) -> str:
    """A title or a summary: no Markdown, and numbers by the same rule.

    Args:
        text: What was written.
        place: The file and the line, for complaints.
        cite: What stands in place of ``{{id}}``.

    Raises:
        ArchstatError: A number is no claim, or a reference leads nowhere.
    """
    _refuse_figures(_REFERENCE.sub(GAP, text), lambda _: place)
    with at(place):
        return _REFERENCE.sub(lambda match: _cited(match[1], cite).text, text)


def _cited(reference: str, cite: Cite) -> Citation:
    if _INSERTION.fullmatch(reference.strip()):
        raise DataError(f"'{{{{{reference.strip()}}}}}' is a paragraph of its own: nothing can stand beside it.")
    return cite(reference.strip())


@contextlib.contextmanager
def at(place: str) -> Iterator[None]:
    """Name the place in what is complained of within."""
    try:
        yield
    except ArchstatError as error:
        raise type(error)(f"{place}: {error}") from error


def _refuse_figures(visible: str, place: Callable[[int], str]) -> None:
    """Refuse the first number that needs a claim, and half a reference.

    Args:
        visible: A text as it is read, with :data:`GAP` for what is cited.
        place: From where in it to where in the file.
    """
    for half in ("{{", "}}"):
        if half in visible:
            raise DataError(f"{place(visible.index(half))}: '{half}' is half of a reference: write it as {{{{id}}}}.")
    for start, number in figures(visible):
        raise DataError(
            f"{place(start)}: the number {number!r} is no claim: write it as {{{{id}}}} with a claim in claims.toml."
        )


# -- Markdown ----------------------------------------------------------------------------------------------------------


@functools.cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.inline.ruler.before("backticks", "reference", _reference)
    return markdown


def _reference(state: StateInline, silent: bool) -> bool:
    """A reference is one token, whatever Markdown would make of its characters."""
    match = _REFERENCE.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("reference", "", 0).content = match[1]
    state.pos = match.end()
    return True


def _parts(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """A heading, a paragraph, a list, …: what stands at the top, each with what is in it."""
    part: list[Token] = []
    for token in tokens:
        part.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield part
            part = []


class _Writer:
    """Puts blocks together; prose that follows prose is one block."""

    def __init__(self, path: str, cite: Cite, insert: Insert) -> None:
        self._path, self._cite, self._insert = path, cite, insert
        self._blocks: list[Block] = []
        self._prose: list[Token] = []

    def write(self, part: list[Token]) -> None:
        insertion = _insertion(part)
        if insertion is not None:
            self._end_prose()
            with at(f"{self._path}:{_line(part[0])}"):
                self._blocks += self._insert(*insertion)
        elif part[0].type == "heading_open":
            self._end_prose()
            self._blocks.append(self._heading(part))
        else:
            for token in part:
                self._resolve(token, _line(part[0]))
            self._prose += part

    def written(self) -> tuple[Block, ...]:
        self._end_prose()
        return tuple(self._blocks)

    def _end_prose(self) -> None:
        if self._prose:
            html = _markdown().renderer.render(self._prose, _markdown().options, {})
            self._blocks.append(Prose(Markup(html)))  # noqa: S704 - markdown-it escapes all but what is cited, html() that
            self._prose = []

    def _heading(self, part: list[Token]) -> Heading:
        level, line = int(part[0].tag[1:]), _line(part[0])
        if level not in (2, 3):
            raise DataError(f"{self._path}:{line}: a heading begins with ## or ###; the title stands in report.toml.")
        children = part[1].children or []
        self._check(_visible(children), line)
        raw = "".join(
            f"{{{{{each.content}}}}}" if each.type == "reference" else each.content or " " for each in children
        )
        return Heading(_REFERENCE.sub(lambda match: self._citation(match[1], line).text, raw), level)

    def _resolve(self, token: Token, first: int) -> None:
        """Check what a reader sees of a token, and put citations in place of references."""
        line = _line(token) if token.map else first
        if token.type in ("fence", "code_block"):
            line += token.type == "fence"
            self._check(_REFERENCE.sub(GAP, token.content), line)
            html = Markup("<pre><code>{}</code></pre>\n").format(self._code(token.content, line))
            token.type, token.content = "html_block", html
        children = token.children or []
        self._check(_visible(children), line)
        for child in children:
            self._resolve_inline(child, line)
            line += child.type in ("softbreak", "hardbreak")

    def _resolve_inline(self, token: Token, line: int) -> None:
        if token.type == "reference":
            token.type, token.content = "html_inline", self._citation(token.content, line).html()
        elif token.type == "code_inline":
            html = Markup("<code>{}</code>").format(self._code(token.content, line))
            token.type, token.content = "html_inline", html
        elif token.type == "image":
            raise DataError(f"{self._path}:{line}: a page holds no images: draw a [figure] of report.toml.")
        elif token.type == "link_open":
            self._check(str(token.attrs.get("title", "")), line)
            if "%7B%7B" in str(token.attrs["href"]):
                raise DataError(f"{self._path}:{line}: an address cites no claim: write it without '{{{{'.")

    def _code(self, text: str, line: int) -> Markup:
        """Code, with what is cited in it."""
        html, end = Markup(), 0
        for match in _REFERENCE.finditer(text):
            cited = self._citation(match[1], line + text.count("\n", 0, match.start()))
            html, end = html + text[end : match.start()] + cited.html(), match.end()
        return html + text[end:]

    def _citation(self, reference: str, line: int) -> Citation:
        with at(f"{self._path}:{line}"):
            return _cited(reference, self._cite)

    def _check(self, visible: str, line: int) -> None:
        _refuse_figures(visible, lambda start: f"{self._path}:{line + visible.count(chr(10), 0, start)}")


def _line(token: Token) -> int:
    """The line where a token begins."""
    return token.map[0] + 1 if token.map else 0


def _insertion(part: Sequence[Token]) -> tuple[str, str] | None:
    """The kind and the name of what a paragraph stands for; ``None``: it is prose."""
    children = part[1].children or [] if part[0].type == "paragraph_open" else []
    match = _INSERTION.fullmatch(children[0].content.strip()) if [c.type for c in children] == ["reference"] else None
    return (match[1], match[2] or "") if match else None


def _visible(children: Sequence[Token]) -> str:
    """A line or more as it is read; an address that is shown as such is none of the text."""
    return "".join(
        _SEEN[child.type](child)
        for before, child in zip([None, *children], children, strict=False)
        if child.type in _SEEN and not (before is not None and before.info == "auto" and child.type == "text")
    )


_SEEN: dict[str, Callable[[Token], str]] = {
    "text": lambda token: token.content,
    "code_inline": lambda token: _REFERENCE.sub(GAP, token.content),
    "softbreak": lambda _: "\n",
    "hardbreak": lambda _: "\n",
    "reference": lambda _: GAP,
}
