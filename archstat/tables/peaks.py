"""The best that a device does."""

from __future__ import annotations

from archstat import units
from archstat.files.choosing import threads_text
from archstat.language import retold, say
from archstat.records import Peaks
from archstat.tables.columns import Table, number
from archstat.tables.reasons import reason_told

_COLUMNS = (
    number("flops_per_s", "Products", lambda rate: units.rate(rate, "FLOP/s")),
    number("bytes_per_s", "Copies", lambda rate: units.rate(rate, "B/s")),
    number("ridge_flops_per_byte", "Ridge", lambda rate: units.rate(rate, "FLOP/B")),
    number("call_s", "Shortest call", units.seconds),
)


def peaks_table(peaks: Peaks) -> Table:
    """One row: the roofs of products and of memory, where they meet, and the time that no call is shorter than."""
    threads = "" if peaks.threads is None else f" · {retold(threads_text(peaks.threads))}"
    row = (peaks.flops_per_s, peaks.bytes_per_s, peaks.ridge, peaks.call_s)
    return Table(
        _COLUMNS,
        (row,),
        f"{peaks.device_name} · {peaks.precision}{threads}",
        (
            say("Ridge: a layer with fewer FLOPs for each byte is limited by memory, one with more by products."),
            retold(peaks.how),
            *(f"{reason.code}: {reason_told(reason)}" for reason in peaks.reasons),
        ),
    )
