"""The stall: the device is held up until the host has enqueued all, and what happens where it cannot be."""

import pytest

from archstat.measuring.cuda.stall import DOUBLINGS, Stall, enqueue_s
from archstat.measuring.reasons import CannotMeasure
from tests.measuring.simulated_gpu import SimulatedGpu


def launches(gpu, count, duration_ns=1_000):
    def work():
        for _ in range(count):
            gpu.launch("k", duration_ns)

    return work


def test_the_time_to_enqueue_is_that_of_the_host_alone():
    gpu = SimulatedGpu(launch_ns=5_000)
    assert enqueue_s(gpu, launches(gpu, 10, duration_ns=1_000_000), gpu) == pytest.approx(50e-6)


def test_nothing_that_is_enqueued_behind_a_stall_begins_before_it_is_over():
    gpu = SimulatedGpu(launch_ns=50_000)
    work = launches(gpu, 100)
    stall = Stall(gpu, work, gpu)

    def enqueue():
        begin = gpu.event()
        begin.record()
        work()
        end = gpu.event()
        end.record()
        return begin, end

    begin, end = stall.behind(enqueue)
    gpu.synchronize()
    assert begin.seconds_until(end) == pytest.approx(100 * 1e-6 + 2e-6)
    free = enqueue()
    gpu.synchronize()
    assert free[0].seconds_until(free[1]) > 100 * 50e-6


def test_a_stall_that_ended_too_early_is_doubled():
    gpu = SimulatedGpu()
    stall = Stall(gpu, lambda: None, gpu)
    first = stall.cycles
    stall.behind(launches(gpu, 1_000))
    assert gpu.sleeps == [first, 2 * first, 4 * first]


def test_a_queue_too_short_for_the_pass_is_given_up_after_five_doublings():
    gpu = SimulatedGpu(depth=64)
    stall = Stall(gpu, lambda: None, gpu)
    with pytest.raises(CannotMeasure, match="did not stay ahead") as caught:
        stall.behind(launches(gpu, 100))
    assert caught.value.reason.code == "QUEUE_RAN_DRY"
    assert len(gpu.sleeps) == DOUBLINGS + 1


def test_a_network_that_waits_inside_is_told_from_a_queue_too_short():
    gpu = SimulatedGpu()

    def work():
        gpu.launch("k", 1_000)
        gpu.wait_inside()

    with pytest.raises(CannotMeasure, match="waits for the GPU within") as caught:
        Stall(gpu, work, gpu).behind(work)
    assert caught.value.reason.code == "MODEL_SYNCS"


def test_no_stall_is_asked_to_last_longer_than_half_a_second():
    gpu = SimulatedGpu(launch_ns=300_000_000)
    work = launches(gpu, 5)
    stall = Stall(gpu, work, gpu)
    assert stall.cycles == 1_500_000_000
    assert not stall.lengthen()
    with pytest.raises(CannotMeasure, match=r"held up for 0\.5 s or more"):
        stall.behind(work)
    assert len(gpu.sleeps) == 1


def test_the_last_doubling_stops_at_the_longest():
    gpu = SimulatedGpu(launch_ns=200_000_000)
    stall = Stall(gpu, launches(gpu, 1), gpu)
    assert stall.lengthen()
    assert stall.cycles == 1_500_000_000, "and not 2,400,000,000"
