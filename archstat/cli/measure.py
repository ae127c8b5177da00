"""The command ``archstat measure``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._measuring import (
    NOTHING,
    Finished,
    device_options,
    exit_code_of,
    finish,
    layer_tables,
    progress_bar,
    session_of,
    time_option,
)
from archstat.cli._names import NetworkName
from archstat.cli._options import output_options, put, put_long, put_tables
from archstat.cli._streams import tell
from archstat.errors import InputError


@command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=NetworkName())
@click.option("--input", "inputs", multiple=True, metavar="SIZES", help="Without the batch: 3x224x224, 128:int64.")
@click.option("--sequence", type=click.IntRange(1), help="The length of sequences.")
@click.option("--resolution", type=click.IntRange(1), help="Height and width of the image.")
@click.option("--batch-size", "batch_sizes", default="1", show_default=True, metavar="N,...", help="Inputs at once.")
@device_options
@click.option("--layers", is_flag=True, help="Also measure each layer, and the best that the device does.")
@click.option("--energy", is_flag=True, help="Also measure power and energy, which takes minutes.")
@click.option(
    "--meter", metavar="NAME", help="What energy is measured with: nvml, rapl; by default what the device has."
)
@click.option("--channels-last", is_flag=True, help="Keep images with their channels innermost.")
@click.option("--compile", "compiled", is_flag=True, help="Run the network through torch.compile.")
@time_option(30, "The most that the samples of one network and batch take.")
@click.option("--save", type=click.Path(path_type=Path), help="Write each result into this folder.")
@click.option("--dry-run", is_flag=True, help="Only show what would be measured, and how long it takes at most.")
@output_options
def measure(
    names: tuple[str, ...],
    *,
    save: Path | None,
    dry_run: bool,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Measure the latency and the memory of networks, and on request their layers and their energy.

    Networks take turns, so that what disturbs meets all of them alike. Each number comes with its interval and with
    what ended the measurement; what cannot be measured is left out, with the reason. Ctrl-C keeps what is finished.
    With --layers, CSV has the networks only: 'archstat roofline NAME FILE' has the layers.

    Exit code 3: energy was asked for and could not be measured.

    Example: archstat measure lenet5 --batch-size 1,8 --max-time 1
    """
    from archstat.files.results import measurements_to_json
    from archstat.tables import latency_table, plan_table

    if given["meter"] is not None and not given["energy"]:
        raise InputError("'--meter' says what energy is measured with: add '--energy'.")

    with progress_bar() as progress:
        session = session_of(names, progress, **given)
        measured, unsaved = Finished([]) if dry_run else finish(session, save, output)
    if dry_run:
        put_tables([plan_table(session.plan())], format_, output, is_exact=is_exact)
        return

    def show(place: Path | None) -> None:
        if format_ == "json":
            put(measurements_to_json(measured), place)
            return
        layers = layer_tables(session, measured)
        tables = [latency_table(measured, has_energy=given["energy"]), *layers]
        put_tables(tables[:1] if format_ == "csv" else tables, format_, place, is_exact=is_exact)

    put_long(output, show)
    if unsaved is not None:
        raise unsaved
    code = exit_code_of(session, measured, wants_energy=given["energy"])
    if code == NOTHING:
        reasons = [reason.text for each in measured for reason in each.reasons]
        tell(f"Error: No network could be measured: {next(iter(reasons), 'there was no time')}")
    raise click.exceptions.Exit(code)
