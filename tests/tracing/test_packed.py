"""Quantized layers keep their weights packed: these are parameters that no longer train."""

import pytest
import torch
from torch import nn
from torch.ao.nn import quantized
from torch.ao.quantization import quantize_dynamic

import archstat
from archstat.analysis.inference import analyse_model
from archstat.tracing.packed import may_pack, packed_in, packed_of
from tests.support import Calls

pytestmark = pytest.mark.filterwarnings("ignore")


def of_dynamic(layer, dtype=torch.qint8):
    network = nn.Sequential(layer)
    return quantize_dynamic(network, {type(layer)}, dtype=dtype)


LAYERS = {
    "linear": (lambda: nn.Linear(20, 30), torch.ones(4, 20)),
    "linear without bias": (lambda: nn.Linear(20, 30, bias=False), torch.ones(4, 20)),
    "lstm": (lambda: nn.LSTM(8, 4, 2, bidirectional=True), torch.ones(3, 2, 8)),
    "gru": (lambda: nn.GRU(8, 4), torch.ones(3, 2, 8)),
    "lstm cell": (lambda: nn.LSTMCell(8, 4), torch.ones(2, 8)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [torch.qint8, torch.float16], ids=str)
def test_a_quantized_layer_has_as_many_parameters_as_it_had(name, dtype):
    make, x = LAYERS[name]
    layer = make()
    cost = archstat.count(of_dynamic(layer, dtype), x)
    assert (cost.parameters, cost.trainable_parameters) == (sum(p.numel() for p in layer.parameters()), 0)
    (row,) = [row for row in cost.layers if row.parameters]
    assert (row.layer, row.kind) == ("0", type(layer).__name__)


def test_the_work_of_a_quantized_layer_stands_in_its_row():
    (row,) = archstat.count(of_dynamic(nn.Linear(20, 30)), torch.ones(4, 20)).layers
    assert (row.kind, row.parameters, row.macs) == ("Linear", 630, 4 * 600)


RECURRENT = {
    "lstm": (lambda: nn.LSTM(8, 16), (5, 3, 8)),
    "lstm both ways": (lambda: nn.LSTM(8, 16, 2, bidirectional=True, batch_first=True), (3, 5, 8)),
    "gru": (lambda: nn.GRU(8, 16, 3), (5, 3, 8)),
    "gru of one sequence": (lambda: nn.GRU(8, 16, bidirectional=True), (5, 1, 8)),
    "lstm cell": (lambda: nn.LSTMCell(8, 16), (3, 8)),
    "gru cell": (lambda: nn.GRUCell(8, 16), (3, 8)),
    "tanh cell": (lambda: nn.RNNCell(8, 16), (3, 8)),
    "relu cell": (lambda: nn.RNNCell(8, 16, nonlinearity="relu"), (3, 8)),
}


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("dtype", [torch.qint8, torch.float16], ids=str)
def test_a_quantized_recurrent_layer_does_the_work_of_the_one_it_replaces(name, dtype):
    make, shape = RECURRENT[name]
    layer = make()
    before, after = (archstat.count(network, torch.ones(shape)) for network in (layer, of_dynamic(layer, dtype)))
    assert (after.macs, after.other_flops) == (before.macs, before.other_flops)
    assert before.macs
    assert not after.uncounted


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_quantized_recurrent_layer_counts_the_steps_of_packed_sequences(kind):
    lengths, gates = (5, 3, 2), 4 if kind is nn.LSTM else 3
    quantized_layer = of_dynamic(kind(8, 16))
    network = Calls(
        lambda x: quantized_layer[0](nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths)))[0].data,
        layer=quantized_layer,
    )
    cost = archstat.count(network, torch.ones(5, 3, 8))
    assert cost.macs == sum(lengths) * gates * 16 * (8 + 16)


