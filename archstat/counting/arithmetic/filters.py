"""The filters of a convolution or a linear layer: how large they are, how many, and what they work on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from archstat.counting.arguments import QUANTIZED_CONVOLUTIONS, QUANTIZED_TRANSPOSED, arg, args, first
from archstat.counting.arithmetic.sizes import EXTENTS
from archstat.counting.arithmetic.terms import TERMS
from archstat.counting.arithmetic.windows import Extent, Spread, Window
from archstat.records import Filters, OpCall


def filters_of(ops: Sequence[OpCall]) -> Filters | None:
    """The filters of the only op among these that multiplies; ``None``: there is none, or its sizes are not known."""
    multiplying = [op for op in ops if op.op in TERMS]
    if len(multiplying) != 1 or multiplying[0].op not in _FILTERS:
        return None
    return _FILTERS[multiplying[0].op](multiplying[0])


def _linear(call: OpCall) -> Filters:
    *outputs, features = arg(call, "weight").shape
    return Filters(tuple(first(call).shape), tuple(call.outputs[0].shape), math.prod(outputs), features)


def _added(call: OpCall) -> Filters | None:
    """``bias + x · weights``, these being ``(in, out)``; not a product of two activations."""
    taken, weight = args(call, "a b")
    if weight.storage >= 0:
        return None
    features, outputs = weight.shape
    return Filters(tuple(taken.shape), tuple(call.outputs[0].shape), outputs, features)


def _convolution(call: OpCall) -> Filters:
    """Weights are ``(out, in/groups, *kernel)``, and ``(in, out/groups, *kernel)`` of a transposed convolution."""
    count, maps, *_ = arg(call, "weight").shape
    extents = EXTENTS[call.op](call)
    return Filters(
        tuple(first(call).shape),
        tuple(call.outputs[0].shape),
        count,
        maps,
        tuple([_window(each).kernel for each in extents]),
        tuple([_window(each).stride for each in extents]),
        tuple([_padding(_window(each)) for each in extents]),
        tuple([_window(each).dilation for each in extents]),
        arg(call, "groups"),
        call.op in _TRANSPOSED,
    )


def _window(extent: Extent) -> Window | Spread:
    if not isinstance(extent, (Window, Spread)):
        raise TypeError(f"A convolution has windows, and no {type(extent).__name__}.")
    return extent


def _padding(window: Window | Spread) -> tuple[int, int]:
    return (window.padding, window.padding) if isinstance(window, Spread) else window.padding


_CONVOLUTIONS = f"conv1d conv2d conv3d {QUANTIZED_CONVOLUTIONS}".split()
_TRANSPOSED = f"conv_transpose1d conv_transpose2d conv_transpose3d {QUANTIZED_TRANSPOSED}".split()
_FILTERS: dict[str, Callable[[OpCall], Filters | None]] = {
    "linear": _linear,
    "addmm": _added,
    **dict.fromkeys((*_CONVOLUTIONS, *_TRANSPOSED), _convolution),
}
"""One entry is one op, and how its filters are read from its arguments."""
