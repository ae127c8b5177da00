"""Several networks: a row for each, beside what was published of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.published import Counted, ErrorRate, Figure, Published
from archstat.records import ModelCost
from archstat.tables.columns import MACS, PARAMETERS, Column, Table, number, path
from archstat.tables.network import uncounted_in

_MARKS = {"exact": "", "rounds": "", "truncated": " ↓", "differs": " ≠"}


def _printed(figure: Figure) -> str:
    """A figure, what it counts if that is not what stands beside it, and how our count relates to it."""
    convention = f" ({figure.convention})" if figure.convention in ("weights", "conv") else ""
    return f"{figure.printed}{convention}{_MARKS[figure.verdict]}"


_COMPARE_COLUMNS = (
    path("architecture", "Architecture"),
    Column("input_shape", "Input", units.shape),
    PARAMETERS,
    Column("published_parameters", "published", _printed),
    MACS,
    Column("published_macs", "published", _printed),
    number("flops", "FLOPs", gives_way=6),
    number("activation_bytes", "Memory", units.data_size, gives_way=4),
    number("peak_activation_bytes", "Peak", units.data_size, gives_way=5),
    number("top1_error", "Top-1 error %", lambda rate: f"{rate:g}", gives_way=1),
    number("top5_error", "Top-5 error %", lambda rate: f"{rate:g}", gives_way=3),
    Column("protocol", "Protocol", gives_way=2),
)


def compare_table(costs: Sequence[ModelCost], published: dict[str, Published], counted: dict[str, Counted]) -> Table:
    """One row for each network: its totals beside what was published of it.

    Args:
        costs: The networks.
        published: What was published, by name.
        counted: What the architectures cost as published, by name: a variant of one, or another input, differs from it.
    """
    names = [cost.architecture.partition("(")[0] for cost in costs]
    rows = [_compared(cost, published.get(name), counted.get(name)) for name, cost in zip(names, costs, strict=True)]
    notes = [f"{cost.architecture}: not counted: {uncounted_in(cost)}." for cost in costs if cost.uncounted]
    errors = "Errors are those of the first protocol listed for each; unlike protocols do not compare."
    has_errors = any(row[-1] for row in rows)
    return Table(_COMPARE_COLUMNS, tuple(rows), "", (*_reasons(rows), *notes, *([errors] if has_errors else [])))


def _reasons(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Why a printed figure is not ours rounded."""
    figures = [
        (row[0], name, row[place]) for row in rows for place, name in ((3, "parameters"), (5, "MACs")) if row[place]
    ]
    cut = ["↓ printed digits are cut off, not rounded."] if any(f.verdict == "truncated" for *_, f in figures) else []
    return cut + [
        f"≠ {architecture}, {name} {figure.printed}: {figure.why}."
        for architecture, name, figure in figures
        if figure.verdict == "differs"
    ]


def _compared(cost: ModelCost, about: Published | None, own: Counted | None) -> tuple[Any, ...]:
    error = about.errors[0] if about is not None and about.errors else ErrorRate("", "")
    shape = cost.input_shapes[0] if cost.input_shapes else ()
    return (
        cost.architecture,
        shape,
        cost.parameters,
        _figure(about, "parameters", cost, own),
        cost.macs,
        _figure(about, "macs", cost, own),
        cost.flops,
        cost.activation_bytes,
        cost.peak_activation_bytes,
        error.top1,
        error.top5,
        error.protocol,
    )


def _figure(about: Published | None, name: str, cost: ModelCost, own: Counted | None) -> Figure | None:
    """What was published; its verdict is that on this count."""
    figure: Figure | None = getattr(about, name, None)
    count = getattr(cost, name)
    if figure is None or count == getattr(own, name, None):
        return figure
    why = "published for another variant or input"
    return msgspec.structs.replace(figure, verdict=units.parse(figure.printed).verdict(count), why=why)


_LIST_COLUMNS = (
    path("architecture", "Architecture"),
    Column("year", "Year", least=4),
    PARAMETERS,
    MACS,
    Column("title", "Paper"),
)


def list_table(published: dict[str, Published], counted: dict[str, Counted], pattern: str = "") -> Table:
    """Every architecture whose name, title, authors or task holds the pattern."""
    rows = [
        (name, about.year, counted[name].parameters, counted[name].macs, f"{about.title}. {about.authors}")
        for name, about in published.items()
        if pattern.lower() in f"{name} {about.title} {about.authors} {about.task}".lower()
    ]
    return Table(
        _LIST_COLUMNS, tuple(rows), notes=() if rows else (f"No name, title, author or task holds {pattern!r}.",)
    )
