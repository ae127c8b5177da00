"""Networks inside of wrappers, and networks with masks on their weights."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import archstat
from archstat.networks.wrappers import unwrapped

X = torch.ones(2, 3, 8, 8)


def network():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 10))


@pytest.mark.parametrize(
    ("wrap", "name"),
    [(nn.DataParallel, "DataParallel"), (torch.compile, "OptimizedModule")],
    ids=["data parallel", "compiled"],
)
def test_a_wrapper_is_looked_through_and_named(wrap, name):
    plain, wrapped = archstat.count(network(), X), archstat.count(wrap(network()), X)
    assert wrapped.remarks == (f"Counted inside of {name}.",)
    assert wrapped.layers == plain.layers
    assert wrapped.architecture == plain.architecture == "Sequential"


def test_wrappers_of_wrappers_are_named_from_the_outside():
    inner = network()
    found = unwrapped(nn.DataParallel(torch.compile(inner)))
    assert found.model is inner
    assert found.remark == "Counted inside of DataParallel and OptimizedModule."


def test_a_module_of_the_users_that_holds_a_module_is_a_network_of_its_own():
    class Engine(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = network()

        def forward(self, x):
            return self.module(2 * x)

    cost = archstat.count(Engine(), X)
    assert cost.architecture == "Engine"
    assert cost.remarks == ()
    assert cost.layers[0].kind == "mul"


def test_masked_weights_are_told_with_the_macs_that_are_left():
    model = network()
    prune.l1_unstructured(model[0], "weight", amount=54)
    prune.l1_unstructured(model[2], "bias", amount=0.5)
    cost = archstat.count(model, X)
    assert cost.macs == 2 * (36 * 216 + 2880)
    (remark,) = cost.remarks
    assert remark.startswith("Pruned by masks: 162 nonzero weights of 216 that are masked.")
    assert remark.endswith(f"without the masked weights they are {2 * (36 * 162 + 2880):,}.")
    assert (cost.nonzero_weights, cost.effective_macs) == (162, 2 * (36 * 162 + 2880))


def test_a_layer_that_runs_twice_loses_the_work_of_both_runs():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4, bias=False)

        def forward(self, x):
            return self.fc(self.fc(x))

    model = Twice()
    prune.random_unstructured(model.fc, "weight", amount=12)
    assert archstat.count(model, torch.ones(1, 4)).remarks[0].endswith("without the masked weights they are 8.")


def test_after_the_mask_is_removed_nothing_is_known_of_it():
    model = network()
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    prune.remove(model[0], "weight")
    cost = archstat.count(model, X)
    assert (cost.remarks, cost.nonzero_weights, cost.effective_macs) == ((), None, None)


def test_a_network_on_meta_has_no_masks_to_read():
    model = network()
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    assert archstat.count(model.to("meta"), X.to("meta")).remarks == ()


def test_a_training_step_looks_through_wrappers_too():
    plain, wrapped = archstat.count_training(network(), X), archstat.count_training(nn.DataParallel(network()), X)
    assert wrapped.remarks == ("Counted inside of DataParallel.",)
    assert wrapped.architecture == plain.architecture
    assert wrapped.layers == plain.layers


class TwoParts(torch.Tensor):
    """A tensor of small whole numbers and a scale, as libraries for quantization make them."""

    @staticmethod
    def __new__(cls, numbers, scale):
        return torch.Tensor._make_wrapper_subclass(cls, numbers.shape, dtype=scale.dtype)

    def __init__(self, numbers, scale):
        self.numbers, self.scale = numbers, scale

    def __tensor_flatten__(self):
        return ["numbers", "scale"], None

    @staticmethod
    def __tensor_unflatten__(parts, context, size, stride):
        return TwoParts(parts["numbers"], parts["scale"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.detach.default:
            return TwoParts(args[0].numbers, args[0].scale)
        whole = [part.numbers * part.scale if isinstance(part, TwoParts) else part for part in args]
        return func(*whole, **(kwargs or {}))


def test_a_weight_that_is_made_of_others_takes_their_bytes():
    layer = nn.Linear(8, 4, bias=False)
    layer.weight = nn.Parameter(TwoParts(torch.ones(4, 8, dtype=torch.int8), torch.ones(4, 1)), requires_grad=False)
    memory = archstat.memory(layer, torch.ones(2, 8))
    assert memory.parameter_bytes == 4 * 8 + 4 * 4
    assert archstat.count(layer, torch.ones(2, 8)).parameters == 4 * 8
    trained = nn.Sequential(layer, nn.Linear(4, 2))  # as an adapter on a quantized network is
    cost = archstat.count_training(trained, torch.ones(2, 8))
    assert (cost.parameter_bytes, cost.gradient_bytes) == (4 * 8 + 4 * 4 + 4 * 10, 4 * 10)
