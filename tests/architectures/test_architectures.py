"""Every architecture against what was published, against torchvision, and against arithmetic of the papers."""

import functools
import warnings

import pytest
import torch

import archstat
from archstat import units
from archstat.analysis import Setting, count_source
from archstat.published import counted, published
from archstat.registry import architectures
from archstat.sources import build_on_meta, find

cost_of = functools.cache(archstat.count)
EVERY = pytest.mark.parametrize("name", list(architectures))

# reference/published.md §2.1, §2.3 and §2.4: counted there with two independent counters that agreed.
EXACT = {
    "lenet5": (60_000, 326_520 - 840),  # the 840 are the distances of the output, no MACs here
    "lenet5_modern": (61_706, 416_520),
    "alexnet": (60_965_224, 724_406_816),
    "alexnet_one_column": (62_378_344, 1_135_256_096),
    "vgg11": (132_863_336, 7_609_090_048),
    "vgg11_lrn": (132_863_336, 7_609_090_048),
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg16_1x1": (133_638_952, 11_770_888_192),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "googlenet": (6_998_552, 1_582_671_872),
    "googlenet_aux": (13_378_280, 1_582_671_872 + 4_169_728 + 4_202_496),
    "inception_module_naive": (1_089_536 + 128 + 192 + 96, 854_196_224),
    "inception_module_bottleneck": (346_112 + 128 + 64 + 192 + 64 + 96 + 64, 271_351_808),
    "plain18": (11_515_688, 1_794_805_760),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet18(shortcuts='A')": (11_515_688, 1_794_805_760),
    "plain34": (21_623_848, 3_644_493_824),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet34(shortcuts='A')": (21_623_848, 3_644_493_824),
    "resnet34(shortcuts='C')": (22_716_840, 3_830_747_136),
    "resnet50": (25_557_032, 3_857_973_248),
    "resnet50_v1_5": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, None),
    "resnet101_v1_5": (44_549_160, None),
    "resnet152": (60_192_808, 11_282_415_616),
    "resnet152_v1_5": (60_192_808, 11_513_626_624),
    "plain20": (269_722, 40_551_040),
    "plain56": (853_018, 125_485_696),
    "resnet20": (269_722, 40_551_040),
    "resnet20(shortcuts='B')": (272_474, None),
    "resnet32": (464_154, 68_862_592),
    "resnet44": (658_586, None),
    "resnet56": (853_018, 125_485_696),
    "resnet110": (1_727_962, 252_887_680),
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
    "densenet264": (33_337_704, 5_751_653_376),
    "densenet161": (28_681_000, 7_727_907_072),
    "densenet40_k12": (1_019_722, 264_812_928),
    "densenet100_k12": (6_979_642, 1_769_516_448),
    "densenet_bc100_k12": (769_162, 287_929_692),
    "densenet_bc250_k24": (15_324_406, 5_418_785_724),
    "densenet_bc190_k40": (25_624_430, 9_301_945_740),
}


def test_no_architecture_is_missing_from_the_table_of_exact_numbers():
    assert {name.partition("(")[0] for name in EXACT} == set(architectures)


@pytest.mark.parametrize(("name", "parameters", "macs"), [(name, *both) for name, both in EXACT.items()], ids=EXACT)
def test_the_numbers_are_those_of_two_other_counters(name, parameters, macs):
    cost = cost_of(name)
    assert cost.parameters == parameters
    assert macs is None or cost.macs == macs


@EVERY
def test_it_is_built_without_memory_and_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build_on_meta(find(name))
    assert all(parameter.is_meta for parameter in model.parameters())


@EVERY
def test_nothing_is_left_uncounted(name):
    cost = cost_of(name)
    assert cost.uncounted == ()
    assert cost.forward == "meta"


@EVERY
def test_it_can_be_counted_strictly(name):
    assert count_source(name, Setting(strict=True)) == cost_of(name)


@EVERY
def test_twice_the_batch_is_twice_the_work_and_the_same_parameters(name):
    one, two = cost_of(name), count_source(name, Setting(batch_size=2))
    assert two.macs == 2 * one.macs
    assert two.activations == 2 * one.activations
    assert two.parameters == one.parameters
    assert two.input_shapes == ((2, *one.input_shapes[0][1:]),)


