"""Measuring a network that is there already, as it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import torch
from torch import Tensor, nn

from archstat.analysis import analyse_model
from archstat.errors import ForwardError, InputError
from archstat.measurements import ELEMENT_TYPES, Measurement
from archstat.measuring.job import Job
from archstat.measuring.prepared import Prepared, conditions_of
from archstat.measuring.session import Session
from archstat.measuring.surroundings.devices import check_precision, check_threads
from archstat.settings import MeasureSetting

_PRECISIONS = {dtype: precision for precision, dtype in ELEMENT_TYPES.items() if precision != "tf32"}


def measure(model: nn.Module, *inputs: Tensor, how: MeasureSetting | None = None) -> Measurement:
    """Measure a network of your own where it is, in evaluation mode; its modes are as they were afterwards.

    Args:
        model: The network.
        inputs: What its ``forward`` takes, on the same device; the first axis of the first one is the batch.
        how: What else to measure, and for how long; device, batch and element type are those of the network.

    Raises:
        ForwardError: It failed while it ran.
        InputError: Its element type is none that is measured, or the batch is empty.
        KeyboardInterrupt: The user has had enough; what was measured by then is gone.

    >>> measured = measure(nn.Linear(8, 8), torch.ones(4, 8), how=MeasureSetting(max_s=0.1))
    >>> measured.counted.macs, measured.conditions.batch_size
    (256, 4)
    """
    cost = analyse_model(model, *inputs).cost
    how = _as_it_is(how or MeasureSetting(), cost.dtype, model, inputs)
    batch_size = inputs[0].shape[0] if inputs and inputs[0].dim() else 1
    if not batch_size:
        raise InputError("A batch of no input at all has nothing to measure.")
    device = torch.device(how.device)
    conditions = conditions_of(how, device, batch_size)
    copies = [tensor.clone() for tensor in inputs]  # a network may change its input
    job = Job(cost.architecture, conditions, cost, lambda: Prepared(cost.architecture, model, copies, conditions))
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        session = Session([[job]], how, device)
        found = list(session.measurements())
    finally:
        for module, mode in modes.items():
            module.training = mode
    if session.is_interrupted:
        raise KeyboardInterrupt
    (measurement,) = found
    if measurement.failure is not None:
        raise ForwardError(measurement.failure.text)
    return measurement


def _as_it_is(how: MeasureSetting, dtype: str, model: nn.Module, inputs: Sequence[Tensor]) -> MeasureSetting:
    """The setting with the device, the precision and the memory format of the network and its inputs."""
    if dtype not in (*_PRECISIONS, "none"):
        raise InputError(f"A network of {dtype} cannot be measured: those are {', '.join(_PRECISIONS)}.")
    device = next((tensor.device for tensor in (*model.parameters(), *inputs)), torch.device("cpu"))
    precision = how.precision if how.precision == "tf32" else _PRECISIONS.get(dtype, how.precision)
    check_precision(device, precision)
    check_threads(device, how.threads)
    images = [tensor for tensor in inputs if tensor.dim() == 4]
    is_last = (
        bool(images) and images[0].is_contiguous(memory_format=torch.channels_last) and not images[0].is_contiguous()
    )
    return msgspec.structs.replace(how, device=str(device), precision=precision, channels_last=is_last)
