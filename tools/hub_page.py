"""Write ``docs/hubs.md`` from the tables of ``tests/hubs``: what is counted of each library, and what is not and why.

Run: ``python tools/hub_page.py``, after ``python tools/hub_results.py HUB``.
"""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any, NamedTuple

from archstat.files.saving import write_whole
from archstat.networks.hub import HUBS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "hubs.md"

HEAD = """# What is counted of each library

Every network of a library was built by its name, without weights, and set beside two other numbers: the parameters that
the library itself tells, and the MACs that torch's own formulas (`torch.utils.flop_counter`, two FLOPs each) give for
the same forward pass. Of transformers it is one network of each model type, of diffusers one of each class.

This page is made by `tools/hub_page.py` from the tables in `tests/hubs`; a sample of every library is counted anew by
`make test`, and all of it by `make hubs`. Of timm, all of whose networks `make hubs` compares, no table is kept.

| library | names | counted, nothing left out | parameters as the library's | MACs as torch's | with ops added |
|---|--:|--:|--:|--:|--:|
"""

LEGEND = """
*With ops added*: the MACs are torch's once those ops are added that it has no formula for; they are named below. What
is missing from a column stands below too, with the reason.
"""

OTHER_MACS = "torch's counter fails on the network."
"""Why torch's formulas give no MACs of some networks; of all others they give the same."""

OTHER_PARAMETERS = (
    "Batch norms are folded into quantized convolutions, and heads that only train are left out; torchvision's numbers "
    "are of the networks before that."
)


class Row(NamedTuple):
    """One network of a table.

    Attributes:
        name: As it is called in its library.
        found: What is written of it.
    """

    name: str
    found: dict[str, Any]

    @property
    def is_counted(self) -> bool:
        """Whether it is counted, with nothing left out."""
        return "why" not in self.found and not self.found["uncounted"]

    @property
    def has_torchs(self) -> bool:
        """Whether torch's formulas give its MACs, once the ops are added that they do not know."""
        named = sum(self.found.get("without_formula", {}).values())
        return self.is_counted and self.found["macs"] == self.found.get("torch_macs", -1) + named

    @property
    def reason(self) -> str:
        """Why it is not counted."""
        left_out = ", ".join(self.found.get("uncounted", ()))
        return str(self.found.get("why") or f"these ops are left out: {left_out}")


def page(tables: dict[str, dict[str, Any]]) -> str:
    """The page.

    Args:
        tables: By hub what its file has.
    """
    rows = {hub: [Row(*each) for each in table["types"].items()] for hub, table in tables.items()}
    summaries = [_summary(hub, tables[hub], rows[hub]) for hub in tables]
    details = [_details(hub, rows[hub]) for hub in tables]
    return "".join([HEAD, *summaries, LEGEND, *details])


def _summary(hub: str, table: dict[str, Any], rows: list[Row]) -> str:
    package = HUBS.get(hub).package
    counted = [row for row in rows if row.is_counted]
    same = [row for row in counted if "library_parameters" not in row.found]
    torchs = [row for row in counted if row.has_torchs]
    added = [row for row in torchs if "without_formula" in row.found]
    numbers = " | ".join(f"{len(each):,}" for each in (rows, counted, same, torchs, added))
    return f"| `{hub}:` {package} {table[package]} | {numbers} |\n"


def _details(hub: str, rows: list[Row]) -> str:
    counted = [row for row in rows if row.is_counted]
    parts = (
        _without_formula(counted),
        _listed("Not the MACs of torch's formulas", [row for row in counted if not row.has_torchs], OTHER_MACS),
        _listed(
            "Not the library's parameters",
            [row for row in counted if "library_parameters" in row.found],
            OTHER_PARAMETERS,
        ),
        _listed(
            "Counted with other fields than the default",
            [row for row in counted if "arguments" in row.found],
            "The default makes no network, or one that takes long.",
        ),
        _left_out([row for row in rows if not row.is_counted]),
    )
    text = "".join(parts)
    return f"\n## {HUBS.get(hub).package}\n{text}" if text else ""


def _without_formula(rows: list[Row]) -> str:
    """The ops that torch has no formula for, those of most networks first."""
    by_op = collections.Counter(op for row in rows for op in row.found.get("without_formula", {}))
    ordered = sorted(by_op.items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"`{op}` ({count})" for op, count in ordered)
    return f"\nOps that torch has no formula for, with the number of networks: {named}.\n" if named else ""


def _listed(what: str, rows: list[Row], why: str) -> str:
    names = ", ".join(f"`{row.name}`" for row in rows)
    return f"\n{what}: {names}. {why}\n" if names else ""


def _left_out(rows: list[Row]) -> str:
    lines = [f"| `{row.name}` | {_in_table(row.reason)} |\n" for row in rows]
    return "".join(["\nNot counted:\n\n| name | why |\n|---|---|\n", *lines]) if lines else ""


def _in_table(text: str) -> str:
    """A reason as one cell: nothing in it is a sign of Markdown's."""
    said = " ".join(text.split())
    said = said if len(said) <= 160 else f"{said[:157].rstrip()}…"
    for sign in "\\`*_|<>[]":
        said = said.replace(sign, f"\\{sign}")
    return said


def tables() -> dict[str, dict[str, Any]]:
    """The tables that are there, by hub."""
    files = {hub: ROOT / "tests" / "hubs" / f"{HUBS.get(hub).package}.json" for hub in HUBS.all()}
    return {hub: json.loads(file.read_text(encoding="utf-8")) for hub, file in sorted(files.items()) if file.exists()}


if __name__ == "__main__":
    write_whole(PAGE, page(tables()))
