"""What a claim can name."""

import functools
import re

import pytest

from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.counting import conventions
from archstat.errors import DataError, UnknownNameError
from archstat.networks.settings import Setting
from archstat.quantities import BY_CONVENTION, QUANTITIES, part_of, unit_of, value_of

network = functools.cache(lambda name: analyse(name, Setting()))


def value(name, quantity, layer="", convention=""):
    return value_of(part_of(network(name), layer), quantity, convention)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("parameters", 138_357_544),
        ("trainable_parameters", 138_357_544),
        ("weights", 138_344_128),
        ("biases", 138_357_544 - 138_344_128),
        ("buffers", 0),
        ("parameters_and_statistics", 138_357_544),
        ("macs", 15_470_264_320),
        ("activations", 15_087_080),
        ("activations_with_input", 15_237_608),
        ("activation_bytes", 4 * 15_087_080),
        ("output_shape", (1000,)),
        ("output_elements", 1000),
        ("output_maps", 1000),
        ("depth", 16),
        ("weighted_layers", 16),
    ],
)
def test_the_quantities_of_vgg16_are_those_of_its_paper_and_of_lectures(quantity, expected):
    assert value("vgg16", quantity) == expected


@pytest.mark.parametrize(
    ("layer", "quantity", "expected"),
    [
        ("conv1_1", "parameters", 3 * 3 * 3 * 64 + 64),
        ("conv1_1", "weights", 1_728),
        ("conv1_1", "macs", 224 * 224 * 64 * 27),
        ("conv1_1", "output_shape", (64, 224, 224)),
        ("conv1_1", "output_height", 224),
        ("conv1_1", "output_size", (224, 224)),
        ("conv1_1", "output_maps", 64),
        ("conv1_1", "output_elements", 224 * 224 * 64),
        ("pool5", "activations", 7 * 7 * 512),
        ("fc6", "parameters", 102_764_544),
    ],
)
def test_a_layer_has_quantities_of_its_own(layer, quantity, expected):
    assert value("vgg16", quantity, layer) == expected


def test_a_stage_is_the_sum_of_what_lies_under_it():
    stages = [f"conv{number}_x" for number in (2, 3, 4, 5)]
    rest = ["conv1", "bn1", "relu1", "pool1", "pool5", "flatten", "fc"]
    for quantity in ("parameters", "macs", "flops", "activations", "weights", "buffers"):
        assert sum(value("resnet50", quantity, layer) for layer in (*stages, *rest)) == value("resnet50", quantity)
    assert value("resnet50", "output_shape", "conv4_x") == (1024, 14, 14)


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("lenet5_modern", 5),
        ("alexnet", 8),
        ("vgg19", 19),
        ("googlenet", 22),
        ("resnet18", 18),
        ("resnet50", 50),
        ("resnet152", 152),
        ("resnet110", 110),
        ("preact_resnet1001", 1001),
        ("wrn_28_10", 28 - 2),  # the name counts two 1x1 convolutions of shortcuts, beside the way
        ("densenet121", 121),
        ("densenet201", 201),
        ("densenet264", 265),  # the name is off by one
        ("densenet40_k12", 40),
        ("mobilenet_v1", 28),
        ("fractalnet", 21),
        ("vdsr", 20),
        ("se_resnet50", 50 + 2 * 16),
    ],
)
def test_depth_is_the_number_of_weighted_layers_on_the_longest_way(name, depth):
    assert value(name, "depth") == depth


def test_branches_beside_each_other_are_counted_by_weighted_layers():
    assert value("googlenet", "weighted_layers") == 3 + 9 * 6 + 1
    assert value("resnet50", "weighted_layers") == 50 + 4, "and four projections"


@pytest.mark.parametrize(
    ("name", "quantity", "convention", "expected"),
    [
        ("vgg16", "macs", "conv", 15_346_630_656),
        ("vgg16", "macs", "conv+linear", 15_470_264_320),
        ("resnet50", "macs", "conv+linear+add", 3_863_492_608),
        ("vgg16", "parameters", "weights", 138_344_128),
        ("resnet50", "parameters", "all+running", 25_557_032 + 53_120),
        ("resnet50_v1_5", "macs", "fvcore", 4_111_512_576),
        ("resnet50_v1_5", "activations", "timm-activations", 11_113_984 + 1_000),
        ("resnet50", "parameters", "keras", 25_557_032 + 53_120),
        ("resnet50_v1_5", "flops", "FlopCounterMode", 2 * 4_089_184_256),
    ],
)
def test_a_convention_counts_as_a_paper_does(name, quantity, convention, expected):
    assert value(name, quantity, convention=convention) == expected


