"""A training step leaves everything as it was, and each of its ops belongs to a layer."""

import gc

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from archstat.errors import ForwardError, InputError, UnknownNameError
from archstat.networks import settings
from archstat.records import RUN_FOR_REAL
from archstat.tracing import training
from archstat.tracing.training import OPTIMIZERS, trace_step
from tests.support import Calls
from tests.tracing.test_left_as_found import Busy, ids, snapshot, values

X = torch.ones(4, 8)


def forward_ops(step):
    return [op.op for op, phase in zip(step.ops, step.phases, strict=True) if phase == "forward"]


def backward_layers(step, op):
    """The layers that a backward op of that name belongs to."""
    calls = [
        call.call
        for call, phase in zip(step.ops, step.phases, strict=True)
        if phase == "backward" and call.op == op and call.call >= 0
    ]
    return [step.layers[step.calls[call].layer].path for call in calls]


@pytest.fixture(params=[None, RuntimeError("broken"), KeyboardInterrupt()], ids=["runs", "raises", "is interrupted"])
def busy(request):
    return Busy(raises=request.param)


def run(model, *inputs):
    try:
        trace_step(model, inputs, optimizer="adam")
    except (ForwardError, KeyboardInterrupt):
        return


def test_a_network_keeps_all_that_can_be_seen_of_it(busy):
    before, tensors = snapshot(busy), values(busy)
    run(busy, ids())
    assert snapshot(busy) == before
    assert all(torch.equal(after, tensors[name]) for name, after in values(busy).items())
    assert (busy.cache, busy.late, busy.seen) == (None, None, [1])


def test_inputs_and_random_numbers_stay(busy):
    given = ids()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    run(busy, given)
    assert given.tolist() == [1, 2, 3]
    assert torch.equal(torch.rand(4), expected)


def test_modes_of_torch_stay(busy):
    def modes():
        return torch.is_grad_enabled(), torch._C._len_torch_dispatch_stack(), torch.is_autocast_enabled("cpu")

    before = modes()
    run(busy, ids())
    assert modes() == before
    with torch.inference_mode():
        trace_step(nn.Linear(8, 2), (X,), amp=True)
        assert torch.is_inference_mode_enabled()
    assert modes() == before


def test_gradients_that_are_there_stay():
    model = nn.Linear(8, 2)
    model(X).sum().backward()
    before = model.weight.grad, model.weight.grad.clone()
    trace_step(model, (X,))
    assert model.weight.grad is before[0]
    assert torch.equal(model.weight.grad, before[1])


def test_nothing_is_computed_or_copied():
    """A linear layer of 4 TB, on the meta device."""
    model = nn.Linear(10**6, 10**6, bias=False, device="meta")
    step = trace_step(model, (torch.empty(1, 10**6, device="meta"),))
    assert step.parameter_bytes == 4 * 10**12


def test_the_same_network_gives_the_same_step_wherever_it_is():
    real = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    x = torch.ones(2, 3, 8, 8)
    first = trace_step(real, (x,), optimizer="adam")
    assert trace_step(real, (x,), optimizer="adam") == first
    assert trace_step(real.to("meta"), (x.to("meta"),), optimizer="adam") == first


def test_a_network_at_inference_trains_and_a_frozen_norm_in_a_training_one_does_not():
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout())
    assert "bernoulli" in forward_ops(trace_step(model.eval(), (X,)))
    assert not model[1].training
    model.train()
    model[2].eval()
    assert "bernoulli" not in forward_ops(trace_step(model, (X,)))


def test_an_op_of_the_backward_pass_belongs_to_the_layer_whose_gradient_it_is():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Sequential(nn.Conv2d(4, 5, 3), nn.Tanh()), nn.MaxPool2d(2))
    step = trace_step(model, (torch.ones(2, 3, 8, 8),))
    assert backward_layers(step, "convolution_backward") == ["2.0", "0"]
    assert backward_layers(step, "threshold_backward") == ["1"]
    assert backward_layers(step, "tanh_backward") == ["2.1"]
    assert backward_layers(step, "max_pool2d_with_indices_backward") == ["3"]


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_what_a_checkpoint_runs_again_is_recomputation_in_the_same_layer(use_reentrant):
    first, block = nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 8))
    model = Calls(lambda x: checkpoint(block, first(x), use_reentrant=use_reentrant), first=first, block=block)
    step = trace_step(model, (X,))
    again = [
        step.layers[step.calls[op.call].layer].path
        for op, phase in zip(step.ops, step.phases, strict=True)
        if phase == "recomputation" and op.op in ("addmm", "tanh")
    ]
    # without reentrance torch stops as soon as it has what the backward pass asks for
    assert again == (["block.0", "block.1", "block.2"] if use_reentrant else ["block.0", "block.1"])
    assert backward_layers(step, "tanh_backward") == ["block.1"]


