"""Which networks and inputs cannot be traced, and what is said of a forward pass that failed."""

from __future__ import annotations

import re

from torch import nn

from archstat.errors import ForwardError, InputError, SourceError, first_line, shortened
from archstat.language import recorded
from archstat.tracing.first_call import is_unfinished
from archstat.tracing.layers import CallTracker, Layers
from archstat.tracing.nested import tensors_in
from archstat.tracing.torch_private import DynamicOutputShapeException


class UnfinishedNetworkError(Exception):
    """The network has, or gets, parameters that only its first call makes."""


def layers_of(model: nn.Module) -> Layers:
    """The layers of a network.

    Raises:
        UnfinishedNetworkError: The network has lazy layers that never ran.
        SourceError: The network is, or holds, a module that ``torch.jit.freeze`` made.
    """
    try:
        layers = Layers(model)
    except (RuntimeError, ValueError):  # what torch says when a lazy parameter is asked for its shape
        if is_unfinished(model):
            raise UnfinishedNetworkError from None
        raise
    _refuse_frozen(layers)
    return layers


def refuse_kept(model: nn.Module) -> None:
    """Refuse a network that keeps a nested tensor which cannot be replaced by a twin, once something failed of it.

    Raises:
        InputError: The network keeps a nested tensor of strided layout, or one as a parameter.
    """
    if any(tensor.is_nested for module in model.modules() for tensor in tensors_in(vars(module))):
        raise InputError(
            "The network keeps a nested tensor of strided layout, or as a parameter, of which torch tells no shapes: "
            "make it with layout=torch.jagged, and keep it as a buffer."
        )


def _refuse_frozen(layers: Layers) -> None:
    for index in layers.scripted:
        if not hasattr(layers.modules[index], "training"):  # which freezing takes away
            raise SourceError(
                f"{layers.title(index)} is frozen: its parameters are constants of its code, which cannot be counted. "
                "Take it as it is before torch.jit.freeze."
            )


_WANTS_VALUES = re.compile(r"\bmeta\b|Inputs? .*BF16|inputs of BF16 type|data-independent|unallocated storage")
"""What torch says of ops that need values always, or in some element types; it names no layers there."""


_IS_STRIDED = re.compile(r"NestedTensorImpl|nested_tensor_from_tensor_list")
"""What torch says where a nested tensor that is no jagged one is looked at, and what makes one."""


def forward_error(error: Exception, path: str | None, op: str) -> ForwardError:
    """What failed, where, and what would do."""
    where = f"in layer {shortened(path, _PATH_MOST)!r}" if path else "in the network's own forward"
    failed = f"The forward pass failed {where}{f', at {op}' if op else ''}"
    if _IS_STRIDED.search(f"{op} {error}"):
        return ForwardError(
            f"{failed}: it makes a nested tensor of strided layout, of which torch tells no shapes. Make it with "
            "layout=torch.jagged, or pad."
        )
    if _wants_values(error):
        # What torch says of an op that it does not implement goes on for pages, and advises to set a private flag.
        is_known = isinstance(error, NotImplementedError | DynamicOutputShapeException)
        said = "" if is_known else f": {shortened(first_line(error).rstrip('.'), _SAID_MOST)}"
        failure = ForwardError(
            f"{failed}: it needs values that tensors on the meta device do not have ({type(error).__name__}{said}). "
            "Give network and inputs values."
        )
        failure.needs_values = True
        return failure
    said = first_line(error).rstrip(".") or "no message"
    return ForwardError(f"{failed}: {type(error).__name__}: {said}.")


def _wants_values(error: Exception) -> bool:
    is_said = isinstance(error, NotImplementedError | RuntimeError) and _WANTS_VALUES.search(str(error))
    return bool(is_said) or isinstance(error, DynamicOutputShapeException)


_PATH_MOST, _SAID_MOST = 120, 120
"""How much is repeated of the path of a layer, and of what torch says."""


def remarks_of(tracker: CallTracker, strangers: int = 0) -> tuple[str, ...]:
    """What a reader must know of how the numbers came about.

    Args:
        tracker: Followed the layers.
        strangers: How many tensors were met that no recorded op made.
    """
    if tracker.elsewhere:
        return (_of_threads(tracker.elsewhere),)
    if strangers == 1:
        return (
            recorded(
                "1 tensor was met that no recorded op made: what other threads do outside of layers is not counted."
            ),
        )
    if strangers:
        told = recorded(
            "{count} tensors were met that no recorded op made: what other threads do outside of layers is not "
            "counted.",
            count=strangers,
        )
        return (told,)
    return ()


def _of_threads(calls: int) -> str:
    """What is said of calls of layers that ran in other threads."""
    if calls == 1:
        return recorded(
            "1 call of layers ran in other threads: they are counted, what those threads did outside of layers is not."
        )
    return recorded(
        "{count} calls of layers ran in other threads: they are counted, what those threads did outside of layers is "
        "not.",
        count=calls,
    )
