"""Networks of timm by their names."""

import pytest
import torch

from archstat.analysis.inference import count_source
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting

timm = library_of("timm", "timm")


def parameters_of(name, **arguments):
    """What timm itself builds."""
    return sum(each.numel() for each in timm.create_model(name, **arguments).parameters())


@pytest.mark.parametrize(
    ("spec", "side"),
    [
        ("timm:resnet18", 224),
        ("timm/resnet18.a1_in1k", 224),
        ("hf-hub:timm/resnet18.a1_in1k", 224),
        ("timm:tf_efficientnet_b4", 380),
        ("timm:convnext_nano.in12k_ft_in1k", 224),
    ],
)
def test_the_input_is_that_of_the_weights(spec, side):
    cost = count_source(spec, Setting())
    assert cost.input_shapes == ((1, 3, side, side),)
    assert cost.input_origin == "known"
    name = spec.split(":")[-1].removeprefix("timm/")
    assert cost.parameters == parameters_of(name)


def test_the_test_size_and_another_resolution():
    config = timm.get_pretrained_cfg("resnet50.a1_in1k")
    assert config.test_input_size == (3, 288, 288)
    assert count_source("timm/resnet50.a1_in1k", Setting(is_test_size=True)).input_shapes == ((1, 3, 288, 288),)
    assert count_source("timm/resnet50.a1_in1k", Setting(resolution=64)).input_shapes == ((1, 3, 64, 64),)


def test_arguments_are_those_of_timm():
    cost = count_source("timm:resnet18(in_chans=1, num_classes=7)", Setting())
    assert cost.input_shapes == ((1, 1, 224, 224),)
    assert cost.parameters == sum(
        p.numel() for p in timm.create_model("resnet18", in_chans=1, num_classes=7).parameters()
    )
    features = count_source("timm:resnet18(features_only=True)", Setting())
    assert features.parameters == parameters_of("resnet18", features_only=True)
    large = count_source("timm:vit_tiny_patch16_224(img_size=[384, 256])", Setting())
    assert large.input_shapes == ((1, 3, 384, 256),)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("timm:resnt18", "No network of timm is named 'resnt18'. Did you mean 'resnet18'"),
        ("timm/resnet50.a9", "No set of weights of resnet50 is named 'a9'.*Its weights are a1_in1k"),
    ],
)
def test_an_unknown_name_is_told_the_near_ones(spec, says):
    with pytest.raises(UnknownNameError, match=says):
        count_source(spec, Setting())


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("timm:resnet18(pretrained=True)", "weights change no count and are never fetched, so leave out pretrained"),
        ("timm:resnet18(bogus=1)", "does not fit: .*unexpected keyword argument 'bogus'"),
        ("timm:resnet18(1)", "give arguments by name"),
        ("timm:vit_tiny_patch16_224(img_size='x')", "'x' is no size of an image"),
        ("timm:vit_tiny_patch16_224(img_size=-5)", "'-5' is no size of an image"),
        ("timm:vit_tiny_patch16_224(img_size=[0, 3.5])", "is no size of an image"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(spec, says):
    with pytest.raises(SourceError, match=says):
        count_source(spec, Setting())


def test_a_size_that_the_network_cannot_take_is_told_with_one_that_it_can():
    with pytest.raises(InputError, match=r"An image of 224x224 would do\."):
        count_source("timm:vit_tiny_patch16_224", Setting(resolution=100))


def test_the_long_spelling_works_as_before():
    assert count_source("timm:create_model('resnet18')", Setting()).input_origin == "assumed: its pretrained_cfg"


def test_the_generator_of_random_numbers_is_as_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    count_source("timm:resnet18", Setting())
    assert torch.equal(torch.get_rng_state(), before)
