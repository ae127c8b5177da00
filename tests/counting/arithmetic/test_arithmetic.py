"""The sums behind the rows: each formula is worked out again, and comes to what the rules count."""

import functools
import re
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F  # noqa: N812

import archstat
from archstat.analysis import inference
from archstat.counting.arithmetic import explain_trace
from archstat.counting.arithmetic.terms import TERMS, total
from archstat.counting.arithmetic.windows import Adapted, Window
from archstat.counting.rows import count_trace
from archstat.counting.rules import RULES
from archstat.counting.rules import cost_of as rule_cost
from archstat.expressions import evaluate
from archstat.networks.settings import Setting
from archstat.records import OpCall
from archstat.registry import architectures
from tests.counting.test_rules import BY_HAND, COUNTED, tensor
from tests.support import Calls, trace_of

COUNTS = (("parameters", "parameters"), ("MACs", "macs"), ("activations", "activations"))


def named(value):
    """Layers by what they print; a function prints where it lies."""
    return str(value)[:50] if isinstance(value, nn.Module) else None


def hold(trace):
    """Whether every number of every row has a sum that comes to it; the steps of all rows."""
    rows = count_trace(trace, "network").layers
    explained = explain_trace(trace)
    assert [each.row for each in explained] == list(rows)
    for row, steps in [(each.row, each.steps) for each in explained]:
        for step in steps:
            assert not step.formula or evaluate(step.formula) == step.result, (row.layer, step)
        for quantity, name in COUNTS:
            found = [(bool(step.formula), step.result) for step in steps if step.quantity == quantity]
            assert found == ([(True, getattr(row, name))] if getattr(row, name) else []), (row, steps)
    return [step for each in explained for step in each.steps]


def formulas(model, *inputs):
    """The formula of each quantity of a network of one row."""
    (row,) = explain_trace(trace_of(model, *inputs))
    return {step.quantity: step.formula for step in row.steps}


# -- whole networks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(architectures))
@pytest.mark.sampled(6)
def test_every_number_of_an_architecture_has_a_sum_that_comes_to_it(name):
    steps = hold(inference.analyse(name, Setting()).trace)
    assert all(step.formula for step in steps if step.quantity != "receptive field")


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "googlenet",
        "resnet18",
        "densenet121",
        "mobilenet_v3_small",
        "vit_b_16",
        "swin_t",
        "convnext_tiny",
        "shufflenet_v2_x0_5",
    ],
)
def test_the_numbers_of_torchvisions_networks_have_sums(torchvision, name):
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(**options)
    hold(trace_of(model, torch.empty(2, 3, 224, 224, device="meta")))


@pytest.mark.usefixtures("torchvision")  # timm imports it
@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "efficientnet_b0", "mixer_s32_224", "levit_128s"])
def test_the_numbers_of_timms_networks_have_sums(name):
    timm = pytest.importorskip("timm")
    hold(trace_of(timm.create_model(name), torch.empty(1, 3, 224, 224, device="meta")))


@pytest.mark.usefixtures("torchvision")  # transformers imports it
@pytest.mark.parametrize("name", ["Bert", "GPT2"])
def test_the_numbers_of_language_models_have_sums(name):
    transformers = pytest.importorskip("transformers")
    if name == "Bert":
        config = transformers.BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=100)
        model = transformers.BertModel(config)
    else:
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=4))
    hold(trace_of(model, torch.zeros(1, 16, dtype=torch.int64)))


