"""Which layers of two networks belong together, and which of them moved a total most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from archstat.records import LayerCost

Pair = tuple["LayerCost | None", "LayerCost | None"]
"""A row of one network and the row of another one that belongs to it; ``None``: there is none."""


def matched(a: Sequence[LayerCost], b: Sequence[LayerCost]) -> list[Pair]:
    """Rows that belong together: by path and run first, then by kind and shape in the order of execution.

    Of rows that are alike, those in the same module belong together rather than those of two modules: a block that
    lost its shortcut keeps its layers, however they are called in it.
    """
    places = {(row.layer, row.call, _family(row)): j for j, row in reversed(list(enumerate(b)))}
    partner: dict[int, int] = {}
    for i, row in enumerate(a):
        key = (row.layer, row.call, _family(row))
        if key in places:
            partner[i] = places.pop(key)
    for depth in range(max((row.layer.count(".") for row in a), default=0), -1, -1):
        _pair_alike(a, b, depth, partner)
    return _woven(a, b, partner)


def _pair_alike(a: Sequence[LayerCost], b: Sequence[LayerCost], depth: int, partner: dict[int, int]) -> None:
    """Pair rows without a partner that are of one kind and shape, and whose paths begin with so many equal parts."""
    taken = set(partner.values())
    free: dict[tuple[Any, ...], list[int]] = {}
    for j, row in enumerate(b):
        if j not in taken:
            free.setdefault(_alike_at(row, depth), []).append(j)
    for i, row in enumerate(a):
        if i not in partner and (candidates := free.get(_alike_at(row, depth))):
            partner[i] = candidates.pop(0)


def _alike_at(row: LayerCost, depth: int) -> tuple[Any, ...]:
    return (*row.layer.split(".")[:depth], row.kind, row.detail, row.output_shape)


def _family(row: LayerCost) -> str:
    """A layer keeps its place when its class changes; ops within one layer are told apart by their names."""
    return "" if row.is_layer else row.kind


def _woven(a: Sequence[LayerCost], b: Sequence[LayerCost], partner: dict[int, int]) -> list[Pair]:
    """A's rows in order, each with its partner; rows of B alone stand where they run in B, after those of A alone."""
    of_b = {j: i for i, j in partner.items()}
    followers: dict[int, list[int]] = {}
    after = -1
    for j in range(len(b)):
        if j in of_b:
            after = of_b[j]
        else:
            followers.setdefault(after, []).append(j)
    pairs: list[Pair] = []
    waiting = followers.get(-1, [])
    for i, row in enumerate(a):
        if i in partner:
            pairs += [(None, b[j]) for j in waiting]
            pairs.append((row, b[partner[i]]))
            waiting = followers.get(i, [])
        else:
            pairs.append((row, None))
    return pairs + [(None, b[j]) for j in waiting]


class Move(msgspec.Struct, frozen=True):
    """What one layer adds to the change of a total.

    Attributes:
        layer: The path of the layer, in the second network if it is there.
        before: What the layer comes to in the first network; ``None``: it is not there.
        after: What the layer comes to in the second network; ``None``: it is not there.
    """

    layer: str
    before: int | None
    after: int | None

    @property
    def change(self) -> int:
        """By how much the total moved because of the layer."""
        return (self.after or 0) - (self.before or 0)


def moves(a: Sequence[LayerCost], b: Sequence[LayerCost], quantity: str) -> list[Move]:
    """The layers whose part of a total changed, those that moved it most first, equal ones in the order of execution.

    Args:
        a: The rows of the first network.
        b: The rows of the second network.
        quantity: An attribute of rows: ``"macs"``.
    """
    found = [_move(*pair, quantity) for pair in matched(a, b)]
    return sorted((each for each in found if each.change), key=lambda each: -abs(each.change))


def _move(a: LayerCost | None, b: LayerCost | None, quantity: str) -> Move:
    row = b if b is not None else a
    path = "" if row is None else row.layer
    before, after = (None if each is None else getattr(each, quantity) for each in (a, b))
    return Move(path, before, after)
