"""What goes into a named network, and which input would do where one does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from archstat import units
from archstat.errors import ForwardError, InputError, quoted
from archstat.networks import sources
from archstat.networks.settings import InputSpec, Setting
from archstat.networks.sources import Source
from archstat.records import Shape
from archstat.tracing import trace


def specs_of(source: Source, setting: Setting) -> tuple[InputSpec, ...]:
    """What goes in.

    Raises:
        InputError: None is known, or it is said twice.
    """
    if setting.inputs and setting.resolution:
        raise InputError("'--input' and '--resolution' both say how large the input is: give one of them.")
    if setting.inputs:
        return setting.inputs
    shape = source.input_shape
    if shape is None:
        raise InputError(
            f"Which input does {quoted(source.name)} take? Give its sizes without the batch: '--input 3x224x224'."
        )
    if setting.resolution is None:
        return (InputSpec(shape),)
    if len(shape) != 3:
        raise InputError(f"{quoted(source.name)} takes no image: give '--input' instead of '--resolution'.")
    return (InputSpec((shape[0], setting.resolution, setting.resolution)),)


def tensors_for(model: nn.Module, specs: Sequence[InputSpec], setting: Setting) -> tuple[Tensor, ...]:
    """Inputs without values for a network without values, and with values for another, which may need them."""
    is_meta = any(parameter.is_meta for parameter in model.parameters())
    tensors = []
    for spec in specs:
        dtype = getattr(torch, spec.dtype or setting.dtype)
        on_meta = is_meta and dtype.is_floating_point
        make = torch.empty if on_meta else torch.zeros
        shape = (setting.batch_size, *spec.shape)
        try:
            tensors.append(make(shape, dtype=dtype, device="meta" if on_meta else "cpu"))
        except (RuntimeError, TypeError, OverflowError) as error:
            raise InputError(
                f"No tensor can have {units.shape(shape)} elements of {spec.dtype or setting.dtype}."
            ) from error
    return tuple(tensors)


# -- what would have worked --------------------------------------------------------------------------------------------

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