ones = torch.ones
OTHERS = [
    (nn.LSTM(8, 16, 2, bidirectional=True, proj_size=4), [ones(5, 2, 8)]),
    (nn.LSTM(8, 16, 3, bias=False), [ones(5, 8)]),
    (nn.GRU(8, 16, 2), [ones(5, 2, 8)]),
    (nn.RNN(8, 16, 2, nonlinearity="relu"), [ones(5, 2, 8)]),
    (nn.LSTMCell(4, 5), [ones(2, 4)]),
    (nn.MultiheadAttention(8, 2), [ones(5, 2, 8)] * 3),
    (nn.MultiheadAttention(8, 2, kdim=6, vdim=5), [ones(5, 2, 8), ones(7, 2, 6), ones(7, 2, 5)]),
    (nn.TransformerEncoderLayer(8, 2, 16), [ones(5, 2, 8)]),
    (nn.TransformerDecoderLayer(8, 2, 16), [ones(5, 2, 8), ones(7, 2, 8)]),
    (nn.Conv1d(4, 6, 3, groups=2, dilation=2), [ones(2, 4, 20)]),
    (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), [ones(1, 4, 9, 9)]),
    (nn.Conv2d(4, 8, (3, 1), stride=(2, 1), groups=4), [ones(4, 9, 9)]),
    (nn.Conv3d(4, 4, (2, 3, 4), padding=(0, 1, 2), stride=2), [ones(2, 4, 9, 9, 9)]),
    (nn.ConvTranspose1d(3, 4, 3, 2), [ones(1, 3, 20)]),
    (nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2, dilation=2), [ones(2, 4, 9, 7)]),
    (nn.ConvTranspose3d(4, 6, 2, bias=False), [ones(1, 4, 3, 4, 5)]),
    (nn.Embedding(50, 8), [torch.zeros(2, 5, dtype=torch.int64)]),
    (nn.EmbeddingBag(50, 8), [torch.zeros(2, 5, dtype=torch.int64)]),
    (nn.GroupNorm(2, 4), [ones(2, 4, 5, 5)]),
    (nn.LayerNorm((4, 5)), [ones(2, 4, 5)]),
    (nn.InstanceNorm2d(4, affine=True), [ones(2, 4, 5, 5)]),
    (nn.BatchNorm1d(4), [ones(2, 4)]),
    (nn.PReLU(4), [ones(2, 4)]),
    (nn.PixelShuffle(2), [ones(1, 4, 5, 5)]),
    (nn.PixelUnshuffle(2), [ones(1, 4, 6, 6)]),
    (nn.Upsample(scale_factor=1.5, mode="bilinear"), [ones(1, 4, 5, 5)]),
    (nn.ZeroPad2d((1, 2, 3, -4)), [ones(1, 4, 9, 9)]),
    (nn.LocalResponseNorm(5), [ones(1, 8, 9, 9)]),
    (nn.Bilinear(4, 5, 3), [ones(2, 4), ones(2, 5)]),
    (nn.MaxPool1d(3, 2), [ones(1, 3, 20)]),
    (nn.AvgPool3d(2), [ones(1, 3, 4, 4, 4)]),
    (nn.AdaptiveAvgPool2d((6, 5)), [ones(1, 3, 13, 5)]),
    (nn.AdaptiveAvgPool2d(0), [ones(1, 3, 13, 5)]),
    (nn.Unfold(3), [ones(1, 4, 9, 9)]),
    (nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), [ones(2, 4)]),
    (nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)), [ones(2, 4)]),
    (nn.Linear(4, 4).double(), [ones(4).double()]),
    (nn.Conv2d(4, 4, 3), [ones(0, 4, 5, 5)]),
    (functools.partial(torch.einsum, "bij,bjk->bik"), [ones(2, 3, 4), ones(2, 4, 5)]),
    (torch.matmul, [ones(2, 1, 3, 4), ones(5, 4, 6)]),
    (torch.bmm, [ones(2, 3, 4), ones(2, 4, 5)]),
    (torch.addmm, [ones(3, 5), ones(3, 4), ones(4, 5)]),
    (torch.dot, [ones(4), ones(4)]),
    (F.scaled_dot_product_attention, [ones(1, 2, 7, 8), ones(1, 2, 5, 8), ones(1, 2, 5, 6)]),
    (lambda x: (x + 1).chunk(2, 1), [ones(2, 4)]),
    (lambda x: (x + 1)[:, :1], [ones(2, 4)]),
    (lambda x: x.max(1), [ones(2, 4)]),
    (lambda x: (x > 0, x.double()), [ones(2, 4)]),
]


@pytest.mark.parametrize(("model", "inputs"), OTHERS, ids=named)
def test_the_numbers_of_a_layer_have_sums(model, inputs):
    hold(trace_of(model, *inputs))


@pytest.mark.parametrize(("call", "inputs"), [other for other in OTHERS if not isinstance(other[0], nn.Module)])
def test_the_numbers_of_an_op_outside_a_leaf_have_sums(call, inputs):
    assert hold(trace_of(Calls(call, idle=nn.Identity()), *inputs))


