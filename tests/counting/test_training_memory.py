"""The replayed peak of a training step against the allocator of a real one.

Compared are the bytes at the end of each op: what an op allocates and frees itself is scratch of its library.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint

from archstat.counting.training import count_step
from archstat.networks import sources
from archstat.tracing.training import OPTIMIZERS, trace_step
from tests.support import Calls


def measured_peak(model, x, optimizer, *, amp=False):
    """The most bytes at the end of an op of a real step, above what was there before."""
    update = OPTIMIZERS[optimizer](model.parameters(), lr=0.01)

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=amp):
            loss = model(x).sum()
        loss.backward()
        update.step()

    model.train()
    step()  # what is made once is made now
    update.zero_grad()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    events = sorted(profiler.profiler.kineto_results.events(), key=lambda event: event.start_ns())
    changes = [(event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"]
    most = end = 0
    for event in events:
        if event.name().startswith("aten::") and event.name() != "aten::max_pool2d" and event.start_ns() >= end:
            end = event.start_ns() + event.duration_ns()
            most = max(most, sum(nbytes for start, nbytes in changes if start <= end))
    return most


class Residual(nn.Module):
    """Gradients of the identity and of the layers meet, once in memory of their own and once not."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.narrow = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 64)

    def forward(self, x):
        x = self.first(x)
        x = x + self.second(x).tanh()
        return (self.narrow(x) * x).sigmoid() + x


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.project, self.out = nn.LayerNorm(64), nn.Linear(64, 192), nn.Linear(64, 64)

    def forward(self, x):
        q, k, v = self.project(self.norm(x)).view(4, -1, 3, 4, 16).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        return x + F.gelu(self.out(attended))


class Checkpointed(nn.Module):
    def __init__(self, use_reentrant, preserve_rng_state=False):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.how = {"use_reentrant": use_reentrant, "preserve_rng_state": preserve_rng_state}
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 64)) for _ in range(3))

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = checkpoint(block, x, **self.how)
        return x


def tied():
    layer = nn.Linear(64, 64)
    return Calls(lambda x: layer(layer(x).relu()), layer=layer)


NETWORKS = {
    "perceptron": lambda: nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 128), nn.Tanh(), nn.Linear(128, 8)
    ),
    "residual": Residual,
    "attention": Attention,
    "checkpointed": lambda: Checkpointed(use_reentrant=False),
    "checkpointed, reentrant": lambda: Checkpointed(use_reentrant=True),
    "tied weights": tied,
    "dropout": lambda: nn.Sequential(nn.Linear(64, 64), nn.Dropout(), nn.LayerNorm(64), nn.Linear(64, 4)),
    "frozen": lambda: nn.Sequential(nn.Linear(64, 64).requires_grad_(False), nn.ReLU(inplace=True), nn.Linear(64, 64)),
}
X = torch.ones(32, 64)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_peak_of_a_step_is_what_the_allocator_saw(name, optimizer):
    model = NETWORKS[name]()
    ours = count_step(trace_step(model, (X,), optimizer=optimizer), name).step_peak_bytes
    theirs = measured_peak(model, X, optimizer)
    assert 0 <= theirs - ours <= 512, (
        "a number beside a tensor is a tensor of one element, and small tensors are rounded up"
    )


def test_a_checkpoint_keeps_the_state_of_the_random_numbers_which_is_no_tensor_of_the_network():
    model = Checkpointed(use_reentrant=True, preserve_rng_state=True)
    ours = count_step(trace_step(model, (X,)), "checkpointed").step_peak_bytes
    assert 0 <= measured_peak(model, X, "sgd") - ours - 3 * torch.get_rng_state().numel() <= 512


def test_the_peak_under_autocast_is_what_the_allocator_saw():
    model = NETWORKS["perceptron"]()
    ours = count_step(trace_step(model, (X,), amp=True), "perceptron", amp=True).step_peak_bytes
    assert 0 <= measured_peak(model, X, "sgd", amp=True) - ours <= 512


@pytest.mark.parametrize("name", ["lenet5_modern", "resnet20", "squeezenet1_1", "se_block"])
def test_the_peak_of_an_architecture_is_what_the_allocator_saw(name):
    source = sources.find(name)
    model = sources.build_on_cpu(source)
    x = torch.zeros(2, *source.input_shape)
    ours = count_step(trace_step(model.train(), (x,)), name).step_peak_bytes
    assert 0 <= measured_peak(model, x, "sgd") - ours <= 64
