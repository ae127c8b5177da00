"""Which tensors have values in a trace, and what stands in for those that have none."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from archstat.tracing.torch_private import is_traceable_wrapper_subclass

META = torch.device("meta")


_COMPRESSED = {
    torch.sparse_csr: (Tensor.crow_indices, Tensor.col_indices),
    torch.sparse_bsr: (Tensor.crow_indices, Tensor.col_indices),
    torch.sparse_csc: (Tensor.ccol_indices, Tensor.row_indices),
    torch.sparse_bsc: (Tensor.ccol_indices, Tensor.row_indices),
}


def is_sparse(tensor: Tensor) -> bool:
    """Whether a tensor stores some of its elements only, in whichever order."""
    return tensor.layout is torch.sparse_coo or tensor.layout in _COMPRESSED


def parts(tensor: Tensor) -> tuple[Tensor, ...]:
    """The tensors that a sparse or a jagged one consists of, its elements first; of another one itself."""
    if tensor.layout is torch.strided:
        return (tensor,)
    if tensor.layout is torch.sparse_coo:
        return tensor._values(), tensor._indices()
    if tensor.layout is torch.jagged:
        jagged: Any = tensor
        return tuple([part for part in (jagged._values, jagged._offsets, jagged._lengths) if part is not None])
    indices = _COMPRESSED.get(tensor.layout)
    return (tensor,) if indices is None else (tensor.values(), *[of(tensor) for of in indices])


def held(tensor: Tensor) -> tuple[Tensor, ...]:
    """The tensors in whose memory it lies: of one that is made of others, such as a DTensor, those."""
    if not is_traceable_wrapper_subclass(tensor):
        return parts(tensor)
    inside = [getattr(tensor, name) for name in tensor.__tensor_flatten__()[0]]  # a mesh of devices among them
    return tuple([part for value in inside if isinstance(value, Tensor) for part in held(value)])


def in_memory(tensor: Tensor) -> tuple[Tensor, ...]:
    """What holds the numbers of a tensor: of a quantized one, small whole numbers and their scales.

    What is distributed counts whole, and not as the part that one process has of it.
    """
    return (tensor,) if hasattr(tensor, "device_mesh") else held(tensor)


def stored(tensor: Tensor) -> int | None:
    """How many elements a sparse tensor stores, -1 for one without values, of which that is not known."""
    if not is_sparse(tensor):
        return None
    return parts(tensor)[0].numel() or (-1 if tensor.is_meta else 0)


def is_valued(tensor: Tensor) -> bool:
    """Whether a tensor holds measured quantities: these are what a trace does without.

    A sparse one keeps its elements: how many there are, and where, decides what it costs.
    """
    return (tensor.is_floating_point() or tensor.is_complex()) and not is_sparse(tensor)


def meta_twin(tensor: Tensor) -> Tensor:
    """A tensor of the same size, strides and type without values; of a sparse one a dense twin."""
    if is_sparse(tensor):
        return torch.empty(tensor.size(), dtype=tensor.dtype, device=META)
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=META)


def empty(size: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A contiguous tensor without values; torch makes it in half the time if it is told the strides."""
    rank = len(size)
    if rank == 4:
        _, channels, height, width = size
        rows = height * width
        strides: tuple[int, ...] = (channels * rows, rows, width, 1)
    elif rank == 3:
        _, rows, width = size
        strides = (rows * width, width, 1)
    else:
        return torch.empty(size, dtype=dtype, device=META)
    if not strides[0]:  # where there are no elements, torch has strides of its own
        return torch.empty(size, dtype=dtype, device=META)
    return torch.empty_strided(size, strides, dtype=dtype, device=META)


def elements_made(name: str, args: tuple[Any, ...]) -> int:
    """How large a tensor is at most that an op makes of sizes (``zeros``) or of numbers (``arange``, ``eye``)."""
    if name == "scalar_tensor":
        return 1  # its number is a value
    sizes = [math.prod(arg) for arg in args if arg.__class__ is list]
    if sizes:
        return max(sizes)
    numbers = [math.ceil(abs(arg)) for arg in args if isinstance(arg, int | float) and math.isfinite(arg)]
    if name == "eye" and len(numbers) == 1:
        numbers *= 2
    return math.prod(numbers) if name in {"eye", "tril_indices", "triu_indices"} else sum(numbers)


def rng_states(device: torch.device) -> list[tuple[Callable[[Tensor], None], Tensor]]:
    """The state of the random number generators that a network on that device draws from, and how to put it back."""
    states: list[tuple[Callable[[Tensor], None], Tensor]] = [(torch.set_rng_state, torch.get_rng_state())]
    if device.type == "cuda":
        states.append((functools.partial(torch.cuda.set_rng_state, device=device), torch.cuda.get_rng_state(device)))
    return states


def known_indices(index: Any) -> Any:
    """A mask with values selects as many elements as it has true ones: its indices say how many that is."""
    is_known_mask = isinstance(index, Tensor) and index.dtype is torch.bool and not index.is_meta and index.dim() == 1
    return index.nonzero(as_tuple=True)[0] if is_known_mask else index


def dtype_of(tensors: Sequence[Tensor]) -> str:
    """The element type of the first floating-point tensor, ``"none"`` if there is none."""
    found = next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), "none")
    return str(found).removeprefix("torch.")
