"""A page: blocks of prose, charts and tables → one HTML file that needs nothing else."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from jinja2 import Environment
from markupsafe import Markup, escape

from archstat import units
from archstat.language import language, say
from archstat.records import Step
from archstat.report.assets import hash_of, packed, packed_library, plotly_address
from archstat.report.blocks import Form, Methods, Page, Play, Sheet
from archstat.report.chart import Chart, View
from archstat.report.diagram.colours import shades
from archstat.report.diagram.diagram import Diagram, content_on_pages
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import WIDE
from archstat.report.layer_pictures.layer_picture import LayerPicture
from archstat.report.templating import templates
from archstat.tables import Column, Table
from archstat.tables.cells import shown_cells
from archstat.tables.colours import largest_part
from archstat.version import __version__


def sheets_page(tables: Sequence[Table], *, sums: Sequence[tuple[Step, ...]] = (), is_exact: bool = False) -> Page:
    """A page of nothing but tables.

    Args:
        tables: The tables; the first line of the first title is that of the page.
        sums: The sums behind each row of the first one.
        is_exact: Show counts in full.
    """
    title, *rest = (tables[0].title or "archstat").split("\n")
    first = msgspec.structs.replace(tables[0], title="")
    sheets = [Sheet(title, first, tuple(sums), is_exact)]
    sheets += [Sheet(table.title or title, table, is_exact=is_exact) for table in tables[1:]]
    return Page(title, tuple(sheets), " · ".join(rest))


def render(page: Page, *, is_offline: bool = True, beside: str = "") -> str:
    """The HTML of a page; of equal pages, the same bytes.

    Args:
        page: The page that is to be written.
        is_offline: plotly.js is part of the page; else a browser fetches it, which makes the page 2 MB smaller.
        beside: The address of a file of :func:`~archstat.report.assets.libraries_file`, which the pages of a site
            share; ``""``: the page brings what it needs.
    """
    charts = page.charts
    script, style = _own_script(page), _own_style(page)
    address = plotly_address() if charts else None
    drawn_from = {f"chart-{number}": content(chart) for number, chart in enumerate(charts)}
    return (
        _templates()
        .get_template("page.html")
        .render(
            page=page,
            diagrams=_diagrams(page),
            charts=Markup(packed(json.dumps(drawn_from, separators=(",", ":"), allow_nan=False))),  # noqa: S704 - base64
            libraries={} if beside else _libraries(page, is_offline=is_offline),
            beside=beside,
            address=None if is_offline or beside else address,
            script=script,
            style=style,
            policy=_policy(script, address, is_offline=is_offline or bool(beside), is_one_of_many=bool(beside)),
            version=__version__,
        )
    )


def _libraries(page: Page, *, is_offline: bool) -> dict[str, Markup]:
    """What the page brings, packed."""
    has_tables = any(isinstance(block, Sheet) for block in page.blocks)
    needed = {"plotly": bool(page.charts) and is_offline, "tables": has_tables, "elk": bool(page.diagrams)}
    return {name: Markup(packed_library(name)) for name, is_needed in needed.items() if is_needed}  # noqa: S704 - base64 has no mark-up


def _diagrams(page: Page) -> Markup:
    """What the diagrams of the page are drawn from, packed; nothing without one."""
    if not page.diagrams:
        return Markup()
    return Markup(packed(json.dumps(content_on_pages(page.diagrams), separators=(",", ":"))))  # noqa: S704 - base64


_EXTRAS: dict[type, str] = {
    Diagram: "diagram",
    Form: "form",
    LayerPicture: "layer_picture",
    Methods: "methods",
    Play: "play",
}
"""The blocks with a style, or a script, of their own, which pages without one do not carry."""


def _extras(page: Page, ending: str) -> str:
    """The scripts, or the styles, of the blocks that have their own."""
    names = dict.fromkeys(_EXTRAS[type(block)] for block in page.blocks if type(block) in _EXTRAS)
    colours = {"diagram_light": shades(is_dark=False), "diagram_dark": shades(is_dark=True)}
    known = _templates().list_templates()
    files = [file for name in names if (file := f"{name}.{ending}") in known]
    return "".join(_templates().get_template(file).render(colours) for file in files)


def _own_script(page: Page) -> Markup:
    shown = _templates().get_template("page.js").render(wide=WIDE.width)
    return Markup(shown + _extras(page, "js"))  # noqa: S704 - ours, with a number in it


def _own_style(page: Page) -> Markup:
    colours = {"light": theme.LIGHT, "dark": theme.DARK, "font": _font()}
    return Markup(_templates().get_template("page.css").render(colours) + _extras(page, "css"))  # noqa: S704 - ours


def _font() -> Markup:
    return Markup(theme.font())  # noqa: S704 - ours


def _font_of_code() -> Markup:
    return Markup(theme.font_of_code())  # noqa: S704 - ours


def _policy(script: str, plotly: tuple[str, str] | None, *, is_offline: bool, is_one_of_many: bool = False) -> Markup:
    """What a browser lets the page do, whatever has come to stand on it: run these scripts and no other, ask nobody.

    plotly.js writes style sheets of its own, so styles are free; DataTables is a module, which a browser loads by an
    address only. One of many pages may run the scripts that lie beside it, also where it is opened as a file.
    """
    library = "" if plotly is None else f" '{plotly[1]}'" if is_offline else f" {plotly[0]}"
    library += " 'self' file:" if is_one_of_many else ""
    rules = (
        "default-src 'none'",
        f"script-src '{hash_of(script)}'{library} blob:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "form-action 'none'",
        "base-uri 'none'",
    )
    return Markup("; ".join(rules))  # noqa: S704 - ours


FRAGMENT_ROWS = 30
"""Rows of a table that a notebook shows before one asks for all."""


def fragment(table: Table) -> str:
    """A table as part of another page, such as a notebook: in the same style, and readable where no script may run.

    What is not trusted there loses its style sheet and its script, and keeps the table with its alignment.
    """
    block = Sheet(say("Table"), table)
    told = json.dumps([table.title, table.notes, shown_cells(table)], ensure_ascii=True)
    name = f"archstat-{hashlib.blake2b(told.encode(), digest_size=6).hexdigest()}"
    template = _templates().get_template("fragment.html")
    return template.render(block=block, font=_font(), blue=theme.LIGHT["blue"], id=name, most=FRAGMENT_ROWS)


def content(chart: Chart) -> dict[str, Any]:
    """What the page's script draws a chart from."""
    return {"views": [_view(view) for view in chart.views]}


