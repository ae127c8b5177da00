"""The command ``archstat roofline``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import measured_of
from archstat.cli._options import input_options, output_options, put_table


@command()
@click.argument("name", type=NetworkName())
@click.argument("measurement", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--peaks", metavar="PEAKS", help="The device's best: a file, or '1.2e12,2e11' FLOP/s and bytes/s.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@input_options
@output_options
def roofline(
    name: str,
    measurement: Path,
    *,
    peaks: str | None,
    sort: str | None,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show the times of the layers of NAME beside their work, and what holds each layer back.

    FILE is what 'archstat measure NAME --layers --save FOLDER' wrote. NAME is counted as it was measured; where FILE
    holds several measurements of it, '--batch-size' and '--dtype' choose.

    Example: archstat roofline alexnet reports/cnn-architectures/results/alexnet-cpu-fp32-b1.json --sort time_s
    """
    from archstat.tables import measured_table

    network, found, best = measured_of(name, measurement, peaks, **given)
    table = measured_table(network.cost, network.traffic(), found, best, sort=sort)
    put_table(table, format_, output, is_exact=is_exact)
