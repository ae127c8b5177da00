"""``archstat list``."""

from __future__ import annotations

from pathlib import Path

import click

from archstat.cli._options import output_options, put_table


@click.command("list")
@click.argument("pattern", default="")
@output_options
def list_(pattern: str, format_: str, output: Path | None, *, is_exact: bool) -> None:
    """Show every architecture, with its year, parameters, MACs and paper.

    PATTERN is looked for in names, titles, authors and tasks.

    Example: archstat list cifar
    """
    from archstat.published import counted, published
    from archstat.tables import list_table

    put_table(list_table(published(), counted(), pattern), format_, output, is_exact=is_exact)
