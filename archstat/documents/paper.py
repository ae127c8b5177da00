"""The table of a paper with notes on how its numbers came about, and the paragraph for its section on methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archstat.documents.evidence import Evidence
from archstat.documents.methods import (
    convention_told,
    counted_by_told,
    counted_inputs,
    defined,
    lower_bounds,
    measured_briefly,
    methods,
)
from archstat.documents.paper_columns import PaperColumn, convention_column, measurement_of
from archstat.language import language, retold, say
from archstat.published.names import display_name, display_names
from archstat.tables import Table
from archstat.tables.columns import path
from archstat.tables.latex.characters import PACKAGES
from archstat.tables.latex.fitting import breakable
from archstat.tables.measurements import energies_told

MADE_BY = "% Made by archstat"
"""How each file begins: what begins otherwise is somebody else's."""


def table_of_paper(found: Sequence[Evidence], columns: Sequence[PaperColumn]) -> Table:
    """A row for each network, with notes on convention, input, device, programs, sources and what is missing.

    Args:
        found: What is known of the networks.
        columns: What to print of them.
    """
    shown = with_convention(found, columns)
    names = display_names([each.name for each in found])
    rows = tuple((names[each.name], *(one.value(each) for one in shown)) for each in found)
    heads = (path("architecture", "Architecture"), *(each.column for each in shown))
    return Table(heads, rows, "", tuple(_notes(found, shown)), is_chosen=True)


def with_convention(found: Sequence[Evidence], columns: Sequence[PaperColumn]) -> list[PaperColumn]:
    """Columns, and at their end that of another convention if networks were counted by one."""
    more = convention_column(found)
    return [*columns, *([more] if more is not None else [])]


def _notes(found: Sequence[Evidence], columns: Sequence[PaperColumn]) -> Iterator[str]:
    """What stands under the table."""
    quantities = [each.quantity for each in columns if each.quantity is not None]
    yield from defined(quantities)
    if quantities or any(each.tally for each in found):
        yield " ".join([*counted_by_told(found), *counted_inputs(found)])
    yield from convention_told(found)
    yield from lower_bounds(found)
    if any(each.is_measured for each in columns):
        yield from measured_briefly([each for each in map(measurement_of, found) if each is not None])
    if any(each.unit in ("J", "W") for each in columns):
        yield from energies_told(each for each in map(measurement_of, found) if each is not None)
    if any(each.unit == "%" for each in columns):
        yield from rated_told(found)
    yield from missing_told(found, columns)


def rated_told(found: Sequence[Evidence]) -> Iterator[str]:
    """Who says how accurate networks are, and of which trained weights that is."""
    if any(each.rating is not None and not each.rating.source for each in found):
        yield from dict.fromkeys(retold(each.rated_by) for each in found if each.rated_by)
    for each in found:
        rating = each.rating
        if rating is not None and rating.source:
            yield say("Accuracy of {network}: {source}.", network=display_name(each.name), source=rating.source)
        if rating is not None and rating.weights:
            yield say("{network}: weights {weights}.", network=display_name(each.name), weights=rating.weights)


def missing_told(found: Sequence[Evidence], columns: Sequence[PaperColumn]) -> Iterator[str]:
    """Why there is a dash: for each reason, the columns and the networks without a value."""
    about: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for column in columns:
        without: dict[str, list[str]] = {}
        for each in found:
            if column.value(each) is None:
                without.setdefault(column.why(each), []).append(display_name(each.name))
        for why, names in without.items():
            about.setdefault((why, tuple(names)), []).append(column.column.header)
    for (why, networks), headers in about.items():
        told = {"columns": ", ".join(headers), "networks": ", ".join(networks)}
        yield say("No {columns} of {networks}: {why}.", **told, why=why.rstrip("."))


def methods_file(found: Sequence[Evidence], columns: Sequence[PaperColumn]) -> str:
    """The paragraphs on methods, as LaTeX.

    Args:
        found: What is known of the networks.
        columns: What the paper prints of them.
    """
    quantities = [each.quantity for each in columns if each.quantity is not None]
    packages = [package for spoken, package in PACKAGES.items() if spoken == language()]
    needed = [f"% {say('Needs in the preamble: {packages}', packages=each)}" for each in packages]
    paragraphs = methods(found, quantities)
    return "\n".join([*needed, "\n\n".join(breakable(each, _WORD_EM) for each in paragraphs)]) + "\n"


_WORD_EM = 14.0
"""A word that is wider may be broken."""
