"""What archstat knows of an op stands in several tables: none of them forgets an op without saying why.

The ops that need an entry are found, and not listed: those whose rows of the tests have multiply-accumulates (every
rule has a row), those that torch's schemas give a window, an edge or a new size, and those on the fast path of tracing.
What a table lacks of them stands in :mod:`tests.counting.gaps`, under one of a few reasons.
"""

import re
from typing import NamedTuple

import pytest
import torch

from archstat.counting import traffic
from archstat.counting.arguments import _PLACES
from archstat.counting.arithmetic.sizes import EXTENTS
from archstat.counting.arithmetic.terms import TERMS, WEIGHTS
from archstat.counting.attention import _PRODUCTS
from archstat.counting.conventions import CONVENTIONS
from archstat.counting.details import DETAILS
from archstat.counting.receptive_field.rules import FIELDS
from archstat.counting.rules import GATES, RULES
from archstat.tracing.ops import plain_name
from archstat.tracing.shapes import SHAPES
from tests.counting.gaps import GAPS, REASONS
from tests.counting.test_arguments import SCHEMAS
from tests.counting.test_rules import BY_HAND, COUNTED

# -- which ops need an entry -------------------------------------------------------------------------------------------


def is_pointwise(op):
    """Whether torch says so: then it costs, and sees, what every pointwise op does."""
    forms = [getattr(torch.ops.aten, name) for name in (op, f"{op}_", f"_{op}") if hasattr(torch.ops.aten, name)]
    return any(torch.Tag.pointwise in getattr(form, name).tags for form in forms for name in form.overloads())


def is_forward(op):
    return "backward" not in op


def takes(op, names, types):
    """Whether a form of the op has an argument of such a name and type, those behind the star left out."""
    return any(
        not argument.kwarg_only and re.fullmatch(names, argument.name) and re.fullmatch(types, str(argument.type))
        for arguments in SCHEMAS[op]
        for argument in arguments
    )


KNOWN = {op for op in (*RULES, *FIELDS, *EXTENTS) if is_forward(op)}
MACS = {
    *(op for op, _, _, macs, _ in (row.values for row in COUNTED) if macs and is_forward(op)),
    *(op for op, (*_, cost) in BY_HAND.items() if cost is not None and cost.macs and is_forward(op)),
}
NUMBERS = r"int|(Optional\[)?List\[(int|float)\]\]?"
WINDOWS = {
    *(
        op
        for op in KNOWN
        if takes(op, "kernel_size|output_size|padding|pad|scale_factors|(up|down)scale_factor", NUMBERS)
    ),
    *(op for op in MACS if "conv" in op),
}
FAST = {name for name in map(plain_name, SHAPES) if is_forward(name)}
WEIGHTED = {op for op in MACS if {"weight", "w"} & set(_PLACES.get(op, ())) or op in GATES}
DIFFERENTIATED = {op for op in KNOWN if SCHEMAS[f"{op}_backward"]}
LOOKED_UP = {
    op
    for op in KNOWN
    if takes(op, "index|indices", r"(List\[)?(Optional\[)?Tensor\]?\]?") and not takes(op, "src|source|values?", ".*")
}
MADE_ALIKE = {op for op in KNOWN if re.search(r"_like$|^new_", op)}
DRAWN = {
    name.removesuffix("_")
    for name, forms in SCHEMAS.items()
    for arguments in forms
    if name in KNOWN and any(argument.name == "generator" for argument in arguments)
    if arguments[0].is_write
}

