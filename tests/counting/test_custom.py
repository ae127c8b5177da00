"""Costs of ops that are not torch's own: rules that somebody entered, formulas that torch was given, collectives."""

import pytest
import torch
from torch.utils.flop_counter import flop_registry, register_flop_formula

import archstat
from archstat.counting import custom
from archstat.counting.rules import cost_of as rule_cost
from archstat.errors import InputError
from archstat.records import Cost, OpCall
from tests.counting.rows import spec
from tests.support import cost_of

X, Y = torch.ones(4, 8), torch.ones(8, 3)


@pytest.fixture
def product():
    with torch.library._scoped_library("archstat_custom", "FRAGMENT") as library:
        library.define("product(Tensor x, Tensor y) -> Tensor")
        library.impl("product", torch.mm, "CompositeExplicitAutograd")
        yield torch.ops.archstat_custom.product
        custom._entered.pop("archstat_custom::product", None)
        flop_registry.pop(torch.ops.archstat_custom.product, None)


def test_an_op_of_another_library_is_counted_by_the_rule_entered_for_it(product):
    @archstat.register_rule("archstat_custom::product")
    def rule(call):
        x, y = call.args
        return archstat.Cost(macs=x.shape[0] * x.shape[1] * y.shape[1], other_flops=1)

    cost = cost_of(product, X, Y)
    assert (cost.macs, cost.other_flops, cost.uncounted) == (4 * 8 * 3, 1, ())


@pytest.mark.parametrize("get_raw", [False, True])
def test_a_formula_that_torch_was_given_counts_two_operations_a_multiply_accumulate(product, get_raw):
    @register_flop_formula(product, get_raw=get_raw)
    def formula(x, y, **_):
        x, y = (tuple(getattr(side, "shape", side)) for side in (x, y))
        return 2 * x[0] * x[1] * y[1] + 1

    cost = cost_of(product, X, Y)
    assert (cost.macs, cost.other_flops, cost.uncounted) == (4 * 8 * 3, 1, ())


def test_without_either_it_is_named(product):
    assert [op.op for op in cost_of(product, X, Y).uncounted] == ["archstat_custom::product"]


@pytest.mark.parametrize("name", ["aten::mm", "mm", "mylibrary::", "mylibrary::mm.default"])
def test_rules_are_for_named_ops_of_other_libraries(name):
    with pytest.raises(InputError, match="op"):
        archstat.register_rule(name)


@pytest.mark.parametrize("op", ["c10d::broadcast_", "_c10d_functional::all_reduce", "fsdp::chunk_cat"])
def test_what_moves_between_processes_is_no_arithmetic(op):
    assert rule_cost(OpCall(op, 0, "other", (spec(4, 6),), {}, (spec(4, 6),))) == Cost()


def test_queries_are_counted_in_the_batch_that_keys_and_values_have():
    attend = torch.nn.functional.scaled_dot_product_attention
    qkv = torch.ones(4, 3, 8), torch.ones(4, 4, 6, 8), torch.ones(4, 4, 6, 8)
    assert cost_of(attend, *qkv).macs == 4 * 4 * 3 * 6 * (8 + 8) == 4608
