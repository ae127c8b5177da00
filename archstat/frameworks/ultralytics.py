"""Ultralytics by one call: what a step costs, FLOP/s and MFU, in ``results.csv`` and whatever loggers are on.

``watch(model)`` before ``model.train(…)`` is all. What is counted is the network on the images of the first batch, and
the backward pass of all that it returns: which boxes the loss takes depends on values, so the loss itself, which has
no product with weights, is not in it; nor is the update.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from archstat.errors import InputError
from archstat.frameworks.peak import GivenPeak
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.watch import MOST_SHAPES, Options, StepWatch
from archstat.networks.wrappers import unwrapped
from archstat.tracing.outputs import tensors_out


def watch(
    model: Any,
    depth: int | None = 2,
    convention: str | None = None,
    peak: GivenPeak = None,
    most_shapes: int = MOST_SHAPES,
) -> None:
    """Show archstat's table before the first step of each training of a model, and log its numbers in each epoch.

    They are put beside the learning rates, which every logger of Ultralytics gets.

    Args:
        model: A model of Ultralytics, as ``YOLO("yolo11n.yaml")``.
        depth: Put everything below that many parts of a path into one row; 0: no table; ``None``: all layers.
        convention: A convention for a column more, as of ``archstat table``.
        peak: The most FLOP/s of one device, for the MFU: a number, a file of ``archstat peaks``, or ``"measure"``.
        most_shapes: How many shapes of batches are counted.

    Raises:
        InputError: The model has no callbacks, or a number is negative.
        UnknownNameError: There is no such convention.
    """
    options = Options(depth, convention, peak, most_shapes)
    if not hasattr(model, "add_callback"):
        raise InputError(f"A {type(model).__name__} takes no callbacks: hand over a model of Ultralytics, as YOLO(…).")
    watched = _Watched(options)
    for event in ("on_train_start", "on_train_epoch_start", "on_train_batch_end", "on_train_epoch_end"):
        model.add_callback(event, getattr(watched, event))


class _Watched:
    """The callbacks, each called with the trainer."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._watch: StepWatch | None = None

    def on_train_start(self, trainer: Any) -> None:
        """See the batches that the trainer prepares."""
        network = unwrapped(trainer.model).model
        dtype = torch.bfloat16 if trainer.args.amp == "bf16" else torch.float16 if trainer.amp else None
        self._watch = StepWatch(network, StepCounter(network, _loss), self._options, dtype=dtype)
        trainer.preprocess_batch = _seen(trainer.preprocess_batch, self._watch)

    def on_train_epoch_start(self, trainer: Any) -> None:
        """Training goes on after validation."""
        del trainer
        if self._watch is not None:
            self._watch.resume()

    def on_train_batch_end(self, trainer: Any) -> None:
        """A step is done."""
        del trainer
        if self._watch is not None:
            self._watch.after()

    def on_train_epoch_end(self, trainer: Any) -> None:
        """Put the numbers where loggers look, the same names in each epoch, as columns of a file want it."""
        if self._watch is not None:
            self._watch.pause()
            trainer.lr.update(self._watch.totals())
            trainer.lr.update(self._watch.rates())


def _seen(prepare: Callable[[Any], Any], watch: StepWatch) -> Callable[[Any], Any]:
    """What prepares a batch, whose images are looked at."""

    @functools.wraps(prepare)
    def seen(batch: Any) -> Any:
        prepared = prepare(batch)
        watch.before(prepared["img"])
        return prepared

    return seen


def _loss(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The sum of all that the network returns."""
    parts = [each.sum() for each in tensors_out(network(images)) if each.is_floating_point()]
    return torch.stack(parts).sum()