@pytest.mark.parametrize(
    ("kind", "arguments", "shape"),
    [
        (nn.Conv2d, (0, 4, 3), (1, 0, 5, 5)),
        (nn.Conv2d, (3, 4, 3), (0, 3, 5, 5)),
        (nn.Linear, (3, 0), (2, 3)),
        (nn.Linear, (0, 3), (2, 0)),
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_layer_with_nothing_in_it_is_counted_and_explained(kind, arguments, shape):
    layer = kind(*arguments)
    hold(trace_of(layer, torch.empty(shape)))
    assert archstat.count(layer, torch.empty(shape)).macs == 0


# -- single layers, written out ----------------------------------------------------------------------------------------

image = torch.ones(1, 4, 32, 32)
LAYERS = [
    (
        nn.Conv2d(1, 6, 5),
        torch.ones(1, 1, 32, 32),
        {
            "output size": "(32 − 5 + 2·0)/1 + 1",
            "parameters": "(5·5·1 + 1)·6",
            "MACs": "28·28·6 · 5·5·1",
            "activations": "28·28·6",
        },
    ),
    (nn.Conv2d(4, 6, 5, bias=False), image, {"parameters": "5·5·4·6"}),
    (nn.Conv2d(4, 6, 5), image.expand(8, -1, -1, -1), {"MACs": "8·28·28·6 · 5·5·4", "activations": "8·28·28·6"}),
    (
        nn.Conv2d(4, 6, 3, groups=2),
        image,
        {"parameters": "(3·3·(4/2) + 1)·6", "MACs": "30·30·6 · 3·3·(4/2)"},
    ),
    (nn.Conv2d(4, 4, 3, groups=4), image, {"parameters": "(3·3·1 + 1)·4", "MACs": "30·30·4 · 3·3·1"}),
    (
        nn.Conv2d(4, 4, 3, dilation=2, padding=2),
        image,
        {"output size": "(32 − (2·(3 − 1) + 1) + 2·2)/1 + 1", "MACs": "32·32·4 · 3·3·4"},
    ),
    (nn.Conv2d(4, 4, 2, padding="same"), image, {"output size": "(32 − 2 + 1)/1 + 1"}),
    (
        nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1),
        image,
        {
            "output size": "(32 − 1)·2 − 2·1 + (4 − 1) + 1",
            "parameters": "(4·4·4 + 1)·6",
            "MACs": "32·32·4 · 4·4·6",
        },
    ),
    (
        nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1, dilation=2),
        image,
        {"output size": "(32 − 1)·2 − 2·0 + 2·(3 − 1) + 1 + 1"},
    ),
    (nn.Linear(120, 84), torch.ones(1, 120), {"parameters": "(120 + 1)·84", "MACs": "84 · 120"}),
    (nn.Linear(8, 3, bias=False), torch.ones(2, 5, 8), {"parameters": "8·3", "MACs": "2·5·3 · 8"}),
    (nn.MaxPool2d(2), image, {"output size": "(32 − 2)/2 + 1", "activations": "16·16·4"}),
    (nn.MaxPool2d(3, 2, 1), image, {"output size": "⌊(32 − 3 + 2·1)/2⌋ + 1"}),
    (nn.MaxPool2d(3, 2, ceil_mode=True), image, {"output size": "⌈(32 − 3)/2⌉ + 1"}),
    (nn.AvgPool2d((2, 4)), image, {"output height": "(32 − 2)/2 + 1", "output width": "(32 − 4)/4 + 1"}),
    (nn.AdaptiveAvgPool2d(1), image, {"output size": "32/32"}),
    (nn.AdaptiveAvgPool2d(5), image, {"output size": ""}),
    (nn.BatchNorm2d(4), image, {"parameters": "2·4"}),
    (nn.LayerNorm((4, 8)), torch.ones(2, 4, 8), {"parameters": "2·4·8"}),
    (nn.Embedding(50, 8), torch.zeros(5, dtype=torch.int64), {"parameters": "50·8", "activations": "5·8"}),
    (nn.LSTM(8, 16), torch.ones(5, 2, 8), {"parameters": "4·16·(8 + 16 + 2)", "MACs": "5·2 · 4·16·(8 + 16)"}),
    (nn.GRU(8, 16), torch.ones(5, 2, 8), {"parameters": "3·16·(8 + 16 + 2)", "MACs": "5·2 · 3·16·(8 + 16)"}),
    (nn.RNN(8, 16), torch.ones(5, 2, 8), {"parameters": "16·(8 + 16 + 2)"}),
    (
        nn.LSTM(8, 16, 3),
        torch.ones(5, 2, 8),
        {"MACs": "5·2 · (4·16·(8 + 16) + 2 · (4·16·(16 + 16)))"},
    ),
    (nn.LSTM(8, 16, proj_size=4), torch.ones(5, 8), {"MACs": "5 · (4·16·(8 + 4) + 4·16)"}),
    (nn.PixelShuffle(2), image, {"output size": "32·2"}),
    (nn.Upsample(scale_factor=2), image, {"output size": "32·2"}),
    (nn.ReflectionPad2d((1, 1, 2, -1)), image, {"output height": "32 + 2 − 1", "output width": "32 + 1 + 1"}),
]


