"""A network that only its first call completes: lazy layers, and layers that ``forward`` makes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from archstat.errors import ForwardError, first_line, shortened
from archstat.language import recorded
from archstat.tracing.attributes import Kept
from archstat.tracing.modes import Switches, below_autograd, undoing
from archstat.tracing.nested import tensors_in, with_twins
from archstat.tracing.recorder import Recorder

_Result = TypeVar("_Result")
_SAID_MOST = 160

MADE = recorded("Counted as it is after its first call, which makes layers or parameters.")
"""What a reader must know of such a network."""


def is_unfinished(model: nn.Module) -> bool:
    """Whether the network has lazy layers that never ran."""
    return any(map(is_lazy, [*model.parameters(), *model.buffers()]))


def with_first_call(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], run: Callable[[nn.Module], _Result]
) -> _Result:
    """Run something with a copy of the network as its first call leaves it; the network itself is not touched.

    The call is a real one, unless network or inputs have no values. What the copy shares with the network (the
    variables around a hook, a global) is put back.

    Raises:
        ForwardError: The network cannot be copied, or the call fails.
    """
    kept = Kept(list(model.modules()), (args, kwargs))

    def put_back() -> None:
        kept.restore(is_last=False)

    return undoing(put_back, lambda: run(_after_first_call(model, args, kwargs)))


def _after_first_call(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> nn.Module:
    try:
        return _called(model, args, kwargs, has_gradients=False)
    except ForwardError as error:
        if "does not require grad" not in str(error):
            raise
    return _called(model, args, kwargs, has_gradients=True)


def _called(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, has_gradients: bool) -> nn.Module:
    try:
        twin = copy.deepcopy(model, _copies_of_tensors(model))
    except Exception as error:
        raise ForwardError(
            f"The network makes layers when it first runs, and cannot be copied ({type(error).__name__}: "
            f"{shortened(first_line(error), _SAID_MOST)}): run it once yourself."
        ) from error
    # Of the modules that are there before the call: one that it makes keeps the flag that it is made with.
    flags = [module.training for module in twin.modules()]
    known = list(twin.modules())
    twin.eval()
    switches = Switches(torch.device("cpu"))

    def run() -> None:
        switches.set()
        _run(twin, args, dict(kwargs), has_gradients=has_gradients)

    try:
        undoing(switches.put_back, run)
    except Exception as error:
        raise ForwardError(
            f"The first call of the network failed: {type(error).__name__}: {first_line(error)}"
        ) from error
    for module, flag in zip(known, flags, strict=True):
        module.training = flag
    return twin


def _copies_of_tensors(model: nn.Module) -> dict[int, Any]:
    """A copy of each tensor that torch does not copy itself, by id.

    That are buffers which wait for their shape, and what was worked out of parameters: a weight that is normalized.
    """
    lazies: list[Any] = list(filter(is_lazy, [*model.parameters(), *model.buffers()]))
    # Under a recorder a network without values believes itself on the CPU, where its layers then make theirs.
    places = [torch.device("cpu") if lazy.is_meta else lazy.device for lazy in lazies]
    copies = {id(lazy): type(lazy)(device=place, dtype=lazy.dtype) for lazy, place in zip(lazies, places, strict=True)}
    held = tensors_in([vars(module) for module in model.modules()])
    return copies | {id(tensor): tensor.detach().clone() for tensor in held if not tensor.is_leaf}


def _run(twin: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, has_gradients: bool) -> None:
    """Call the network as its user would; one without values, or on inputs without values, under a recorder."""
    # On copies, as a forward pass may write to its inputs, and this is one more than the user asked for.
    args, kwargs = with_twins((args, kwargs), Tensor.clone)
    own = [tensor for tensor in [*twin.parameters(), *twin.buffers()] if not is_lazy(tensor)]
    if not any(tensor.is_meta for tensor in (*own, *tensors_in((args, kwargs)))):
        with torch.set_grad_enabled(has_gradients):
            twin(*args, **kwargs)
        return
    recorder = Recorder(own)
    try:
        with below_autograd(), recorder:
            twin(*args, **kwargs)
    finally:
        recorder.close()
