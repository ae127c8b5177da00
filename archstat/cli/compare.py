"""``archstat compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._options import cost_of, input_options, output_options, put_table


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@input_options
@output_options
def compare(names: tuple[str, ...], format_: str, output: Path | None, *, is_exact: bool, **given: Any) -> None:
    """Show the totals of several networks, one row each, beside what was published.

    Example: archstat compare alexnet vgg16 googlenet resnet50
    """
    from archstat.published import counted, published
    from archstat.tables import compare_table

    costs = [cost_of(name, **given) for name in names]
    put_table(compare_table(costs, published(), counted()), format_, output, is_exact=is_exact)
