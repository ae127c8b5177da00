"""Claims as texts cite them: ``{{id}}``, ``{{id.text}}``, ``{{lecture/id.because}}``."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from archstat.analysis.network import Analyse, AnalyseWithin
from archstat.claims import Claim, Finding, check, read_claims
from archstat.errors import DataError, UnknownNameError, quoted
from archstat.language import message, retold, say
from archstat.networks.trust import NOTHING, Trust
from archstat.report.writing.prose import Citation


class Checked(msgspec.Struct, frozen=True):
    """A file of claims that all have the verdict which it expects.

    Attributes:
        title: The text that it is about.
        findings: What was found, by the id of the claim.
    """

    title: str
    findings: Mapping[str, Finding]


class Claims:
    """What reports cite; each file is checked once."""

    def __init__(self, analyse: AnalyseWithin, trust: Trust = NOTHING) -> None:
        """Networks come from ``analyse``; each file is trusted by itself, whatever trusted file cites it."""
        self._analyse = analyse
        self._trust = trust
        self.of = functools.cache(self._of)

    def _of(self, path: Path) -> Checked:
        """The claims of a file.

        Raises:
            DataError: The file cannot be read or checked, or a claim has another verdict than the expected one.
        """
        file = read_claims(path)
        findings = check(file, self._analyse, self._trust)
        failed = [each for each in findings if not each.is_as_expected]
        if failed:
            told = "; ".join(f"{quoted(each.id)} (line {each.line}) {_failure(each)}" for each in failed)
            raise DataError(f"{path}: no page is made of claims that fail: {told}.")
        return Checked(file.title, {each.id: each for each in findings})

    def analyse(self, path: Path) -> Analyse:
        """Where the networks of a file come from."""
        return self._trust.within(path, self._analyse)

    def named(self, folder: Path, reference: str) -> Finding:
        """The claim that a report names: its own, or that of a folder beside it.

        Raises:
            UnknownNameError: There is none of that name.
            DataError: The file of the claim cannot be read or checked.
        """
        slug, _, name = reference.rpartition("/")
        findings = self.of(path_from(folder, f"../{slug}/claims.toml" if slug else "claims.toml")).findings
        if name not in findings:
            raise UnknownNameError.of("claim", name, findings, f"Its file is {f'{slug}/' * bool(slug)}claims.toml.")
        return findings[name]

    def cited(self, folder: Path, reference: str) -> Citation:
        """What stands in a text for a reference: a claim, or something of it.

        Raises:
            UnknownNameError: There is no such claim, or no such thing of one.
            DataError: The claim does not have what is asked for.
        """
        name, dot, part = reference.rpartition(".")
        if not dot:
            return _stated(self.named(folder, reference))
        if part not in PARTS:
            raise UnknownNameError.of("part of a claim", part, PARTS, f"The parts are {', '.join(PARTS)}.")
        return PARTS[part](self.named(folder, name))


def path_from(folder: Path, place: str) -> Path:
    """A file by its path from a folder; equal files have equal paths."""
    return Path(os.path.normpath(folder / place))


def _failure(finding: Finding) -> str:
    """A failed claim as text: ``is to be 'holds' and is 'does not hold': 139M stated, 138,357,544 found``."""
    return (
        f"is to be {finding.expected!r} and is {finding.verdict!r}: {finding.stated} stated, {finding.computed} found"
    )


# -- what can be cited of a claim --------------------------------------------------------------------------------------


def hint(finding: Finding) -> str:
    """What is behind a number: ``"vgg16, parameters: 138,357,544 counted; rounds"``."""
    claim = finding.claim
    if claim is None:
        return "; ".join(filter(None, (finding.source, f"{say(finding.verdict)}: {retold(finding.message)}")))
    return "; ".join(filter(None, (_found(finding, claim), say(finding.verdict), retold(finding.message))))


def _found(finding: Finding, claim: Claim) -> str:
    """What is right, of what, and where it comes from."""
    basis, found = retold(claim.basis), retold(finding.computed)
    return f"{basis} = {found}" if claim.origin == "sum" else say(_FOUND[claim.origin], basis=basis, found=found)


_FOUND = {
    "counted": message("{basis}: {found} counted"),
    "measured": message("{basis}: {found} measured"),
    "published": message("{basis}: {found} published"),
    "tallied": message("{basis}: {found} tallied"),
}


def _stated(finding: Finding) -> Citation:
    return Citation(_number(finding, finding.stated), hint(finding), finding.verdict)


def _counted(finding: Finding) -> Citation:
    """What is right, whatever the verdict on what was printed."""
    return Citation(_number(finding, finding.computed), hint(finding), "exact")


def _number(finding: Finding, text: str) -> str:
    if finding.claim is None:
        raise DataError(f"claim {quoted(finding.id)} is undecided and states no number: cite its words with .text.")
    if finding.claim.is_its_own_number:
        raise DataError(
            f"claim {quoted(finding.id)} compares {quoted(finding.stated)} with a number that was typed as well: name "
            "what it is counted, measured or worked out from."
        )
    return text


def _text(finding: Finding) -> Citation:
    """The words; where nothing else is known of a number, with that."""
    words = _held(finding, "text", finding.text)
    return words if finding.claim else Citation(words.text, hint(finding), finding.verdict, is_long=True)


def _source(finding: Finding) -> Citation:
    return _held(finding, "source", finding.source)


def _sum(finding: Finding) -> Citation:
    said = _held(finding, "sum", finding.claim.expression if finding.claim else "")
    return Citation(said.text, hint(finding), "exact", is_long=True)


def _verdict(finding: Finding) -> Citation:
    return Citation(say(finding.verdict))


def _because(finding: Finding) -> Citation:
    return _held(finding, "reason", retold(finding.message))


def _held(finding: Finding, what: str, text: str) -> Citation:
    if not text:
        raise DataError(f"claim {quoted(finding.id)} has no {what}.")
    return Citation(text)


PARTS: dict[str, Callable[[Finding], Citation]] = {
    "counted": _counted,
    "text": _text,
    "source": _source,
    "sum": _sum,
    "verdict": _verdict,
    "because": _because,
}
"""What stands after the dot in ``{{id.text}}``."""
