"""The calls of leaves, kept to be repeated alone."""

import pytest
import torch
from torch import nn

from archstat.measuring.hooks.captured import capture_calls, is_repeatable
from archstat.networks import sources
from tests.measuring.simulated_gpu import prepared_of
from tests.support import Calls


def captured(model, *inputs, train=False):
    prepared = prepared_of(model, *inputs)
    model.train(train)
    return capture_calls(prepared)


def one(module, *inputs, train=False):
    return captured(nn.Sequential(module), *inputs, train=train)[0]


def test_every_run_of_a_leaf_is_kept_with_what_it_was_called_with():
    shared = nn.Linear(3, 3)
    model, x = nn.Sequential(shared, nn.ReLU(), shared), torch.randn(2, 3)
    calls = captured(model, x)
    assert [(call.layer, call.kind, call.call) for call in calls] == [
        ("0", "Linear", 1),
        ("1", "ReLU", 1),
        ("0", "Linear", 2),
    ]
    assert [call.place for call in calls] == [1, 2, 3]
    with torch.no_grad():
        assert torch.equal(calls[1].args[0], shared(x))
        assert torch.equal(calls[1].run(), shared(x).relu())


def test_what_is_kept_is_a_copy_that_later_layers_do_not_spoil():
    model, x = nn.Sequential(nn.Tanh(), nn.ReLU(inplace=True)), torch.tensor([-1.0, 1.0])
    calls = captured(model, x)
    assert calls[0].args[0] is not x
    assert calls[1].args[0].tolist() == pytest.approx([-0.7616, 0.7616], abs=1e-4)


def test_arguments_by_name_are_kept():
    model = Calls(lambda x: model.scale(x, by=2.0), scale=Calls(lambda x, by: x * by))
    (call,) = captured(model, torch.ones(3))
    assert call.kwargs == {"by": 2.0}
    assert call.run().tolist() == [2, 2, 2]


def test_calls_of_the_same_op_on_the_same_shapes_are_alike_and_share_their_inputs():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3, bias=False), nn.ReLU(), nn.ReLU())
    calls = captured(model, torch.zeros(2, 3))
    assert calls[0].likeness == calls[1].likeness
    assert calls[0].args is calls[1].args
    assert calls[3].likeness == calls[4].likeness
    assert len({call.likeness for call in calls}) == 3


DIFFERENT = {
    "a stride": (nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1, stride=2)),
    "what its repr leaves out": (nn.AvgPool2d(2), nn.AvgPool2d(2, ceil_mode=True)),
    "a parameter's shape": (nn.Conv2d(1, 2, 1), nn.Conv2d(1, 3, 1)),
    "a class": (nn.Tanh(), nn.Sigmoid()),
    "a type": (nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1, dtype=torch.float64)),
}


@pytest.mark.parametrize("which", DIFFERENT)
def test_calls_that_differ_are_not_alike(which):
    a, b = DIFFERENT[which]
    x = torch.zeros(1, 1, 5, 5)
    assert one(a, x).likeness != one(b, x.to(next(iter([*b.parameters(), x])).dtype)).likeness


@pytest.mark.parametrize("x", [torch.zeros(1, 4), torch.zeros(2, 3), torch.zeros(3, 2).t(), torch.zeros(2, 3).double()])
def test_calls_on_other_tensors_are_not_alike(x):
    module = nn.ReLU()
    assert (one(module, x).likeness == one(module, torch.zeros(2, 3)).likeness) == (
        x.shape == (2, 3) and x.is_contiguous() and x.dtype == torch.float32
    )


def test_a_copy_has_the_strides_of_what_it_copies():
    x = torch.zeros(1, 3, 4, 4).to(memory_format=torch.channels_last)
    assert one(nn.ReLU(), x).args[0].stride() == x.stride()


class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return x * 2


REPEATABLE = {
    "linear": (nn.Linear(3, 3), False, True),
    "relu in place": (nn.ReLU(inplace=True), False, True),
    "several outputs": (nn.LSTM(3, 3), False, True),
    "whole numbers": (Calls(lambda x: x.argmax(1)), False, True),
    "not a number": (Calls(lambda x: x / 0 * 0), False, True),
    "no tensor": (Calls(lambda x: x.shape), False, True),
    "random numbers": (nn.Dropout(0.5), True, False),
    "adds in place": (Calls(lambda x: x.add_(1)), False, False),
    "its statistics": (nn.BatchNorm1d(3), True, False),
    "a counter": (Counts(), False, False),
}


@pytest.mark.parametrize("which", REPEATABLE)
def test_only_a_call_that_gives_the_same_again_can_be_repeated(which):
    torch.manual_seed(0)
    module, train, expected = REPEATABLE[which]
    with torch.inference_mode():
        assert is_repeatable(one(module, torch.randn(64, 3), train=train)) == expected


def test_asking_leaves_the_buffers_as_they_were():
    call = one(nn.BatchNorm1d(3), torch.randn(8, 3), train=True)
    before = [buffer.clone() for buffer in call.module.buffers()]
    with torch.no_grad():
        assert not is_repeatable(call)
    assert all(map(torch.equal, before, call.module.buffers()))


def test_no_hook_is_left_behind():
    model = nn.Sequential(nn.Linear(3, 3))
    captured(model, torch.zeros(1, 3))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_resnet50_has_twenty_distinct_convolutions():
    """The first; in the first stage 64 → 64, 3x3, 64 → 256 (also the shortcut's) and 256 → 64; then five a stage."""
    model = sources.build_on_cpu(sources.find("resnet50"))
    calls = [call for call in captured(model, torch.randn(1, 3, 64, 64)) if call.kind == "Conv2d"]
    assert len(calls) == 53
    assert len({call.likeness for call in calls}) == 1 + 4 + 3 * 5
