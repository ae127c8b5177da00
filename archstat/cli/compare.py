"""``archstat compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._options import cost_of, input_options, output_options, put_table


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@input_options
@output_options
def compare(
    names: tuple[str, ...], *, sort: str | None, format_: str, output: Path | None, is_exact: bool, **given: Any
) -> None:
    """Show the totals of several networks, one row each, beside what was published.

    A NAME with * or ? stands for every architecture of that form: '*' for all of them.

    Example: archstat compare 'vgg*' googlenet resnet50 --sort macs
    """
    from archstat.published import expand
    from archstat.tables import compare_table

    costs = [cost_of(name, **given) for name in expand(names)]
    put_table(compare_table(costs, sort=sort), format_, output, is_exact=is_exact)
