"""Measuring a network that is there already, as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from archstat.analysis.inference import analyse_model, check_network
from archstat.errors import ForwardError, InputError
from archstat.measuring.environment.devices import check_precision, check_threads
from archstat.measuring.job import Job
from archstat.measuring.metering import kinds_for
from archstat.measuring.prepared import Prepared, conditions_of
from archstat.measuring.session import Session
from archstat.networks.settings import MeasureSetting
from archstat.records import ELEMENT_TYPES, Measurement
from archstat.tracing.nested import tensors_in, with_twins

_PRECISIONS = {dtype: precision for precision, dtype in ELEMENT_TYPES.items() if precision != "tf32"}


def measure(model: nn.Module, *inputs: Any, how: MeasureSetting | None = None, **kwargs: Any) -> Measurement:
    """Measure a network of your own where it is, in evaluation mode; its modes are as they were afterwards.

    torch's random numbers are as they were, too.

    Args:
        model: The network.
        inputs: What the network's ``forward`` takes, tensors on one device, also in lists, tuples and dictionaries, and
            whatever else; the first axis of the first tensor is the batch.
        how: What else to measure, and for how long; device, batch and element type are those of the network.
        kwargs: What the network's ``forward`` takes by name.

    Raises:
        ForwardError: The network failed while it ran.
        SourceError: The object is no network.
        InputError: The element type is none that is measured, the batch is empty, it has no values, or the energy
            meter measures other devices.
        UnknownNameError: No energy meter has that name.
        KeyboardInterrupt: The user has had enough; what was measured by then is gone.

    >>> measured = measure(nn.Linear(8, 8), torch.ones(4, 8), how=MeasureSetting(max_s=0.1))
    >>> measured.counted.macs, measured.conditions.batch_size
    (256, 4)
    """
    check_network(model, what="measured")
    given = tensors_in((inputs, kwargs))
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers(), *given)):
        raise InputError("What is on the meta device has no values to run with: make network and inputs on a device.")
    if given and given[0].dim() and not given[0].shape[0]:
        raise InputError("A batch of no input at all has nothing to measure.")
    cost = analyse_model(model, *inputs, **kwargs).cost
    how = _as_it_is(how or MeasureSetting(), cost.dtype, model, given)
    device = torch.device(how.device)
    conditions = conditions_of(how, device, given[0].shape[0] if given and given[0].dim() else 1)
    args, named = with_twins((inputs, kwargs), torch.clone)  # a network may change its input

    def prepared() -> Prepared:
        return Prepared(cost.architecture, model, tensors_in((args, named)), conditions, call=(args, named))

    session = Session([[Job(cost.architecture, conditions, cost, prepared)]], how, device)
    with _evaluating(model), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        found = list(session.measurements())
    if session.is_interrupted:
        raise KeyboardInterrupt
    (measurement,) = found
    if measurement.failure is not None:
        raise ForwardError(measurement.failure.text)
    return measurement


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; each module has its own again afterwards."""
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _as_it_is(how: MeasureSetting, dtype: str, model: nn.Module, inputs: Sequence[Tensor]) -> MeasureSetting:
    """The setting with the device, the precision and the memory format of the network and its inputs."""
    if dtype not in (*_PRECISIONS, "none"):
        raise InputError(f"A network of {dtype} cannot be measured: those are {', '.join(_PRECISIONS)}.")
    device = next((tensor.device for tensor in (*model.parameters(), *inputs)), torch.device("cpu"))
    precision = how.precision if how.precision == "tf32" else _PRECISIONS.get(dtype, how.precision)
    check_precision(device, precision)
    check_threads(device, how.threads)
    kinds_for(device.type, how.meter)
    images = [tensor for tensor in inputs if tensor.dim() == 4]
    is_last = (
        bool(images) and images[0].is_contiguous(memory_format=torch.channels_last) and not images[0].is_contiguous()
    )
    return msgspec.structs.replace(how, device=str(device), precision=precision, channels_last=is_last)
