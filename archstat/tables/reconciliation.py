"""One network by every convention: what makes the difference from our number, a row for each reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archstat import units
from archstat.analysis.network import Network
from archstat.counting.conventions import CONVENTIONS, TOOLS
from archstat.counting.conventions.convention import Convention
from archstat.language import recorded, retold, say
from archstat.records import ModelCost, Opinion, Tally, Term
from archstat.tables.columns import Column, Row, Show, Table, number, path
from archstat.tables.network import title_of

Opinions = Mapping[str, Opinion]


def reconcile_table(
    network: Network, *, twin: Network | None = None, opinions: Opinions | None = None, is_full: bool = False
) -> Table:
    """One row for each reason why a convention's number is not ours.

    Args:
        network: The network.
        twin: One that goes by the same name elsewhere; its numbers stand beside.
        opinions: What the tools said when they were run, by convention.
        is_full: Each row says of which convention it is and what our number is, and what a tool said is in columns of
            its own; a convention that follows another one has its terms too.
    """
    said = () if opinions is None else _SAID_IN_FULL if is_full else _SAID
    beside = () if twin is None else (number("twin", twin.cost.architecture, _or_nothing(units.compact)),)
    columns = (*(_NUMBERS_IN_FULL if is_full else _NUMBERS), *said, *beside, *_REASONS)
    rows: list[Row] = []
    for name in CONVENTIONS:
        cells = _cells(name, network, twin, opinions or {}, columns)
        rows += cells if is_full else [cells[0], *(_continued(columns, row) for row in cells[1:])]
    legend = () if opinions is None or is_full else (say("= the tool says the same, ≠ it says another number."),)
    return Table(columns, tuple(rows), title_of(network.cost), tuple(_notes(network.cost, opinions)), legend)


def _or_nothing(show: Show) -> Show:
    """A cell that has nothing to say stays empty."""
    return lambda value: "" if value == "" else show(value)


def _said(opinion: Opinion) -> str:
    """A number in full, or why there is none."""
    return opinion.failure if opinion.number is None else units.exact(opinion.number)


_NUMBERS = (path("convention", "Convention"), number("number", "Number", _or_nothing(units.compact)))
_NUMBERS_IN_FULL = (*_NUMBERS, number("ours", "Ours"))
_REASONS = (
    Column("unit", "Unit", least=5),
    number("difference", "Difference", _or_nothing(units.signed)),
    Column("term", "because of", retold, least=24, is_sentence=True, continues=True),
    Column("source", "Whose", retold, gives_way=1),
)
_SAID = (Column("said", "Tool says", _or_nothing(_said), least=16), Column("is_equal", "", least=1, continues=True))
_SAID_IN_FULL = (
    number("said", "Tool says"),
    Column("is_equal", "Equal"),
    Column("failure", "Failure"),
    Column("version", "Version"),
)
_OF_CONVENTIONS = ("convention", "number", "twin", "unit", "source", "said", "is_equal")


def _cells(
    name: str, network: Network, twin: Network | None, opinions: Opinions, columns: Sequence[Column]
) -> list[Row]:
    """The rows of one convention; one at least."""
    tally, about = network.tally(name), CONVENTIONS[name]
    opinion = opinions.get(name)
    is_full = "ours" in [column.key for column in columns]
    shared: dict[str, Any] = {
        "convention": name,
        "number": tally.number,
        "ours": tally.ours,
        "unit": about.unit,
        "source": about.source,
        "twin": twin.tally(name).number if twin is not None else None,
        **_outcome(tally, opinion, is_full="failure" in [column.key for column in columns]),
    }
    terms = [{"difference": term.amount, "term": term.name} for term in _shown(tally, about, is_full=is_full)]
    rows = [{**shared, **term} for term in terms or [{"difference": None, "term": _nothing(tally)}]]
    return [tuple(row[column.key] for column in columns) for row in rows]


def _shown(tally: Tally, about: Convention, *, is_full: bool) -> Sequence[Term]:
    """The terms; of a convention that follows another one, whose terms stand in its own rows, their sum."""
    if not about.after or is_full or not tally.terms:
        return tally.terms
    total = sum(term.amount for term in tally.terms)
    return (Term(recorded("as {convention} counts", convention=about.after), total),)


def _nothing(tally: Tally) -> str:
    """What there is to say where no term is."""
    return recorded("cannot be told: {why}", why=tally.refusal) if tally.refusal else recorded("as we count")


def _outcome(tally: Tally, opinion: Opinion | None, *, is_full: bool) -> dict[str, Any]:
    """What the tool said, and whether that is the number told here."""
    is_known = opinion is not None and opinion.number is not None and tally.number is not None
    is_equal = opinion.number == tally.number if opinion is not None and is_known else None
    if not is_full:
        sign = {None: "", True: "=", False: "≠"}[is_equal]
        return {"said": "" if opinion is None else opinion, "is_equal": sign}
    opinion = opinion or Opinion()
    return {
        "said": opinion.number,
        "is_equal": is_equal,
        "failure": opinion.failure or None,
        "version": opinion.version or None,
    }


def _continued(columns: Sequence[Column], row: Row) -> Row:
    """A further row of a convention, without what the first one said."""
    return tuple("" if column.key in _OF_CONVENTIONS else cell for column, cell in zip(columns, row, strict=True))


def _notes(cost: ModelCost, opinions: Opinions | None) -> Iterator[str]:
    """What cannot be seen from the rows."""
    if cost.note:
        yield say("Note: {note}", note=cost.note)
    if any(row.kind in ("add", "mul") for row in cost.layers):
        yield say(
            "ptflops and calflops count torch.add(a, b) and torch.mul(a, b), but not a + b and a * b. A trace does not "
            "tell them apart; operators are assumed."
        )
    if opinions is not None:
        versions = (f"{name} {opinions[name].version or say('(not installed)')}" for name in TOOLS)
        yield say("Run on a CPU: {tools}.", tools=", ".join(versions))
