"""Peak activation memory by hand, and against what the allocator of a real run saw."""

import contextlib
import gc
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.profiler import ProfilerActivity, profile

from archstat.counting.memory import alive, levels, peak
from archstat.counting.rows import count_trace
from archstat.records import AliveTensor, MemoryLevel, MemoryLevels, Peak
from tests.support import Calls, cost_of, trace_of

X = torch.ones(256)
T = 1024  # the bytes of X


def held(x):
    a, b, c = x + 1, x + 2, x + 3
    return a + b + c


def freed(x):
    x = x + 1
    x = x + 2
    x = x + 3
    return x + 4


def residual(x):
    y = x + 1
    return y + (y * 2).exp()


def in_place(x):
    return x.add(1).relu_().mul_(2).add_(1)


def views(x):
    y = x + 1
    return y.view(16, 16).t()[2:5].unsqueeze(0), y.reshape(4, 64)


def concatenated(x):
    a, b = x + 1, x + 2
    return torch.cat([a, b])


def scratch(x):
    (x + 1) + (x + 2)
    return x + 3


def returned_view(x):
    return torch.cat([x, x, x])[:1]


class Child(nn.Module):
    def forward(self, x):
        return (x * 2).exp()


def in_a_layer(x):
    return child(x + 1) + 1


child = Child()

PEAKS = [
    # nothing is allocated, so nothing is alive
    (lambda x: x, 0),
    (lambda x: x.view(16, 16), 0),
    # the input is there before, and no activation
    (lambda x: x + 1, T),
    # each result and the one it is made of
    (freed, 2 * T),
    # a, b and c have names; their first sum lives until the second is made
    (held, 5 * T),
    # y, y·2, and exp
    (residual, 3 * T),
    (in_place, T),
    (views, T),
    # both parts, and the whole, which is as large as both
    (concatenated, 4 * T),
    # both sums and their sum; all is freed before the last
    (scratch, 3 * T),
    # the whole lives as long as a view of it
    (returned_view, 3 * T),
    # x + 1 is held by the caller's frame and the layer's arguments while exp is made of x·2
    (in_a_layer, 3 * T),
]


@pytest.mark.parametrize(("call", "expected"), PEAKS, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_peak_is_what_is_alive_at_once(call, expected, device):
    assert cost_of(call, X.to(device)).peak_activation_bytes == expected


def test_a_chain_of_layers_holds_two_results_at_a_time():
    # 4·8·8, then 8·8·8, then 2·8·8 elements of 4 bytes: the first two together are the most
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 8, 1), nn.Conv2d(8, 2, 1))
    cost = cost_of(model, torch.ones(1, 3, 8, 8))
    assert cost.peak_activation_bytes == (4 + 8) * 64 * 4
    assert cost.peak_layer == "1"


def test_an_activation_in_place_saves_its_memory():
    def chain(inplace):
        return nn.Sequential(nn.Linear(256, 256), nn.ReLU(inplace), nn.Linear(256, 4))

    x = torch.ones(1, 256)
    assert cost_of(chain(inplace=False), x).peak_activation_bytes == 2 * T
    assert cost_of(chain(inplace=True), x).peak_activation_bytes == T + 16


def test_parameters_buffers_and_inputs_are_no_activations():
    model = nn.Sequential(nn.Linear(256, 256), nn.BatchNorm1d(256))
    assert cost_of(model, torch.ones(2, 256)).peak_activation_bytes == 2 * 2 * T
    layer = nn.Linear(256, 256)
    assert cost_of(Calls(lambda: layer.weight.t()[:2], layer=layer)).peak_activation_bytes == 0


def test_max_pooling_finds_indices_too():
    # 16 outputs of 4 bytes, and while it runs their 16 indices of 8
    assert cost_of(nn.MaxPool2d(2), torch.ones(1, 1, 8, 8)).peak_activation_bytes == 16 * 4 + 16 * 8


@pytest.mark.parametrize(
    ("dtype", "size"), [(torch.float64, 8), (torch.float32, 4), (torch.bfloat16, 2), (torch.float16, 2)]
)
def test_the_peak_is_stated_for_the_dtype_that_runs(dtype, size):
    assert cost_of(torch.exp, torch.ones(256, dtype=dtype)).peak_activation_bytes == 256 * size


def test_a_comparison_makes_truth_values_of_one_byte():
    assert cost_of(lambda x: x > 0, X).peak_activation_bytes == 256


def test_the_peak_names_the_op_and_what_is_alive():
    model = nn.Sequential(nn.ReLU(), Calls(residual, unused=nn.Identity()), nn.ReLU())
    trace = trace_of(model, X)
    most = peak(trace)
    assert most.layer == "1"
    assert trace.ops[most.op].op == "exp"
    # relu's output is held by the frame of Sequential, y and y·2 by that of the layer, exp is new
    indices = alive(trace, most.op)
    assert len(indices) == 4
    assert sum(trace.storages[index].nbytes for index in indices) == most.nbytes == 4 * T


def test_nothing_allocated_has_no_peak():
    most = peak(trace_of(lambda x: x.view(16, 16), X))
    assert (most.nbytes, most.op, most.layer) == (0, -1, "")


def test_memory_over_time_is_what_is_alive_while_each_op_runs():
    # 4·8·8, then 8·8·8, then 2·8·8 elements of 4 bytes; what a convolution made lives until the next has run
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True), nn.Conv2d(4, 8, 1), nn.Conv2d(8, 2, 1))
    assert levels(trace_of(model, torch.ones(1, 3, 8, 8))) == MemoryLevels(
        levels=(
            MemoryLevel("0", "conv2d", 4 * 256),
            MemoryLevel("1", "relu", 4 * 256),
            MemoryLevel("2", "conv2d", (4 + 8) * 256),
            MemoryLevel("3", "conv2d", (8 + 2) * 256),
        ),
        peak=Peak((4 + 8) * 256, 2, "2"),
        alive=(AliveTensor("0", "conv2d", (1, 4, 8, 8), 4 * 256), AliveTensor("2", "conv2d", (1, 8, 8, 8), 8 * 256)),
    )


