"""What torch has answered once is answered as torch does: passes with and without memory give the same record."""

import contextlib
from unittest import mock

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from archstat.analysis.inference import named_network
from archstat.networks.settings import Setting
from archstat.registry import architectures
from archstat.tracing import recorder, trace
from archstat.tracing.ops import info
from archstat.tracing.remembered import again, answer, question
from tests.counting.test_every_op import WITHOUT_SAMPLES, name_of, samples_of, unseeded
from tests.support import Calls
from tests.torch_databases import database

aten = torch.ops.aten
SAME = ([], [])


def meta(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device="meta")


@contextlib.contextmanager
def without_memory():
    """Torch is asked about every op."""
    with mock.patch.object(recorder, "question", no_question):
        yield


def no_question(*_):
    """A plain function: a mock would keep the tensors that it was called with."""


def differences(model, args, kwargs=None):
    """Where the traces with and without memory differ, in short: whole traces fill a screen for minutes.

    Without comes first: what torch makes with the first call of an op can keep tensors until they are looked for.
    """
    with without_memory():
        trace(model, args, kwargs)
        long = trace(model, args, kwargs)
    short = trace(model, args, kwargs)
    fields = [name for name in long.__struct_fields__ if not alike(getattr(long, name), getattr(short, name))]
    return fields, [pair for pair in zip(long.ops, short.ops, strict=False) if not alike(*pair)][:1]


def alike(one, other):
    """Equal, or the same as texts: what is no number equals not even itself."""
    return one == other or repr(one) == repr(other)


class Block(nn.Module):
    """Attention with fewer keys than queries, rotated and normalized as language models do."""

    def __init__(self):
        super().__init__()
        self.q, self.kv, self.out = nn.Linear(32, 32), nn.Linear(32, 32), nn.Linear(32, 32)

    def forward(self, x):
        q = self.q(x).view(2, 6, 4, 8).transpose(1, 2)
        k, v = self.kv(x).view(2, 6, 4, 8).transpose(1, 2).chunk(2, dim=1)
        q = q * q.cos() + torch.cat((-q[..., 4:], q[..., :4]), -1)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        out = self.out(out.transpose(1, 2).reshape(2, 6, 32))
        values, _ = out.topk(4, dim=-1)
        return x + out * values.sum(-1, keepdim=True)


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(3)])

    def forward(self, x):
        return self.blocks(x)


def test_equal_blocks_are_asked_about_once_and_recorded_as_if_each_were(monkeypatch):
    asked, ask = [], recorder.Recorder._ask_torch

    def watched(self, op, *rest):
        asked.append(op.name)
        return ask(self, op, *rest)

    monkeypatch.setattr(recorder.Recorder, "_ask_torch", watched)
    network, inputs = Blocks(), (torch.ones(2, 6, 32),)
    trace(network, inputs)
    assert asked.count("scaled_dot_product_attention") == asked.count("topk") == asked.count("cos") == 1
    assert differences(network, inputs) == SAME
    assert asked.count("topk") == 1 + 3 + 3 + 1


NETWORKS = [
    *{each.family: name for name, each in architectures.all().items()}.values(),  # the largest of each family, mostly
    "torchvision:vit_b_16",
    "torchvision:swin_t",
    "torchvision:swin_v2_t",
    "torchvision:maxvit_t",
    "timm:vit_tiny_patch16_224",
    "timm:swinv2_tiny_window8_256",
    *[
        f"hf:{name}(num_hidden_layers=3)"
        for name in (
            "bert",
            "distilbert",
            "llama",
            "mistral",
            "qwen2",
            "mixtral",
            "gemma2",
            "gpt_neox",
            "falcon",
            "mamba2",
        )
    ],
    "hf:gpt2(n_layer=3)",
    "hf:t5(num_layers=3)",
]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.sampled(5)
def test_a_network_is_recorded_as_without_memory(name):
    _, model, args, kwargs, _ = named_network(name).load(Setting())
    assert differences(model, args, kwargs) == SAME


@pytest.mark.filterwarnings("ignore")  # the samples are torch's own, deprecated ones among them
@pytest.mark.parametrize("op", [pytest.param(op, id=name_of(op)) for op in database.op_db[::2]])  # half of the time
@pytest.mark.sampled(24)
def test_an_op_that_runs_twice_is_recorded_as_without_memory(op):
    if name_of(op) in WITHOUT_SAMPLES:
        return
    with mock.patch.object(database, "wrapper_set_seed", unseeded):
        for args, kwargs in samples_of(op)[:2]:
            # what came out first is held, as memory that is given back would be met again
            network = Calls(lambda *given, _named=kwargs: [op.op(*given, **_named) for _ in range(2)])
            assert differences(network, args) == SAME