@EVERY
def test_counts_do_not_depend_on_the_element_type_and_bytes_do(name):
    single, half = cost_of(name), count_source(name, Setting(dtype="float16"))
    assert (half.parameters, half.macs, half.flops) == (single.parameters, single.macs, single.flops)
    assert 2 * half.activation_bytes == single.activation_bytes == 4 * single.activations


@EVERY
def test_its_layers_add_up(name):
    cost = cost_of(name)
    assert sum(row.parameters for row in cost.layers) == cost.parameters
    assert sum(row.macs for row in cost.layers) == cost.macs == sum(op.macs for op in cost.ops)
    assert sum(row.flops for row in cost.layers) == cost.flops == sum(op.flops for op in cost.ops)


@EVERY
def test_its_input_is_the_registered_one_and_its_note_is_passed_on(name):
    cost = cost_of(name)
    assert cost.input_shapes == ((1, *architectures.get(name).input_shape),)
    assert cost.note == published()[name].note


@EVERY
def test_its_parameters_are_all_trainable(name):
    assert cost_of(name).trainable_parameters == cost_of(name).parameters


@EVERY
def test_biases_and_normalization_are_those_of_the_paper(name):
    kinds = [type(module).__name__ for module in build_on_meta(find(name)).modules()]
    biases = [parameter for parameter in dict(build_on_meta(find(name)).named_parameters()) if "bias" in parameter]
    if name.startswith(("resnet", "plain", "densenet")):
        assert "BatchNorm2d" in kinds
        assert all("bn" in bias or bias == "fc.bias" for bias in biases), "no convolution has a bias"
    else:
        assert "BatchNorm2d" not in kinds
        layers = sum(kind.startswith(("Conv", "Linear", "ChosenMaps", "Subsampling")) for kind in kinds)
        assert len(biases) == layers, "every layer has one bias"
    assert ("LocalResponseNorm" in kinds) == name.startswith(("alexnet", "googlenet", "vgg11_lrn"))


SMALL = [name for name, totals in counted().items() if totals.macs < 2e9 and totals.parameters < 30e6]


@pytest.mark.parametrize("name", SMALL)
def test_it_can_be_run_for_real_and_gives_what_was_counted(name):
    """The larger ones have the blocks of these."""
    model = find(name).build().eval()
    with torch.inference_mode():
        out = model(torch.ones(1, *architectures.get(name).input_shape))
    first = out[0] if isinstance(out, tuple) else out
    assert tuple(first.shape) == cost_of(name).layers[-1].output_shape
    assert first.isfinite().all()


# -- what was published ------------------------------------------------------------------------------------------------


def counted_as(name, quantity, convention):
    """Our count under the convention of a figure."""
    cost, model = cost_of(name), build_on_meta(find(name))
    if quantity == "parameters":
        return sum(p.numel() for p in model.parameters() if convention == "all" or p.dim() > 1)
    convolutions = {path for path, module in model.named_modules() if isinstance(module, torch.nn.Conv2d)}
    return sum(row.macs for row in cost.layers if convention == "conv+linear" or row.layer in convolutions)


FIGURES = [
    (name, quantity, figure)
    for name, about in published().items()
    for quantity, figure in (("parameters", about.parameters), ("macs", about.macs))
    if figure is not None
]


@pytest.mark.parametrize(("name", "quantity", "figure"), FIGURES, ids=[f"{name}-{what}" for name, what, _ in FIGURES])
def test_a_published_figure_relates_to_our_count_as_declared(name, quantity, figure):
    count = counted_as(name, quantity, figure.convention)
    assert units.parse(figure.printed).verdict(count) == figure.verdict, f"we count {count:,}"


def test_no_declared_verdict_goes_unchecked():
    assert {figure.verdict for *_, figure in FIGURES} == {"exact", "rounds", "truncated", "differs"}
    assert {figure.convention for *_, figure in FIGURES} == {"all", "weights", "conv+linear", "conv"}


# -- torchvision -------------------------------------------------------------------------------------------------------

TORCHVISION = {
    "vgg11": "vgg11",
    "vgg13": "vgg13",
    "vgg16": "vgg16",
    "vgg19": "vgg19",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50_v1_5": "resnet50",
    "resnet101_v1_5": "resnet101",
    "resnet152_v1_5": "resnet152",
    "densenet121": "densenet121",
    "densenet161": "densenet161",
    "densenet169": "densenet169",
    "densenet201": "densenet201",
}


def torchvision_cost(torchvision, name, **options):
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(weights=None, **options)
    return archstat.count(model.eval(), torch.empty(1, 3, 224, 224, device="meta"))


