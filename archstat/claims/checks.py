"""Claims → findings: what each comes to, and how that relates to what was stated."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import msgspec

from archstat import units
from archstat.claims.files import Claim, ClaimsFile, Expected, Operand, Undecided, Verdict, read
from archstat.errors import ArchstatError, DataError
from archstat.expressions import evaluate
from archstat.quantities import Network, part_of, value_of
from archstat.records import Shape
from archstat.settings import Setting


class Finding(msgspec.Struct, frozen=True):
    """One claim, checked.

    Attributes:
        file: The file that it stands in.
        line: The line where it begins.
        id: Its name.
        text: What the text says.
        source: Where it says so.
        stated: The number as printed.
        computed: What it comes to, as people read it.
        verdict: How the two relate.
        expected: The verdict that the file expects.
        message: What there is to say about it.
    """

    file: str
    line: int
    id: str
    text: str
    source: str
    stated: str
    computed: str
    verdict: Verdict
    expected: Expected | str
    message: str = ""

    @property
    def is_as_expected(self) -> bool:
        """Whether the verdict is the one that the file expects."""
        if self.expected == "holds":
            return self.verdict in ("exact", "rounds", "holds")
        return self.verdict in (self.expected, "undecided")


Analyse = Callable[[str, Setting], Network]
"""From the name of a network and an input to what is known of it."""

Number = int | Fraction
Result = Number | Shape


def check(file: ClaimsFile, analyse: Analyse) -> list[Finding]:
    """The findings of a file, in its order.

    Raises:
        DataError: A claim cannot be worked out; the message says which, and in which line.
    """
    findings = [_checked(file, claim, analyse) for claim in file.claims]
    findings += [_undecided(file, entry) for entry in file.undecided]
    return sorted(findings, key=lambda finding: finding.line)


def check_files(paths: Iterable[Path], analyse: Analyse) -> list[Finding]:
    """The findings of several files; a network that several claims name is analysed once.

    Raises:
        DataError: A file does not hold together, or a claim cannot be worked out.
    """
    files = [read(path) for path in paths]
    once = functools.cache(analyse)
    return [finding for file in files for finding in check(file, once)]


def _undecided(file: ClaimsFile, entry: Undecided) -> Finding:
    return Finding(
        file.path, entry.line, entry.id, entry.text, entry.source, "", "", "undecided", "undecided", entry.why
    )


def _checked(file: ClaimsFile, claim: Claim, analyse: Analyse) -> Finding:
    try:
        value = _value(claim, claim.per, analyse)
        verdict, message = _judged(claim, value, analyse)
    except ArchstatError as error:
        raise DataError(f"{file.path}:{claim.line}: claim {claim.id!r}: {error}") from error
    return Finding(
        file.path,
        claim.line,
        claim.id,
        claim.text,
        claim.source,
        claim.stated,
        shown(value, claim.stated, claim.quantity),
        verdict,
        claim.expect,
        message,
    )


def _value(operand: Operand, per: Operand | None, analyse: Analyse) -> Result:
    """What an operand comes to; an architecture comes before the text's own sum."""
    if operand.architecture:
        part = part_of(analyse(operand.architecture, operand.setting), operand.layer)
        value: Result = value_of(part, operand.quantity, operand.convention)
    else:
        value = evaluate(operand.expression)
    if per is None:
        return value
    divisor = _value(per, None, analyse)
    if isinstance(value, tuple) or isinstance(divisor, tuple) or not divisor:
        raise DataError("one of its two values is no number to divide, or to divide by.")
    return Fraction(value) / Fraction(divisor)


def _judged(claim: Claim, value: Result, analyse: Analyse) -> tuple[Verdict, str]:
    """The verdict, and what there is to say about it."""
    verdict = compare(claim.stated, value, claim.quantity)
    own = evaluate(claim.expression) if claim.expression and claim.architecture else None
    if own is not None and own != (math.prod(value) if isinstance(value, tuple) else value):
        said = f"the text's own sum comes to {shown(own, '', '')}, the network to {shown(value, '', claim.quantity)}"
        return "does not hold", said
    if verdict in ("exact", "rounds", "holds"):
        return verdict, ""
    if claim.slip is None:
        return verdict, _difference(claim.stated, value, claim.quantity)
    per = claim.slip.per or (None if claim.slip.expression else claim.per)
    slipped = _value(claim.changed(claim.slip), per, analyse)
    if compare(claim.stated, slipped, claim.quantity) not in ("exact", "rounds", "holds"):
        found = shown(slipped, claim.stated, claim.quantity)
        return verdict, f"the slip does not explain it: it comes to {found} ({claim.slip.why})"
    return "slip", f"{shown(slipped, claim.stated, claim.quantity)} appears when {claim.slip.why}"


