"""The command ``archstat training``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import cost_named, training_of
from archstat.cli._options import input_options, output_options, put_table


@command()
@click.argument("name", type=NetworkName())
@click.option("--memory", "is_memory", is_flag=True, help="Show memory: at inference, and what training keeps of it.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@input_options
@output_options
def training(
    name: str, *, is_memory: bool, sort: str | None, format_: str, output: Path | None, is_exact: bool, **given: Any
) -> None:
    """Show what each layer of NAME costs in a training step, forward and backward.

    What the memory of the whole step goes to, with gradients and optimizer, is 'archstat memory NAME --training'.

    Example: archstat training resnet18 --sort backward_macs
    """
    from archstat.tables import memory_table, training_table

    step = training_of(name, **given)
    table = memory_table(cost_named(name, **given), step, sort=sort) if is_memory else training_table(step, sort=sort)
    put_table(table, format_, output, is_exact=is_exact)
