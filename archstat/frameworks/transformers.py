"""A callback for the Trainer of transformers: what a step costs, FLOP/s and MFU, through the Trainer's own log.

``trainer.add_callback(ArchstatCallback(trainer))`` is all, and whatever ``report_to`` names gets the numbers. What is
counted is the Trainer's ``compute_loss`` on the first batch, and its backward pass; the update is not in it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from archstat.errors import InputError
from archstat.frameworks.libraries import framework
from archstat.frameworks.peak import GivenPeak
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.watch import MOST_SHAPES, StepWatch, Watching
from archstat.networks.wrappers import unwrapped

if TYPE_CHECKING:
    from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments
    from transformers.trainer_callback import TrainerCallback
else:
    TrainerCallback = framework("hf", "transformers.trainer_callback").TrainerCallback


class ArchstatCallback(Watching, TrainerCallback):
    """Shows archstat's table before the first step, and logs what steps cost and how fast they are."""

    def __init__(
        self,
        trainer: Trainer,
        depth: int | None = 2,
        convention: str | None = None,
        peak: GivenPeak = None,
        most_shapes: int = MOST_SHAPES,
    ) -> None:
        """Choose what is shown.

        Args:
            trainer: The Trainer, which tells a callback neither batches nor how it comes to its loss.
            depth: Put everything below that many parts of a path into one row; 0: no table; ``None``: all layers.
            convention: A convention for a column more, as of ``archstat table``.
            peak: The most FLOP/s of one device, for the MFU: a number, a file of ``archstat peaks``, or ``"measure"``.
            most_shapes: How many shapes of batches are counted.

        Raises:
            InputError: A number is negative.
            UnknownNameError: There is no such convention.
        """
        super().__init__(depth, convention, peak, most_shapes)
        self._trainer, self._is_logged = trainer, False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """See the batches that the Trainer comes to a loss of."""
        del control
        trainer, model = self._trainer, kwargs["model"]
        network = unwrapped(model).model
        self._look_away()
        watch = StepWatch(
            network,
            StepCounter(network, _loss_of(trainer)),
            self._options,
            dtype=torch.bfloat16 if args.bf16 else torch.float16 if args.fp16 else None,
            devices=max(args.n_gpu, 1),
            writes=state.is_world_process_zero,
        )
        self._watch, self._is_logged = watch, False
        vars(trainer)[_NAME] = _seen(trainer.compute_loss, watch)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Training goes on, after what may have come between."""
        del args, state, control, kwargs
        self._resume()

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """One batch of several that an update takes together is done."""
        del args, state, control, kwargs
        self._after()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Log what a step costs, once, and how fast steps are, as often as the Trainer logs."""
        del args, state, kwargs
        watch = self._watch
        if watch is None:
            return
        watch.after()
        numbers = {} if self._is_logged else watch.totals()
        self._is_logged = True
        if control.should_log:
            numbers.update(watch.known_rates())
        if control.should_evaluate or control.should_save:
            watch.pause()
        if numbers:
            is_due = control.should_log
            self._trainer.log(numbers)
            control.should_log = is_due  # what was logged now is not what the Trainer is about to log

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """An evaluation may follow, which is no training."""
        del args, state, control, kwargs
        self._pause()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave the Trainer as it was."""
        del args, state, control, kwargs
        self._look_away()

    def _look_away(self) -> None:
        self._watch = None
        if hasattr(vars(self._trainer).get(_NAME), "__wrapped__"):
            del vars(self._trainer)[_NAME]


_NAME = "compute_loss"


def _seen(compute_loss: Callable[..., Any], watch: StepWatch) -> Callable[..., Any]:
    """The Trainer's way to a loss, whose batches are looked at while the network trains."""

    @functools.wraps(compute_loss)
    def seen(model: nn.Module, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if model.training and torch.is_grad_enabled():
            watch.before((inputs, args, kwargs))
        return compute_loss(model, inputs, *args, **kwargs)

    return seen


def _loss_of(trainer: Trainer) -> Callable[[nn.Module, Any], Any]:
    """What comes to the loss of a batch as the Trainer does."""
    compute_loss = trainer.compute_loss
    split = max(_size(trainer, each) for each in ("get_tp_size", "get_cp_size", "get_sp_size"))

    def loss(network: nn.Module, batch: Any) -> Any:
        if split > 1:
            raise InputError("The Trainer splits tensors over devices, and no device makes the whole step.")
        inputs, args, kwargs = batch
        return compute_loss(network, inputs, *args, **kwargs)

    return loss


def _size(trainer: Trainer, name: str) -> int:
    """The devices over which tensors are split in one way; older versions know none."""
    return int(getattr(trainer, name, lambda: 1)())