# -- what is stated ----------------------------------------------------------------------------------------------------

_STATED = re.compile(r"(?P<relation><=|>=|==|<|>|≤|≥)?\s*(?P<number>.*?)\s*(?P<unit>%|[x×])?", re.DOTALL)
_SHAPE = re.compile(r"\d+(?:\s*[x×*]\s*\d+)+", re.ASCII)
_RELATIONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "≤": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "≥": lambda a, b: a >= b,
}


def compare(stated: str, value: Result, quantity: str = "") -> Verdict:
    """How a value relates to what was stated.

    >>> [compare(text, 138_357_544) for text in ("138M", "138,357,544", "139M", "<=140M", "> 1 billion")]
    ['rounds', 'exact', 'does not hold', 'holds', 'does not hold']
    >>> compare("28x28x6", (6, 28, 28)), compare("45%", Fraction(22, 49)), compare("8.55x", Fraction(4866, 569))
    ('exact', 'rounds', 'rounds')

    Raises:
        DataError: What was stated is no number, or no shape where one is needed.
    """
    if isinstance(value, tuple):
        return "exact" if value in _orders(stated) else "does not hold"
    match = _STATED.fullmatch(stated.strip())
    relation, number, unit = match["relation"], match["number"], match["unit"]  # type: ignore[index]  # any text is one
    printed = units.parse_size(number) if quantity.endswith("_bytes") else units.parse(number)
    value = Fraction(value) * (100 if unit == "%" else 1)
    if relation in _RELATIONS:
        return "holds" if _RELATIONS[relation](value, Fraction(printed.value)) else "does not hold"
    verdict = printed.verdict(value)
    return "does not hold" if verdict == "differs" else verdict  # type: ignore[return-value]  # the others are some


def _orders(stated: str) -> list[Shape]:
    """A stated shape with its maps last, as texts have it, and first, as tensors do; 1x1x4096 is also a flat 4096."""
    if stated.strip().isascii() and stated.strip().isdigit():
        return [(int(stated),), (int(stated), int(stated))]
    if not _SHAPE.fullmatch(stated.strip()):
        raise DataError(f"{stated!r} is no shape: write it like '28x28x6'.")
    sizes = tuple(int(size) for size in re.findall(r"\d+", stated))
    flat = [sizes[-1:]] if set(sizes[:-1]) == {1} else []
    return [sizes, (sizes[-1], *sizes[:-1]), *flat]


def _difference(stated: str, value: Result, quantity: str) -> str:
    """How far off a stated number is."""
    match = _STATED.fullmatch(stated.strip())
    if isinstance(value, tuple) or match is None or match["relation"] in _RELATIONS or match["unit"]:
        return ""
    printed = units.parse_size(match["number"]) if quantity.endswith("_bytes") else units.parse(match["number"])
    off = Fraction(printed.value) - Fraction(value)
    share = f", {100 * abs(float(off / value)):.3g} %" if value else ""
    return f"stated {'more' if off > 0 else 'less'} by {shown(abs(off), '', quantity)}{share}"


def shown(value: Result, stated: str, quantity: str) -> str:
    """A value as people read it, in the unit of what was stated."""
    if isinstance(value, tuple):
        return units.shape(value)
    unit = stated.strip()[-1:]
    if unit == "%":
        return f"{100 * float(value):.4g}%"
    if unit in ("x", "×"):
        return f"{float(value):.4g}×"
    if Fraction(value).denominator != 1:
        return f"{float(value):.4g}"
    text = units.exact(int(value))
    return f"{text} B ({units.data_size(int(value))})" if quantity.endswith("_bytes") else text


def summary(findings: Sequence[Finding]) -> str:
    """How many of each verdict, in one line."""
    verdicts = ("exact", "rounds", "holds", "truncated", "slip", "does not hold", "undecided")
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in verdicts}
    parts = ", ".join(f"{verdict} {number}" for verdict, number in counts.items() if number)
    off = sum(not finding.is_as_expected for finding in findings)
    return f"{len(findings)} claims: {parts}. {f'{off} not as expected' if off else 'All as expected'}."
