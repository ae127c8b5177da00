"""A whole measurement on a GPU: laws, no numbers."""

import pytest

from archstat.measuring.session import Session
from archstat.networks.settings import MeasureSetting, Setting

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def measured():
    how = MeasureSetting(device="cuda", batch_sizes=(1, 32), layers=True, max_s=5.0)
    return {each.conditions.batch_size: each for each in Session.of(["resnet18"], Setting(), how).measurements()}


@pytest.mark.parametrize("batch_size", [1, 32])
def test_everything_is_measured(measured, batch_size):
    found = measured[batch_size]
    assert None not in (found.latency, found.gpu, found.memory, found.layers, found.peaks, found.environment.gpu)
    assert found.conditions.device == "cuda"
    assert found.conditions.threads is None


@pytest.mark.parametrize("batch_size", [1, 32])
def test_a_queue_that_is_full_is_no_slower_than_waiting_for_each_pass(measured, batch_size):
    found = measured[batch_size]
    assert found.gpu.pipelined_s <= 1.05 * found.latency.median_s


def test_a_larger_batch_takes_longer_and_has_more_throughput(measured):
    assert measured[32].latency.median_s > measured[1].latency.median_s
    assert measured[32].throughput > measured[1].throughput


def test_no_layer_is_faster_than_the_roof_by_much(measured):
    found = measured[32]
    slowest = found.counted.flops / found.peaks.flops_per_s
    assert found.latency.median_s > 0.5 * slowest


def test_the_measured_peak_of_memory_is_that_of_the_count_and_what_libraries_take(measured):
    found = measured[32]
    assert found.memory.peak_bytes >= 0.98 * found.counted.peak_activation_bytes
