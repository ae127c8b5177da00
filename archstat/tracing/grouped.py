"""Products of groups of rows without values: torch's kernel for that refuses types that its other kernels take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_BYTES = 16
"""What the strides of rows must be a multiple of, in each kernel."""


def _grouped_mm(
    a: Tensor,
    b: Tensor,
    offs: Tensor | None = None,
    bias: Tensor | None = None,
    out_dtype: torch.dtype | None = None,
) -> Tensor:
    """``(n, k) · (g, k, m)`` → ``(n, m)``, and the other three pairs of a matrix and a stack of them.

    Raises:
        RuntimeError: No kernel takes these sizes or types.
    """
    if a.dtype is b.dtype is torch.bfloat16 or a.dtype is not b.dtype or a.dtype not in _TAKEN:
        return torch.ops.aten._grouped_mm.default(a, b, offs, bias, out_dtype)  # type: ignore[no-any-return]
    rank_a, rank_b = a.dim(), b.dim()
    if not (2 <= rank_a <= 3 and 2 <= rank_b <= 3):
        raise RuntimeError(f"Multiplicands must be 2D or 3D but got mat_a.dim()={rank_a} and mat_b.dim()={rank_b}")
    if (rank_a == 3 or rank_b == 3) and a.shape[-1] != b.shape[-2]:
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if (offs is None) == (rank_a == 2 or rank_b == 2):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if not (_is_aligned(a) and _is_aligned(b)):
        raise RuntimeError("strides should be multiple of 16 bytes")
    groups = () if rank_a != rank_b else (a.shape[0],) if rank_a == 3 else (offs.shape[0],)  # type: ignore[union-attr]
    return a.new_empty((*groups, a.shape[-2], b.shape[-1]), dtype=out_dtype)


_TAKEN = frozenset({torch.float32, torch.float16})
"""The types that torch's kernel without values refuses, and the others take."""


def _is_aligned(matrix: Tensor) -> bool:
    """Whether rows, or columns, follow each other at a distance that kernels can read at once."""
    far, near = matrix.stride()[-2:]
    distance = far if near == 1 else near
    return 1 in {near, far} and distance * matrix.element_size() % _BYTES == 0


GROUPED: dict[Any, Callable[..., Tensor]] = (
    {torch.ops.aten._grouped_mm.default: _grouped_mm} if hasattr(torch.ops.aten, "_grouped_mm") else {}
)
"""The op → what is run in its place without values; older versions of torch have it not."""
