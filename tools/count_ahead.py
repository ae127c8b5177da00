"""Write ``archstat/counted.zip``, which goes into the wheel: what every architecture of ours costs.

Run before the wheel is built: ``python tools/count_ahead.py``. An answer from the file needs no torch.
"""

from __future__ import annotations

import archstat
from archstat.analysis.ahead import FILE, member_of, write_ahead
from archstat.analysis.kept import entry_of
from archstat.networks.ingredients import Ingredients
from archstat.registry import architectures

LARGEST_BYTES = 1_000_000
"""A wheel that grew by more would cost everybody more than it saves."""


def entries() -> dict[str, bytes]:
    """The cost of every architecture, as it is kept."""
    found = {}
    for name in architectures:
        entry = entry_of(Ingredients(), archstat.count(name))
        assert entry is not None, name
        found[member_of("cost", name)] = entry
    return found


if __name__ == "__main__":
    write_ahead(FILE, entries())
    if FILE.stat().st_size > LARGEST_BYTES:
        FILE.unlink()
        raise SystemExit(f"{FILE.name} would be larger than {LARGEST_BYTES:,} bytes.")