@pytest.mark.parametrize(("layer", "x", "expected"), LAYERS, ids=named)
def test_a_layer_is_explained_as_a_lecture_does(layer, x, expected):
    found = formulas(layer, x)
    assert {quantity: found[quantity] for quantity in expected} == expected


def test_attention_is_two_products_of_queries_and_keys():
    q, k, v = (torch.ones(1, 12, n, width) for n, width in ((7, 64), (5, 64), (5, 32)))
    (row,) = explain_trace(trace_of(F.scaled_dot_product_attention, q, k, v))
    macs = next(step for step in row.steps if step.quantity == "MACs")
    assert (macs.formula, macs.remark) == ("12·7·5 · (64 + 32)", "q·kᵀ and softmax·v")


def test_a_leaf_of_many_products_groups_the_equal_ones():
    weight = torch.ones(4, 4)
    found = formulas(
        nn.Sequential(Calls(lambda x: functools.reduce(torch.mm, [weight] * 12, x) @ torch.ones(4, 3))),
        torch.ones(2, 4),
    )
    assert found["MACs"] == "12 · (2·4 · 4) + 2·3 · 4"


def test_maps_with_their_channels_last_are_told_in_their_own_order():
    weight = torch.ones(6, 3, 5, 5)
    layer = nn.Sequential(Calls(lambda x: F.conv2d(x.permute(0, 3, 1, 2), weight).permute(0, 2, 3, 1)))
    assert formulas(layer, torch.ones(1, 24, 32, 3))["activations"] == "20·28·6"


def test_what_has_nothing_to_say_has_no_step():
    assert formulas(nn.ReLU(inplace=True), image) == {}
    assert formulas(nn.ReLU(), image).keys() == {"activations"}
    explained = explain_trace(trace_of(nn.Sequential(layer := nn.Linear(4, 4), layer), torch.ones(2, 4)))
    assert [[step.quantity for step in each.steps] for each in explained] == [
        ["parameters", "MACs", "activations"],
        ["MACs", "activations"],
    ]


def test_parameters_that_no_op_explains_are_named():
    (coefficient,) = [
        step
        for each in archstat.explain("lenet5")
        if each.row.layer == "s2"
        for step in each.steps
        if step.quantity == "parameters"
    ]
    assert (coefficient.formula, coefficient.remark) == ("2·6", "coefficient, bias")


def test_the_bytes_of_activations_stand_beside_them():
    remarks = [step.remark for each in archstat.explain("lenet5")[:1] for step in each.steps]
    assert remarks == ["6×28×28", "", "", "× 4 B = 18,816 B", "5×5, stride 1"]
    assert explain_trace(trace_of(lambda x: x.half(), torch.ones(3)))[0].steps[0].remark == "× 2 B = 6 B"


@pytest.mark.parametrize("name", ["vgg16", "alexnet", "resnet50", "mobilenet_v1", "zfnet", "vdsr"])
def test_a_window_adds_to_the_field_of_what_it_sees(name):
    steps = [step for each in archstat.explain(name) for step in each.steps if step.quantity == "receptive field"]
    assert all(step.formula for step in steps if step.remark != "whole image")
    assert all(step.result is None for step in steps if step.remark == "whole image")


def test_three_3x3_see_what_one_7x7_sees():
    fields = {
        name: [step for each in archstat.explain(name) for step in each.steps if step.quantity == "receptive field"]
        for name in ("three_3x3", "one_7x7")
    }
    assert [step.formula for step in fields["three_3x3"]] == ["1 + (3 − 1)·1", "3 + (3 − 1)·1", "5 + (3 − 1)·1"]
    assert fields["three_3x3"][-1].result == fields["one_7x7"][-1].result == 7
    assert fields["three_3x3"][-1].remark == fields["one_7x7"][-1].remark == "7×7, stride 1, padding 3"


