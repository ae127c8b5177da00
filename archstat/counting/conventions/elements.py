"""What a convention counts besides our number of a row, where it counts elements of tensors and no operations."""

from __future__ import annotations

from collections.abc import Sequence

from archstat.counting.conventions.convention import Use
from archstat.records import LayerCost

# -- activations -------------------------------------------------------------------------------------------------------

_PRODUCING = frozenset(
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear addmm bmm".split()
)
"""The ops whose outputs fvcore takes for activations."""


def _produced(uses: Sequence[Use]) -> int:
    return sum(use.made for use in uses if use.call.op in _PRODUCING)


def without_products(row: LayerCost, uses: Sequence[Use]) -> int:
    """What a layer without convolutions or products hands on, which is not counted."""
    return 0 if _produced(uses) else -row.activations


def inside_of_layers(row: LayerCost, uses: Sequence[Use]) -> int:
    """By how much the outputs of a layer's convolutions and products are more than what it hands on."""
    produced = _produced(uses)
    return produced - row.activations if produced else 0


# -- parameters --------------------------------------------------------------------------------------------------------

_COUNTERS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
"""Layers of torch one of whose buffers counts batches."""


def _is_batch_norm(row: LayerCost) -> bool:
    return row.kind in _COUNTERS or row.kind == "BatchNormalization"


def running_statistics(row: LayerCost, uses: Sequence[Use]) -> int:  # noqa: ARG001 - one signature for all
    """The running means and variances of batch normalization."""
    if not _is_batch_norm(row):
        return 0
    return max(row.buffers - (row.kind in _COUNTERS), 0)


def other_buffers(row: LayerCost, uses: Sequence[Use]) -> int:  # noqa: ARG001
    """Buffers that are no statistics of batch normalization."""
    return 0 if _is_batch_norm(row) else row.buffers
