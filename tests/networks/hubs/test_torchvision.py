"""Networks of torchvision by their names: as their weights make them, on the input that torchvision counted."""

import pytest
from torch import nn

from archstat.analysis.inference import analyse, count_source
from archstat.errors import SourceError, UnknownNameError
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting
from archstat.networks.sources import build_on_meta, find

models = library_of("torchvision", "torchvision").models


def meta_of(name):
    return models.get_model_weights(name).DEFAULT.meta


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("resnet18", ((1, 3, 224, 224),)),
        ("vit_h_14", ((1, 3, 518, 518),)),
        ("googlenet", ((1, 3, 224, 224),)),
        ("inception_v3", ((1, 3, 299, 299),)),
        ("fcn_resnet50", ((1, 3, 520, 520),)),
        ("mc3_18", ((1, 3, 16, 112, 112),)),
        ("swin3d_t", ((1, 3, 16, 224, 224),)),
        ("raft_small", ((1, 3, 512, 512), (1, 3, 512, 512))),
        ("ssdlite320_mobilenet_v3_large", ((3, 320, 320),)),
    ],
)
def test_operations_and_parameters_are_those_of_torchvisions_own_tables(name, shapes):
    cost, meta = count_source(f"torchvision:{name}", Setting()), meta_of(name)
    assert cost.input_shapes == shapes
    assert cost.parameters == meta["num_params"]
    assert round(cost.macs / 1e9, 3) == meta["_ops"]
    assert cost.uncounted == ()


@pytest.mark.filterwarnings("ignore")
def test_a_quantized_network_is_quantized_and_has_the_operations_of_the_other():
    cost, meta = count_source("torchvision:quantized_shufflenet_v2_x0_5", Setting()), meta_of("shufflenet_v2_x0_5")
    assert round(cost.macs / 1e9, 3) == meta["_ops"]
    assert any(op.op.startswith("quantized::conv2d") for op in cost.ops)
    norms = sum(each.numel() for n, each in models.shufflenet_v2_x0_5().named_parameters() if each.dim() == 1)
    assert 0 < meta["num_params"] - cost.parameters < norms  # norms are folded into the convolutions


def test_arguments_that_fit_no_weights_make_a_network_without_them():
    model = build_on_meta(find("torchvision:resnet18(num_classes=7)"))
    assert model.fc.out_features == 7
    detector = build_on_meta(find("torchvision:fcos_resnet50_fpn(num_classes=5)"))
    assert detector.head.classification_head.num_classes == 5


def test_a_resolution_is_that_of_images_clips_and_pairs():
    assert count_source("torchvision:resnet18", Setting(resolution=64)).input_shapes == ((1, 3, 64, 64),)
    assert count_source("torchvision:mc3_18", Setting(resolution=32)).input_shapes == ((1, 3, 16, 32, 32),)
    both = ((2, 3, 128, 128),) * 2
    assert count_source("torchvision:raft_small", Setting(resolution=128, batch_size=2)).input_shapes == both


def test_a_batch_of_images_is_a_longer_list():
    loaded = find("torchvision:ssdlite320_mobilenet_v3_large")
    assert loaded.takes(Setting())[0].items[0].shape == (3, 320, 320)
    analysis = analyse("torchvision:ssdlite320_mobilenet_v3_large", Setting(batch_size=2))
    assert analysis.cost.input_shapes == ((3, 320, 320), (3, 320, 320))


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("torchvision:resnt50", UnknownNameError, "No network of torchvision is named 'resnt50'. Did you mean"),
        ("torchvision:resnet50(weights='DEFAULT')", SourceError, "weights change no count and are never fetched"),
        ("torchvision:resnet50(bogus=1)", SourceError, "does not fit: .*unexpected keyword argument 'bogus'"),
        ("torchvision:resnet50(10)", SourceError, "give arguments by name"),
    ],
)
def test_what_does_not_fit_is_refused(spec, error, says):
    with pytest.raises(error, match=says):
        count_source(spec, Setting())


def test_weights_are_loaded_as_before_once_a_network_is_built():
    before = nn.Module.load_state_dict
    build_on_meta(find("torchvision:resnet18"))
    assert nn.Module.load_state_dict is before
    assert models.ResNet18_Weights.get_state_dict.__qualname__ == "WeightsEnum.get_state_dict"


def test_the_module_of_that_name_is_found_as_before():
    assert isinstance(build_on_meta(find("torchvision.models:resnet18(num_classes=3)")), nn.Module)
    assert isinstance(build_on_meta(find("torchvision:models.resnet18(num_classes=3)")), nn.Module)
