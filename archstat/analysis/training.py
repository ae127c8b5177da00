"""The whole way from a name or a network to the cost of a training step, and to the largest batch that fits."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from torch import nn

from archstat.analysis.inference import analyse, check_network
from archstat.counting.training import count_step
from archstat.errors import ForwardError, InputError
from archstat.networks.loading import Loader
from archstat.networks.settings import Setting, TrainingSetting
from archstat.networks.wrappers import unwrapped
from archstat.networks.written import setting_by_name
from archstat.records import BatchFit, TrainingCost
from archstat.tracing.training import trace_step


def count_training(
    model: nn.Module | str, *inputs: Any, training: TrainingSetting | None = None, **kwargs: Any
) -> TrainingCost:
    """What one training step of a network costs, and what its memory goes to.

    Nothing is computed, copied or changed. Checkpointing, frozen parameters, mixed types and whatever else the network
    does is replayed as it is.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes. Tensors on the meta device do; an architecture of ours needs none.
        training: How the step is to be made; by default with SGD, on a CPU.
        kwargs: What the network's ``forward`` takes by name; for a named network without inputs, how it is counted, as
            :func:`archstat.count` takes it.

    Raises:
        ForwardError: The step failed; torch's error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: There is nothing to train, torch has not the device, or a name was given without inputs and none
            are known for it.

    >>> cost = count_training("lenet5")
    >>> cost.forward_macs, cost.backward_macs
    (325680, 533760)
    """
    if isinstance(model, str):
        setting = None if inputs else setting_by_name(kwargs)
        if setting is not None:
            return train_source(model, setting, training or TrainingSetting())
        return _count(Loader(model).model(), inputs, kwargs, name=model, training=training or TrainingSetting())
    check_network(model)
    name = type(unwrapped(model).model).__name__
    return _count(model, inputs, kwargs, name=name, training=training or TrainingSetting())


def train_source(name: str, setting: Setting, training: TrainingSetting) -> TrainingCost:
    """What one training step of a named network costs.

    Raises:
        ArchstatError: The name leads nowhere, or the network cannot be trained on the input.
    """
    loader = Loader(name)
    count = functools.partial(_count, name=name, training=training, strict=setting.strict)
    try:
        return count(*loader.load(setting)[1:])
    except ForwardError:
        analyse(name, setting)  # says what would do, if inference cannot take the input either
    return count(*loader.load(setting, on="cpu")[1:])  # with values, which the network may need


def _count(
    model: nn.Module,
    inputs: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    input_origin: str = "given",
    *,
    name: str,
    training: TrainingSetting,
    strict: bool = False,
) -> TrainingCost:
    how = msgspec.structs.asdict(training)
    network = unwrapped(model)
    step = trace_step(network.model, inputs, kwargs, **how)
    cost = count_step(step, name, strict=strict, input_origin=input_origin, **how)
    remarks = tuple(filter(None, (network.remark, *cost.remarks)))
    return msgspec.structs.replace(cost, remarks=remarks) if network.remark else cost


# -- the largest batch -------------------------------------------------------------------------------------------------

_LARGEST_BATCH = 1 << 20
_FARTHEST = 64
"""How many times as large as one that fits the next one may be: inputs of whole numbers are made for real."""
_LARGEST_SMALLEST = 2
"""Batch norm over one value fails in training, so the smallest batch of some networks is 2."""


def fit_source(name: str, setting: Setting, limit: int, training: TrainingSetting | None = None) -> BatchFit:
    """The largest batch of a named network whose peak memory is no more than a limit.

    Args:
        name: The network.
        setting: The input of the network; the batch size in it does not matter.
        limit: The memory in bytes.
        training: How a training step is to be made; ``None``: fit the forward pass at inference.

    Raises:
        ArchstatError: The network cannot run, or there is no end to the batch.
    """

    def peak(batch: int) -> int:
        of_batch = msgspec.structs.replace(setting, batch_size=batch)
        if training is None:
            return analyse(name, of_batch).memory().peak_bytes
        return train_source(name, of_batch, training).peak_bytes

    return largest_batch(peak, limit)


def largest_batch(peak: Callable[[int], int], limit: int) -> BatchFit:
    """The largest batch whose peak is no more than a limit, found by replaying it and the next larger one.

    Where to look next is guessed from two that were tried, and each fourth time halved, as a memory that bends can
    mislead the guess; only what was replayed counts.

    Args:
        peak: The peak bytes of a batch, which grow with it.
        limit: The memory in bytes.

    Raises:
        InputError: Batches of more than a million fit.
        ForwardError: The network cannot run.
    """
    low, most = _smallest(peak)
    if most > limit:
        return BatchFit(limit, 0, most, None)
    tried, high = {low: most}, _LARGEST_BATCH + 1
    while high - low > 1:
        batch = math.isqrt(low * high) if len(tried) % 4 == 0 else _guess(tried, low, limit)
        batch = min(max(batch, low + 1), high - 1, _FARTHEST * low)
        tried[batch] = peak(batch)
        low, high = (batch, high) if tried[batch] <= limit else (low, batch)
    if high > _LARGEST_BATCH:
        raise InputError(f"Even a batch of {low:,} fits, the largest that is tried: name less memory than that.")
    return BatchFit(limit, low, tried[low], tried[high])


def _smallest(peak: Callable[[int], int]) -> tuple[int, int]:
    try:
        return 1, peak(1)
    except ForwardError:
        return _LARGEST_SMALLEST, peak(_LARGEST_SMALLEST)


def _guess(tried: dict[int, int], low: int, limit: int) -> int:
    """Where a straight line through the two nearest batches meets the limit; the double where there is but one."""
    near = sorted(sorted(tried, key=lambda batch: abs(tried[batch] - limit))[:2])
    if len(near) < 2 or tried[near[0]] == tried[near[1]]:
        return 2 * low
    slope = (tried[near[1]] - tried[near[0]]) / (near[1] - near[0])
    return int(near[0] + (limit - tried[near[0]]) / slope)
