"""Networks of Ultralytics by name: as the library makes them of its configs, and nothing of what it does besides."""

import pytest
import torch

from archstat.analysis.inference import count_source
from archstat.analysis.training import train_source
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.hub import HUBS, names_in
from archstat.networks.hubs import ultralytics as hub
from archstat.networks.loading import load
from archstat.networks.settings import Setting, TrainingSetting
from archstat.networks.sources import build_on_meta, find

YOLO11 = {"n": (2_624_080, 6.6), "s": (9_458_752, 21.7), "m": (20_114_688, 68.5), "l": (25_372_160, 87.6)}
"""Parameters and GFLOPs, as the library's config of YOLO11 has them in its comments."""


def parameters_of(model):
    return sum(each.numel() for each in model.parameters())


@pytest.mark.parametrize("size", YOLO11)
@pytest.mark.sampled(2)
def test_parameters_and_operations_are_those_of_the_librarys_config(size):
    parameters, giga = YOLO11[size]
    cost = count_source(f"ultralytics:yolo11{size}", Setting())
    assert cost.parameters == parameters
    assert 2 * cost.macs / 1e9 == pytest.approx(giga, rel=0.01)  # which has what norms do in it too, in its own way
    assert cost.input_shapes == ((1, 3, 640, 640),)
    assert (cost.input_origin, cost.uncounted) == ("known", ())


@pytest.mark.parametrize(
    "name", "yolov8n yolov8n-world yolo11n-obb yolo26n-pose yolo26n-seg yolo26n-sem yoloe-26n yolov10n rtdetr-l".split()
)
@pytest.mark.sampled(2)
def test_a_network_is_the_one_that_the_library_makes(name):
    library = hub._library()
    kind = type(build_on_meta(find(f"ultralytics:{name}")))
    own = kind(library.yaml_model_load(f"{name}.yaml"), verbose=False)
    made = load(f"ultralytics:{name}", Setting()).model
    assert parameters_of(made) == parameters_of(own)
    assert [type(each) for each in made.model] == [type(each) for each in own.model]
    assert torch.equal(made.stride.cpu(), own.stride)


def test_images_for_classification_are_smaller():
    assert count_source("ultralytics:yolo11n-cls", Setting()).input_shapes == ((1, 3, 224, 224),)


def test_the_resolution_and_the_arguments_are_followed():
    assert count_source("ultralytics:yolo11n", Setting(resolution=320)).input_shapes == ((1, 3, 320, 320),)
    cost = count_source("ultralytics:yolo11n(nc=3, ch=1)", Setting(batch_size=2))
    assert cost.input_shapes == ((2, 1, 640, 640),)
    assert cost.parameters == parameters_of(hub._library().DetectionModel("yolo11n.yaml", ch=1, nc=3, verbose=False))
    points = load("ultralytics:yolo11n-pose(kpt_shape=(5, 2))", Setting()).model
    assert points.model[-1].kpt_shape == [5, 2]


def test_a_fused_network_has_no_norms_and_the_same_products():
    plain, fused = (count_source(f"ultralytics:yolo11n{each}", Setting()) for each in ("", "(fuse=True)"))
    own = hub._library().DetectionModel("yolo11n.yaml", verbose=False).fuse(verbose=False)
    assert fused.parameters == parameters_of(own) < plain.parameters
    assert fused.macs == plain.macs
    assert not any(each.op == "batch_norm" for each in fused.ops)


def test_every_layer_has_a_name_of_its_own():
    cost = count_source("ultralytics:yolo11n", Setting())
    assert {"model.0.act", "model.1.act", "model.2.cv1.act"} <= {layer.layer for layer in cost.layers}


def test_a_network_trains():
    cost = train_source("ultralytics:yolov5n", Setting(resolution=64), TrainingSetting())
    decoded = 16 * 4 * (8 * 8 + 4 * 4 + 2 * 2)  # the boxes of three grids, of which a loss takes what they come from
    assert cost.forward_macs == count_source("ultralytics:yolov5n", Setting(resolution=64)).macs - decoded
    assert cost.backward_macs > cost.forward_macs


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_config_with_sizes_is_one_network_for_each():
    assert names_in(HUBS.get("ultralytics"), "yolo11?-seg") == [f"yolo11{size}-seg" for size in "lmnsx"]
    assert {"yolov3-tiny", "yolov5n-p6", "yolov9c", "yolov10b", "rtdetr-l", "yolov8n-rtdetr"} <= set(hub._names())
    assert "yolo11" not in hub._names()


@pytest.mark.parametrize("name", ["yolo11n.pt", "yolo11n.yaml"])
def test_the_names_of_files_of_weights_and_configs_do_too(name):
    assert parameters_of(load(f"ultralytics:{name}", Setting()).model) == YOLO11["n"][0]


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("yolo11", UnknownNameError, "No network of ultralytics is named 'yolo11'. Did you mean 'yolo11"),
        ("../yolo11n", UnknownNameError, "No network of ultralytics is named"),
        ("yolo11n(pretrained=True)", SourceError, "weights change no count and are never fetched"),
        ("yolo11n(10)", SourceError, "give arguments by name"),
        ("yolo11n(bogus=1)", SourceError, "No argument of that network is named 'bogus'"),
        ("yolo11n(kpt_shape=(1, 2))", SourceError, "No argument of that network is named 'kpt_shape'"),
        ("yolo11n(nc=0)", SourceError, "nc is a whole number from 1 to"),
        ("yolo11n(ch=True)", SourceError, "ch is a whole number from 1 to"),
        ("yolo11n(fuse=1)", SourceError, "fuse is True or False"),
        ("yolo11n-pose(kpt_shape=(1,))", SourceError, "kpt_shape is the number of points"),
    ],
)
def test_what_does_not_fit_is_refused(spec, error, says):
    with pytest.raises(error, match=says):
        count_source(f"ultralytics:{spec}", Setting())


def test_a_size_that_the_network_cannot_take_is_told_with_one_that_it_can():
    with pytest.raises(InputError, match=r"An image of \d+x\d+ would do\."):
        count_source("ultralytics:yolo11n", Setting(resolution=100))


# -- what the library does besides -------------------------------------------------------------------------------------

COUNTS = """
import os, socket, sys, warnings
import numpy as np
import torch
tried = []
def refuse(*args, **_):
    tried.append(args)
    raise OSError("no network in tests")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
before, save, shown = dict(os.environ), torch.save, list(warnings.filters)
printed = str(np.arange(3) / 7), str(torch.arange(3) / 7), str(torch.arange(40) / 7)
from archstat.analysis.inference import count_source
from archstat.errors import UnknownNameError
from archstat.networks.hub import HUBS
from archstat.networks.settings import Setting
assert len(list(HUBS.get("ultralytics").names())) > 200
assert "ultralytics" not in sys.modules
for name in ("yolo11n", "yolo11n-cls", "yolo11-cls-resnet18", "yolov8n-world", "yoloe-11n"):
    count_source(f"ultralytics:{name}", Setting())
try:
    count_source("ultralytics:nothing", Setting())
except UnknownNameError:
    assert not tried, tried
assert dict(os.environ) == {**before, **{name: value for name, value in os.environ.items() if "INDUCTOR" in name}}
assert torch.save is save
assert not [each for each in warnings.filters if each not in shown and "sympy" not in str(each)]  # torch's own
assert printed == (str(np.arange(3) / 7), str(torch.arange(3) / 7), str(torch.arange(40) / 7))
"""


def test_nothing_is_asked_printed_or_written(leaves_nothing):
    leaves_nothing(COUNTS, "YOLO_")
