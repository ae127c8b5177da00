"""What torch has answered once in a training step is answered as torch does: steps are equal without that memory."""

import contextlib
from unittest import mock

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.checkpoint import checkpoint

from archstat.analysis.inference import named_network
from archstat.networks.settings import Setting
from archstat.tracing import step_recorder
from archstat.tracing.remembered_fakes import FakeAnswers
from archstat.tracing.torch_private import FakeTensorMode
from archstat.tracing.training import trace_step
from tests.counting.test_every_op import WITHOUT_SAMPLES, name_of, samples_of, unseeded
from tests.support import Calls
from tests.torch_databases import database

aten = torch.ops.aten


class Forgetful:
    """Torch is asked about every op."""

    def __init__(self, mode):
        del mode

    def run(self, op, args, kwargs):
        return op(*args, **kwargs)


@contextlib.contextmanager
def without_memory():
    with mock.patch.object(step_recorder, "FakeAnswers", Forgetful):
        yield


def step_of(model, args, kwargs, **how):
    """The step, or what is said of its failure."""
    try:
        return trace_step(model, args, kwargs, **how)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same with memory
        return f"{type(error).__name__}: {error}"


def differences(model, args, kwargs=None, **how):
    """Where the steps with and without memory differ, in short: whole records fill a screen for minutes."""
    with without_memory():
        step_of(model, args, kwargs, **how)
        long = step_of(model, args, kwargs, **how)
    short = step_of(model, args, kwargs, **how)
    if isinstance(long, str) or isinstance(short, str):
        return [] if long == short else [(long, short)]
    return [name for name in long.__struct_fields__ if repr(getattr(long, name)) != repr(getattr(short, name))]


def test_equal_layers_are_asked_about_once_and_recorded_as_if_each_were(monkeypatch):
    asked, ask = [], FakeAnswers._asked_first

    def watched(self, question, op, *rest):
        asked.append(op)
        return ask(self, question, op, *rest)

    monkeypatch.setattr(FakeAnswers, "_asked_first", watched)
    network = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.ReLU()) for _ in range(4)])
    step = trace_step(network, (torch.ones(3, 8),))
    assert [op.op for op in step.ops].count("layer_norm_backward") == 4
    assert asked.count(aten.native_layer_norm.default) == asked.count(aten.native_layer_norm_backward.default) == 1
    assert differences(network, (torch.ones(3, 8),)) == []


NETWORKS = [
    *(
        "lenet5",
        "resnet18",
        "googlenet",
        "mobilenet_v3_large",
        "shufflenet_v1",
        "efficientnet_b0",
        "nasnet_a_mobile",
    ),
    "torchvision:vit_b_16",
    "torchvision:swin_t",
    *[f"hf:{name}(num_hidden_layers=2)" for name in ("bert", "llama", "mixtral", "mamba2")],
    "hf:gpt2(n_layer=2)",
]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.sampled(7)
def test_a_step_is_recorded_as_without_memory(name):
    _, model, args, kwargs, _ = named_network(name).load(Setting())
    assert differences(model, args, kwargs, optimizer="sgd-momentum") == []


