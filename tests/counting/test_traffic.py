"""The bytes that rows move: by hand for each kind of row, and laws."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.counting.traffic import traffic
from archstat.errors import DataError
from archstat.networks.settings import Setting
from tests.support import Calls, cost_of, trace_of

X = torch.ones(8, 32)
T = 4 * 8 * 32  # the bytes of X
IMAGE = torch.ones(2, 3, 8, 8)


class Fused(nn.Module):
    """One row: a gate whose two steps need no memory of their own."""

    def forward(self, x):
        return x * torch.sigmoid(x)


class Twice(nn.Module):
    """One row whose first result stays inside, and whose weight is used by two ops."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(32, 32))

    def forward(self, x):
        return F.linear(F.linear(x, self.weight).relu_(), self.weight)


class Keeps(nn.Module):
    """One row that keeps a result beyond its run."""

    def forward(self, x):
        self.kept = x + 1
        return self.kept * 2


ROWS = [
    # input, filter, bias, output
    (nn.Conv2d(3, 5, 3), IMAGE, [4 * (2 * 3 * 8 * 8 + 5 * 3 * 3 * 3 + 5 + 2 * 5 * 6 * 6)]),
    (nn.Linear(32, 10), X, [4 * (8 * 32 + 32 * 10 + 10 + 8 * 10)]),
    (nn.Linear(32, 10, bias=False).half(), X.half(), [2 * (8 * 32 + 32 * 10 + 8 * 10)]),
    # the running mean and variance too
    (nn.BatchNorm2d(3), IMAGE, [4 * (2 * 3 * 8 * 8 + 4 * 3 + 2 * 3 * 8 * 8)]),
    (nn.LayerNorm(32), X, [T + 4 * 2 * 32 + T]),
    (nn.MaxPool2d(2), IMAGE, [4 * (2 * 3 * 8 * 8 + 2 * 3 * 4 * 4)]),
    (nn.ReLU(), X, [2 * T]),
    (nn.ReLU(inplace=True), X, [2 * T]),
    # at inference they do nothing
    (nn.Dropout(), X, [0]),
    (nn.Identity(), X, [0]),
    (nn.Flatten(), IMAGE, [0]),
    (Fused(), X, [2 * T]),
    (Twice(), X, [T + 4 * 32 * 32 + T]),
    (nn.Sequential(Keeps(), nn.ReLU()), X, [3 * T, 2 * T]),
    # 2 rows of the table of 100, their 2 indices of 8 bytes
    (nn.Embedding(100, 16), torch.zeros(2, dtype=torch.int64), [4 * 2 * 16 + 8 * 2 + 4 * 2 * 16]),
    # one piece of memory once, however often it is read
    (lambda x: x + x, X, [2 * T]),
    # the second operand is another piece
    (lambda x: (x + 1) + x, X, [2 * T, 3 * T]),
    # an expanded tensor is as large as its memory
    (lambda x: x[:1].expand(1000, 32) + 1, X, [32000 * 4 + T]),
    (lambda x: x.new_ones(()) + x, X, [4, 4 + 2 * T]),
    # a slice is as large as an op saw it, a slice in place too
    (lambda x: x[:2] * 2, X, [T // 4 + T // 4]),
    (lambda x: (x + 1)[:2].mul_(2), X, [2 * T, T // 4 + T // 4]),
    # the three parts of one tensor, in one op
    (lambda x: F.scaled_dot_product_attention(*x.view(8, 1, 32).repeat(1, 1, 3).chunk(3, -1)), X, [4 * T, 4 * T]),
    # what is overwritten is not read, and a shape is nothing
    (lambda x: torch.zeros_like(x).copy_(x).add_(1), X, [T, 2 * T]),
    (lambda x: torch.empty_like(x).copy_(x) + 1, X, [0, 2 * T]),
    (lambda x: torch.randint_like(x, 9) + 1, X, [T, 2 * T]),
    (lambda x: torch.cat([x, x + 1]), X, [2 * T, 2 * T + 2 * T]),
]


@pytest.mark.parametrize(("model", "x", "rows"), ROWS)
def test_a_row_moves_what_it_reads_from_outside_its_weights_and_what_it_hands_on(model, x, rows):
    net = model if isinstance(model, nn.Module) else Calls(model, other=nn.Identity())
    assert list(traffic(trace_of(net, x))) == rows


def test_what_is_overwritten_is_written_and_not_read():
    assert traffic(trace_of(lambda x, y: y.copy_(x), X, X.clone())) == (2 * T,)


DRAWN = "normal_ uniform_ bernoulli_ random_ exponential_ cauchy_ geometric_ log_normal_".split()


@pytest.mark.parametrize("draw", DRAWN)
def test_numbers_that_are_drawn_are_written_over_what_was_there(draw):
    chances = [0.5] if draw == "geometric_" else []
    assert traffic(trace_of(lambda x: getattr(x, draw)(*chances), X.clone())) == (T,)


def test_chances_by_which_numbers_are_drawn_are_read():
    assert traffic(trace_of(torch.bernoulli, X)) == (2 * T,)


@pytest.mark.parametrize("is_trained", [True, False])  # torch has an op for each
def test_of_summed_rows_of_a_table_each_is_read(is_trained):
    ids, offsets = torch.zeros(6, dtype=torch.int64), torch.tensor([0, 3])
    table = nn.EmbeddingBag(100, 16, mode="sum").requires_grad_(is_trained)
    (nbytes,) = traffic(trace_of(table, ids, offsets))
    assert nbytes == 4 * 6 * 16 + 8 * 6 + 8 * 2 + 4 * 2 * 16


def test_a_table_that_is_asked_for_more_often_than_it_is_long_is_read_once():
    (nbytes,) = traffic(trace_of(nn.Embedding(5, 16), torch.zeros(100, dtype=torch.int64)))
    assert nbytes == 4 * 5 * 16 + 8 * 100 + 4 * 100 * 16


def test_a_buffer_that_is_expanded_is_as_large_as_its_memory():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.ones(1, 32))

        def forward(self, x):
            return x * self.scale.expand(8, 32)

    assert traffic(trace_of(Net(), X)) == (T + 4 * 32 + T,)


def test_a_layer_that_never_runs_moves_nothing():
    net = Calls(lambda x: x + 1, spare=nn.Linear(3, 3))
    assert dict(zip([row.kind for row in cost_of(net, X).layers], traffic(trace_of(net, X)), strict=True)) == {
        "add": 2 * T,
        "Linear": 0,
    }


NAMES = ["vgg11", "alexnet", "googlenet", "resnet50", "densenet121", "mobilenet_v3_large", "se_resnet50", "resnet20"]


def by_row(name, **setting):
    analysis = analyse(name, Setting(**setting))
    return analysis.cost.layers, analysis.traffic()


@pytest.mark.parametrize("name", ["lenet5", *NAMES])
def test_a_row_moves_what_it_writes_and_the_weights_that_it_uses_at_least(name):
    rows, moved = by_row(name)
    for row, nbytes in zip(rows, moved, strict=True):
        assert nbytes >= row.activation_bytes + 4 * row.parameters
        assert nbytes > 0 or not row.flops


@pytest.mark.parametrize("name", NAMES)
def test_all_but_the_weights_grows_with_the_batch(name):
    rows, once = by_row(name)
    for row, one, two, three in zip(
        rows, once, by_row(name, batch_size=2)[1], by_row(name, batch_size=3)[1], strict=True
    ):
        assert three - two == two - one
        held = row.parameters + (row.buffers - 1 if row.kind == "BatchNorm2d" else 0)  # one buffer counts batches
        assert one - (two - one) == 4 * held


@pytest.mark.parametrize("name", NAMES)
def test_half_as_wide_elements_are_half_the_bytes(name):
    wide, narrow = by_row(name)[1], by_row(name, dtype="float16")[1]
    assert list(wide) == [2 * nbytes for nbytes in narrow]


def test_a_saved_cost_does_not_know():
    with pytest.raises(DataError, match="holds no ops, so no bytes moved: name the network itself"):
        Saved(cost_of(nn.ReLU(), X)).traffic()
