"""A network in another precision, or without values."""

import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse
from archstat.networks.input_specs import InputSpec
from archstat.networks.loading import load
from archstat.networks.placement import in_precision, without_values
from archstat.networks.settings import Setting


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
        self.head.weight = self.words.weight
        self.register_buffer("scale", torch.ones(3), persistent=False)
        self.again = nn.Module()
        self.again.register_buffer("scale", self.scale)
        self.words.weight.requires_grad_(requires_grad=False)


def test_shared_parameters_and_buffers_stay_shared_without_values():
    network = without_values(Tied())
    assert network.head.weight is network.words.weight
    assert network.again.scale is network.scale
    assert [tensor.is_meta for tensor in (*network.parameters(), *network.buffers())] == [True, True]
    assert not network.head.weight.requires_grad
    assert network.state_dict().keys() == Tied().state_dict().keys()


def test_a_layer_that_waits_for_its_shape_goes_on_waiting():
    network = without_values(nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(3)))
    assert network[0].weight.is_meta
    assert isinstance(network[1], nn.LazyLinear)
    in_precision(network, torch.float64)


@pytest.mark.parametrize(
    ("dtype", "complex_dtype"),
    [
        (torch.float32, torch.complex64),
        (torch.float64, torch.complex128),
        (torch.bfloat16, torch.complex64),
        (torch.float16, torch.complex64),
    ],
)
def test_complex_parameters_stay_complex(dtype, complex_dtype):
    network = nn.ParameterDict({"w": nn.Parameter(torch.ones(2, dtype=torch.cfloat)), "b": nn.Parameter(torch.ones(2))})
    network.register_buffer("ids", torch.arange(3))
    in_precision(network, dtype)
    assert [network["w"].dtype, network["b"].dtype, network.ids.dtype] == [complex_dtype, dtype, torch.int64]
    assert network["w"].is_leaf
    assert network["w"].requires_grad


class Watched(nn.Linear):
    """Says when it is cast."""

    casts = 0

    def _apply(self, fn, recurse=True):
        self.casts += 1
        return super()._apply(fn, recurse)


def test_a_network_in_that_precision_already_is_left_alone(monkeypatch):
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), Tied())
    monkeypatch.setattr(nn.Module, "_apply", None)
    assert in_precision(network, torch.float32) is network
    with pytest.raises(TypeError, match="NoneType"):
        in_precision(network, torch.float64)


@pytest.mark.parametrize("name", ["bias", "running_var", "other"])
def test_one_tensor_of_another_precision_is_cast(name):
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    network[1].register_buffer("other", torch.ones(2))
    tensor = getattr(network[1], name)
    tensor.data = tensor.data.double()
    assert getattr(in_precision(network, torch.float32)[1], name).dtype is torch.float32


def test_a_scripted_module_which_keeps_its_own_elsewhere_is_cast():
    assert in_precision(torch.jit.script(nn.Linear(2, 2).double()), torch.float32).weight.dtype is torch.float32


def test_a_module_with_a_way_of_its_own_is_asked_each_time():
    layer = Watched(2, 2)
    in_precision(nn.Sequential(nn.Linear(2, 2), layer), torch.float32)
    assert layer.casts == 1


FOURIER = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(8, 8, 4, dtype=torch.cfloat))
        self.words, self.head = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
        self.head.weight = self.words.weight
    def forward(self, x):
        f = torch.fft.rfft(x)[..., :4]
        return torch.fft.irfft(torch.einsum("bix,iox->box", f, self.w), n=x.shape[-1])
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_named_network_with_complex_weights_is_counted_as_it_is(tmp_path, monkeypatch, dtype):
    (tmp_path / "fourier.py").write_text(FOURIER)
    monkeypatch.chdir(tmp_path)
    setting = Setting((InputSpec((8, 32)),), dtype=dtype)
    cost = analyse("./fourier.py:Net", setting).cost
    assert (cost.macs, cost.parameters) == (8 * 8 * 4, 8 * 8 * 4 + 40)
    network = load("./fourier.py:Net", setting, on="meta").model
    assert network.w.is_complex()
    assert network.head.weight is network.words.weight