# -- the tables --------------------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """One kind of knowledge.

    Attributes:
        needed: The ops that need an entry.
        known: The ops that have one.
        place: Where entries are made.
    """

    needed: set[str]
    known: set[str]
    place: str


POINTWISE = {op for op in (*KNOWN, *FAST) if is_pointwise(op)}
GRADIENTS = {op for op in DIFFERENTIATED if f"{op}_backward" in RULES or is_pointwise(f"{op}_backward")}
NAMED = {op for each in CONVENTIONS.values() for rule in each.rules for op in rule.ops}
REFUSED = {name for each in CONVENTIONS.values() for name in each.refusals}

TABLES = {
    "cost": Table(WINDOWS | FAST, set(RULES) | POINTWISE, "RULES of archstat/counting/rules.py"),
    "gradient": Table(DIFFERENTIATED, GRADIENTS, "BACKWARD_RULES of archstat/counting/backward_rules.py"),
    "arguments": Table(MACS | WINDOWS, set(_PLACES), "SIGNATURES of archstat/counting/arguments.py"),
    "details": Table(MACS | WINDOWS, set(DETAILS), "DETAILS of archstat/counting/details.py"),
    "sum of MACs": Table(MACS, set(TERMS), "TERMS of archstat/counting/arithmetic/terms.py"),
    "sum of weights": Table(WEIGHTED, set(WEIGHTS), "WEIGHTS of archstat/counting/arithmetic/terms.py"),
    "output size": Table(WINDOWS, set(EXTENTS), "EXTENTS of archstat/counting/arithmetic/sizes.py"),
    "receptive field": Table(
        MACS | WINDOWS | FAST, set(FIELDS) | POINTWISE, "FIELDS of archstat/counting/receptive_field/rules.py"
    ),
    "conventions": Table(MACS, NAMED | REFUSED, "CONVENTIONS of archstat/counting/conventions/__init__.py"),
    "looked up in": Table(LOOKED_UP, set(traffic._GATHERS), "_GATHERS of archstat/counting/traffic.py"),
    "of a shape alone": Table(
        MADE_ALIKE, set(traffic._SHAPED | traffic._EMPTY), "_SHAPED of archstat/counting/traffic.py"
    ),
    "products of activations": Table(
        {op for op in MACS if {"a", "b"} <= set(_PLACES.get(op, ()))},
        set(_PRODUCTS),
        "_PRODUCTS of archstat/counting/attention.py",
    ),
    "overwritten": Table(DRAWN, set(traffic._DRAWS), "_DRAWS of archstat/counting/traffic.py"),
}

# -- what they lack ---------------------------------------------------------------------------------------------------


def listed(gaps):
    """The ops of some gaps."""
    return {op for words in gaps.values() for op in words.split()}


def forgotten(name, table, gaps):
    """One sentence for each op that a table lacks without a reason."""
    return [
        f"'{op}' has no entry for {name}: make one in {table.place}, or say why not in tests/counting/gaps.py."
        for op in sorted(table.needed - table.known - listed(gaps))
    ]


def outdated(name, table, gaps):
    """One sentence for each gap that is none, or none any more."""
    return [
        f"'{op}' is no gap of {name}: " + ("it has its entry." if op in table.known else "it needs none.")
        for op in sorted(listed(gaps) - (table.needed - table.known))
    ]


@pytest.mark.parametrize("name", TABLES)
def test_no_table_forgets_an_op_without_a_reason(name):
    assert forgotten(name, TABLES[name], GAPS.get(name, {})) == []


@pytest.mark.parametrize("name", TABLES)
def test_no_gap_is_listed_that_is_none(name):
    assert outdated(name, TABLES[name], GAPS.get(name, {})) == []


def test_reasons_are_few_and_each_is_used():
    used = [reason for gaps in GAPS.values() for reason in gaps]
    assert set(used) == REASONS
    assert set(GAPS) <= set(TABLES)


@pytest.mark.parametrize("name", GAPS)
def test_an_op_is_listed_under_one_reason_only(name):
    words = [op for words in GAPS[name].values() for op in words.split()]
    assert sorted(words) == sorted(set(words))


# -- the guard can fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_an_entry_that_is_taken_away_is_missed_in_one_sentence_that_says_where(name):
    table = TABLES[name]
    op = min(table.needed & table.known)
    (told,) = forgotten(name, table._replace(known=table.known - {op}), GAPS.get(name, {}))
    assert told.startswith(f"'{op}' has no entry for {name}: make one in {table.place}, or say why not in ")


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_that_is_filled_or_was_none_is_told(name):
    table, gaps = TABLES[name], GAPS[name]
    op = min(listed(gaps))
    assert outdated(name, table._replace(known=table.known | {op}), gaps) == [
        f"'{op}' is no gap of {name}: it has its entry."
    ]
    assert outdated(name, table, {**gaps, "nobody's reason": "rubbish"}) == [
        f"'rubbish' is no gap of {name}: it needs none."
    ]


@pytest.mark.parametrize(
    ("found", "some", "others"),
    [
        (MACS, "conv2d linear bmm lstm quantized::linear", "relu max_pool2d embedding convolution_backward"),
        (WINDOWS, "conv2d max_pool2d im2col pixel_shuffle upsample_nearest2d", "relu linear view avg_pool2d_backward"),
        (FAST, "conv2d relu softmax", "lstm svd"),
        (WEIGHTED, "conv2d linear lstm", "bmm scaled_dot_product_attention"),
        (DIFFERENTIATED, "softplus max_pool2d_with_indices", "relu conv2d"),
        (LOOKED_UP, "embedding index take", "scatter index_add relu"),
        (MADE_ALIKE, "zeros_like new_ones", "relu"),
        (DRAWN, "normal bernoulli", "multinomial randn_like relu"),
    ],
)
def test_the_ops_that_need_an_entry_are_found(found, some, others):
    assert set(some.split()) <= found
    assert not set(others.split()) & found


def test_a_rule_for_a_new_product_needs_all_tables_of_products():
    needing = [name for name, table in TABLES.items() if "linear" in table.needed]
    assert {"arguments", "details", "sum of MACs", "sum of weights", "receptive field", "conventions"} <= set(needing)
