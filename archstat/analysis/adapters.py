"""Adapters beside the layers of a network, as PEFT puts them there: what they cost, and what the network does."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from torch import nn

from archstat import units
from archstat.language import recorded
from archstat.records import LayerCost

_LAYER = ("peft.tuners.tuners_utils", "BaseTunerLayer")
"""PEFT's base class of a layer with adapters, which has the network's own layer inside of it, its ``base_layer``."""


def adapted_layers(model: nn.Module) -> list[str]:
    """The paths of the layers that have adapters."""
    if "peft" not in sys.modules:  # each class of each network would have to be asked
        return []
    return [path for path, module in model.named_modules() if _is_adapted(type(module))]


def _is_adapted(kind: type) -> bool:
    return any((base.__module__, base.__name__) == _LAYER for base in kind.__mro__)


def adapter_remark(model: nn.Module, rows: Sequence[LayerCost]) -> str:
    """What the adapters of a network cost apart from it; ``""`` for a network without adapters.

    All that a layer with adapters has and does beside its own layer is theirs.
    """
    adapted = adapted_layers(model)
    if not adapted:
        return ""
    outside = tuple(f"{path}." for path in adapted)
    inside = tuple(f"{path}.base_layer." for path in adapted)

    def is_theirs(path: str) -> bool:
        return f"{path}.".startswith(outside) and not f"{path}.".startswith(inside)

    parameters = sum(value.numel() for path, value in model.named_parameters() if is_theirs(path))
    macs = sum(row.macs for row in rows if is_theirs(row.layer))
    all_parameters, all_macs = sum(row.parameters for row in rows), sum(row.macs for row in rows)
    return recorded(
        "Adapters: {first} parameters and {second} MACs, beside {number} parameters and {count} MACs of the network.",
        first=units.exact(parameters),
        second=units.exact(macs),
        number=units.exact(all_parameters - parameters),
        count=units.exact(all_macs - macs),
    )
