"""Budgets in tests: a pytest plugin with the fixture ``archstat_budget``.

.. code-block:: python

    def test_the_model_stays_small(archstat_budget):
        archstat_budget(Net(), torch.empty(1, 3, 224, 224), macs="<= 4.1G", parameters=25_557_032)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from torch import nn


def assert_cost(model: nn.Module | str, *inputs: Any, layer: str = "", **limits: str | int) -> None:
    """Fail where a network costs more, or less, than it is allowed to.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes, on any device, also meta; an architecture of ours needs none.
        layer: The path of a layer, a block or a stage; ``""``: the whole network.
        limits: By quantity (:data:`archstat.quantities.QUANTITIES`): a bound (``"<= 4.1G"``), or the number as printed.

    Raises:
        AssertionError: A limit does not hold; the message lists every one that does not.
        ArchstatError: There is no such quantity or layer, or the network cannot be analysed.
    """
    from archstat.analysis.inference import analyse_model
    from archstat.claims import shown_value, verdict_on
    from archstat.quantities import part_of, unit_of, value_of

    __tracebackhide__ = True
    part = part_of(analyse_model(model, *inputs), layer)
    found = {quantity: value_of(part, quantity) for quantity in limits}
    broken = [
        f"{quantity} is {shown_value(value, '', unit_of(quantity))}, not {limits[quantity]}"
        for quantity, value in found.items()
        if verdict_on(str(limits[quantity]), value, unit_of(quantity)) in ("does not hold", "truncated")
    ]
    if broken:
        name = f"{layer} of {part.network.cost.architecture}" if layer else part.network.cost.architecture
        raise AssertionError(f"{name}: {'; '.join(broken)}")


@pytest.fixture
def archstat_budget() -> Callable[..., None]:
    """:func:`assert_cost`, for a test."""
    return assert_cost
