"""The layers of a network as a tree: each module over what is in it, with what that comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archstat.records import LayerCost
from archstat.tables.sums import sum_of_rows

_INDENT = "· "
"""What stands before a name for each module that it lies in; spaces alone are taken away by most formats."""


def as_tree(rows: Sequence[LayerCost]) -> list[LayerCost]:
    """Rows in the order of execution, each module before the rows in it, names set in by how deep they lie.

    A module that runs again later stands again; its sums are those of the rows below it there.
    """
    return list(_below(rows, 0))


def _below(rows: Sequence[LayerCost], depth: int) -> Iterator[LayerCost]:
    start = 0
    while start < len(rows):
        parts = rows[start].layer.split(".")
        end = start + 1
        while end < len(rows) and rows[end].layer.split(".")[: depth + 1] == parts[: depth + 1]:
            end += 1
        members = rows[start:end]
        if len(parts) == depth + 1 or len(members) == 1:
            yield _named(rows[start], ".".join(parts[depth:]), depth)
            start += 1
            continue
        yield sum_of_rows(f"{_INDENT * depth}{parts[depth]}", members)
        yield from _inside(members, depth + 1)
        start = end


def _inside(rows: Sequence[LayerCost], depth: int) -> Iterator[LayerCost]:
    """What is in a module: the rows of its own ops by its name, and its children."""
    start = 0
    while start < len(rows):
        if len(rows[start].layer.split(".")) == depth:
            yield _named(rows[start], rows[start].layer.rpartition(".")[2], depth)
            start += 1
            continue
        end = start
        while end < len(rows) and len(rows[end].layer.split(".")) > depth:
            end += 1
        yield from _below(rows[start:end], depth)
        start = end


def _named(row: LayerCost, name: str, depth: int) -> LayerCost:
    return msgspec.structs.replace(row, layer=f"{_INDENT * depth}{name}")
