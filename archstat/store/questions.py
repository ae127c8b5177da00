"""What is asked of many results: limits as a user writes them, ``macs<1G``, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from archstat import units
from archstat.errors import DataError, InputError, UnknownNameError, quoted
from archstat.quantities import unit_of

Relation = Literal["<", "<=", ">", ">=", "=", "!="]

_LIMIT = re.compile(r"\s*(\w+)\s*(<=|>=|!=|==|≤|≥|<|>|=)\s*(.*?)\s*", re.DOTALL)
_BOUND = re.compile(r"\s*(<=|>=|!=|==|≤|≥|<|>|=)?\s*(.*?)\s*", re.DOTALL)
_RELATIONS: Mapping[str, Relation] = {
    "<": "<",
    "<=": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "≥": ">=",
    "=": "=",
    "==": "=",
    "!=": "!=",
}


class Limit(msgspec.Struct, frozen=True):
    """What a quantity must be.

    Attributes:
        quantity: A column of what is asked.
        relation: Whether the quantity must be smaller than the bound, larger, or equal.
        bound: A number in base units, or a text.
    """

    quantity: str
    relation: Relation
    bound: int | float | str

    def holds(self, value: Any) -> bool:
        """Whether a value is so; one that is not known is not."""
        if value is None:
            return False
        tests = {
            "<": lambda: value < self.bound,
            "<=": lambda: value <= self.bound,
            ">": lambda: value > self.bound,
            ">=": lambda: value >= self.bound,
            "=": lambda: value == self.bound,
            "!=": lambda: value != self.bound,
        }
        return bool(tests[self.relation]())


class Wanted(msgspec.Struct, frozen=True):
    """Which rows are wanted, and in which order.

    Attributes:
        pattern: What the whole name of a network looks like, with ``*`` and ``?``; without them a part of it; ``""``:
            any.
        limits: What must hold of each.
        has_failed: Only networks that failed, or only others; ``None``: both.
        sort: The column to sort by, numbers from the largest; ``None``: as they were stored.
        most: As many rows at the most; ``None``: all.
    """

    pattern: str = ""
    limits: tuple[Limit, ...] = ()
    has_failed: bool | None = None
    sort: str | None = None
    most: int | None = None


EVERYTHING = Wanted()


def parse_bound(text: str, columns: Mapping[str, type]) -> Limit:
    """A limit as a user writes it: ``macs<1G``, ``peak_activation_bytes <= 40MB``, ``dtype=float16``.

    Args:
        text: What the user wrote.
        columns: The quantities, with the type of each.

    Raises:
        UnknownNameError: There is no such quantity.
        InputError: The text is no limit.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise InputError(f"{quoted(text)} is no limit: write it as 'macs<1G' or 'dtype=float16'.")
    quantity, relation, bound = match.groups()
    if quantity not in columns:
        raise UnknownNameError.of("quantity", quantity, columns, f"The quantities are {', '.join(columns)}.")
    return bound_on(quantity, f"{relation}{bound}", columns[quantity])


def bound_on(quantity: str, bound: str, kind: type = int) -> Limit:
    """The limit on a quantity: ``"<1G"``, ``">= 70 %"``; a number alone is one that it must not exceed.

    >>> bound_on("macs", "<1G"), bound_on("parameters", "6M").relation
    (Limit(quantity='macs', relation='<', bound=1000000000), '<=')

    Raises:
        InputError: The text is no limit on that quantity.
    """
    relation, said = _BOUND.fullmatch(bound).groups()  # type: ignore[union-attr]  # any text is one
    known: Relation = _RELATIONS[relation or "<="]
    if kind is str:
        if known not in ("=", "!="):
            raise InputError(f"{quoted(quantity)} is a text: write '{quantity}=…' or '{quantity}!=…'.")
        return Limit(quantity, known, said)
    if kind is bool:
        if said.lower() not in _TRUTHS or known not in ("=", "!="):
            raise InputError(f"{quoted(quantity)} is yes or no: write '{quantity}=yes'.")
        return Limit(quantity, known, _TRUTHS[said.lower()])
    return Limit(quantity, known, _number(quantity, said))


_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _number(quantity: str, said: str) -> int | float:
    unit = unit_of(quantity)
    try:
        if unit == "B":
            value = units.parse_size(said).value
        elif unit in ("", "MAC", "FLOP"):
            value = units.parse(said).value
        else:
            value = units.parse_amount(said, unit).value
    except DataError as error:
        raise InputError(f"A limit on {quantity} cannot be read: {error}") from error
    return int(value) if value == value.to_integral_value(rounding="ROUND_FLOOR") else float(Decimal(value))
