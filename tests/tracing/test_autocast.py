"""Autocast inside of a forward: casts are ops, and what layers hand on has the types and bytes of a real run."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import linear, scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence

import archstat
from archstat.tracing import trace
from archstat.tracing.watching import AutocastEnteredError, Watch
from tests.support import Calls, op_names, trace_of

X, IMAGE = torch.ones(2, 3, 8), torch.ones(2, 3, 8, 8)


class Cast(nn.Module):
    def __init__(self, net, dtype=torch.bfloat16):
        super().__init__()
        self.net, self.dtype = net, dtype

    def forward(self, x):
        with torch.autocast("cpu", dtype=self.dtype):
            return self.net(x)


class Decorated(Cast):
    @torch.autocast("cpu", dtype=torch.bfloat16)
    def forward(self, x):
        return self.net(x)


class OfItsInput(Cast):
    def forward(self, x):
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return self.net(x)


class Off(Cast):
    def forward(self, x):
        with torch.autocast(x.device.type, enabled=False):
            return self.net(x)


class Partly(Cast):
    def forward(self, x):
        x = self.net[0](x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            x = self.net[1](x)
            with torch.autocast("cpu", enabled=False):
                return self.net[0](x.float())


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.project, self.seen = nn.Linear(8, 24), nn.Identity()

    def forward(self, x):
        q, k, v = self.project(x).chunk(3, -1)
        scores = self.seen(torch.einsum("bik,bjk->bij", q, k)).softmax(-1)
        return self.seen(scores @ v) + self.seen(scaled_dot_product_attention(q, k, v))


class Functional(nn.Module):
    """Composite ops, some of which autocast knows whole, some by what they run."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.ones(8, 8)), nn.Identity()

    def forward(self, x):
        x = x[0]
        self.seen(linear(x, self.weight))
        self.seen(torch.tensordot(x, self.weight, 1))
        self.seen(torch.linalg.multi_dot([x, self.weight, self.weight]))
        self.seen(torch.cosine_similarity(x, x, 0))
        return self.seen(torch.inner(x, self.weight))


class Packed(nn.Module):
    def __init__(self, layer, *, asks=False):
        super().__init__()
        self.layer, self.seen, self.asks = layer, nn.Identity(), asks

    def forward(self, x):
        if self.asks:
            assert not x.isnan().any()
        return self.seen(self.layer(pack_padded_sequence(x, torch.tensor([2, 2, 1])))[0].data)


def convolutions():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 4, 3, padding="same"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
        nn.GELU(),
    )


NETWORKS = {
    "convolutions": (lambda: Cast(convolutions()), IMAGE),
    "convolutions in half precision": (lambda: Cast(convolutions(), torch.float16), IMAGE),
    "a decorated forward": (lambda: Decorated(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Softmax(-1))), X),
    "the device of the input": (lambda: OfItsInput(nn.Linear(8, 8)), X),
    "switched off": (lambda: Off(nn.Linear(8, 8)), X),
    "a part": (lambda: Partly(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))), X),
    "conv1d": (lambda: Cast(nn.Conv1d(3, 4, 1)), X),
    "conv3d": (lambda: Cast(nn.Conv3d(1, 2, 3)), torch.ones(1, 1, 5, 5, 5)),
    "transposed": (lambda: Cast(nn.ConvTranspose2d(3, 4, 2)), IMAGE),
    "an encoder layer": (lambda: Cast(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)), X),
    "attention": (lambda: Cast(Attention()), X),
    "functions": (lambda: Cast(Functional()), X),
    "lstm": (lambda: Cast(nn.LSTM(8, 8, 2, bidirectional=True)), X),
    "gru": (lambda: Cast(nn.GRU(8, 8)), X),
    "rnn": (lambda: Cast(nn.RNN(8, 8)), X),
    "packed rnn": (lambda: Cast(Packed(nn.RNN(8, 8))), X),
    "packed rnn, for real": (lambda: Cast(Packed(nn.RNN(8, 8), asks=True)), X),
}

OF_LSTM = [("bfloat16", (*X.shape[:-1], 2 * 8), 2 * X.shape[:-1].numel() * 2 * 8)]
"""What the LSTM hands on in a real run, which fails on a CPU without instructions for bfloat16."""


