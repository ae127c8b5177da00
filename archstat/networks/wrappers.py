"""Modules that only hand a network on: what is inside is what is counted, and the result says so."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from archstat.language import recorded
from archstat.tracing.unsharded import is_sharded, sharders, unsharded

_INNER = {
    ("torch._dynamo.eval_frame", "OptimizedModule"): "_orig_mod",
    ("torch.nn.parallel.data_parallel", "DataParallel"): "module",
    ("torch.nn.parallel.distributed", "DistributedDataParallel"): "module",
    ("deepspeed.runtime.engine", "DeepSpeedEngine"): "module",
    ("peft.tuners.tuners_utils", "BaseTuner"): "model",
}
"""Where the class is defined, and what it is called → the attribute that is the network."""

_OF_ADAPTERS = ("peft.peft_model", "PeftModel")
"""Hands a network with adapters on, which is itself a wrapper; with prompts it does work of its own."""


class Unwrapped(NamedTuple):
    """A network without what it is wrapped in.

    Attributes:
        model: The network.
        wrappers: The classes of the wrappers, the outermost first.
        sharders: What has sharded the network or parts of it, each once.
    """

    model: nn.Module
    wrappers: tuple[str, ...] = ()
    sharders: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """What a reader must know of it, ``""`` of a network without wrappers."""
        wrappers, sharders = " and ".join(self.wrappers), " and ".join(self.sharders)
        if wrappers and sharders:
            return recorded(
                "Counted inside of {wrappers}. Counted as it is before {sharders}: parameters whole, without "
                "communication.",
                wrappers=wrappers,
                sharders=sharders,
            )
        if sharders:
            return recorded(
                "Counted as it is before {sharders}: parameters whole, without communication.", sharders=sharders
            )
        return recorded("Counted inside of {wrappers}.", wrappers=wrappers) if wrappers else ""


def unwrapped(model: nn.Module) -> Unwrapped:
    """A network without wrappers of torch's, or of a framework's, that only hand it on; a sharded one as it was whole.

    Of a network that FSDP has sharded it is a twin without values, the parameters whole.
    """
    names: list[str] = []
    while (inner := _inside(model)) is not None:
        names.append(type(model).__name__)
        model = inner
    if not is_sharded(model):
        return Unwrapped(model, tuple(names))
    return Unwrapped(unsharded(model), tuple(names), sharders(model))


def _inside(model: nn.Module) -> nn.Module | None:
    """The network that a module hands on; ``None`` if it is no wrapper."""
    classes = {(base.__module__, base.__name__) for base in type(model).__mro__}
    inner = next((getattr(model, _INNER[each], None) for each in _INNER if each in classes), None)
    if _OF_ADAPTERS in classes:
        inner = getattr(model, "base_model", None)
        if inner is None or _inside(inner) is None:
            return None
    return inner if isinstance(inner, nn.Module) else None
