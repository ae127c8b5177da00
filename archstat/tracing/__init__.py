"""A network and its inputs → :class:`archstat.records.Trace`: one forward pass without arithmetic."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import msgspec
import torch
from torch import Tensor, nn

from archstat.errors import ForwardError
from archstat.records import StorageLife, Trace
from archstat.tracing import torch_private
from archstat.tracing.attributes import Kept
from archstat.tracing.casting import CastingRecorder, trace_on_fake_tensors
from archstat.tracing.failures import UnfinishedNetworkError, forward_error, layers_of, refuse_kept, remarks_of
from archstat.tracing.first_call import MADE, with_first_call
from archstat.tracing.gradients import trace_with_gradients
from archstat.tracing.higher_order import AboveAutograd
from archstat.tracing.jagged import has_jagged, jagged_shapes, make_ready, twin
from archstat.tracing.layers import CallTracker, Layers
from archstat.tracing.modes import Switches, alone, undoing, without_garbage_collection
from archstat.tracing.nested import tensors_in, with_twins
from archstat.tracing.recorder import Recorder
from archstat.tracing.survivors import with_remarks_on
from archstat.tracing.torch_private import Jagged
from archstat.tracing.values import dtype_of, is_valued, meta_twin
from archstat.tracing.watching import (
    AutocastEnteredError,
    GradientsAskedError,
    NestedMetError,
    Watch,
    asks_for_gradients,
)

__all__ = ["trace"]


def trace(model: nn.Module, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> Trace:
    """Run one forward pass at inference and record it.

    The network may live on any device, the meta device included. It is left exactly as it was found: parameters,
    buffers, attributes, ``training`` flags, hooks and the random number generator, also if its ``forward`` raises.
    Nothing is computed that depends on parameters or floating-point inputs. Only where the network needs such values
    (it branches on them, or an op does not work without them) is it run for real.

    Args:
        model: The network.
        args: The inputs of the network; tensors, or anything that holds tensors.
        kwargs: The inputs of the network by name.

    Raises:
        ForwardError: The network's own ``forward`` raised; its error is the cause.
        SourceError: The network is, or holds, a module that ``torch.jit.freeze`` made: that has no parameters.
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
    except (RuntimeError, AttributeError):
        refuse_kept(model)
        raise


def _trace(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_first: bool = True) -> Trace:
    """Trace without values if that is possible, else for real."""
    layers = layers_of(model)
    is_nested = has_jagged([*layers.nested, *tensors_in((args, kwargs))])
    with alone(layers.modules) as has_waited:
        layers = Layers(model) if has_waited else layers
        kept = Kept(layers.modules, (args, kwargs))
        try:
            found = _run_or_compute(layers, kept, args, kwargs, is_first=is_first, is_nested=is_nested)
        except GradientsAskedError:
            found = None
        if found is None:
            kept.restore(is_last=False)
            found = trace_with_gradients(layers, kept, args, kwargs, is_first=is_first)
    return with_remarks_on(kept.remaining, found)


def _run_or_compute(
    layers: Layers, kept: Kept, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_first: bool, is_nested: bool
) -> Trace:
    """Trace below autograd.

    Raises:
        GradientsAskedError: The forward pass asks for gradients, of which nothing is known there.
    """
    try:
        return _run_without_values(layers, kept, args, kwargs, is_first=is_first, is_nested=is_nested)
    except ForwardError:
        if any(tensor.is_meta for tensor in (*layers.own, *tensors_in((args, kwargs)))):
            raise
    kept.restore(is_last=False)  # the second pass begins as the first one did
    try:
        return _run(layers, kept, args, kwargs, "real", is_first=is_first, is_nested=is_nested)
    except NestedMetError:
        kept.restore(is_last=False)
    return _run(layers, kept, args, kwargs, "real", is_first=is_first, is_nested=True)


def _run_without_values(
    layers: Layers, kept: Kept, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_first: bool, is_nested: bool
) -> Trace:
    """On meta, or where autocast or a nested tensor must know a device, on fake tensors of that."""
    if not (is_nested or torch_private.has_autocast()):
        try:
            return _run(layers, kept, args, kwargs, "meta", is_first=is_first)
        except (AutocastEnteredError, NestedMetError) as error:
            is_nested = isinstance(error, NestedMetError)
        kept.restore(is_last=False)
    home = torch.device("cpu") if is_nested else _home(layers, (args, kwargs))  # there, lengths have values
    return trace_on_fake_tensors(layers, kept, args, kwargs, home, is_first=is_first)


