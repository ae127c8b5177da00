"""What a training step costs: arithmetic written out, torch's own counter, explicit groups, and laws."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from archstat import count
from archstat.analysis.training import count_training
from archstat.counting.memory import alive_bytes
from archstat.counting.rows import count_trace
from archstat.counting.rules import RULES
from archstat.counting.training import count_step
from archstat.errors import ForwardError, UncountedError
from archstat.networks import sources
from archstat.registry import architectures
from archstat.tracing import trace
from archstat.tracing.training import trace_step
from tests.counting.test_laws import built, convolutions, images, networks
from tests.support import Calls


def step_of(model, *inputs, **how):
    return count_step(trace_step(model, inputs, **how), "network", **how)


def row(cost, layer):
    """The one row of a layer."""
    (found,) = [each for each in cost.layers if each.layer == layer]
    return found


def behind(layer, x, *, name="layer"):
    """A step of a layer whose input needs a gradient too."""
    shift = nn.Parameter(torch.zeros(1))
    model = Calls(lambda x: layer(x * shift), **{name: layer})
    model.shift = shift
    return row(step_of(model, x), name)


# -- arithmetic --------------------------------------------------------------------------------------------------------


def test_a_convolution_costs_two_of_itself_backward_and_the_first_one():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3))
    cost = step_of(model, torch.ones(2, 3, 8, 8))
    first, second = 2 * 4 * 6 * 6 * 3 * 9, 2 * 5 * 4 * 4 * 4 * 9
    assert (cost.forward_macs, cost.backward_macs) == (first + second, first + 2 * second)
    # a bias is one addition for each output; backward all but one of each channel are added up
    assert row(cost, "0").backward_other_flops == 2 * 4 * 6 * 6 - 4


def test_a_linear_layer_costs_two_of_itself_backward_and_the_first_one():
    cost = step_of(nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 4)), torch.ones(5, 8))
    assert row(cost, "0").backward_macs == 5 * 8 * 16
    assert row(cost, "1").backward_macs == 2 * 5 * 16 * 4
    assert row(cost, "1").backward_other_flops == 5 * 4 - 4


@pytest.mark.parametrize(
    ("layer", "shape", "flops"),
    [
        (nn.ReLU(), (2, 3, 4, 4), 96),
        (nn.Hardtanh(), (2, 3, 4, 4), 96),
        (nn.GELU(), (2, 3, 4, 4), 96),
        (nn.MaxPool2d(2), (2, 3, 4, 4), 2 * 3 * 2 * 2),
        (nn.AvgPool2d(2), (2, 3, 4, 4), 2 * 3 * 2 * 2 * (4 + 1)),
        (nn.AdaptiveAvgPool2d(2), (2, 3, 4, 4), 2 * 3 * 2 * 2 * (4 + 1)),
        (nn.Softmax(1), (5, 7), 5 * 7 * 4),
        (nn.LogSoftmax(1), (5, 7), 5 * 7 * 4),
        (nn.LayerNorm(7), (5, 7), 5 * 7 * (9 + 4)),
        (nn.LayerNorm(7, elementwise_affine=False), (5, 7), 5 * 7 * 9),
        (nn.GroupNorm(2, 4), (3, 4, 5, 5), 3 * 4 * 25 * (9 + 4)),
        (nn.BatchNorm2d(3), (2, 3, 4, 4), 96 * 9),
        (nn.BatchNorm2d(3).eval(), (2, 3, 4, 4), 96 * 6),
        (nn.BatchNorm2d(3, affine=False).eval(), (2, 3, 4, 4), 96),
        (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 2, 3, 3), 2 * 6 * 6 * 8),
        (nn.Upsample(scale_factor=2), (1, 2, 3, 3), 2 * 6 * 6),
        (nn.ReflectionPad2d(1), (1, 2, 3, 3), 2 * 5 * 5),
        (nn.Flatten(), (1, 2, 3, 3), 0),
    ],
    ids=lambda value: str(value) if isinstance(value, nn.Module) else "",
)
@pytest.mark.sampled(5)
def test_the_gradient_of_a_layer_costs(layer, shape, flops):
    if flops == 0:
        shift = nn.Parameter(torch.zeros(1))
        model = Calls(lambda x: layer(x * shift), layer=layer)
        model.shift = shift
        assert [each for each in step_of(model, torch.ones(shape)).layers if each.layer == "layer"] == []
        return
    found = behind(layer, torch.ones(shape))
    assert (found.backward_macs, found.backward_other_flops) == (0, flops)


def test_the_gradient_of_an_embedding_adds_each_row_to_its_own():
    cost = step_of(nn.Embedding(10, 4), torch.tensor([[1, 2, 1]]))
    (found,) = [each for each in cost.layers if each.kind == "Embedding"]
    assert (cost.backward_macs, found.backward_other_flops) == (0, 3 * 4)


@pytest.mark.parametrize("keys", [5, 7])
def test_attention_works_its_scores_out_again_and_four_gradients(keys):
    project = nn.Linear(8, 8)

    def forward(x):
        q = project(x)
        k = q[:, :, :1].expand(-1, -1, keys, -1)
        return F.scaled_dot_product_attention(q, k, k)

    cost = step_of(Calls(forward, project=project), torch.ones(2, 3, 5, 8))
    found = next(each for each in cost.layers if "scaled_dot_product" in each.kind)
    scores = 2 * 3 * 5 * keys
    assert found.forward_macs == scores * (8 + 8)
    assert found.backward_macs == scores * 5 * 8


def test_a_gradient_that_indices_choose_is_added_up():
    layer = nn.Linear(4, 4)
    index = torch.tensor([0, 0, 1])
    cost = step_of(Calls(lambda x: layer(x)[index], layer=layer), torch.ones(2, 4))
    assert next(each for each in cost.layers if each.kind == "index").backward_other_flops == 3 * 4


def test_the_update_of_sgd_is_one_multiply_and_add_as_one_op():
    assert step_of(nn.Linear(8, 4), torch.ones(2, 8)).optimizer_flops == 8 * 4 + 4


@pytest.mark.parametrize(("use_reentrant", "again"), [(True, 2), (False, 1)])
def test_recomputation_stands_beside_forward_and_backward(use_reentrant, again):
    """Without reentrance the last layer is not run again: its gradient needs its input alone."""
    block = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    first = nn.Linear(8, 8)
    x = torch.ones(2, 8)
    plain = step_of(nn.Sequential(first, block), x)
    cost = step_of(
        Calls(lambda x: checkpoint(block, first(x), use_reentrant=use_reentrant), first=first, block=block), x
    )
    assert cost.recomputed_macs == again * 2 * 64
    assert plain.recomputed_macs == 0
    assert (cost.forward_macs, cost.backward_macs) == (plain.forward_macs, plain.backward_macs)
    assert cost.saved_bytes < plain.saved_bytes


def test_a_function_that_is_recomputed_stands_where_it_ran():
    class Net(nn.Module):
        def __init__(self, use_reentrant):
            super().__init__()
            self.first, self.second = nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 8))
            self.use_reentrant = use_reentrant

        def part(self, x):
            return self.second(x).relu() + x

        def forward(self, x):
            return checkpoint(self.part, self.first(x), use_reentrant=self.use_reentrant).tanh()

    for use_reentrant in (True, False):
        cost = step_of(Net(use_reentrant), torch.ones(2, 8))
        rows = {(each.layer, each.kind): each.recomputed_other_flops for each in cost.layers}
        assert rows["", "relu"] == 16
        assert rows["second.0", "Linear"] == 16


# -- another implementation --------------------------------------------------------------------------------------------


def counted_by_torch(model, x):
    """The multiply-accumulates of forward and backward pass that torch's counter says."""
    with FlopCounterMode(display=False) as counter:
        forward = model(x).sum()
        before = counter.get_total_flops()
        forward.backward()
    return before // 2, (counter.get_total_flops() - before) // 2