def _view(view: View) -> dict[str, Any]:
    figure = json.loads(view.figure.to_json())
    figure["layout"].pop("template", None)
    alt, narrow = theme.readable(view.alt), dict(view.narrow)
    return {"alt": alt, "data": figure["data"], "layout": figure["layout"], "narrow": narrow}


@functools.cache
def _templates() -> Environment:
    environment = templates(keeps_last_line=True)
    environment.globals.update(say=say, language=language)
    environment.filters["type"] = lambda block: type(block).__name__
    environment.filters["cells"] = _cells
    environment.filters["linked"] = _linked
    environment.filters["breakable"] = _breakable
    environment.filters["packed_sums"] = _packed_sums
    environment.filters["exact"] = units.exact
    environment.filters["fields"] = _fields
    environment.globals.update(literal=literal, marked=marked, font_of_code=_font_of_code)
    return environment


def literal(message: str, /, **values: str) -> Markup:
    """A message as a template literal of JavaScript, with what it works out in the places.

    Args:
        message: The message in English: a literal, so that it gets into the catalogues.
        values: The expressions of JavaScript in the places.

    >>> print(literal("{count} rows", count="table.rows.length"))
    `${table.rows.length} rows`
    """
    said = _SPECIAL.sub(lambda match: f"\\x{ord(match[0]):02x}", say(message))
    return Markup(f"`{said.format(**{name: f'${{{value}}}' for name, value in values.items()})}`")  # noqa: S704 - ours


def marked(message: str, /, **values: Markup) -> Markup:
    """A message with marked-up text in the places.

    Args:
        message: The message in English: a literal, so that it gets into the catalogues.
        values: What stands in the places.

    >>> print(marked("{layer} & more", layer=Markup("<b>conv1</b>")))
    <b>conv1</b> &amp; more
    """
    return escape(say(message)).format(**values)


_SPECIAL = re.compile(r"[`$\\<]")
"""What would end a template literal, or a script, or begin an expression."""

