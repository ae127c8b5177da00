"""Tables → LaTeX for an article on A4: a float over one or two columns, or pages of a longtable, with its notes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from archstat.language import language, say
from archstat.tables.columns import Table
from archstat.tables.latex.characters import PACKAGES, tex, width_of
from archstat.tables.latex.content import PaperTable, paper_table
from archstat.tables.latex.fitting import COLUMN_PT, PAGE_HEIGHT_PT, PAGE_PT, breakable, header_lines, lines_of
from archstat.tables.latex.numbers import set_number

MOST_ROWS = 40
"""A table of more rows may break over pages."""


def typeset(table: Table, rows: Sequence[Sequence[str]]) -> str:
    """A table with its caption, label and notes, under comments that say what it needs and what it leaves out.

    Args:
        table: What to set.
        rows: The cells as people read them.
    """
    sheet = paper_table(table, rows)
    is_narrow = sheet.fit.width_pt <= COLUMN_PT and not sheet.fit.broken
    is_long = len(rows) > MOST_ROWS or _height_pt(sheet, COLUMN_PT if is_narrow else PAGE_PT) > PAGE_HEIGHT_PT
    packages = ["array", "booktabs", *(["longtable"] if is_long else []), *(["siunitx"] if _has_numbers(sheet) else [])]
    lines = _pages(sheet) if is_long else _float(sheet, "table" if is_narrow else "table*")
    needed = f"\\usepackage{{{','.join(packages)}}}{' (siunitx 3)' if _has_numbers(sheet) else ''}"
    needed += "".join(f" {package}" for spoken, package in PACKAGES.items() if spoken == language())
    comments = [say("Needs in the preamble: {packages}", packages=needed), *sheet.comments]
    return "\n".join([*(f"% {line}" for line in comments), *lines]) + "\n"


# -- how it is set -----------------------------------------------------------------------------------------------------


def _has_numbers(sheet: PaperTable) -> bool:
    return any(sheet.fit.fields[place].numbers is not None for place in sheet.fit.widths)


def _float(sheet: PaperTable, environment: str) -> list[str]:
    return [
        f"\\begin{{{environment}}}[tbp]",
        "\\centering\\emergencystretch=3em\\setlength{\\belowcaptionskip}{6pt}",
        *_caption(sheet),
        *_settings(sheet),
        f"\\begin{{tabular}}{{{_types(sheet)}}}",
        "\\toprule",
        *_head(sheet),
        "\\midrule",
        *_body(sheet),
        "\\bottomrule",
        "\\end{tabular}",
        *_float_notes(sheet),
        f"\\end{{{environment}}}",
    ]


def _float_notes(sheet: PaperTable) -> Iterator[str]:
    if sheet.notes:
        yield "\\par\\smallskip"
        yield "\\begin{minipage}{\\linewidth}\\raggedright"
        yield from _set_notes(sheet)
        yield "\\end{minipage}"


def _pages(sheet: PaperTable) -> list[str]:
    return [
        f"% {say('On a page of two columns it begins a page with one column, as no longtable stands in two.')}",
        "\\ifdim\\columnwidth<\\textwidth\\onecolumn\\let\\archstatend\\twocolumn\\else\\let\\archstatend\\relax\\fi",
        "\\begingroup\\setlength{\\LTcapwidth}{\\linewidth}\\setlength{\\belowcaptionskip}{6pt}",
        *_settings(sheet),
        f"\\begin{{longtable}}{{{_types(sheet)}}}",
        *_caption(sheet, end=" \\\\"),
        "\\toprule",
        *_head(sheet),
        "\\midrule",
        "\\endfirsthead",
        f"\\caption[]{{{tex(say('(continued)'))}}} \\\\",
        "\\toprule",
        *_head(sheet),
        "\\midrule",
        "\\endhead",
        "\\bottomrule",
        "\\endfoot",
        *_body(sheet),
        "\\end{longtable}",
        *_page_notes(sheet),
        "\\endgroup\\archstatend",
    ]


def _page_notes(sheet: PaperTable) -> Iterator[str]:
    if sheet.notes:
        yield "{\\raggedright\\parindent=0pt"
        yield from _set_notes(sheet)
        yield "}"


def _caption(sheet: PaperTable, end: str = "") -> Iterator[str]:
    """The caption and the label; a caption with a word that must be broken would be stretched too much."""
    listed = f"[{{{breakable(_begun(sheet.caption), _LISTED_EM)}}}]" if width_of(sheet.caption) > _LINE_EM else ""
    ragged = "\\raggedright " if any(width_of(word) > _NOTE_EM for word in sheet.caption.split()) else ""
    yield f"\\caption{listed}{{{ragged}{breakable(sheet.caption, _NOTE_EM)}}}"
    yield f"\\label{{{sheet.label}}}{end}"


def _begun(caption: str) -> str:
    """As much of a caption as stands on a line of a list of tables."""
    shown = next(at for at in range(len(caption)) if width_of(caption[:at]) > _LINE_EM - 8)
    return f"{caption[:shown].rpartition(' ')[0] or caption[:shown]} …"


_LINE_EM, _LISTED_EM = 28.0, 8.0


def _settings(sheet: PaperTable) -> Iterator[str]:
    yield f"{sheet.fit.size.command}\\setlength{{\\tabcolsep}}{{{sheet.fit.size.gap_pt / 2:g}pt}}\\hyphenpenalty=10000"
    if _is_written(sheet):
        yield f"\\renewcommand{{\\arraystretch}}{{{_STRETCH:g}}}"
    if _has_numbers(sheet):
        yield "\\sisetup{group-digits=integer,group-minimum-digits=4,group-separator={,},output-decimal-marker={.},"
        yield "table-align-text-after=false}"


def _is_written(sheet: PaperTable) -> bool:
    """Whether people write into it by hand, for which lines of print are too close."""
    return any(sheet.fit.fields[place].written_em for place in sheet.fit.widths)


_STRETCH = 1.7


def _types(sheet: PaperTable) -> str:
    return f"@{{}}{''.join(_type(sheet, place) for place in sheet.fit.widths)}@{{}}"


def _type(sheet: PaperTable, place: int) -> str:
    field = sheet.fit.fields[place]
    if place in sheet.fit.broken:
        return f">{{\\raggedright\\arraybackslash}}p{{{sheet.fit.room_em(place):.2f}em}}"
    if field.numbers is not None:
        return field.numbers.column
    return "r" if field.is_right else "l"


def _head(sheet: PaperTable) -> Iterator[str]:
    yield f"{' & '.join(_head_cell(sheet, place) for place in sheet.fit.widths)} \\\\"


def _head_cell(sheet: PaperTable, place: int) -> str:
    field = sheet.fit.fields[place]
    room = sheet.fit.room_em(place) if place in sheet.fit.broken else field.body_em
    lines = list(map(tex, header_lines(field.header, room)))
    side = "c" if field.numbers is not None else "r" if field.is_right else "l"
    shown = " \\\\ ".join(lines)
    if len(lines) > 1:
        shown = f"\\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{shown}\\end{{tabular}}"
    return f"{{{shown}}}" if field.numbers is not None else shown


def _body(sheet: PaperTable) -> Iterator[str]:
    groups = itertools.groupby(sheet.rows, lambda row: " · ".join(row[place] for place in sheet.headings))
    for count, (heading, rows) in enumerate(groups):
        if heading:
            yield from ["\\addlinespace"] if count else []
            yield _heading(sheet, heading)
        for row in rows:
            yield f"{' & '.join(_cell(sheet, place, row[place]) for place in sheet.fit.widths)} \\\\"


def _heading(sheet: PaperTable, heading: str) -> str:
    """What stands over rows, as wide as the table, or wider than a very narrow one."""
    em = sheet.fit.size.em_pt
    wide = max(sheet.fit.width_pt, min(COLUMN_PT, width_of(heading) * em * _ITALIC))
    kind = f"@{{}}>{{\\raggedright\\arraybackslash\\itshape}}p{{{wide / em:.2f}em}}@{{}}"
    text = breakable(heading, wide / em / _ITALIC)
    return f"\\multicolumn{{{len(sheet.fit.widths)}}}{{{kind}}}{{{text}}} \\\\*"


_ITALIC = 1.1
"""How much wider italics may be than upright letters."""


def _cell(sheet: PaperTable, place: int, cell: str) -> str:
    field = sheet.fit.fields[place]
    if field.written_em and _BLANK.fullmatch(cell):
        room = min(field.body_em, sheet.fit.room_em(place))
        return f"\\makebox[{room:.2f}em][l]{{{cell}\\,\\hrulefill}}"
    if field.numbers is not None:
        return set_number(cell)
    return breakable(cell, sheet.fit.room_em(place)) if place in sheet.fit.broken else tex(cell)


_BLANK = re.compile(r"\(\d+\)")
"""The number of a cell that is to be filled in."""

_NOTE_EM = 14.0
"""A word of more than this may be broken, also where a note or a caption stands in one of two columns."""


def _set_notes(sheet: PaperTable) -> Iterator[str]:
    return (f"{breakable(note, _NOTE_EM)}\\par" for note in sheet.notes)


def _height_pt(sheet: PaperTable, width_pt: float) -> float:
    """How high the table becomes, or a little more."""
    em, line = sheet.fit.size.em_pt, sheet.fit.size.line_pt
    broken = [(place, sheet.fit.room_em(place)) for place in sheet.fit.broken]
    stretch = _STRETCH if _is_written(sheet) else 1.0
    rows = stretch * sum(max((lines_of(row[place], room) for place, room in broken), default=1) for row in sheet.rows)
    over = [" · ".join(row[place] for place in sheet.headings) for row in sheet.rows]
    headings = sum(1.5 * lines_of(name, sheet.fit.width_pt / em) for name, _ in itertools.groupby(over) if name)
    notes = sum(lines_of(note, width_pt / em) for note in sheet.notes)
    caption = lines_of(f"Table 100: {sheet.caption}", width_pt / 11)
    return line * (rows + headings + notes + 3) + 14 * caption + 30
