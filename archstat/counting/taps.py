"""How many elements the windows and filters of an op meet, of which its rule is made and that of its gradient."""

from __future__ import annotations

import math

from archstat.counting.arguments import arg, args
from archstat.records import OpCall, Shape, TensorSpec

LINEAR = 0
"""Torch's number of linear interpolation."""

MODES = {LINEAR: 2, 1: 1, 2: 4}
"""The taps along an axis by torch's number of the way to interpolate: linear, nearest, cubic."""

_SUPPORTS = {"bilinear": 2, "bicubic": 4, "lanczos": 6}


def window_elements(x: Shape, out: Shape, axes: int) -> int:
    """The elements of all windows of one adaptive pooling: window i of o covers ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉."""
    total = math.prod(out[:-axes])
    for size, windows in zip(x[-axes:], out[-axes:], strict=True):
        total *= sum(-(-(i + 1) * size // windows) - i * size // windows for i in range(windows))
    return int(total)


def antialiased(call: OpCall, axis: int, size: int, out: int) -> int:
    """The taps of all outputs along an axis of antialiased resampling; where it shrinks, the filter is as much wider.

    Args:
        call: The op, or its gradient.
        axis: 0 for the height, 1 for the width.
        size: How many elements the axis has.
        out: How many elements the axis is resampled to.
    """
    scale = _step(size, out, args(call, "scales_h scales_w")[axis], corners=bool(arg(call, "align_corners")))
    reach = _SUPPORTS[call.op.removeprefix("upsample_").partition("2d")[0]] / 2 * max(scale, 1.0)
    centres = [scale * (i + 0.5) for i in range(out)]
    # Taps beyond an edge are left out, not padded.
    return sum(min(int(c + reach + 0.5), size) - max(int(c - reach + 0.5), 0) for c in centres)


def _step(size: int, out: int, factor: float | None, *, corners: bool) -> float:
    """How many old elements lie between two new ones."""
    if corners:
        return (size - 1) / (out - 1) if out > 1 else 0.0
    return 1 / factor if factor else size / out


def ctc_places(scores: TensorSpec, targets: TensorSpec) -> int:
    """How often a step of CTC loss meets a label or one of the blanks around it."""
    steps, *batch, _ = scores.shape
    labels = targets.shape
    is_padded = len(labels) > 1 or not batch  # else the labels of all stand one after the other
    longest = labels[-1] if is_padded else -(-math.prod(labels) // max(batch[0], 1))
    return steps * math.prod(batch) * (2 * longest + 1)
