"""One network under one set of conditions: how it is made ready, and what was found of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor

from archstat.analysis.inference import NamedNetwork, analyse_named
from archstat.errors import first_line
from archstat.language import recorded
from archstat.measuring.environment.noise import noise_reasons
from archstat.measuring.latency import latency_reasons
from archstat.measuring.prepared import Prepared, build_for_device, conditions_of, drawn_inputs, on_device
from archstat.measuring.reasons import is_out_of_memory
from archstat.networks.settings import MeasureSetting, Setting
from archstat.records import Conditions, CountedTotals, Environment, Latency, Measurement, ModelCost, Reason
from archstat.tracing.nested import tensors_in

INTERRUPTED_REASON = Reason("INTERRUPTED", recorded("Interrupted from the keyboard: what was not finished is missing."))

_CHANGED = Reason(
    "INPUT_CHANGED",
    recorded("The network changes its own input, so each pass ran on what the one before it left there."),
)


class Job:
    """One network at one batch size, and what was found of it.

    Attributes:
        name: As the user wrote it.
        conditions: What must be the same for a comparison.
        cost: The cost by count on the same input.
        traffic: The bytes that each row of the cost must move at least; ``None``: nobody will ask.
        prepared: The network; ``None`` before it is made, and where it does not fit.
        found: Fields of the measurement.
        reasons: What is missing, or must be known.
    """

    def __init__(
        self,
        name: str,
        conditions: Conditions,
        cost: ModelCost,
        make: Callable[[], Prepared],
        traffic: Sequence[int] | None = None,
    ) -> None:
        """A network that was counted, and how it is made ready."""
        self.name, self.conditions, self.cost, self._make = name, conditions, cost, make
        self.traffic = traffic
        self.prepared: Prepared | None = None
        self._drawn: list[Tensor] = []
        self.found: dict[str, Any] = {}
        self.reasons: list[Reason] = []

    def prepare(self) -> None:
        """Make the network and its inputs on their device."""
        try:
            self.prepared = self._make()
            # What the network writes to its input is seen by comparing: later passes then ran on something else.
            self._drawn = [tensor.clone() for tensor in self.prepared.inputs]
        except (RuntimeError, MemoryError) as error:
            self.fail(error)

    def take(self, outcome: Latency | Exception | None) -> None:
        """Keep the latency, or why there is none."""
        if isinstance(outcome, Exception):
            self.fail(outcome)
        elif outcome is None:
            self.reasons.append(INTERRUPTED_REASON)
        else:
            self.found["latency"] = outcome
            self.reasons += latency_reasons(outcome)
            if self._has_changed_its_input():
                self.reasons.append(_CHANGED)

    def _has_changed_its_input(self) -> bool:
        inputs = self.prepared.inputs if self.prepared is not None else ()
        return not all(map(_are_same, inputs, self._drawn))

    def fail(self, error: Exception) -> None:
        """Say why it cannot be run, and forget the network, so that others have its memory."""
        self.prepared = None
        said = first_line(error)
        text = f"{self.name} failed while it ran: {type(error).__name__}: {said}"
        if is_out_of_memory(error):
            what = f"Out of memory at batch {self.conditions.batch_size}"
            text = f"{what}: take a smaller batch, or fewer networks at once. Torch says: {said}"
        self.reasons.append(Reason("OOM" if is_out_of_memory(error) else "FAILED", text))

    def measurement(self, environment: Environment, conditions: Conditions) -> Measurement:
        """The measurement with all that was found."""
        cost = self.cost
        counted = CountedTotals(**{field: getattr(cost, field) for field in CountedTotals.__struct_fields__})
        reasons = tuple(dict.fromkeys((*self.reasons, *noise_reasons(environment.noise, environment.host))))
        return Measurement(
            self.name, cost.input_shapes, conditions, counted, environment, reasons=reasons, **self.found
        )


def _are_same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same numbers; not a number is the same as not a number."""
    return torch.allclose(one, other, 0, 0, equal_nan=True) if one.is_floating_point() else torch.equal(one, other)


def named_job(
    subject: NamedNetwork, setting: Setting, how: MeasureSetting, device: torch.device, batch_size: int
) -> Job:
    """A named network at a batch size; counting it finds out early whether it can take the input."""
    sized = msgspec.structs.replace(setting, batch_size=batch_size, dtype=how.dtype)
    conditions = conditions_of(how, device, batch_size)
    source = subject.source

    counted = analyse_named(subject, sized)
    brings_its_own = counted.cost.input_origin == "example"
    shapes = counted.cost.input_shapes
    if brings_its_own and shapes and shapes[0]:  # of the batch that it brings
        conditions = msgspec.structs.replace(conditions, batch_size=shapes[0][0])

    def make() -> Prepared:
        model = build_for_device(source, how, device)
        example = subject.example(on="cpu") if brings_its_own else None
        call = drawn_inputs(model, subject.inputs(sized), batch_size, how, device) if example is None else example
        call = on_device(call, device)
        return Prepared(source.name, model, tensors_in(call), conditions, call=call)

    return Job(source.name, conditions, counted.cost, make, counted.traffic() if how.layers else None)
