"""From what goes in as data to the arguments of a call, and through commands."""

import pytest
import torch
from torch import nn

from archstat.analysis.inference import NamedNetwork, count_source
from archstat.errors import InputError, SourceError
from archstat.measuring.session import Session
from archstat.networks.input_specs import InputSpec, parse_input
from archstat.networks.inputs import arguments_for
from archstat.networks.loading import Loader
from archstat.networks.settings import MeasureSetting, Setting
from archstat.scaling import scaling_of

NETS = """
import torch
from torch import nn

class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, images):
        return [self.conv(image[None]) for image in images]

class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.embed = nn.Conv2d(3, 4, 3), nn.Embedding(50, 4)

    def forward(self, batch, *, scale=1.0, mask=None):
        image, text = batch["image"], batch["text"]
        return self.conv(image) * scale, self.embed(text) * (1 if mask is None else mask[..., None])

class Timed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x, timestep):
        assert timestep.dim() == 1
        return self.fc(x) * timestep[:, None]

def with_example():
    return Timed(), (torch.ones(2, 8), torch.ones(2)), {}

def with_names():
    return Timed(), {"x": torch.ones(2, 8), "timestep": torch.ones(2)}

def nothing():
    return 3, 4
"""
MAKERS = """
import torch

def make(batch_size=1):
    return (torch.ones(batch_size, 8),), {"timestep": torch.ones(batch_size)}

def fixed():
    return {"x": torch.ones(3, 8), "timestep": torch.ones(3)}

def wrong():
    return "no inputs"

def failing():
    raise ValueError("not today")
"""


@pytest.fixture
def nets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "makers.py").write_text(MAKERS)


def setting(*texts, **more):
    return Setting(tuple(map(parse_input, texts)), **more)


@pytest.mark.usefixtures("nets")
def test_a_list_of_images_is_the_batch():
    one = count_source("nets.py:Detector", setting("[3x10x10,3x12x8]"))
    assert one.input_shapes == ((3, 10, 10), (3, 12, 8))
    assert one.macs == (8 * 8 + 10 * 6) * 27 * 4
    assert count_source("nets.py:Detector", setting("[3x10x10,3x12x8]", batch_size=2)).macs == 2 * one.macs


@pytest.mark.usefixtures("nets")
def test_structures_names_and_values_reach_the_forward():
    cost = count_source("nets.py:Pair", setting("{image:3x8x8,text:int64:7}", "scale:=0.5", "mask=7"))
    assert cost.input_shapes == ((1, 3, 8, 8), (1, 7), (1, 7))
    assert cost.macs == 36 * 27 * 4


@pytest.mark.usefixtures("nets")
def test_a_size_without_axes_is_one_value_for_each_input_of_the_batch():
    cost = count_source("nets.py:Timed", setting("8", "timestep=:int64", batch_size=4))
    assert cost.input_shapes == ((4, 8), (4,))


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize(("maker", "batch"), [("make", 1), ("make", 5), ("fixed", 1)])
def test_a_function_makes_all_inputs(maker, batch):
    cost = count_source("nets.py:Timed", setting(f"@makers.py:{maker}", batch_size=batch))
    assert cost.macs == (3 if maker == "fixed" else batch) * 64


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize(
    ("texts", "more", "says"),
    [
        (["@makers.py:fixed"], {"batch_size": 2}, "makes inputs of its own batch size"),
        (["@makers.py:wrong"], {}, "returned no inputs but a str"),
        (["@makers.py:failing"], {}, "'@makers.py:failing' failed: ValueError: not today"),
        (["@makers.py"], {}, "names no function that makes inputs"),
        (["@makers.py:make", "8"], {}, "makes all inputs: give no other beside it"),
        (["(@makers.py:make)"], {}, "write its sizes"),
        (["x=8", "x=8"], {}, "The input 'x' is given twice"),
        (["@makers.py:nope"], {}, "has no 'nope'"),
        (["@os:getcwd"], {}, "has no networks"),
    ],
)
def test_what_is_no_input_is_refused(texts, more, says):
    with pytest.raises((InputError, SourceError), match=says):
        count_source("nets.py:Timed", setting(*texts, **more))


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize("factory", ["with_example", "with_names"])
def test_a_factory_may_bring_the_inputs(factory):
    cost = count_source(f"nets.py:{factory}", Setting())
    assert (cost.input_shapes, cost.input_origin) == (((2, 8), (2,)), "example")
    given = count_source(f"nets.py:{factory}", setting("8", ":int64"))
    assert (given.macs, given.input_origin) == (64, "given")


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize("more", [{"batch_size": 2}, {"resolution": 8}, {"sequence": 8}])
def test_the_inputs_that_a_factory_brings_have_one_size(more):
    with pytest.raises(InputError, match=r"brings its own input, which a .* does not change"):
        count_source("nets.py:with_example", Setting(**more))