X = meta(2, 3)


def asked(op, *args, **kwargs):
    return question(op, args, kwargs, {})


@pytest.mark.parametrize(
    "other",
    [
        (aten.cat.default, [X, X], 1),
        (aten.cat.default, [X, X.double()]),
        (aten.cat.default, [X, X, X]),
        (aten.cat.default, [X, meta(3, 2).t()]),
        (aten.cat.default, [X, meta(3, 3)]),
        (aten.hstack.default, [X, X]),
    ],
    ids=["dim", "type", "number", "strides", "size", "op"],
)
def test_another_question_is_not_the_same(other):
    assert asked(aten.cat.default, [X, X]) == asked(aten.cat.default, [meta(2, 3), X])
    assert asked(*other) not in {None, asked(aten.cat.default, [X, X])}


def test_equal_numbers_of_other_types_are_other_questions():
    assert len({asked(aten.mul.Tensor, X, number) for number in (1, 1.0, True)}) == 3


def test_arguments_with_other_names_are_other_questions():
    assert asked(aten.sum.dim_IntList, X, [0], keepdim=True) != asked(aten.sum.dim_IntList, X, [0], dtype=True)


def test_the_default_type_belongs_to_the_question():
    before = asked(aten.div.Tensor, X, X)
    torch.set_default_dtype(torch.float64)
    try:
        assert asked(aten.div.Tensor, X, X) != before
    finally:
        torch.set_default_dtype(torch.float32)


class Ours(torch.Tensor):
    """A class of somebody's own, which may answer otherwise."""


@pytest.mark.parametrize(
    "given",
    [
        torch.ones(2, 3),
        X.as_subclass(Ours),
        meta(2, 3, dtype=torch.complex64).conj(),
        meta(2, 3, dtype=torch.complex64).conj().imag,
        torch.ones(2, 3).to_sparse(),
        object(),
        [torch.ones(2)],
    ],
    ids=["values", "class", "conjugate", "negative", "sparse", "object", "in a list"],
)
def test_what_is_not_known_by_its_shape_is_asked_about_each_time(given):
    assert asked(aten.sum.dim_IntList, given, [0]) is None
    assert asked(aten.sum.dim_IntList, X, other=given) is None


def test_a_tensor_with_a_twin_is_as_its_twin():
    weight = torch.ones(2, 3)
    assert question(aten.neg.default, (weight,), {}, {id(weight): X}) == asked(aten.neg.default, X)


@pytest.mark.parametrize(
    "made",
    [
        X,
        meta(4, 3)[:2],
        meta(4, 3)[2:],
        meta(4)[::2],
        (meta(2), X),
        torch.ones(2),
        [meta(2)],
        3,
        (),
        X.as_subclass(Ours),
    ],
    ids=["input", "first half", "last half", "gaps", "one is an input", "values", "list", "number", "none", "class"],
)
def test_what_does_not_fill_new_memory_of_its_own_is_not_kept(made):
    assert answer(made, [X, X]) is None


def test_two_results_in_one_memory_are_not_kept():
    made = meta(2, 3)
    assert answer((made, made.view(3, 2)), []) is None


def test_what_fills_new_memory_is_made_again():
    made = (meta(2, 3).double(), torch.empty_permuted((2, 3, 4), (2, 0, 1), device="meta"))
    known = answer(made, [X])
    for one, other in zip(made, again(known), strict=True):
        assert (one.shape, one.stride(), one.dtype) == (other.shape, other.stride(), other.dtype)
        assert one.untyped_storage().nbytes() == other.untyped_storage().nbytes()
        assert other.is_meta


@pytest.mark.parametrize(
    "op",
    [
        aten.relu_.default,
        aten.view.default,
        aten.bernoulli.default,
        aten.index.Tensor,
        aten.lstm.input,
        aten.arange.default,
        aten.reshape.default,
        aten.max.dim_max,
        aten.split.Tensor,
        torch.ops.quantized.add.default,
    ],
    ids=str,
)
def test_what_is_not_torchs_answer_alone_is_not_remembered(op):
    assert not info(op).is_remembered


@pytest.mark.parametrize("op", [aten.mul.Tensor, aten.topk.default, aten.scaled_dot_product_attention.default], ids=str)
def test_what_makes_new_tensors_is_remembered(op):
    assert info(op).is_remembered
