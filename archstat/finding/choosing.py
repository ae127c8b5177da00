"""From many candidates to few: within limits, near another one, or on the front."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from archstat.errors import DataError, InputError, UnknownNameError, quoted
from archstat.finding.candidates import ACCURACIES, COST_QUANTITIES, Candidate
from archstat.store.questions import Limit

CHOOSABLE: tuple[str, ...] = (*COST_QUANTITIES, *ACCURACIES)


def within_limits(candidates: Iterable[Candidate], limits: Sequence[Limit]) -> list[Candidate]:
    """The candidates of which every limit holds; one whose quantity is not known is none of them."""
    return [each for each in candidates if all(limit.holds(getattr(each, limit.quantity)) for limit in limits)]


def ordered(candidates: Iterable[Candidate], quantity: str) -> list[Candidate]:
    """Candidates from the best on: the most accurate, or the cheapest; those that are not known come last.

    Raises:
        UnknownNameError: There is no such quantity.
    """
    check_quantity(quantity)
    sign = -1 if quantity in ACCURACIES else 1

    def place(each: Candidate) -> float:
        value = getattr(each, quantity)
        return math.inf if value is None else sign * value

    return sorted(candidates, key=place)


def near(candidates: Iterable[Candidate], to: Candidate, quantity: str) -> list[Candidate]:
    """Candidates by how far their quantity is from that of another one, as a ratio.

    Raises:
        UnknownNameError: There is no such quantity.
        DataError: The quantity of the other network is not known.
    """
    check_quantity(quantity)
    wanted = getattr(to, quantity)
    if not wanted:
        raise DataError(f"The {quantity} of {quoted(to.network)} is not known, so that nothing is near it.")

    def distance(each: Candidate) -> float:
        value = getattr(each, quantity)
        return abs(math.log(value / wanted)) if value else math.inf

    return sorted((each for each in candidates if each.network != to.network), key=distance)


def pareto_front(candidates: Iterable[Candidate], x: str, y: str) -> list[Candidate]:
    """The candidates that no other one beats: none has a better ``y`` at no more ``x``. By ``x``, the best first.

    Of several with the same ``x`` and ``y`` all are on it.

    Args:
        candidates: The networks to choose from; one without either quantity is not on the front.
        x: A cost, or an accuracy.
        y: Another quantity.

    Raises:
        UnknownNameError: There is no such quantity.
        InputError: Both are the same.
    """
    check_quantity(x)
    check_quantity(y)
    if x == y:
        raise InputError(f"A front needs two quantities: both are {quoted(x)}.")
    known = [each for each in candidates if getattr(each, x) is not None and getattr(each, y) is not None]
    at_x, at_y = ({id(each): _badness(each, name) for each in known} for name in (x, y))
    found: list[Candidate] = []
    best = math.inf
    for each in sorted(known, key=lambda each: (at_x[id(each)], at_y[id(each)])):
        is_like_the_last = bool(found) and (at_x[id(each)], at_y[id(each)]) == (at_x[id(found[-1])], best)
        if at_y[id(each)] < best or is_like_the_last:
            found.append(each)
            best = at_y[id(each)]
    return found


def _badness(each: Candidate, quantity: str) -> float:
    value: float = getattr(each, quantity)
    return -value if quantity in ACCURACIES else value


def check_quantity(quantity: str) -> None:
    """Refuse what no candidate has.

    Raises:
        UnknownNameError: There is no such quantity.
    """
    if quantity not in CHOOSABLE:
        raise UnknownNameError.of("quantity", quantity, CHOOSABLE, f"The quantities are {', '.join(CHOOSABLE)}.")
