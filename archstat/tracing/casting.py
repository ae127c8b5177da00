"""A forward pass under autocast: torch casts by the device of a tensor, and tensors on meta have none that it knows.

So such a pass is replayed on fake tensors, which are on the device of the network and have no values either. They meet
autocast as real ones do; what it casts, weights above all, are ops of the trace.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from archstat.errors import ForwardError
from archstat.records import Trace
from archstat.tracing import torch_private
from archstat.tracing.attributes import Kept
from archstat.tracing.failures import UnfinishedNetworkError, remarks_of
from archstat.tracing.higher_order import is_higher_order
from archstat.tracing.jagged import values_of
from archstat.tracing.layers import Layers
from archstat.tracing.modes import below_autograd
from archstat.tracing.nested import tensors_in, with_tensors
from archstat.tracing.ops import OpInfo, refuse_impossible
from archstat.tracing.recorder import REAL_ELEMENTS_MAX, Recorder
from archstat.tracing.replay import TwinReplay
from archstat.tracing.step_recorder import NOT_OPS, StepRecorder
from archstat.tracing.torch_private import FakeTensor, FakeTensorMode, Jagged
from archstat.tracing.twins import Twins
from archstat.tracing.values import elements_made
from archstat.tracing.watching import GradientsAskedError, NestedMetError, Watch, asks_for_gradients

if TYPE_CHECKING:
    from archstat.records import Phase


def trace_on_fake_tensors(
    layers: Layers,
    kept: Kept,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    device: torch.device,
    *,
    is_first: bool,
) -> Trace:
    """Trace on fake tensors of that device.

    Raises:
        ForwardError: The forward pass failed.
        UnfinishedNetworkError: The forward pass gave the network parameters that it did not have before.
        GradientsAskedError: The forward pass asks for gradients, which are not known there.
    """
    replay = _Pass(layers, device, is_first=is_first)
    try:
        return replay.run(args, kwargs)
    except ForwardError as error:
        if asks_for_gradients(error):
            raise GradientsAskedError from error
        raise
    finally:
        kept.remaining += replay.remaining


class _Pass(TwinReplay):
    """One forward pass at inference, below autograd."""

    what = "A forward pass under autocast"

    def __init__(self, layers: Layers, device: torch.device, *, is_first: bool) -> None:
        super().__init__(layers, device, is_real=False, is_training=False)
        self._is_first = is_first

    def make_recorder(self, own: Sequence[Tensor], twins: Twins, device: torch.device) -> StepRecorder:
        """One that records below autograd."""
        return cast(
            "StepRecorder", CastingRecorder(own, device, fake=twins.fake)
        )  # of which it uses what they have in common

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
        """The pass and its record."""
        watch = Watch(is_on_meta=False)
        try:
            return self.replay(args, kwargs, lambda *inputs: self._run(watch, *inputs))
        finally:
            watch.put_back()

    def _run(self, watch: Watch, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
        inputs, recorder, tracker = tensors_in((args, kwargs)), self.recorder, self.tracker
        watch.set()
        tracker.enter()
        with below_autograd(), recorder:
            out = tracker.run(*args, **kwargs)
        lives = recorder.lives()
        del out
        if self._is_first and tracker.made():
            raise UnfinishedNetworkError
        return self.trace(inputs, lives, remarks_of(tracker))


class CastingRecorder(Recorder):  # type: ignore[no-untyped-call]  # torch gives its mode no types
    """Records ops that autocast has a say in, on fake tensors, or on those with values.

    Attributes:
        phase: The part of a training step that this is like.
    """

    phase: Phase = "forward"

    def __init__(
        self,
        own: Sequence[Tensor],
        device: torch.device,
        *,
        fake: FakeTensorMode | None = None,
        copies: Sequence[Tensor] = (),
        is_nested: bool = True,
    ) -> None:
        """Record; the tensors are fake ones of that mode, if there is one.

        Unless ``is_nested``, the pass is stopped where a nested tensor is met: somebody has to look at its attention.
        """
        # Fake tensors work out shapes themselves: to the recorder they are tensors with values, and need no twins.
        super().__init__(own, device, is_real=True, copies=copies)
        self._fake = fake
        self._is_nested = is_nested
        self._casts = False
        self._key = torch_private.autocast_key(device.type)

    def note_sparse(self, twins: Twins) -> None:
        """Refuse sparse tensors.

        Raises:
            NotImplementedError: There is one: its twin is dense.
        """
        if any(True for _ in twins.sparse()):
            raise NotImplementedError("under autocast, sparse tensors are counted with their values only")

    def tell_complex_convolution(self, begins: bool) -> None:
        """Below autograd a complex convolution is one op, whatever it comes down to."""

    def is_of_this_pass(self, args: Any, kwargs: Any) -> bool:
        """Whether somebody works on tensors of this pass."""
        given = map(values_of, tensors_in((args, kwargs)))
        return self._fake is None or any(isinstance(tensor, FakeTensor) for tensor in given)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One op; what dispatches like an op and is none is not recorded."""
        if Jagged in types:
            if not self._is_nested:
                raise NestedMetError
            return NotImplemented  # it comes down to ops on its values
        if is_higher_order(func):
            return super().__torch_dispatch__(func, types, args, kwargs)
        if func.namespace in NOT_OPS:
            return func(*args, **(kwargs or {}))
        self._casts = self._key is not None and self._is_casting()
        return super().__torch_dispatch__(func, types, args, kwargs)

    def _is_casting(self) -> bool:
        """Whether the op that was dispatched is under autocast, which is off while a dispatch mode looks at it."""
        with torch_private.as_dispatched():
            return torch.is_autocast_enabled(self._device.type)

    def _ask_torch(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The ops that a composite op stands for are cast one by one, where that is not cast as a whole."""
        if self._key is None or not (op.is_composite and self._casts) or _is_cast(func, self._key):
            return super()._ask_torch(op, func, args, kwargs)
        with torch_private.excluding(self._key, False):
            return super()._ask_torch(op, func, args, kwargs)

    def _run_real(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._fake is not None and op.makes and elements_made(op.name, args) > REAL_ELEMENTS_MAX:
            with self._fake:
                return func(*args, **kwargs)
        if op.is_unsafe:
            refuse_impossible(op, func, args, kwargs)
        is_fake = any(isinstance(tensor, FakeTensor) for tensor in tensors_in((args, kwargs)))
        casts = self._casts and func in _LOWERED_WITHIN and self._device.type == "cpu"
        out = super()._run_real(op, op.on_meta if is_fake else func, args, kwargs)
        return with_tensors(out, _lowered) if casts else out


@functools.cache
def _is_cast(op: Any, key: Any) -> bool:
    return bool(torch_private.has_kernel(op.name(), key))


def _lowered(tensor: Tensor) -> Tensor:
    return tensor.to(torch.get_autocast_dtype("cpu"))


_aten = torch.ops.aten
_LOWERED_WITHIN = frozenset(
    {_aten.lstm.input, _aten.rnn_tanh.input, _aten.rnn_relu.input, _aten.rnn_tanh.data, _aten.rnn_relu.data}
)
"""Ops of which a CPU casts what they run, and not themselves; a GRU adds its state to that, which stays as it is."""
