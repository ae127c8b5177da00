"""Inputs for networks of which none is known, and what is said of them."""

import pytest
import torch
from torch import nn

from archstat.errors import InputError
from archstat.networks.assuming import assume
from archstat.networks.settings import Setting
from archstat.networks.source import Source


def assumed(model, **more):
    inputs, why = assume(Source("net.py:Net", lambda: model), model, Setting(**more))
    (spec,) = inputs
    return (*spec.shape, spec.dtype) if spec.dtype else spec.shape, why


class Net(nn.Module):
    def __init__(self, forward, **parts):
        super().__init__()
        self._forward = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *args, **kwargs):
        return self._forward(self, *args, **kwargs)


@pytest.mark.parametrize(
    ("model", "shape", "why"),
    [
        (nn.Conv2d(4, 8, 3), (4, 224, 224), "first layer takes 4 channels"),
        (nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(8 * 30 * 30, 2)), (1, 32, 32), "takes 1 channel"),
        (nn.Conv1d(2, 8, 3), (2, 1024), "first layer takes 2 channels"),
        (nn.Conv3d(3, 8, 3), (3, 16, 112, 112), "first layer takes 3 channels"),
        (nn.Sequential(nn.Linear(13, 4)), (13,), "first layer takes 13 features"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 4)), (784,), "first layer takes 784 features"),
        (nn.Embedding(100, 8), (128, "int64"), "first layer is an embedding of 100 rows"),
        (nn.LSTM(6, 8), (128, 6), "first layer takes vectors of 6"),
        (nn.TransformerEncoderLayer(16, 2), (128, 16), "first layer takes vectors of 16"),
    ],
)
def test_the_first_layer_tells_the_input(model, shape, why):
    found, said = assumed(model)
    assert found == shape
    assert why in said


def test_the_resolution_and_the_sequence_are_taken_into_account():
    assert assumed(nn.Conv2d(3, 8, 3), resolution=48)[0] == (3, 48, 48)
    assert assumed(nn.Embedding(9, 8), sequence=5)[0] == (5, "int64")


def test_what_the_network_says_of_itself_comes_before_its_first_layer():
    model = nn.Conv2d(3, 8, 3)
    model.example_input_array = torch.ones(4, 3, 20, 30)
    assert assumed(model) == ((3, 20, 30), "its example_input_array")
    model = nn.Conv2d(3, 8, 3)
    model.default_cfg = {"input_size": (3, 40, 40)}
    assert assumed(model) == ((3, 40, 40), "its pretrained_cfg")


def test_dummy_inputs_are_handed_over_by_name():
    model = Net(lambda self, ids, mask: self.embed(ids) * mask[..., None], embed=nn.Embedding(20, 4))
    model.dummy_inputs = {"ids": torch.zeros(2, 7, dtype=torch.int64), "mask": torch.ones(2, 7, dtype=torch.int64)}
    inputs, why = assume(Source("net", lambda: model), model, Setting())
    assert [(each.name, each.shape, each.fill) for each in inputs] == [("ids", (7,), None), ("mask", (7,), 1.0)]
    assert why == "its dummy_inputs"


def test_an_example_that_does_not_work_or_cannot_be_made_gives_way():
    model = nn.Conv2d(3, 8, 3)
    model.example_input_array = torch.ones(4, 5, 20, 30)
    assert assumed(model)[0] == (3, 224, 224)

    class Raising(nn.Conv2d):
        @property
        def dummy_inputs(self):
            raise NotImplementedError

    assert assumed(Raising(3, 8, 3))[0] == (3, 224, 224)


def test_a_network_that_takes_more_than_one_input_is_told_so():
    class Timed(nn.Linear):
        def forward(self, x, t):
            return super().forward(x) * t

    with pytest.raises(InputError, match=r"Its forward takes x, t\. None of these works: 3 \(first layer takes 3 feat"):
        assumed(Timed(3, 4))


def test_a_network_without_layers_is_asked_for():
    with pytest.raises(InputError, match=r"Which input does 'net.py:Net' take\? Give its sizes.*such as 3x224x224\.$"):
        assumed(nn.ReLU())


@pytest.mark.parametrize(("size", "what"), [("sequence", "a sequence length"), ("resolution", "a resolution")])
def test_a_size_that_changes_nothing_of_what_is_assumed_is_refused(size, what):
    model = nn.Conv2d(3, 4, 3) if size == "sequence" else nn.Linear(13, 4)
    with pytest.raises(InputError, match=f"is given .*, which {what} does not change: give the sizes"):
        assumed(model, **{size: 7})
