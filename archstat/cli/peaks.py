"""The command ``archstat peaks``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archstat.cli._commands import command
from archstat.cli._measuring import device_options
from archstat.cli._options import output_options, put, put_long, put_table

if TYPE_CHECKING:
    from archstat.records import Precision


@command()
@device_options
@output_options
def peaks(
    device: str, precision: Precision, threads: int | None, format_: str, output: Path | None, *, is_exact: bool
) -> None:
    """Measure the best that a device does: its fastest matrix product and copy, and its shortest call.

    They are the roof that layers are held against. It takes about three seconds; '--format json' keeps it in a file
    for 'archstat roofline --peaks'.

    Example: archstat peaks --device cpu --threads 1
    """
    from archstat.files.results import peaks_to_json
    from archstat.files.saving import check_place
    from archstat.measuring.environment.devices import check_threads, find_device
    from archstat.measuring.peaks import measure_peaks
    from archstat.tables import peaks_table

    found = find_device(device)
    check_threads(found, threads)
    if output is not None:
        check_place(output)
    measured = measure_peaks(found, precision, threads)

    def show(place: Path | None) -> None:
        if format_ == "json":
            put(peaks_to_json(measured), place)
        else:
            put_table(peaks_table(measured), format_, place, is_exact=is_exact)

    put_long(output, show)
