"""Recurrent layers without values hand on what they hand on with values, without a walk through their steps."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import archstat
from archstat.analysis.training import count_training
from archstat.errors import ForwardError
from archstat.measuring.cpu.allocations import peak_of
from archstat.tracing import trace
from archstat.tracing.nested import tensors_in
from archstat.tracing.recurrent import RECURRENT
from tests.support import Calls, cost_of

# said once in a process, of a real run
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

LAYERS = {
    "lstm": nn.LSTM,
    "lstm, projected": lambda *sizes, **named: nn.LSTM(*sizes, proj_size=3, **named),
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "rnn, relu": lambda *sizes, **named: nn.RNN(*sizes, nonlinearity="relu", **named),
}
SETTINGS = list(itertools.product((1, 2), (False, True), (False, True), (False, True)))


def looks(value):
    return [(tuple(tensor.shape), tensor.stride(), tensor.dtype) for tensor in tensors_in(value)]


def handed_on(layer, *inputs):
    """What comes out of a trace without values, and of a real run."""
    found = []

    def call(*given):
        out = layer(*given)
        found.append(looks([*out[0][:1], out[1]] if isinstance(out[0], nn.utils.rnn.PackedSequence) else out))
        return out

    with torch.no_grad():
        call(*inputs)
    assert trace(Calls(call, layer=layer), inputs).forward == "meta"
    return found


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(("layers", "both_ways", "batch_first", "bias"), SETTINGS)
def test_a_recurrent_layer_hands_on_what_a_real_one_does(name, layers, both_ways, batch_first, bias):
    layer = LAYERS[name](4, 5, layers, bidirectional=both_ways, batch_first=batch_first, bias=bias).eval()
    real, traced = handed_on(layer, torch.ones(6, 2, 4))
    assert traced == real
    packed = nn.utils.rnn.pack_padded_sequence(torch.ones(2, 6, 4), [6, 2], batch_first=True)
    real, traced = handed_on(layer, packed)
    assert traced == real


@pytest.mark.parametrize("name", LAYERS)
def test_one_sequence_without_a_batch_is_handed_on_as_it_came(name):
    real, traced = handed_on(LAYERS[name](4, 5).eval(), torch.ones(6, 4))
    assert traced == real


@pytest.mark.parametrize("op", RECURRENT, ids=str)
def test_torch_does_not_walk_through_the_steps(op, monkeypatch):
    def walks(*_):
        raise AssertionError("torch was asked")

    name, form = op.name().removeprefix("aten::").split(".")
    module = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN}.get(name, LAYERS["rnn, relu"])(4, 5).eval()
    monkeypatch.setattr(torch._decomp.decompositions, "one_layer_rnn", walks)
    monkeypatch.setattr(torch._decomp.decompositions, "one_layer_lstm", walks)
    x = torch.ones(6, 2, 4) if form == "input" else nn.utils.rnn.pack_padded_sequence(torch.ones(6, 2, 4), [6, 2])
    assert cost_of(module, x).macs > 0


class Tagger(nn.Module):
    """A recurrent layer over sequences of known lengths, which may ask for values before: then it is run for real."""

    def __init__(self, layer, *, asks=False, casts=False):
        super().__init__()
        self.layer, self.asks, self.casts = layer, asks, casts

    def forward(self, x, lengths):
        if self.asks:
            assert x.isfinite().all()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.casts):
            first = self.layer.batch_first
            steps = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
            return pad_packed_sequence(self.layer(steps)[0], batch_first=first)[0]


LENGTHS = torch.tensor([2, 5, 3])
MANY = {"lstm": (nn.LSTM, 4), "gru": (nn.GRU, 3), "rnn": (nn.RNN, 1)}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("casts", ["never", "outside", "inside"])
def test_packed_sequences_of_known_lengths_need_no_other_values(name, device, casts):
    kind, gates = MANY[name]
    network = Tagger(kind(8, 16, device=device), casts=casts == "inside")
    with torch.autocast("cpu", torch.bfloat16, enabled=casts == "outside"):
        found = trace(network, (torch.ones(5, 3, 8, device=device), LENGTHS))
        step = count_training(network, torch.ones(5, 3, 8, device=device), LENGTHS)
    macs = 10 * gates * 16 * (8 + 16)
    assert (found.forward, found.calls[0].outputs[0].shape) == ("meta", (5, 3, 16))
    assert step.forward_macs == macs
    with torch.autocast("cpu", torch.bfloat16, enabled=casts == "outside"):
        assert archstat.count(network, torch.ones(5, 3, 8, device=device), LENGTHS).macs == macs
    assert step.remarks == found.remarks == ()


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}])
def test_packed_sequences_cost_what_they_do_in_a_real_run(name, options):
    layer, x = MANY[name][0](8, 16, **options), torch.ones((3, 5, 8) if options else (5, 3, 8))
    without, real = (archstat.count(Tagger(layer, asks=asks), x, LENGTHS) for asks in (False, True))
    assert (without.forward, real.forward) == ("meta", "real")
    assert without.peak_activation_bytes == real.peak_activation_bytes
    before = {"isfinite", "abs", "ne", "eq", "mul", "all", "local_scalar_dense", "is_nonzero"}
    found, expected = ([op for op in cost.ops if op.op not in before] for cost in (without, real))
    assert found == expected
    step, computed = (count_training(Tagger(layer, asks=asks), x, LENGTHS) for asks in (False, True))
    assert (step.saved_bytes, step.backward_macs) == (computed.saved_bytes, computed.backward_macs)
    assert (step.remarks == (), computed.remarks == ()) == (True, False)


def test_lengths_without_values_are_asked_for():
    with pytest.raises(ForwardError, match="Give network and inputs values"):
        trace(Tagger(nn.GRU(8, 16, device="meta")), (torch.ones(5, 3, 8, device="meta"), LENGTHS.to("meta")))


def test_weights_that_do_not_fit_are_refused_as_by_torch():
    layer = nn.LSTM(4, 5)
    layer.weight_ih_l0 = nn.Parameter(torch.ones(20, 3))
    with pytest.raises(ForwardError, match="lstm"):
        trace(layer, (torch.empty(6, 2, 4, device="meta"),))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3, 9])
@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", ["gru", "rnn", "rnn, relu"])
def test_the_peak_of_a_recurrent_layer_is_that_of_a_real_run(name, layers, both_ways, steps, batch_first):
    layer = LAYERS[name](32, 64, num_layers=layers, bidirectional=both_ways, batch_first=batch_first).eval()
    x = torch.randn((4, steps, 32) if batch_first else (steps, 4, 32))
    with torch.no_grad():
        real = peak_of(lambda: layer(x))
    assert archstat.count(layer, x).peak_activation_bytes == real
