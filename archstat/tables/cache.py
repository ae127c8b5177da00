"""What a cache holds."""

from __future__ import annotations

from pathlib import Path

from archstat import units
from archstat.files.cache import VARIABLE, CacheSize
from archstat.language import say
from archstat.tables.columns import Table, number, path

_COLUMNS = (
    path("folder", "Folder"),
    number("results", "Results"),
    number("bytes", "Size", units.data_size),
    number("limit_bytes", "Limit", units.data_size),
)


def cache_table(found: tuple[Path, CacheSize, int] | None, *, is_cleared: bool = False) -> Table:
    """One row: where results are kept, how many, what they take and may take.

    Args:
        found: The folder, what is in it, and the most bytes that it may take; ``None``: nothing is kept.
        is_cleared: Whether the results were thrown away.
    """
    title = say("Results that were thrown away") if is_cleared else say("Results that are kept")
    if found is None:
        return Table(_COLUMNS, (), title, (say("{variable} says that nothing is kept.", variable=VARIABLE),))
    folder, size, limit = found
    return Table(_COLUMNS, ((str(folder), size.entries, size.nbytes, limit),), title)
