"""Write ``archstat/published/counted.json``: what ``archstat list`` shows of every architecture without torch."""

from __future__ import annotations

from pathlib import Path

import msgspec

import archstat
from archstat.files.saving import write_whole
from archstat.published.figures import ListedArchitecture
from archstat.registry import Architecture, architectures

FILE = Path(archstat.__file__).parent / "published" / "counted.json"


def known(entry: Architecture) -> ListedArchitecture:
    """What the file holds of one architecture."""
    cost = archstat.count(entry.name)
    return ListedArchitecture(entry.family, entry.input_shape, entry.arguments, cost.parameters, cost.macs)


if __name__ == "__main__":
    lines = [f' "{name}": {msgspec.json.encode(known(entry)).decode()}' for name, entry in architectures.all().items()]
    write_whole(FILE, "{\n" + ",\n".join(lines) + "\n}\n")
