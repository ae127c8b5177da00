"""Control flow that torch takes as an op: training counts what runs, and the gradient of that."""

import pytest
import torch
from torch import nn
from torch._higher_order_ops import map as map_
from torch._higher_order_ops import scan, while_loop
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

from archstat.analysis.inference import analyse_model
from archstat.analysis.training import count_training
from archstat.records import RUN_FOR_REAL
from archstat.tracing.modes import Switches
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


# -- attention over blocks ---------------------------------------------------------------------------------------------


MASKS = {
    "causal": lambda b, h, i, j: i >= j,  # noqa: ARG005 - torch passes all four
    "a window": lambda b, h, i, j: (i - j).abs() < 20,  # noqa: ARG005
    "one head in full": lambda b, h, i, j: (i >= j) | (h == 0),  # noqa: ARG005
    "one of the batch in full": lambda b, h, i, j: (i >= j) | (b == 1),  # noqa: ARG005
}
QUERIES, KEYS, BLOCK = 72, 56, 16
"""The last blocks are not whole."""


def scores_in_kept_blocks(mask):
    batch, head, i, j = torch.meshgrid(*map(torch.arange, (2, 2, QUERIES, KEYS)), indexing="ij")
    allowed, kept = mask(batch, head, i, j).expand(2, 2, QUERIES, KEYS), 0
    for top in range(0, QUERIES, BLOCK):
        for left in range(0, KEYS, BLOCK):
            block = allowed[..., top : top + BLOCK, left : left + BLOCK]
            kept += int(block.flatten(2).any(-1).sum()) * block[0, 0].numel()
    return kept


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("key_heads", [2, 1])
def test_attention_counts_the_blocks_that_its_mask_keeps(name, key_heads):
    mask = create_block_mask(MASKS[name], 2, 2, QUERIES, KEYS, device="cpu", BLOCK_SIZE=BLOCK)
    query, key, value = (
        torch.ones(2, 2, QUERIES, 8),
        torch.ones(2, key_heads, KEYS, 8),
        torch.ones(2, key_heads, KEYS, 4),
    )
    network = Calls(lambda q, k, v: flex_attention(q, k, v, block_mask=mask, enable_gqa=key_heads == 1))
    analysis, kept = analyse_model(network, query, key, value), scores_in_kept_blocks(MASKS[name])
    assert kept < 2 * 2 * QUERIES * KEYS
    assert analysis.cost.macs == analysis.attention_macs() == kept * (8 + 4)
    assert analysis.cost.activations == 2 * 2 * QUERIES * 4
    assert analysis.cost.uncounted == ()
