"""The raw records of torch's profiler, as plain ones.

They are read before torch sums them up: its sums per op count some of the device's time twice, and know no layers.
This is not part of torch's public face, so every attribute is looked for before it is used.
"""

from __future__ import annotations

from typing import Any

import msgspec
import torch

from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason

_ATTRIBUTES = (
    "name",
    "activity_type",
    "start_thread_id",
    "start_ns",
    "end_ns",
    "correlation_id",
    "linked_correlation_id",
    "device_type",
    "device_index",
    "device_resource_id",
)


class TraceRecord(msgspec.Struct, frozen=True, gc=False):
    """One thing that the host or the device did.

    Attributes:
        name: The op, the kernel, or the annotation.
        kind: In the profiler's words: ``"cpu_op"``, ``"user_annotation"``, ``"cuda_runtime"``, ``"kernel"``,
            ``"gpu_memcpy"``, …
        thread: The thread that it began in; of the host only.
        start_ns: The begin, on a clock that host and device share.
        end_ns: The end, on the same clock.
        correlation: A number. Ops and annotations are numbered by the profiler, launches and kernels by the driver:
            a kernel has the number of its launch, and the same number may be that of an op it has nothing to do with.
        linked: The number of the op that it was started by; 0: none.
        device_type: ``"cpu"`` or ``"cuda"``.
        device: The number of the device.
        stream: On a device: the stream.
    """

    name: str
    kind: str
    thread: int
    start_ns: int
    end_ns: int
    correlation: int
    linked: int
    device_type: str
    device: int
    stream: int


def records_of(profile: torch.profiler.profile) -> tuple[TraceRecord, ...]:
    """Everything that a finished profile holds, in no particular order.

    Raises:
        CannotMeasure: This torch keeps its records otherwise.
    """
    results = getattr(profile.profiler, "kineto_results", None)
    if results is None or not hasattr(results, "events"):
        raise _unknown("kineto_results.events")
    events = results.events()
    for attribute in _ATTRIBUTES if events else ():
        if not hasattr(events[0], attribute):
            raise _unknown(attribute)
    return tuple(_record(event) for event in events)


def _record(event: Any) -> TraceRecord:
    return TraceRecord(
        event.name(),
        event.activity_type(),
        event.start_thread_id(),
        event.start_ns(),
        event.end_ns(),
        event.correlation_id(),
        event.linked_correlation_id(),
        event.device_type().name.lower(),
        event.device_index(),
        event.device_resource_id(),
    )


def _unknown(attribute: str) -> CannotMeasure:
    text = f"The profiler of torch {torch.__version__} has no '{attribute}': its records cannot be read."
    return CannotMeasure(Reason("CUPTI_UNAVAILABLE", text))
