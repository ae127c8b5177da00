"""Ways to time passes, on a simulated GPU."""

import pytest

from archstat.measuring.cuda.passes import DISCARDED, GpuPlan, latencies, repeated_s, trace_passes
from archstat.measuring.cuda.stall import Stall
from archstat.measuring.reasons import CannotMeasure
from tests.measuring.simulated_gpu import SimulatedGpu


def test_calls_that_take_no_time_are_not_repeated_for_ever():
    gpu = SimulatedGpu()
    gpu.sync_ns = 0
    with pytest.raises(CannotMeasure, match="100,000 calls took 0 s"):
        repeated_s(lambda: None, gpu, gpu, samples=1)


def test_a_sample_of_the_host_s_clock_lasts_twenty_milliseconds():
    gpu, calls = SimulatedGpu(), []
    seconds = repeated_s(lambda: (calls.append(gpu.free_ns), gpu.launch("k", 10_000)), gpu, gpu, samples=1)
    assert seconds == pytest.approx(10e-6, rel=0.01)
    assert (calls[-1] - calls[-2000]) / 1e9 == pytest.approx(1999 * 10e-6), "2,000 in a row, not waited for"


def test_a_latency_has_the_launch_the_work_and_the_wait():
    gpu = SimulatedGpu(launch_ns=5_000)
    assert latencies(lambda: gpu.launch("k", 100_000), gpu, gpu, GpuPlan(passes=3)) == pytest.approx([113e-6] * 3)


def test_the_first_passes_of_a_trace_are_thrown_away():
    gpu, lasts = SimulatedGpu(), iter(range(1_000, 100_000, 1_000))
    with pytest.raises(CannotMeasure, match="not the same kernels"):
        trace_passes(lambda: gpu.launch(f"k{next(lasts)}", 1_000), gpu, None, GpuPlan(passes=2))
    head = iter([1_000] * DISCARDED + [5_000] * 2)
    traced = trace_passes(lambda: gpu.launch("k", next(head)), gpu, None, GpuPlan(passes=2))
    assert [one.busy_ns for one in traced] == [5_000, 5_000]


def test_a_pass_that_is_done_again_behind_a_longer_stall_counts_once():
    gpu = SimulatedGpu()
    stall = Stall(gpu, lambda: None, gpu)
    traced = trace_passes(lambda: [gpu.launch("k", 1_000) for _ in range(500)], gpu, stall, GpuPlan(passes=2))
    assert len(gpu.sleeps) > DISCARDED + 2
    assert [one.gap_ns for one in traced] == [0, 0]
