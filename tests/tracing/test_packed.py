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
