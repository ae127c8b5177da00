"""The command ``archstat memory``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import memory_of
from archstat.cli._options import input_options, output_options, put, put_table
from archstat.errors import InputError
from archstat.networks.settings import OPTIMIZER_NAMES, TrainingSetting


@command()
@click.argument("name", type=NetworkName())
@click.option("--training", "is_training", is_flag=True, help="Of a training step, not of inference.")
@click.option("--optimizer", type=click.Choice(OPTIMIZER_NAMES), help="With --training; sgd if none is given.")
@click.option("--amp", is_flag=True, help="With --training: run the forward pass under autocast to bfloat16.")
@click.option("--fit", metavar="SIZE", help="Find the largest batch that takes no more memory than this, as 16GiB.")
@input_options
@output_options
def memory(
    name: str,
    *,
    is_training: bool,
    optimizer: str | None,
    amp: bool,
    fit: str | None,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show what the memory of NAME goes to, and the most that it takes at once.

    At inference a row is a tensor that is alive at the peak; with --training it is a layer, and what it keeps for the
    backward pass.

    Example: archstat memory resnet18 --training --optimizer adam --batch-size 32
    """
    from archstat.files.results import memory_to_json
    from archstat.tables import step_memory_table

    if (optimizer or amp) and not is_training:
        raise InputError("'--amp' and '--optimizer' are of a training step: add '--training'.")
    training = TrainingSetting(optimizer or "sgd", amp) if is_training else None
    found, batch = memory_of(name, training, fit, **given)
    if format_ == "json":
        put(memory_to_json(found, batch), output)
    else:
        put_table(step_memory_table(found, batch), format_, output, is_exact=is_exact)
