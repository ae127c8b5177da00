"""Calls of other counters, held against those counters themselves."""

import warnings

import pytest
import torch
import torchinfo
from torch import nn

import archstat
from archstat.errors import InputError
from tests.support import Calls

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import thop

NETWORK = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 6 * 6, 5))
X = torch.ones(2, 3, 8, 8)


def test_a_line_of_thop_gives_macs_and_parameters():
    assert archstat.profile(NETWORK, inputs=(X,)) == thop.profile(NETWORK, inputs=(X,), verbose=False)
    assert archstat.profile(NETWORK, (X,), verbose=False) == archstat.profile(NETWORK, (X.to("meta"),))


def test_a_line_of_torchinfo_gives_its_totals():
    ours = archstat.summary(NETWORK, input_size=(2, 3, 8, 8), verbose=0)
    theirs = torchinfo.summary(NETWORK, input_size=(2, 3, 8, 8), verbose=0)
    assert (ours.total_params, ours.trainable_params) == (theirs.total_params, theirs.trainable_params)
    biases = 2 * 8 * 6 * 6 + 2 * 5
    assert theirs.total_mult_adds == ours.total_mult_adds + biases
    assert ours.cost == archstat.count(NETWORK, X)


@pytest.mark.parametrize(
    "how",
    [
        {"input_size": (2, 3, 8, 8)},
        {"input_size": [(2, 3, 8, 8)]},
        {"input_size": torch.Size([2, 3, 8, 8])},
        {"input_data": X},
        {"input_data": [X]},
        {"input_data": {"input": X}},
        {"input_size": (2, 3, 8, 8), "col_names": ("input_size",), "device": "cpu", "mode": "eval"},
    ],
)
def test_every_form_of_input_is_taken(how):
    assert archstat.summary(NETWORK, **how, verbose=0).total_mult_adds == archstat.count(NETWORK, X).macs


def test_types_and_the_axis_of_the_batch_are_followed():
    words = nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 2))
    assert archstat.summary(words, input_size=(1, 5), dtypes=[torch.long], verbose=0).total_mult_adds == 5 * 8
    assert archstat.summary(NETWORK, input_size=(3, 8, 8), batch_dim=0, verbose=0).cost.input_shapes == ((1, 3, 8, 8),)


def test_several_inputs_come_in_their_order():
    both = Calls(lambda a, b: a @ b)
    assert archstat.summary(both, input_size=[(2, 3), (3, 5)], verbose=0).total_mult_adds == 30


def test_it_is_printed_as_a_table_unless_that_is_not_wanted(capsys):
    made = archstat.summary(NETWORK, input_size=(2, 3, 8, 8))
    assert capsys.readouterr().out == f"{made}\n"
    assert "Conv2d 3→8 3×3" in str(made)
    archstat.summary(NETWORK, input_size=(2, 3, 8, 8), verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: archstat.profile(NETWORK, inputs=X), "in a tuple"),
        (lambda: archstat.profile(NETWORK, inputs=(X,), custom_ops={nn.ReLU: print}), "archstat.rule"),
        (lambda: archstat.profile(NETWORK, inputs=(X,), ret_layer_info=True), "layers"),
        (lambda: archstat.summary(NETWORK), "input_size"),
        (lambda: archstat.summary(NETWORK, (2, 3, 8, 8), X), "either"),
        (lambda: archstat.summary(NETWORK, input_size=(2, -3)), "no size of inputs"),
        (lambda: archstat.summary(NETWORK, input_size="much"), "no size of inputs"),
        (lambda: archstat.summary(NETWORK, (2, 3, 8, 8), dtypes=[torch.float] * 2), "no size of inputs"),
        (lambda: archstat.summary(NETWORK, (2, 3, 8, 8), colour="red"), "'colour' is no option"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(call, says):
    with pytest.raises(InputError, match=says):
        call()
