"""What stands on a page: its blocks, and the page itself."""

from __future__ import annotations

import msgspec
from markupsafe import Markup

from archstat.records import Step
from archstat.report.chart import Chart
from archstat.report.diagram.diagram import Diagram
from archstat.report.layer_pictures.layer_picture import LayerPicture
from archstat.tables import Column, Table
from archstat.tables.cells import shown_cells
from archstat.tables.lean import is_empty, is_shared, is_told_above, told_once


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
        links: Where the first cell of each row leads to; ``()``: nowhere.
    """

    name: str
    table: Table
    sums: tuple[tuple[Step, ...], ...] = ()
    is_exact: bool = False
    folded: str = ""
    links: tuple[str, ...] = ()

    @property
    def is_aligned(self) -> bool:
        """The notes are set in columns, as totals under a table are."""
        return any("  " in note for note in self.table.notes)

    @property
    def shared(self) -> list[str]:
        """What stands over all rows: the headings that they have in common, and the conditions."""
        headings = [place for place in self._places if self._is_one_heading(place)]
        first = shown_cells(msgspec.structs.replace(self.table, rows=self.table.rows[:1]))
        over = [" · ".join(first[0][place] for place in headings)] if headings else []
        conditions = [told_once(self.table, place) for place in self._places if is_told_above(self.table, place)]
        return [*over, *([" · ".join(conditions)] if conditions else [])]

    @property
    def columns(self) -> list[Column]:
        """The columns that say something of each row."""
        return [self.table.columns[place] for place in self._places if self._is_told_by_row(place)]

    @property
    def _places(self) -> range:
        return range(len(self.table.columns))

    def _is_told_by_row(self, place: int) -> bool:
        is_bare = is_empty(self.table, place) or is_shared(self.table, place)
        return not (is_bare or self._is_one_heading(place))

    def _is_one_heading(self, place: int) -> bool:
        values = {row[place] for row in self.table.rows}
        return self.table.columns[place].is_heading and len(values) == 1


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


class Paper(msgspec.Struct, frozen=True):
    """The paper that a page is about.

    Attributes:
        text: Authors, title, year, and where in it.
        address: Where to read the paper.
        entry: What BibTeX takes.
        note: What differs from the paper; ``""``: nothing that is known.
    """

    text: str
    address: str
    entry: str
    note: str = ""


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


class Form(msgspec.Struct, frozen=True):
    """A worksheet: a table with cells to fill in, on paper or in fields.

    Attributes:
        table: The rows; the numbers of cells stand in columns that are written into.
        text: The sheet as a file in Markdown, which a reader saves with what was typed.
        file: The name of that file.
    """

    table: Table
    text: str
    file: str


class Methods(msgspec.Struct, frozen=True):
    """How the numbers of a page came about, as a text to be pasted.

    Attributes:
        paragraphs: Plain text.
    """

    paragraphs: tuple[str, ...]


class Play(msgspec.Struct, frozen=True):
    """One layer that a reader sets, with its sums and a picture of it."""


_SEEN_AT_ONCE = 2
"""More sections than these need a list that leads to them."""

Block = (
    Heading | Prose | Tiles | Chart | Diagram | LayerPicture | Sheet | Links | Paper | Errata | Form | Methods | Play
)


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
    def contents(self) -> list[str]:
        """The sections of a long page; none of a short one, which is seen at a glance."""
        sections = [block.text for block in self.blocks if isinstance(block, Heading) and block.level == 2]
        return sections if len(sections) > _SEEN_AT_ONCE else []

    @property
    def charts(self) -> list[Chart]:
        """The charts of the page, in order."""
        return [block for block in self.blocks if isinstance(block, Chart)]

    @property
    def diagrams(self) -> list[Diagram]:
        """The diagrams of the page, in order."""
        return [block for block in self.blocks if isinstance(block, Diagram)]
