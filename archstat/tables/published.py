"""What was published of one network, beside what is counted: every figure and every error, with its source."""

from __future__ import annotations

from collections.abc import Iterator

from archstat import units
from archstat.language import message, say
from archstat.published.figures import Figure, Published, Variant
from archstat.records import ModelCost
from archstat.tables.columns import Column, Row, Table
from archstat.tables.network import figure_told, verdict_told
from archstat.tables.quantities import MACS, PARAMETERS

_COLUMNS = (
    Column("quantity", "Quantity"),
    Column("printed", "Published"),
    Column("counted", "Counted"),
    Column("verdict", "Verdict", is_sentence=True),
    Column("source", "Source", is_sentence=True),
)


def published_table(cost: ModelCost, about: Published | Variant) -> Table:
    """A row for each figure and each error that was published of a network.

    Args:
        cost: What is counted of the network.
        about: What was published of exactly that network.
    """
    return Table(_COLUMNS, (*_figures(cost, about), *_errors(about)))


def _figures(cost: ModelCost, about: Published | Variant) -> Iterator[Row]:
    for quantity in (PARAMETERS, MACS):
        figure: Figure | None = getattr(about, quantity.key)
        if figure is not None:
            counted = quantity.show(getattr(cost, quantity.key))
            yield figure_told(figure, quantity.label), figure.printed, counted, verdict_told(figure), figure.source


def _errors(about: Published | Variant) -> Iterator[Row]:
    """Errors are measured by others: there is no count to hold them against."""
    for error in about.errors:
        for label, value in ((message("Top-1 error"), error.top1), (message("Top-5 error"), error.top5)):
            if value is not None:
                yield f"{say(label)}, {error.protocol}", f"{units.percent(value)} %", None, None, error.source
