"""Modules that only hand a network on: what is inside is what is counted, and the result says so."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

_INNER = {
    ("torch._dynamo.eval_frame", "OptimizedModule"): "_orig_mod",
    ("torch.nn.parallel.data_parallel", "DataParallel"): "module",
    ("torch.nn.parallel.distributed", "DistributedDataParallel"): "module",
    ("deepspeed.runtime.engine", "DeepSpeedEngine"): "module",
}
"""Where the class is defined, and what it is called → the attribute that is the network."""


class Unwrapped(NamedTuple):
    """A network without what it is wrapped in.

    Attributes:
        model: The network.
        wrappers: The classes of the wrappers, the outermost first.
    """

    model: nn.Module
    wrappers: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """What a reader must know of it, ``""`` of a network without wrappers."""
        return f"Counted inside of {' and '.join(self.wrappers)}." if self.wrappers else ""


def unwrapped(model: nn.Module) -> Unwrapped:
    """A network without wrappers of torch's, or of a framework's, that only hand it on.

    Of ``FullyShardedDataParallel`` the outside is counted: what is inside has no parameters of its own.
    """
    names: list[str] = []
    while (attribute := _INNER.get((type(model).__module__, type(model).__name__))) is not None:
        inner = getattr(model, attribute, None)
        if not isinstance(inner, nn.Module):
            break
        names.append(type(model).__name__)
        model = inner
    return Unwrapped(model, tuple(names))
