"""The times of layers on a real GPU, by three methods that know nothing of one another."""

import pytest
import torch

from archstat.measuring.cuda.device import CudaDevice
from archstat.measuring.cuda.events import time_by_events
from archstat.measuring.cuda.layers import time_layers_on_gpu
from archstat.measuring.cuda.passes import GpuPlan
from archstat.measuring.cuda.replay import time_isolated
from archstat.measuring.protocols import HostClock
from tests.gpu.networks import each_network, prepared

pytestmark = pytest.mark.gpu

CLOCK, PLAN = HostClock(), GpuPlan()


def device():
    return CudaDevice(torch.device("cuda"))


def large(times, at_least_s=100e-6):
    return {(row.layer, row.call): row.time_s for row in times.rows if row.is_leaf and row.time_s >= at_least_s}


@each_network
@pytest.mark.parametrize("batch_size", [1, 32])
def test_kernels_tell_all_of_a_pass(name, batch_size):
    times = time_layers_on_gpu(prepared(name, batch_size), device(), CLOCK, PLAN)
    assert times.method == "kernels"
    assert times.reasons == ()
    assert 0.9 <= times.closure <= 1.1
    assert times.unowned_s <= 0.02 * times.rows_s
    assert times.gap_s >= 0


@each_network
def test_the_layers_that_compute_have_kernels_and_time(name):
    times = time_layers_on_gpu(prepared(name, 8), device(), CLOCK, PLAN)
    for row in times.rows:
        if row.kind in {"Conv2d", "Linear", "LayerNorm", "GELU"}:
            assert row.kernels >= 1
            assert row.time_s > 0
            assert len(row.kernel_names) >= 1


@each_network
def test_kernels_and_events_agree_on_large_layers(name):
    work, gpu = prepared(name, 32), device()
    by_kernels = time_layers_on_gpu(work, gpu, CLOCK, PLAN)
    by_events = time_by_events(work, gpu, CLOCK, PLAN, by_kernels.whole_s)
    rows = {(row.layer, row.call): row.time_s for row in by_events.rows}
    shared = large(by_kernels)
    assert len(shared) >= 10
    assert {key: rows[key] for key in shared} == pytest.approx(shared, rel=0.2)
    assert sum(row.time_s for row in by_events.rows) == pytest.approx(by_kernels.whole_s, rel=0.1)


@each_network
def test_layers_alone_take_about_what_they_take_within_a_pass(name):
    work, gpu = prepared(name, 32), device()
    by_kernels = time_layers_on_gpu(work, gpu, CLOCK, PLAN)
    alone = time_isolated(work, gpu, CLOCK, PLAN, by_kernels.whole_s)
    rows = {(row.layer, row.call): row.time_s for row in alone.rows}
    shared = large(by_kernels)
    assert alone.reasons == ()
    assert sum(rows[key] for key in shared) == pytest.approx(sum(shared.values()), rel=0.3), "warm caches"


@each_network
def test_measuring_leaves_the_network_as_it_was(name):
    work, gpu = prepared(name, 1), device()
    stream = gpu.stream()
    with torch.inference_mode():
        before = work.model(*work.inputs).clone()
        time_layers_on_gpu(work, gpu, CLOCK, PLAN)
        time_isolated(work, gpu, CLOCK, PLAN, 1.0)
        after = work.model(*work.inputs)
    assert torch.allclose(before, after, rtol=1e-3, atol=1e-4)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in work.model.modules())
    assert gpu.stream() == stream
    assert torch.cuda.get_sync_debug_mode() == 0
