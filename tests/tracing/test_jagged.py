"""Nested tensors of jagged layout: what is counted is the tokens that are there, by arithmetic written out here."""

import gc

import pytest
import torch
from torch import nn
from torch.nested import as_nested_tensor, nested_tensor, nested_tensor_from_jagged
from torch.nested._internal import nested_tensor as torchs
from torch.nn import functional as F  # noqa: N812 - torch's own habit

import archstat
from archstat.analysis.training import count_training
from archstat.counting.attention import attention_macs
from archstat.errors import ForwardError, InputError
from archstat.networks.settings import TrainingSetting
from archstat.tracing import trace
from archstat.tracing.jagged import attention
from tests.support import Calls

LENGTHS = (3, 5, 2)
TOKENS = sum(LENGTHS)
OFFSETS = torch.tensor([0, 3, 8, 10])
PAIRS = sum(length * length for length in LENGTHS)
COUNTS = pytest.mark.parametrize("count", [archstat.count, count_training], ids=["count", "training"])


def batch(*lengths, width=8):
    return nested_tensor([torch.randn(length, width) for length in lengths], layout=torch.jagged)


def macs(cost):
    return getattr(cost, "forward_macs", None) or cost.macs


def heads(x, number):
    return x.unflatten(-1, [number, -1]).transpose(1, 2)


class Block(nn.Module):
    """Attention with heads and a pair of linear layers, for jagged and for ordinary tensors."""

    def __init__(self, width=8, number=2):
        super().__init__()
        self.number = number
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        q, k, v = (heads(each(self.norm(x)), self.number) for each in (self.q, self.k, self.v))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2))
        return x + self.down(F.gelu(self.up(x)))


BLOCK = TOKENS * (8 * 24 + 8 * 8 + 2 * 8 * 32) + 2 * PAIRS * (4 + 4)
MIXED = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.LayerNorm(24), nn.Linear(24, 4))


# -- what is counted ---------------------------------------------------------------------------------------------------


@COUNTS
def test_layers_count_the_tokens_that_are_there(count):
    assert macs(count(MIXED, batch(*LENGTHS))) == TOKENS * (8 * 24 + 24 * 4)
    assert archstat.count(MIXED, batch(*LENGTHS)).parameters == 8 * 24 + 24 + 2 * 24 + 24 * 4 + 4


def test_layers_and_ops_speak_of_the_values():
    found = trace(MIXED, (batch(*LENGTHS),))
    assert found.forward == "meta"
    assert found.inputs == ((TOKENS, 8),)
    assert found.dtype == "float32"
    assert [call.outputs[0].shape for call in found.calls[1:]] == [(10, 24), (10, 24), (10, 24), (10, 4)]
    assert [op.op for op in found.ops] == ["linear", "relu", "layer_norm", "linear"]


@pytest.mark.parametrize("network", [MIXED, nn.Linear(8, 8), nn.Sequential(nn.LayerNorm(8), nn.GELU(), nn.Softmax(-1))])
def test_a_network_that_mixes_no_tokens_costs_what_it_does_on_an_ordinary_tensor_of_them(network):
    jagged, plain = (archstat.count(network, x) for x in (batch(*LENGTHS), torch.randn(TOKENS, 8)))
    assert (jagged.macs, jagged.flops) == (plain.macs, plain.flops)
    assert jagged.layers == plain.layers


def test_a_training_step_keeps_what_it_does_on_an_ordinary_tensor_and_for_their_sum_the_outputs():
    network = nn.Sequential(nn.Linear(8, 24), nn.GELU(), nn.Linear(24, 4))
    jagged, plain = (count_training(network, x) for x in (batch(*LENGTHS), torch.randn(TOKENS, 8)))
    assert jagged.backward_macs == plain.backward_macs == TOKENS * (8 * 24 + 2 * 24 * 4)
    assert jagged.saved_bytes == plain.saved_bytes + TOKENS * 4 * 4
    assert jagged.input_bytes == plain.input_bytes + 8 * len((0, *LENGTHS))


@COUNTS
def test_attention_is_counted_within_each_sequence(count):
    assert macs(count(Block(), batch(*LENGTHS))) == BLOCK
    assert macs(count(nn.Sequential(Block(), Block()), batch(*LENGTHS))) == 2 * BLOCK


def test_sequences_of_one_length_attend_as_an_ordinary_batch():
    jagged, plain = (archstat.count(Block(), x) for x in (batch(4, 4, 4), torch.randn(3, 4, 8)))
    assert (jagged.macs, jagged.flops) == (plain.macs, plain.flops)


