"""Limits to how much a network may grow, as budgets state them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from archstat.claims.growth import TOTALS, Allowance, allowances
from archstat.claims.operands import Operand
from archstat.errors import DataError


class GrowthLimit(msgspec.Struct, frozen=True):
    """By how much one total of a network may grow.

    Attributes:
        id: The name of the limit.
        operand: The network, its input, and which of its parts and totals it is.
        baseline: The file that says what the network did cost.
        allowance: By how much it may grow.
        source: Where the limit comes from.
        line: The line of the file.
    """

    id: str
    operand: Operand
    baseline: str
    allowance: Allowance
    source: str = ""
    line: int = 0

    @property
    def stated(self) -> str:
        """The limit in words."""
        return f"growth <= {self.allowance.text}"


def growth_limits(entry: Mapping[str, Any], own: Mapping[str, Any], name: str, line: int) -> Iterator[GrowthLimit]:
    """One limit for each total that a budget lets grow.

    Args:
        entry: The budget as it stands in the file.
        own: What of it says which network it is, and how it is counted.
        name: The name of the budget.
        line: The line of the file.

    Raises:
        DataError: A budget has a growth without a baseline or the reverse, or one that is none.
        ValueError: The network, or its input, does not hold together.
    """
    given, baseline = entry.get("growth"), entry.get("baseline")
    if given is None and baseline is None:
        return
    if given is None or not isinstance(baseline, str) or not baseline:
        raise DataError("'growth' and 'baseline', a saved cost or a lock, go together.")
    if not isinstance(given, str | dict) or not given:
        raise DataError("'growth' is a text for all totals, as '3 %', or a table of totals.")
    allowed = allowances(msgspec.convert(given, str | dict[str, str | int]))
    is_part = bool(own.get("layer"))
    totals = [total for total in TOTALS if not (is_part and total == "peak_activation_bytes")]
    for total in totals if isinstance(given, str) else allowed:
        operand = msgspec.convert({**own, "quantity": total}, Operand)
        operand.check()
        told = allowed.get(total) or allowed[""]
        yield GrowthLimit(f"{name}: growth of {total}", operand, baseline, told, str(entry.get("source", "")), line)
