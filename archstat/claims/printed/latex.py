r"""LaTeX → tables and prose: ``tabular`` and its kin, ``\multirow``, ``\multicolumn``, and the numbers of siunitx."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from archstat.claims.printed.layout import TextLayout, TextRow, TextTable, left_out, spans_between

_BEGIN = re.compile(r"\\begin\{(tabular[*xy]?|longtable|tblr)\}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]{0,60}\}")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_UNREAD = r"\{(?:verbatim\*?|Verbatim|lstlisting|minted|comment)\}"
_CODE = (re.compile(rf"\\begin{_UNREAD}"), re.compile(rf"\\end{_UNREAD}"))
_NO_WORDS = re.compile(
    r"\\(?:footnote(?:mark|text)?|thanks|textsuperscript|tnote|label|e?q?ref|[A-Za-z]*cite[A-Za-z]*"
    r"|(?:row|cell|column|page)?color)(?![A-Za-z])\*?(?:\[[^\]]{0,80}\]){0,2}(?:\s*\{(?:[^{}]|\{[^{}]*\}){0,400}\})?"
)
_COLORED = re.compile(r"\\(?:textcolor|colorbox|href|hyperref)(?:\[[^\]]{0,80}\])?\s*\{[^{}]{0,400}\}(?=\s*\{)")
_RAISED = re.compile(r"(?P<ten>(?<![\d.,])10\s*)?\^\s*(?P<power>\{[^{}]{0,40}\}|\\[A-Za-z]+|[^\s{}])")
_ROW = re.compile(r"\\\\(?:\[[^\]\n]{0,40}\])?")
_CELL = re.compile(r"(?<!\\)&")
_RULES = re.compile(
    r"\\(?:top|mid|bottom)rule(?:\[[^\]]{0,40}\])?|\\hline|\\(?:cmid|c)(?:rule|line)(?:\([^)]{0,20}\))?\{[^}]{0,20}\}"
)
_ARGUMENT = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
_SPAN = re.compile(rf"\\multicolumn\s*\{{(?P<columns>\d{{1,3}})\}}\s*\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}{_ARGUMENT}")
_ROWS = re.compile(
    rf"\\multirow(?:\[[^\]]{{0,80}}\])?\s*\{{(?P<rows>\d{{1,3}})\}}\s*(?:\[[^\]]{{0,80}}\])?\s*\{{[^{{}}]*\}}{_ARGUMENT}"
)
_QUANTITY = re.compile(rf"\\(?:qty|SI)(?:\[[^\]]{{0,80}}\])?{_ARGUMENT}{_ARGUMENT}")
_NUM = re.compile(rf"\\num(?:\[[^\]]{{0,80}}\])?{_ARGUMENT}")
_UNITS = {
    "kilo": "k",
    "mega": "M",
    "giga": "G",
    "tera": "T",
    "kibi": "Ki",
    "mebi": "Mi",
    "gibi": "Gi",
    "byte": "B",
    "flop": "FLOP",
    "FLOP": "FLOP",
    "FLOPs": "FLOPs",
    "mac": "MAC",
    "MAC": "MAC",
}
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?(?:\[[^\]]{0,80}\])?")
_PREAMBLE = re.compile(r"\A\s*(?:\[[^\]]{0,80}\])?(?:\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}){1,2}")


def layout_of_latex(text: str) -> TextLayout:
    """The tables and the prose of a text in LaTeX."""
    text = _COMMENT.sub("", text)
    text = left_out(text, list(spans_between(text, *_CODE)))
    found = list(_tables(text))
    tables = [_table(text[first:last], text.count("\n", 0, first) + 1) for _, first, last, _ in found]
    rest = left_out(text, [(start, stop) for start, _, _, stop in found])
    return TextLayout(tuple(tables), tuple(_paragraphs(rest)))


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """What stands between empty lines."""
    lines = enumerate(map(words_of_latex, _ENVIRONMENT.sub("", text).split("\n")), start=1)
    for has_words, group in itertools.groupby(lines, key=lambda each: bool(each[1])):
        if has_words:
            numbers, words = zip(*group, strict=True)
            yield numbers[0], "\n".join(words)


def _tables(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Where each table begins, where its body does and ends, and where it ends; one without an end is none."""
    place = 0
    endless: set[str] = set()
    for found in _BEGIN.finditer(text):
        if found.start() < place or found[1] in endless:
            continue
        closing = f"\\end{{{found[1]}}}"
        last = text.find(closing, found.end())
        if last < 0:
            endless.add(found[1])
            continue
        place = last + len(closing)
        yield found.start(), found.end(), last, place


