"""Networks of segmentation_models_pytorch by their names."""

import pytest

from archstat.analysis.inference import count_source
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.hub import HUBS, names_in
from archstat.networks.libraries import library_of
from archstat.networks.loading import load
from archstat.networks.settings import Setting

smp = library_of("smp", "segmentation_models_pytorch")


def shape_of(spec, **setting):
    (tensor,) = load(spec, Setting(**setting)).args
    return tuple(tensor.shape)


def test_the_names_are_those_of_the_classes():
    assert {"Unet", "UnetPlusPlus", "DeepLabV3Plus", "FPN", "DPT"} <= set(names_in(HUBS.get("smp")))


@pytest.mark.parametrize(
    ("spec", "arguments"),
    [
        ("smp:Unet", {}),
        ("smp:unet", {}),
        ('smp:Unet(encoder_name="resnet18", classes=3)', {"encoder_name": "resnet18", "classes": 3}),
        ('smp:Unet("resnet18")', {"encoder_name": "resnet18"}),
        ('smp:Unet("resnet18", encoder_weights=None)', {"encoder_name": "resnet18"}),
        ('smp:Unet("tu-resnet18", in_channels=1)', {"encoder_name": "tu-resnet18", "in_channels": 1}),
    ],
)
def test_a_network_is_the_one_that_the_library_makes(no_network, spec, arguments):
    cost = count_source(spec, Setting())
    network = smp.Unet(**arguments, encoder_weights=None)
    assert cost.parameters == sum(each.numel() for each in network.parameters())
    assert cost.input_shapes == ((1, arguments.get("in_channels", 3), 224, 224),)
    assert cost.input_origin == "known"
    assert cost.uncounted == ()
    assert not no_network


@pytest.mark.parametrize(
    ("spec", "side"),
    [
        ("smp:Unet", 224),
        ("smp:Unet('tu-tf_efficientnet_b1')", 256),  # trained on 240, which is no multiple of 32
        ("smp:Unet('tu-efficientnet_b0')", 224),
        ("smp:DPT('tu-vit_tiny_patch16_384')", 384),
        ("smp:DPT('tu-vit_tiny_patch16_224', img_size=320)", 320),
    ],
)
def test_an_image_has_the_size_of_the_encoders_weights_in_whole_steps(spec, side):
    assert shape_of(spec) == (1, 3, side, side)
    assert count_source(spec, Setting()).layers


def test_the_test_size_and_another_resolution():
    assert shape_of("smp:Unet('tu-resnet50.a1_in1k')", is_test_size=True) == (1, 3, 288, 288)
    assert shape_of("smp:Unet", resolution=512) == (1, 3, 512, 512)


def test_a_size_that_the_encoder_cannot_halve_is_told_with_one_that_it_can():
    with pytest.raises(InputError, match=r"divisible by 32.* An image of \d+x\d+ would do\."):
        count_source("smp:FPN", Setting(resolution=100))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("smp:Unnet", "No network of segmentation_models_pytorch is named 'Unnet'. Did you mean 'Unet'"),
        (
            "smp:Unet('resnt34')",
            "No encoder of .* is named 'resnt34'. Did you mean 'resnet34'",
        ),
        ("smp:Unet(5)", "No encoder of segmentation_models_pytorch is named '5'"),
        ("smp:Unet('tu-resnt18')", "No network of timm is named 'tu-resnt18'. Did you mean 'tu-resnet18'"),
        ("smp:Unet('tu-hf-hub:timm/resnet18')", "No network of timm is named 'tu-hf-hub:timm/resnet18'"),
        ("smp:Unet('tu-resnet18.a9')", "No set of weights of resnet18 is named 'a9'"),
    ],
)
def test_an_unknown_name_is_told_the_near_ones(no_network, spec, says):
    with pytest.raises(UnknownNameError, match=says):
        count_source(spec, Setting())
    assert not no_network


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("smp:Unet(encoder_weights='imagenet')", "weights change no count .* leave out encoder_weights"),
        ("smp:Unet('tu-resnet18', pretrained=True)", "weights change no count .* leave out pretrained"),
        ("smp:Unet(clases=3)", "does not fit: No argument of Unet is named 'clases'. Did you mean 'classes'"),
        ("smp:Unet(in_channels=0)", "in_channels is a whole number of 1 or more"),
        ("smp:Unet(classes='3')", "classes is a whole number of 1 or more"),
        ("smp:Unet('resnet18', encoder_name='resnet34')", "multiple values for argument 'encoder_name'"),
        (f"smp:Unet{tuple(range(20))}", "too many positional arguments"),
        ("smp:Unet(encoder_depth=9)", "depth should be in range"),
        ("smp:DPT('resnet34')", "Only Timm encoders are supported for DPT"),
        ("smp:Unet('tu-vit_tiny_patch16_224')", r"does not fit: Unsupported model downsampling pattern\.$"),
        ("smp:DPT(img_size='x')", "'x' is no size of an image"),
        ("smp:Unet('tu-resnet18', bogus=1)", "unexpected keyword argument 'bogus'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(no_network, spec, says):
    with pytest.raises(SourceError, match=says):
        count_source(spec, Setting())
    assert not no_network