def test_every_quantity_says_what_it_is():
    assert all(quantity.__doc__ for quantity in QUANTITIES.values())
    assert {"parameters", "macs", "flops", "activations"} == set(BY_CONVENTION)
    assert set().union(*BY_CONVENTION.values()) - {"all", "weights", "all+running"} == set(conventions.CONVENTIONS)


@pytest.mark.parametrize(("quantity", "convention"), [("macs", "conv"), ("macs", "thop"), ("flops", "calflops")])
def test_a_stage_is_the_sum_of_what_lies_under_it_by_every_convention(quantity, convention):
    parts = {row.layer.split(".")[0] for row in network("resnet50").cost.layers}
    found = [value("resnet50", quantity, layer, convention) for layer in parts]
    assert sum(found) == value("resnet50", quantity, convention=convention)
    assert value("resnet50", "macs", "bn1", "thop") == 4 * 64 * 112 * 112


def test_a_number_that_cannot_be_told_is_refused():
    twice = part_of(analyse("resnet18", Setting(batch_size=2)), "")
    with pytest.raises(DataError, match="What ptflops says of resnet18 cannot be told: a batch of several inputs"):
        value_of(twice, "macs", "ptflops")


@pytest.mark.parametrize(
    ("quantity", "layer", "convention", "says"),
    [
        ("depth", "conv1", "", "The depth is one of the whole network, not of 'conv1'."),
        ("peak_activation_bytes", "conv1", "", "The peak is one of the whole network, not of 'conv1'."),
        ("output_height", "fc", "", "The output of 'fc' has no height and width."),
    ],
)
def test_what_a_part_does_not_have_is_refused(quantity, layer, convention, says):
    with pytest.raises(DataError, match=re.escape(says)):
        value("resnet50", quantity, layer, convention)


def test_unknown_names_are_refused_with_those_that_are_close():
    with pytest.raises(UnknownNameError, match=re.escape("No quantity is named 'mac'. Did you mean 'macs'")):
        value("lenet5", "mac")
    with pytest.raises(UnknownNameError, match=re.escape("No layer is named 'conv6_x'. Did you mean 'conv5_x'")):
        value("resnet50", "macs", "conv6_x")
    with pytest.raises(UnknownNameError, match=re.escape("No convention is named 'con'. Did you mean 'conv'")):
        value("resnet50", "macs", convention="con")


@pytest.mark.parametrize(
    ("pattern", "layers"),
    [("fc*", ["fc6", "fc7", "fc8"]), ("conv?_1", [f"conv{number}_1" for number in range(1, 6)]), ("*", [""])],
)
def test_layers_that_look_alike_are_summed(pattern, layers):
    assert value("vgg16", "parameters", pattern) == sum(value("vgg16", "parameters", layer) for layer in layers)


def test_a_pattern_takes_what_lies_under_the_blocks_it_describes():
    stages = sum(value("resnet50", "macs", f"conv{number}_x") for number in (2, 3, 4, 5))
    assert value("resnet50", "macs", "conv?_x") == stages
    assert value("resnet50", "macs", "conv?_x", "conv") == stages
    with pytest.raises(UnknownNameError, match=re.escape("No layer is named 'conv?_y'.")):
        value("resnet50", "macs", "conv?_y")


def test_the_unit_of_a_quantity_is_the_end_of_its_name():
    found = {name: unit_of(name) for name in QUANTITIES if unit_of(name)}
    memory = {"activation_bytes": "B", "peak_activation_bytes": "B"}
    assert found == {**memory, "macs": "MAC", "flops": "FLOP", "other_flops": "FLOP"}
    assert [unit_of(name) for name in ("roof_flops_per_s", "roof_bytes_per_s", "energy_j", "power_w")] == [
        "FLOP/s",
        "B/s",
        "J",
        "W",
    ]


def test_the_beginning_of_a_name_is_no_layer():
    with pytest.raises(UnknownNameError):
        value("resnet50", "macs", "conv")


def test_a_saved_cost_answers_what_a_table_knows():
    saved = Saved(network("resnet50").cost)
    assert value_of(part_of(saved, ""), "macs", "conv+linear") == value("resnet50", "macs")
    assert value_of(part_of(saved, "conv2_x"), "macs") == value("resnet50", "macs", "conv2_x")
    with pytest.raises(DataError, match="holds no ops, so no receptive fields: name the network itself"):
        value_of(part_of(saved, "conv2_x"), "receptive_field")
    with pytest.raises(DataError, match="holds no ops, so no counts by other conventions: name the network itself"):
        value_of(part_of(saved, ""), "macs", "fvcore")
    with pytest.raises(DataError, match="holds no ops, so no memory over time: name the network itself"):
        saved.levels()
