"""Claims: a row for each, with what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.claims import Finding, summary
from archstat.tables.columns import Column, Table, path

_CROSS = "✗"
_COLUMNS = (
    Column("file", "File", is_heading=True),
    path("id", "Claim"),
    Column("stated", "Stated"),
    Column("computed", "Computed", least=30),
    Column("verdict", "Verdict", least=13),
    Column("is_as_expected", "", lambda is_as_expected: "" if is_as_expected else _CROSS, least=1, continues=True),
)
_FURTHER = (
    Column("message", "Because", is_sentence=True),
    Column("expected", "Expected"),
    Column("text", "Text", is_sentence=True),
    Column("source", "Source", is_sentence=True),
    Column("line", "Line"),
    Column("basis", "Basis"),
)


def claims_table(shown: Sequence[Finding], every: Sequence[Finding], *, is_full: bool = False) -> Table:
    """One row for each claim; under it why some do not hold or cannot be decided.

    Args:
        shown: The findings with a row.
        every: The findings that the sums under the table are of.
        is_full: The reasons stand in the rows, with the text, its source, the line and the expected verdict.
    """
    columns = (*_COLUMNS, *_FURTHER) if is_full else _COLUMNS
    rows = tuple(tuple(getattr(finding, column.key) for column in columns) for finding in shown)
    reasons = [] if is_full else [f"{each.id}: {each.verdict}; {each.message}." for each in shown if each.message]
    legend = () if all(each.is_as_expected for each in shown) else (f"{_CROSS} not the verdict that was expected.",)
    return Table(columns, rows, "", (*reasons, summary(every)), legend)
