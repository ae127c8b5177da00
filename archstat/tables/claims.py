"""Claims: a row for each, with what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.claims import Finding, summary
from archstat.language import message, retold, say
from archstat.tables.columns import Column, Table, Tone, path

_CROSS = "✗"
_TONES: dict[str, Tone] = {
    **dict.fromkeys(("exact", "rounds", "holds"), "right"),
    **dict.fromkeys(("truncated", "undecided"), "doubtful"),
    **dict.fromkeys(("slip", "does not hold", "error"), "wrong"),
}
_COLUMNS = (
    Column("file", "File", is_heading=True),
    path("id", "Claim"),
    Column("stated", "Stated", retold),
    Column("computed", "Computed", least=30),
    Column("verdict", "Verdict", say, least=13, tones=_TONES),
    Column(
        "is_as_expected",
        "",
        lambda is_as_expected: "" if is_as_expected else _CROSS,
        least=1,
        tones={False: "wrong"},
        continues=True,
    ),
)
_ORIGINS = {
    "counted": message("counted: {basis}"),
    "measured": message("measured: {basis}"),
    "published": message("published: {basis}"),
    "tallied": message("tallied: {basis}"),
    "sum": message("sum: {basis}"),
}
_CONDITIONS = {
    "at ": message("at {value}"),
    "batch ": message("batch {value}"),
    "sequences of ": message("sequences of {value}"),
    "in ": message("in {value}"),
    "ids ": message("ids {value}"),
}


def _basis_shown(basis: str) -> str:
    """What a claim was compared with: where its value comes from, the network and quantity, and what it is under."""
    origin, _, told = basis.partition(": ")
    if origin not in _ORIGINS:
        return basis
    parts = ", ".join(map(_condition_shown, told.split(", ")))
    return say(_ORIGINS[origin], basis=parts)


def _condition_shown(part: str) -> str:
    start = next((each for each in _CONDITIONS if part.startswith(each)), "")
    return say(_CONDITIONS[start], value=part.removeprefix(start)) if start else part


_FURTHER = (
    Column("message", "Because", retold, is_sentence=True),
    Column("expected", "Expected", say),
    Column("text", "Text", is_sentence=True),
    Column("source", "Source", is_sentence=True),
    Column("line", "Line"),
    Column("basis", "Basis", _basis_shown),
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
    reasons = [] if is_full else [_reason(each) for each in shown if each.message]
    legend = () if all(each.is_as_expected for each in shown) else (say("✗ not the verdict that was expected."),)
    return Table(columns, rows, "", (*reasons, summary(every)), legend)


def _reason(finding: Finding) -> str:
    """Why a claim does not hold or cannot be decided, with the sentence that claims it and where that stands."""
    text = f" “{finding.text}”" if finding.text else ""
    source = f" ({finding.source})" if finding.source else ""
    told = say(
        "{claim}: {verdict}; {why}.", claim=finding.id, verdict=say(finding.verdict), why=retold(finding.message)
    )
    return f"{told}{text}{source}"


_OF_PAGE = ("id", "text", "source", "stated", "computed", "verdict", "is_as_expected", "message", "basis")


def claims_page_table(shown: Sequence[Finding], every: Sequence[Finding]) -> Table:
    """One row for each claim of a text as a page shows it: what the text says and where, before what it comes to.

    Args:
        shown: The findings with a row.
        every: The findings that the sums under the table are of.
    """
    known = {column.key: column for column in (*_COLUMNS, *_FURTHER)}
    has_surprise = any(not each.is_as_expected for each in shown)
    columns = tuple(known[key] for key in _OF_PAGE if has_surprise or key != "is_as_expected")
    rows = tuple(tuple(getattr(finding, column.key) for column in columns) for finding in shown)
    return Table(columns, rows, every[0].heading if every else "", (summary(every),))


def claims_page_tables(shown: Sequence[Finding], every: Sequence[Finding]) -> list[Table]:
    """A table for each text; of several, before them one with a row for each.

    Args:
        shown: The findings with a row.
        every: All findings, of which the sums are.
    """
    headings = list(dict.fromkeys(each.heading for each in every))
    texts = {
        heading: [[each for each in findings if each.heading == heading] for findings in (shown, every)]
        for heading in headings
    }
    tables = [claims_page_table(*text) for text in texts.values()]
    if len(tables) == 1:
        return tables
    columns = (Column("heading", "Text"), Column("summary", "Claims", is_sentence=True))
    rows = tuple((heading, summary(of_text)) for heading, (_, of_text) in texts.items())
    return [Table(columns, rows, say("Claims"), (summary(every),)), *tables]
