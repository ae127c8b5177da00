"""The command ``archstat compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import measurements_named, network_of
from archstat.cli._options import (
    columns_asked,
    convention_option,
    input_options,
    output_options,
    put_table,
    refuse_counting,
)
from archstat.cli._progress import watched


@command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=NetworkName())
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@click.option("--protocol", default="", metavar="NAME", help="Compare errors by this protocol, as '10-crop'.")
@convention_option
@input_options
@output_options
def compare(
    names: tuple[str, ...],
    *,
    sort: str | None,
    protocol: str,
    convention: str | None,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show the totals of several networks, one row each, beside what was published.

    A NAME with * or ? stands for every architecture of that form: '*' for all of them. Files of 'archstat measure' are
    compared with each other: a row for each measurement, those of like conditions together.

    Example: archstat compare 'vgg*' googlenet resnet50 --sort macs
    """
    from archstat.published.figures import expand
    from archstat.tables import compare_table, measured_compare_table
    from archstat.tables.networks import MORE_OF_NETWORKS, more_of_networks
    from archstat.tables.selection import keeping

    names = tuple(expand(names))
    measurements = measurements_named(names)
    if measurements is not None:
        refuse_counting(["convention", "protocol", *given])
        put_table(measured_compare_table(measurements, sort=sort), format_, output, is_exact=is_exact)
        return
    networks = [network_of(name, **given) for name in watched(names)]
    tallies = [network.tally(convention) for network in networks] if convention else []
    costs = [network.cost for network in networks]
    more = more_of_networks([key for key in MORE_OF_NETWORKS if key in (*columns_asked(), sort)], networks)
    table = compare_table(costs, sort=sort, tallies=tallies, protocol=protocol, more=more)
    asked = [sort, *(("top1_error", "top5_error") if protocol else ())]
    put_table(keeping(table, asked), format_, output, is_exact=is_exact, more_columns=list(MORE_OF_NETWORKS))
