"""Claims and budgets, as a TOML file states them.

Every entry is validated on its own, so an error names the file, the line and the claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from archstat.claims.growth_limits import GrowthLimit, growth_limits
from archstat.claims.operands import Operand
from archstat.claims.verdicts import Expected
from archstat.errors import ArchstatError, DataError, quoted
from archstat.expressions import is_number
from archstat.files.text import text_of, toml_of
from archstat.quantities import QUANTITIES


class Slip(Operand, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a wrong number came about: a sum, or what has to change in the claim to give it.

    Attributes:
        minus: What is subtracted from the quantity, if that was confused too.
        per: What the quantity is divided by, if that was confused too.
        why: What was confused, as what follows "appears when": ``"the 3×3 reads 128 channels instead of 64"``.
    """

    minus: Operand | None = None
    per: Operand | None = None
    why: str


class Claim(Operand, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a text says, and what it is to be checked against.

    Attributes:
        id: The name of the claim, once in a file.
        text: The text, verbatim.
        source: Where the text stands.
        stated: The number as printed (``"138M"``), a shape (``"28x28x6"``), or a bound (``">1000"``, ``"<=4.1G"``);
            with a final ``x`` a factor, with ``%`` a share; with its unit what has one (``"20.9 ms"``).
        minus: What is subtracted from the quantity.
        per: What the quantity, or the difference, is divided by.
        expect: The verdict that the claim is known to get; ``"holds"`` stands for exact, rounds and holds.
        slip: How the number came about, if it does not hold.
        why: What else there is to know where it does not hold, as a sentence without its full stop.
        line: The line of the file.
    """

    id: str
    text: str = ""
    source: str = ""
    stated: str
    minus: Operand | None = None
    per: Operand | None = None
    expect: Expected = "holds"
    slip: Slip | None = None
    why: str = ""
    line: int = 0

    def check(self) -> None:
        """Refuse what does not hold together.

        Raises:
            ValueError: A field contradicts another one, or one is missing.
        """
        super().check()
        slip = () if self.slip is None else (self.changed(self.slip), self.slip.minus, self.slip.per)
        for operand in (self.minus, self.per, *slip):
            if operand is not None:
                operand.check()
        self._check_slip()

    def _check_slip(self) -> None:
        """A slip explains how one printed number came about, so there is one, and something that gives it."""
        if self.slip is None:
            if self.expect == "slip":
                raise ValueError("it expects a slip and has none: say how the number came about")
        elif _BOUND.match(self.stated):
            raise ValueError(f"{self.stated!r} is a bound, which many numbers meet: no slip explains it, so say 'why'")
        elif is_number(self.slip.expression):
            raise ValueError("its slip is a number and no sum: write the sum that gives what is printed")

    @property
    def counts_claims(self) -> bool:
        """Whether the claim, or its slip, is about the claims of other files."""
        slip = () if self.slip is None else (self.slip, self.slip.minus, self.slip.per)
        return any(operand is not None and operand.claims for operand in (self, self.minus, self.per, *slip))

    @property
    def is_its_own_number(self) -> bool:
        """Whether nothing is worked out: one number, typed twice."""
        return self.origin == "sum" and self.minus is None and self.per is None and is_number(self.expression)

    @property
    def basis(self) -> str:
        """What the claim is compared with, in words: ``"vgg16.fc6, parameters, per vgg16, parameters"``."""
        less = f", less {self.minus.basis}" if self.minus is not None else ""
        over = f", per {self.per.basis}" if self.per is not None else ""
        return f"{super().basis}{less}{over}"

    def changed(self, slip: Slip) -> Operand:
        """What the slip makes of the claim: its sum, or the claim's operand with other settings."""
        if slip.expression:
            return Operand(expression=slip.expression)
        names = [field for field in Operand.__struct_fields__ if field != "expression"]
        default = Operand()
        own = {name: getattr(self, name) for name in names}
        other = {name: getattr(slip, name) for name in names if getattr(slip, name) != getattr(default, name)}
        return Operand(**{**own, **other}, expression="" if other else self.expression)


class Undecided(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a text says and no count can decide.

    Attributes:
        id: The name of the claim.
        text: The text, verbatim.
        source: Where the text stands.
        why: Why no count can decide the claim.
        line: The line of the file.
    """

    id: str
    text: str
    why: str
    source: str = ""
    line: int = 0


class ClaimsFile(msgspec.Struct, frozen=True):
    """One file of claims about one text.

    Attributes:
        path: The path of the file.
        title: The text that it is about.
        claims: What is to be checked; a budget is one claim for each of its limits.
        undecided: What no count can decide.
        growths: By how much networks may grow, as budgets say.
    """

    path: str
    title: str
    claims: tuple[Claim, ...]
    undecided: tuple[Undecided, ...]
    growths: tuple[GrowthLimit, ...] = ()


_BOUND = re.compile(r"\s*[<>≤≥]")
_KINDS = ("claim", "budget", "undecided")
_TOP = ("title", "link", "note", *_KINDS)


def read_claims(path: Path) -> ClaimsFile:
    """The claims of a file.

    Raises:
        DataError: The file cannot be read, or does not hold together; the message says in which line.
    """
    return claims_of(text_of(path), str(path))


def claims_of(text: str, path: str) -> ClaimsFile:
    """The claims of a text in TOML.

    Raises:
        DataError: The text does not hold together; the message says in which line.
    """
    content = toml_of(text, path)
    unknown = [key for key in content if key not in _TOP]
    if unknown:
        raise DataError(f"{path}: {quoted(unknown[0])} is none of {', '.join(_TOP)}.")
    title = content.get("title", "")
    if not isinstance(title, str):
        raise DataError(f"{path}: the title is no text.")
    lines = {kind: _lines(text, kind) for kind in _KINDS}
    budgets = list(_budgets(content, lines, path))
    claims = [*_entries(content, "claim", lines, path), *(each for each in budgets if isinstance(each, Claim))]
    growths = [each for each in budgets if isinstance(each, GrowthLimit)]
    undecided = _entries(content, "undecided", lines, path)
    _refuse_twice([*claims, *growths, *undecided], path)
    if not (claims or growths or undecided):
        raise DataError(f"{path} holds no claim: it needs at least one [[claim]], [[budget]] or [[undecided]].")
    return ClaimsFile(path, title, tuple(claims), tuple(undecided), tuple(growths))


def _lines(text: str, kind: str) -> list[int]:
    """The lines where the entries of a kind begin; TOML libraries do not tell."""
    heading = re.compile(rf"\s*\[\[\s*{kind}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), start=1) if heading.match(line)]


def _raw(content: dict[str, Any], kind: str, lines: dict[str, list[int]], path: str) -> Iterator[tuple[Any, int]]:
    entries = content.get(kind, [])
    if not isinstance(entries, list):
        raise DataError(f"{path}: write [[{kind}]] for each {kind}, in double brackets.")
    yield from zip(entries, [*lines[kind], *[0] * len(entries)], strict=False)


def _entries(content: dict[str, Any], kind: str, lines: dict[str, list[int]], path: str) -> list[Any]:
    """The claims, or what is undecided."""
    made: type[Claim | Undecided] = Claim if kind == "claim" else Undecided
    return [_made(entry, made, line, path) for entry, line in _raw(content, kind, lines, path)]


def _made(entry: Any, kind: type[Claim | Undecided], line: int, path: str) -> Claim | Undecided:
    name = entry.get("id", "without an id") if isinstance(entry, dict) else "that is no table"
    try:
        made = msgspec.convert({**entry, "line": line} if isinstance(entry, dict) else entry, kind)
        if isinstance(made, Claim):
            made.check()
    except (msgspec.ValidationError, ValueError) as error:
        raise DataError(f"{path}:{line}: claim {quoted(name)}: {error}.") from error
    return made


_OF_BUDGETS = {
    *("id", "architecture", "layer", "input", "resolution", "sequence", "batch_size", "dtype", "source"),
    *("growth", "baseline"),
}
_NOT_OF_CLAIMS = {"id", "growth", "baseline"}


def _budgets(content: dict[str, Any], lines: dict[str, list[int]], path: str) -> Iterator[Claim | GrowthLimit]:
    """One claim for each limit of each budget."""
    for number, (entry, line) in enumerate(_raw(content, "budget", lines, path), start=1):
        if not isinstance(entry, dict) or not entry.get("architecture"):
            raise DataError(f"{path}:{line}: a budget names its 'architecture'.")
        limits = {key: limit for key, limit in entry.items() if key not in _OF_BUDGETS}
        unknown = [key for key in limits if key not in QUANTITIES]
        if unknown or not (limits or "growth" in entry or "baseline" in entry):
            problem = f"{quoted(unknown[0])} is none of" if unknown else "it limits none of"
            raise DataError(f"{path}:{line}: budget: {problem} {', '.join(QUANTITIES)}.")
        own = {key: value for key, value in entry.items() if key in _OF_BUDGETS - _NOT_OF_CLAIMS}
        name = str(entry.get("id") or f"budget {number}")
        for quantity, limit in limits.items():
            stated = limit if isinstance(limit, str) else f"== {limit}"
            claim = {**own, "id": f"{name}: {quantity}", "quantity": quantity, "stated": stated}
            yield _made(claim, Claim, line, path)  # type: ignore[misc]  # it is a claim
        yield from _grown(entry, own, (name, line), path)


def _grown(entry: dict[str, Any], own: dict[str, Any], place: tuple[str, int], path: str) -> list[GrowthLimit]:
    """The limits of a budget to how much its network may grow."""
    name, line = place
    try:
        return list(growth_limits(entry, {key: own[key] for key in own if key != "source"}, name, line))
    except (msgspec.ValidationError, ValueError, ArchstatError) as error:
        raise DataError(f"{path}:{line}: budget {quoted(name)}: {str(error).rstrip('.')}.") from error


def _refuse_twice(entries: list[Any], path: str) -> None:
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.id in seen:
            raise DataError(f"{path}:{entry.line}: the id {quoted(entry.id)} is that of line {seen[entry.id]} already.")
        seen[entry.id] = entry.line
