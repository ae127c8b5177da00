"""Claims → findings: what each comes to, and how that relates to what was stated."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from archstat.analysis.network import AnalyseWithin
from archstat.claims.files import Claim, ClaimsFile, ClaimVerdict, Expected, Slip, Undecided, read_claims
from archstat.claims.statements import deviation, shown_value, verdict_on
from archstat.claims.values import OperandValue, Sources
from archstat.errors import ArchstatError, DataError, quoted
from archstat.expressions import evaluate
from archstat.networks.trust import NOTHING, Trust


class Finding(msgspec.Struct, frozen=True):
    """One claim, checked.

    Attributes:
        file: The file that it stands in.
        line: The line where it begins.
        id: The name of the claim.
        text: What the text says.
        source: Where the text says so.
        stated: The number as printed.
        computed: The value that the claim was compared with, as people read it.
        verdict: How the two relate.
        expected: The verdict that the file expects.
        message: What there is to say about it.
        claim: The claim itself; ``None``: it is an undecided one.
        title: The title of the file: the text that it is about.
    """

    file: str
    line: int
    id: str
    text: str
    source: str
    stated: str
    computed: str
    verdict: ClaimVerdict
    expected: Expected | str
    message: str = ""
    claim: Claim | None = None
    title: str = ""

    @property
    def heading(self) -> str:
        """The text that the claim is of, and the file that it stands in."""
        return f"{self.title} · {self.file}" if self.title else self.file

    @property
    def basis(self) -> str:
        """The quantity that the claim was compared with, and its origin: ``"counted: vgg16.fc6, parameters"``."""
        return f"{self.claim.origin}: {self.claim.basis}" if self.claim is not None else ""

    @property
    def is_as_expected(self) -> bool:
        """Whether the verdict is the one that the file expects."""
        if self.expected == "holds":
            return self.verdict in ("exact", "rounds", "holds")
        return self.verdict in (self.expected, "undecided")


def check(file: ClaimsFile, analyse: AnalyseWithin, trust: Trust = NOTHING) -> list[Finding]:
    """The findings of a file, in its order.

    Args:
        file: The claims.
        analyse: Counts a network.
        trust: Which files may name code; none of them, if it is not said.

    Raises:
        DataError: A claim cannot be worked out; the message says which, and in which line.
    """
    beside = functools.partial(_judged_beside, analyse=analyse, trust=trust)
    sources = Sources(Path(file.path).parent, trust.within(file.path, analyse), beside)
    findings = [_checked(file, claim, sources) for claim in file.claims]
    findings += [_undecided(file, entry) for entry in file.undecided]
    return sorted(findings, key=lambda finding: finding.line)


def _judged_beside(path: Path, analyse: AnalyseWithin, trust: Trust) -> list[Finding]:
    """The findings of a file that the claims of another one count; so no file is counted in a circle."""
    file = read_claims(path)
    if any(claim.counts_claims for claim in file.claims):
        raise DataError(f"{path} counts the claims of other files itself: name those files, and not this one.")
    return check(file, analyse, trust)


def check_files(paths: Iterable[Path], analyse: AnalyseWithin, trust: Trust = NOTHING) -> list[Finding]:
    """The findings of several files; a network that several claims name is analysed once.

    The arguments are those of :func:`check`.

    Raises:
        DataError: A file does not hold together, or a claim cannot be worked out.
    """
    files = [read_claims(path) for path in paths]
    once = functools.cache(analyse)
    return [finding for file in files for finding in check(file, once, trust)]


def _undecided(file: ClaimsFile, entry: Undecided) -> Finding:
    words = (entry.id, entry.text, entry.source)
    return Finding(file.path, entry.line, *words, "", "", "undecided", "undecided", entry.why, title=file.title)


def _checked(file: ClaimsFile, claim: Claim, sources: Sources) -> Finding:
    try:
        value = sources.value(claim, claim.minus, claim.per)
        verdict, message = _judged(claim, value, sources)
        message = "; ".join(filter(None, (message, claim.why if verdict not in _HOLDING else "")))
    except ArchstatError as error:
        raise DataError(f"{file.path}:{claim.line}: claim {quoted(claim.id)}: {error}", helps=error.helps) from error
    return Finding(
        file.path,
        claim.line,
        claim.id,
        claim.text,
        claim.source,
        claim.stated,
        shown_value(value.result, claim.stated, value.unit),
        verdict,
        claim.expect,
        message,
        claim,
        file.title,
    )


def _judged(claim: Claim, value: OperandValue, sources: Sources) -> tuple[ClaimVerdict, str]:
    """The verdict, and what there is to say about it."""
    result, unit = value.result, value.unit
    verdict = verdict_on(claim.stated, result, unit)
    own = evaluate(claim.expression) if claim.expression and claim.architecture else None
    if own is not None and own != (math.prod(result) if isinstance(result, tuple) else result):
        said = f"the text's own sum comes to {shown_value(own, '', '')}, the network to {shown_value(result, '', unit)}"
        return "does not hold", said
    if verdict in _HOLDING:
        return verdict, ""
    if claim.slip is None:
        return verdict, deviation(claim.stated, result, unit)
    slipped = _slipped(claim, claim.slip, unit, sources)
    found = shown_value(slipped.result, claim.stated, slipped.unit)
    if verdict_on(claim.stated, slipped.result, slipped.unit) not in _HOLDING:
        return verdict, f"the slip does not explain it: it comes to {found} ({claim.slip.why})"
    return "slip", f"{found} appears when {claim.slip.why}"


_HOLDING = ("exact", "rounds", "holds")


def _slipped(claim: Claim, slip: Slip, unit: str, sources: Sources) -> OperandValue:
    """What the slip makes of the claim; a sum of its own is in the unit of the claim, and the whole of it."""
    minus = slip.minus or (None if slip.expression else claim.minus)
    per = slip.per or (None if slip.expression else claim.per)
    value = sources.value(claim.changed(slip), minus, per)
    return OperandValue(value.result, unit) if slip.expression else value


def summary(findings: Sequence[Finding]) -> str:
    """How many of each verdict, in one line."""
    verdicts = ("exact", "rounds", "holds", "truncated", "slip", "does not hold", "undecided")
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in verdicts}
    parts = ", ".join(f"{verdict} {number}" for verdict, number in counts.items() if number)
    off = sum(not finding.is_as_expected for finding in findings)
    return f"{len(findings)} claims: {parts}. {f'{off} not as expected' if off else 'All as expected'}."
