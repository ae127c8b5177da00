"""What the rules of :mod:`archstat.counting.rules` and :mod:`archstat.counting.backward_rules` are written with."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import zip_longest
from typing import TypeVar

from archstat.records import Cost, OpCall, Shape, TensorSpec

#: ``None`` where shapes do not tell the cost; the op is then named as uncounted.
CostRule = Callable[[OpCall], "Cost | None"]

FREE = Cost()

FLOATS = frozenset(
    "float16 float32 float64 bfloat16 complex32 complex64 complex128 float8_e4m3fn float8_e5m2 float8_e4m3fnuz "
    "float8_e5m2fnuz".split()
)

_R = TypeVar("_R", bound=CostRule)


def into(table: dict[str, CostRule]) -> Callable[[str], Callable[[_R], _R]]:
    """A decorator that enters a rule into the table under some names."""

    def enter(names: str) -> Callable[[_R], _R]:
        def decorate(rule: _R) -> _R:
            table.update(dict.fromkeys(names.split(), rule))
            return rule

        return decorate

    return enter


def has_floats(call: OpCall) -> bool:
    """Whether an op takes a floating-point number."""
    return any(spec.dtype in FLOATS for spec in call.tensors())


def numel(spec: TensorSpec) -> int:
    """The elements that are worked on: of a sparse tensor those that it stores."""
    return spec.stored if spec.stored is not None and spec.stored >= 0 else math.prod(spec.shape)


def out(call: OpCall) -> int:
    """The elements of the first output."""
    return numel(call.outputs[0])


def broadcast(*shapes: Shape) -> Shape:
    """The shape that they are broadcast to; of grouped heads the most."""
    sizes = list(zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1))[::-1]  # shapes are aligned at their ends
    return tuple([0 if 0 in axis else max(axis) for axis in sizes])


def per_output(flops: int) -> CostRule:
    """A rule of so many FLOPs for each output element."""
    return lambda call: Cost(0, flops * out(call))