def test_a_quantized_convolution_and_its_table_are_parameters():
    conv, table = quantized.Conv2d(3, 4, 3), quantized.EmbeddingBag(10, 8)
    assert {name: tuple(tensor.shape) for name, tensor in packed_of(conv).items()} == {
        "weight": (4, 3, 3, 3),
        "bias": (4,),
    }
    assert [tuple(tensor.shape) for tensor in packed_in(nn.Sequential(table, conv))] == [(10, 8), (4, 3, 3, 3), (4,)]


def test_a_layer_that_is_used_twice_is_counted_once():
    layer = of_dynamic(nn.Linear(8, 8))
    assert archstat.count(Calls(lambda x: layer(layer(x)), layer=layer, again=layer), torch.ones(1, 8)).parameters == 72


def test_the_memory_of_packed_weights_is_that_of_their_types():
    memory = analyse_model(of_dynamic(nn.Linear(20, 30)), torch.ones(4, 20)).memory()
    assert memory.parameter_bytes == 20 * 30 + 4 * 30


def test_a_subclass_packs_and_others_do_not():
    class Own(quantized.Linear):
        pass

    assert may_pack(Own)
    assert not may_pack(nn.Linear)
    assert packed_of(Own(4, 2))["weight"].shape == (2, 4)
    assert packed_of(quantized.FloatFunctional()) is None
    assert packed_of(quantized.DeQuantize()) is None


def quantized_tensor(*shape):
    return torch.quantize_per_tensor(torch.ones(shape), 0.1, 0, torch.quint8)


CONVOLUTIONS = {
    "one axis": (quantized.Conv1d, nn.Conv1d, (4, 6, 3, 2, 1, 1, 2), (2, 4, 10)),
    "two axes": (quantized.Conv2d, nn.Conv2d, (4, 6, (3, 5), 2, (1, 2), 1, 2), (2, 4, 10, 12)),
    "two axes without bias": (quantized.Conv2d, nn.Conv2d, (4, 6, 3, 1, 0, 2, 1, False), (1, 4, 10, 12)),
    "three axes": (quantized.Conv3d, nn.Conv3d, (4, 6, (1, 2, 3), 1, 0, 1), (1, 4, 5, 6, 7)),
    "transposed, one axis": (quantized.ConvTranspose1d, nn.ConvTranspose1d, (4, 6, 3, 2, 1, 1), (1, 4, 10)),
    "transposed, two axes": (quantized.ConvTranspose2d, nn.ConvTranspose2d, (4, 6, 3, 2, 1, 1), (1, 4, 10, 9)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_quantized_convolution_costs_what_a_plain_one_does_and_sees_as_much(name):
    kind, plain_kind, sizes, shape = CONVOLUTIONS[name]
    packed, plain = nn.Sequential(kind(*sizes)), nn.Sequential(plain_kind(*sizes))
    found = analyse_model(packed, quantized_tensor(*shape))
    expected = analyse_model(plain, torch.ones(shape))
    for field in ("macs", "other_flops", "parameters", "activations"):
        assert getattr(found.cost, field) == getattr(expected.cost, field), field
    assert found.cost.uncounted == ()
    assert found.cost.layers[0].detail == expected.cost.layers[0].detail
    assert found.fields() == expected.fields()
    assert found.depth() == expected.depth() == 1
    sums = [[step.formula for step in each.explanations()[0].steps] for each in (found, expected)]
    assert sums[0] == sums[1]


def test_two_convolutions_of_the_same_sizes_keep_their_own_weights():
    layers = [quantized.Conv2d(4, 4, 3, padding=1) for _ in range(2)]
    for number, layer in enumerate(layers):
        layer.set_weight_bias(torch.quantize_per_tensor(torch.rand(4, 4, 3, 3), 0.01 + number, 0, torch.qint8), None)
    cost = archstat.count(nn.Sequential(*layers), quantized_tensor(1, 4, 6, 6))
    assert [row.parameters for row in cost.layers] == [144, 144]