def test_a_layer_that_runs_several_ops_has_a_level_for_each():
    # y; y·2 beside it; exp(y·2) beside both; y·2 is gone when the sum is made of y and exp(y·2)
    model = nn.Sequential(Calls(residual, unused=nn.Identity()))
    found = levels(trace_of(model, X)).levels
    assert [(level.op, level.nbytes) for level in found] == [("add", T), ("mul", 2 * T), ("exp", 3 * T), ("add", 3 * T)]
    assert {level.layer for level in found} == {"0"}


def test_of_several_peaks_the_first_is_named():
    assert levels(trace_of(freed, X)).peak == Peak(2 * T, 1, "")


def test_where_nothing_is_allocated_all_levels_are_zero():
    found = levels(trace_of(lambda x: x.view(16, 16), X))
    assert {level.nbytes for level in found.levels} == {0}
    assert (found.peak, found.alive) == (Peak(0, -1, ""), ())


def test_a_cache_that_outlives_the_pass_stays_alive():
    kept = []

    def forward(x):
        kept.append(x + 1)
        kept.append(x + 2)
        return x + 3

    assert cost_of(forward, X).peak_activation_bytes == 3 * T


@pytest.fixture
def _eager_collection():
    """Garbage is collected whenever anything is made, if it is collected at all."""
    before = gc.get_threshold()
    gc.set_threshold(1)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_eager_collection")
def test_a_cycle_of_references_is_freed_by_nobody():
    """Garbage collection would free it at a moment of its own: a trace is the same each time."""

    def forward(x):
        box = [x + 1]
        box.append(box)
        del box
        held = [[number] for number in range(1000)]
        return x + len(held)

    assert cost_of(forward, X).peak_activation_bytes == 2 * T


def test_the_first_trace_of_a_process_is_like_the_second():
    """What torch imports on the way keeps the frames of the first call, and their tensors, until they are collected."""
    program = """
    import torch
    from torch.nn import functional as F
    from tests.support import trace_of

    attend = lambda x: F.scaled_dot_product_attention(x, x, x).relu().relu()
    x = torch.ones(2, 3, 5, 5)
    print(trace_of(attend, x) == trace_of(attend, x))
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"


def test_memory_met_through_a_view_of_an_input_is_no_activation():
    assert cost_of(lambda x: x.view(16, 16)[:4].mul_(2), X).peak_activation_bytes == 0


def test_an_out_argument_allocates_nothing():
    def forward(x):
        out = torch.empty_like(x)
        return torch.mul(x, 2, out=out)

    assert cost_of(forward, X).peak_activation_bytes == T


class Gives(nn.Module):
    """Allocates, and fails."""

    def forward(self, x):
        kept = x.repeat(8)
        raise ValueError(kept.shape)


class Catches(nn.Module):
    """Tries a layer that fails, then does without."""

    def __init__(self):
        super().__init__()
        self.tried = Gives()

    def forward(self, x):
        with contextlib.suppress(ValueError):
            self.tried(x)
        a = x + 1
        b = a + 1
        return a + b


def test_what_a_caught_error_had_allocated_is_free_again():
    found = trace_of(Catches(), torch.empty(64))
    big = next(life for life in found.storages if life.nbytes == 8 * 64 * 4)
    assert big.died is not None
    assert count_trace(found, "network").peak_activation_bytes == 8 * 64 * 4, "and not three tensors more"


# -- against the allocator of a real run -----------------------------------------------------------------------------


def allocated_peak(model, x):
    """The most bytes that the CPU allocator held at once during a forward pass, above what was there before."""
    model.eval()
    with torch.inference_mode():
        model(x)  # what is made once is made now
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            out = model(x)
    del out
    events = sorted(
        (event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"),
        key=lambda event: event.start_ns(),
    )
    alive = most = 0
    for event in events:
        alive += event.nbytes()
        most = max(most, alive)
    return most


class Residual(nn.Module):
    def __init__(self, inplace):
        super().__init__()
        self.first, self.second, self.relu = nn.Linear(64, 64), nn.Linear(64, 64), nn.ReLU(inplace)

    def forward(self, x):
        return self.relu(x + self.second(self.relu(self.first(x))))


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(64, width) for width in (32, 64, 128))
        self.norm, self.head = nn.LayerNorm(224), nn.Linear(224, 8)

    def forward(self, x):
        whole = torch.cat([branch(x) for branch in self.branches], 1)
        return self.head(F.gelu(self.norm(whole))).softmax(-1)


NETWORKS = {
    "perceptron": lambda: nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 128), nn.Tanh(), nn.Linear(128, 8)
    ),
    "residual": lambda: nn.Sequential(Residual(inplace=False), Residual(inplace=True), nn.Linear(64, 32)),
    "branches": Wide,
    "pointwise": lambda: Calls(lambda x: freed(x) + residual(x) * in_place(x)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_peak_is_what_the_allocator_saw(name):
    torch.manual_seed(0)
    model, x = NETWORKS[name](), torch.ones(32, 64)
    ours = count_trace(trace_of(model, x), name).peak_activation_bytes
    theirs = allocated_peak(model, x)
    assert ours <= theirs, "what a kernel allocates for itself comes on top"
    assert theirs - ours <= 512, "each tensor is rounded up, small ones to 64 bytes"
