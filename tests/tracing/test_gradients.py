"""Forward passes that ask for gradients: what those cost is part of what the pass costs."""

import threading

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad, functional, grad
from torch.func import functional_call, hessian, jacfwd, jacrev, jvp, vjp, vmap
from torch.func import grad as grad_of
from torch.nn.functional import cross_entropy

import archstat
from archstat.analysis.inference import analyse_model
from archstat.analysis.training import count_training
from archstat.errors import ForwardError
from archstat.tracing.watching import GradientsAskedError, Watch
from tests.support import Calls, trace_of

X = torch.ones(5, 2)
FORWARD = 5 * (2 * 8 + 8 * 1)
"""The multiply-accumulates of the network below; its gradient by the input takes as many."""


def network_of(ask):
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    return Calls(lambda x: ask(net, x), net=net)


def by_a_leaf(net, x):
    x = x.requires_grad_()
    return grad(net(x).sum(), x, create_graph=True)[0]


def switched_on(net, x):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return grad(net(x).sum(), x)[0]


def caught(net, x):
    try:
        return by_a_leaf(net, x)
    except RuntimeError:
        return x


def backward(net, x):
    x = x.detach().requires_grad_()
    net(x).sum().backward()
    return x.grad


def dual(net, x):
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(net(forward_ad.make_dual(x, torch.ones_like(x)))).tangent


ASKS = {
    "a leaf": (by_a_leaf, 2),
    "switched on": (switched_on, 2),
    "backward, by the weights too": (backward, 3),
    "func.grad": (lambda net, x: grad_of(lambda t: net(t).sum())(x), 2),
    "func.grad, vectorized": (lambda net, x: vmap(grad_of(lambda t: net(t).sum()))(x), 2),
    "vjp": (lambda net, x: vjp(net, x)[1](torch.ones(5, 1))[0], 2),
    "jacrev": (lambda net, x: vmap(jacrev(net))(x), 2),
    "jacfwd, two tangents, and the values beside each": (lambda net, x: vmap(jacfwd(net))(x), 4),
    "hessian": (lambda net, x: vmap(hessian(lambda t: net(t).sum()))(x), 7),
    "jvp": (lambda net, x: jvp(net, (x,), (torch.ones_like(x),))[1], 3),
    "dual numbers": (dual, 3),
    "functional.jacobian": (lambda net, x: functional.jacobian(lambda t: net(t).sum(0), x), 2),
}


@pytest.mark.parametrize("asks", ASKS)
@pytest.mark.filterwarnings("ignore")
def test_a_forward_that_asks_for_gradients_is_counted_with_what_they_cost(asks):
    ask, times = ASKS[asks]
    network, x = network_of(ask), torch.ones(5, 2)
    cost = archstat.count(network, x)
    assert (cost.macs, cost.parameters, cost.forward) == (times * FORWARD, 33, "meta")
    assert cost.uncounted == ()
    assert any("asks for gradients" in remark for remark in cost.remarks)
    assert not x.requires_grad
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_network_on_meta_may_ask_for_gradients():
    network = network_of(by_a_leaf).to("meta")
    assert archstat.count(network, X.to("meta")).macs == 2 * FORWARD


def test_an_error_that_the_forward_would_catch_is_noticed():
    cost = archstat.count(network_of(caught), X)
    assert any("asks for gradients" in remark for remark in cost.remarks)


def test_an_input_that_others_made_may_be_what_is_differentiated():
    x = X.clone().requires_grad_() * 2
    assert archstat.count(network_of(lambda net, x: grad(net(x).sum(), x)[0]), x).macs == 2 * FORWARD


def test_a_pass_that_asks_for_gradients_and_branches_on_values_is_run_for_real_on_copies():
    def ask(net, x):
        x = x.requires_grad_()
        y = net(x).sum()
        return grad(y, x)[0] if y < 1e9 else x

    network = network_of(ask)
    cost = archstat.count(network, X)
    assert (cost.macs, cost.forward) == (2 * FORWARD, "real")
    assert all(parameter.grad is None for parameter in network.parameters())
    with pytest.raises(ForwardError, match="Give network and inputs values"):
        archstat.count(network.to("meta"), X.to("meta"))


