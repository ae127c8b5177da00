"""A page: blocks of prose, charts and tables → one HTML file that needs nothing else."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from archstat import units
from archstat.records import Step
from archstat.report.assets import hash_of, packed_library, plotly_address
from archstat.report.chart import WIDE, Chart, View
from archstat.report.drawing import theme
from archstat.tables import Column, Table
from archstat.tables.formats import shown_cells
from archstat.version import __version__


class Heading(msgspec.Struct, frozen=True):
    """A heading between the blocks of a page.

    Attributes:
        text: Plain text.
        level: 2 for a section, 3 for a part of one.
    """

    text: str
    level: int = 2


class Prose(msgspec.Struct, frozen=True):
    """Text of a writer.

    Attributes:
        html: What :mod:`archstat.report.writing.prose` made of it; nothing else may make one.
    """

    html: Markup


class Tiles(msgspec.Struct, frozen=True):
    """The few numbers that stand at the top.

    Attributes:
        tiles: The name of each, its value, and what there is to add.
    """

    tiles: tuple[tuple[str, str, str], ...]


class Sheet(msgspec.Struct, frozen=True):
    """A table that can be sorted and searched.

    Attributes:
        name: The name of the table on the page.
        table: The rows.
        sums: The sums behind each row, to be opened by a click; ``()``: there are none.
        is_exact: Counts are shown in full.
        folded: What a reader clicks on to see it; ``""``: it is seen.
    """

    name: str
    table: Table
    sums: tuple[tuple[Step, ...], ...] = ()
    is_exact: bool = False
    folded: str = ""

    @property
    def is_aligned(self) -> bool:
        """The notes are set in columns, as totals under a table are."""
        return any("  " in note for note in self.table.notes)

    @property
    def shared(self) -> list[str]:
        """What stands over all rows: the headings that they have in common."""
        places = [place for place in range(len(self.table.columns)) if self._is_shared(place)]
        first = shown_cells(msgspec.structs.replace(self.table, rows=self.table.rows[:1]))
        return [" · ".join(first[0][place] for place in places)] if places else []

    def _is_shared(self, place: int) -> bool:
        values = {row[place] for row in self.table.rows}
        return self.table.columns[place].is_heading and len(values) == 1

    @property
    def columns(self) -> list[Column]:
        """The columns that say something of each row."""
        columns = enumerate(self.table.columns)
        return [column for place, column in columns if not self._is_shared(place) and not self._is_empty(place)]

    def _is_empty(self, place: int) -> bool:
        return bool(self.table.rows) and all(row[place] in (None, "") for row in self.table.rows)


class Link(msgspec.Struct, frozen=True):
    """A way to another page.

    Attributes:
        address: Where, relative to this page.
        title: The title of the other page.
        summary: The summary of the other page.
    """

    address: str
    title: str
    summary: str


class Links(msgspec.Struct, frozen=True):
    """Ways to other pages, as cards."""

    links: tuple[Link, ...]


class Correction(msgspec.Struct, frozen=True):
    """A number of a text that is not right.

    Attributes:
        text: The words of the text.
        source: Where the words stand.
        verdict: ``"slip"``, ``"does not hold"`` or ``"truncated"``.
        stated: The number as it is claimed.
        is_printed: Whether the words have the number; else it is what they come to.
        origin: Where the right one comes from: ``"counted"``.
        found: The right one.
        basis: What the number is of; ``""`` if the sums say it.
        why: How the two relate, or how the wrong one came about.
        sums: The arithmetic.
    """

    text: str
    source: str
    verdict: str
    stated: str
    is_printed: bool
    origin: str
    found: str
    basis: str = ""
    why: str = ""
    sums: tuple[Step, ...] = ()


class Errata(msgspec.Struct, frozen=True):
    """The mistakes of a text.

    Attributes:
        title: The text.
        summary: How much of it was checked.
        corrections: What is wrong.
        cut: What is right, but cut off instead of rounded.
    """

    title: str
    summary: str
    corrections: tuple[Correction, ...]
    cut: tuple[Correction, ...] = ()


_FONT = Markup(theme.FONT)  # noqa: S704 - ours

Block = Heading | Prose | Tiles | Chart | Sheet | Links | Errata


class Page(msgspec.Struct, frozen=True):
    """What one file holds.

    Attributes:
        title: The title of the page.
        subtitle: The subject of the page, in a line.
        blocks: What stands on the page, in order.
        notes: Sentences at its end.
        back: The way to the page that links it, if there is one.
    """

    title: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    back: Link | None = None

    @property
    def charts(self) -> list[Chart]:
        """The charts of the page, in order."""
        return [block for block in self.blocks if isinstance(block, Chart)]


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


def render(page: Page, *, is_offline: bool = True) -> str:
    """The HTML of a page; of equal pages, the same bytes.

    Args:
        page: The page that is to be written.
        is_offline: plotly.js is part of the page; else a browser fetches it, which makes the page 2 MB smaller.
    """
    charts = page.charts
    has_tables = any(isinstance(block, Sheet) for block in page.blocks)
    libraries = [name for name, is_needed in (("plotly", charts and is_offline), ("tables", has_tables)) if is_needed]
    script = _own_script()
    address = plotly_address() if charts else None
    return (
        _templates()
        .get_template("page.html")
        .render(
            page=page,
            charts={f"chart-{number}": content(chart) for number, chart in enumerate(charts)},
            libraries={name: Markup(packed_library(name)) for name in libraries},  # noqa: S704 - base64 has no mark-up
            address=None if is_offline else address,
            script=script,
            style=_own_style(),
            policy=_policy(script, address, is_offline=is_offline),
            version=__version__,
        )
    )


def _own_script() -> Markup:
    return Markup(_templates().get_template("page.js").render(wide=WIDE))  # noqa: S704 - ours, with a number in it


def _own_style() -> Markup:
    colours = {"light": theme.LIGHT, "dark": theme.DARK, "font": _FONT}
    return Markup(_templates().get_template("page.css").render(colours))  # noqa: S704 - ours


def _policy(script: str, plotly: tuple[str, str] | None, *, is_offline: bool) -> Markup:
    """What a browser lets the page do, whatever has come to stand on it: run these scripts and no other, ask nobody.

    plotly.js writes style sheets of its own, so styles are free; DataTables is a module, which a browser loads by an
    address only.
    """
    library = "" if plotly is None else f" '{plotly[1]}'" if is_offline else f" {plotly[0]}"
    rules = (
        "default-src 'none'",
        f"script-src '{hash_of(script)}'{library} blob:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "form-action 'none'",
        "base-uri 'none'",
    )
    return Markup("; ".join(rules))  # noqa: S704 - ours


def fragment(table: Table) -> str:
    """A table as part of another page, such as a notebook: in the same style, with nothing that has to run."""
    return _templates().get_template("fragment.html").render(block=Sheet("Table", table), font=_FONT)


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
    environment = Environment(
        loader=PackageLoader("archstat.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=theme.readable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["type"] = lambda block: type(block).__name__
    environment.filters["cells"] = _cells
    environment.filters["exact"] = units.exact
    environment.filters["json"] = _json
    return environment


def _json(value: Any) -> Markup:
    """JSON that may stand in a script: nothing in it can end the script."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - just made safe


class Cell(msgspec.Struct, frozen=True):
    """A cell of a sheet.

    Attributes:
        text: What people read.
        order: The value that the cell is sorted by.
        column: The column it stands in.
    """

    text: str
    order: Any
    column: Column


def _cells(sheet: Sheet) -> Iterable[Sequence[Cell]]:
    """The rows of a sheet."""
    table, kept = sheet.table, sheet.columns
    for texts, values in zip(shown_cells(table, is_exact=sheet.is_exact), table.rows, strict=True):
        cells = zip(texts, values, table.columns, strict=True)
        yield [Cell(text, _order(value, column), column) for text, value, column in cells if column in kept]


def _order(value: Any, column: Column) -> Any:
    """The number or the text that a value is sorted by; nothing comes before everything."""
    if isinstance(value, (int, float)):
        return value
    return (-1 if column.is_number else "") if value is None else ""
