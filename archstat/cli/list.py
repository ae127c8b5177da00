"""The command ``archstat list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archstat.cli._commands import command
from archstat.cli._options import output_options, put_table
from archstat.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from archstat.tables import Table


@command("list")
@click.argument("pattern", default="")
@click.option("--year", metavar="YEARS", help="Published in 2015, in 2012-2015, or 2015- for since then.")
@click.option("--task", default="", help="Made for this: imagenet, cifar, mnist, super-resolution, lecture.")
@click.option("--source", metavar="HUB", help="The networks of a library instead: timm, torchvision, hf, ….")
@output_options
def list_(
    pattern: str,
    *,
    year: str | None,
    task: str,
    source: str | None,
    format_: str,
    output: Path | None,
    is_exact: bool,
) -> None:
    """Show every architecture by family, with its year, task, input, parameters, MACs and paper.

    PATTERN is how a word of a name, family, title, author or task begins; one with * or ? is the form of a whole name.
    With --source timm it is looked for in the names of that library, each shown as other commands take it.

    Example: archstat list 'resnet*' --year 2015 --task imagenet
    """
    if source is not None:
        if year is not None or task:
            raise InputError("'--year' and '--task' are known of archstat's own architectures: leave out '--source'.")
        put_table(_of_hub(source, pattern), format_, output, is_exact=is_exact)
        return
    from archstat.networks.settings import parse_years
    from archstat.published.figures import published, select
    from archstat.tables import list_table

    if task and not select(task=task):
        known = dict.fromkeys(each.task for each in published().values())
        raise UnknownNameError.of("task", task, known, f"The tasks are {', '.join(known)}.")
    years = None if year is None else parse_years(year)
    put_table(list_table(select(pattern, years=years, task=task)), format_, output, is_exact=is_exact)


def _of_hub(source: str, pattern: str) -> Table:
    """The networks of a hub whose names have a pattern."""
    from archstat.networks.hub import HUBS, names_in
    from archstat.tables import hub_table

    hub = HUBS.get(source)
    return hub_table(hub.name, hub.about, names_in(hub, pattern))
