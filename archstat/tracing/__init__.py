"""A network and its inputs → :class:`archstat.records.Trace`: one forward pass without arithmetic."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import torch
from torch import Tensor, nn

from archstat.errors import ForwardError, InputError, SourceError, first_line, shortened
from archstat.records import StorageLife, Trace
from archstat.tracing.attributes import Kept
from archstat.tracing.first_call import MADE, is_unfinished, with_first_call
from archstat.tracing.layers import CallTracker, Layers
from archstat.tracing.modes import Switches, alone, undoing, without_garbage_collection
from archstat.tracing.nested import tensors_in, with_twins
from archstat.tracing.recorder import Recorder
from archstat.tracing.values import is_valued, meta_twin

__all__ = ["trace"]


def trace(model: nn.Module, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> Trace:
    """Run one forward pass at inference and record it.

    The network may live on any device, the meta device included. It is left exactly as it was found: parameters,
    buffers, attributes, ``training`` flags, hooks and the random number generator, also if its ``forward`` raises.
    Nothing is computed that depends on parameters or floating-point inputs. Only where the network needs such values
    (it branches on them, or an op does not work without them) is it run for real.

    Args:
        model: The network.
        args: Its inputs; tensors, or anything that holds tensors.
        kwargs: Its inputs by name.

    Raises:
        ForwardError: The network's own ``forward`` raised; its error is the cause.
        SourceError: It is, or holds, a module that ``torch.jit.freeze`` made: that has no parameters.
    """
    model = getattr(model, "_orig_mod", model)  # the module inside a compiled one; compiling again would be slow
    return without_garbage_collection(functools.partial(_trace_or_finish, model, args, dict(kwargs or {})))


def _trace_or_finish(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
    """Trace the network as it is, or as its first call leaves it."""
    try:
        return _trace(model, args, kwargs)
    except UnfinishedNetworkError:
        made = with_first_call(model, args, kwargs, lambda twin: _trace(twin, args, kwargs, is_first=False))
        return msgspec.structs.replace(made, remarks=(MADE, *made.remarks))


class UnfinishedNetworkError(Exception):
    """The network has, or gets, parameters that only its first call makes."""


def layers_of(model: nn.Module) -> Layers:
    """The layers of a network.

    Raises:
        UnfinishedNetworkError: It has lazy layers that never ran.
        SourceError: It is, or holds, a module that ``torch.jit.freeze`` made.
    """
    try:
        layers = Layers(model)
    except (RuntimeError, ValueError):  # what torch says when a lazy parameter is asked for its shape
        if is_unfinished(model):
            raise UnfinishedNetworkError from None
        raise
    _refuse_frozen(layers)
    return layers


def _trace(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_first: bool = True) -> Trace:
    """Trace without values if that is possible, else for real."""
    layers = layers_of(model)
    refuse_nested((args, kwargs))
    with alone(layers.modules) as has_waited:
        layers = Layers(model) if has_waited else layers
        kept = Kept(layers.modules, (args, kwargs))
        try:
            return _run(layers, kept, args, kwargs, "meta", is_first=is_first)
        except ForwardError:
            if any(tensor.is_meta for tensor in (*layers.own, *tensors_in((args, kwargs)))):
                raise
        kept.restore(is_last=False)  # the second pass begins as the first one did
        return _run(layers, kept, args, kwargs, "real", is_first=is_first)


def _run(
    layers: Layers,
    kept: Kept,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    forward: Literal["meta", "real"],
    *,
    is_first: bool,
) -> Trace:
    given = tensors_in((args, kwargs))
    device = next((tensor.device for tensor in (*layers.own, *given) if not tensor.is_meta), torch.device("cpu"))
    args, kwargs = with_twins((args, kwargs), _without_values if forward == "meta" else torch.clone)
    inputs = tensors_in((args, kwargs))
    copies = _others(inputs, given)
    recorder = Recorder(layers.own, device, is_real=forward == "real", copies=copies)
    tracker, switches = CallTracker(layers, recorder), Switches(device)

    def undo() -> None:
        switches.put_back()
        tracker.leave()
        kept.restore()

    def run() -> tuple[StorageLife, ...]:
        switches.set()
        tracker.enter()
        with torch.no_grad(), torch._C._AutoDispatchBelowADInplaceOrView(), recorder:
            out = tracker.run(*args, **kwargs)
        lives = recorder.lives()
        del out
        return lives

    try:
        lives = undoing(undo, run)
        has_made = tracker.made()
    except Exception as error:
        raise _failure(error, tracker.failed_in, recorder.failed_at) from error
    finally:
        recorder.close()
        tracker.close()
    if is_first and has_made:
        raise UnfinishedNetworkError
    return Trace(
        forward=forward,
        layers=tuple(layers.specs),
        calls=tuple(tracker.calls),
        ops=tuple(recorder.ops),
        parameters=tuple(layers.parameters),
        storages=lives,
        inputs=tuple(tuple(tensor.shape) for tensor in inputs),
        dtype=_dtype([*inputs, *layers.own]),
        remarks=_remarks(tracker),
    )


def _remarks(tracker: CallTracker) -> tuple[str, ...]:
    """What a reader must know of how the numbers came about."""
    if not tracker.elsewhere:
        return ()
    calls = f"{tracker.elsewhere} {'call' if tracker.elsewhere == 1 else 'calls'} of layers"
    return (f"{calls} ran in other threads: they are counted, what those threads did outside of layers is not.",)


def _others(tensors: Sequence[Tensor], than: Sequence[Tensor]) -> list[Tensor]:
    known = set(map(id, than))
    return [tensor for tensor in tensors if id(tensor) not in known]


def refuse_nested(inputs: Any) -> None:
    """Refuse inputs whose rows are of different lengths in one tensor.

    Raises:
        InputError: There is one.
    """
    if any(tensor.is_nested for tensor in tensors_in(inputs)):
        raise InputError(
            "A nested tensor goes in, of which torch tells no shapes without values: pad it to one length."
        )


def _refuse_frozen(layers: Layers) -> None:
    for index in layers.scripted:
        if not hasattr(layers.modules[index], "training"):  # which freezing takes away
            raise SourceError(
                f"{layers.title(index)} is frozen: its parameters are constants of its code, which cannot be counted. "
                "Take it as it is before torch.jit.freeze."
            )


def _without_values(tensor: Tensor) -> Tensor:
    """A floating-point input as its twin; ids and masks keep their values, in a copy that may be written to."""
    if tensor.is_meta:
        return tensor
    return meta_twin(tensor) if is_valued(tensor) else tensor.clone()


_WANTS_VALUES = re.compile(r"\bmeta\b|Inputs? .*BF16|inputs of BF16 type|data-independent")
"""What torch says of ops that need values always, or in some element types; it names no layers there."""


def _failure(error: Exception, path: str | None, op: str) -> ForwardError:
    """What failed, where, and what would do."""
    where = f"in layer {shortened(path, _PATH_MOST)!r}" if path else "in the network's own forward"
    failed = f"The forward pass failed {where}{f', at {op}' if op else ''}"
    if isinstance(error, NotImplementedError | RuntimeError) and _WANTS_VALUES.search(str(error)):
        # What torch says of an op that it does not implement goes on for pages, and advises to set a private flag.
        said = (
            ""
            if isinstance(error, NotImplementedError)
            else f": {shortened(first_line(error).rstrip('.'), _SAID_MOST)}"
        )
        failure = ForwardError(
            f"{failed}: it needs values that tensors on the meta device do not have ({type(error).__name__}{said}). "
            "Give network and inputs values."
        )
        failure.needs_values = True
        return failure
    said = first_line(error).rstrip(".") or "no message"
    return ForwardError(f"{failed}: {type(error).__name__}: {said}.")


_PATH_MOST, _SAID_MOST = 120, 120
"""How much is repeated of the path of a layer, and of what torch says."""


def _dtype(tensors: Iterable[Tensor]) -> str:
    """The type of the first floating-point tensor."""
    found = next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), "none")
    return str(found).removeprefix("torch.")
