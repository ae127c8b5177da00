"""Claims: a row for each, with what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.claims import Finding, summary
from archstat.tables.columns import Column, Table, path

_COLUMNS = (
    Column("file", "File", is_heading=True),
    path("id", "Claim"),
    Column("stated", "Stated"),
    Column("computed", "Counted", least=30),
    Column("verdict", "Verdict", least=13),
    Column("is_as_expected", "", lambda is_as_expected: "" if is_as_expected else "✗", least=1),
    Column("message", "Because", least=20, gives_way=1),
)
_FURTHER = (
    Column("expected", "Expected"),
    Column("text", "Text"),
    Column("source", "Source"),
    Column("line", "Line"),
)


def claims_table(shown: Sequence[Finding], every: Sequence[Finding], *, is_full: bool = False) -> Table:
    """One row for each claim.

    Args:
        shown: The findings with a row.
        every: Those that the sums under the table are of.
        is_full: With the text, its source, the line and the verdict that the file expects.
    """
    columns = (*_COLUMNS, *_FURTHER) if is_full else _COLUMNS
    rows = tuple(tuple(getattr(finding, column.key) for column in columns) for finding in shown)
    return Table(columns, rows, "", (summary(every),))
