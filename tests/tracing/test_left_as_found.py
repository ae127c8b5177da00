"""A trace leaves everything as it was: the network, its inputs, torch, the random numbers, also if forward raises."""

import copy
import gc

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from archstat.errors import ForwardError
from tests.support import Calls, cost_of, trace_of


class Busy(nn.Module):
    """A network that does to itself what networks do: caches, counters, running statistics, random numbers."""

    def __init__(self, raises=None, branches=False):
        super().__init__()
        self.embedding = nn.Embedding(10, 8)
        self.norm = nn.BatchNorm1d(8)
        self.frozen = nn.BatchNorm1d(8)
        self.frozen.weight.requires_grad_(False)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(8, 10)
        self.head.weight = self.embedding.weight
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("average", torch.zeros(8))
        self.register_buffer("late", None)
        self.cache = None
        self.seen = [1]
        self.raises, self.branches = raises, branches
        self.train()
        self.frozen.eval()

    def forward(self, ids):
        self.steps += 1
        ids += 0
        ids[0] = 3
        x = self.embedding(ids)
        x = self.frozen(self.norm(x))
        self.average.mul_(0.9).add_(x.mean(0))
        self.average = self.average + 1
        self.late = torch.ones(3)
        self.cache = x
        self.calls = 1
        self.register_buffer("new", torch.ones(2))
        self.extra = nn.Linear(8, 8)
        self.training = True
        self.norm.running_mean.zero_()
        with torch.no_grad():
            self.head.bias.fill_(7.0)
        x = self.drop(x) + torch.randn(8) + torch.rand_like(x)
        if self.branches and x.sum() > 1e9:
            x = x * 2
        if self.raises is not None:
            raise self.raises
        return self.head(x)


def snapshot(model):
    """All that can be told of a network from outside, by identity where that matters."""
    modules = list(model.named_modules(remove_duplicate=False))
    return {
        "modules": [(name, id(module)) for name, module in modules],
        "training": [module.training for _, module in modules],
        "attributes": [
            {name: id(value) for name, value in vars(module).items() if name != "training"} for _, module in modules
        ],
        "hooks": [
            {name: list(value) for name, value in vars(module).items() if "hooks" in name} for _, module in modules
        ],
        "tensors": {
            name: (id(value), value.data_ptr(), value.device, value.dtype, value.shape, value.requires_grad)
            for name, value in [
                *model.named_parameters(remove_duplicate=False),
                *model.named_buffers(remove_duplicate=False),
            ]
        },
        "grads": [parameter.grad for parameter in model.parameters()],
        "state_dict": list(model.state_dict()),
        "buffers": {name: set(module._non_persistent_buffers_set) for name, module in modules},
    }


