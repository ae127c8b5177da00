"""What pruning by masks has left of a network: dense kernels do the whole work all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from archstat import units
from archstat.language import recorded
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


class Pruned(NamedTuple):
    """What the masks of a network leave.

    Attributes:
        weights: The elements of all weights that have masks.
        nonzero_weights: The elements of these weights that are not masked.
        effective_macs: The MACs without those of masked weights.
    """

    weights: int
    nonzero_weights: int
    effective_macs: int

    @property
    def remark(self) -> str:
        """What a reader must know of it."""
        return recorded(
            "Pruned by masks: {first} nonzero weights of {second} that are masked. MACs are those of dense kernels; "
            "without the masked weights they are {number}.",
            first=units.exact(self.nonzero_weights),
            second=units.exact(self.weights),
            number=units.exact(self.effective_macs),
        )


def pruned(model: nn.Module, rows: Sequence[LayerCost]) -> Pruned | None:
    """What the masks of a network leave of its weights and MACs; ``None`` for a network without masks.

    Each weight of a convolution or a linear layer takes part in as many multiply-accumulates as every other one, so
    what is left of the layer's is in proportion.
    """
    masked = list(masked_weights(model))
    if not masked:
        return None
    left = sum(row.macs for row in rows)
    for each in masked:
        own = sum(row.macs for row in rows if row.layer == each.layer)
        left -= own * (each.total - each.kept) // max(each.total, 1)
    return Pruned(sum(each.total for each in masked), sum(each.kept for each in masked), left)
