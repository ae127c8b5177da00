"""Written reports: a folder with ``report.toml``, ``text.md`` and ``claims.toml`` → a page; and the start page."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from archstat.analysis.network import AnalyseWithin
from archstat.claims import Finding, summary
from archstat.claims.statements import statement
from archstat.errors import DataError, InputError, UnknownNameError, quoted
from archstat.files.results import read_measurements
from archstat.files.text import text_of
from archstat.language import message, say
from archstat.networks.trust import NOTHING, Trust
from archstat.quantities import unit_of
from archstat.records import Measurement
from archstat.report.blocks import Block, Link, Links, Page, Sheet
from archstat.report.chart import CHARTS, Chart, drawn
from archstat.report.compose import layers_sheet, measured_sheet
from archstat.report.diagram.diagram import DIAGRAM, Diagram, diagram_of
from archstat.report.layer_pictures.layer_picture import LAYER_PICTURES, LayerPicture, picture_of_layer
from archstat.report.material import Mark, Material, Subject, material_from
from archstat.report.neighbours import CONTENTS, PAGE, Card, cards_beside, way
from archstat.report.writing.citations import Checked, Claims, path_from
from archstat.report.writing.contents import Contents, FigureEntry, Of, TableEntry, read_contents
from archstat.report.writing.errata import errata_of
from archstat.report.writing.prose import Citation, at, blocks_of, plain
from archstat.tables import claims_page_table, compare_table
from archstat.tables.quantities import MACS


def pages_of(folders: Sequence[Path], analyse: AnalyseWithin, trust: Trust = NOTHING) -> list[tuple[Path, Page]]:
    """The pages of written reports, each with the file that it belongs in; nothing is written.

    The last one is the start page, in the folder that all are in: it links them, and the pages beside them that were
    built before. Of a folder that is not named nothing is checked, and nothing in it can stop the build.

    Args:
        folders: Where the reports are. What is none, such as a folder that holds only claims, is passed over, so that
            'reports/*' names all.
        analyse: Counts a network; each network of each setting once.
        trust: Which files may name code; none of them, if it is not said.

    Raises:
        InputError: There is no folder.
        ArchstatError: A report does not hold together, or one of its claims fails; the message says where.
    """
    folders = [folder for folder in map(Path, folders) if not _is_none(folder)]
    if not folders:
        raise InputError("No report is named: give a folder with a report.toml, such as 'reports/cnn-architectures'.")
    claims = Claims(functools.cache(analyse), trust)
    reports = [Report(Path(folder), claims) for folder in dict.fromkeys(map(os.path.normpath, folders))]
    start = _common(reports)
    made = [(report.folder / PAGE, report.page(start)) for report in reports]
    cards = [*(report.card(start) for report in reports), *cards_beside(start, [report.folder for report in reports])]
    return [*made, (start / PAGE, start_page(cards))]


def _is_none(path: Path) -> bool:
    """Whether a path is there and no report: a file, or a folder of something else."""
    return _is_there(path) and not _is_there(path / CONTENTS)


def _is_there(path: Path) -> bool:
    """Whether a path is there; a name that no file system takes is nowhere."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _common(reports: Iterable[Report]) -> Path:
    """The folder that all are in."""
    parents = {os.path.normpath(report.folder / "..") for report in reports}
    return Path(parents.pop() if len(parents) == 1 else os.path.commonpath(map(os.path.abspath, parents)))


def start_page(cards: Iterable[Card]) -> Page:
    """The page that links reports, in their order."""
    ordered = sorted(cards, key=lambda card: (card.order, card.link.title))
    return Page(
        say("Reports"),
        (Links(tuple(card.link for card in ordered)),),
        say("What networks cost, and what is said about it: every number in these texts is a claim that was checked."),
    )


