"""Conventions: each difference from our MACs is a term, and the terms add up."""

import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.counting.conventions import CONVENTIONS, OURS, PAPERS, TABLES, TOOLS
from archstat.counting.conventions.convention import PRODUCTS, Convention, counts_as
from archstat.counting.conventions.tally import _what, tally
from archstat.errors import UnknownNameError
from archstat.networks.settings import Setting
from archstat.registry import architectures
from archstat.tracing import trace

IMAGE = torch.empty(1, 3, 8, 8, device="meta")


class Net(nn.Sequential):
    """Of everything that conventions differ in, one."""

    def __init__(self):
        conv = nn.Conv2d(3, 4, kernel_size=3)
        super().__init__(
            conv, nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10)
        )


CONV, LINEAR = 6 * 6 * 4 * 27, 4 * 10
MAPS, POOLED = 4 * 6 * 6, 4 * 3 * 3
MADE = {"MACs": CONV + LINEAR, "FLOPs": CONV + LINEAR, "activations": 3 * MAPS + POOLED + 4 + 10, "parameters": 170}
"""Ours; a convolution, batch norm and ReLU of the same size, both pools and the linear layer; 112 + 8 + 50 weights."""

UNPRODUCED = {"outputs of layers without products left out": -(2 * MAPS + POOLED + 4)}
FVCORE = {"batch norm, 2 an element": 2 * MAPS, "adaptive average pooling, 1 an input": POOLED}
TWICE = {"two operations for each multiply-accumulate": CONV + LINEAR}
BY_HAND = {
    "conv+linear": {},
    "conv": {"linear layers left out": -LINEAR},
    "conv+linear+add": {},
    "conv+linear+norm": {"batch norm, 1 an element": MAPS, "biases of convolutions": MAPS},
    "canziani2016": TWICE,
    "bianco2018": {
        "linear layers left out": -LINEAR,
        "biases of convolutions, ½ an output and by the groups": MAPS // 2,
    },
    "fvcore": FVCORE,
    "fvcore-activations": UNPRODUCED,
    "torchinfo": {"biases": MAPS + 10, "parameters of other layers, 1 an input": 2 * 4},
    "ptflops": {
        "batch norm, 2 an element": 2 * MAPS,
        "biases": MAPS + 10,
        "activation layers": MAPS,
        "activation functions, layers included": MAPS,
        "pooling layers, 1 an input": MAPS + POOLED,
        "pooling functions, layers included": MAPS + POOLED,
    },
    "ptflops-aten": {"biases": MAPS + 10},
    "thop": {"batch norm, 4 an element": 4 * MAPS, "adaptive average pooling, its window and 1": (9 + 1) * 4},
    "FlopCounterMode": TWICE,
    "calflops": {
        **TWICE,
        "biases of convolutions": MAPS,
        "batch norm, 2 an element": 2 * MAPS,
        "activations, 1 an element": MAPS,
        "pooling, 1 an input": MAPS + POOLED,
    },
    "ultralytics": {
        **TWICE,
        "batch norm, 8 an element": 8 * MAPS,
        "adaptive average pooling": 2 * (POOLED + 4),
    },
    "keras": {"running means and variances": 2 * 4},
    "mmengine": FVCORE,
    "mmengine-activations": UNPRODUCED,
    "lightning": TWICE,
    "torchvision": {},
    "timm": FVCORE,
    "timm-activations": UNPRODUCED,
    "open_clip": TWICE,
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_terms_of_a_convention_are_those_worked_out_by_hand(name):
    found = analyse_model(Net(), IMAGE).tally(name)
    assert found.ours == MADE[CONVENTIONS[name].unit]
    assert {term.name: term.amount for term in found.terms} == BY_HAND[name]
    assert found.number == MADE[CONVENTIONS[name].unit] + sum(BY_HAND[name].values())


@pytest.mark.parametrize("name", list(architectures))
@pytest.mark.sampled(20)
def test_terms_and_rows_add_up_by_every_convention(name):
    network = analyse(name, Setting())
    for convention in CONVENTIONS:
        found = network.tally(convention)
        assert bool(found.refusal) <= (convention in ("ultralytics", "fvcore-activations"))
        if found.refusal:
            continue
        assert found.number == found.ours + sum(term.amount for term in found.terms) == sum(found.rows)
        assert len(found.rows) == len(network.cost.layers)
        assert all(term.amount for term in found.terms)
        amounts = [abs(term.amount) for term in found.terms]
        assert amounts == sorted(amounts, reverse=True)
    assert network.tally(OURS).terms == ()


@pytest.mark.parametrize(
    ("name", "convention", "number"),
    [
        # torchvision's ResNet-50, as printed by the tools: 4.09, 4.11, 4.13, 8.2
        ("resnet50_v1_5", "conv+linear", 4_089_184_256),
        ("resnet50_v1_5", "fvcore", 4_111_512_576),
        ("resnet50_v1_5", "thop", 4_133_742_592),
        ("resnet50_v1_5", "ptflops", 4_126_917_608),
        ("resnet50_v1_5", "FlopCounterMode", 8_178_368_512),
        # Bianco et al. 2018: 1.583 G, half a bias at each output of the convolutions; 0.568 G
        ("googlenet", "bianco2018", 1_582_671_872 - 1_024_000 + 3_226_160 // 2),
        ("mobilenet_v1", "bianco2018", 567_716_352),
    ],
)
def test_the_numbers_that_people_ask_about_come_out(name, convention, number):
    assert analyse(name, Setting()).tally(convention).number == number


def test_half_an_operation_of_a_bias_is_dropped():
    found = analyse_model(nn.Conv2d(1, 1, 3), torch.empty(1, 1, 5, 5)).tally("bianco2018")
    assert found.number == 9 * 9 + 9 // 2


@pytest.mark.parametrize("convention", [*PAPERS, *TABLES, "thop", "torchinfo", "FlopCounterMode"])
def test_a_number_grows_with_the_batch_but_for_torchinfos_norms(convention):
    one, two = (analyse("resnet18", Setting(batch_size=size)).tally(convention).number for size in (1, 2))
    assert two == 2 * one


def test_a_layer_of_a_class_of_ones_own_is_not_seen_by_those_who_go_by_classes():
    class Own(nn.Conv2d):
        pass

    network = analyse_model(nn.Sequential(Own(3, 4, 3, bias=False)), IMAGE)
    for tool, number in (("thop", 0), ("ptflops", 0), ("torchinfo", 4 * 27), ("fvcore", CONV), ("calflops", 2 * CONV)):
        assert network.tally(tool).number == number


def test_what_ran_outside_of_layers_is_not_seen_by_torchinfo_and_thop():
    class Functional(nn.Module):
        def forward(self, x):
            return nn.functional.conv2d(x, torch.empty(4, 3, 3, 3, device=x.device))

    network = analyse_model(Functional(), IMAGE)
    for tool in ("thop", "torchinfo"):
        (term,) = network.tally(tool).terms
        assert (term.name, term.amount) == ("convolutions left out", -CONV)


# -- what cannot be told -----------------------------------------------------------------------------------------------


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(4, 4))
        self.second = nn.Sequential(self.first[0])

    def forward(self, x):
        return self.second(self.first(x))


class Tied(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 4), nn.Linear(4, 4))
        self[1].weight = self[0].weight


