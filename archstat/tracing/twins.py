"""What stands in for the tensors of a network and its inputs where that is replayed with autograd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from archstat.tracing import jagged
from archstat.tracing.nested import tensors_in, with_tensors
from archstat.tracing.torch_private import FakeTensorMode, Jagged
from archstat.tracing.values import in_memory, is_sparse, is_valued


class Twins:
    """What stands in for parameters, buffers and inputs, and whatever else a module holds.

    Floating-point tensors have a fake twin on the device of the step. On the CPU others (token ids, counters, masks)
    are copied with their values, so a network may branch on them.

    Attributes:
        fake: Makes fake tensors.
        device: Where fake tensors are.
    """

    def __init__(self, device: torch.device, *, is_real: bool = False) -> None:
        """Make twins on that device; with ``is_real`` they are copies with values, and the device is the CPU."""
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)  # masks and ids beside them have values
        self.device = device
        self._is_real = is_real
        self._twins: dict[int, tuple[Tensor, Tensor]] = {}

    def of(self, tensor: Tensor) -> Tensor:
        """The twin of a tensor, the same one each time."""
        if id(tensor) not in self._twins:
            self._twins[id(tensor)] = (tensor, self._make(tensor))  # kept alive, so that its id stays its own
        return self._twins[id(tensor)][1]

    def sparse(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Sparse tensors and their twins, where those are dense."""
        return (pair for pair in self.made_of_others() if is_sparse(pair[0]))

    def made_of_others(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Tensors that consist of others, sparse and quantized ones, and their twins, where those are plain."""
        if self._is_real:
            return iter(())
        return (pair for pair in self._twins.values() if all(part is not pair[0] for part in in_memory(pair[0])))

    def inside(self, value: Any) -> Any:
        """A module's attribute with twins of the tensors in it; without tensors the attribute itself."""
        return with_tensors(value, self.of) if tensors_in(value) else value

    def _make(self, tensor: Tensor) -> Tensor:
        if isinstance(tensor, Jagged):
            twin = jagged.twin(tensor, self.of)
        else:
            twin = tensor.detach().cpu().clone() if self._has_values(tensor) else self._fake_twin(tensor)
        if isinstance(tensor, nn.Parameter):
            return nn.Parameter(twin, tensor.requires_grad)
        return twin.requires_grad_(tensor.requires_grad and tensor.is_leaf)  # an input may ask for its gradient too

    def _has_values(self, tensor: Tensor) -> bool:
        is_known = not is_valued(tensor) and not is_sparse(tensor) and self.device.type == "cpu"
        return not tensor.is_meta and (self._is_real or is_known)

    def _fake_twin(self, tensor: Tensor) -> Tensor:
        with self.fake:
            if is_sparse(tensor):  # torch knows no sparse fake tensors; what is stored is remembered beside
                return torch.empty(tensor.size(), dtype=tensor.dtype, device=self.device)
            return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=self.device)
