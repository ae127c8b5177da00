"""What goes into a named network, and which input would do where one does not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from archstat import units
from archstat.errors import InputError, quoted
from archstat.networks.settings import InputSpec, Setting
from archstat.networks.sources import Source


def specs_of(source: Source, setting: Setting) -> tuple[InputSpec, ...]:
    """What goes in.

    Raises:
        InputError: None is known, or it is said twice.
    """
    if setting.inputs and setting.resolution:
        raise InputError(
            "The sizes of the input and its resolution both say how large it is: give one of them.",
            helps={"inputs": "", "resolution": ""},
        )
    if setting.inputs:
        return setting.inputs
    shape = source.input_shape
    if shape is None:
        raise InputError(
            f"Which input does {quoted(source.name)} take? Give its sizes without the batch, such as 3x224x224.",
            helps={"inputs": "3x224x224"},
        )
    if setting.resolution is None:
        return (InputSpec(shape),)
    if len(shape) != 3:
        raise InputError(
            f"{quoted(source.name)} takes no image: give the sizes of its input instead of a resolution.",
            helps={"inputs": ""},
        )
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
