"""The memory of a pass: as counted where torch does what it is told, from fake systems where it is not told."""

import re

import msgspec
import pytest
import torch
from torch import nn

from archstat.counting.rows import count_trace
from archstat.measuring.cpu import allocations
from archstat.measuring.memory import measure_memory
from archstat.networks import sources
from archstat.records import LayerMemory, Memory
from archstat.tracing import trace
from tests.measuring.networks import hooks_of, prepared
from tests.support import Calls


def counted_peak(model, *inputs):
    return count_trace(trace(model, inputs), "network").peak_activation_bytes


def codes(measured):
    return [reason.code for reason in measured.reasons]


# -- on a CPU ----------------------------------------------------------------------------------------------------------


class Branches(nn.Module):
    """A network whose tensors live for different times."""

    def __init__(self):
        super().__init__()
        self.wide, self.narrow = nn.Linear(16, 512), nn.Linear(512, 16)

    def forward(self, x):
        y = torch.relu(self.wide(x))
        z = self.narrow(y)
        del y
        return torch.cat([z, x], 1) * 2


PLAIN = {
    "linear layers": lambda: (nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 8)), torch.ones(4, 16)),
    "in place": lambda: (nn.Sequential(nn.Linear(16, 64), nn.ReLU(inplace=True)), torch.ones(4, 16)),
    "branches": lambda: (Branches(), torch.ones(4, 16)),
    "pooling": lambda: (nn.Sequential(nn.AvgPool2d(2), nn.Tanh(), nn.Flatten()), torch.ones(2, 3, 16, 16)),
    "normalization": lambda: (nn.Sequential(nn.LayerNorm(16), nn.Sigmoid()), torch.ones(4, 16)),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.sampled(6)
def test_the_peak_is_the_counted_one_where_no_op_has_scratch_of_its_own(name):
    model, x = PLAIN[name]()
    scratch = 2 * 4 * 4 if name == "normalization" else 0  # mean and deviation of each of 4 rows, dropped at once
    peak = measure_memory(prepared(model, x), layers=False).peak_bytes
    assert counted_peak(model, x) <= peak <= counted_peak(model, x) + scratch


@pytest.mark.parametrize("name", ["lenet5_modern", "resnet20", "squeezenet1_1", "mobilenet_v2", "googlenet"])
@pytest.mark.sampled(3)
def test_the_peak_is_never_below_the_counted_one(name):
    source = sources.find(name)
    model = sources.build_on_cpu(source).eval()
    x = torch.zeros(2, *(source.input_shape if source.input_shape[1] == 32 else (3, 64, 64)))
    assert measure_memory(prepared(model, x), layers=False).peak_bytes >= counted_peak(model, x) > 0


def test_what_is_there_before_the_pass_is_told_apart():
    model = nn.Sequential(nn.Linear(16, 64), nn.BatchNorm1d(64))
    measured = measure_memory(prepared(model, torch.ones(4, 16)), layers=False)
    assert measured.parameter_bytes == 4 * (16 * 64 + 64 + 64 + 64)
    assert measured.buffer_bytes == 4 * (64 + 64) + 8
    assert measured.input_bytes == 4 * 4 * 16
    assert measured.method == "profiler"
    assert (measured.reserved_bytes, measured.device_bytes, measured.layers) == (None, None, ())


def test_shared_memory_counts_once_and_for_the_parameters_first():
    model = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    model[1].weight = nn.Parameter(model[0].weight.detach().view(8, 8))
    model.register_buffer("view", model[0].weight.detach()[:2])
    model.register_buffer("own", torch.ones(5))
    x = torch.ones(2, 8)
    measured = measure_memory(prepared(Calls(lambda x, _: model(x), model=model), x, x[1:]), layers=False)
    assert (measured.parameter_bytes, measured.buffer_bytes, measured.input_bytes) == (4 * 64, 4 * 5, 4 * 16)


def test_opaque_and_empty_tensors_are_told_apart():
    inputs = torch.ones(8).to_mkldnn(), torch.ones(4).to_mkldnn(), torch.ones(0), torch.ones(0)
    measured = measure_memory(prepared(Calls(lambda *_: None), *inputs), layers=False)
    assert measured.input_bytes == 4 * (8 + 4)