def test_the_connection_table_of_lenet5_is_6_maps_of_3_and_9_of_4_and_1_of_6():
    rows = [each for each in archstat.explain("lenet5") if each.row.layer.startswith("c3.")]
    found = [step.formula for each in rows for step in each.steps if step.quantity == "parameters"]
    assert found == ["(5·5·(18/6) + 1)·6", "(5·5·(36/9) + 1)·9", "(5·5·6 + 1)·1"]
    assert sum(map(evaluate, found)) == (6 * 3 + 9 * 4 + 1 * 6) * 25 + 16 == 1516


# -- every op that multiplies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "call", "inputs"),
    [pytest.param(*case.values[:3], id=case.id) for case in COUNTED if case.values[3]],
)
def test_the_sum_of_an_op_comes_to_its_multiply_accumulates(op, call, inputs):
    trace = trace_of(call, *map(tensor, inputs))
    found = [(evaluate(TERMS[each.op](each)), rule_cost(each).macs) for each in trace.ops if rule_cost(each).macs]
    assert op in TERMS
    assert [term for term, _ in found] == [macs for _, macs in found]


@pytest.mark.parametrize("op", [op for op, (*_, cost) in BY_HAND.items() if cost and cost.macs])
def test_the_sum_of_an_op_that_runs_elsewhere_comes_to_its_multiply_accumulates(op):
    args, out, cost = BY_HAND[op]
    assert evaluate(TERMS[op](OpCall(op, 0, "other", args, {}, (out,)))) == cost.macs


def test_every_op_that_multiplies_has_a_sum():
    multiplying = {case.values[0] for case in COUNTED if case.values[3]}
    multiplying |= {op for op, (*_, cost) in BY_HAND.items() if cost and cost.macs}
    assert multiplying - TERMS.keys() == set()
    assert TERMS.keys() - RULES.keys() == set()


def test_equal_terms_are_put_together():
    assert total(["a", "b", "a"]) == "2·a + b"
    assert total(["6 · 3", "6 · 3", "6 · 3"]) == "3 · (6 · 3)"


# -- strides that do not fit -------------------------------------------------------------------------------------------


def remarks(layer, *shape):
    (row,) = explain_trace(trace_of(layer, torch.empty(shape, device="meta")))
    return [step.remark.partition("; ")[2] for step in row.steps if step.quantity.startswith("output")]


@pytest.mark.parametrize(
    ("layer", "shape", "remark"),
    [
        (
            nn.MaxPool2d(3, 3),
            (1, 1, 7, 7),
            "(7 − 3)/3 + 1 = 2.33 does not fit: the last row and column are not seen; a padding of 1 would make it fit",
        ),
        # 224 is what AlexNet's paper says, 227 is what its layers need
        (
            nn.Conv2d(3, 96, 11, stride=4),
            (1, 3, 224, 224),
            (
                "(224 − 11 + 2·0)/4 + 1 = 54.25 does not fit: the last row and column are not seen; "
                "an input of 223 or 227 would fit"
            ),
        ),
        (
            nn.Conv1d(1, 1, 3, stride=4),
            (1, 1, 9),
            "1 of 4 elements lie between the windows",
        ),
        (
            nn.MaxPool1d(4, 4),
            (1, 1, 11),
            "(11 − 4)/4 + 1 = 2.75 does not fit: the last 3 elements are not seen; an input of 8 or 12 would fit",
        ),
        (
            nn.Conv2d(3, 64, 7, stride=2, padding=3),
            (1, 3, 224, 224),
            "112.5 rounded down: the last row and column of the padding are not used",
        ),
        (nn.Conv2d(3, 8, 1, stride=2), (1, 3, 9, 9), "1 of 2 rows and columns lie between the windows"),
        (
            nn.MaxPool2d(3, 2, ceil_mode=True),
            (1, 1, 112, 112),
            "rounded up: the last window reaches 1 row and column over the edge",
        ),
        (
            nn.MaxPool2d(2, 2, padding=1, ceil_mode=True),
            (1, 1, 7, 7),
            "not rounded up: one more window would begin beyond the edge",
        ),
        (nn.AdaptiveAvgPool2d(5), (1, 1, 13, 13), "from 13, windows of 3 and 4 rows and columns"),
        (nn.MaxPool2d(3, 2), (1, 1, 9, 9), ""),
    ],
    ids=named,
)
def test_what_does_not_fit_is_said(layer, shape, remark):
    assert remarks(layer, *shape) == [remark]


