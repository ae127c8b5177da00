"""A formula against what is counted, on many configs: where it differs, by how much, and what that fits.

A difference is compared with what is counted of groups of layers: one that is a multiple of a group on every config has
its reason. Nothing is fitted approximately, and a sum of groups counts as a reason only where there are more configs
than groups in it.
"""

from __future__ import annotations

import itertools
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from archstat.errors import DataError
from archstat.records import LayerCost

Stated = int | float | Fraction


class Case(msgspec.Struct, frozen=True):
    """A config, and what it comes to.

    Attributes:
        config: The config as it was given.
        stated: What the formula says.
        counted: What is counted.
        groups: What is counted of groups of layers, by the name of the group.
    """

    config: Any
    stated: Stated
    counted: int
    groups: Mapping[str, int]

    @property
    def difference(self) -> Fraction:
        """By how much the formula says more than is counted."""
        return Fraction(self.stated) - self.counted


def total_of(said: object, config: object) -> Fraction:
    """What a formula says: a number, or the sum of the terms that it has by name.

    Raises:
        DataError: The formula says neither a number nor terms.
    """
    parts = list(said.values()) if isinstance(said, Mapping) else [said]
    if all(map(_is_finite, parts)):
        return sum(map(_exact, parts), Fraction(0))
    what = "it is to give a number, or numbers by the names of terms"
    message = f"The formula gives {said!r} for {config!r}: {what}."
    raise DataError(message)


def _is_finite(said: Any) -> bool:
    """Whether something is a number that a float can hold."""
    try:
        return isinstance(said, numbers.Real) and math.isfinite(said)
    except OverflowError:
        return False


def _exact(number: Any) -> Fraction:
    """A number as it is; numpy's whole numbers, which overflow, become Python's."""
    if isinstance(number, numbers.Rational):
        return Fraction(int(number.numerator), int(number.denominator))
    return Fraction(float(number))


# -- groups of layers --------------------------------------------------------------------------------------------------


def groups_of(layers: Sequence[LayerCost], counted: Sequence[int], elements: int) -> dict[str, int]:
    """What is counted of each group of layers that a formula may have a term for.

    Args:
        layers: The rows of the cost.
        counted: What is counted of each of them.
        elements: The elements of the input; a formula may multiply all parameters by them.
    """
    found: dict[str, int] = {}
    for row, number in zip(layers, counted, strict=True):
        names = list(_names(row))
        for name in names:
            found[name] = found.get(name, 0) + number
        for name in names:
            key = f"the parameters of {name} × the elements of the input"
            found[key] = found.get(key, 0) + row.parameters * elements
    return found


def _names(row: LayerCost) -> Iterator[str]:
    """The groups that a row belongs to: its kind, and its layer and those around it, whatever their numbers."""
    yield f"all {row.kind}"
    parts = re.sub(r"(?<![^.])\d+(?![^.])", "*", row.layer).split(".") if row.layer else []
    for end in range(len(parts), 0, -1):
        yield ".".join(parts[:end])


# -- what a difference fits --------------------------------------------------------------------------------------------

_LARGEST = 12
"""Multiples of a group beyond this, or parts smaller than one by it, are taken for chance."""

_GROUPS_MAX = 3
_COARSE_MAX = 24
"""How many groups are tried as parts of a sum."""


def reason(cases: Sequence[Case]) -> str:
    """What the differences are on every config, ``""`` if they fit nothing."""
    differences = [case.difference for case in cases]
    candidates = _candidates(cases)
    for count in range(1, _GROUPS_MAX + 1):
        if count > 1 and count >= len(cases):
            break
        names = list(candidates) if count == 1 else list(candidates)[:_COARSE_MAX]
        fitting = list(_fitting(differences, candidates, itertools.combinations(names, count)))
        if fitting:
            return min(fitting, key=_oddness)[1]
    return ""


def _candidates(cases: Sequence[Case]) -> dict[str, list[int]]:
    """The groups that all configs have, those with the same numbers once, kinds and outer layers first."""
    shared = [name for name in cases[0].groups if all(name in case.groups for case in cases)]
    shared.sort(key=lambda name: (name.startswith("the parameters"), name.count("."), not name.startswith("all ")))
    found: dict[tuple[int, ...], str] = {}
    for name in shared:
        counts = tuple(case.groups[name] for case in cases)
        if any(counts):
            found.setdefault(counts, name)
    return {name: list(counts) for counts, name in found.items()}


def _fitting(
    differences: Sequence[Fraction], candidates: Mapping[str, Sequence[int]], chosen: Iterable[tuple[str, ...]]
) -> Iterator[tuple[tuple[Fraction, ...], str]]:
    """The sums of groups that are the differences exactly."""
    for names in chosen:
        factors = _factors(differences, [candidates[name] for name in names])
        if factors and all(_is_plain(factor) for factor in factors):
            yield factors, " ".join(map(_said, factors, names))


