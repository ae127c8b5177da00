"""Laws that hold for every network, on networks at random."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.support import Calls, cost_of

small = st.integers(1, 4)


@st.composite
def convolutions(draw, *, groups=True):
    """A convolution of one to three axes, plain or transposed, and a shape that it takes."""
    axes = draw(st.integers(1, 3))
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d), (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    several = draw(st.integers(1, 3)) if groups else 1
    inputs, outputs = several * draw(small), several * draw(small)
    kernel = draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes))
    layer = kinds[draw(st.booleans())][axes - 1](
        inputs,
        outputs,
        tuple(kernel),
        stride=draw(st.integers(1, 3)),
        padding=draw(st.integers(0, 2)),
        dilation=draw(st.integers(1, 2)),
        groups=several,
        bias=draw(st.booleans()),
        device="meta",
    )
    return layer, (inputs, *draw(st.lists(st.integers(6, 9), min_size=axes, max_size=axes)))


@st.composite
def networks(draw):
    """A chain of layers for images of three channels, and the size of the images."""
    layers, channels = [], 3
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["conv", "norm", "relu", "residual", "pool", "dropout", "attention"]))
        if kind == "conv":
            out = draw(small)
            layers.append(nn.Conv2d(channels, out, draw(st.sampled_from([1, 3])), padding=1, bias=draw(st.booleans())))
            channels = out
        elif kind == "residual":
            inner = nn.Conv2d(channels, channels, 3, padding=1)
            layers.append(Calls(lambda x, inner=inner: x + inner(x), inner=inner))
        elif kind == "attention":
            layers.append(Calls(lambda x: nn.functional.scaled_dot_product_attention(x, x, x)))
        else:
            simple = {
                "norm": lambda width=channels: nn.BatchNorm2d(width),
                "relu": lambda: nn.ReLU(draw(st.booleans())),
                "pool": lambda: nn.MaxPool2d(3, 1, 1),
                "dropout": nn.Dropout,
            }
            layers.append(simple[kind]())
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(draw(small))), draw(st.integers(4, 8))


def built(network, size, dtype=torch.float32):
    """The network with its last layer made, which only a run can do."""
    with torch.no_grad():
        network(torch.zeros(2, 3, size, size))
    return network.to(dtype)


def images(batch, size, **options):
    return torch.zeros(batch, 3, size, size, **options)


@given(networks(), st.integers(1, 5))
@settings(max_examples=30)
def test_arithmetic_and_activations_are_linear_in_the_batch(drawn, batch):
    network, size = drawn
    built(network, size)
    one, several = cost_of(network, images(1, size)), cost_of(network, images(batch, size))
    assert several.macs == batch * one.macs
    assert several.other_flops == batch * one.other_flops
    assert several.activations == batch * one.activations
    assert several.peak_activation_bytes == batch * one.peak_activation_bytes
    assert several.parameters == one.parameters


@given(networks())
@settings(max_examples=30)
def test_layers_and_ops_sum_to_the_total(drawn):
    network, size = drawn
    cost = cost_of(built(network, size), images(2, size))
    for quantity in ("macs", "other_flops", "parameters", "buffers", "activations", "activation_bytes"):
        assert sum(getattr(row, quantity) for row in cost.layers) == getattr(cost, quantity)
    assert sum(op.macs for op in cost.ops) == cost.macs
    assert sum(op.other_flops for op in cost.ops) == cost.other_flops


@given(networks(), st.sampled_from([torch.float16, torch.bfloat16, torch.float64]))
@settings(max_examples=30)
def test_counts_do_not_depend_on_the_dtype(drawn, dtype):
    network, size = drawn
    single = cost_of(built(network, size), images(2, size))
    other = cost_of(network.to(dtype), images(2, size, dtype=dtype))
    assert (other.macs, other.other_flops, other.activations) == (single.macs, single.other_flops, single.activations)
    assert other.activation_bytes * 4 == single.activation_bytes * dtype.itemsize
    assert other.dtype == str(dtype).removeprefix("torch.")


@given(networks())
@settings(max_examples=30)
def test_counts_do_not_depend_on_where_the_weights_are(drawn):
    network, size = drawn
    real = cost_of(built(network, size), images(2, size))
    assert real.forward == "meta"
    assert cost_of(network.to("meta"), images(2, size, device="meta")) == real


@given(networks())
@settings(max_examples=30)
def test_counting_twice_gives_the_same(drawn):
    network, size = drawn
    built(network, size)
    assert cost_of(network, images(2, size)) == cost_of(network, images(2, size))


@given(networks())
@settings(max_examples=30)
def test_counts_do_not_depend_on_the_training_flag(drawn):
    network, size = drawn
    built(network, size)
    assert cost_of(network.train(), images(2, size)) == cost_of(network.eval(), images(2, size))


@given(networks())
@settings(max_examples=30)
def test_the_peak_lies_between_the_largest_and_all_activations(drawn):
    network, size = drawn
    cost = cost_of(built(network, size), images(2, size))
    assert max(row.activation_bytes for row in cost.layers) <= cost.peak_activation_bytes
    # pooling's indices are no activation: 8 bytes more for each of its 4
    assert cost.peak_activation_bytes <= 3 * cost.activation_bytes


@given(convolutions(), st.integers(1, 3))
def test_a_convolution_multiplies_each_position_with_one_filter(drawn, batch):
    layer, shape = drawn
    x = torch.empty(batch, *shape, device="meta")
    try:
        out = layer(x)
    except RuntimeError:  # a filter larger than the image
        return
    cost = cost_of(layer, x)
    starts = x if layer.transposed else out
    assert cost.macs == starts.numel() * math.prod(layer.weight.shape[1:])
    assert cost.other_flops == (0 if layer.bias is None else out.numel())
    assert cost.activations == out.numel()


@given(convolutions(groups=False), st.integers(2, 4))
def test_groups_divide_the_work_of_a_convolution(drawn, groups):
    layer, shape = drawn
    options = {name: getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation")}

    def macs(several):
        grouped = type(layer)(
            groups * layer.in_channels, groups * layer.out_channels, groups=several, device="meta", **options
        )
        return cost_of(grouped, torch.empty(1, groups * shape[0], *shape[1:], device="meta")).macs

    try:
        layer(torch.empty(1, *shape, device="meta"))
    except RuntimeError:
        return
    assert macs(groups) * groups == macs(1)


@given(st.lists(st.integers(1, 5), max_size=3), small, small, st.booleans())
def test_a_linear_layer_is_a_product_of_matrices(leading, features, outputs, bias):
    x = torch.empty(*leading, features, device="meta")
    cost = cost_of(nn.Linear(features, outputs, bias=bias, device="meta"), x)
    assert cost.macs == math.prod(leading) * features * outputs
    assert cost.other_flops == (math.prod(leading) * outputs if bias else 0)


@given(st.sampled_from([nn.LSTM, nn.GRU, nn.RNN]), small, small, st.integers(1, 3), st.booleans(), st.integers(1, 6))
def test_a_recurrent_layer_multiplies_with_every_weight_at_every_step(kind, features, hidden, layers, both, steps):
    layer = kind(features, hidden, layers, bidirectional=both, device="meta")
    cost = cost_of(layer, torch.empty(steps, features, device="meta"))
    assert cost.macs == steps * sum(weight.numel() for weight in layer.parameters() if weight.dim() == 2)


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_a_chain_of_copies_costs_as_many_times_as_much(copies):
    cost = cost_of(nn.Sequential(*[nn.Linear(8, 8) for _ in range(copies)]), torch.ones(2, 8))
    assert (cost.macs, cost.parameters) == (copies * 128, copies * 72)
    assert cost.peak_activation_bytes == min(copies, 2) * 64
