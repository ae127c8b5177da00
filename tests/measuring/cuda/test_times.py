"""The times of a pass on a simulated GPU, where each is known by arithmetic."""

import math

import pytest
import torch

from archstat.measuring.cuda.passes import GpuPlan
from archstat.measuring.cuda.times import gpu_times
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason
from tests.measuring.simulated_gpu import Kernels, SimulatedGpu, prepared_of

PLAN = GpuPlan(passes=4, samples=3)


def times_of(gpu, *durations_us, plan=PLAN, waits=False):
    return gpu_times(prepared_of(Kernels(gpu, *durations_us, waits=waits), torch.zeros(1)), gpu, gpu, plan)


def codes(reasons):
    return [reason.code for reason in reasons]


def test_a_pass_of_long_kernels_takes_their_time_however_it_is_looked_at():
    times, reasons = times_of(SimulatedGpu(launch_ns=5_000), 300, 200)
    assert reasons == ()
    assert times.busy_s == pytest.approx(500e-6)
    assert times.span_s == pytest.approx(502e-6)
    assert times.pipelined_s == pytest.approx(500e-6, rel=0.01)
    assert times.graph_s == pytest.approx(500e-6, rel=0.01)


def test_waiting_for_an_idle_device_costs_what_it_costs():
    assert times_of(SimulatedGpu(), 300)[0].synchronize_s == pytest.approx(8e-6)


def test_a_launch_bound_pass_is_told_by_its_times():
    times, reasons = times_of(SimulatedGpu(launch_ns=100_000), 10, 10, 10)
    assert reasons == ()
    assert times.pipelined_s == pytest.approx(300e-6, rel=0.01), "the host launches three kernels"
    assert times.span_s == pytest.approx(32e-6), "the GPU needs only this, and one event"
    assert times.busy_s == pytest.approx(30e-6)
    assert times.graph_s == pytest.approx(100e-6, rel=0.01), "one launch for all"


def test_busy_is_at_most_the_span_and_the_span_at_most_a_pass_that_is_waited_for():
    gpu = SimulatedGpu(launch_ns=20_000)
    times, _ = times_of(gpu, 30, 5, 40)
    gpu.synchronize()
    begin = gpu.now_ns()
    prepared_of(Kernels(gpu, 30, 5, 40), torch.zeros(1)).run()
    gpu.synchronize()
    assert times.busy_s <= times.span_s <= (gpu.now_ns() - begin) / 1e9


def test_a_network_that_waits_inside_has_no_span():
    times, reasons = times_of(SimulatedGpu(), 300, waits=True)
    assert times.span_s is None
    assert codes(reasons) == ["MODEL_SYNCS"]
    assert times.pipelined_s > 300e-6


def test_a_pass_too_deep_for_the_queue_has_no_span_but_the_other_times():
    times, reasons = times_of(SimulatedGpu(depth=32), *[50] * 40)
    assert times.span_s is None
    assert codes(reasons) == ["QUEUE_RAN_DRY"]
    assert times.busy_s == pytest.approx(2e-3)


@pytest.mark.parametrize("wrong", [0.0, -1e-6, math.nan, math.inf])
def test_one_impossible_time_of_an_event_rejects_all_of_them(wrong):
    gpu = SimulatedGpu()
    gpu.broken_time = wrong
    times, reasons = times_of(gpu, 300)
    assert times.span_s is None
    assert codes(reasons) == ["EVENT_TIME_INVALID"]
    assert times.pipelined_s == pytest.approx(300e-6, rel=0.01), "the host's clock is not theirs"


def test_confidential_computing_leaves_the_host_s_clock():
    times, reasons = times_of(SimulatedGpu(), 300, plan=GpuPlan(4, 3, is_confidential=True))
    assert times.span_s is None
    assert codes(reasons) == ["CC_ENABLED"]
    assert None not in (times.synchronize_s, times.pipelined_s, times.graph_s)


def test_a_pass_that_cannot_be_captured_names_the_exception():
    gpu = SimulatedGpu()
    gpu.capture_error = RuntimeError("operation not permitted when stream is capturing")
    times, reasons = times_of(gpu, 300)
    assert times.graph_s is None
    says = "cannot be measured: RuntimeError: operation not permitted when stream is capturing."
    assert reasons == (Reason("GRAPH_FAILED", f"A pass as a CUDA graph {says}"),)
    assert times.span_s is not None


def test_a_graph_that_cannot_be_replayed_leaves_the_other_times():
    gpu = SimulatedGpu()

    def launch(name, *args, **kwargs):
        if name == "graph":
            raise RuntimeError("CUDA error: operation not permitted")
        SimulatedGpu.launch(gpu, name, *args, **kwargs)

    gpu.launch = launch
    times, reasons = times_of(gpu, 300)
    assert times.graph_s is None
    assert codes(reasons) == ["GRAPH_FAILED"]
    assert times.busy_s == pytest.approx(300e-6)


def test_a_profiler_that_raises_leaves_the_other_times():
    gpu = SimulatedGpu()
    gpu.trace_error = RuntimeError("CUPTI_ERROR_INSUFFICIENT_PRIVILEGES\nat some place")
    times, reasons = times_of(gpu, 300)
    assert times.busy_s is None
    says = "cannot be measured: RuntimeError: CUPTI_ERROR_INSUFFICIENT_PRIVILEGES."
    assert reasons == (Reason("PART_FAILED", f"The busy time of a pass {says}"),)
    assert None not in (times.pipelined_s, times.span_s, times.graph_s)


@pytest.mark.parametrize("where", ["trace_error", "capture_error"])
def test_memory_that_does_not_suffice_for_one_time_leaves_the_others(where):
    gpu = SimulatedGpu()
    setattr(gpu, where, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."))
    times, reasons = times_of(gpu, 300)
    (reason,) = reasons
    assert reason.code == "OOM"
    assert reason.text.endswith(" cannot be measured: out of memory.")
    assert sorted([times.busy_s is None, times.graph_s is None]) == [False, True]
    assert None not in (times.pipelined_s, times.span_s)


def test_without_a_trace_there_is_no_busy_time():
    gpu = SimulatedGpu()
    gpu.trace_error = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace."))
    times, reasons = times_of(gpu, 300)
    assert times.busy_s is None
    assert codes(reasons) == ["CUPTI_UNAVAILABLE"]