DENSE = ["lenet5_modern", "vgg11", "googlenet", "resnet18", "densenet121", "squeezenet1_1", "inception_v3"]


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.sampled(12)
def test_torchs_counter_agrees_where_nothing_is_grouped(name):
    source = sources.find(name)
    x = torch.empty(2, *source.input_shape, device="meta")
    cost = step_of(sources.build_on_meta(source), x)
    assert counted_by_torch(sources.build_on_meta(source), x) == (cost.forward_macs, cost.backward_macs)
    assert cost.uncounted == ()


class Groups(nn.Module):
    """A grouped convolution as a dense one for each group."""

    def __init__(self, channels, groups):
        super().__init__()
        width = channels // groups
        self.parts = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(groups))

    def forward(self, x):
        parts = x.chunk(len(self.parts), 1)
        return torch.cat([conv(part) for conv, part in zip(self.parts, parts, strict=True)], 1)


@pytest.mark.parametrize("groups", [1, 2, 4, 16])
def test_a_grouped_convolution_costs_what_its_groups_cost(groups):
    """Torch's own counter forgets groups in the backward pass: of a depthwise one of 16 channels it says 17 times."""
    x, before = torch.ones(2, 16, 8, 8), nn.Conv2d(16, 16, 1, bias=False)
    grouped = nn.Sequential(before, nn.Conv2d(16, 16, 3, padding=1, groups=groups, bias=False))
    explicit = nn.Sequential(before, Groups(16, groups))
    cost = step_of(grouped, x)
    assert (cost.forward_macs, cost.backward_macs) == counted_by_torch(copy.deepcopy(explicit), x)
    assert row(cost, "1").backward_macs == 2 * row(cost, "1").forward_macs
    _, theirs = counted_by_torch(copy.deepcopy(grouped), x)
    of_first = 2 * 64 * 16 * 16
    assert (theirs - of_first) / row(cost, "1").forward_macs == groups + 1


