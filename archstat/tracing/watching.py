"""What a forward pass may do that cannot be seen where it is traced: it is stopped there, and replayed another way."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident
from typing import Any

from torch import autograd
from torch.amp.autocast_mode import autocast
from torch.autograd import forward_ad, functional

from archstat.tracing.torch_private import nested_tensor


class StoppedError(BaseException):
    """The forward pass was stopped; of no class that networks catch."""


class GradientsAskedError(StoppedError):
    """The forward pass asks for gradients."""


class AutocastEnteredError(StoppedError):
    """The forward pass has types cast on the way, which torch does by the device of a tensor."""


class NestedMetError(StoppedError):
    """The forward pass makes or meets a nested tensor, whose offsets must have values and be on the values' device."""


#: Where a function of torch's is looked up, its name, and the arguments → the error that stops the pass, if any does.
_Place = tuple[Any, str, Callable[..., "type[StoppedError] | None"]]


def _asks(*_: Any, **__: Any) -> type[StoppedError]:
    return GradientsAskedError


def _enters(context: autocast) -> type[StoppedError] | None:
    return AutocastEnteredError if context._enabled else None


def _is_of_meta(_: autocast, device_type: Any, *__: Any, **___: Any) -> type[StoppedError] | None:
    """The network asks a tensor for its device, and is told that of a trace, which has no autocast."""
    return AutocastEnteredError if device_type == "meta" else None


def _makes_nested(*_: Any) -> type[StoppedError]:
    return NestedMetError


def _gives_away(*_: Any, **__: Any) -> None:
    """Work goes to another thread, where nothing records."""
    _gave_away.add(get_ident())


#: However code imports what works out gradients, enters autocast or makes jagged tensors, that calls one of these.
_PLACES: tuple[_Place, ...] = (
    (autograd, "_engine_run_backward", _asks),
    (functional, "_autograd_grad", _asks),
    (forward_ad, "enter_dual_level", _asks),
    (autocast, "__enter__", _enters),
    (autocast, "__init__", _is_of_meta),
    (nested_tensor, "_nt_view_dummy", _makes_nested),
    (nested_tensor, "jagged_from_tensor_and_lengths", _makes_nested),  # which asks for lengths before
    (threading.Thread, "start", _gives_away),
    (ThreadPoolExecutor, "submit", _gives_away),
)

_watched: dict[int, tuple[int, bool]] = {}
"""The watches, by id: the thread of each, and whether it is of a pass on meta."""
_originals: dict[_Place, Callable[..., Any]] = {}
_gave_away: set[int] = set()
"""The threads that gave work to others since they were watched."""
_changing = threading.Lock()


class Watch:
    """Stops a forward pass where it must be replayed another way; other threads are not disturbed."""

    def __init__(self, *, is_on_meta: bool = True) -> None:
        """Nothing is changed before :meth:`set`."""
        self._is_on_meta = is_on_meta

    def set(self) -> None:
        """Watch this thread."""
        _gave_away.discard(get_ident())
        with _changing:
            _watched[id(self)] = (get_ident(), self._is_on_meta)
            for place in _PLACES:
                if place not in _originals:
                    owner, name, why = place
                    _originals[place] = original = getattr(owner, name)
                    setattr(owner, name, _stopping(original, why))

    def saw_threads(self) -> bool:
        """Whether this thread gave work to others since :meth:`set`."""
        return get_ident() in _gave_away

    def put_back(self) -> None:
        """Watch no more; it may be called again."""
        with _changing:
            _watched.pop(id(self), None)
            if not _watched:
                for (owner, name, _), original in _originals.items():
                    setattr(owner, name, original)
                _originals.clear()


@functools.lru_cache(maxsize=16)  # wrapping takes longer than all else here
def _stopping(original: Callable[..., Any], why: Callable[..., type[StoppedError] | None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def stop(*args: Any, **kwargs: Any) -> Any:
        mine = [is_on_meta for thread, is_on_meta in _watched.values() if thread == get_ident()]
        # On fake tensors autocast and nested tensors are met as in a real run; there are no gradients there either.
        error = why(*args, **kwargs) if mine else None
        if error is GradientsAskedError or (error is not None and any(mine)):
            raise error
        return original(*args, **kwargs)

    return stop


_WANTS_GRADIENTS = re.compile("does not require grad")
"""What torch says where autograd saw nothing."""


def asks_for_gradients(error: BaseException) -> bool:
    """Whether a forward pass failed because autograd saw nothing of it."""
    return _WANTS_GRADIENTS.search(str(error)) is not None
