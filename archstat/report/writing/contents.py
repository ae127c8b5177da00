"""``report.toml``: what a written report is called, and what its figures and tables show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from archstat.errors import DataError, UnknownNameError
from archstat.files.text import text_of, toml_of
from archstat.report.chart import CHARTS
from archstat.report.diagram.diagram import DIAGRAM
from archstat.report.diagram.engine import Direction
from archstat.report.layer_pictures.layer_picture import LAYER_PICTURES
from archstat.report.writing.prose import at

Of = Literal["compare", "layers", "explained", "measured", "claims"]


class FigureEntry(msgspec.Struct, frozen=True):
    """A chart that the text places.

    Attributes:
        chart: A key of :data:`archstat.report.chart.CHARTS`, ``"diagram"``, or a picture of one layer:
            ``"receptive_field"``, ``"arithmetic"``.
        title: What stands over it instead of its own title.
        networks: The networks that the chart shows instead of those of the report.
        evaluation: Whose accuracies it shows.
        marks: Claims whose printed figure is drawn, by their ids.
        part: Of a diagram, the path of the module whose inside alone is drawn; of a picture of a layer, its path.
        depth: Of a diagram, how many levels of modules are open.
        direction: Of a diagram, where data flows.
        wrap: Of a diagram, whether a long way is broken into columns.
        show: Of a diagram, what boxes are coloured by to begin with.
    """

    chart: str
    title: str = ""
    networks: tuple[str, ...] = ()
    evaluation: str = ""
    marks: tuple[str, ...] = ()
    part: str = ""
    depth: int | None = None
    direction: Direction = "down"
    wrap: bool = False
    show: str = ""


class TableEntry(msgspec.Struct, frozen=True):
    """A table that the text places.

    Attributes:
        of: Networks beside each other, the layers of one, those with their sums, those with their times, or the claims.
        networks: The networks that the table shows instead of those of the report.
        title: What stands over it instead of its own title.
    """

    of: Of
    networks: tuple[str, ...] = ()
    title: str = ""


class Contents(msgspec.Struct, frozen=True):
    """What a ``report.toml`` holds.

    Attributes:
        title: The title of the page.
        summary: The summary of the page, in a sentence or two.
        order: The place of the page on the start page.
        networks: What figures and tables show.
        results: Saved measurements, by patterns from the folder.
        errata: Files of claims whose mistakes are listed, by their paths from the folder.
        figure: The figures, by their ids.
        table: The tables.
        lines: Where each key stands: ``"figure.bubble"``, ``"title"``; see :meth:`line`.
    """

    title: str
    summary: str
    order: int = 0
    networks: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()
    figure: Mapping[str, FigureEntry] = {}
    table: Mapping[str, TableEntry] = {}
    lines: Mapping[str, int] = {}

    def line(self, key: str) -> int:
        """The line of a key; the first one where it cannot be told."""
        return _line(self.lines, key)


def read_contents(path: Path) -> Contents:
    """What a ``report.toml`` holds.

    Raises:
        UnknownNameError: A key or a chart is none; the message says in which line.
        DataError: The file cannot be read, or does not hold together.
    """
    return contents_of(text_of(path), str(path))


def contents_of(text: str, path: str) -> Contents:
    """What the text of a ``report.toml`` holds.

    Raises:
        UnknownNameError: A key or a chart is none; the message says in which line.
        DataError: The text does not hold together.
    """
    raw = toml_of(text, path)
    lines = _lines(text)
    _check_keys(raw, "", Contents, lines, path)
    for section, kind in (("figure", FigureEntry), ("table", TableEntry)):
        entries = raw.get(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            _check_keys(entry, f"{section}.{name}", kind, lines, path)
    try:
        contents = msgspec.convert({**raw, "lines": lines}, Contents)
    except msgspec.ValidationError as error:
        raise DataError(f"{path} does not hold together: {error}.") from error
    if not contents.title.strip():
        raise DataError(f"{path}:{contents.line('title')}: the title is empty: nothing could link the page.")
    for name, figure in contents.figure.items():
        with at(f"{path}:{contents.line(f'figure.{name}.chart')}"):
            if figure.chart not in (DIAGRAM, *LAYER_PICTURES):
                CHARTS.get(figure.chart)
    return contents


def _check_keys(entry: Any, place: str, kind: type[msgspec.Struct], lines: Mapping[str, int], path: str) -> None:
    known = [name for name in kind.__struct_fields__ if name != "lines"]
    for key in entry if isinstance(entry, dict) else ():
        if key not in known:
            with at(f"{path}:{_line(lines, f'{place}.{key}')}"):
                raise UnknownNameError.of("key", key, known, f"The keys are {', '.join(known)}.")


_HEADING = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")


def _lines(text: str) -> dict[str, int]:
    """The lines where tables and keys stand; TOML libraries do not tell. The first one is meant."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _HEADING.match(line):
            section = _bare(heading[1])
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            lines.setdefault(_bare(f"{section}.{key[1]}"), number)
    return lines


def _line(lines: Mapping[str, int], key: str) -> int:
    return lines.get(_bare(key), 1)


def _bare(key: str) -> str:
    """A key without quotes and spaces, which can be written in many ways."""
    return re.sub(r"[\s\"']", "", key).lstrip(".")