_ADDRESS = re.compile(r"https?://[^\s<>\"'&]+[^\s<>\"'&.,;:)]")


def _linked(text: str) -> Markup:
    """A text in which addresses of papers lead there; the page that is opened learns nothing of this one."""
    parts: list[Markup] = []
    end = 0
    readable = theme.readable(text)
    for match in _ADDRESS.finditer(readable):
        address = escape(match[0])
        parts += [
            escape(readable[end : match.start()]),
            Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(address),
        ]
        end = match.end()
    return Markup("").join([*parts, escape(readable[end:])])


def _breakable(path: str) -> Markup:
    """The path of a module, which may go on in another line behind each of its points."""
    return escape(theme.readable(path)).replace(".", Markup(".<wbr>"))


def _packed_sums(sheet: Sheet) -> Markup:
    """The sums behind each row, as they are shown: of a thousand layers they are most of a page, and alike."""
    steps = _templates().get_template("sheet.html").module.steps  # type: ignore[attr-defined]  # a macro of it
    shown = [str(steps(each)) if each else "" for each in sheet.sums]
    return Markup(packed(json.dumps(shown, separators=(",", ":"))))  # noqa: S704 - base64 has no mark-up


class Cell(msgspec.Struct, frozen=True):
    """A cell of a sheet.

    Attributes:
        text: What people read.
        order: The value that the cell is sorted by.
        column: The column it stands in.
        tone: Whether the value is good or bad news; ``""``: neither.
        part: Of a part of a whole, how long its bar is; ``""``: there is none.
    """

    text: str
    order: Any
    column: Column
    tone: str = ""
    part: str = ""


def _cells(sheet: Sheet, most: int | None = None) -> Iterable[Sequence[Cell]]:
    """The rows of a sheet, so many of them at the most.

    A row that has nothing in its first column goes on from the one before, and is sorted as that one is.
    """
    table, kept = sheet.table, sheet.columns
    largest = {column.key: largest_part(table, place) for place, column in enumerate(table.columns) if column.is_share}
    shown = zip(shown_cells(table, is_exact=sheet.is_exact), table.rows, strict=True)
    is_grouped = any(row[0] in ("", None) for row in table.rows)
    head: dict[str, Cell] = {}
    for texts, values in itertools.islice(shown, most):
        named = zip(texts, values, table.columns, strict=True)
        cells = [_cell(*each, largest.get(each[2].key, 1.0)) for each in named if each[2] in kept]
        if values[0] not in ("", None) or not head:
            head = {cell.column.key: cell for cell in cells}
        yield [_as_sorted(cell, head[cell.column.key]) for cell in cells] if is_grouped else cells


def _as_sorted(cell: Cell, head: Cell) -> Cell:
    """A cell that is sorted as another one; DataTables asks for an order in all rows, or in none."""
    return msgspec.structs.replace(cell, order=head.text if head.order == "" else head.order)


def _cell(text: str, value: Any, column: Column, largest: float) -> Cell:
    tone = column.tones.get(value, "") if column.tones else ""
    part = f"{100 * value / largest:.1f}%" if column.is_share and value else ""
    return Cell(text, _order(value, column), column, tone, part)


class FormCell(msgspec.Struct, frozen=True):
    """A cell of a worksheet.

    Attributes:
        text: What people read.
        column: The column it stands in.
        number: The number of the cell, if it is to be filled in; ``""``: it is not.
        name: What a reader hears who does not see the cell.
    """

    text: str
    column: Column
    number: str
    name: str


def _fields(form: Form) -> Iterable[Sequence[FormCell]]:
    """The rows of a worksheet, with the cells that are fields."""
    for texts in shown_cells(form.table):
        yield [_field(text, column, texts[0]) for text, column in zip(texts, form.table.columns, strict=True)]


_BLANK = re.compile(r"\((\d+)\)")


def _field(text: str, column: Column, row: str) -> FormCell:
    match = _BLANK.fullmatch(text) if column.is_written else None
    return FormCell(text, column, match[1] if match else "", f"{text} {row}, {column.header}" if match else "")


def _order(value: Any, column: Column) -> Any:
    """The number or the text that a value is sorted by; nothing comes before everything."""
    if isinstance(value, (int, float)):
        return value
    return (-1 if column.is_number else "") if value is None else ""
