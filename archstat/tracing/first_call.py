"""A network that only its first call completes: lazy layers, and layers that ``forward`` makes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from archstat.errors import ForwardError, first_line
from archstat.tracing.modes import Switches, below_autograd, undoing
from archstat.tracing.nested import tensors_in, with_twins
from archstat.tracing.recorder import Recorder

MADE = "Counted as it is after its first call, which makes layers or parameters."
"""What a reader must know of such a network."""


def is_unfinished(model: nn.Module) -> bool:
    """Whether the network has lazy layers that never ran."""
    return any(map(is_lazy, [*model.parameters(), *model.buffers()]))


def after_first_call(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> nn.Module:
    """A copy of the network as its first call leaves it; the network itself is not touched.

    The call is a real one, unless network or inputs have no values.

    Raises:
        ForwardError: The network cannot be copied, or the call fails.
    """
    try:
        return _called(model, args, kwargs, has_gradients=False)
    except ForwardError as error:
        if "does not require grad" not in str(error):
            raise
    return _called(model, args, kwargs, has_gradients=True)


def _called(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, has_gradients: bool) -> nn.Module:
    try:
        twin = copy.deepcopy(model, _fresh_lazies(model))
    except Exception as error:
        raise ForwardError(
            f"The network makes layers when it first runs, and cannot be copied ({type(error).__name__}: "
            f"{first_line(error)}): run it once yourself."
        ) from error
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


def _fresh_lazies(model: nn.Module) -> dict[int, Any]:
    """A copy of each tensor that waits for its shape, by id: torch copies lazy parameters, and no lazy buffers."""
    lazies: list[Any] = list(filter(is_lazy, [*model.parameters(), *model.buffers()]))
    return {id(lazy): type(lazy)(device=lazy.device, dtype=lazy.dtype) for lazy in lazies}


def _run(twin: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, has_gradients: bool) -> None:
    """Call the network as its user would; one without values, or on inputs without values, under a recorder."""
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
