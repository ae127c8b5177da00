"""The runs of modules, as hooks tell of them."""

import pytest
import torch
from torch import nn

from archstat.measuring.hooks.calls import CallHooks
from archstat.measuring.reasons import CannotMeasure
from archstat.tracing import trace
from tests.support import Calls


def followed(model, *inputs):
    told = []
    hooks = CallHooks(model, lambda n: told.append(("in", n)), lambda n: told.append(("out", n)))
    with hooks, torch.no_grad():
        hooks.start_pass()
        model(*inputs)
    return hooks, told


def test_runs_are_named_and_counted_as_a_trace_does():
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, nn.Sequential(nn.ReLU(), shared), shared)
    hooks, _ = followed(model, torch.zeros(2, 3))
    traced = trace(model, (torch.zeros(2, 3),))
    assert [call.layer for call in hooks.calls] == [traced.layers[call.layer].path for call in traced.calls]
    assert [(call.layer, call.call) for call in hooks.calls if call.kind == "Linear"] == [("0", 1), ("0", 2), ("0", 3)]
    assert [call.is_leaf for call in hooks.calls] == [False, True, False, True, True, True]


def test_beginnings_and_ends_come_in_order_with_the_place_of_the_run():
    _, told = followed(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())), torch.zeros(1))
    assert told == [("in", 0), ("in", 1), ("out", 1), ("in", 2), ("in", 3), ("out", 3), ("out", 2), ("out", 0)]


def test_a_second_pass_counts_from_one_again():
    model = nn.Sequential(nn.ReLU())
    hooks = CallHooks(model, None, None)
    with hooks:
        for _ in range(2):
            hooks.start_pass()
            model(torch.zeros(1))
    assert [(call.layer, call.call) for call in hooks.calls] == [("", 1), ("0", 1)]


def test_no_hook_is_left_behind_also_if_the_network_raises():
    def fails(x):
        raise ValueError(x)

    inner = Calls(fails)
    model = nn.Sequential(inner)
    told = []
    with pytest.raises(ValueError, match="tensor"), CallHooks(model, told.append, told.append):
        model(torch.zeros(1))
    assert told == [0, 1, 1, 0], "who raises still ends"
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_the_hooks_stand_next_to_forward_inside_those_of_others():
    order, model = [], nn.ReLU()
    model.register_forward_pre_hook(lambda *_: order.append("before"))
    model.register_forward_hook(lambda *_: order.append("after"))
    with CallHooks(model, lambda _: order.append("in"), lambda _: order.append("out")):
        model(torch.zeros(1))
    assert order == ["before", "in", "out", "after"]


def test_parts_that_a_pass_never_uses_are_not_missed():
    model = Calls(lambda x: model.used(x) * 2, used=nn.ReLU(), unused=nn.Linear(3, 3))
    hooks, _ = followed(model, torch.zeros(1))
    hooks.check()
    assert [call.layer for call in hooks.calls] == ["", "used"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
def test_scripted_parts_and_what_is_in_them_take_no_hooks_and_the_others_do():
    scripted = torch.jit.script(nn.Sequential(nn.ReLU(), nn.Tanh()))
    hooks, told = followed(nn.Sequential(nn.Sigmoid(), scripted, nn.Tanh()), torch.zeros(1))
    assert [call.layer for call in hooks.calls] == ["", "0", "2"]
    assert told == [("in", 0), ("in", 1), ("out", 1), ("in", 2), ("out", 2), ("out", 0)]


def test_a_pass_in_which_no_hook_was_called_is_refused():
    hooks = CallHooks(nn.ReLU(), None, None)
    with pytest.raises(CannotMeasure, match="no hook was called") as caught:
        hooks.check()
    assert caught.value.reason.code == "HOOKS_NOT_FIRED"