class Tricky(nn.Module):
    """Views, what is written in place, a part that is worked out twice, a constant, a mask, and shared weights."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.norm = nn.Linear(8, 8), nn.Linear(8, 8), nn.BatchNorm1d(8)
        self.second.weight = self.first.weight

    def forward(self, x):
        for _ in range(2):
            x = F.relu(self.first(x), inplace=True)
            x = self.norm(checkpoint(self.second, x, use_reentrant=False))
            top, rest = x.split([3, 5], dim=1)
            x = torch.cat((rest.t().contiguous().t(), top * torch.tensor(2.0)), 1)
            x = F.dropout(x, 0.5, training=True).masked_fill(torch.tensor([True, False] * 4), 0.0)
            x = x + x.detach().view(-1)[:8].exp_()
        return x


@pytest.mark.parametrize("amp", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "sgd-momentum", "adam", "adamw"])
def test_views_writes_and_recomputation_are_recorded_as_without_memory(amp, optimizer):
    assert differences(Tricky(), (torch.ones(4, 8),), amp=amp, optimizer=optimizer) == []


@pytest.mark.filterwarnings("ignore")  # the samples are torch's own, deprecated ones among them
@pytest.mark.parametrize("op", [pytest.param(op, id=name_of(op)) for op in database.op_db[1::6]])  # a part of the time
@pytest.mark.sampled(5)
def test_an_op_that_trains_twice_is_recorded_as_without_memory(op):
    if name_of(op) in WITHOUT_SAMPLES:
        return
    with mock.patch.object(database, "wrapper_set_seed", unseeded):
        for args, kwargs in samples_of(op)[:2]:
            network = Calls(lambda *given, _named=kwargs: [op.op(*given, **_named) for _ in range(2)])
            assert differences(network, asking_for_gradients(args)) == []


def asking_for_gradients(args):
    return tuple(
        arg.clone().requires_grad_() if isinstance(arg, torch.Tensor) and arg.is_floating_point() else arg
        for arg in args
    )


# -- what is asked, and what is kept -----------------------------------------------------------------------------------


class Asked:
    """Runs ops on fake tensors of one mode, and notes what torch itself was asked."""

    def __init__(self):
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        self.answers = FakeAnswers(self.mode)

    def tensor(self, *shape, **options):
        with self.mode:
            return torch.empty(*shape, **options)

    def both(self, op, *args, **kwargs):
        """What comes out at first, what comes out then, and how many answers are kept."""
        outs = [self.answers.run(op, args, kwargs) for _ in range(2)]
        return *outs, sum(known is not None for known in self.answers._known.values())


@pytest.fixture
def asked():
    return Asked()


def test_what_is_made_is_new_each_time(asked):
    first, second, kept = asked.both(aten.mm.default, asked.tensor(2, 3), asked.tensor(3, 4))
    assert (kept, second.shape, second.device, second.fake_mode) == (1, (2, 4), first.device, asked.mode)
    assert first.untyped_storage()._cdata != second.untyped_storage()._cdata
    assert second.untyped_storage().nbytes() == first.untyped_storage().nbytes() == 2 * 4 * 4


def test_a_view_lies_in_the_memory_of_what_it_views(asked):
    x = asked.tensor(4, 6)
    first, second, kept = asked.both(aten.slice.Tensor, x, 1, 2, 4)
    assert (kept, second.shape, second.stride(), second.storage_offset()) == (1, (4, 2), (6, 1), 2)
    assert second.untyped_storage()._cdata == x.untyped_storage()._cdata == first.untyped_storage()._cdata


def test_what_is_written_to_is_returned_itself(asked):
    x, y = asked.tensor(4), asked.tensor(4)
    first, second, kept = asked.both(aten.add_.Tensor, x, y)
    assert first is second is x
    assert kept == 1


def test_what_is_not_made_is_not_made_again(asked):
    x = asked.tensor(1, 2, 5, 5)
    weight = asked.tensor(3, 2, 3, 3)
    rest = ([3], [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False])
    first, second, kept = asked.both(aten.convolution_backward.default, asked.tensor(1, 3, 3, 3), x, weight, *rest)
    assert kept == 1
    assert (first[0], first[2], second[0], second[2], second[1].shape) == (None, None, None, None, weight.shape)


@pytest.mark.parametrize(
    "ask",
    [
        lambda asked: (aten.set_.source_Tensor, asked.tensor(4), asked.tensor(4)),
        lambda asked: (aten.resize_.default, asked.tensor(4), [4]),
        lambda asked: (aten.t_.default, asked.tensor(4, 4)),
        lambda asked: (aten.split.Tensor, asked.tensor(4), 2),
        lambda asked: (aten.index_put.default, asked.tensor(4), [torch.tensor([1])], asked.tensor(1)),
        lambda asked: (aten.mul.Tensor, asked.tensor(4), torch.ones(4)),
        lambda _: (aten.mul.Tensor, Asked().tensor(()), Asked().tensor(())),
        lambda asked: (aten.add_.Tensor, asked.tensor(4, dtype=torch.complex64).conj(), 1),
        lambda asked: (aten._unsafe_view.default, asked.tensor(4), [2, 2]),
    ],
    ids="set_ resize_ t_ list index values other-mode conj unsafe".split(),
)
def test_what_is_not_known_by_how_it_lies_in_memory_is_not_kept(asked, ask):
    op, *args = ask(asked)
    with contextlib.suppress(Exception):  # of some torch itself says no
        asked.answers.run(op, tuple(args), {})
    assert not any(asked.answers._known.values())


def test_a_constant_keeps_its_value(asked):
    with asked.mode:
        two = torch.tensor(2.0)
    assert two.constant is not None
    first, second, kept = asked.both(aten.mul.Tensor, two, two)
    assert (first.item(), second.item(), kept) == (4.0, 4.0, 0)


@pytest.mark.parametrize(
    "other",
    [
        lambda asked: asked.tensor(2, 3, dtype=torch.float64),
        lambda asked: asked.tensor(3, 2).t(),
        lambda asked: asked.tensor(2, 4),
        lambda asked: asked.tensor(2, 3, requires_grad=True),
        lambda asked: asked.tensor(3, 3)[:2],
        lambda asked: asked.tensor(3, 3)[1:],
    ],
    ids="type strides size gradient memory offset".split(),
)
def test_another_question_is_not_the_same(asked, other):
    question = asked.answers._question
    x = asked.tensor(2, 3)
    same, another = (
        question(aten.sin.default, (asked.tensor(2, 3),), {}),
        question(aten.sin.default, (other(asked),), {}),
    )
    assert question(aten.sin.default, (x,), {}) == same != another
    assert another is not None


def test_another_op_number_or_name_is_another_question(asked):
    question, x = asked.answers._question, asked.tensor(2, 3)
    questions = [
        question(aten.mul.Tensor, (x, 1), {}),
        question(aten.mul.Tensor, (x, 1.0), {}),
        question(aten.mul.Tensor, (x, True), {}),
        question(aten.add.Tensor, (x, 1), {}),
        question(aten.add.Tensor, (x, 1), {"alpha": 2}),
        question(aten.add.Tensor, (x, [1]), {}),
    ]
    assert len(set(questions)) == 6


def test_the_default_type_belongs_to_the_question(asked):
    x = asked.tensor(2, dtype=torch.int64)
    assert asked.both(aten.true_divide.Tensor, x, x)[1].dtype is torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert asked.both(aten.true_divide.Tensor, x, x)[1].dtype is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_refusal_is_raised_each_time(asked):
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broadcast a dimension of length 3"):
            asked.answers.run(aten.mul.Tensor, (asked.tensor(2), asked.tensor(3)), {})
