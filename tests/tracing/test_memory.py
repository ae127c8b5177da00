"""Which memory an op shares and which it makes, against what the same op does with real tensors."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.rnn import pad_sequence

from tests.counting.test_memory import allocated_peak
from tests.support import Calls, cost_of, op_names, trace_of


class Pair(dict):
    """A dictionary of another class, as transformers take."""


@dataclasses.dataclass
class Batch:
    ids: torch.Tensor


def ids():
    return torch.arange(6).view(2, 3)


def makes(trace, output=0):
    """Whether the tensor that the network returns is memory of this pass."""
    storage = trace.calls[0].outputs[output].storage
    return storage >= 0 and trace.storages[storage].born >= 0


# -- inputs ----------------------------------------------------------------------------------------------------------

VIEWS = {
    "view": lambda x: x.view(-1),
    "reshape": lambda x: x.reshape(-1),
    "slice": lambda x: x[:, 1:],
    "transpose": lambda x: x.t(),
    "expand": lambda x: x.expand(4, 2, 3),
    "unbind": lambda x: x.unbind()[1],
    "detach": lambda x: x.detach(),
    "by name": lambda x: torch.ops.aten.view.default(self=x, size=[-1]),
    "in place": lambda x: x.add_(1),
    "in place, of a view": lambda x: x[:, 1:].add_(1),
    "in place, not contiguous": lambda x: x.t().relu_(),
}

CARRIERS = {
    "alone": lambda x: ((x,), {}, lambda given: given),
    "by name": lambda x: ((), {"given": x}, lambda given: given),
    "in a list": lambda x: (([x],), {}, lambda given: given[0]),
    "in a dictionary": lambda x: (({"a": {"b": x}},), {}, lambda given: given["a"]["b"]),
    "in a dictionary of another class": lambda x: ((Pair(a=x),), {}, lambda given: given["a"]),
    "in a dataclass": lambda x: ((Batch(x),), {}, lambda given: given.ids),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32])
def test_a_view_of_an_input_is_no_activation(view, device, dtype):
    if dtype is torch.bool and "in place" in view:
        dtype = torch.uint8
    trace = trace_of(VIEWS[view], ids().to(dtype).to(device))
    assert trace.forward == "meta"
    assert not makes(trace)
    assert [life.born for life in trace.storages] == [-1]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_an_input_is_no_activation_however_it_is_given(carrier, device):
    args, kwargs, take = CARRIERS[carrier](ids().to(device))
    trace = trace_of(lambda given: take(given).view(-1), *args, **kwargs)
    assert not makes(trace)
    assert cost_of(lambda given: take(given).view(-1), *args, **kwargs).peak_activation_bytes == 0


def test_the_view_of_token_ids_is_no_activation_of_a_network_either():
    embedding = nn.Embedding(10, 4)
    cost = cost_of(Calls(lambda x: embedding(x.view(-1)), layer=embedding), ids())
    assert cost.peak_activation_bytes == 6 * 4 * 4
    assert sum(row.activation_bytes for row in cost.layers) == 6 * 4 * 4


def test_an_input_is_no_activation_where_the_network_is_run_for_real():
    trace = trace_of(lambda x: x.view(-1) if x.sum() > 0 else x * 2, torch.ones(2, 3))
    assert trace.forward == "real"
    assert not makes(trace)


def test_a_layers_output_is_still_an_activation():
    assert makes(trace_of(lambda x: x + 1, ids()))
    assert makes(trace_of(lambda x: (x + 1).view(-1), ids()))


def test_a_constant_made_on_the_way_is_an_activation():
    assert makes(trace_of(lambda _: torch.tensor([1, 2]), ids()))
    assert cost_of(lambda _: torch.tensor([1, 2]).view(2, 1), ids()).peak_activation_bytes == 16


@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_input_that_is_written_to_through_a_view_stays_as_it_was(carrier):
    given = ids()
    args, kwargs, take = CARRIERS[carrier](given)
    trace_of(lambda given: take(given)[:, 1:].fill_(7), *args, **kwargs)
    assert given.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("inside", [torch.no_grad, torch.enable_grad, torch.inference_mode])
@pytest.mark.parametrize("outside", [torch.no_grad, torch.enable_grad, torch.inference_mode])
@pytest.mark.parametrize("write", [lambda x: x[0].fill_(7), lambda x: x.t()[0].fill_(7), lambda x: x.fill_(7)])
def test_what_is_written_to_an_input_is_read_there(write, inside, outside):
    def forward(x):
        view = x[0]
        with inside():
            write(x)
        return x.float().exp() if view[0].item() == 7 == x[0, 0].item() else x

    with outside():
        assert op_names(trace_of(forward, ids()))[-1] == "exp"


# -- what shares memory ----------------------------------------------------------------------------------------------

WEIGHT = nn.Parameter(torch.ones(3, 4))

OPS = {
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "dropout in place": lambda x: F.dropout(x, 0.5, training=False, inplace=True),
    "dropout of nothing": lambda x: F.dropout(x, 0.0, training=True),
    "alpha dropout": lambda x: F.alpha_dropout(x, 0.5, training=False),
    "alpha dropout in place": lambda x: F.alpha_dropout(x, 0.5, training=False, inplace=True),
    "feature dropout": lambda x: F.dropout2d(x, 0.5, training=False),
    "feature alpha dropout": lambda x: F.feature_alpha_dropout(x, 0.5, training=False),
    "native dropout": lambda x: torch.native_dropout(x, 0.5, train=False)[0],
    "relu in place": lambda x: F.relu(x, inplace=True),
    "selu in place": lambda x: F.selu(x, inplace=True),
    "rrelu": lambda x: F.rrelu(x, training=False),
    "contiguous": lambda x: x.contiguous(),
    "contiguous, channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "to its type": lambda x: x.to(torch.float32),
    "to its type, as a copy": lambda x: x.to(torch.float32, copy=True),
    "to another type": lambda x: x.to(torch.float16),
    "to its device": lambda x: x.to(x.device),
    "to the CPU": lambda x: x.to("cpu"),
    "to the CPU and another type": lambda x: x.to("cpu", torch.float16),
    "to the CPU, as a copy": lambda x: x.to("cpu", copy=True),
    "to the CPU by name": lambda x: x.to(device="cpu", non_blocking=True),
    "to the CPU with the op": lambda x: torch.ops.aten.to.device(x, torch.device("cpu"), torch.float32),
    "to another with the op": lambda x: torch.ops.aten.to.other(x, WEIGHT),
    "cpu": lambda x: x.cpu(),
    "to a weight": lambda x: x.to(WEIGHT),
    "to a weight's device": lambda x: x.to(WEIGHT.device),
    "as a weight": lambda x: x.type_as(WEIGHT),
    "a weight to it": WEIGHT.to,
    "a weight to its device": lambda x: WEIGHT.to(x.device),
    "a weight to another type there": lambda x: WEIGHT.to(x.device, torch.float16),
    "float": lambda x: x.float(),
    "double": lambda x: x.double(),
    "expand": lambda x: x.expand(x.shape),
    "expand to more": lambda x: x.expand(2, *x.shape),
    "broadcast": lambda x: torch.broadcast_tensors(x[:1], x)[0],
    "reshape": lambda x: x.reshape(-1),
    "reshape to the same": lambda x: x.reshape(x.shape),
    "flatten": lambda x: x.flatten(1),
    "flatten nothing": lambda x: x.flatten(-1),
    "ravel": lambda x: x.ravel(),
    "unflatten": lambda x: x.unflatten(-1, (1, -1)),
    "interpolate by one": lambda x: F.interpolate(x, scale_factor=1.0),
    "interpolate by one, bilinear": lambda x: F.interpolate(x, scale_factor=1.0, mode="bilinear"),
    "interpolate by one, antialiased": lambda x: F.interpolate(x, scale_factor=1.0, mode="bicubic", antialias=True),
    "pad by nothing": lambda x: F.pad(x, (0, 0)),
    "crop": lambda x: F.pad(x, (-1, 0)),
    "real": torch.real,
    "conj": torch.conj,
    "resolve_conj": lambda x: x.resolve_conj(),
    "positive": lambda x: +x,
    "detach": lambda x: x.detach(),
    "clone": lambda x: x.clone(),
    "repeat once": lambda x: x.repeat(1, 1, 1, 1),
    "tile once": lambda x: x.tile((1,)),
    "cat of one": lambda x: torch.cat([x]),
    "roll by nothing": lambda x: x.roll(0, 0),
    "pixel shuffle by one": lambda x: F.pixel_shuffle(x, 1),
    "channel shuffle of one group": lambda x: F.channel_shuffle(x, 1),
    "chunk": lambda x: x.chunk(2, 1)[0],
    "unsafe chunk": lambda x: x.unsafe_chunk(2, 1)[0],
    "unsafe split": lambda x: x.unsafe_split(2, 1)[0],
    "unsafe split with sizes": lambda x: x.unsafe_split_with_sizes([1, 2], 1)[0],
    "tensor split": lambda x: x.tensor_split((1,))[0],
    "einsum of the same": lambda x: torch.einsum("abcd->abcd", x),
    "pooling of one": lambda x: F.adaptive_avg_pool2d(x, x.shape[2:]),
    "a truth": lambda x: x > 0,
}

LAYOUTS = {
    "contiguous": lambda: torch.ones(4, 3, 8, 6),
    "transposed": lambda: torch.ones(4, 3, 6, 8).transpose(2, 3),
    "channels last": lambda: torch.ones(4, 3, 8, 6).contiguous(memory_format=torch.channels_last),
    "sliced": lambda: torch.ones(4, 3, 8, 12)[..., ::2],
    "permuted": lambda: torch.ones(8, 4, 3, 6).permute(1, 2, 0, 3),
}


def makes_for_real(call, x):
    """Whether the op returns new memory."""
    with torch.inference_mode():
        address = call(x).untyped_storage().data_ptr()
    return address not in {x.untyped_storage().data_ptr(), WEIGHT.untyped_storage().data_ptr()}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_an_op_shares_memory_as_it_does_on_a_cpu(op, layout, device):
    x = LAYOUTS[layout]()
    expected = makes_for_real(OPS[op], x)
    given = x if device == "cpu" else torch.empty_strided(x.shape, x.stride(), device="meta")
    trace = trace_of(Calls(OPS[op], weight=nn.ParameterList([WEIGHT])), given)
    assert trace.forward == "meta"
    assert makes(trace) == expected
    if not expected:
        assert all(life.born < 0 for life in trace.storages)


def test_both_kinds_of_op_are_among_those():
    found = {makes_for_real(call, LAYOUTS["contiguous"]()) for call in OPS.values()}
    assert found == {True, False}


def test_a_move_to_another_device_is_a_copy():
    trace = trace_of(lambda x: torch.ops.aten.to.device(x, torch.device("cuda", 0), x.dtype), torch.ones(4))
    assert op_names(trace) == ["to_copy"]
    assert makes(trace)


@pytest.mark.parametrize("batch_first", [True, False])
def test_dropout_in_a_transformer_makes_nothing(batch_first):
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=batch_first)
    rows = [row for row in cost_of(layer, torch.ones(5, 3, 16)).layers if "dropout" in row.layer]
    assert {row.layer: row.activation_bytes for row in rows} == {"dropout": 0, "dropout1": 0, "dropout2": 0}


COMPOSED = {
    "padded sequences": lambda x: pad_sequence([x, x[:100], x[:10]]),
    "a vector times matrices": lambda x: x[0] @ x.view(4, 64, 64),
    "matrices times a vector": lambda x: x.view(4, 64, 64) @ x[0],
    "a matrix times matrices": lambda x: x[:32] @ x.view(4, 64, 64),
    "matrices times a matrix": lambda x: x.view(4, 64, 64) @ x[:64],
    "matrices times one of them": lambda x: x.view(4, 64, 64) @ x.view(4, 64, 64)[:1],
    "more matrices": lambda x: x.view(2, 2, 64, 64) @ x.view(2, 2, 64, 64)[:, :1],
}


@pytest.mark.parametrize("name", COMPOSED)
def test_a_composed_op_allocates_what_it_does_on_a_cpu(name):
    x = torch.ones(256, 64)
    ours = cost_of(COMPOSED[name], x).peak_activation_bytes
    theirs = allocated_peak(Calls(COMPOSED[name]), x)
    assert ours <= theirs <= ours + 512
