"""The rows of a table: they add up, show each parameter once, and stand in the order of the forward pass."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from tests.support import Calls, cost_of


class Block(nn.Module):
    """Two convolutions and the addition of what went in."""

    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.norm, self.relu = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.norm(self.conv1(x)))
        return self.relu(self.conv2(y) + x)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(Block(8), Block(8))
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


class Raw(nn.Module):
    """A layer that has parameters and layers, and uses its parameters itself."""

    def __init__(self):
        super().__init__()
        self.weight, self.shift = nn.Parameter(torch.ones(5, 4)), nn.Parameter(torch.ones(5), requires_grad=False)
        self.inner = nn.ReLU()

    def forward(self, x):
        return self.inner(F.linear(x, self.weight) + self.shift)


def tied():
    embedding, head = nn.Embedding(50, 8), nn.Linear(8, 50, bias=False)
    head.weight = embedding.weight
    return nn.Sequential(embedding, head)


def with_unused_layers():
    used = nn.Linear(4, 4)
    model = Calls(lambda x: used(x * 1), used=used, spare=nn.Linear(4, 7), norm=nn.BatchNorm1d(4))
    model.register_buffer("table", torch.zeros(3))
    model.register_parameter("idle", nn.Parameter(torch.ones(6)))
    return model


def attention():
    layer = nn.MultiheadAttention(8, 2)
    return Calls(lambda x: layer(x, x, x)[0], layer=layer)


def shared():
    layer = nn.Linear(8, 8, bias=False)
    return nn.Sequential(nn.Sequential(layer), nn.Sequential(layer), nn.Sequential(layer))


def tokens():
    return torch.zeros(2, 5, dtype=torch.int64)


NETWORKS = {
    "residual": (Small, lambda: torch.ones(2, 3, 9, 9)),
    "raw parameters": (Raw, lambda: torch.ones(2, 4)),
    "tied": (tied, tokens),
    "unused": (with_unused_layers, lambda: torch.ones(2, 4)),
    "attention": (attention, lambda: torch.ones(5, 2, 8)),
    "shared": (shared, lambda: torch.ones(4, 8)),
    "encoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False),
        lambda: torch.ones(5, 2, 8),
    ),
    "recurrent": (lambda: Calls(lambda x: lstm(x)[0], lstm=lstm), lambda: torch.ones(5, 2, 8)),
    "one layer": (lambda: nn.Linear(4, 4), lambda: torch.ones(2, 4)),
    "no layer": (lambda: Calls(lambda x: (x @ x.t()).softmax(1)), lambda: torch.ones(2, 4)),
    "nothing": (nn.Identity, lambda: torch.ones(2, 4)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), lambda: torch.ones(2, 4)),
    "bilinear": (lambda: Calls(lambda x: layer(x, x), layer=(layer := nn.Bilinear(4, 4, 3))), lambda: torch.ones(2, 4)),
}
lstm = nn.LSTM(8, 16, 2)


def rows_of(name):
    build, make = NETWORKS[name]
    model = build()
    return model, cost_of(model, make())


per_network = pytest.mark.parametrize("name", NETWORKS)


@per_network
@pytest.mark.parametrize(
    "quantity",
    [
        "macs",
        "other_flops",
        "flops",
        "parameters",
        "trainable_parameters",
        "buffers",
        "activations",
        "activation_bytes",
    ],
)
def test_the_rows_add_up_to_the_total(name, quantity):
    _, cost = rows_of(name)
    assert sum(getattr(row, quantity) for row in cost.layers) == getattr(cost, quantity)


@per_network
@pytest.mark.parametrize("quantity", ["macs", "other_flops", "flops"])
def test_the_ops_add_up_to_the_total(name, quantity):
    _, cost = rows_of(name)
    assert sum(getattr(op, quantity) for op in cost.ops) == getattr(cost, quantity)


@per_network
def test_every_parameter_and_buffer_is_counted_once(name):
    model, cost = rows_of(name)
    assert cost.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert cost.trainable_parameters == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert cost.buffers == sum(buffer.numel() for buffer in model.buffers())


@per_network
def test_a_row_is_found_by_its_layer_kind_and_call(name):
    _, cost = rows_of(name)
    keys = [(row.layer, row.kind, row.call) for row in cost.layers]
    assert len(set(keys)) == len(keys)


@per_network
def test_every_row_names_a_layer_of_the_network(name):
    model, cost = rows_of(name)
    assert {row.layer for row in cost.layers} <= dict(model.named_modules()).keys()


@per_network
def test_the_frame_holds_the_rows(name):
    _, cost = rows_of(name)
    frame = cost.to_frame()
    assert len(frame) == len(cost.layers)
    assert int(frame["flops"].sum()) == cost.flops


def test_the_rows_stand_in_the_order_of_the_forward_pass():
    _, cost = rows_of("residual")
    block = [("conv1", "Conv2d", 1), ("norm", "BatchNorm2d", 1), ("relu", "ReLU", 1), ("conv2", "Conv2d", 1)]
    expected = [("stem", "Conv2d", 1)]
    for number in (0, 1):
        path = f"body.{number}"
        expected += [(f"{path}.{layer}", kind, call) for layer, kind, call in block]
        expected += [(path, "add", 1), (f"{path}.relu", "ReLU", 2)]
    expected += [("", "mean", 1), ("head", "Linear", 1)]
    assert [(row.layer, row.kind, row.call) for row in cost.layers] == expected


def test_the_residual_addition_is_a_row_of_the_layer_that_adds():
    _, cost = rows_of("residual")
    additions = [row for row in cost.layers if row.kind == "add"]
    assert [row.layer for row in additions] == ["body.0", "body.1"]
    # 8 channels of 7·7 for each of two images
    assert {(row.other_flops, row.activations, row.macs, row.parameters) for row in additions} == {(784, 784, 0, 0)}


def test_a_layer_that_runs_again_has_a_row_for_each_call_and_parameters_in_the_first():
    _, cost = rows_of("shared")
    assert [(row.layer, row.call, row.parameters, row.macs) for row in cost.layers] == [
        ("0.0", 1, 64, 256),
        ("0.0", 2, 0, 256),
        ("0.0", 3, 0, 256),
    ]


def test_a_tied_parameter_stands_in_the_row_of_its_first_owner():
    _, cost = rows_of("tied")
    assert [(row.kind, row.parameters, row.macs) for row in cost.layers] == [
        ("Embedding", 400, 0),
        ("Linear", 0, 10 * 8 * 50),
    ]


def test_a_parameter_that_a_larger_layer_uses_stands_in_the_row_of_the_op():
    _, cost = rows_of("raw parameters")
    assert [(row.layer, row.kind, row.parameters, row.trainable_parameters) for row in cost.layers] == [
        ("", "linear", 20, 20),
        ("", "add", 5, 0),
        ("inner", "ReLU", 0, 0),
    ]


def test_a_parameter_used_through_a_view_is_claimed():
    layer = Raw()
    layer.forward = lambda x: layer.inner(x @ layer.weight.t()) + layer.shift
    cost = cost_of(layer, torch.ones(2, 4))
    # a transposition allocates nothing and computes nothing, but it is the first to use the weight
    assert [(row.kind, row.parameters) for row in cost.layers if row.parameters] == [("t", 20), ("add", 5)]


def test_the_output_projection_of_attention_is_no_layer_that_never_runs():
    _, cost = rows_of("attention")
    assert [row for row in cost.layers if row.call == 0] == []
    assert cost.parameters == 3 * 8 * 8 + 3 * 8 + 8 * 8 + 8


def test_what_never_runs_is_listed_at_the_end_with_its_parameters():
    _, cost = rows_of("unused")
    never = [(row.layer, row.detail, row.parameters, row.buffers, row.macs) for row in cost.layers if row.call == 0]
    # statistics, and the count of batches
    assert sorted(never) == [
        ("", "holds only", 6, 3, 0),
        ("norm", "never runs", 8, 9, 0),
        ("spare", "never runs", 35, 0, 0),
    ]
    assert [row.call for row in cost.layers] == [1, 1, 0, 0, 0]


def test_a_layer_without_layers_is_one_row_however_many_ops_it_runs():
    cost = cost_of(nn.Sequential(Calls(lambda x: (x @ x.t()).softmax(1) * 2)), torch.ones(2, 4))
    (row,) = cost.layers
    assert (row.layer, row.macs, row.other_flops) == ("0", 16, 5 * 4 + 4)


def test_what_a_layer_uses_inside_is_none_of_its_activations():
    (row,) = cost_of(nn.Sequential(Calls(lambda x: x.exp().sum(1))), torch.ones(2, 4)).layers
    assert (row.activations, row.activation_bytes) == (2, 8)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Identity(),
        nn.Flatten(),
        nn.Unflatten(1, (2, 2)),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Dropout(inplace=True),
    ],
    ids=str,
)
def test_a_view_or_a_result_in_place_has_no_activations(layer):
    (_, row) = cost_of(nn.Sequential(nn.Linear(4, 4), layer), torch.ones(2, 4)).layers
    assert (row.activations, row.activation_bytes) == (0, 0)
    assert row.output_shape


def test_a_view_of_the_input_has_no_activations():
    (row,) = cost_of(nn.Sequential(nn.Flatten()), torch.ones(2, 4, 4)).layers
    assert (row.activations, row.output_shape) == (0, (2, 16))


def test_two_outputs_that_share_memory_count_once():
    (row,) = cost_of(nn.Sequential(Calls(lambda x: (x + 1).chunk(2, 1))), torch.ones(2, 4)).layers
    assert row.activations == 8


def test_a_view_in_a_larger_layer_has_no_row():
    cost = cost_of(Calls(lambda x: layer(x.view(2, 4)).flatten(), layer=(layer := nn.Linear(4, 4))), torch.ones(8))
    assert [row.kind for row in cost.layers] == ["Linear"]


def test_a_hook_runs_in_the_layer_around():
    model = nn.Sequential(nn.Linear(4, 4))
    model[0].register_forward_hook(lambda *args: args[2].exp())
    assert [(row.layer, row.kind) for row in cost_of(model, torch.ones(2, 4)).layers] == [("0", "Linear"), ("", "exp")]


def test_an_op_that_runs_twice_has_two_rows_with_call_numbers():
    cost = cost_of(Calls(lambda x: x + 1 + 2, unused=nn.Identity()), torch.ones(2, 4))
    assert [(row.kind, row.call) for row in cost.layers] == [("add", 1), ("add", 2)]


DETAILS = [
    (nn.Conv2d(3, 64, 7, stride=2, padding=3), (1, 3, 32, 32), "3→64 7×7/2"),
    (nn.Conv2d(8, 8, 3, groups=8), (1, 8, 9, 9), "8→8 3×3, 8 groups"),
    (nn.Conv2d(8, 8, 3, dilation=2), (1, 8, 9, 9), "8→8 3×3 dilated 2"),
    (nn.Conv2d(8, 8, (3, 1), stride=(2, 1)), (8, 9, 9), "8→8 3×1/2×1"),
    (nn.Conv2d(8, 8, 3, padding="same"), (1, 8, 9, 9), "8→8 3×3"),
    (nn.Conv1d(3, 4, 5), (1, 3, 9), "3→4 5"),
    (nn.ConvTranspose2d(8, 4, 2, stride=2), (1, 8, 9, 9), "8→4 2×2/2"),
    (nn.ConvTranspose2d(8, 4, 2, groups=2), (1, 8, 9, 9), "8→4 2×2, 2 groups"),
    (nn.Linear(8, 16), (1, 8), "8→16"),
    (nn.BatchNorm2d(8), (1, 8, 9, 9), "8"),
    (nn.GroupNorm(4, 8), (1, 8, 9, 9), "8, 4 groups"),
    (nn.LayerNorm((4, 8)), (2, 4, 8), "4×8"),
    (nn.MaxPool2d(3, 2), (1, 8, 9, 9), "3×3/2"),
    (nn.MaxPool2d(2), (1, 8, 9, 9), "2×2/2"),
    (nn.AvgPool2d(3, 1), (1, 8, 9, 9), "3×3"),
    (nn.MaxPool1d(3, 2), (1, 8, 9), "3/2"),
    (nn.MaxPool3d(2), (1, 8, 4, 9, 9), "2×2×2/2"),
    (nn.MaxPool3d((1, 2, 2), (1, 2, 2)), (1, 8, 4, 9, 9), "1×2×2/1×2×2"),
    (nn.LocalResponseNorm(5), (1, 8, 9, 9), ""),
    (nn.AdaptiveAvgPool2d(1), (1, 8, 9, 9), "to 1×1"),
    (nn.AdaptiveAvgPool3d((2, 1, 1)), (1, 8, 4, 9, 9), "to 2×1×1"),
    (nn.AdaptiveMaxPool3d(1), (1, 8, 4, 9, 9), "to 1×1×1"),
    (nn.LSTM(8, 16), (5, 8), "8→16"),
    (nn.LSTM(8, 16, num_layers=2), (5, 8), "8→16, 2 layers"),
    (nn.GRU(8, 16, num_layers=3), (5, 8), "8→16, 3 layers"),
    (nn.ReLU(), (5, 8), ""),
]


@pytest.mark.parametrize(("layer", "shape", "detail"), DETAILS, ids=lambda value: str(value)[:40])
def test_a_row_shows_the_hyper_parameters(layer, shape, detail):
    (row,) = cost_of(layer, torch.ones(shape)).layers
    assert row.detail == detail


def test_an_embedding_shows_its_rows_and_width():
    (row,) = cost_of(nn.Embedding(50, 8), tokens()).layers
    assert row.detail == "50→8"


@pytest.mark.parametrize(
    ("call", "shapes", "detail"),
    [
        (torch.mm, [(4, 8), (8, 5)], "4×8 · 8×5"),
        (torch.bmm, [(3, 4, 8), (3, 8, 5)], "4×8 · 8×5"),
        (torch.addmm, [(5,), (4, 8), (8, 5)], "4×8 · 8×5"),
        (F.scaled_dot_product_attention, [(1, 3, 7, 8), (1, 3, 5, 8), (1, 3, 5, 8)], "3 heads 7×5, width 8"),
    ],
)
def test_a_product_shows_what_is_multiplied(call, shapes, detail):
    (row,) = cost_of(call, *map(torch.ones, shapes)).layers
    assert row.detail == detail


def test_the_ops_are_listed_with_the_most_work_first():
    _, cost = rows_of("residual")
    assert [op.macs for op in cost.ops] == sorted((op.macs for op in cost.ops), reverse=True)
    assert {op.op: op.calls for op in cost.ops}["conv2d"] == 5
