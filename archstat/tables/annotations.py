"""Findings, where a continuous integration shows them: JUnit's XML, and the workflow commands of GitHub."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from xml.etree import ElementTree as ET

from archstat.claims import Finding
from archstat.files.text import printable


def junit(findings: Sequence[Finding]) -> str:
    """JUnit's XML: a suite for each file, a case for each claim; undecided claims are skipped ones.

    What could not be checked is an error, and no failure; times are in seconds.
    """
    root = ET.Element("testsuites")
    for file, members in itertools.groupby(findings, lambda finding: finding.file):
        cases = list(members)
        errors = sum(finding.is_error for finding in cases)
        failures = sum(not finding.is_as_expected for finding in cases) - errors
        numbers = {"tests": len(cases), "failures": failures, "errors": errors}
        told = {**{key: str(number) for key, number in numbers.items()}, "time": _time(*cases)}
        suite = ET.SubElement(root, "testsuite", {"name": printable(file), **told})
        for finding in cases:
            about = {"classname": printable(file), "name": printable(finding.id), "time": _time(finding)}
            case = ET.SubElement(suite, "testcase", about)
            if finding.is_error:
                ET.SubElement(case, "error", message=printable(_said(finding)))
            elif not finding.is_as_expected:
                ET.SubElement(case, "failure", message=printable(_said(finding)))
            elif finding.verdict == "undecided":
                ET.SubElement(case, "skipped", message=printable(finding.message))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _time(*findings: Finding) -> str:
    """The seconds that checks took together, as JUnit writes a time."""
    return f"{sum(finding.time_s for finding in findings):.3f}"


def github(findings: Sequence[Finding]) -> str:
    """Workflow commands of GitHub: an error where a claim has another verdict than expected, a notice for a slip."""
    return "".join(
        f"::{'notice' if finding.is_as_expected else 'error'} file={_command(finding.file, ':,')},"
        f"line={max(finding.line, 1)},"
        f"title={_command(finding.id, ':,')}::{_command(_said(finding))}\n"
        for finding in findings
        if not finding.is_as_expected or finding.verdict == "slip"
    )


def _said(finding: Finding) -> str:
    """A finding in one sentence."""
    if finding.is_error:
        return f"could not be checked: {finding.message.rstrip('.')}."
    reason = f"; {finding.message}" if finding.message else ""
    return f"{finding.stated} {finding.verdict}, expected {finding.expected}: computed {finding.computed}{reason}."


def _command(value: str, also: str = "") -> str:
    """A text in a workflow command, where some characters are written as percent codes."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{also}" else printable(c) for c in value)


ANNOTATIONS: dict[str, Callable[[Sequence[Finding]], str]] = {"junit": junit, "github": github}
