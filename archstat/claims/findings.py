"""What a check finds: one record for each claim, limit or locked total, and how many there are of each verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from archstat.claims.files import Claim
from archstat.claims.verdicts import CLAIM_VERDICTS, ClaimVerdict, Expected
from archstat.errors import ArchstatError, Helps
from archstat.language import say


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
        claim: The claim itself; ``None``: it is an undecided one, or is about growth.
        title: The title of the file: the text that it is about.
        time_s: The seconds that the check took.
        helps: The settings that would help where it could not be checked.
        is_locked: Whether the claim is a total of a network of a lock.
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
    time_s: float = 0.0
    helps: Mapping[Helps, str] = {}
    is_locked: bool = False

    @property
    def is_error(self) -> bool:
        """Whether the claim could not be checked."""
        return self.verdict == "error"

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


def summary(findings: Sequence[Finding]) -> str:
    """How many of each verdict, in one line, in the language that is spoken."""
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in CLAIM_VERDICTS}
    told = ", ".join(f"{say(verdict)} {number}" for verdict, number in counts.items() if number)
    off = sum(not finding.is_as_expected for finding in findings)
    if off:
        return say("{count} claims: {verdicts}. {off} not as expected.", count=len(findings), verdicts=told, off=off)
    return say("{count} claims: {verdicts}. All as expected.", count=len(findings), verdicts=told)


def failed(
    file: str, line: int, name: str, error: ArchstatError, *, title: str = "", is_locked: bool = False
) -> Finding:
    """The finding of what could not be checked.

    Args:
        file: The file that it stands in.
        line: The line where it begins; 0: it is the whole file.
        name: The name of the claim.
        error: The reason, with the settings that would help.
        title: The title of the file.
        is_locked: Whether the claim is a total of a network of a lock.
    """
    return Finding(
        file,
        line,
        name,
        text="",
        source="",
        stated="",
        computed="",
        verdict="error",
        expected="holds",
        message=str(error).rstrip("."),
        title=title,
        helps=error.helps,
        is_locked=is_locked,
    )