@pytest.mark.parametrize(("ours", "theirs"), TORCHVISION.items())
def test_it_costs_what_the_same_network_of_torchvision_costs(torchvision, ours, theirs):
    other = torchvision_cost(torchvision, theirs)
    assert (cost_of(ours).parameters, cost_of(ours).macs) == (other.parameters, other.macs)
    assert sorted(r.macs for r in cost_of(ours).layers if r.macs) == sorted(r.macs for r in other.layers if r.macs)


def test_densenet264_costs_what_torchvisions_densenet_of_those_blocks_costs(torchvision):
    with torch.device("meta"):
        model = torchvision.models.DenseNet(growth_rate=32, block_config=(6, 12, 64, 48), num_init_features=64)
    other = archstat.count(model, torch.empty(1, 3, 224, 224, device="meta"))
    assert (cost_of("densenet264").parameters, cost_of("densenet264").macs) == (other.parameters, other.macs)


def test_a_dense_layer_hands_on_what_it_was_given():
    layer = find("densenet40_k12").build().block1.layer1
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(layer.eval()(x)[:, :16], x)


def test_other_networks_of_torchvision_cost_what_their_notes_say(torchvision):
    alexnet = torchvision_cost(torchvision, "alexnet")
    assert (alexnet.parameters, alexnet.macs) == (61_100_840, 714_188_480)
    googlenet = torchvision_cost(torchvision, "googlenet", aux_logits=False, init_weights=False)
    assert (googlenet.parameters, googlenet.macs) == (6_624_904, 1_498_376_192)


# -- the arithmetic of the papers --------------------------------------------------------------------------------------


def by_stage(name, quantity):
    """The sums over the first part of each path."""
    sums = {}
    for row in cost_of(name).layers:
        stage = row.layer.partition(".")[0]
        sums[stage] = sums.get(stage, 0) + getattr(row, quantity)
    return sums


