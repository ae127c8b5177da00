"""Laws of the memory of a pass on a GPU, workspaces of its libraries included."""

import pytest
import torch

from archstat.counting.rows import count_trace
from archstat.measuring.memory import measure_memory
from archstat.measuring.prepared import Prepared
from archstat.networks import sources
from archstat.records import Conditions
from archstat.tracing import trace
from tests.support import Calls

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def ready():
    source = sources.find("resnet18")
    x = torch.zeros(16, *source.input_shape, device="cuda")
    model = sources.build_on_cpu(source).to("cuda").eval()
    return Prepared("resnet18", model, (x,), Conditions("cuda", torch.cuda.get_device_name(), "fp32", 16))


@pytest.fixture(scope="module")
def measured(ready):
    return measure_memory(ready, layers=True)


def test_the_peak_is_not_below_the_counted_one(ready, measured):
    assert measured.method == "allocator"
    assert measured.peak_bytes >= count_trace(trace(ready.model, ready.inputs), "resnet18").peak_activation_bytes


def test_the_allocator_holds_at_least_what_there_is_and_the_device_what_it_holds(measured):
    there = measured.parameter_bytes + measured.buffer_bytes + measured.input_bytes + measured.peak_bytes
    assert there <= measured.reserved_bytes <= measured.device_bytes


def test_no_layer_takes_more_than_the_network_and_the_network_takes_the_most(measured):
    whole, *layers = measured.layers
    assert whole.layer == ""
    assert max(layer.peak_bytes for layer in layers) <= whole.peak_bytes <= measured.peak_bytes
    assert all(0 <= layer.kept_bytes <= layer.peak_bytes for layer in layers)


def test_too_large_a_batch_is_a_reason(ready):
    _, total = torch.cuda.mem_get_info()
    model = Calls(lambda x: x.expand(total).clone())
    large = Prepared("network", model, (torch.zeros(1, device="cuda"),), ready.conditions)
    assert [reason.code for reason in measure_memory(large, layers=True).reasons] == ["OOM"]
