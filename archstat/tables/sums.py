"""Several rows of a cost as one."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.language import recorded
from archstat.quantities import rows_under
from archstat.records import LayerCost, ModelCost

SUMMED = LayerCost.__struct_fields__[LayerCost.__struct_fields__.index("output_shape") + 1 : -1]
"""What is added up: every amount of a row."""


def sum_of_rows(path: str, members: Sequence[LayerCost]) -> LayerCost:
    """What rows come to together, under a name of theirs; the output is that of the last.

    >>> row = LayerCost("a", "Linear", "", 1, (1, 2), 6, 6, 6, 0, 6, 0, 2, 8)
    >>> sum_of_rows("both", [row, row]).macs, sum_of_rows("both", [row, row]).kind
    (12, '2 rows')
    """
    last = next((row for row in reversed(members) if row.output_shape), members[-1])
    totals = {name: sum(getattr(row, name) for row in members) for name in SUMMED}
    kind = recorded("{count} rows", count=len(members))
    return LayerCost(path, kind, "", 1, last.output_shape, **totals, is_layer=False)


def layer_of(cost: ModelCost, path: str) -> LayerCost:
    """The row of a layer, or what all rows under a path come to together.

    Raises:
        UnknownNameError: No row lies under that path.
    """
    found = rows_under(path, cost.layers, f"'archstat table {cost.architecture}' shows them.")
    is_one = len(found) == 1 and found[0].layer == path
    return found[0] if is_one else sum_of_rows(path, found)
