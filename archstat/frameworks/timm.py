"""For scripts that train as timm's do, with a loop of their own: one call around the batches.

``batches = watch_loader(loader, model, loss_fn)``, and after an epoch ``train_metrics.update(batches.metrics())``
puts the numbers where ``timm.utils.update_summary`` writes them: its CSV, and W&B. What is counted is ``loss_fn`` of
the model on the first batch, and its backward pass; the update is not in it. Nothing of timm is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn

from archstat.frameworks.peak import GivenPeak
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.watch import MOST_SHAPES, Options, StepWatch


def watch_loader(
    loader: Iterable[Any],
    model: nn.Module,
    loss_fn: Callable[[Any, Any], Any],
    depth: int | None = 2,
    convention: str | None = None,
    peak: GivenPeak = None,
    most_shapes: int = MOST_SHAPES,
    *,
    dtype: torch.dtype | None = None,
) -> WatchedLoader:
    """The batches of a loader, each of which is trained on before the next one is asked for.

    Args:
        loader: Gives batches of inputs and targets.
        model: The network that is trained, compiled or wrapped for several devices.
        loss_fn: What the network returns, and targets → the loss.
        depth: Put everything below that many parts of a path into one row; 0: no table; ``None``: all layers.
        convention: A convention for a column more, as of ``archstat table``.
        peak: The most FLOP/s of one device, for the MFU: a number, a file of ``archstat peaks``, or ``"measure"``.
        most_shapes: How many shapes of batches are counted.
        dtype: The element type of products under autocast; ``None``: that of the parameters.

    Raises:
        InputError: A number is negative.
        UnknownNameError: There is no such convention.
    """
    return WatchedLoader(loader, model, loss_fn, Options(depth, convention, peak, most_shapes), dtype)


class WatchedLoader:
    """A loader whose batches are counted and timed; whatever else is asked of it, the loader answers."""

    def __init__(
        self,
        loader: Iterable[Any],
        model: nn.Module,
        loss_fn: Callable[[Any, Any], Any],
        options: Options,
        dtype: torch.dtype | None,
    ) -> None:
        """Hand on the batches of a loader, as :func:`watch_loader` says."""

        def loss(network: nn.Module, batch: Any) -> Any:
            inputs, target = batch[:2]
            return loss_fn(network(inputs), target)

        is_first = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
        self._loader = loader
        self._watch = StepWatch(model, StepCounter(model, loss), options, dtype=dtype, writes=is_first)

    def __iter__(self) -> Iterator[Any]:
        """The batches."""
        watch = self._watch
        watch.resume()
        try:
            for batch in self._loader:
                watch.before(batch)
                yield batch
                watch.after()
        finally:
            watch.pause()

    def __len__(self) -> int:
        """The number of batches."""
        return len(self._loader)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        """What the loader has, as ``sampler`` and ``mixup_enabled``."""
        return getattr(self._loader, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set what the loader has, as ``mixup_enabled``."""
        if name in ("_loader", "_watch"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._loader, name, value)

    def metrics(self) -> dict[str, float]:
        """What a step costs, and how fast steps were since the last call; the same names each time."""
        return {**self._watch.totals(), **self._watch.rates()}
