"""Whether memory holds a network that has to be run for real."""

from __future__ import annotations

import psutil
from torch import nn

from archstat import units
from archstat.errors import ForwardError


def refuse_too_large(model: nn.Module, error: ForwardError) -> None:
    """Refuse to run for real what memory does not hold: making it would end the process, or others.

    Args:
        model: The network without values.
        error: What values are needed for.

    Raises:
        ForwardError: The parameters alone are larger than what is free.
    """
    needed = sum(parameter.nbytes for parameter in model.parameters())
    free = psutil.virtual_memory().available
    if needed > free:
        raise ForwardError(
            f"{error} Its parameters alone take {units.data_size(needed)}, and {units.data_size(free)} of memory are "
            "free."
        ) from error