def _factors(differences: Sequence[Fraction], groups: Sequence[Sequence[int]]) -> tuple[Fraction, ...]:
    """The factors with which groups add up to the differences, on every config; none: they do not, or in many ways."""
    rows = [[*map(Fraction, counts), difference] for *counts, difference in zip(*groups, differences, strict=True)]
    for place in range(len(groups)):
        pivot = next((row for row in rows[place:] if row[place]), None)
        if pivot is None:
            return ()
        rows.remove(pivot)
        pivot = [value / pivot[place] for value in pivot]
        rows = [[a - row[place] * b for a, b in zip(row, pivot, strict=True)] for row in rows]
        rows.insert(place, pivot)
    is_exact = all(not row[-1] for row in rows[len(groups) :])
    return tuple(row[-1] for row in rows[: len(groups)]) if is_exact else ()


def _is_plain(factor: Fraction) -> bool:
    return factor != 0 and abs(factor.numerator) <= _LARGEST and factor.denominator <= _LARGEST


def _oddness(fitting: tuple[tuple[Fraction, ...], str]) -> tuple[int, int, bool, int]:
    """How far a sum is from one of whole groups that are counted, and how long it is."""
    factors, said = fitting
    parts, times = sum(each.denominator for each in factors), sum(abs(each.numerator) for each in factors)
    return parts, times, "the parameters of" in said, len(said)


def _said(factor: Fraction, name: str) -> str:
    size = "" if abs(factor) == 1 else f"{abs(factor)} × "
    return f"{'−' if factor < 0 else '+'} {size}{name}"


# -- how a difference grows --------------------------------------------------------------------------------------------


def growths(cases: Sequence[Case]) -> Iterator[str]:
    """With which power of each number of the config the difference grows, where configs differ in that alone."""
    fields = [fields_of(case.config) for case in cases]
    for name in fields[0]:
        powers = set()
        for (one, first), (other, second) in itertools.combinations(zip(fields, cases, strict=True), 2):
            if one.keys() == other.keys() and {key for key in one if one[key] != other[key]} == {name}:
                powers.add(_power(one[name], other[name], first.difference, second.difference))
        if len(powers) == 1 and (power := powers.pop()) is not None:
            yield f"{name}^{power}" if power != 1 else name


def fields_of(config: Any) -> dict[str, Any]:
    """The names and values of a config: of a mapping, a named tuple, a data class or a plain object."""
    if isinstance(config, Mapping):
        return {str(name): value for name, value in config.items()}
    if hasattr(config, "_asdict"):
        return dict(config._asdict())
    return dict(getattr(config, "__dict__", {}))


def _power(one: Any, other: Any, first: Fraction, second: Fraction) -> int | None:
    """The whole power with which one number follows another."""
    if not all(isinstance(each, int | float) and each > 0 for each in (one, other)) or first * second <= 0:
        return None
    power = math.log(second / first) / math.log(other / one)
    near = round(power)
    return near if near > 0 and (Fraction(other) / Fraction(one)) ** near == second / first else None


# -- the terms of a formula --------------------------------------------------------------------------------------------


def terms_without_group(terms: Sequence[Mapping[str, Stated]], cases: Sequence[Case]) -> list[str]:
    """The terms of a formula that are no multiple of what is counted of any group, on every config."""
    found = []
    for name in dict.fromkeys(name for each in terms for name in each):
        stated = [_exact(each.get(name, 0)) for each in terms]
        candidates = _candidates(cases)
        singles = _fitting(stated, candidates, ((candidate,) for candidate in candidates))
        if any(stated) and not any(factors == (Fraction(1),) for factors, _ in singles):
            found.append(name)
    return found


# -- the message -------------------------------------------------------------------------------------------------------

_CASES_MAX = 8


def told_of_formula(
    cases: Sequence[Case], convention: str, unit: str, terms: Sequence[Mapping[str, Stated]] = ()
) -> str:
    """What is to be said of a formula, ``""`` where it says what is counted on every config."""
    wrong = [case for case in cases if case.difference]
    if not wrong:
        return ""
    lines = [f"The formula is not what {convention} counts ({unit}), on {len(wrong)} of {len(cases)} configs:"]
    lines += [f"  {_line(case)}" for case in wrong[:_CASES_MAX]]
    if len(wrong) > _CASES_MAX:
        lines.append(f"  and {len(wrong) - _CASES_MAX} more")
    lines.append(_why(cases, wrong))
    if terms and (odd := terms_without_group(terms, cases)):
        lines.append(f"Of its terms, {', '.join(odd)} is not what is counted of any group of layers.")
    return "\n".join(lines)


def _line(case: Case) -> str:
    share = f" ({float(case.difference / case.counted):+.2%})" if case.counted else ""
    return f"{case.config}: {_number(case.stated)}, counted {case.counted:,}: {_number(case.difference, '+')}{share}"


def _number(value: Stated, sign: str = "") -> str:
    exact = Fraction(value)
    return f"{int(exact):{sign},}" if exact.denominator == 1 else f"{float(exact):{sign},.2f}"


def _why(cases: Sequence[Case], wrong: Sequence[Case]) -> str:
    if fits := reason(cases):
        few = "" if len(cases) > 1 else "; with one config that may be chance"
        return f"On all configs the difference is {fits.removeprefix('+ ')}{few}."
    if grows := list(growths(wrong)):
        return f"The difference is no sum of layers; it grows with {', '.join(grows)}."
    return "The difference is no multiple of what is counted of any group of layers."
