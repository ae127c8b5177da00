"""The command ``archstat check``."""

from __future__ import annotations

from pathlib import Path

import click

from archstat.cli._commands import command
from archstat.cli._networks import analyse_quietly
from archstat.cli._options import cache_option, columns_asked, output_options_with, put, put_table, trust_option


@command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--only-unexpected", is_flag=True, help="Leave out what has the verdict that the file expects.")
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
    """Check claims about networks, and budgets of your own, against counts.

    Each FILE is in TOML; docs/claims.md shows how to write one. Exit code 1: a claim or a budget has not the verdict
    that its file expects.

    A FILE is data: it names architectures of ours and saved costs. 'FILE.py:NAME' and 'MODULE:NAME' import and run
    code, so it may only name them with --trust, or where your pyproject.toml trusts its folder; SECURITY.md says how.

    Example: archstat check reports/cs231n-notes/claims.toml
    """
    from archstat.claims import check_files
    from archstat.networks.trust import NOTHING, Trust
    from archstat.tables import claims_page_table, claims_table
    from archstat.tables.annotations import ANNOTATIONS

    findings = check_files(files, analyse_quietly, Trust.of(files) if is_trusted else NOTHING)
    shown = [finding for finding in findings if not (only_unexpected and finding.is_as_expected)]
    if format_ in ANNOTATIONS:
        put(ANNOTATIONS[format_](shown), output)
    else:
        is_full = format_ in ("csv", "json") or bool(columns_asked())
        is_page = format_ == "html" and not is_full
        table = claims_page_table(shown, findings) if is_page else claims_table(shown, findings, is_full=is_full)
        put_table(table, format_, output, is_exact=is_exact)
    context.exit(0 if all(finding.is_as_expected for finding in findings) else 1)
