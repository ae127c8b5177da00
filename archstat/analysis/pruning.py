"""What pruning by masks has left of a network: dense kernels do the whole work all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from archstat import units
from archstat.records import LayerCost


class MaskedWeight(NamedTuple):
    """A weight with a mask, as ``torch.nn.utils.prune`` leaves it.

    Attributes:
        layer: The path of its layer.
        kept: The weights that are not masked.
        total: All weights.
    """

    layer: str
    kept: int
    total: int


def masked_weights(model: nn.Module) -> Iterator[MaskedWeight]:
    """The weights of a network that have masks with values; biases are left out, as they multiply nothing."""
    for path, module in model.named_modules():
        mask = getattr(module, "weight_mask", None)
        if not isinstance(mask, Tensor) or not isinstance(getattr(module, "weight_orig", None), nn.Parameter):
            continue
        if not mask.is_meta:
            yield MaskedWeight(path, int(mask.count_nonzero()), mask.numel())


def pruning_remark(model: nn.Module, rows: Sequence[LayerCost]) -> str:
    """What the masks of a network leave of its weights and MACs; ``""`` for a network without masks.

    Each weight of a convolution or a linear layer takes part in as many multiply-accumulates as every other one, so
    what is left of the layer's is in proportion.
    """
    masked = list(masked_weights(model))
    if not masked:
        return ""
    macs = sum(row.macs for row in rows)
    left = macs
    for each in masked:
        own = sum(row.macs for row in rows if row.layer == each.layer)
        left -= own * (each.total - each.kept) // max(each.total, 1)
    kept, total = sum(each.kept for each in masked), sum(each.total for each in masked)
    return (
        f"Pruned by masks: {units.exact(kept)} nonzero weights of {units.exact(total)} that are masked. MACs are those "
        f"of dense kernels; without the masked weights they are {units.exact(left)}."
    )