# -- laws --------------------------------------------------------------------------------------------------------------

# one of each family; of all 110 it takes a minute
SOME = [
    *("alexnet", "bn_inception", "fractalnet", "nin_cifar10", "resnet20", "resnext50_32x4d", "mobilenet_v1"),
    *("mobilenet_v3_small", "nasnet_a_mobile", "shufflenet_v1", "se_block", "wrn_40_4", "vdsr", "lenet5", "zfnet"),
]


@pytest.mark.parametrize("name", SOME)
@pytest.mark.sampled(9)
def test_the_forward_pass_of_training_multiplies_as_much_as_inference(name):
    source = sources.find(name)
    model, x = sources.build_on_meta(source), torch.empty(2, *source.input_shape, device="meta")
    cost = step_of(model, x)
    assert cost.uncounted == ()
    assert cost.forward_macs == count_trace(trace(model, (x,)), name).macs
    for key in ("forward_macs", "backward_macs", "backward_other_flops", "saved_bytes"):
        assert sum(getattr(each, key) for each in cost.layers) == getattr(cost, key)
    assert cost.forward_macs <= cost.backward_macs <= 2 * cost.forward_macs
    assert {each.layer for each in cost.layers} <= {path for path, _ in model.named_modules()}


def test_the_networks_above_are_ours():
    assert set(SOME) | set(DENSE) <= set(architectures)


@given(networks())
@settings(max_examples=20)
def test_work_and_saved_memory_are_linear_in_the_batch(drawn):
    """Statistics of batch norm do not grow, so two differences are compared."""
    network, size = drawn
    built(network, size)
    two, three, four = (step_of(network, images(batch, size)) for batch in (2, 3, 4))
    for key in ("forward_macs", "backward_macs", "saved_bytes"):
        values = [getattr(cost, key) for cost in (two, three, four)]
        assert values[1] - values[0] == values[2] - values[1] >= 0
    assert two.peak_bytes <= three.peak_bytes <= four.peak_bytes


@given(networks())
@settings(max_examples=20)
def test_rows_add_up_and_the_peak_holds_what_is_saved(drawn):
    network, size = drawn
    try:
        built(network, size)(images(2, size)).sum().backward()
    except RuntimeError:  # a ReLU in place, on what another layer keeps for its gradient
        with pytest.raises(ForwardError, match="modified by an in-place operation"):
            trace_step(built(network, size), (images(2, size),))
        return
    step = trace_step(built(network, size), (images(2, size),))
    cost = count_step(step, "network")
    for key in ("forward_macs", "forward_other_flops", "backward_macs", "backward_other_flops", "saved_bytes"):
        assert sum(getattr(each, key) for each in cost.layers) == getattr(cost, key)
    assert cost.saved_bytes <= cost.step_peak_bytes == max(alive_bytes(step))
    assert alive_bytes(step)[-1] == cost.gradient_bytes, "all else is freed when the step ends"


@given(convolutions())
@settings(max_examples=5)
def test_the_gradients_of_any_convolution_cost_twice_the_convolution(drawn):
    layer, shape = drawn
    x = torch.empty(2, *shape, device="meta")
    try:
        layer(x)
    except RuntimeError:  # a filter larger than the image
        return
    found = behind(layer, x)
    assert found.backward_macs == 2 * found.forward_macs


def test_a_frozen_layer_has_no_gradient_of_its_weights():
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8))
    model[1].requires_grad_(False)
    cost = step_of(model, torch.ones(2, 8))
    assert [row(cost, name).backward_macs for name in "012"] == [128, 128, 256]
    assert cost.gradient_bytes == 2 * 72 * 4


def test_an_op_without_a_rule_is_named_and_refused_if_asked(monkeypatch):
    monkeypatch.delitem(RULES, "convolution_backward")
    model, x = nn.Conv2d(3, 4, 3), torch.ones(1, 3, 5, 5)
    (op,) = step_of(model, x).uncounted
    assert (op.op, op.calls) == ("convolution_backward", 1)
    with pytest.raises(UncountedError, match=r"convolution_backward \(1 ×\)"):
        count_step(trace_step(model, (x,)), "network", strict=True)


# -- what is saved -----------------------------------------------------------------------------------------------------


def test_each_piece_of_memory_is_saved_once_and_parameters_and_inputs_are_not():
    # tanh keeps its result, which the second layer keeps as its input; the first keeps the network's input
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
    cost = step_of(model, torch.ones(2, 8))
    assert [(each.layer, each.saved_bytes) for each in cost.layers if each.saved_bytes] == [("1", 2 * 16 * 4)]


