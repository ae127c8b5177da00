"""The times of a pass on a real GPU: laws, since no number is the same on two of them."""

import pytest
import torch

from archstat.measuring.cuda.device import CudaDevice
from archstat.measuring.cuda.events import empty_pair_s
from archstat.measuring.cuda.passes import GpuPlan, latencies
from archstat.measuring.cuda.stall import Stall
from archstat.measuring.cuda.times import gpu_times
from archstat.measuring.protocols import HostClock
from archstat.measuring.statistics import median
from tests.gpu.networks import each_network, prepared

pytestmark = pytest.mark.gpu

CLOCK = HostClock()


def device():
    return CudaDevice(torch.device("cuda"))


@each_network
@pytest.mark.parametrize("batch_size", [1, 32])
def test_busy_is_at_most_the_span_and_the_span_at_most_the_latency(name, batch_size):
    work, gpu = prepared(name, batch_size), device()
    times, reasons = gpu_times(work, gpu, CLOCK)
    latency_s = median(latencies(work.run, gpu, CLOCK, GpuPlan()))
    assert reasons == ()
    assert 0 < times.busy_s <= 1.05 * times.span_s
    assert times.span_s <= 1.05 * latency_s
    assert times.busy_s <= 1.05 * times.pipelined_s
    assert times.graph_s <= 1.10 * times.pipelined_s, "a graph only takes the host out"
    assert 0 < times.synchronize_s < latency_s


@each_network
def test_a_larger_batch_takes_no_less_time(name):
    spans = [gpu_times(prepared(name, batch_size), device(), CLOCK)[0].span_s for batch_size in (1, 8, 32)]
    assert spans[0] <= 1.05 * spans[1]
    assert spans[1] <= 1.05 * spans[2]
    assert spans[2] <= 1.10 * 32 * spans[0]


def test_the_same_work_twice_takes_the_same_time():
    work, gpu = prepared("resnet50", 32), device()
    first, second = (gpu_times(work, gpu, CLOCK)[0] for _ in range(2))
    assert second.span_s == pytest.approx(first.span_s, rel=0.05)
    assert second.busy_s == pytest.approx(first.busy_s, rel=0.05)


def test_a_network_that_reads_a_number_back_is_told():
    work = prepared("resnet50", 1)
    work.model.fc.register_forward_hook(lambda _module, _args, out: out * float(out.sum() > -1e30))
    times, reasons = gpu_times(work, device(), CLOCK)
    assert times.span_s is None
    assert times.graph_s is None
    assert {reason.code for reason in reasons} == {"MODEL_SYNCS", "GRAPH_FAILED"}
    again, _ = gpu_times(prepared("resnet50", 1), device(), CLOCK)
    assert None not in (again.span_s, again.busy_s, again.graph_s), "a failed capture leaves nothing behind"


def test_a_stall_holds_the_gpu_up_and_an_empty_pair_of_events_takes_microseconds():
    gpu = device()
    stall = Stall(gpu, lambda: None, CLOCK)
    assert not stall.begin().query()
    gpu.synchronize()
    assert 0 < empty_pair_s(gpu, stall) < 50e-6
