"""Scripted and traced modules: their ops are seen and their layers are not; the totals are those of the network."""

import copy

import pytest
import torch
from torch import nn

from archstat.errors import ForwardError, SourceError
from archstat.tracing import trace
from archstat.tracing.training import trace_step
from tests.support import cost_of, op_names, trace_of

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")]


def net():
    """A network of a class of its own: torch keeps compiled code, and what it has worked out in a run, by class."""

    class Net(nn.Module):
        """Convolution, norm, a constant, dropout of what is not contiguous, and a shape that is asked for."""

        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.drop = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(0.5)
            self.head = nn.Linear(8, 5)
            self.register_buffer("scale", torch.ones(8))

        def forward(self, x):
            x = torch.relu(self.norm(self.conv(x)))
            x = x.view(x.size(0), 8, -1) + torch.zeros(1)
            return self.head(self.drop(x.transpose(1, 2)) * self.scale).mean(1)

    return Net()


def x(device="cpu"):
    return torch.ones(2, 3, 6, 6, device=device)


HOW = {"scripted": torch.jit.script, "traced": lambda model: torch.jit.trace(model, x())}


def totals(cost):
    return cost.macs, cost.flops, cost.parameters, cost.trainable_parameters, cost.activation_bytes


@pytest.fixture(params=HOW)
def scripted(request):
    return HOW[request.param](net().eval())


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_network_costs_what_it_costs_without_script(scripted, device):
    assert totals(cost_of(scripted, x(device))) == totals(cost_of(net(), x(device)))
    assert trace_of(scripted, x(device)).forward == "meta"


def test_the_peak_is_lower_where_no_frame_of_python_keeps_a_tensor(scripted):
    ours, eager = cost_of(scripted, x()), cost_of(net(), x())
    # x·1024 bytes: the output of the norm and that of relu, and nothing that a variable still names
    assert 2 * 1024 <= ours.peak_activation_bytes <= eager.peak_activation_bytes


@pytest.mark.parametrize("how", HOW)
def test_a_layer_of_a_network_costs_what_it_costs_without_script(how):
    def around(layer):
        return nn.Sequential(nn.Conv2d(3, 3, 1), layer, nn.Linear(5, 2))

    assert totals(cost_of(around(HOW[how](net().eval())), x())) == totals(cost_of(around(net()), x()))


def test_the_rows_add_up(scripted):
    cost = cost_of(scripted, x())
    assert sum(row.macs for row in cost.layers) == cost.macs
    assert sum(row.parameters for row in cost.layers) == cost.parameters


def test_it_costs_the_same_each_time(scripted):
    first = trace_of(scripted, x())
    assert trace_of(scripted, x()) == first
    assert "equal" not in op_names(first), "an op of torch's own while it rewrites the code"


def test_a_network_that_trains_is_counted_at_inference():
    model = torch.jit.script(net().train())
    model.norm.eval()
    assert totals(cost_of(model, x())) == totals(cost_of(net(), x()))
    assert [module.training for _, module in model.named_modules()] == [True, True, False, True, True]


def test_a_network_that_fails_keeps_its_flags_too():
    model = torch.jit.script(net().train())
    with pytest.raises(ForwardError, match=r"in the network's own forward, at conv2d of 2×4×6×6.*TorchScript"):
        trace_of(model, torch.ones(2, 4, 6, 6))
    assert all(module.training for _, module in model.named_modules())


def test_it_can_still_be_run_and_trained(scripted):
    expected = copy.deepcopy(scripted)(x())
    before = {name: tensor.clone() for name, tensor in scripted.state_dict().items()}
    for _ in range(3):
        trace_of(scripted, x())
    for _ in range(3):
        out = scripted(x())
        assert torch.allclose(out, expected)
        out.sum().backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in scripted.state_dict().items())


def test_torch_optimizes_code_again_afterwards(scripted):
    assert torch._C._get_graph_executor_optimize()
    trace_of(scripted, x())
    assert torch._C._get_graph_executor_optimize()


def test_a_frozen_network_is_refused():
    frozen = torch.jit.freeze(torch.jit.script(net().eval()))
    with pytest.raises(SourceError, match=r"The network is frozen: .* before torch.jit.freeze\."):
        trace(frozen, (x(),))
    with pytest.raises(SourceError, match="Layer '1' is frozen"):
        trace(nn.Sequential(nn.Identity(), frozen), (x(),))


def test_a_training_step_is_refused_and_leaves_no_gradients(scripted):
    with pytest.raises(SourceError, match="Layer '1' is TorchScript"):
        trace_step(nn.Sequential(nn.Identity(), scripted), (x(),))
    assert all(parameter.grad is None for parameter in scripted.parameters())
