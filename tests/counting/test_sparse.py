"""Sparse tensors: products cost what is stored, memory is what is stored, and what cannot be told is named."""

import warnings

import pytest
import torch
from torch import nn

from archstat.analysis.training import count_training
from archstat.counting.rules import cost_of as rule_cost
from archstat.records import RUN_FOR_REAL, Cost, OpCall
from tests.counting.rows import spec
from tests.support import Calls, cost_of, op_names, trace_of

EDGES = torch.zeros(6, 6)
EDGES[torch.tensor([0, 1, 1, 3, 5, 5, 5]), torch.tensor([1, 0, 2, 3, 0, 4, 5])] = 1.0
STORED = 7
# blocks of 2 × 2 that hold any of them: (0, 0), (0, 1), (1, 1), (2, 0), (2, 2)
BLOCKS = 5
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch says once that compressed layouts are in beta
    LAYOUTS = {
        "coo": (EDGES.to_sparse(), STORED),
        "csr": (EDGES.to_sparse_csr(), STORED),
        "csc": (EDGES.to_sparse_csc(), STORED),
        "bsr": (EDGES.to_sparse_bsr((2, 2)), BLOCKS * 4),
    }
FEATURES = (6, 3)
PRODUCTS = {
    "mm": (torch.mm, 3),
    "matmul": (torch.matmul, 3),
    "sparse.mm": (torch.sparse.mm, 3),
    "mv": (lambda a, x: torch.mv(a, x[:, 0]), 1),
    "from the right": (lambda a, x: x.t() @ a, 3),
    "transposed": (lambda a, x: a.t() @ x, 3),
}
layouts = pytest.mark.parametrize("layout", LAYOUTS)


class Graph(nn.Module):
    """Features pass along the edges of a graph that is a buffer."""

    def __init__(self, edges):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 3))
        self.register_buffer("edges", edges)

    def forward(self, x):
        return self.edges @ (x @ self.weight)


def features(device):
    return torch.ones(FEATURES, device=device)


@layouts
@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_sparse_product_counts_what_is_stored(layout, product, device):
    call, columns = PRODUCTS[product]
    edges, stored = LAYOUTS[layout]
    cost = cost_of(call, edges, features(device))
    assert (cost.macs, cost.other_flops, cost.forward) == (stored * columns, 0, "meta")
    assert cost.uncounted == ()


@layouts
def test_what_is_added_to_a_sparse_product_counts_too(layout):
    edges, stored = LAYOUTS[layout]
    cost = cost_of(lambda a, x: torch.addmm(x, a, x), edges, features("meta"))
    assert (cost.macs, cost.other_flops) == (stored * 3, 6 * 3)


def test_a_batch_of_sparse_matrices_counts_what_all_of_them_store():
    edges = torch.stack([EDGES, EDGES]).to_sparse()
    assert cost_of(torch.bmm, edges, torch.empty(2, 6, 3, device="meta")).macs == 2 * STORED * 3


@layouts
def test_a_sparse_buffer_counts_and_weighs_what_it_stores(layout):
    edges, stored = LAYOUTS[layout]
    assert cost_of(Graph(edges), features("meta")).buffers == stored
    step = count_training(Graph(edges), features("cpu"))
    # in torch's memory the columns of a compressed matrix that was made of a dense one are a part of all places
    indices = {"coo": 2 * STORED, "csr": 7 + 2 * STORED, "csc": 7 + 2 * STORED, "bsr": 4 + 2 * BLOCKS}[layout]
    assert step.buffer_bytes == 4 * stored + 8 * indices


@layouts
def test_a_training_step_counts_what_is_stored_in_both_directions(layout):
    edges, stored = LAYOUTS[layout]
    step = count_training(Graph(edges), features("cpu"))
    weights = 6 * 3 * 3
    # the edges ask for no gradient, the input neither
    assert (step.forward_macs, step.backward_macs) == (weights + stored * 3, stored * 3 + weights)


def test_a_matrix_made_of_activations_stores_as_many_as_there_are():
    rows, columns = EDGES.nonzero(as_tuple=True)

    def attend(x):
        scores = (x[rows] * x[columns]).sum(1)
        places = torch.stack([rows, columns])
        return torch.sparse.mm(torch.sparse_coo_tensor(places, scores, (6, 6), check_invariants=False), x)

    assert cost_of(attend, features("meta")).macs == STORED * 3


def test_elements_that_are_stored_twice_are_added_up():
    twice = torch.sparse_coo_tensor(torch.zeros(2, 5, dtype=torch.int64), torch.ones(5), (6, 6), check_invariants=False)
    assert cost_of(lambda a: a.coalesce().to_dense(), twice).other_flops == 4


def test_what_is_done_to_each_element_costs_what_is_stored():
    assert cost_of(lambda a: (a * 2.0).to_dense(), LAYOUTS["csr"][0]).other_flops == STORED