@COUNTS
def test_attention_meets_keys_of_other_lengths_and_values_of_another_width(count):
    def cross(x, y):
        keys, values = heads(key(y), 2), heads(value(y), 2)
        return F.scaled_dot_product_attention(query=heads(query(x), 2), key=keys, value=values)

    query, key, value = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 12)
    network = Calls(cross, query=query, key=key, value=value)
    scores = 2 * (3 * 4 + 5 * 1 + 2 * 6)
    cost = count(network, batch(*LENGTHS), batch(4, 1, 6))
    assert macs(cost) == 10 * 8 * 8 + 11 * (8 * 8 + 8 * 12) + scores * (4 + 6)


def test_attention_trains_with_twice_the_products():
    network = Calls(lambda x: F.scaled_dot_product_attention(*[heads(x, 2)] * 3), linear=(linear := nn.Linear(8, 8)))
    network.forward = lambda x: F.scaled_dot_product_attention(*[heads(linear(x), 2)] * 3)
    cost = count_training(network, batch(*LENGTHS))
    assert cost.forward_macs == TOKENS * 64 + 2 * PAIRS * 8
    assert cost.backward_macs == TOKENS * 64 + 2 * (2 * PAIRS * 8)


def test_the_products_of_attention_are_told_apart_from_those_with_weights():
    assert attention_macs(trace(Block(), (batch(*LENGTHS),))) == 2 * PAIRS * (4 + 4)


def test_causal_attention_is_counted_though_a_cpu_refuses_it():
    network = Calls(lambda x: F.scaled_dot_product_attention(*[heads(x, 2)] * 3, is_causal=True))
    assert archstat.count(network, batch(*LENGTHS)).macs == 2 * PAIRS * 8


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_attention_is_torchs_own(dtype):
    q, k, v = (heads(batch(*LENGTHS, width=16).to(dtype), 2) for _ in range(3))
    k, v = (nested_tensor_from_jagged(x.transpose(1, 2).values(), q.offsets()).transpose(1, 2) for x in (k, v))
    with torch.no_grad():
        ours = attention(q, k, v)
        theirs = F.scaled_dot_product_attention(q, k, v)
    assert torch.allclose(ours.transpose(1, 2).values(), theirs.transpose(1, 2).values(), atol=1e-6)
    assert ours.shape == theirs.shape
    with torch.enable_grad():
        assert torch.allclose(attention(q, k, v).transpose(1, 2).values(), theirs.transpose(1, 2).values(), atol=1e-6)


LINEAR = nn.Linear(8, 24)
_10 = TOKENS * 8 * 24
WAYS = {
    "padded before": (lambda x: LINEAR(x.to_padded_tensor(0.0)), 3 * 5 * 8 * 24),
    "padded after": (lambda x: torch.nested.to_padded_tensor(LINEAR(x), 0.0), _10),
    "unbound": (lambda x: [LINEAR(each) for each in x.unbind()], _10),
    "softmax over features": (lambda x: LINEAR(x).softmax(-1), _10),
    "softmax over tokens": (lambda x: LINEAR(x).softmax(1), _10),
    "added to itself": (lambda x: LINEAR(x + x), _10),
    "added to one row each": (lambda x: LINEAR(x + torch.ones(3, 1, 8)), _10),
    "values": (lambda x: LINEAR(x.values()), _10),
    "norm": (lambda x: F.layer_norm(LINEAR(x), (24,)), _10),
    "dropout": (lambda x: F.dropout(LINEAR(x), 0.1), _10),
    "largest": (lambda x: LINEAR(x).amax(1), _10),
    "put together": (lambda x: torch.cat([LINEAR(x), LINEAR(x)], -1), 2 * _10),
    "by lengths": (lambda x: LINEAR(x)[1], _10),
    "product with a matrix": (lambda x: x @ LINEAR.weight.T, _10),
}


@COUNTS
@pytest.mark.parametrize("way", WAYS)
def test_what_torch_does_to_jagged_tensors_is_counted(way, count):
    forward, expected = WAYS[way]
    cost = count(Calls(forward, linear=LINEAR), batch(*LENGTHS))
    assert macs(cost) == expected
    assert not cost.uncounted


def test_the_mean_of_each_sequence_is_counted():
    cost = archstat.count(Calls(lambda x: LINEAR(x).mean(1), linear=LINEAR), batch(*LENGTHS))
    assert cost.macs == _10
    assert not cost.uncounted


@COUNTS
def test_ids_are_looked_up(count):
    ids = nested_tensor([torch.arange(3), torch.arange(5)], layout=torch.jagged)
    network = nn.Sequential(nn.Embedding(10, 8), nn.Linear(8, 24))
    assert macs(count(network, ids)) == 8 * 8 * 24