@st.composite
def windows(draw):
    size, kernel, stride = draw(st.integers(1, 40)), draw(st.integers(1, 7)), draw(st.integers(1, 7))
    padding, dilation = draw(st.integers(0, kernel // 2)), draw(st.integers(1, 3))
    ceil = draw(st.booleans())
    assume(size + 2 * padding >= dilation * (kernel - 1) + 1)
    pool = nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil)
    result = pool(torch.ones(1, 1, size)).shape[-1]
    return Window(size, kernel, stride, (padding, padding), dilation, ceil, names_padding=False, result=result)


@given(windows())
def test_the_sum_of_a_window_is_what_torch_makes(window):
    assert evaluate(window.formula()) == window.result


@given(windows())
def test_what_is_not_seen_is_what_lies_beyond_the_last_window(window):
    remark = window.remark(["element"])
    reach = window.dilation * (window.kernel - 1) + 1
    padding = window.padding[0]
    end = (window.result - 1) * window.stride + reach - padding  # the first element that no window reaches
    if "does not fit" in remark:
        lost = re.search(r"the last (\d*)", remark)[1]
        assert int(lost or 1) == window.size - end > 0
    elif "of the padding" in remark:
        assert window.size <= end < window.size + padding
    elif "rounded up:" in remark:
        assert end - (window.size + padding) == int(re.search(r"reaches (\d+)", remark)[1]) > 0
    elif "lie between" in remark:
        assert reach < window.stride
    elif "beyond the edge" in remark:
        assert window.rounds_up
        assert window.result * window.stride - padding >= window.size
    else:
        assert remark == ""
        assert end == window.size + padding


@given(windows())
def test_what_would_fit_fits(window):
    cure = window.remark(["element"]).partition("; ")[2]
    reach = window.dilation * (window.kernel - 1) + 1
    numbers = [int(number) for number in re.findall(r"\d+", cure)]
    if "padding" in cure:
        assert (window.size + 2 * numbers[0] - reach) % window.stride == 0
        assert numbers[0] <= reach // 2
    for size in numbers if "input" in cure else []:
        assert Fraction(size + 2 * window.padding[0] - reach, window.stride).denominator == 1
        assert abs(size - window.size) < window.stride


@given(st.integers(1, 30), st.integers(1, 30))
def test_the_windows_of_an_adaptive_pool_have_the_sizes_that_are_named(size, result):
    sums = F.adaptive_avg_pool1d(torch.arange(size, dtype=torch.float64).expand(1, 1, size), result)
    pool = Adapted(size, result)
    assert sums.shape[-1] == result
    if pool.formula():
        assert evaluate(pool.formula()) == result
    named = {int(n) for n in re.findall(r"\d+", pool.remark(["element"]).partition("windows")[2])}
    counted = {-(-(i + 1) * size // result) - i * size // result for i in range(result)}
    assert named == (counted if size != result else set())


def test_the_sum_of_a_field_is_there_on_maps_of_any_height_and_width():
    (explained,) = archstat.explain(nn.Conv2d(3, 4, 5, padding=2), torch.empty(1, 3, 9, 20, device="meta"))
    (step,) = [step for step in explained.steps if step.quantity == "receptive field"]
    assert (step.formula, step.result) == ("1 + (5 − 1)·1", 5)


def test_maps_with_a_height_of_1_have_sums_of_their_sizes_and_a_row_of_elements_has_one():
    maps = archstat.explain(nn.Conv2d(3, 4, 1), torch.empty(1, 3, 1, 20, device="meta"))[0]
    row = archstat.explain(nn.Conv1d(3, 4, 5), torch.empty(1, 3, 20, device="meta"))[0]
    assert [step.quantity for step in maps.steps[:2]] == ["output height", "output width"]
    assert row.steps[0].quantity == "output size"


def test_what_a_window_does_at_the_edges_is_told_where_its_kind_does_not():
    layers = nn.Sequential(
        nn.Conv2d(3, 4, (1, 7), padding=(0, 3)),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1),
        nn.Conv2d(4, 4, 3),
        nn.ReLU(),
    )
    told = [each.edges for each in archstat.explain(layers, torch.empty(1, 3, 15, 15, device="meta"))]
    assert told == ["padding 0×3", "rounded up", "padding 1, output padding 1", "", ""]