def test_a_product_of_two_sparse_matrices_is_named():
    edges = LAYOUTS["coo"][0]
    cost = cost_of(lambda a, x: torch.sparse.mm(a, a) @ x, edges, features("cpu"))
    assert [op.op for op in cost.uncounted] == ["sparse_sparse_matmul"]


@layouts
def test_a_sparse_matrix_without_values_is_named_and_not_taken_as_dense(layout):
    edges = LAYOUTS[layout][0].to("meta")
    cost = cost_of(torch.matmul, edges, features("meta"))
    assert (cost.macs, [op.op for op in cost.uncounted]) == (0, ["mm"])


def test_what_has_no_shapes_of_its_own_is_run_for_real():
    edges, stored = LAYOUTS["coo"]
    cost = cost_of(lambda a, x: (a * x[:, :1]) @ x, edges, features("cpu"))
    assert (cost.forward, cost.macs) == ("real", stored * 3)


def test_a_step_that_changes_a_sparse_matrix_is_run_for_real():
    network = Calls(lambda a, x: (a * 2.0) @ layer(x), layer=(layer := nn.Linear(3, 3)))
    step = count_training(network, LAYOUTS["coo"][0], features("cpu"))
    assert step.remarks == (RUN_FOR_REAL,)
    assert step.forward_macs == count_training(network, LAYOUTS["coo"][0] * 2.0, features("cpu")).forward_macs


def test_the_memory_of_a_sparse_tensor_is_that_of_its_elements_and_indices():
    trace = trace_of(lambda x: x.to_sparse().to_dense(), torch.eye(6))
    assert op_names(trace) == ["to_sparse", "to_dense"]
    assert trace.forward == "real"
    made = [life.nbytes for life in trace.storages if life.born == 0]
    assert sorted(made) == [6 * 4, 2 * 6 * 8]
    assert all(life.died == 2 for life in trace.storages if life.born == 0)


BY_HAND = {
    # one of 7 elements meets a vector of 3
    "hspmm": ((spec(6, 6, stored=7), spec(6, 3)), spec(6, 3, stored=9), Cost(7 * 3)),
    "smm": ((spec(6, 6, stored=7), spec(6, 3)), spec(6, 3, stored=9), Cost(7 * 3)),
    "sparse_mm_reduce_impl": ((spec(6, 6, stored=7), spec(6, 3), "amax"), spec(6, 3), Cost(7 * 3)),
    # added to 9 that are stored
    "sspaddmm": ((spec(6, 3, stored=9), spec(6, 6, stored=7), spec(6, 3)), spec(6, 3, stored=9), Cost(7 * 3, 9)),
    # a sum of 4 for each of 7 places, and what stands there is added
    "sparse_sampled_addmm": ((spec(6, 6, stored=7), spec(6, 4), spec(4, 6)), spec(6, 6, stored=7), Cost(7 * 4, 7)),
    "sparse_sparse_matmul": ((spec(6, 6, stored=7), spec(6, 6, stored=7)), spec(6, 6, stored=9), None),
    "spsolve": ((spec(6, 6, stored=7), spec(6, 3)), spec(6, 3), None),
    "sparse_softmax": ((spec(6, 6, stored=7), 1, False), spec(6, 6, stored=7), Cost(0, 5 * 7)),
    "sparse_log_softmax": ((spec(6, 6, stored=7), 1, False), spec(6, 6, stored=7), Cost(0, 5 * 7)),
    "sparse_sum": ((spec(6, 6, stored=7),), spec(), Cost(0, 6)),
    "sparse_csr_sum": ((spec(6, 6, stored=7), (1,)), spec(6, 1, stored=4), Cost(0, 7 - 4)),
    "sparse_csr_prod": ((spec(6, 6, stored=7), (1,)), spec(6, 1, stored=4), Cost(0, 7 - 4)),
    "coalesce": ((spec(6, 6, stored=9),), spec(6, 6, stored=7), Cost(0, 2)),
    "coalesced": ((spec(6, 6, stored=9), True), spec(6, 6, stored=9), Cost()),
    "sparse_addmm": ((spec(), spec(6, 6, stored=7), spec(6, 3)), spec(6, 3), Cost(7 * 3, 6 * 3)),
    "sparse_semi_structured_linear": ((spec(5, 8), spec(4, 4), spec(4, 1)), spec(5, 4), Cost(5 * 4 * 8 // 2)),
}


@pytest.mark.parametrize("op", BY_HAND)
def test_an_op_on_sparse_tensors_costs_what_its_arithmetic_says(op):
    args, out, cost = BY_HAND[op]
    assert rule_cost(OpCall(op, 0, "other", args, {}, (out,))) == cost


def test_a_place_that_nobody_counted_is_not_guessed():
    unknown = spec(6, 6, stored=-1)
    for op, args in {"mm": (unknown, spec(6, 3)), "sparse_sampled_addmm": (unknown, spec(6, 4), spec(4, 6))}.items():
        assert rule_cost(OpCall(op, 0, "other", args, {}, (spec(6, 3),))) is None
