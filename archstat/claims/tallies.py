"""What a claim can name of other claims files: one function is one number of their claims or of their quotations.

A *claim* checks one number; a sentence can make several, and how many depends on who writes them down. A *quotation* is
a text as it stands in a file, once, with all claims that are made of it: of quotations shares are told.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from archstat.errors import DataError, UnknownNameError
from archstat.published.figures import is_glob


class Judged(Protocol):
    """A claim with its verdict; :class:`archstat.claims.checks.Finding` is one."""

    @property
    def file(self) -> str:
        """The file that it stands in."""
        ...

    @property
    def id(self) -> str:
        """The name of the claim."""
        ...

    @property
    def text(self) -> str:
        """What the text says."""
        ...

    @property
    def verdict(self) -> str:
        """How the two relate."""
        ...


ClaimsTally = Callable[[Sequence[Judged]], int]
TallyT = TypeVar("TallyT", bound=ClaimsTally)

TALLIES: dict[str, ClaimsTally] = {}

HOLDING = ("exact", "rounds", "holds")
FAILING = ("slip", "does not hold")


def _enter(tally: TallyT) -> TallyT:
    TALLIES[tally.__name__] = tally
    return tally


def tallied(judged: Sequence[Judged], quantity: str, ids: str = "") -> int:
    """How many there are.

    Args:
        judged: The claims of the files.
        quantity: A key of :data:`TALLIES`.
        ids: What the ids of those that count look like, ``"*-gflops"``; ``""``: all count.

    Raises:
        UnknownNameError: There is no such quantity, or no claim of that name.
        DataError: No id looks like that.
    """
    if quantity not in TALLIES:
        raise UnknownNameError.of("quantity of claims", quantity, TALLIES, f"They are {', '.join(TALLIES)}.")
    chosen = [each for each in judged if not ids or fnmatch.fnmatchcase(each.id, ids)]
    if ids and not chosen:
        if is_glob(ids):
            raise DataError(f"No claim of these files has an id like {ids!r}.")
        raise UnknownNameError.of("claim", ids, [each.id for each in judged], "'*' and '?' stand for parts of an id.")
    return TALLIES[quantity](chosen)


def _number(judged: Iterable[Judged], *verdicts: str) -> int:
    return sum(each.verdict in verdicts for each in judged)


# -- claims ------------------------------------------------------------------------------------------------------------


@_enter
def claims(judged: Sequence[Judged]) -> int:
    """The claims that a count or a sum can decide."""
    return len(judged) - claims_undecided(judged)


@_enter
def claims_that_hold(judged: Sequence[Judged]) -> int:
    """The number of claims that are exact, round or hold."""
    return _number(judged, *HOLDING)


@_enter
def claims_that_fail(judged: Sequence[Judged]) -> int:
    """The number of claims that do not hold, explained or not."""
    return _number(judged, *FAILING)


@_enter
def claims_explained(judged: Sequence[Judged]) -> int:
    """The number of claims that do not hold, with a slip that gives what is printed."""
    return _number(judged, "slip")


@_enter
def claims_cut_off(judged: Sequence[Judged]) -> int:
    """The number of claims whose printed digits are the count's, cut off."""
    return _number(judged, "truncated")


@_enter
def claims_undecided(judged: Sequence[Judged]) -> int:
    """The number of claims that no count can decide."""
    return _number(judged, "undecided")


# -- quotations --------------------------------------------------------------------------------------------------------


def _quoted(judged: Iterable[Judged]) -> list[set[str]]:
    """The verdicts on each quotation: of its claims that can be decided, where it has any."""
    verdicts: dict[tuple[str, str], set[str]] = {}
    for each in judged:
        if each.verdict != "undecided":
            verdicts.setdefault((each.file, each.text or each.id), set()).add(each.verdict)
    return list(verdicts.values())


@_enter
def quotations(judged: Sequence[Judged]) -> int:
    """The different texts of claims that can be decided, each once in a file."""
    return len(_quoted(judged))


@_enter
def quotations_that_hold(judged: Sequence[Judged]) -> int:
    """The number of quotations of which every claim that can be decided holds."""
    return sum(verdicts <= set(HOLDING) for verdicts in _quoted(judged))


@_enter
def quotations_that_fail(judged: Sequence[Judged]) -> int:
    """The number of quotations of which one claim or more does not hold."""
    return sum(not verdicts.isdisjoint(FAILING) for verdicts in _quoted(judged))


@_enter
def quotations_cut_off(judged: Sequence[Judged]) -> int:
    """The number of quotations of which no claim fails and one or more is cut off."""
    return quotations(judged) - quotations_that_hold(judged) - quotations_that_fail(judged)
