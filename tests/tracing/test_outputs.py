"""What layers and networks return is found in whatever object it stands."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import distributions, nn

import archstat
from archstat.analysis.training import count_training
from archstat.errors import InputError
from archstat.tracing.outputs import tensors_out
from tests.support import Calls

X = torch.ones(3, 8)


@dataclass
class Result:
    scores: torch.Tensor
    note: str = ""


@dataclass(slots=True, frozen=True)
class Slotted:
    scores: torch.Tensor


class Named(NamedTuple):
    scores: torch.Tensor
    note: str


class Plain:
    def __init__(self, scores):
        self.inner, self.itself = {"scores": [scores]}, self


class Mapped(OrderedDict):
    pass


OUTPUTS = {
    "a dataclass": lambda y: Result(y, "a note"),
    "a dataclass with slots": Slotted,
    "a named tuple": lambda y: Named(y, "a note"),
    "an object that leads to itself": Plain,
    "an object in a list": lambda y: [Plain(y)],
    "a dictionary of a class": lambda y: Mapped(scores=Result(y)),
    "a set": lambda y: {y},
}


class Wraps(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.weight, self.wrap = nn.Parameter(torch.ones(4, 8)), wrap

    def forward(self, x):
        return self.wrap(nn.functional.linear(x, self.weight))


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_layer_hands_on_what_is_in_its_output(output):
    (row,) = archstat.count(nn.Sequential(Wraps(OUTPUTS[output])), X).layers
    assert (row.output_shape, row.activations, row.activation_bytes) == ((3, 4), 12, 48)


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_in_an_output_is_trained(output):
    cost = count_training(Wraps(OUTPUTS[output]), X)
    assert (cost.forward_macs, cost.backward_macs) == (3 * 4 * 8, 3 * 4 * 8)


@pytest.mark.parametrize(
    "make",
    [
        lambda y: distributions.Categorical(logits=y),
        lambda y: distributions.Normal(y, y.exp()),
        lambda y: distributions.Independent(distributions.Normal(y, 1.0), 1),
        lambda y: distributions.TransformedDistribution(distributions.Normal(y, 1.0), distributions.ExpTransform()),
    ],
    ids=["categorical", "normal", "independent", "transformed"],
)
def test_a_distribution_hands_on_its_parameters(make):
    network = Wraps(make)
    cost = archstat.count(nn.Sequential(network), X)
    assert cost.macs == 3 * 4 * 8
    assert cost.activations >= 12
    assert count_training(network, X).backward_macs == 3 * 4 * 8


def test_a_module_in_an_output_is_no_output_of_its_own():
    layer, y = nn.Linear(8, 8), torch.ones(2)
    holder = Plain(y)
    holder.layer, holder.kind, holder.method = layer, nn.Linear, layer.forward
    assert [tensor is y for tensor in tensors_out(holder)] == [True]


def test_nothing_to_train_is_still_refused():
    with pytest.raises(InputError, match="there is nothing to train"):
        count_training(Calls(Result, fc=nn.Linear(8, 8)), X)
