"""A GPU that is arithmetic: a queue that a host fills and a device works through, each with its own cost."""

import contextlib
import math

from torch import nn

from archstat.measuring.cuda.kineto import TraceRecord
from archstat.measuring.prepared import Prepared
from archstat.records import Conditions

CYCLES_PER_S = 1.5e9


class SimulatedEvent:
    """An event of the simulated device."""

    def __init__(self, gpu):
        self.gpu, self.at_ns = gpu, None

    def record(self):
        self.gpu.host_ns += self.gpu.event_host_ns
        self.gpu.make_room()
        self.at_ns = max(self.gpu.free_ns, self.gpu.host_ns)
        self.gpu.free_ns = self.at_ns + self.gpu.event_device_ns
        self.gpu.pending.append(self.gpu.free_ns)

    def query(self):
        return self.at_ns <= self.gpu.host_ns

    def seconds_until(self, later):
        assert later.at_ns <= self.gpu.host_ns, "nobody waited for this event"
        return self.gpu.broken_time if self.gpu.broken_time is not None else (later.at_ns - self.at_ns) / 1e9


class SimulatedGraph:
    """Work of the simulated device that is launched as a whole."""

    def __init__(self, gpu, durations):
        self.gpu, self.durations, self.is_empty = gpu, durations, not durations

    def replay(self):
        if not self.is_empty:
            self.gpu.launch("graph", sum(self.durations))


class SimulatedGpu:
    """Device and clock in one: the host's clock goes on when the host launches, records or waits.

    ``spoil`` changes the records of a trace, as a broken tracer would; ``trace_error`` is raised instead of one.
    """

    def __init__(self, launch_ns=5_000, depth=math.inf):
        self.index, self.launch_ns, self.depth = 0, launch_ns, depth
        self.event_host_ns, self.event_device_ns, self.sync_ns = 1_000, 2_000, 8_000
        self.host_ns = self.free_ns = 1_000_000
        self.pending, self.current_stream = [], 7
        self.broken_time = self.capture_error = self.trace_error = None
        self.spoil = lambda records: records
        self.sleeps, self.captures = [], 0
        self._captured = self._records = None
        self._refuses_waiting, self._waited, self._number = False, False, 100

    # -- the clock -------------------------------------------------------------------------------------------------

    def now_ns(self):
        return self.host_ns

    def sleep(self, cycles):
        self.sleeps.append(cycles)
        self.launch("spin_kernel(long)", round(cycles / CYCLES_PER_S * 1e9), is_op=False)

    # -- the queue -------------------------------------------------------------------------------------------------

    def make_room(self):
        """Wait as long as the queue is full."""
        self.pending = [end for end in self.pending if end > self.host_ns]
        if len(self.pending) >= self.depth:
            self.host_ns = self.pending[len(self.pending) - self.depth]

    def launch(self, name, duration_ns, *, is_op=True, stream=7, free_at=None):
        """Enqueue a kernel; on another stream it may begin at ``free_at`` already."""
        if self._captured is not None:
            self._captured.append(duration_ns)
            return
        begin = self.host_ns
        self.host_ns += self.launch_ns
        self.make_room()
        start = max(self.free_ns if free_at is None else free_at, self.host_ns)
        self.free_ns = max(self.free_ns, start + duration_ns)
        self.pending.append(start + duration_ns)
        if self._records is not None:
            self._trace_launch(name, begin, start, duration_ns, is_op=is_op, stream=stream)

    def synchronize(self):
        self.host_ns = max(self.host_ns, self.free_ns) + self.sync_ns

    def wait_inside(self):
        """What a network does that reads a number back."""
        if self._refuses_waiting:
            self._waited = True
        self.synchronize()

    def waits_inside(self, work):
        self._refuses_waiting, self._waited = True, False
        work()
        self._refuses_waiting = False
        return self._waited

    def event(self):
        return SimulatedEvent(self)

    def stream(self):
        return self.current_stream

    def capture(self, work):
        if self.capture_error is not None:
            raise self.capture_error
        self.captures += 1
        self._captured = []
        work()
        durations, self._captured = self._captured, None
        return SimulatedGraph(self, durations)

    # -- the trace -------------------------------------------------------------------------------------------------

    def _next(self):
        self._number += 1
        return self._number

    def _trace_launch(self, name, begin, start, duration, *, is_op, stream):
        op = 0
        if is_op:
            op = self._next()
            self._records.append(host(f"aten::{name}", "cpu_op", begin, self.host_ns, op))
        launch = self._next()
        self._records.append(host("cudaLaunchKernel", "cuda_runtime", begin + 1, self.host_ns - 1, launch))
        self._records.append(kernel(name, start, start + duration, launch, op, stream=stream))

    @contextlib.contextmanager
    def annotate(self, name):
        begin, number = self.host_ns, self._next()
        self.host_ns += 100
        try:
            yield
        finally:
            self.host_ns += 100
            if self._records is not None:
                self._records.append(host(name, "user_annotation", begin, self.host_ns, number))
            self.host_ns += 10

    def trace(self, work):
        if self.trace_error is not None:
            raise self.trace_error
        self._records = []
        work()
        self.synchronize()
        records, self._records = self._records, None
        return tuple(self.spoil(records))


def host(name, kind, start, end, number, thread=1):
    """A record of the host."""
    return TraceRecord(name, kind, thread, start, end, number, 0, "cpu", 4242, 1)


def kernel(name, start, end, launch=0, op=0, *, stream=7, device=0, kind="kernel"):
    """A record of the device."""
    return TraceRecord(name, kind, 1, start, end, launch, op, "cuda", device, stream)


class Kernels(nn.Module):
    """A layer that launches kernels of given durations; ``inner`` runs between the first and the others."""

    def __init__(self, gpu, *durations_us, waits=False, **inner):
        super().__init__()
        self.gpu, self.durations_ns, self.waits = gpu, [round(1000 * d) for d in durations_us], waits
        for name, module in inner.items():
            setattr(self, name, module)

    def forward(self, x):
        for place, duration in enumerate(self.durations_ns):
            self.gpu.launch(f"k{duration // 1000}", duration)
            if self.waits:
                self.gpu.wait_inside()
            if place == 0:
                x = self._inside(x)
        return x if self.durations_ns else self._inside(x)

    def _inside(self, x):
        for module in self.children():
            x = module(x)
        return x


def prepared_of(model, *inputs):
    """A network of the simulated device, ready to run."""
    return Prepared("net", model.eval(), inputs, Conditions("cuda", "a simulated GPU", "fp32", 1))
