"""The Inception line after GoogLeNet, against its papers and against the networks that its authors released."""

import pytest
import torch
from torch import nn

import archstat
from archstat.architectures import bn_inception, inception_resnet
from archstat.architectures._blocks import SqueezeExcitation
from archstat.networks.construction import on_meta
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import by_stage, cost_of

# Batch normalization, Fig. 5, "output size": maps, height and width after each module.
FIG_5 = {
    "inception_3a": (256, 28),
    "inception_3b": (320, 28),
    "inception_3c": (576, 14),
    "inception_4a": (576, 14),
    "inception_4b": (576, 14),
    "inception_4c": (576, 14),
    "inception_4d": (576, 14),
    "inception_4e": (1024, 7),
    "inception_5a": (1024, 7),
    "inception_5b": (1024, 7),
}


def outputs(name):
    """The shape that each module gives, by its path."""
    return {row.layer: row.output_shape[1:] for row in cost_of(name).layers if row.kind == "cat"}


def test_bn_inception_with_narrow_projections_has_the_output_sizes_of_fig_5():
    found = outputs("bn_inception(form='slim')")
    assert found == {module: (maps, size, size) for module, (maps, size) in FIG_5.items()}


def test_the_listed_branches_of_fig_5_add_up_to_608_maps_where_it_prints_576():
    found = outputs("bn_inception")
    wrong = {module: maps for module, (maps, *_) in found.items() if maps != FIG_5[module][0]}
    assert wrong == {"inception_4c": 608, "inception_4d": 608, "inception_4e": 1056}


def test_a_separable_conv1_has_the_34_m_that_googlenets_table_prints():
    macs = by_stage("bn_inception(form='slim')", "macs")["conv1"]
    assert macs == (7 * 7 * 3 * 8 + 24 * 64) * 112 * 112 == 34_019_328


@pytest.mark.parametrize(("name", "total"), [("bn_inception(form='slim')", 10_173_112), ("inception_v3", 21_802_784)])
def test_slims_own_tests_count_as_many_variables_without_the_classifier(name, total):
    """Its batch normalization has an offset, a mean and a variance of each map, but no scale.

    Source: tensorflow/models, inception_v2_test.py and inception_v3_test.py, testModelHasExpectedNumberOfParameters.
    """
    model = build_on_meta(find(name))
    bodies = (module for path, module in model.named_modules() if path not in ("linear", "fc"))
    variables = 0
    for module in bodies:
        if isinstance(module, nn.BatchNorm2d):
            variables += 3 * module.num_features
        elif isinstance(module, nn.Conv2d):
            variables += sum(parameter.numel() for parameter in module.parameters())
    assert variables == total


def test_the_auxiliary_classifier_of_inception_v3_is_that_of_torchvision(torchvision):
    """Which builds it, but does not run it at inference."""
    whole = torchvision.models.inception_v3(aux_logits=True, init_weights=False)
    head = archstat.count(whole.AuxLogits, torch.empty(1, 768, 17, 17))
    assert cost_of("inception_v3_aux").parameters == sum(parameter.numel() for parameter in whole.parameters())
    assert by_stage("inception_v3_aux", "macs")["auxiliary"] == head.macs
    assert by_stage("inception_v3_aux", "parameters")["auxiliary"] == head.parameters


def test_the_auxiliary_classifier_of_inception_v3_costs_its_terms():
    terms = [5 * 5 * 768 * 128, 5 * 5 * 128 * 768, 768 * 1000]
    assert by_stage("inception_v3_aux", "macs")["auxiliary"] == sum(terms) == 5_683_200
    assert cost_of("inception_v3_aux").macs - cost_of("inception_v3").macs == sum(terms)


def test_the_modules_of_inception_v3_give_the_maps_and_sizes_of_table_1():
    found = outputs("inception_v3")
    assert found["inception_a.a3"] == (288, 35, 35)
    assert found["reduction_a"] == found["inception_b.b4"] == (768, 17, 17)
    assert found["reduction_b"] == (1280, 8, 8)
    assert found["inception_c.c2"] == (2048, 8, 8)


def test_the_modules_of_inception_v4_give_the_maps_and_sizes_of_its_figures():
    found = outputs("inception_v4")
    assert found["stem.halve1"] == (160, 73, 73)
    assert found["stem.mix"] == (192, 71, 71)
    assert found["stem.halve2"] == found["inception_a.a4"] == (384, 35, 35)
    assert found["reduction_a"] == found["inception_b.b7"] == (1024, 17, 17)
    assert found["reduction_b"] == found["inception_c.c3"] == (1536, 8, 8)


def test_inception_resnet_starts_as_inception_v3_does():
    assert by_stage("inception_resnet_v2", "macs")["stem"] == by_stage("inception_v3", "macs")["stem"]


def test_only_the_projections_of_residuals_have_biases_in_inception_resnet():
    model = build_on_meta(find("inception_resnet_v2"))
    biased = [path for path, layer in model.named_modules() if isinstance(layer, nn.Conv2d) and layer.bias is not None]
    assert len(biased) == 10 + 20 + 10
    assert all(path.endswith(".linear") for path in biased)


def test_the_last_residual_of_inception_resnet_is_not_rectified_and_the_others_are():
    model = build_on_meta(find("inception_resnet_v2"))
    blocks = [layer for layer in model.modules() if isinstance(layer, inception_resnet.ScaledResidual)]
    assert [block.is_rectified for block in blocks] == [True] * 39 + [False]
    assert [block.scale for block in blocks] == [0.17] * 10 + [0.10] * 20 + [0.20] * 9 + [1.0]


def test_a_scaled_residual_adds_a_part_of_the_residual_and_rectifies():
    x = torch.tensor([-1.0, 2.0])
    assert inception_resnet.ScaledResidual(nn.Identity(), 0.5)(x).tolist() == [0.0, 3.0]
    assert inception_resnet.ScaledResidual(nn.Identity(), 0.5, is_rectified=False)(x).tolist() == [-1.5, 3.0]


def squeeze_excitation(maps):
    return SqueezeExcitation(maps, maps // 16)


def test_a_layer_can_follow_every_module_of_bn_inception():
    """Squeeze-and-Excitation, r = 16: 2 C² / 16 weights, and the biases."""
    with on_meta():
        model = bn_inception.network("caffe", 1000, after=squeeze_excitation)
    cost, plain = archstat.count(model, torch.empty(1, 3, 224, 224)), cost_of("bn_inception")
    maps = [256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024]
    assert cost.macs - plain.macs == sum(2 * c * c // 16 for c in maps)
    assert cost.parameters - plain.parameters == sum(2 * c * c // 16 + c // 16 + c for c in maps)


def test_a_layer_can_follow_every_residual_of_inception_resnet():
    with on_meta():
        model = inception_resnet.network(1000, 0.2, after=squeeze_excitation)
    cost = archstat.count(model, torch.empty(1, 3, 299, 299))
    maps = [320] * 10 + [1088] * 20 + [2080] * 10
    assert cost.macs - cost_of("inception_resnet_v2").macs == sum(2 * c * c // 16 for c in maps)
    scaled = model.inception_resnet_c.c1
    assert [name for name, _ in scaled.residual.named_children()] == ["branches", "linear", "after"]