def test_an_activation_that_forgets_saves_its_input():
    # ReLU keeps its result and GELU its input: the next layer keeps GELU's result besides
    def saved(activation):
        return step_of(nn.Sequential(nn.Linear(8, 16), activation, nn.Linear(16, 4)), torch.ones(2, 8)).saved_bytes

    assert saved(nn.ReLU()) == 2 * 16 * 4
    assert saved(nn.GELU()) == 2 * 2 * 16 * 4


def test_what_is_saved_is_what_torchs_own_hooks_say_of_a_real_step():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LayerNorm(36)
    )
    x, seen = torch.rand(2, 3, 8, 8), {}
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers(), x)}

    def pack(tensor):
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = model(x)
    expected = sum(nbytes for pointer, nbytes in seen.items() if pointer not in own)
    assert out.requires_grad
    assert step_of(model, x).saved_bytes == expected


def test_mixed_precision_saves_half_and_copies_of_the_weights():
    model = nn.Sequential(nn.Linear(8, 16, bias=False), nn.Tanh(), nn.Linear(16, 4, bias=False))
    x = torch.ones(32, 8)
    cost = step_of(model, x, amp=True)
    # in bfloat16: the input, the result of tanh, and the weights of the second layer, whose input needs a gradient
    assert cost.saved_bytes == 2 * (32 * 8 + 32 * 16 + 16 * 4)
    assert (cost.parameter_bytes, cost.gradient_bytes) == (4 * (128 + 64), 4 * (128 + 64))


def test_half_precision_halves_everything():
    def step(dtype):
        return step_of(nn.Sequential(nn.Linear(8, 16), nn.Tanh()).to(dtype), torch.ones(2, 8, dtype=dtype))

    single, half = step(torch.float32), step(torch.bfloat16)
    for key in ("parameter_bytes", "gradient_bytes", "saved_bytes", "step_peak_bytes", "input_bytes"):
        assert getattr(single, key) == 2 * getattr(half, key)
    assert math.isclose(single.peak_bytes, 2 * half.peak_bytes)


class Complex(nn.Module):
    def __init__(self, layer, *within, branches=False):
        super().__init__()
        self.layer, self.branches, self.within = layer, branches, nn.ModuleList(within)

    def forward(self, x):
        x = self.layer(x)
        return x.abs() if not self.branches or x.abs().sum() >= 0 else x.real


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("layer", "size", "outputs", "products"),
    [
        (nn.Conv1d(2, 4, 3, dtype=torch.cfloat), (8,), 4 * 6, 2 * 3),
        (nn.Conv2d(2, 4, 3, padding="same", dtype=torch.cfloat), (8, 8), 4 * 64, 2 * 9),
        (nn.Conv2d(2, 4, 3, groups=2, bias=False, dtype=torch.cfloat), (8, 8), 4 * 36, 9),
        (nn.Conv3d(2, 4, 1, dtype=torch.cdouble), (3, 3, 3), 4 * 27, 2),
        (nn.ConvTranspose2d(2, 4, 3, dtype=torch.cfloat), (8, 8), 2 * 64, 4 * 9),
    ],
)
def test_a_complex_convolution_costs_one_mac_for_each_complex_product(layer, size, outputs, products):
    x = torch.ones(1, 2, *size, dtype=layer.weight.dtype)
    macs = outputs * products
    assert count(Complex(layer), x).macs == macs
    for network in (Complex(layer), Complex(layer, branches=True)):
        cost = count_training(network, x)
        assert (cost.forward_macs, cost.backward_macs) == (macs, macs)
    assert count_training(Complex(layer), x.requires_grad_()).backward_macs == 2 * macs


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_a_complex_convolution_that_is_recomputed_costs_one_mac_for_each_complex_product(use_reentrant):
    layer = nn.Conv2d(2, 4, 3, dtype=torch.cfloat)
    x = torch.ones(1, 2, 8, 8, dtype=torch.cfloat, requires_grad=True)
    cost = count_training(Complex(lambda x: checkpoint(layer, x, use_reentrant=use_reentrant), layer), x)
    macs = 4 * 36 * 2 * 9
    assert (cost.forward_macs, cost.recomputed_macs, cost.backward_macs) == (macs, macs, 2 * macs)


@pytest.mark.parametrize("call", [lambda x: torch.atan2(x, x.sum(0)), lambda x: torch.mvlgamma(x + 3, 2)])
def test_a_gradient_that_adds_tensors_of_different_shapes_is_counted(call):
    assert count_training(Complex(call, nn.Linear(1, 1)), torch.ones(5, 1, requires_grad=True)).uncounted == ()