@pytest.mark.parametrize(
    ("model", "x", "tools", "reason"),
    [
        (
            Shared(),
            torch.empty(1, 4),
            "torchinfo ptflops thop calflops",
            "a layer that runs outside the layer that holds",
        ),
        (Tied(), torch.empty(1, 4), "torchinfo", "a layer that uses a parameter of another one"),
        (nn.Linear(4, 4), torch.empty(2, 4), "ptflops", "a batch of several inputs: some terms are divided by it"),
        (nn.LSTM(4, 4), torch.empty(2, 1, 4), "torchinfo thop calflops FlopCounterMode ptflops-aten ptflops", "lstm: "),
        (nn.Bilinear(4, 4, 4), (torch.empty(1, 4),) * 2, "", ""),
        (
            nn.TransformerEncoderLayer(8, 2, batch_first=True),
            torch.empty(1, 3, 8),
            "fvcore fvcore-activations torchinfo thop calflops FlopCounterMode ptflops-aten ptflops",
            "",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_a_number_that_cannot_be_told_is_refused_with_the_reason(model, x, tools, reason):
    network = analyse_model(model, *(x if isinstance(x, tuple) else (x,)))
    for tool in (tool for tool, about in TOOLS.items() if not about.after and tool != "ultralytics"):
        found = network.tally(tool)
        assert bool(found.refusal) == (tool in tools.split()), (tool, found.refusal)
        if found.refusal:
            assert reason in found.refusal
            assert (found.number, found.terms, found.rows) == (None, (), ())
    assert network.tally(OURS).number == network.cost.macs


class Padded(nn.Sequential):
    """Maps of another size than a part of the image: a convolution that cuts the edge off."""

    def __init__(self, padding):
        super().__init__(nn.Conv2d(3, 4, 3, padding=padding))


class Own(nn.Conv2d):
    pass


@pytest.mark.parametrize(
    ("model", "shape", "reason"),
    [
        (Padded(1), (1, 3, 64, 64), ""),
        (Padded(0), (1, 3, 64, 64), "sizes that are no exact part of the image: the tool counts small images"),
        (Padded(0), (1, 3, 60, 60), ""),  # no multiple of 32 is counted directly
        (Padded(0), (1, 3, 32, 64), ""),  # as are images of few cells
        (Padded(1), (2, 3, 64, 64), "a batch of several inputs: the tool makes one image of its own"),
        (nn.Linear(4, 4), (1, 4), "inputs that are not one image"),
        (Own(3, 4, 3, padding=1), (1, 3, 64, 64), "a convolution or a norm of a class of its own"),
        (nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.AvgPool2d(16)), (1, 3, 64, 64), "sizes that are no exact part"),
        (nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True)), (1, 3, 64, 64), ""),
        (nn.Sequential(nn.MaxPool2d(3, 2)), (1, 3, 64, 64), "sizes that are no exact part"),
        (nn.Sequential(nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)), (1, 3, 64, 64), "sizes that are no"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(3)), (1, 3, 64, 64), "sizes that are no exact part"),
        (nn.Sequential(nn.ConvTranspose2d(3, 4, 2, 2)), (1, 3, 64, 64), ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_what_ultralytics_works_out_from_small_images_is_told_where_sizes_show_that_it_is_exact(model, shape, reason):
    found = analyse_model(model, torch.empty(shape)).tally("ultralytics")
    assert found.refusal.startswith(reason)
    assert bool(found.refusal) == bool(reason)


def test_an_unknown_convention_is_refused_with_those_that_are_close():
    with pytest.raises(UnknownNameError, match=r"No convention is named 'fvcor'\. Did you mean 'fvcore'"):
        analyse("lenet5", Setting()).tally("fvcor")


# -- the data ----------------------------------------------------------------------------------------------------------


def test_a_convention_is_made_of_rules():
    only_relu = Convention("nobody's", "MACs", (counts_as("ReLU, 3 an element", lambda use: 3 * use.made, ops="relu"),))
    found = tally(trace(Net(), (IMAGE,)), "mine", only_relu)
    assert {term.name: term.amount for term in found.terms} == {
        "ReLU, 3 an element": 3 * MAPS,
        "convolutions left out": -CONV,
        "linear layers left out": -LINEAR,
    }
    assert found.number == 3 * MAPS


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_says_whose_it_is_and_counts_products(name):
    about = CONVENTIONS[name]
    assert about.source
    assert any(each.term == PRODUCTS for each in about.rules) == (about.unit in ("MACs", "FLOPs"))
    assert bool(about.row_rules) == (about.unit in ("activations", "parameters"))
    assert bool(about.package) == (name in TOOLS)


@pytest.mark.parametrize("name", [name for name, about in CONVENTIONS.items() if about.after])
def test_a_convention_that_follows_another_one_has_no_rules_of_its_own(name):
    about = CONVENTIONS[name]
    other = CONVENTIONS[about.after]
    assert (about.rules, about.row_rules, about.refusals) == (other.rules, other.row_rules, other.refusals)
    assert not other.after


def test_every_class_that_a_rule_names_is_one_of_torch():
    kinds = {kind for about in CONVENTIONS.values() for each in about.rules for kind in each.kinds}
    assert {kind for kind in kinds if not hasattr(nn, kind)} == set()


@pytest.mark.parametrize(
    ("ops", "what"),
    [
        ("conv2d convolution cudnn_convolution_relu slow_conv_dilated2d torchvision::deform_conv2d", "convolutions"),
        ("conv_transpose2d cudnn_convolution_transpose slow_conv_transpose3d", "transposed convolutions"),
        ("linear mkldnn_linear quantized::linear_relu sparse_semi_structured_linear", "linear layers"),
        ("scaled_dot_product_attention flash_attention_forward multi_head_attention", "attention products"),
        ("lstm rnn_tanh mkldnn_rnn_layer quantized::quantized_gru_cell_dynamic", "recurrent layers"),
        ("mm addmm grouped_mm trilinear affine_grid_generator", "matrix products"),
    ],
)
def test_what_is_left_out_is_called_what_it_is(ops, what):
    assert {op: _what(op) for op in ops.split()} == dict.fromkeys(ops.split(), what)