def values(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def torch_functions():
    return {
        **{f"F.{name}": getattr(F, name) for name in dir(F)},
        **{f"Tensor.{name}": vars(torch.Tensor)[name] for name in vars(torch.Tensor)},
        **{f"torch.{name}": id(vars(torch)[name]) for name in vars(torch)},
        **{f"Module.{name}": vars(nn.Module)[name] for name in vars(nn.Module)},
    }


BUSY = {
    "a network that runs": Busy,
    "a network that branches": lambda: Busy(branches=True),
    "a network that raises": lambda: Busy(raises=RuntimeError("broken")),
    "a network that branches and raises": lambda: Busy(raises=RuntimeError("broken"), branches=True),
    "a network that is interrupted": lambda: Busy(raises=KeyboardInterrupt()),
}


def run(model, *inputs):
    try:
        trace_of(model, *inputs)
    except (ForwardError, KeyboardInterrupt):
        return


@pytest.fixture(params=BUSY)
def busy(request):
    return BUSY[request.param]()


def ids():
    return torch.tensor([1, 2, 3])


def test_the_busy_networks_fail_and_fall_back_as_their_names_say():
    assert trace_of(BUSY["a network that runs"](), ids()).forward == "meta"
    assert trace_of(BUSY["a network that branches"](), ids()).forward == "real"
    with pytest.raises(ForwardError, match="broken"):
        trace_of(BUSY["a network that raises"](), ids())
    with pytest.raises(KeyboardInterrupt):
        trace_of(BUSY["a network that is interrupted"](), ids())


def test_the_network_keeps_its_modules_attributes_flags_hooks_and_tensors(busy):
    before = snapshot(busy)
    run(busy, ids())
    assert snapshot(busy) == before


def test_parameters_buffers_and_statistics_keep_their_values(busy):
    before = values(busy)
    run(busy, ids())
    after = busy.state_dict()
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert torch.equal(after[name], value), name


def test_plain_attributes_stay_as_they_were(busy):
    run(busy, ids())
    assert (busy.cache, busy.late, busy.seen) == (None, None, [1])
    assert not hasattr(busy, "calls")
    assert not hasattr(busy, "new")
    assert not hasattr(busy, "extra")


def test_a_frozen_norm_stays_frozen_in_a_network_that_trains(busy):
    run(busy, ids())
    assert busy.training
    assert busy.norm.training
    assert not busy.frozen.training
    assert not busy.frozen.weight.requires_grad


def test_tied_weights_stay_the_same_object(busy):
    run(busy, ids())
    assert busy.head.weight is busy.embedding.weight


def test_an_input_that_is_written_to_stays_as_it_was(busy):
    given = ids()
    run(busy, given)
    assert given.tolist() == [1, 2, 3]


def test_a_float_input_that_is_written_to_stays_as_it_was():
    given = torch.ones(3)
    trace_of(lambda x: x.add_(1), given)
    trace_of(lambda x: x.add_(1) if x.sum() > 0 else x, given)
    assert given.tolist() == [1, 1, 1]


def test_inputs_in_lists_and_dicts_stay_the_same_objects():
    tensor = torch.ones(3)
    given = {"a": [tensor], "b": (tensor,)}

    def forward(x):
        x["a"].append(1)
        x["c"] = x["b"][0] * 2
        return x["c"]

    trace_of(forward, given)
    assert given.keys() == {"a", "b"}
    assert len(given["a"]) == 1
    assert given["a"][0] is tensor


def test_the_random_numbers_go_on_as_if_nothing_had_been(busy):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    run(busy, ids())
    assert torch.equal(torch.rand(4), expected)


def test_a_network_that_samples_draws_different_numbers_each_time():
    """The same state before, but within one forward pass numbers differ: a loop that waits for them ends."""

    def forward(x):
        first, second = torch.rand(100), torch.rand(100)
        assert not torch.equal(first, second)
        return x + first.sum()

    assert trace_of(forward, torch.ones(3)).forward == "meta"


def test_torch_keeps_its_functions(busy):
    before = torch_functions()
    run(busy, ids())
    after = torch_functions()
    assert before.keys() == after.keys()
    assert [name for name, value in before.items() if after[name] is not value and after[name] != value] == []


def test_modes_and_settings_of_torch_stay(busy):
    def settings():
        return (
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.get_default_dtype(),
            torch.get_default_device(),
            torch._C._len_torch_dispatch_stack(),
            torch._C._len_torch_function_stack(),
            torch.is_autocast_enabled("cpu"),
        )

    before = settings()
    run(busy, ids())
    assert settings() == before


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_collection_is_on_if_it_was(busy, is_enabled):
    was_enabled = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        run(busy, ids())
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_hooks_of_the_network_run_and_stay():
    model, seen = nn.Sequential(nn.Linear(4, 4)), []
    model[0].register_forward_hook(lambda *_: seen.append("after"))
    model[0].register_forward_pre_hook(lambda *_: seen.append("before"))
    trace_of(model, torch.ones(2, 4))
    assert seen == ["before", "after"]
    model(torch.ones(2, 4))
    assert seen == ["before", "after"] * 2


def test_a_network_on_meta_stays_there():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    before = snapshot(model)
    trace_of(model, torch.empty(2, 4, device="meta"))
    assert snapshot(model) == before
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


def test_a_network_on_the_cpu_stays_there():
    model = nn.Linear(4, 4)
    trace_of(model, torch.ones(2, 4))
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    assert model(torch.ones(2, 4)).device.type == "cpu"


def test_gradients_flow_as_before():
    model, x = nn.Linear(4, 1), torch.ones(2, 4, requires_grad=True)
    trace_of(model, x)
    model(x).sum().backward()
    assert model.weight.grad is not None
    assert x.grad is not None


def test_a_forward_of_the_instance_is_put_back():
    model = nn.Linear(4, 4)
    model.forward = forward = lambda x: x
    trace_of(model, torch.ones(2, 4))
    assert model.forward is forward


def test_the_forward_of_a_class_is_bound_to_no_instance():
    model = nn.Linear(4, 4)
    trace_of(model, torch.ones(2, 4))
    assert "forward" not in vars(model)


def test_a_network_can_be_copied_and_pickled_afterwards():
    model = Calls(nn.Identity(), layer=nn.Linear(4, 4))
    trace_of(model, torch.ones(2, 4))
    assert copy.deepcopy(model.layer).weight.shape == (4, 4)


def test_data_that_forward_replaces_is_put_back():
    model = nn.Linear(4, 4)

    def forward(x):
        model.weight.data = torch.zeros(2, 4)
        return x * 2

    weight = model.weight.clone()
    trace_of(Calls(forward, layer=model), torch.ones(2, 4))
    assert torch.equal(model.weight, weight)


# -- counts do not depend on what was counted before -----------------------------------------------------------------


def test_counting_twice_gives_the_same(busy):
    model = Busy()
    first = trace_of(model, ids())
    run(busy, ids())
    assert trace_of(model, ids()) == first


def test_a_failed_count_does_not_change_the_next():
    x = torch.ones(4, 8)
    expected = cost_of(nn.Linear(8, 16), x)
    for _ in range(3):
        run(Calls(lambda x: F.linear(x, torch.ones(3, 3))), x)
        run(Busy(raises=ValueError("broken")), ids())
    assert cost_of(nn.Linear(8, 16), x) == expected
    assert expected.macs == 512


def test_a_failed_count_does_not_change_its_own_network():
    model = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 4))
    x = torch.ones(4, 8)
    expected = cost_of(model, x)
    run(model, torch.ones(4, 9))
    assert cost_of(model, x) == expected