class Report:
    """One report: the folder of its text, and what a page is made of.

    Attributes:
        folder: The folder of the report.
        contents: What the ``report.toml`` in it says.
    """

    def __init__(self, folder: Path, claims: Claims) -> None:
        """Read what a folder says of its report.

        Raises:
            ArchstatError: The ``report.toml`` does not hold together.
        """
        self.folder = folder
        self.contents: Contents = read_contents(folder / CONTENTS)
        self._claims = claims
        self._analyse = claims.analyse(folder / CONTENTS)

    def page(self, start: Path) -> Page:
        """The whole page.

        Args:
            start: The folder of the page that links it.

        Raises:
            ArchstatError: A number is no claim, a reference leads nowhere, or a figure cannot be drawn.
        """
        own = self._own() if _is_there(self.folder / "claims.toml") else None
        path = self.folder / "text.md"
        written = blocks_of(text_of(path), str(path), self._cite, self._insert)
        counts = "" if own is None else summary(list(own.findings.values()))
        is_said = any(counts in block.table.notes for block in written if isinstance(block, Sheet))
        notes = (say(_HOW), counts) if counts and not is_said else (say(_HOW),)
        return Page(
            self._said("title"),
            written,
            self._said("summary"),
            notes,
            Link(way(self.folder, start), say("All reports"), ""),
        )

    def card(self, start: Path) -> Card:
        """What the start page says of it."""
        link = Link(way(start, self.folder), self._said("title"), self._said("summary"))
        return Card(link, self.contents.order)

    def _said(self, key: str) -> str:
        """The title or the summary."""
        place = f"{self.folder / CONTENTS}:{self.contents.line(key)}"
        return plain(getattr(self.contents, key), place, self._cite)

    def _own(self) -> Checked:
        return self._claims.of(path_from(self.folder, "claims.toml"))

    def _cite(self, reference: str) -> Citation:
        return self._claims.cited(self.folder, reference)

    # -- what a text places --------------------------------------------------------------------------------------------

    def _insert(self, kind: str, name: str) -> Sequence[Block]:
        """The blocks of ``{{figure bubble}}``, ``{{table totals}}``, ``{{claims}}`` or ``{{errata}}``."""
        if kind == "figure":
            return [self._figure(name, _entry("figure", name, self.contents.figure))]
        if kind == "table":
            return self._table(name, _entry("table", name, self.contents.table))
        if name:
            raise DataError(f"'{{{{{kind} {name}}}}}' takes no name: write {{{{{kind}}}}}.")
        return [self._claims_sheet(say("claims"))] if kind == "claims" else self._errata()

    def _figure(self, name: str, entry: FigureEntry) -> Chart | Diagram | LayerPicture:
        if entry.chart == DIAGRAM:
            return self._diagram(name, entry)
        if entry.chart in LAYER_PICTURES:
            return self._layer(name, entry)
        kind = CHARTS.get(entry.chart)
        with at(self._place(f"figure.{name}")):
            _refuse(entry, ("part", "depth", "wrap", "show"), f"the chart {kind.name!r}")
            networks = self._networks(entry.networks)
            if kind.of == "network":
                self._refuse_several(networks, f"the chart {kind.name!r}")
            not_taken = tuple(option for option in ("evaluation", "marks") if option not in kind.takes)
            _refuse(entry, not_taken, f"the chart {kind.name!r}")
            material = self._material(networks)
            marks = tuple(map(self._mark, entry.marks))
            (chart,) = drawn(kind, msgspec.structs.replace(material, evaluation=entry.evaluation, marks=marks))
            return msgspec.structs.replace(chart, title=self._titled(entry.title)) if entry.title else chart

    def _diagram(self, name: str, entry: FigureEntry) -> Diagram:
        with at(self._place(f"figure.{name}")):
            _refuse(entry, ("evaluation", "marks"), "a diagram")
            subject = self._single(entry, "a diagram")
            made = diagram_of(
                subject.network,
                entry.part,
                depth=entry.depth,
                show=entry.show or MACS.key,
                measurement=subject.layers_measured,
                direction=entry.direction,
                is_wrapped=entry.wrap,
            )
            return msgspec.structs.replace(made, title=self._titled(entry.title)) if entry.title else made

    def _layer(self, name: str, entry: FigureEntry) -> LayerPicture:
        with at(self._place(f"figure.{name}")):
            _refuse(entry, ("title", "evaluation", "marks", "depth", "wrap", "show"), "a picture of a layer")
            return picture_of_layer(self._single(entry, "a picture of a layer").network, entry.part, entry.chart)

    def _single(self, entry: FigureEntry, what: str) -> Subject:
        """The only network of a figure that is one of a single network."""
        networks = self._networks(entry.networks)
        self._refuse_several(networks, what)
        (subject,) = self._material(networks).subjects
        return subject

    @staticmethod
    def _refuse_several(networks: Sequence[str], what: str) -> None:
        if len(networks) != 1:
            raise DataError(f'{what} is one of a single network: give it networks = ["…"], one name.')

    def _table(self, name: str, entry: TableEntry) -> list[Sheet]:
        with at(self._place(f"table.{name}")):
            if entry.of == "claims":
                sheets = [self._claims_sheet(name)]
            else:
                sheets = _SHEETS[entry.of](self._material(self._networks(entry.networks)))
            title = self._titled(entry.title)
            return [_titled(sheet, title) for sheet in sheets] if title else sheets

    def _place(self, key: str) -> str:
        return f"[{key}] in line {self.contents.line(key)} of {CONTENTS}"

    def _titled(self, title: str) -> str:
        return plain(title, "its title", self._cite)

    def _networks(self, own: Sequence[str]) -> Sequence[str]:
        if not (own or self.contents.networks):
            raise DataError('no networks are named: give it, or the report, networks = ["…"].')
        return own or self.contents.networks

    def _material(self, networks: Sequence[str]) -> Material:
        return material_from(networks, self._measurements, self._analyse)

    @functools.cached_property
    def _measurements(self) -> list[Measurement]:
        """What was measured, by the names of the files."""
        return [
            each
            for pattern in self.contents.results
            for path in self._files(pattern)
            for each in read_measurements(path)
        ]

    def _files(self, pattern: str) -> list[Path]:
        try:
            found = sorted(self.folder.glob(pattern))
        except (OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"{quoted(pattern)} in results is no pattern from the folder: {error}.") from error
        if not found:
            raise DataError(f"no file fits {quoted(pattern)} in results.")
        return found

    def _mark(self, reference: str) -> Mark:
        """The printed figure of a claim, to be drawn beside the count."""
        finding = self._claims.named(self.folder, reference)
        claim = finding.claim
        if claim is None or claim.origin != "counted" or claim.minus or claim.per or claim.quantity not in _MARKED:
            raise DataError(
                f"claim {quoted(reference)} cannot be drawn: it states no {', '.join(_MARKED)} of a network."
            )
        value = float(statement(claim.stated, unit_of(claim.quantity)).printed.value)
        label = say(_VERDICTS.get(finding.verdict, _PRINTED), stated=claim.stated)
        return Mark(claim.architecture, claim.quantity, value, label)

    def _errata(self) -> Sequence[Block]:
        if not self.contents.errata:
            raise DataError(f'{CONTENTS} names no errata: give it errata = ["../…/claims.toml"].')
        files = [path_from(self.folder, place) for place in self.contents.errata]
        return [errata_of(self._claims.of(file), self._claims.analyse(file)) for file in files]

    def _claims_sheet(self, name: str) -> Sheet:
        return _claims_sheet(name, list(self._own().findings.values()))


