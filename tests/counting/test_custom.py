"""Costs of ops that are not torch's own: rules that somebody entered, formulas that torch was given, collectives."""

import functools

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import flop_registry, register_flop_formula

import archstat
from archstat.counting import foreign
from archstat.counting.conventions import CONVENTIONS
from archstat.counting.conventions.tally import tally
from archstat.counting.entries import FREE
from archstat.counting.rules import cost_of as rule_cost
from archstat.errors import InputError, UncountedError
from archstat.records import Cost, OpCall
from tests.counting.rows import spec
from tests.support import cost_of, trace_of

X, Y = torch.ones(4, 8), torch.ones(8, 3)


@pytest.fixture
def product():
    with torch.library._scoped_library("archstat_custom", "FRAGMENT") as library:
        library.define("product(Tensor x, Tensor y) -> Tensor")
        library.impl("product", torch.mm, "CompositeExplicitAutograd")
        yield torch.ops.archstat_custom.product
        foreign._entered.pop("archstat_custom::product", None)
        flop_registry.pop(torch.ops.archstat_custom.product, None)


def test_an_op_of_another_library_is_counted_by_the_rule_entered_for_it(product):
    @archstat.rule("archstat_custom::product")
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


def test_the_former_name_works_for_one_version():
    from archstat import register_rule

    assert register_rule is archstat.rule
    assert "rule" in archstat.__all__
    assert "register_rule" not in archstat.__all__


def test_what_other_tools_leave_out_of_it_has_its_name(product):
    archstat.rule("archstat_custom::product")(lambda _: Cost(7))
    found = tally(trace_of(product, X, Y), "fvcore", CONVENTIONS["fvcore"])
    assert [(term.name, term.amount) for term in found.terms] == [("archstat_custom::product left out", -7)]


# -- what is refused when it is entered --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["mm", "", "::", "mylibrary::", "::mm", "mylibrary::mm.default", "a::b::c", "a b::c", 5, None]
)
def test_what_is_no_name_of_an_op_is_refused(name):
    with pytest.raises(InputError, match=r"is no op's name. Write it as torch shows it, .*: 'mylibrary::fused'"):
        archstat.rule(name)


@pytest.mark.parametrize("name", ["aten::mm", "prim::device", "prims::mul"])
def test_torchs_own_ops_are_refused(name):
    with pytest.raises(InputError, match=f"'{name}' is torch's own op"):
        archstat.rule(name)


@pytest.mark.parametrize("name", ["torchvision::nms", "quantized::linear", "archstat::block_attention"])
def test_ops_of_other_libraries_that_archstat_counts_are_refused(name):
    with pytest.raises(InputError, match=f"'{name}' has a rule of archstat's own"):
        archstat.rule(name)


def test_a_decorator_without_a_name_is_told_how_it_is_written():
    with pytest.raises(InputError, match=r"@archstat.rule\('mylibrary::fused'\)"):

        @archstat.rule
        def op(call):
            return Cost(call)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda: FREE, r"takes \(\). It is called with the op as it ran alone: 'def rule\(call\)'"),
        (lambda call, more: call or more, r"takes \(call, more\)"),
        (lambda *, call: Cost(call), r"takes \(\*, call\)"),
        (Cost(1), r"is Cost\(macs=1, other_flops=0\), and no function"),
        (None, "is None, and no function"),
    ],
)
def test_what_cannot_be_called_with_an_op_is_refused(function, told):
    with pytest.raises(InputError, match=f"The rule for 'archstat_custom::product' {told}"):
        archstat.rule("archstat_custom::product")(function)


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize("function", [lambda _, more=1: Cost(more), lambda *_: Cost(1), functools.partial(Cost, 1)])
def test_more_arguments_may_have_defaults(function):
    archstat.rule("archstat_custom::product")(function)
    assert foreign.is_entered("archstat_custom::product")


# -- what is refused when it is asked ----------------------------------------------------------------------------------


def divided(call):
    return Cost(len(call.args) // 0)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda _: 5, "returns 5. It should return an archstat.Cost, or None"),
        (lambda _: (4, 5), r"returns \(4, 5\). It should return"),
        (lambda _: Cost(1.5), r"returns Cost\(macs=1.5, other_flops=0\). MACs and other FLOPs are whole numbers"),
        (lambda _: Cost(0, 12.0), r"returns Cost\(macs=0, other_flops=12.0\). MACs and other FLOPs are whole numbers"),
        (lambda _: Cost(-1), r"returns Cost\(macs=-1, other_flops=0\). .* not below 0"),
        (lambda _: Cost("many"), ".*whole numbers"),
        (divided, "fails with ZeroDivisionError: .*. Where the arguments do not tell the cost, it should return None"),
        (lambda call: call.args[7], "fails with IndexError"),
    ],
)
def test_a_rule_that_fails_or_returns_no_cost_is_named_with_its_op(product, function, told):
    archstat.rule("archstat_custom::product")(function)
    with pytest.raises(UncountedError, match=f"The rule for 'archstat_custom::product' {told}"):
        cost_of(product, X, Y)


@pytest.mark.parametrize(("flops", "told"), [(-2, "not below 0"), ("many", "fails with ValueError")])
def test_a_formula_that_fails_or_returns_no_number_is_named_with_its_op(product, flops, told):
    register_flop_formula(product)(lambda *_, **__: flops)
    with pytest.raises(
        UncountedError, match=f"The formula that torch was given for 'archstat_custom::product' .*{told}"
    ):
        cost_of(product, X, Y)


def test_whole_numbers_of_other_types_are_counted_as_pythons(product):
    archstat.rule("archstat_custom::product")(lambda _: Cost(np.int64(7), np.int32(2)))
    cost = cost_of(product, X, Y)
    assert (cost.macs, cost.other_flops) == (7, 2)
    assert {type(cost.macs), type(cost.other_flops)} == {int}


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize("nature", ["other", "pointwise", "view"])
def test_an_op_whose_rule_cannot_tell_is_named_whatever_it_is(nature):
    archstat.rule("archstat_custom::product")(lambda _: None)
    assert rule_cost(OpCall("archstat_custom::product", 0, nature, (spec(4, 6),), {}, (spec(4, 6),))) is None


@pytest.mark.parametrize("op", ["c10d::broadcast_", "_c10d_functional::all_reduce", "fsdp::chunk_cat"])
def test_what_moves_between_processes_is_no_arithmetic(op):
    assert rule_cost(OpCall(op, 0, "other", (spec(4, 6),), {}, (spec(4, 6),))) == Cost()


def test_queries_are_counted_in_the_batch_that_keys_and_values_have():
    attend = torch.nn.functional.scaled_dot_product_attention
    qkv = torch.ones(4, 3, 8), torch.ones(4, 4, 6, 8), torch.ones(4, 4, 6, 8)
    assert cost_of(attend, *qkv).macs == 4 * 4 * 3 * 6 * (8 + 8) == 4608
