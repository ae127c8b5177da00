"""The replayed peak of a step on a GPU against what CUDA's allocator saw, workspaces of its libraries included."""

import pytest
import torch

from archstat.counting.training import count_step
from archstat.networks import sources
from archstat.tracing.training import OPTIMIZERS, trace_step

pytestmark = pytest.mark.gpu


def measured_peak(model, x, optimizer):
    """The most bytes at once in a step, above what was there before."""
    update = OPTIMIZERS[optimizer](model.parameters(), lr=0.01)

    def step():
        model(x).sum().backward()
        update.step()

    step()
    update.zero_grad()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["resnet50", "densenet121", "mobilenet_v2", "vgg16", "efficientnet_b0"])
def test_the_peak_of_a_step_is_what_cuda_saw(name, optimizer):
    source = sources.find(name)
    x = torch.zeros(16, *source.input_shape, device="cuda")
    model = sources.build_on_cpu(source).to("cuda").train()
    step = trace_step(model, (x,), optimizer=optimizer, device="cuda")
    ours = count_step(step, name, optimizer=optimizer, device="cuda").step_peak_bytes
    assert ours == pytest.approx(measured_peak(model, x, optimizer), rel=0.02)