def _table(body: str, line: int) -> TextTable:
    preamble = _PREAMBLE.match(body)
    start = preamble.end() if preamble else 0
    line += body.count("\n", 0, start)
    rows = list(_rows(body[start:], line))
    heads = next((place for place, row in enumerate(rows) if place and _has_number(row)), min(len(rows), 1))
    columns = max((len(row.cells) for row in rows), default=0)
    over = [[row.cells[place] for row in rows[:heads] if place < len(row.cells)] for place in range(columns)]
    headers = tuple(" ".join(dict.fromkeys(filter(None, words))) for words in over)
    return TextTable(headers, tuple(rows[heads:]))


def _has_number(row: TextRow) -> bool:
    return any(cell[:1].isdigit() or cell[:1] in "~≈" for cell in row.cells[1:] if cell)


def _rows(body: str, line: int) -> Iterator[TextRow]:
    """The rows of a table, what spans several of them in each."""
    held: dict[int, tuple[int, str]] = {}
    place = 0
    for piece in [*_ROW.finditer(body), None]:
        raw = body[place : piece.start() if piece else len(body)]
        raw = _RULES.sub(lambda rule: " " * len(rule[0]), raw)
        lead = len(raw) - len(raw.lstrip())
        at = line + body.count("\n", 0, place + lead)
        place = piece.end() if piece else len(body)
        cells = list(_cells(raw, held))
        if any(cells):
            yield TextRow(at, tuple(cells))


def _cells(row: str, held: dict[int, tuple[int, str]]) -> Iterator[str]:
    column = 0
    for raw in _CELL.split(row):
        span = _SPAN.search(raw)
        rows = _ROWS.search(span[2] if span else raw)
        words = words_of_latex(rows[2] if rows else span[2] if span else raw)
        left, above = held.pop(column, (0, ""))
        if left and not words:
            words = above
            if left > 1:
                held[column] = (left - 1, above)
        if rows and int(rows["rows"]) > 1:
            held[column] = (int(rows["rows"]) - 1, words)
        for _ in range(int(span["columns"]) if span else 1):
            yield words
            column += 1


def words_of_latex(text: str) -> str:
    """The words of a piece of LaTeX, numbers of siunitx as they are printed."""
    text = _COLORED.sub("", _NO_WORDS.sub("", text))
    text = _QUANTITY.sub(lambda each: f"{each[1]} {_unit(each[2])}", text)
    text = _NUM.sub(r"\1", text)
    text = text.replace("\\times", "×").replace("\\cdot", "×").replace("\\approx", "≈").replace("\\sim", "~")
    text = re.sub(r"\\[,;:! ]|(?<!^)~", " ", text).replace("\\_", "_").replace("\\&", "&").replace("\\%", "%")
    text = _RAISED.sub(lambda each: f"{each['ten']}^{each['power']}" if each["ten"] else "", text)
    text = _COMMAND.sub("", text)
    return re.sub(r"\s+", " ", re.sub(r"[{}$]", "", text)).strip()


def _unit(text: str) -> str:
    """A unit of siunitx in letters."""
    return re.sub(r"\\([A-Za-z]+)\s*", lambda each: _UNITS.get(each[1], each[1]), text)