def _run(
    layers: Layers,
    kept: Kept,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    forward: Literal["meta", "real"],
    *,
    is_first: bool,
    is_nested: bool = False,
) -> Trace:
    """Run the network once, on copies of its inputs, and leave it as it was.

    Raises:
        UnfinishedNetworkError: The network made its layers in this, its first call.
        ForwardError: The forward pass failed.
    """
    given, device = tensors_in((args, kwargs)), _home(layers, (args, kwargs))
    args, kwargs = with_twins((args, kwargs), _without_values if forward == "meta" else _copying())
    inputs = tensors_in((args, kwargs))
    kind = Recorder if forward == "meta" else functools.partial(CastingRecorder, is_nested=is_nested)
    recorder = kind(layers.own, device, copies=_others(inputs, given))
    tracker, switches, watch = CallTracker(layers, recorder), Switches(device), Watch(is_on_meta=forward == "meta")

    def undo() -> None:
        watch.put_back()
        switches.put_back()
        tracker.leave()
        kept.restore()

    def run() -> tuple[StorageLife, ...]:
        switches.set()
        watch.set()
        with _above_autograd(is_nested=is_nested):
            return _forward(tracker, recorder, args, kwargs)

    try:
        lives = undoing(undo, run)
        has_made = is_first and tracker.made()
    except Exception as error:
        raise _failure(error, tracker, recorder) from error
    finally:
        strangers = recorder.strangers_to(inputs) if watch.saw_threads() else 0
        _let_go(recorder, tracker, kept)
    if has_made:
        raise UnfinishedNetworkError
    return _trace_of(layers, tracker, recorder, inputs, forward=forward, lives=lives, strangers=strangers)


def _above_autograd(*, is_nested: bool) -> AbstractContextManager[None]:
    """Where nested tensors are seen: their class answers above autograd, and has no kernels below it."""
    if not is_nested:
        return nullcontext()
    make_ready()
    return AboveAutograd()


def _failure(error: Exception, tracker: CallTracker, recorder: Recorder) -> BaseException:
    """What the failure of a forward pass is for who called, with the layer and the op in which it happened."""
    if asks_for_gradients(error):
        return GradientsAskedError()
    return forward_error(error, tracker.failed_in, recorder.failed_at)


def _trace_of(
    layers: Layers,
    tracker: CallTracker,
    recorder: Recorder,
    inputs: Sequence[Tensor],
    *,
    forward: Literal["meta", "real"],
    lives: tuple[StorageLife, ...],
    strangers: int,
) -> Trace:
    """What was recorded of a pass that is over; ``strangers`` tensors came from no op that was recorded."""
    return Trace(
        forward=forward,
        layers=tuple(layers.specs),
        calls=tuple(tracker.calls),
        ops=tuple(recorder.ops),
        parameters=tuple(layers.parameters),
        storages=lives,
        inputs=jagged_shapes(inputs),
        dtype=dtype_of([*inputs, *layers.own]),
        remarks=remarks_of(tracker, strangers if strangers and not _is_on_meta(layers) else 0),
    )


def _forward(
    tracker: CallTracker, recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[StorageLife, ...]:
    """Run the network while the recorder looks on; the life of every piece of memory, outputs being held to the end."""
    tracker.enter()
    with torch.no_grad(), torch_private.beneath_autograd(), recorder:
        out = tracker.run(*args, **kwargs)
    lives = recorder.lives()
    del out
    return lives


def _let_go(recorder: Recorder, tracker: CallTracker, kept: Kept) -> None:
    """Watch memory no more, and remember what is still there once the pass is let go of."""
    kept.remaining += recorder.remaining()
    tracker.close()
    recorder.close()


def _is_on_meta(layers: Layers) -> bool:
    """Whether the network has tensors without values, as then may be what it keeps elsewhere."""
    return any(tensor.is_meta for tensor in layers.own)


def _home(layers: Layers, inputs: Any) -> torch.device:
    """Where the network is."""
    tensors = (*layers.own, *tensors_in(inputs))
    return next((tensor.device for tensor in tensors if not tensor.is_meta), torch.device("cpu"))


def _others(tensors: Sequence[Tensor], than: Sequence[Tensor]) -> list[Tensor]:
    known = set(map(id, than))
    return [tensor for tensor in tensors if id(tensor) not in known]


def _copying() -> Callable[[Tensor], Tensor]:
    """What copies tensors, each once: sequences that share their offsets still do."""

    @functools.cache
    def copy(tensor: Tensor) -> Tensor:
        return twin(tensor, copy) if isinstance(tensor, Jagged) else tensor.clone()

    return copy


def _without_values(tensor: Tensor) -> Tensor:
    """A floating-point input as its twin; ids and masks keep their values, in a copy that may be written to."""
    if tensor.is_meta:
        return tensor
    return meta_twin(tensor) if is_valued(tensor) else tensor.clone()