def test_lenet5_has_the_parameters_of_section_ii_b():
    found = by_stage("lenet5", "parameters")
    expected = {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert {layer: count for layer, count in found.items() if count} == expected
    assert sum(expected.values()) == 60_000


def test_lenet5_has_the_connections_of_section_ii_b():
    macs, other = by_stage("lenet5", "macs"), by_stage("lenet5", "other_flops")
    connections = {layer: macs[layer] + other[layer] for layer in ("c1", "s2", "c3", "s4", "c5", "f6")}
    assert connections == {"c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000, "c5": 48_120, "f6": 10_164}
    assert sum(connections.values()) + 84 * 10 == 340_908


def test_c3_of_lenet5_connects_60_of_96_pairs_of_maps():
    macs = by_stage("lenet5", "macs")["c3"]
    assert macs == 60 * 25 * 10 * 10
    assert by_stage("lenet5_modern", "macs")["c3"] == 96 * 25 * 10 * 10
    assert by_stage("lenet5_modern", "parameters")["c3"] == 2_416


def test_alexnet_has_the_layers_of_its_paper():
    layers = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    parameters, macs = by_stage("alexnet", "parameters"), by_stage("alexnet", "macs")
    assert [parameters[layer] for layer in layers] == [
        34_944,
        307_456,
        885_120,
        663_936,
        442_624,
        37_752_832,
        16_781_312,
        4_097_000,
    ]
    assert [macs[layer] for layer in layers] == [
        105_415_200,
        223_948_800,
        149_520_384,
        112_140_288,
        74_760_192,
        37_748_736,
        16_777_216,
        4_096_000,
    ]
    assert sum(macs.values()) - sum(macs[layer] for layer in ("fc6", "fc7", "fc8")) == 665_784_864


def test_alexnet_has_the_650_000_neurons_of_its_abstract():
    activations = by_stage("alexnet", "activations")
    neurons = sum(activations[layer] for layer in activations if layer.startswith(("conv", "fc")))
    assert neurons == 290_400 + 186_624 + 64_896 + 64_896 + 43_264 + 4_096 + 4_096 + 1_000 == 659_272


# GoogLeNet, Table 1: weights as the paper's filters give them, MACs, and the printed column of operations.
TABLE_1 = {
    "conv1": (9_408, 118_013_952, None),  # 34M: a separable 7x7
    "conv2": (114_688, 359_661_568, "360M"),
    "inception_3a": (163_328, 128_049_152, "128M"),
    "inception_3b": (388_096, 304_267_264, "304M"),
    "inception_4a": (375_552, 73_608_192, "73M"),
    "inception_4b": (448_512, 87_908_352, "88M"),
    "inception_4c": (509_440, 99_850_240, "100M"),
    "inception_4d": (604_672, 118_515_712, "119M"),
    "inception_4e": (867_328, 169_996_288, "170M"),
    "inception_5a": (1_042_432, 51_079_168, None),  # 54M: the printed weights, but not the printed filters
    "inception_5b": (1_442_816, 70_697_984, "71M"),
    "linear": (1_024_000, 1_024_000, "1M"),
}


@pytest.mark.parametrize("row", TABLE_1)
def test_googlenet_has_the_rows_of_table_1(row):
    weights, macs, printed = TABLE_1[row]
    found = by_stage("googlenet", "macs")
    assert found[row] + (found["conv2_reduce"] if row == "conv2" else 0) == macs
    sizes = dict(build_on_meta(find("googlenet")).named_parameters())
    prefixes = (row, "conv2_reduce") if row == "conv2" else (row,)
    mine = [p for path, p in sizes.items() if path.partition(".")[0] in prefixes and p.dim() > 1]
    assert sum(p.numel() for p in mine) == weights
    verdict = "truncated" if row == "inception_4a" else "rounds"
    assert printed is None or units.parse(printed).verdict(macs) in (verdict, "exact")


def test_the_heads_of_googlenet_cost_what_is_known_of_them():
    parameters, macs = by_stage("googlenet_aux", "parameters"), by_stage("googlenet_aux", "macs")
    assert (parameters["auxiliary_4a"], parameters["auxiliary_4d"]) == (3_188_840, 3_190_888)
    assert (macs["auxiliary_4a"], macs["auxiliary_4d"]) == (4_169_728, 4_202_496)


def test_vgg16_has_the_memory_column_of_the_lecture():
    cost = cost_of("vgg16")
    assert cost.activations + 3 * 224 * 224 == 15_237_608
    assert cost.activations + 150_528 == 150_528 + 13_547_520 + 1_530_368 + 9_192
    assert cost.activation_bytes == 4 * 15_087_080


def test_most_parameters_of_vgg16_are_in_one_layer():
    parameters = by_stage("vgg16", "parameters")
    assert parameters["fc6"] == 7 * 7 * 512 * 4096 + 4096 == 102_764_544 == max(parameters.values())


@pytest.mark.parametrize(
    ("name", "terms", "depth"),
    [
        ("inception_module_naive", [128 * 256, 192 * 9 * 256, 96 * 25 * 256], 672),
        ("inception_module_bottleneck", [128 * 256, 64 * 256, 192 * 9 * 64, 64 * 256, 96 * 25 * 64, 64 * 256], 480),
    ],
)
def test_the_inception_modules_of_the_lecture_cost_the_sum_of_their_terms(name, terms, depth):
    cost = cost_of(name)
    assert [row.macs for row in cost.layers if row.macs] == [784 * term for term in terms]
    assert cost.layers[-1].output_shape == (1, depth, 28, 28)


def test_358_m_takes_128_channels_where_the_slide_has_64():
    assert cost_of("inception_module_bottleneck").macs + 784 * 192 * 9 * 64 == 358_055_936


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_moving_a_stride_costs_the_same_whatever_the_depth(depth):
    """Three 1x1 convolutions of a stage's first block see four times as many pixels; the 3x3 sees as many as before."""
    moved = [3 * 784 * 256 * 128, 3 * 196 * 512 * 256, 3 * 49 * 1024 * 512]
    assert cost_of(f"resnet{depth}_v1_5").macs - cost_of(f"resnet{depth}").macs == sum(moved)


@pytest.mark.parametrize("layers", [20, 32, 44, 56, 110])
def test_a_resnet_for_cifar_has_6n_plus_2_layers(layers):
    weighted = [row for row in cost_of(f"resnet{layers}").layers if row.macs]
    assert len(weighted) == layers


@pytest.mark.parametrize(("plain", "residual"), [("plain20", "resnet20"), ("plain56", "resnet56")])
def test_shortcuts_of_option_a_are_free_but_for_their_additions(plain, residual):
    a, b = cost_of(plain), cost_of(residual)
    assert (a.parameters, a.macs) == (b.parameters, b.macs)
    assert b.other_flops - a.other_flops == sum(op.other_flops for op in b.ops if op.op == "add") > 0
