"""A callback for Lightning: the table of the network, what a step costs, FLOP/s and MFU in the trainer's loggers.

``Trainer(callbacks=[ArchstatSummary()])`` is all. What is counted is ``training_step`` on the first batch, and its
backward pass; neither the update nor what only measures, as metrics of torchmetrics and ``self.log``, is in it.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from archstat.errors import InputError
from archstat.frameworks.libraries import framework
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.watch import StepWatch, Watching

if TYPE_CHECKING:
    from pytorch_lightning import Callback, LightningModule, Trainer
else:
    _lightning = framework("lightning", "lightning.pytorch", "pytorch_lightning")
    Callback, LightningModule = _lightning.Callback, _lightning.LightningModule


class ArchstatSummary(Watching, Callback):
    """Shows archstat's table before the first step, and logs what steps cost and how fast they are."""

    _is_logged, _logged_step = False, 0

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin with nothing counted."""
        counter = StepCounter(pl_module, _loss_of(trainer), lambda: _aside(trainer, pl_module))
        self._watch = StepWatch(pl_module, counter, self._options, dtype=_dtype(trainer), writes=trainer.is_global_zero)
        self._is_logged, self._logged_step = False, trainer.global_step

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Count the step that is about to be made, and log once what it costs."""
        del pl_module, batch_idx
        if self._watch is None:
            return
        self._watch.before(batch)
        if not self._is_logged:
            self._is_logged = True
            _log(trainer, self._watch.totals())

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log how fast steps are, as often as the trainer logs."""
        del pl_module, outputs, batch, batch_idx
        if self._watch is None:
            return
        self._watch.after()
        every, step = trainer.log_every_n_steps, trainer.global_step
        if every and step % every == 0 and step != self._logged_step:
            self._logged_step = step
            _log(trainer, self._watch.known_rates())

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validation is no training."""
        del trainer, pl_module
        self._pause()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Training goes on."""
        del trainer, pl_module
        self._resume()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let go of the network."""
        del trainer, pl_module
        self._watch = None


def _log(trainer: Trainer, numbers: dict[str, float]) -> None:
    """Log as of the step that Lightning itself logs, which counts from 0."""
    for logger in trainer.loggers if numbers else ():
        logger.log_metrics(numbers, step=max(trainer.global_step - 1, 0))


def _dtype(trainer: Trainer) -> torch.dtype | None:
    """The element type of products, where the trainer chose one."""
    precision = str(trainer.precision)
    return torch.bfloat16 if "bf16" in precision else torch.float16 if "16" in precision else None


def _loss_of(trainer: Trainer) -> Callable[[nn.Module, Any], Any]:
    """What comes to the loss of a batch as the trainer does."""
    split = getattr(trainer.strategy, "tensor_parallel_size", None) or getattr(trainer.strategy, "_tp_size", 1)

    def loss(network: nn.Module, batch: Any) -> Any:
        if not getattr(network, "automatic_optimization", True):
            raise InputError("With manual optimization only 'training_step' itself knows what a step is.")
        if isinstance(split, int) and split > 1:
            raise InputError("The strategy splits tensors over devices, and no device makes the whole step.")
        step: Any = network.training_step
        return step(batch, 0) if _takes_index(step) else step(batch)

    return loss


def _takes_index(step: Callable[..., Any]) -> bool:
    """Whether ``training_step`` takes the number of the batch too."""
    code = getattr(getattr(step, "__wrapped__", step), "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ("self", "batch", "batch_idx")
    return len(names) > 2 or "batch_idx" in names


@contextlib.contextmanager
def _aside(trainer: Trainer, network: LightningModule) -> Iterator[None]:
    """Where a step of the network leaves no trace in the trainer's results, and in metrics.

    The trainer is known to the network by a weak reference meanwhile: what a network leads to is put back after a
    count, and a trainer leads to whole data sets.
    """
    changed = []
    for module in network.modules():
        stands_in = _stand_ins(trainer, module)
        changed.append((vars(module), {name: vars(module).get(name, _NOTHING) for name in stands_in}, stands_in))
    try:
        for state, _, stands_in in changed:
            state.update(stands_in)
        yield
    finally:
        for state, before, _ in changed:
            for name, value in before.items():
                state.pop(name, None)
                if value is not _NOTHING:
                    state[name] = value


_NOTHING = object()
"""Stands for an attribute that there was not."""


def _stand_ins(trainer: Trainer, module: nn.Module) -> dict[str, Any]:
    """The attributes that a module has while it is counted."""
    if isinstance(module, LightningModule):
        return {"_trainer": weakref.proxy(trainer), **dict.fromkeys(("log", "log_dict", "print"), _nothing)}
    if any(kind.__module__ == "torchmetrics.metric" for kind in type(module).__mro__):
        return dict.fromkeys(("forward", "update", "compute"), _zero)
    return {}


def _nothing(*_: Any, **__: Any) -> None:
    """What is logged without values is not logged."""


def _zero(*_: Any, **__: Any) -> torch.Tensor:
    """What a metric comes to that is not asked."""
    return torch.zeros(())