MADE = {
    "from a list": (lambda x: nested_tensor([x[0, :3], x[1, :5]], layout=torch.jagged), 8),
    "as one": (lambda x: as_nested_tensor([x[0, :3], x[1, :5]], layout=torch.jagged), 8),
    "from offsets": (lambda x: nested_tensor_from_jagged(x.flatten(0, 1), torch.tensor([0, 3, 10])), 10),
    "from lengths": (lambda x: nested_tensor_from_jagged(x.flatten(0, 1), lengths=torch.tensor([7, 3])), 10),
    "narrowed": (
        lambda x: torch.nested.narrow(x, 1, 0, torch.tensor([2, 4]), layout=torch.jagged).contiguous(),
        6,
    ),
}


@COUNTS
@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("way", MADE)
def test_a_jagged_tensor_that_the_forward_makes_is_counted(way, device, count):
    make, tokens = MADE[way]
    linear = nn.Linear(8, 24, device=device)
    network = Calls(lambda x: linear(make(x)), linear=linear)
    assert macs(count(network, torch.randn(2, 5, 8, device=device))) == tokens * 8 * 24


def test_a_jagged_tensor_of_lengths_that_go_in_is_counted():
    network = Calls(lambda x, lengths: LINEAR(nested_tensor_from_jagged(x, lengths=lengths)), linear=LINEAR)
    assert archstat.count(network, torch.randn(10, 8), torch.tensor(LENGTHS)).macs == _10


@COUNTS
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_one_that_the_network_keeps_is_counted(device, count):
    linear = nn.Linear(8, 24, device=device)
    network = Calls(lambda x: linear(network.kept) + x, linear=linear)
    network.kept = batch(*LENGTHS)
    assert macs(count(network, torch.ones(1))) == _10
    network = Calls(lambda x: linear(network.kept) + x, linear=linear)
    network.register_buffer("kept", batch(*LENGTHS))
    assert macs(count(network, torch.ones(1))) == _10


@COUNTS
def test_network_and_tensor_may_have_no_values(count):
    network = nn.Linear(8, 24, device="meta")
    assert macs(count(network, batch(*LENGTHS))) == _10
    assert macs(count(network, batch(*LENGTHS).to("meta"))) == _10
    with pytest.raises(ForwardError, match="Give network and inputs values"):
        count(Block().to("meta"), batch(*LENGTHS).to("meta"))


def test_a_network_that_asks_for_values_is_run_for_real_and_says_so():
    block = Block()
    network = Calls(lambda x: block(x) if block(x).values().isfinite().all() else x, block=block)
    cost = archstat.count(network, batch(*LENGTHS))
    assert (cost.forward, cost.macs) == ("real", 2 * BLOCK)
    network = Calls(lambda x: x if block(nested_tensor_from_jagged(x, OFFSETS)).values().isnan().any() else -x, b=block)
    cost = archstat.count(network, torch.randn(TOKENS, 8))
    assert (cost.forward, cost.macs) == ("real", BLOCK)


def test_under_autocast_the_types_are_cast_and_the_work_is_the_same():
    with torch.autocast("cpu", torch.bfloat16):
        found = trace(Block(), (batch(*LENGTHS),))
        assert archstat.count(Block(), batch(*LENGTHS)).macs == BLOCK
    scores = next(op for op in found.ops if op.op == "archstat::jagged_attention")
    assert scores.outputs[0].dtype == "bfloat16"
    step = count_training(Block(), batch(*LENGTHS), training=TrainingSetting(amp=True))
    assert step.forward_macs == BLOCK


def test_a_forward_that_asks_for_gradients_is_counted():
    def forward(x):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(linear(x).values().sum(), x)[0]

    linear = nn.Linear(8, 24)
    cost = archstat.count(Calls(forward, linear=linear), batch(*LENGTHS))
    assert cost.macs == 2 * _10


# -- what is refused ---------------------------------------------------------------------------------------------------


@COUNTS
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_one_of_strided_layout_is_refused_with_what_would_do(count):
    with pytest.raises(InputError, match=r"strided layout goes in.* layout=torch.jagged, or pad"):
        count(nn.Linear(8, 4), nested_tensor([torch.ones(2, 8), torch.ones(3, 8)]))
    for device in ("cpu", "meta"):
        linear = nn.Linear(8, 4, device=device)
        network = nn.Sequential(Calls(lambda x: nested_tensor([x[0, :3], x[1]])), linear)
        with pytest.raises(ForwardError, match=r"makes a nested tensor of strided.* layout=torch.jagged, or pad"):
            count(network, torch.ones(2, 5, 8))


@COUNTS
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_one_of_strided_layout_that_the_network_keeps_is_refused(count):
    network = nn.Linear(8, 4)
    network.register_buffer("kept", nested_tensor([torch.ones(2, 8), torch.ones(3, 8)]))
    with pytest.raises(InputError, match="The network keeps a nested tensor of strided layout"):
        count(network, torch.ones(1, 8))


