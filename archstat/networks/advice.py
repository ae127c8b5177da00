"""Which input would do where a network cannot take the one that it was given: found by trying."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from archstat.errors import ForwardError
from archstat.networks import sources
from archstat.networks.inputs import tensors_for
from archstat.networks.settings import InputSpec, Setting
from archstat.networks.sources import Source
from archstat.records import Shape
from archstat.tracing import trace

_LARGEST_TRIED = 1024
_NEAREST_TRIED = 64


def advice(source: Source, specs: Sequence[InputSpec], setting: Setting) -> str:
    """A sentence on which input the network can take."""
    if source.input_shape is not None and len(specs) == 1 and specs[0].shape != source.input_shape:
        if len(specs[0].shape) != len(source.input_shape) or specs[0].shape[0] != source.input_shape[0]:
            return f" {source.name} takes {'x'.join(map(str, source.input_shape))}."
        return _size_advice(source, source.input_shape, setting)
    if source.input_shape is None and len(specs) == 1 and len(specs[0].shape) == 3:
        return _size_advice(source, specs[0].shape, setting)
    return ""


def _size_advice(source: Source, shape: Shape, setting: Setting) -> str:
    """A square image that works: the smallest, or the nearest for a network that takes one size only."""

    def works(size: int) -> bool:
        model = sources.build_on_meta(source).to(getattr(torch, setting.dtype))
        try:
            trace(model, tensors_for(model, (InputSpec((shape[0], size, size)),), setting))
        except ForwardError:
            return False
        return True

    given = max(shape[1:])
    doubled = (given << power for power in range(_LARGEST_TRIED.bit_length()) if given << power <= _LARGEST_TRIED)
    large_enough = next(filter(works, doubled), None)
    size = _nearest(works, given) if large_enough is None else _smallest(works, large_enough)
    if size is None:
        return ""
    option = f"--input {shape[0]}x{size}x{size}" if source.input_shape is None else f"--resolution {size}"
    return f" An image of {size}x{size} would do: '{option}'."


def _smallest(works: Callable[[int], bool], size: int) -> int:
    """The smallest size that works, by halving below one that does."""
    too_small = 0
    while size - too_small > 1:
        middle = (size + too_small) // 2
        too_small, size = (too_small, middle) if works(middle) else (middle, size)
    return size


def _nearest(works: Callable[[int], bool], given: int) -> int | None:
    """The size nearest to the given one that works."""
    near = (size for step in range(1, _NEAREST_TRIED) for size in (given - step, given + step) if size > 0)
    return next(filter(works, near), None)