def test_what_depends_on_no_activation_has_values():
    def forward(x):
        assert torch.arange(5).sum() == 10
        return layer(x * len(torch.tensor([1, 2]).tolist()))

    layer = nn.Linear(8, 2)
    assert trace_step(Calls(forward, layer=layer), (X,)).gradients


def test_weights_that_are_held_outside_parameters_are_found():
    step = trace_step(nn.LSTM(8, 4), (torch.ones(3, 2, 8),))
    assert len(step.gradients) == 4


def test_a_weight_used_twice_has_one_gradient():
    layer = nn.Linear(8, 8)
    step = trace_step(Calls(lambda x: layer(layer(x).tanh()), layer=layer), (X,))
    assert len(step.gradients) == 2
    assert sum(step.storages[index].nbytes for index in step.gradients) == (64 + 8) * 4


def test_the_optimizers_are_those_that_a_user_can_name():
    assert tuple(OPTIMIZERS) == settings.OPTIMIZER_NAMES


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_state_of_an_optimizer_is_torchs_own(optimizer):
    model = nn.Linear(8, 4)
    real = OPTIMIZERS[optimizer](model.parameters(), lr=0.1)
    model(X).sum().backward()
    real.step()
    tensors = [tensor for state in real.state.values() for tensor in state.values() if tensor is not None]
    expected = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    assert trace_step(model, (X,), optimizer=optimizer).optimizer_bytes == expected


# -- what cannot be replayed -------------------------------------------------------------------------------------------


def branching(x, layer):
    y = layer(x)
    return layer(x) if y.abs().sum() >= 0 else y


def test_a_network_that_branches_on_its_activations_is_run_for_real_and_says_so():
    layer = nn.Linear(8, 2)
    before = layer.weight.detach().clone()
    step = trace_step(Calls(lambda x: branching(x, layer), layer=layer), (X,))
    assert [op.op for op in step.ops].count("addmm") == 2
    assert step.remarks == (RUN_FOR_REAL,)
    assert torch.equal(layer.weight, before)
    assert layer.weight.grad is None


def test_a_network_without_values_that_branches_on_its_activations_is_refused():
    layer = nn.Linear(8, 2, device="meta")
    with pytest.raises(ForwardError, match=r"replayed without values, which the network needs of its activations\."):
        trace_step(Calls(lambda x: branching(x, layer), layer=layer), (X.to("meta"),))


def test_an_input_that_asks_for_its_gradient_gets_one():
    layer, x = nn.Linear(8, 4), torch.ones(2, 8)
    without, with_ = (trace_step(layer, (each,)) for each in (x, x.clone().requires_grad_()))
    assert [op.op for op in without.ops].count("mm") + 1 == [op.op for op in with_.ops].count("mm")


def test_a_tensor_that_the_gradient_needs_may_not_be_written_to():
    layer = nn.Linear(8, 4)
    model = Calls(lambda x: layer(x).relu().cos_(), layer=layer)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        model(X).sum().backward()
    with pytest.raises(ForwardError, match="modified by an in-place operation"):
        trace_step(model, (X,))


def test_a_failure_names_its_layer():
    with pytest.raises(ForwardError, match=r"in layer '1', at .*mm"):
        trace_step(nn.Sequential(nn.Linear(8, 4), nn.Linear(5, 4)), (X,))


def test_a_failure_of_the_backward_pass_says_so():
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * 2

        @staticmethod
        def backward(_, __):
            raise ValueError("no gradient")

    layer = nn.Linear(8, 2)
    with pytest.raises(ForwardError, match=r"The backward pass or the update failed.*ValueError: no gradient"):
        trace_step(Calls(lambda x: Broken.apply(layer(x)), layer=layer), (X,))


@pytest.mark.parametrize("model", [nn.Linear(8, 2).requires_grad_(False), nn.ReLU()])
def test_a_network_with_nothing_to_train_is_refused(model):
    with pytest.raises(InputError, match="there is nothing to train"):
        trace_step(model, (X,))


def test_an_optimizer_that_is_not_there_is_refused():
    with pytest.raises(UnknownNameError, match=r"No optimizer is named 'adm'. Did you mean 'adam'"):
        trace_step(nn.Linear(8, 2), (X,), optimizer="adm")


@pytest.mark.skipif(torch.backends.cuda.is_built(), reason="this torch has CUDA")
def test_a_device_that_torch_has_not_is_refused():
    with pytest.raises(InputError, match="not built for CUDA"):
        trace_step(nn.Linear(8, 2), (X,), device="cuda")


def test_what_torch_imports_for_a_step_is_not_looked_through_when_it_is_over():
    older = [[]]  # a list of something, which Python looks through
    training._make_ready.__wrapped__()
    assert not any(each is older for each in gc.get_objects(generation=0))


def test_what_somebody_has_put_aside_from_python_stays_there():
    gc.freeze()
    try:
        training._make_ready.__wrapped__()
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()