def test_a_nested_parameter_is_refused():
    network = nn.Linear(8, 4)
    network.kept = nn.Parameter(batch(2, 3))
    with pytest.raises(InputError, match=r"or as a parameter.* keep it as a buffer"):
        archstat.count(network, torch.ones(1, 8))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (lambda x, _: F.scaled_dot_product_attention(heads(x, 2), heads(x, 4), heads(x, 4)), "different batches"),
        (lambda x, y: F.scaled_dot_product_attention(heads(x, 2), heads(x, 2), heads(y, 2)), "same lengths"),
        (lambda x, _: F.scaled_dot_product_attention(*[heads(x, 2)] * 3, torch.ones(3, 5)), "Masks are not"),
        (lambda x, _: F.scaled_dot_product_attention(heads(x, 2), heads(x, 2), x.values()), "to be nested tensors"),
    ],
)
def test_attention_that_torch_refuses_is_refused(network, said):
    with pytest.raises(ForwardError, match=said):
        archstat.count(Calls(network), batch(*LENGTHS), batch(2, 5, 3))


# -- how all is left ---------------------------------------------------------------------------------------------------


def _state(x):
    return x._values, x._offsets, dict(x._metadata_cache), x._values._version, x._values.clone(), x._offsets.clone()


def _is_same(before, after):
    parts = all(a is b for a, b in zip(before[:2], after[:2], strict=True))
    cache = before[2].keys() == after[2].keys() and all(before[2][name] is after[2][name] for name in before[2])
    return parts and cache and before[3] == after[3] and all(map(torch.equal, before[4:], after[4:]))


@COUNTS
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("is_cached", [True, False])
def test_inputs_are_left_as_found_and_a_real_pass_gives_what_it_gave(count, is_cached):
    torch.manual_seed(0)
    network, x = Block().eval(), batch(*LENGTHS)
    if not is_cached:
        x = nested_tensor_from_jagged(x.values().clone(), x.offsets().clone())
    before, expected = _state(x), network(x).values()
    rng = torch.get_rng_state()
    count(network, x)
    count(Calls(lambda x: network(x.mul_(2)), network=network), x)
    assert _is_same(before, _state(x))
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.equal(network(x).values(), expected)


@COUNTS
@pytest.mark.parametrize("needs_values", [False, True])
def test_inputs_are_left_as_found_after_an_error(count, needs_values):
    def forward(x):
        x.mul_(2)
        x._metadata_cache.clear()
        x._offsets.zero_()
        if needs_values:
            x.values().sum().item()
        raise ValueError("no")

    x = batch(*LENGTHS)
    before = _state(x)
    with pytest.raises(ForwardError, match="ValueError: no"):
        count(Calls(forward), x)
    assert _is_same(before, _state(x))


def test_two_that_share_their_offsets_still_do():
    x = batch(*LENGTHS)
    y = nested_tensor_from_jagged(torch.randn(10, 8), x.offsets())
    network = Calls(lambda x, y: LINEAR(x + y), linear=LINEAR)
    assert archstat.count(network, x, y).macs == _10
    network = Calls(lambda x, y: LINEAR(x + y) if (x + y).values().sum().isfinite() else x, linear=LINEAR)
    assert archstat.count(network, x, y).macs == _10


def _tensors_alive():
    return [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]


@COUNTS
@pytest.mark.sampled(2)
def test_nothing_outlives_the_pass(count):
    make = torchs._nt_view_dummy
    network, x = Block(), batch(*LENGTHS)
    count(network, x)  # which has torch import what it needs
    gc.collect()
    # Held, so that none that another test has left dies meanwhile, and no new one gets its id.
    before, registered = _tensors_alive(), len(torchs._tensor_symint_registry)
    count(network, x)
    gc.collect()
    known = set(map(id, before))
    assert [each for each in _tensors_alive() if id(each) not in known] == []
    assert len(torchs._tensor_symint_registry) <= registered
    assert torchs._nt_view_dummy is make


def test_a_first_jagged_tensor_is_counted_as_any_later_one(monkeypatch):
    network = Calls(lambda x: LINEAR(nested_tensor_from_jagged(x, torch.tensor([0, 3, 10]))), linear=LINEAR)
    later = trace(network, (torch.randn(10, 8),))
    monkeypatch.setattr(torchs, "_dummy_instance", None)
    assert trace(network, (torch.randn(10, 8),)).ops == later.ops


def test_an_ordinary_network_is_still_counted_on_meta():
    assert [op.op for op in trace(MIXED, (torch.randn(10, 8),)).ops] == ["linear", "relu", "layer_norm", "linear"]
