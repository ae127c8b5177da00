"""Formulas that frameworks write by hand, against what is counted: GPT's, by nanoGPT's and PaLM's way of counting."""

import re
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from archstat.claims.formulas import fields_of, total_of
from archstat.errors import DataError, UnknownNameError
from archstat.pytest_plugin import assert_formula


class Config(NamedTuple):
    layers: int
    width: int
    heads: int
    length: int
    vocabulary: int = 50


GRID = [
    Config(layers, width, 2, length, vocabulary)
    for layers, width, length, vocabulary in [
        (1, 8, 4, 50),
        (2, 8, 4, 50),
        (2, 16, 4, 30),
        (2, 16, 8, 30),
        (3, 8, 16, 70),
    ]
]


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)
        self.up = nn.Linear(config.width, 4 * config.width, bias=False)
        self.down = nn.Linear(4 * config.width, config.width, bias=False)

    def forward(self, x):
        one, length, width = x.shape
        split = self.qkv(x).view(one, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*split, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(one, length, width))
        return x + self.down(functional.gelu(self.up(x)))


class Gpt(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.length, config.width)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.layers)))
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.blocks(self.tokens(ids) + self.positions(places)))


def build(config):
    with torch.device("meta"):
        return Gpt(config), torch.zeros(1, config.length, dtype=torch.long)


def blocks(config):
    return config.layers * 12 * config.width**2 * config.length


def attention(config):
    return config.layers * 2 * config.width * config.length**2


def head(config):
    return config.vocabulary * config.width * config.length


def positions(config):
    return config.length * config.width


def palm(config):
    """PaLM, appendix B, of the forward pass: a third of 6N + 12LHQT for each token, N without embeddings."""
    return 2 * (blocks(config) + head(config) + attention(config))


def nano_gpt(config):
    """The same as nanoGPT's estimate_mfu has it, whose N is of all parameters but those of positions."""
    parameters = sum(each.numel() for each in Gpt(config).parameters()) - config.length * config.width
    per_token = 6 * parameters + 12 * config.layers * config.width * config.length
    return per_token * config.length // 3


def test_a_config_may_be_a_mapping_a_named_tuple_or_an_object():
    class Plain:
        def __init__(self):
            self.width = 8

    assert fields_of({"width": 8}) == fields_of(Plain()) == {"width": 8}
    assert fields_of(GRID[0])["length"] == 4
    assert fields_of("resnet18") == {}


@pytest.mark.parametrize("formula", [palm, nano_gpt])
def test_formulas_that_are_right_on_every_config_pass(archstat_formula, formula):
    archstat_formula(formula, build, GRID, convention="canziani2016")


def failure(formula, configs=GRID, convention="conv+linear"):
    with pytest.raises(AssertionError) as raised:
        assert_formula(formula, build, configs, convention=convention)
    return str(raised.value)


def test_a_layer_that_is_left_out_is_named_with_both_numbers():
    says = failure(lambda config: blocks(config) + attention(config))
    assert says.startswith("The formula is not what conv+linear counts (MACs), on 5 of 5 configs:\n")
    assert f"length=4, vocabulary=50): {3072 + 256:,}, counted {3072 + 256 + 1600:,}: -1,600 (-32.47%)" in says
    assert says.endswith("On all configs the difference is − head.")


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (lambda config: blocks(config) + head(config), "− all scaled_dot_product_attention"),
        (lambda config: blocks(config) + 2 * attention(config) + head(config), "all scaled_dot_product_attention"),
        (lambda config: blocks(config) + attention(config) // 2 + head(config), "− 1/2 × all scaled_dot_product"),
        (lambda config: (5 * blocks(config)) // 6 + attention(config) + head(config), "− 2 × blocks.*.out"),
        (lambda config: blocks(config) + attention(config) + 3 * head(config), "2 × head"),
        (blocks, "− all scaled_dot_product_attention − head"),
        (
            lambda config: blocks(config) + attention(config) + head(config) + positions(config) * config.length,
            "the parameters of positions × the elements of the input",
        ),
    ],
)
def test_what_a_difference_is_on_all_configs_is_named(formula, reason):
    assert f"On all configs the difference is {reason}" in failure(formula)


def test_what_fits_no_layers_is_said_to_grow():
    grid = [Config(2, 8, 2, length) for length in (4, 8, 16)]
    says = failure(lambda config: blocks(config) + attention(config) + head(config) + 7 * config.length**3, grid)
    assert says.endswith("The difference is no sum of layers; it grows with length^3.")
    says = failure(lambda config: blocks(config) + attention(config) + head(config) + 7 + config.length, grid)
    assert says.endswith("The difference is no multiple of what is counted of any group of layers.")


def test_the_terms_of_a_formula_that_no_layers_come_to_are_named():
    says = failure(lambda c: {"blocks": blocks(c), "attention": attention(c) // 2, "head": head(c) + 5 * c.length})
    assert says.endswith("Of its terms, attention, head is not what is counted of any group of layers.")


def test_a_term_that_only_some_configs_have_is_seen():
    says = failure(lambda c: {"all": blocks(c) + attention(c) + head(c), **({"more": 7} if c.layers > 2 else {})})
    assert "more" in says.splitlines()[-1]


def test_numbers_of_numpy_are_as_exact_as_pythons():
    assert total_of({"one": np.int64(2**62), "other": np.int64(2**62)}, "config") == 2**63
    assert total_of(np.float32(0.5), "config") == Fraction(1, 2)


def test_one_config_shows_less_and_a_right_one_among_wrong_ones_is_seen():
    assert "with one config that may be chance" in failure(lambda c: blocks(c) + attention(c), GRID[:1])
    assert "on 1 of 5 configs" in failure(lambda c: blocks(c) + attention(c) + head(c) + (c.layers == 3))


@pytest.mark.parametrize("given", [None, "12", float("nan"), float("inf"), 10**400, {"head": None}, [1]])
def test_what_is_no_number_is_refused(given):
    with pytest.raises(DataError, match=re.escape(f"The formula gives {given!r} for Config(")):
        assert_formula(lambda _: given, build, GRID[:1])


def test_what_cannot_be_held_is_refused():
    with pytest.raises(DataError, match="There are no configs"):
        assert_formula(blocks, build, [])
    with pytest.raises(UnknownNameError, match="Did you mean 'conv\\+linear'"):
        assert_formula(blocks, build, GRID, convention="conv+linea")
    with pytest.raises(DataError, match=r"What FlopCounterMode says of Config\(.* cannot be told: scaled_dot"):
        assert_formula(blocks, build, GRID, convention="FlopCounterMode")
