"""The command ``archstat list``."""

from __future__ import annotations

from pathlib import Path

import click

from archstat.cli._commands import command
from archstat.cli._options import output_options, put_table


@command("list")
@click.argument("pattern", default="")
@click.option("--year", metavar="YEARS", help="Published in 2015, in 2012-2015, or 2015- for since then.")
@click.option("--task", default="", help="Made for this: imagenet, cifar, mnist, super-resolution, lecture.")
@output_options
def list_(pattern: str, year: str | None, task: str, format_: str, output: Path | None, *, is_exact: bool) -> None:
    """Show every architecture by family, with its year, task, input, parameters, MACs and paper.

    PATTERN is looked for in names, families, titles, authors and tasks; one with * or ? is the form of a whole name.

    Example: archstat list 'resnet*' --year 2015 --task imagenet
    """
    from archstat.networks.settings import parse_years
    from archstat.published.figures import select
    from archstat.tables import list_table

    years = None if year is None else parse_years(year)
    put_table(list_table(select(pattern, years=years, task=task)), format_, output, is_exact=is_exact)
