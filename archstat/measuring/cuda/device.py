"""A GPU as timing sees it: a queue of work with events in it, graphs, and a trace; and CUDA's, through torch.

Everything that times a GPU is written against :class:`QueueDevice`, so that a simulated queue can stand in for one.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import torch

from archstat.measuring.cuda.kineto import TraceRecord, records_of
from archstat.measuring.isolation import without_profiler_log
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason

WARM_UPS = 3
"""Calls on a side stream before a capture: libraries allocate their workspaces and choose algorithms in the first ones,
which a capture would refuse."""


class Event(Protocol):
    """A mark in the queue."""

    def record(self) -> None:
        """Put it behind all that was started on the current stream."""
        ...

    def query(self) -> bool:
        """The device has come to it."""
        ...

    def seconds_until(self, later: Any) -> float:
        """From this mark to a later one, as the device says; a broken clock may give any number, or none (NaN)."""
        ...


class Graph(Protocol):
    """Work that was captured once and is started as a whole.

    Attributes:
        is_empty: The device has nothing to do in it.
    """

    is_empty: bool

    def replay(self) -> None:
        """Start the graph; return before it has run."""
        ...


class QueueDevice(Protocol):
    """A device that works through a queue while the host goes on.

    Attributes:
        index: The number of the device, as traces name it.
    """

    index: int

    def synchronize(self) -> None:
        """Return when the queue is empty."""
        ...

    def event(self) -> Event:
        """A new mark, in no queue yet."""
        ...

    def sleep(self, cycles: int) -> None:
        """Let the device do nothing for so many steps of its clock, at that place of the queue."""
        ...

    def stream(self) -> int:
        """Which stream work is put on now."""
        ...

    def capture(self, work: Callable[[], object]) -> Graph:
        """The work as a graph, after a few calls to warm up; raises whatever the work or the capture raises."""
        ...

    def waits_inside(self, work: Callable[[], object]) -> bool:
        """The work itself makes the host wait for the device."""
        ...

    def annotate(self, name: str) -> contextlib.AbstractContextManager[Any]:
        """A stretch of the host's time that a trace shows by that name."""
        ...

    def trace(self, work: Callable[[], object]) -> tuple[TraceRecord, ...]:
        """All that host and device did during the work.

        Raises:
            CannotMeasure: There is no trace of the device.
        """
        ...


class CudaEvent:
    """An event of CUDA's, which resolves about half a microsecond."""

    def __init__(self, device: torch.device) -> None:
        """Of that device."""
        self._device = device
        self._event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]

    def record(self) -> None:
        """Put it on the device's current stream; without a stream torch takes that of the current device."""
        self._event.record(torch.cuda.current_stream(self._device))

    def query(self) -> bool:
        """The device has come to it."""
        return bool(self._event.query())  # type: ignore[no-untyped-call]

    def seconds_until(self, later: CudaEvent) -> float:
        """From this one to a later one; both must have been come to."""
        return float(self._event.elapsed_time(later._event)) / 1e3  # CUDA gives milliseconds


class CudaGraph:
    """A graph of CUDA's."""

    def __init__(
        self, device: torch.device, graph: torch.cuda.CUDAGraph, work: Callable[[], object], *, is_empty: bool
    ) -> None:
        """A graph of that device, and what was captured in it: that holds the tensors which its kernels read."""
        self._device, self._graph, self._work, self.is_empty = device, graph, work, is_empty

    def replay(self) -> None:
        """Start the graph; an empty one is nothing to start."""
        if not self.is_empty:
            with torch.cuda.device(self._device):
                self._graph.replay()


class CudaDevice:
    """A GPU through torch.

    Attributes:
        index: The number of the GPU among those that torch sees.
    """

    def __init__(self, device: torch.device) -> None:
        """Choose a GPU; ``cuda`` without a number is the current one."""
        self.index = torch.cuda.current_device() if device.index is None else device.index
        self.device = torch.device("cuda", self.index)

    def synchronize(self) -> None:
        """Return when all its streams are empty."""
        torch.cuda.synchronize(self.device)

    def event(self) -> CudaEvent:
        """A new event with a time."""
        return CudaEvent(self.device)

    def sleep(self, cycles: int) -> None:
        """Let its current stream spin.

        Raises:
            CannotMeasure: This torch has no such kernel; it is not part of torch's public face.
        """
        spin = getattr(torch.cuda, "_sleep", None)
        if spin is None:
            text = f"torch {torch.__version__} has no torch.cuda._sleep to hold the queue up with."
            raise CannotMeasure(Reason("QUEUE_RAN_DRY", text))
        with torch.cuda.device(self.device):
            spin(cycles)

    def stream(self) -> int:
        """CUDA's handle of the current stream."""
        return int(torch.cuda.current_stream(self.device).cuda_stream)

    def capture(self, work: Callable[[], object]) -> CudaGraph:
        """The work as a graph.

        The outer stream context is what puts the caller's stream back: after a failed capture torch's own does not.
        """
        with torch.cuda.device(self.device):
            side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream(self.device))
            graph = torch.cuda.CUDAGraph()
            # A capture is refused on the default stream.
            with torch.cuda.stream(side):
                for _ in range(WARM_UPS):
                    work()
                is_empty = _captured(graph, side, work)
            torch.cuda.synchronize(self.device)
        return CudaGraph(self.device, graph, work, is_empty=is_empty)

    def waits_inside(self, work: Callable[[], object]) -> bool:
        """Torch refuses a synchronizing op during the work; a few of them it does not know."""
        before = torch.cuda.get_sync_debug_mode()
        try:
            _set_sync_debug_mode("error")
            work()
        except RuntimeError as error:
            if "synchronizing" not in str(error):
                raise
            return True
        finally:
            _set_sync_debug_mode(before)
        return False

    def annotate(self, name: str) -> contextlib.AbstractContextManager[Any]:
        """A range of torch's profiler."""
        return torch.profiler.record_function(name)

    def trace(self, work: Callable[[], object]) -> tuple[TraceRecord, ...]:
        """What torch's profiler saw of it: one session, without shapes, stacks and memory, which slow the host down."""
        wanted = {torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA}
        if not wanted <= torch.profiler.supported_activities():  # type: ignore[no-untyped-call]
            text = f"torch {torch.__version__} was built without GPU tracing (CUPTI)."
            raise CannotMeasure(Reason("CUPTI_UNAVAILABLE", text))
        with without_profiler_log(), torch.profiler.profile(activities=list(wanted), acc_events=False) as profile:
            work()
            self.synchronize()
        return records_of(profile)


def _set_sync_debug_mode(mode: int | str) -> None:
    """Torch warns that this is a prototype once the mode is set: a filter may make an error of that."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
        torch.cuda.set_sync_debug_mode(mode)


def _captured(graph: torch.cuda.CUDAGraph, side: torch.cuda.Stream, work: Callable[[], object]) -> bool:
    """Capture the work; true if there was nothing in it, of which torch only warns.

    Thread-local: what other threads ask of CUDA meanwhile, such as a meter, does not spoil the capture.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
                work()
        except Exception as error:  # noqa: BLE001  # the work may raise anything, and then the capture does
            raise (error.__context__ or error) from None
    return any("graph is empty" in str(warning.message).lower() for warning in caught)