_Entry = TypeVar("_Entry")


def _entry(kind: str, name: str, entries: Mapping[str, _Entry]) -> _Entry:
    if name not in entries:
        raise UnknownNameError.of(kind, name, entries, f"Each is a [{kind}.…] of {CONTENTS}.")
    return entries[name]


def _refuse(entry: FigureEntry, options: Sequence[str], what: str) -> None:
    """Refuse options of a figure that it does not take."""
    for option in options:
        if getattr(entry, option) not in (None, "", (), False):
            raise DataError(f"{what} takes no {option}: leave it out.")


_HOW = message(
    "An underlined number is a claim: point at it, or tap it, to see what it was compared with and how that came out."
)
_PRINTED = message("printed {stated}")
_VERDICTS = {
    "slip": message("printed {stated}, a slip"),
    "does not hold": message("printed {stated}, does not hold"),
    "truncated": message("printed {stated}, cut off"),
}
_MARKED = ("parameters", "macs", "flops", "activations", "activation_bytes", "peak_activation_bytes")
"""The quantities that charts compare networks by."""


# -- tables ------------------------------------------------------------------------------------------------------------


def _claims_sheet(name: str, findings: Sequence[Finding]) -> Sheet:
    table = msgspec.structs.replace(claims_page_table(findings, findings), title="")
    folded = say("Show the {count} claims, and what each was compared with", count=len(table.rows))
    return Sheet(name, table, folded=folded)


def _compared(material: Material) -> list[Sheet]:
    return [Sheet(say("networks"), compare_table([subject.network.cost for subject in material.subjects]))]


def _by_layer(material: Material) -> list[Sheet]:
    return [msgspec.structs.replace(layers_sheet(subject), sums=()) for subject in material.subjects]


def _explained(material: Material) -> list[Sheet]:
    return list(map(layers_sheet, material.subjects))


def _measured(material: Material) -> list[Sheet]:
    return list(map(measured_sheet, material.subjects))


_SHEETS: dict[Of, Callable[[Material], list[Sheet]]] = {
    "compare": _compared,
    "layers": _by_layer,
    "explained": _explained,
    "measured": _measured,
}


def _titled(sheet: Sheet, title: str) -> Sheet:
    """A sheet under another title; its own stands below that."""
    own = sheet.table.title
    table = msgspec.structs.replace(sheet.table, title="\n".join(filter(None, (title, own))))
    return msgspec.structs.replace(sheet, name=title, table=table)