@pytest.mark.usefixtures("nets")
def test_a_factory_that_returns_something_else_is_refused():
    with pytest.raises(SourceError, match=r"makes no torch.nn.Module: what it returns is of type tuple.*\(model, args"):
        count_source("nets.py:nothing", Setting())


@pytest.mark.usefixtures("nets")
def test_a_network_that_takes_a_structure_is_scaled():
    over_sides = scaling_of(NamedNetwork("nets.py:Detector"), "resolution", setting("[3x16x16]"), [8, 16])
    assert over_sides.inputs == ("3×s×s",)
    assert [point.macs for point in over_sides.points] == [36 * 108, 196 * 108]
    over_batch = scaling_of(NamedNetwork("nets.py:Detector"), "batch", setting("[3x16x16]"), [1, 3])
    assert [point.macs for point in over_batch.points] == [196 * 108, 3 * 196 * 108]


def test_a_mask_has_the_number_that_it_is_filled_with():
    args, kwargs = arguments_for(nn.Linear(2, 2), setting("4", "mask=int64:4=1").inputs, Setting(batch_size=2))
    assert torch.equal(kwargs["mask"], torch.ones(2, 4, dtype=torch.int64))
    assert args[0].shape == (2, 4)


def test_numbers_that_an_input_needs_are_there_for_each_of_the_batch():
    spec = InputSpec((3,), "int64", "ids", values=(7, 0, 1))
    assert arguments_for(nn.Linear(1, 1), [spec], Setting(batch_size=2)).kwargs["ids"].tolist() == [[7, 0, 1]] * 2


def test_packed_inputs_of_a_batch_follow_each_other_along_the_first_axis():
    spec = InputSpec((4, 6), is_packed=True)
    assert arguments_for(nn.Linear(1, 1), [spec], Setting(batch_size=3)).args[0].shape == (12, 6)
    assert spec.whole_shape(1) == (4, 6)


@pytest.mark.usefixtures("nets")
def test_a_network_that_brings_its_input_is_measured_on_it():
    how = MeasureSetting(max_s=0.1)
    (measured,) = Session.of(["nets.py:with_example"], Setting(), how).measurements()
    assert measured.failure is None
    assert measured.latency is not None
    assert measured.input_shapes == ((2, 8), (2,))
    assert measured.conditions.batch_size == 2


@pytest.mark.usefixtures("nets")
def test_what_a_network_brings_has_values_where_the_network_has():
    loader = Loader("nets.py:with_example")
    assert all(tensor.is_meta for tensor in loader.load(Setting()).args)
    assert not any(tensor.is_meta for tensor in loader.load(Setting(), on="cpu").args)


@pytest.mark.usefixtures("nets")
def test_inputs_with_names_and_structure_are_measured():
    how = MeasureSetting(max_s=0.1)
    inputs = setting("{image:3x8x8,text:int64:7}", "mask=7=1")
    (measured,) = Session.of(["nets.py:Pair"], inputs, how).measurements()
    assert measured.failure is None
    assert measured.input_shapes == ((1, 3, 8, 8), (1, 7), (1, 7))


@pytest.mark.parametrize(
    ("spec", "more", "says"),
    [
        ("resnet18", {"sequence": 5}, "'resnet18' takes no sequence"),
        ("timm:resnet18", {"sequence": 5}, "'timm:resnet18' takes no sequence"),
        ("hf:distilbert(n_layers=1)", {"resolution": 64}, "takes no image"),
    ],
)
def test_a_size_that_no_input_has_is_not_passed_over(spec, more, says):
    with pytest.raises(InputError, match=says):
        count_source(spec, Setting(**more))
