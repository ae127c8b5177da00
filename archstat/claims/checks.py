"""Claims, budgets and locks → findings: what each comes to, and how that relates to what was stated."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from archstat.analysis.network import AnalyseWithin, Network
from archstat.claims.files import Claim, ClaimsFile, Slip, Undecided, read_claims
from archstat.claims.findings import Finding, failed
from archstat.claims.growth import Allowances
from archstat.claims.growth_checks import growth_finding, place_in_words
from archstat.claims.growth_limits import GrowthLimit
from archstat.claims.lock_checks import check_lock
from archstat.claims.locks import is_lock, read_lock
from archstat.claims.printed import check_text, is_text
from archstat.claims.project_limits import is_project, project_limits
from archstat.claims.spending import broken_by
from archstat.claims.statements import deviation, shown_value, verdict_on
from archstat.claims.values import OperandValue, Sources
from archstat.claims.verdicts import ClaimVerdict
from archstat.errors import ArchstatError, DataError, quoted
from archstat.expressions import evaluate
from archstat.language import recorded
from archstat.networks.project import read_project
from archstat.networks.trust import NOTHING, Trust

_Clock = Callable[[], float]


def check(
    file: ClaimsFile,
    analyse: AnalyseWithin,
    trust: Trust = NOTHING,
    *,
    keeps_going: bool = False,
    clock: _Clock = time.perf_counter,
) -> list[Finding]:
    """The findings of a file, in its order.

    Args:
        file: The claims.
        analyse: Counts a network.
        trust: Which files may name code; none of them, if it is not said.
        keeps_going: What cannot be worked out is a finding of its own, and the rest is checked.
        clock: Tells seconds.

    Raises:
        DataError: A claim cannot be worked out; the message says which, and in which line.
    """
    beside = functools.partial(_judged_beside, analyse=analyse, trust=trust)
    sources = Sources(Path(file.path).parent, trust.within(file.path, analyse), beside)
    findings = [_undecided(file, entry) for entry in file.undecided]
    entries: list[Claim | GrowthLimit] = [*file.claims, *file.growths]
    for entry in entries:
        start = clock()
        try:
            finding = _found(file, entry, sources)
        except ArchstatError as error:
            if not keeps_going:
                where = f"{file.path}:{entry.line}: claim {quoted(entry.id)}"
                raise DataError(f"{where}: {error}", helps=error.helps) from error
            finding = _failed_entry(file, entry, error)
        findings.append(msgspec.structs.replace(finding, time_s=clock() - start))
    return sorted(findings, key=lambda finding: finding.line)


def _found(file: ClaimsFile, entry: Claim | GrowthLimit, sources: Sources) -> Finding:
    if isinstance(entry, GrowthLimit):
        return growth_finding(file.path, file.title, entry, sources.network, sources.baseline)
    return _checked(file, entry, sources)


def _failed_entry(file: ClaimsFile, entry: Claim | GrowthLimit, error: ArchstatError) -> Finding:
    """The finding of what could not be worked out, which has the words of its claim."""
    finding = failed(file.path, entry.line, entry.id, error, title=file.title)
    if isinstance(entry, GrowthLimit):
        return msgspec.structs.replace(finding, stated=entry.stated, source=entry.source)
    told = {"text": entry.text, "source": entry.source, "stated": entry.stated, "expected": entry.expect}
    return msgspec.structs.replace(finding, claim=entry, **told)


def _judged_beside(path: Path, analyse: AnalyseWithin, trust: Trust) -> list[Finding]:
    """The findings of a file that the claims of another one count; so no file is counted in a circle."""
    file = read_claims(path)
    if any(claim.counts_claims for claim in file.claims):
        raise DataError(f"{path} counts the claims of other files itself: name those files, and not this one.")
    return check(file, analyse, trust)


def check_files(
    paths: Iterable[Path],
    analyse: AnalyseWithin,
    trust: Trust = NOTHING,
    *,
    keeps_going: bool = False,
    allowed: Allowances | None = None,
    clock: _Clock = time.perf_counter,
) -> list[Finding]:
    """The findings of several files of claims, budgets or locks; a network that several name is analysed once.

    Args:
        paths: The files.
        analyse: Counts a network.
        trust: Which files may name code; none of them, if it is not said.
        keeps_going: What cannot be read or worked out is a finding of its own, and the rest is checked.
        allowed: By how much the totals of locks may grow, over what the locks say.
        clock: Tells seconds.

    Raises:
        DataError: A file does not hold together, or a claim cannot be worked out.
    """
    checked = functools.partial(
        _checked_file,
        analyse=_once(analyse),
        trust=trust,
        how={"keeps_going": keeps_going, "clock": clock},
        allowed=allowed or {},
    )
    findings: list[Finding] = []
    for path in paths if keeps_going else _read_first(list(paths)):
        try:
            findings += checked(path)
        except ArchstatError as error:  # noqa: PERF203 - one file that cannot be read is one error
            if not keeps_going:
                raise
            findings.append(failed(str(path), 0, path.name, error, is_locked=is_lock(path)))
    return findings


def _read_first(paths: list[Path]) -> list[Path]:
    """Paths of which each file can be read, so that nothing is counted in vain."""
    for path in paths:
        if not (is_lock(path) or is_text(path)):
            _claims_in(path)
    return paths


def _checked_file(
    path: Path, *, analyse: AnalyseWithin, trust: Trust, how: Mapping[str, Any], allowed: Allowances
) -> list[Finding]:
    if is_lock(path):
        return check_lock(read_lock(path), trust.within(path, analyse), allowed, **how)
    if is_text(path):
        return check_text(path, trust.within(path, analyse), **how)
    return check(_claims_in(path), analyse, trust, **how)


def _claims_in(path: Path) -> ClaimsFile:
    """The claims of a file, which are limits if it is that of a project."""
    return project_limits(read_project(path)) if is_project(path) else read_claims(path)


def _once(analyse: AnalyseWithin) -> AnalyseWithin:
    """A count that is made once for each network and input, also one that fails."""
    known: dict[Any, Network | ArchstatError] = {}

    def once(*question: Any) -> Network:
        if question not in known:
            try:
                known[question] = analyse(*question)
            except ArchstatError as error:
                known[question] = error
        answer = known[question]
        if isinstance(answer, ArchstatError):
            raise answer
        return answer

    return once


def _undecided(file: ClaimsFile, entry: Undecided) -> Finding:
    words = (entry.id, entry.text, entry.source)
    return Finding(file.path, entry.line, *words, "", "", "undecided", "undecided", entry.why, title=file.title)


def _checked(file: ClaimsFile, claim: Claim, sources: Sources) -> Finding:
    value = sources.value(claim, claim.minus, claim.per)
    verdict, message = _judged(claim, value, sources)
    message = "; ".join(filter(None, (message, claim.why if verdict not in _HOLDING else "")))
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
        said = recorded(
            "the text's own sum comes to {first}, the network to {amount}",
            first=shown_value(own, "", ""),
            amount=shown_value(result, "", unit),
        )
        return "does not hold", said
    if verdict in _HOLDING:
        return verdict, ""
    if claim.slip is None:
        return verdict, _broken(claim, value, sources) or deviation(claim.stated, result, unit)
    slipped = _slipped(claim, claim.slip, unit, sources)
    found = shown_value(slipped.result, claim.stated, slipped.unit)
    if verdict_on(claim.stated, slipped.result, slipped.unit) not in _HOLDING:
        told = recorded("the slip does not explain it: it comes to {amount} ({why})", amount=found, why=claim.slip.why)
        return verdict, told
    return "slip", recorded("{amount} appears when {why}", amount=found, why=claim.slip.why)


def _broken(claim: Claim, value: OperandValue, sources: Sources) -> str:
    """By how much a limit is broken, of which network, and what spends it; ``""`` for what is no limit of a count."""
    is_limit = claim.stated.lstrip()[:1] in set("<>=≤≥") and not (claim.minus or claim.per)
    if isinstance(value.result, tuple) or not is_limit or claim.origin != "counted":
        return ""
    part = sources.part(claim)
    has_layers = not claim.convention
    place = place_in_words(claim)
    return broken_by(part, claim.quantity, claim.stated, value.result, place=place, has_layers=has_layers)


_HOLDING = ("exact", "rounds", "holds")


def _slipped(claim: Claim, slip: Slip, unit: str, sources: Sources) -> OperandValue:
    """What the slip makes of the claim; a sum of its own is in the unit of the claim, and the whole of it."""
    minus = slip.minus or (None if slip.expression else claim.minus)
    per = slip.per or (None if slip.expression else claim.per)
    value = sources.value(claim.changed(slip), minus, per)
    return OperandValue(value.result, unit) if slip.expression else value
