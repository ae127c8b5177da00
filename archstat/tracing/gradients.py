"""A forward pass that asks for gradients itself: physics-informed networks, force fields, inner loops of meta-learning.

Below autograd, where :func:`archstat.tracing.trace` records, there are none. So the first attempt is stopped where the
network asks, and the pass is replayed as the forward pass of a training step is: on fake tensors, with autograd, and
every op recorded below that. What the backward ops cost is part of what the pass costs.
"""

from __future__ import annotations

import functools
from typing import Any

import torch

from archstat.errors import ForwardError
from archstat.records import Trace
from archstat.tracing.attributes import Kept
from archstat.tracing.failures import UnfinishedNetworkError
from archstat.tracing.layers import Layers
from archstat.tracing.nested import tensors_in
from archstat.tracing.replay import TwinReplay
from archstat.tracing.watching import asks_for_gradients

ASKED = "The forward pass asks for gradients: the ops that work them out are part of what it costs."
"""What a reader must know of such a pass."""


def trace_with_gradients(
    layers: Layers, kept: Kept, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_first: bool
) -> Trace:
    """Replay a forward pass that asks for gradients, without values if that is possible, else for real, on copies.

    Raises:
        ForwardError: The forward pass failed.
        UnfinishedNetworkError: The forward pass gave the network parameters that it did not have before.
    """
    try:
        return _replay(layers, kept, args, kwargs, is_real=False, is_first=is_first)
    except ForwardError:
        if any(tensor.is_meta for tensor in (*layers.own, *tensors_in((args, kwargs)))):
            raise
    return _replay(layers, kept, args, kwargs, is_real=True, is_first=is_first)


def _replay(
    layers: Layers, kept: Kept, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_real: bool, is_first: bool
) -> Trace:
    """As under ``torch.no_grad``, if the network itself switches gradients on; else with gradients from the start."""
    # Without them first: with gradients from the start, autograd keeps activations alive that ``no_grad`` lets go of.
    for has_gradients in (False, True):
        replay = _Pass(layers, has_gradients=has_gradients, is_real=is_real, is_first=is_first)
        try:
            return replay.run(args, kwargs)
        except ForwardError as error:
            if has_gradients or not asks_for_gradients(error):
                raise
        finally:
            kept.remaining += replay.remaining
    raise AssertionError


class _Pass(TwinReplay):
    """One forward pass at inference with autograd."""

    what = "A forward pass that asks for gradients"

    def __init__(self, layers: Layers, *, has_gradients: bool, is_real: bool, is_first: bool) -> None:
        super().__init__(layers, torch.device("cpu"), is_real=is_real, is_training=False)
        self._has_gradients = has_gradients
        self._is_first = is_first

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
        """The pass and its record."""
        differentiable = [tensor.requires_grad for tensor in tensors_in((args, kwargs))]
        return self.replay(args, kwargs, functools.partial(self._run, differentiable))

    def _run(self, differentiable: list[bool], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
        inputs, recorder, tracker = tensors_in((args, kwargs)), self.recorder, self.tracker
        for tensor, is_differentiable in zip(inputs, differentiable, strict=True):
            tensor.requires_grad_(is_differentiable)  # also where the caller worked it out from another one
        tracker.enter()
        with recorder, torch.set_grad_enabled(self._has_gradients):
            out = tracker.run(*args, **kwargs)
            self.refuse_threads()
        lives = recorder.lives()
        del out
        if self._is_first and tracker.made():
            raise UnfinishedNetworkError
        return self.trace(inputs, lives, (ASKED,))
