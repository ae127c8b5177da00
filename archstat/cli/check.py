"""The command ``archstat check``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archstat.cli._commands import command
from archstat.cli._networks import analyse_quietly
from archstat.cli._options import (
    cache_option,
    columns_asked,
    output_options_with,
    put,
    put_table,
    put_tables,
    trust_option,
)
from archstat.cli._progress import watching
from archstat.cli._remedies import with_options
from archstat.cli._streams import tell
from archstat.errors import DataError, InputError

if TYPE_CHECKING:
    from archstat.claims import Finding
    from archstat.claims.growth import Allowances
    from archstat.networks.trust import Trust


@command()
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path))
@click.option(
    "--only-unexpected", is_flag=True, help="Leave out what has the verdict that the file expects, or is right."
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="[TOTAL=]GROWTH",
    help="By how much totals of locks may grow, as 'macs=+1%', or '1%' for all.",
)
@cache_option
@trust_option
@output_options_with("junit", "github")
@click.pass_context
def check(
    context: click.Context,
    files: tuple[Path, ...],
    format_: str,
    output: Path | None,
    *,
    only_unexpected: bool,
    allowed: tuple[str, ...],
    is_trusted: bool,
    is_exact: bool,
) -> None:
    """Check claims about networks, budgets of your own, locks and worksheets, against counts.

    Each FILE is in TOML; docs/claims.md shows how to write one. Exit code 1: a claim or a budget has not the verdict
    that its file expects, or a network of a lock costs more than 'archstat lock' wrote. What cannot be checked is an
    error in the report, and the exit code 2. A worksheet of 'archstat quiz' is marked: exit code 1 means that an answer
    is wrong or empty. Any other FILE that ends in .md or .tex is a text: its tables and sentences are searched for what
    networks cost; README.archstat.toml beside README.md says which network a name means, and what is not known is not
    checked.

    With no FILE, the limits of the networks that the project lists (docs/project.md), and its archstat.lock.

    A FILE is data: it names architectures of ours and saved costs. 'FILE.py:NAME' and 'MODULE:NAME' import and run
    code, so it may only name them with --trust, or where your pyproject.toml trusts its folder; SECURITY.md says how.

    Example: archstat check reports/cs231n-notes/claims.toml
    """
    from archstat.networks.trust import NOTHING, Trust
    from archstat.quiz.marking import is_sheet

    trust = Trust.of(files) if is_trusted else NOTHING
    if not files:
        files = _of_project()
        trust = Trust.of(files)  # they are what the user works in, and the networks are asked for by their names
    how = {"is_exact": is_exact, "only_unexpected": only_unexpected}
    growth = _allowances(allowed)
    if not any(map(is_sheet, files)):
        context.exit(_check_claims(files, trust, growth, format_, output, **how))
    if not all(map(is_sheet, files)):
        raise InputError("Worksheets and claims have no table in common: check them apart.")
    if growth:
        raise InputError("'--allow' is for locks, and there is none among these files.")
    context.exit(0 if _mark_sheets(files, trust, format_, output, **how) else 1)


def _of_project() -> tuple[Path, ...]:
    """The file that lists the networks of the project that is worked in, and its lock, if there is one.

    Raises:
        UsageError: There is nothing to check.
    """
    from archstat.claims.locks import LOCK_NAME
    from archstat.networks.project import project_here

    project = project_here()
    lock = project.path.parent / LOCK_NAME
    files = [lock] if lock.is_file() else []
    if any(each.max for each in project.networks.values()):
        files.insert(0, project.path)
    if not files:
        raise click.UsageError("Missing argument 'FILE...', and no project here has limits or a lock of its networks.")
    return tuple(files)


def _allowances(texts: tuple[str, ...]) -> Allowances:
    """By how much totals may grow.

    Raises:
        ArchstatError: A text names no total, or allows nothing that is known.
    """
    from archstat.claims.growth import allowance, check_total

    found = {}
    for text in texts:
        name, sign, said = text.rpartition("=")
        if sign:
            check_total(name.strip())
        found[name.strip()] = allowance(said, name.strip())
    return found


def _check_claims(
    files: tuple[Path, ...],
    trust: Trust,
    growth: Allowances,
    format_: str,
    output: Path | None,
    *,
    is_exact: bool,
    only_unexpected: bool,
) -> int:
    """The exit code: 0 if all is as its file expects, 1 if something is not, 2 if something could not be checked."""
    from archstat.claims import check_files
    from archstat.claims.locks import is_lock
    from archstat.tables import claims_page_tables, claims_table
    from archstat.tables.annotations import ANNOTATIONS

    if growth and not any(map(is_lock, files)):
        raise InputError("'--allow' is for locks, and there is none among these files.")
    with watching(analyse_quietly) as analyse:
        found = check_files(files, analyse, trust, keeps_going=True, allowed=growth)
    findings = _with_remedies(found, is_trusted=bool(trust.named), of_each=format_ in ANNOTATIONS)
    if format_ == "text" and output is None and all(finding.is_error and not finding.line for finding in findings):
        raise DataError(f"{findings[0].message}.")  # no file could be read, and a table of that says no more
    shown = [finding for finding in findings if not (only_unexpected and finding.is_as_expected)]
    if format_ in ANNOTATIONS:
        put(ANNOTATIONS[format_](shown), output)
    elif format_ == "html" and not columns_asked():
        put_tables(claims_page_tables(shown, findings), format_, output, is_exact=is_exact)
    else:
        is_full = format_ in ("csv", "json") or bool(columns_asked())
        put_table(claims_table(shown, findings, is_full=is_full), format_, output, is_exact=is_exact)
    return _exit_code(findings)


def _with_remedies(findings: Sequence[Finding], *, is_trusted: bool, of_each: bool) -> list[Finding]:
    """Findings that say what a user can type against them.

    Args:
        findings: The findings.
        is_trusted: The user trusts the files.
        of_each: How a lock is written anew stands in each finding, and not only in the first one of the lock.
    """
    import shlex

    import msgspec

    said: set[str] = set()
    told = []
    for finding in findings:
        message = finding.message
        if finding.is_error:
            message = with_options(DataError(message, helps=finding.helps)).removesuffix(".")
        elif finding.is_locked and message and (of_each or finding.file not in said):
            said.add(finding.file)
            renewal = shlex.join(["archstat", "lock", "--update", *(["--trust"] if is_trusted else []), finding.file])
            message = f"{message}; '{renewal}' writes down what is true now"
        told.append(msgspec.structs.replace(finding, message=message))
    return told


def _exit_code(findings: Sequence[Finding]) -> int:
    """0: all is as expected; 1: something is not; 2: something could not be checked, which is said once more."""
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        first = errors[0]
        where = ":".join(filter(None, (first.file, str(first.line or ""))))
        tell(f"Error: {len(errors)} of {len(findings)} could not be checked. {where}: {first.id}: {first.message}")
        return 2
    return int(not all(finding.is_as_expected for finding in findings))


def _mark_sheets(
    files: tuple[Path, ...], trust: Trust, format_: str, output: Path | None, *, is_exact: bool, only_unexpected: bool
) -> bool:
    """Whether every answer on the sheets is right."""
    import functools

    from archstat.quiz.marking import findings_of, marked_sheet, marks_table
    from archstat.tables.annotations import ANNOTATIONS

    once = functools.cache(analyse_quietly)
    sheets = [marked_sheet(file, once, trust) for file in files]
    if format_ in ANNOTATIONS:
        cells = [cell for sheet in sheets for cell in sheet.cells if not (only_unexpected and cell.is_right)]
        put(ANNOTATIONS[format_](list(findings_of(cells))), output)
    else:
        table = marks_table(sheets, lambda cell: not (only_unexpected and cell.is_right))
        put_table(table, format_, output, is_exact=is_exact)
    return all(sheet.is_all_right for sheet in sheets)
