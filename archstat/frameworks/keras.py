"""A callback for Keras on torch: what a step costs, FLOP/s and MFU, in the logs of each epoch.

``model.fit(…, callbacks=[ArchstatLogger(), CSVLogger(…)])``: what stands behind it in the list, and the history, get
the numbers. What is counted is the forward pass, ``model.compute_loss`` on the first batch, and its backward pass;
neither the update nor metrics are in it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from archstat.frameworks.libraries import framework
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.watch import StepWatch, Watching, warn_of
from archstat.networks.libraries import keras_on_torch

with keras_on_torch():
    _keras = framework("keras", "keras")

if TYPE_CHECKING:
    Callback = Any
else:
    Callback = _keras.callbacks.Callback


class ArchstatLogger(Watching, Callback):
    """Shows archstat's table before the first step, and puts what steps cost and how fast they are into the logs."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """See the batches that the model is trained on."""
        del logs
        self._look_away()
        model = self.model
        if not isinstance(model, nn.Module):
            warn_of("The training step was not counted: Keras has another backend than torch.")
            return
        counter = StepCounter(model, _loss, lambda: _unmeasured(model))
        self._watch = StepWatch(model, counter, self._options, dtype=_dtype(model))
        self._look_at(model, self._watch)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """A step is done."""
        del batch, logs
        self._after()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Validation is no training."""
        del logs
        self._pause()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Training goes on."""
        del epoch, logs
        self._resume()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Put the numbers into the logs, the same names in each epoch."""
        del epoch
        if self._watch is not None and logs is not None:
            self._watch.pause()
            logs.update(self._watch.totals())
            logs.update(self._watch.rates())

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leave the model as it was."""
        del logs
        self._look_away()

    @staticmethod
    def _look_at(model: Any, watch: StepWatch) -> None:
        model.train_function = _seen(model.train_function, watch)

    def _look_away(self) -> None:
        self._watch = None
        step: Any = getattr(self.model, "train_function", None)
        if hasattr(step, _MARK):
            self.model.train_function = step.__wrapped__


_MARK = "_is_seen_by_archstat"


def _seen(step: Callable[..., Any], watch: StepWatch) -> Callable[..., Any]:
    """The model's training step, compiled or not, whose batches are looked at."""

    @functools.wraps(step)
    def seen(data: Any) -> Any:
        watch.before(data[0])
        return step(data)

    setattr(seen, _MARK, True)
    return seen


def _loss(network: nn.Module, batch: Any) -> Any:
    """The loss of a batch, as the model's ``train_step`` comes to it."""
    x, y, weight = _keras.utils.unpack_x_y_sample_weight(batch)
    model: Any = network
    takes_mode = getattr(model, "_call_has_training_arg", True)
    predicted = model(x, training=True) if takes_mode else model(x)
    return model.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weight, training=True)


@contextlib.contextmanager
def _unmeasured(model: Any) -> Iterator[None]:
    """Where a loss tells the model's metrics nothing: one of several outputs keeps a mean of each."""
    states = [vars(metric) for metric in model.metrics]
    for state in states:
        state["update_state"] = _nothing
    try:
        yield
    finally:
        for state in states:
            state.pop("update_state", None)


def _nothing(*_: Any, **__: Any) -> None:
    """What is measured without values is not measured."""


def _dtype(model: Any) -> torch.dtype | None:
    """The element type of products, by the model's policy."""
    found = getattr(torch, str(getattr(model, "compute_dtype", "")), None)
    return found if isinstance(found, torch.dtype) else None