def hand_on(network, x):
    """What the leaves of a network hand on in a real run: types, shapes and bytes."""
    found = []

    def note(_, __, out):
        out = out if isinstance(out, torch.Tensor) else out[0]
        out = out if isinstance(out, torch.Tensor) else out.data
        found.append((str(out.dtype).removeprefix("torch."), tuple(out.shape), out.nbytes))

    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(note)
    with torch.no_grad():
        network.eval()(x)
    return found


def hand_on_in_a_trace(network, x):
    found = trace(network, (x,))
    leaves = [call for call in found.calls if found.layers[call.layer].is_leaf]
    outputs = [call.outputs[0] if call.outputs else None for call in leaves]
    sizes = {"float32": 4, "bfloat16": 2, "float16": 2}
    return [
        None if o is None else (o.dtype, tuple(o.shape), sizes[o.dtype] * torch.Size(o.shape).numel()) for o in outputs
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_under_autocast_hand_on_what_they_do_in_a_real_run(name):
    make, x = NETWORKS[name]
    network = make()
    real = OF_LSTM if name == "lstm" else hand_on(copy.deepcopy(network), x)
    assert all(want == got for want, got in zip(real, hand_on_in_a_trace(network, x), strict=True) if got is not None)
    if "for real" not in name:
        assert archstat.count(network, x).forward == "meta"
        assert archstat.count(network.to("meta"), x.to("meta")).layers == archstat.count(make(), x).layers


def test_a_weight_is_cast_once_and_the_cast_is_an_op():
    fc = nn.Linear(8, 8)
    trace_ = trace_of(Cast(Calls(lambda x: fc(fc(x)), fc=fc)), X)
    assert op_names(trace_) == ["to_copy", "to_copy", "to_copy", "linear", "linear"]


def test_the_bytes_of_activations_are_those_after_the_cast():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
    plain, cast = archstat.count(network, IMAGE), archstat.count(Cast(network), IMAGE)
    rows = [row for row in cast.layers if row.kind == "ReLU"]
    assert [row.activation_bytes for row in rows] == [2 * 2 * 8 * 8 * 8]
    assert [row.activation_bytes for row in plain.layers if row.kind == "ReLU"] == [2 * rows[0].activation_bytes]
    assert plain.macs == cast.macs


def test_a_count_under_autocast_is_that_of_a_run_under_it():
    network = nn.Linear(8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cost = archstat.count(network, X)
        assert not network(X).is_meta  # no cast of ours is left in torch's cache
    assert cost.activation_bytes == archstat.count(Cast(network), X).activation_bytes
    assert cost.layers[0].activation_bytes == 2 * X.numel()


def test_gradients_may_be_asked_for_under_autocast():
    fc = nn.Linear(8, 8)

    def ask(x):
        x = x.requires_grad_()
        return torch.autograd.grad(fc(x).float().sum(), x)[0]

    assert archstat.count(Cast(Calls(ask, fc=fc)), X.clone()).macs == 2 * 6 * 8 * 8


def test_a_large_constant_under_autocast_is_not_made():
    network = Cast(Calls(lambda x: x + torch.ones(1 << 40).sum()))
    assert archstat.count(network, X).forward == "meta"


def test_a_branch_on_values_under_autocast_is_taken_for_real():
    fc = nn.Linear(8, 8)
    cost = archstat.count(Cast(Calls(lambda x: y if (y := fc(x)).sum() < 1e9 else x, fc=fc)), X)
    assert (cost.forward, cost.macs) == ("real", 6 * 8 * 8)


def test_a_sparse_matrix_under_autocast_is_counted_by_what_is_stored():
    matrix = torch.eye(2).to_sparse()
    assert archstat.count(Cast(Calls(lambda x: torch.sparse.mm(matrix, x[:, 0].float()))), X).macs == 2 * 8


def test_autocast_that_is_off_stops_no_pass():
    watch = Watch()
    watch.set()
    try:
        with torch.autocast("cpu", enabled=False):
            pass
        with pytest.raises(AutocastEnteredError), torch.autocast("cpu"):
            pass
    finally:
        watch.put_back()
    with torch.autocast("cpu"):
        assert torch.is_autocast_enabled("cpu")
