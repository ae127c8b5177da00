"""Write ``archstat/architectures/counted.json``: our totals of every architecture, which ``archstat list`` shows."""

from __future__ import annotations

import json
from pathlib import Path

import archstat
from archstat.registry import architectures
from archstat.results import write_whole

FILE = Path(archstat.__file__).parent / "architectures" / "counted.json"


def totals() -> dict[str, dict[str, int]]:
    """Parameters and MACs by name."""
    costs = {name: archstat.count(name) for name in architectures}
    return {name: {"parameters": cost.parameters, "macs": cost.macs} for name, cost in costs.items()}


if __name__ == "__main__":
    write_whole(FILE, json.dumps(totals(), indent=1) + "\n")