def test_an_inner_loop_leaves_the_weights_as_they_were():
    net = nn.Linear(4, 3)

    def learn(x, target, query):
        weights = dict(net.named_parameters())
        for _ in range(2):
            with torch.enable_grad():
                loss = cross_entropy(functional_call(net, weights, x), target)
                slopes = grad(loss, list(weights.values()), create_graph=True)
            weights = {name: w - 0.1 * slope for (name, w), slope in zip(weights.items(), slopes, strict=True)}
        return functional_call(net, weights, query)

    before = net.weight.clone()
    cost = archstat.count(Calls(learn, net=net), torch.ones(5, 4), torch.zeros(5, dtype=torch.long), torch.ones(7, 4))
    assert cost.macs == 2 * 2 * 5 * 4 * 3 + 7 * 4 * 3  # the loss by the weights, as much as the forward pass
    assert torch.equal(net.weight, before)


def test_an_optimizer_within_the_forward_steps_copies():
    fc = nn.Linear(4, 4)

    def adapt(x):
        optimizer = torch.optim.SGD(fc.parameters(), lr=0.1)
        with torch.enable_grad():
            fc(x).sum().backward()
        optimizer.step()
        return fc(x)

    before = fc.weight.clone()
    assert archstat.count(Calls(adapt, fc=fc), torch.ones(3, 4)).macs == 3 * 3 * 4 * 4
    assert torch.equal(fc.weight, before)
    assert fc.weight.grad is None


def test_a_network_in_training_is_at_inference_in_such_a_pass():
    network = network_of(by_a_leaf).train()
    network.net.append(nn.Dropout(0.5))
    assert not any(op.op == "bernoulli_" for op in trace_of(network, X.clone()).ops)
    assert all(module.training for module in network.modules())


def test_lazy_layers_may_be_differentiated_in_their_first_call():
    lazy = nn.LazyLinear(1)
    network = Calls(lambda x: by_a_leaf(lazy, x), lazy=lazy)
    assert archstat.count(network, X.clone()).macs == 2 * 5 * 2


def test_whatever_follows_from_a_trace_follows_from_one_with_gradients():
    analysis = analyse_model(network_of(by_a_leaf), X.clone())
    assert len(analysis.explanations()) == len(analysis.traffic()) == len(analysis.cost.layers)
    assert analysis.memory().peak_activation_bytes > 0


def test_a_pass_that_asks_for_no_gradients_is_traced_as_ever():
    trace = trace_of(nn.Linear(2, 8), X)
    assert [op.op for op in trace.ops] == ["linear"]
    assert trace.remarks == ()


def test_only_the_thread_that_traces_is_stopped():
    watch, found = Watch(), []
    originals = torch.autograd._engine_run_backward, functional._autograd_grad, forward_ad.enter_dual_level
    watch.set()
    try:
        with pytest.raises(GradientsAskedError):
            by_a_leaf(nn.Linear(2, 1), X.clone())
        thread = threading.Thread(target=lambda: found.append(by_a_leaf(nn.Linear(2, 1), X.clone()).shape))
        thread.start()
        thread.join()
    finally:
        watch.put_back()
        watch.put_back()
    assert found == [X.shape]
    assert (torch.autograd._engine_run_backward, functional._autograd_grad, forward_ad.enter_dual_level) == originals


def test_two_watches_do_not_mistake_each_others_functions_for_torchs():
    original = torch.autograd._engine_run_backward
    first, second = Watch(), Watch()
    first.set()
    second.set()
    first.put_back()
    with pytest.raises(GradientsAskedError):
        by_a_leaf(nn.Linear(2, 1), X.clone())
    second.put_back()
    assert torch.autograd._engine_run_backward is original


def test_layers_in_threads_of_a_pass_with_gradients_are_refused():
    def ask(net, x):
        by_a_leaf(net, x)
        thread = threading.Thread(target=lambda: net(x))
        thread.start()
        thread.join()

    with pytest.raises(ForwardError, match="another thread"):
        archstat.count(network_of(ask), X.clone())


def test_a_training_step_through_torch_func_is_refused_in_a_sentence():
    network = network_of(lambda net, x: grad_of(lambda t: net(t).sum())(x))
    with pytest.raises(ForwardError, match=r"do not allow: ask by torch\.autograd\.grad"):
        count_training(network, X)
    assert count_training(network_of(by_a_leaf), X.clone()).forward_macs == 2 * FORWARD
