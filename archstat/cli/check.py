"""The command ``archstat check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archstat.cli._commands import command
from archstat.cli._networks import analyse_quietly
from archstat.cli._options import cache_option, columns_asked, output_options_with, put, put_table, trust_option
from archstat.errors import InputError

if TYPE_CHECKING:
    from archstat.networks.trust import Trust


@command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--only-unexpected", is_flag=True, help="Leave out what has the verdict that the file expects, or is right."
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
    is_trusted: bool,
    is_exact: bool,
) -> None:
    """Check claims about networks, budgets of your own, and worksheets, against counts.

    Each FILE is in TOML; docs/claims.md shows how to write one. Exit code 1: a claim or a budget has not the verdict
    that its file expects. A FILE that ends in .md is a worksheet of 'archstat quiz': its answers are marked, and exit
    code 1 means that one is wrong or empty.

    A FILE is data: it names architectures of ours and saved costs. 'FILE.py:NAME' and 'MODULE:NAME' import and run
    code, so it may only name them with --trust, or where your pyproject.toml trusts its folder; SECURITY.md says how.

    Example: archstat check reports/cs231n-notes/claims.toml
    """
    from archstat.networks.trust import NOTHING, Trust
    from archstat.quiz.marking import is_sheet

    trust = Trust.of(files) if is_trusted else NOTHING
    how = {"is_exact": is_exact, "only_unexpected": only_unexpected}
    if not any(map(is_sheet, files)):
        is_right = _check_claims(files, trust, format_, output, **how)
    elif all(map(is_sheet, files)):
        is_right = _mark_sheets(files, trust, format_, output, **how)
    else:
        raise InputError("Worksheets and claims have no table in common: check them apart.")
    context.exit(0 if is_right else 1)


def _check_claims(
    files: tuple[Path, ...], trust: Trust, format_: str, output: Path | None, *, is_exact: bool, only_unexpected: bool
) -> bool:
    """Whether every claim has the verdict that its file expects."""
    from archstat.claims import check_files
    from archstat.tables import claims_page_table, claims_table
    from archstat.tables.annotations import ANNOTATIONS

    findings = check_files(files, analyse_quietly, trust)
    shown = [finding for finding in findings if not (only_unexpected and finding.is_as_expected)]
    if format_ in ANNOTATIONS:
        put(ANNOTATIONS[format_](shown), output)
    else:
        is_full = format_ in ("csv", "json") or bool(columns_asked())
        is_page = format_ == "html" and not is_full
        table = claims_page_table(shown, findings) if is_page else claims_table(shown, findings, is_full=is_full)
        put_table(table, format_, output, is_exact=is_exact)
    return all(finding.is_as_expected for finding in findings)


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