class Scaled(torch.Tensor):
    """A tensor of floats that is kept as bytes and a scale."""

    @staticmethod
    def __new__(cls, numbers, _scale):
        return torch.Tensor._make_wrapper_subclass(cls, numbers.shape, dtype=torch.float32)

    def __init__(self, numbers, scale):
        self.numbers, self.scale = numbers, scale

    def __tensor_flatten__(self):
        return ["numbers", "scale"], None

    @staticmethod
    def __tensor_unflatten__(inner, *_):
        return Scaled(inner["numbers"], inner["scale"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise NotImplementedError


def test_a_tensor_made_of_others_is_as_large_as_these():
    scale = torch.ones(1)
    inputs = [Scaled(torch.zeros(8, dtype=torch.int8), scale) for _ in range(2)]
    measured = measure_memory(prepared(Calls(lambda *_: None), *inputs), layers=False)
    assert measured.input_bytes == 8 + 8 + 4


def test_a_tensor_that_tells_neither_its_parts_nor_its_memory_counts_by_its_elements(monkeypatch):
    monkeypatch.delattr(Scaled, "__tensor_flatten__")
    inputs = [Scaled(torch.zeros(8, dtype=torch.int8), torch.ones(1)) for _ in range(2)]
    assert measure_memory(prepared(Calls(lambda *_: None), *inputs), layers=False).input_bytes == 2 * 4 * 8


def test_a_profiler_that_sees_no_allocations_gives_no_peak(monkeypatch):
    monkeypatch.setattr(allocations, "allocations_of", lambda _events: [])
    measured = measure_memory(prepared(nn.ReLU()), layers=False)
    assert (measured.method, measured.peak_bytes) == ("", None)
    assert "PROFILER_UNAVAILABLE" in codes(measured)


def test_the_growth_of_the_process_stands_beside_the_peak(tmp_path):
    model, x = nn.Linear(2, 32 * 2**20, bias=False), torch.ones(1, 2)
    measured = measure_memory(prepared(model, x), layers=False)
    assert measured.peak_bytes >= 128 * 2**20
    assert measured.high_water_bytes >= 64 * 2**20  # half: what other tests had may be given back meanwhile
    assert measured.reasons == ()
    unknown = measure_memory(prepared(model, x), layers=False, proc=tmp_path)
    assert unknown.high_water_bytes is None
    assert codes(unknown) == ["HIGH_WATER_UNAVAILABLE"]


# -- on a GPU, by an allocator of our own ------------------------------------------------------------------------------


class FakeAllocator:
    """An allocator that holds what it is told to."""

    def __init__(self, before=1000):
        self.now = self.most = before
        self.held = before
        self.calls = []

    def change(self, nbytes):
        self.now += nbytes
        self.most = max(self.most, self.now)
        self.held = max(self.held, self.most)

    def prepare(self):
        self.calls.append("prepare")

    def reset(self):
        self.most = self.now

    def allocated(self):
        return self.now

    def peak(self):
        return self.most

    def reserved(self):
        return self.held + 24

    def used(self):
        return self.held + 500


class Allocates(nn.Module):
    """A layer that takes so much, and keeps some of it."""

    def __init__(self, allocator, most, kept):
        super().__init__()
        self.allocator, self.most, self.kept = allocator, most, kept

    def forward(self, x):
        self.allocator.change(self.most)
        self.allocator.change(self.kept - self.most)
        return x


class Frees(nn.Module):
    """A network around others that frees what they kept."""

    def __init__(self, allocator, nbytes, *layers):
        super().__init__()
        self.allocator, self.nbytes, self.layers = allocator, nbytes, nn.Sequential(*layers)

    def forward(self, x):
        self.allocator.change(40)
        x = self.layers(x)
        self.allocator.change(-40 - self.nbytes)
        return x


def nested():
    """First 40 of the network's own, then 10 kept of 100, then 20 kept of 50: 10 + 40 + 50 at most in the second."""
    allocator = FakeAllocator()
    return Frees(allocator, 30, Allocates(allocator, 100, 10), Allocates(allocator, 50, 20)), allocator


def test_the_peak_is_that_above_what_was_there():
    model, allocator = nested()
    measured = measure_memory(prepared(model), layers=False, allocator=allocator)
    assert (measured.method, measured.peak_bytes) == ("allocator", 140)
    assert (measured.reserved_bytes, measured.device_bytes) == (140 + 24, 1000 + 140 + 500)
    assert (measured.high_water_bytes, measured.layers, measured.reasons) == (None, (), ())


def test_a_peak_is_taken_after_the_warm_up_and_three_times():
    peaks = iter([9000, 8000, 7000, 300, 300, 300])
    allocator = FakeAllocator()
    model = Calls(lambda _x: Allocates(allocator, next(peaks), 0)(None))
    assert measure_memory(prepared(model), layers=False, allocator=allocator).peak_bytes == 300
    assert allocator.calls == ["prepare"] * 3
    assert next(peaks, None) is None


def test_peaks_that_differ_are_told():
    peaks = iter([0, 0, 0, 300, 400, 200])
    allocator = FakeAllocator()
    model = Calls(lambda _x: Allocates(allocator, next(peaks), 0)(None))
    measured = measure_memory(prepared(model), layers=False, allocator=allocator)
    assert measured.peak_bytes == 400
    (reason,) = measured.reasons
    assert reason.code == "PEAK_VARIES"
    assert "from 200 B to 400 B" in reason.text


def test_each_module_has_what_it_keeps_and_the_most_in_it():
    model, allocator = nested()
    model.eval()
    found = hooks_of(model)
    measured = measure_memory(prepared(model), layers=True, allocator=allocator)
    assert measured.layers == (
        LayerMemory("", 1, 0, 140),
        LayerMemory("layers", 1, 30, 100),
        LayerMemory("layers.0", 1, 10, 100),
        LayerMemory("layers.1", 1, 20, 50),
    )
    assert measured.peak_bytes == max(row.peak_bytes for row in measured.layers)
    assert hooks_of(model) == found


def test_a_late_peak_is_not_lost_in_an_earlier_one():
    allocator = FakeAllocator()
    model = nn.Sequential(Allocates(allocator, 50, 30), Allocates(allocator, 60, -30))
    layers = measure_memory(prepared(model), layers=True, allocator=allocator).layers
    assert layers == (LayerMemory("", 1, 0, 90), LayerMemory("0", 1, 30, 50), LayerMemory("1", 1, -30, 60))


def test_a_module_that_raises_and_is_caught_has_a_row():
    allocator = FakeAllocator()

    def broken(_x):
        allocator.change(70)
        allocator.change(-70)
        raise ValueError("broken")

    def call(x):
        with pytest.raises(ValueError, match="broken"):
            model.broken(x)
        return x

    model = Calls(call, broken=Calls(broken))
    layers = measure_memory(prepared(model), layers=True, allocator=allocator).layers
    assert layers == (LayerMemory("", 1, 0, 70), LayerMemory("broken", 1, 0, 70))


def test_a_compiled_network_is_measured_as_a_whole(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    model, allocator = nested()
    measured = measure_memory(prepared(model, mode="compiled"), layers=True, allocator=allocator)
    assert (measured.peak_bytes, measured.layers, codes(measured)) == (140, (), ["COMPILED_NO_LAYERS"])


def test_a_network_that_runs_other_modules_in_another_pass_has_no_layers():
    passes = []
    allocator = FakeAllocator()

    def call(x):
        passes.append(1)
        return model.late(x) if len(passes) > 8 else x

    model = Calls(call, late=nn.ReLU())
    measured = measure_memory(prepared(model), layers=True, allocator=allocator)
    assert (measured.peak_bytes, measured.layers, codes(measured)) == (0, (), ["PATH_VARIES"])


def test_what_hooks_change_is_told_beside_the_layers():
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    x = torch.ones(2, 5, 8)
    measured = measure_memory(prepared(model, x), layers=True, allocator=FakeAllocator())
    assert codes(measured) == ["HOOKS_CHANGE_PATH"]
    assert measured.layers


def test_too_little_memory_is_told_with_what_was_allocated_till_then():
    allocator = FakeAllocator(before=0)
    model = nn.Linear(4, 4)

    def call(_x):
        Allocates(allocator, 2048, 0)(None)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    measured = measure_memory(prepared(Calls(call, model=model)), layers=True, allocator=allocator)
    assert measured.parameter_bytes == 4 * 20
    assert (measured.method, measured.peak_bytes, measured.layers) == ("", None, ())
    (reason,) = measured.reasons
    assert reason.code == "OOM"
    assert re.match(r"Out of memory at batch 1 with 2\.000 KiB allocated: ", reason.text)
    assert allocator.calls == ["prepare"]


def test_another_error_of_the_network_is_not_taken_for_too_little_memory():
    def call(_x):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        measure_memory(prepared(Calls(call)), layers=False, allocator=FakeAllocator())


def test_a_memory_goes_through_json():
    model, allocator = nested()
    measured = measure_memory(prepared(model), layers=True, allocator=allocator)
    assert msgspec.json.decode(msgspec.json.encode(measured), type=Memory) == measured
