"""Control flow that torch takes as an op: training counts what runs, and the gradient of that."""

import pytest
import torch
from torch import nn
from torch._higher_order_ops import map as map_
from torch._higher_order_ops import scan, while_loop

from archstat.records import RUN_FOR_REAL
from archstat.tracing.modes import Switches
from archstat.training import count_training
from tests.support import Calls

X = torch.ones(3, 8)
LAYER = 3 * 8 * 8


def network_of(call):
    a, b = nn.Linear(8, 8), nn.Linear(8, 8)
    return Calls(lambda x: call(a, b, x), a=a, b=b)


#: What is called → forward and backward multiply-accumulates. The input needs no gradient, nor do parameters of what is
#: not taken.
CONTROL = {
    "cond": (lambda a, b, x: torch.cond(x.shape[0] > 2, a, lambda t: b(b(t)), (x,)), 1, 1),
    "cond, the longer branch": (lambda a, b, x: torch.cond(x.shape[0] < 2, a, lambda t: b(a(t)), (x,)), 2, 3),
    "cond within cond": (
        lambda a, b, x: torch.cond(
            x.shape[0] > 2, lambda t: torch.cond(t.shape[0] > 2, a, b, (t,)), lambda t: b(b(t)), (x,)
        ),
        1,
        1,
    ),
    "while_loop": (
        lambda a, _, x: while_loop(lambda i, _: i < 3, lambda i, t: (i + 1, a(t)), (torch.tensor(0), x))[1],
        3,
        5,
    ),
    "map": (lambda a, _, x: map_(a, x), 1, 1),
    "scan": (
        lambda a, _, x: scan(lambda c, row: ((n := a(c) + row), n.clone()), torch.zeros(8), x, dim=0)[1],
        1,
        1 + 2 / 3,  # the first step starts from zeros, which need no gradient
    ),
}


@pytest.mark.parametrize("control", CONTROL)
@pytest.mark.filterwarnings("ignore")
def test_training_counts_what_control_flow_runs_and_its_gradient(control):
    call, forward, backward = CONTROL[control]
    cost = count_training(network_of(call), X)
    assert (cost.forward_macs, cost.backward_macs) == (forward * LAYER, round(backward * LAYER))
    assert cost.remarks == ()


def test_a_branch_on_values_is_taken_for_real():
    cost = count_training(network_of(lambda a, b, x: torch.cond(b(x).sum() < 1e9, a, b, (x,))), X)
    assert (cost.forward_macs, cost.backward_macs) == (2 * LAYER, LAYER)  # which branch it is has no gradient
    assert cost.remarks == (RUN_FOR_REAL,)


def test_a_function_mode_that_an_interrupt_kept_from_leaving_is_put_back():
    switches = Switches(torch.device("cpu"))
    switches.set()
    torch.overrides.TorchFunctionMode().__enter__()
    switches.put_back()
    assert torch._C._len_torch_function_stack() == 0
