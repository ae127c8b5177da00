"""The door to a named network."""

import re

import pytest
import torch

from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.input_specs import InputSpec
from archstat.networks.loading import Loader, load
from archstat.networks.settings import Setting
from archstat.networks.trust import Reach

BRANCHES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        made.append(self)

made = []
"""


def test_a_network_comes_with_its_input_without_values():
    loaded = load("lenet5", Setting(batch_size=3))
    assert (loaded.source.name, loaded.kwargs) == ("lenet5", {})
    assert [tuple(tensor.shape) for tensor in loaded.args] == [(3, 1, 32, 32)]
    assert all(tensor.is_meta for tensor in (*loaded.model.parameters(), *loaded.args))


def test_on_a_cpu_it_has_the_same_weights_each_time_and_leaves_the_generator_alone():
    before = torch.get_rng_state()
    first, second = (load("lenet5", Setting(), on="cpu").model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_both_are_of_the_element_type_that_is_asked_for():
    loader = Loader("lenet5")
    for dtype in ("float16", "float64"):
        model, (image,) = loader.load(Setting(dtype=dtype))[1:3]
        assert {tensor.dtype for tensor in (image, *model.parameters())} == {getattr(torch, dtype)}


def test_a_network_is_built_once_in_each_place(tmp_path):
    (tmp_path / "net.py").write_text(BRANCHES)
    loader = Loader(f"{tmp_path / 'net.py'}:Net")
    setting = Setting((InputSpec((4,)),))
    models = [loader.load(setting, on=on).model for on in (None, "cpu", None, "cpu")]
    assert models[0] is models[2]
    assert models[1] is models[3]
    assert models[0] is not models[1]


@pytest.mark.parametrize(
    ("spec", "setting", "error", "says"),
    [
        ("lenet", Setting(), UnknownNameError, "No architecture is named 'lenet'"),
        ("torch.nn:ReLU", Setting(), InputError, "Which input does 'torch.nn:ReLU' take?"),
        ("lenet5", Setting((InputSpec((1, 32, 32)),), resolution=28), InputError, "give one of them"),
    ],
)
def test_what_cannot_be_loaded_is_said(spec, setting, error, says):
    with pytest.raises(error, match=re.escape(says)):
        load(spec, setting)


def test_a_name_out_of_a_file_leads_no_further_than_it_may():
    with pytest.raises(SourceError, match=r"no layer of torch and no network of ours: claims\.toml"):
        load("archstat.cli:main", Setting(), reach=Reach("claims.toml", ()))
