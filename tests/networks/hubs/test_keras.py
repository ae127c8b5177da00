"""The applications of Keras by name, on torch, and nothing of what its import does besides."""

import types

import pytest

from archstat.analysis.inference import check_network, count_source
from archstat.analysis.training import train_source
from archstat.errors import ForwardError, InputError, SourceError, UnknownNameError
from archstat.networks.hub import HUBS, names_in
from archstat.networks.hubs import keras as hub
from archstat.networks.loading import load
from archstat.networks.settings import InputSpec, Setting, TrainingSetting
from archstat.networks.trust import names_code

keras = hub._library()

NETS = """
import keras
from keras import layers as L

def small():
    given = keras.Input((28, 28, 1))
    return keras.Model(given, L.Dense(10)(L.Flatten()(L.Conv2D(8, 3)(given))))

def open_sizes():
    given = keras.Input((None, None, 3))
    return keras.Model(given, L.GlobalAveragePooling2D()(L.Conv2D(4, 3)(given)))

def two():
    image, ids = keras.Input((8,)), keras.Input((16,), dtype="int32")
    return keras.Model([image, ids], L.Concatenate()([L.Dense(4)(image), L.Flatten()(L.Embedding(50, 3)(ids))]))

class Late(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(4)

    def call(self, x):
        return self.dense(x)
"""


@pytest.fixture(name="nets")
def networks_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "keras_nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return "./keras_nets.py"


def trained(model):
    return sum(each.value.numel() for each in model.trainable_variables)


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ("MobileNetV2", (224, 224, 3)),
        ("MobileNetV3Small", (224, 224, 3)),
        ("EfficientNetB1", (240, 240, 3)),
        ("InceptionV3", (299, 299, 3)),
        ("MobileNetV2(alpha=0.5, include_top=False)", (224, 224, 3)),
        ("MobileNetV2(weights=None, classes=7)", (224, 224, 3)),
        ("ResNet50(input_shape=(64, 96, 3))", (64, 96, 3)),
    ],
)
@pytest.mark.sampled(2)
def test_the_input_and_the_weights_are_those_of_keras(spec, shape):
    cost = count_source(f"keras:{spec}", Setting())
    model = load(f"keras:{spec}", Setting()).model
    assert cost.input_shapes == ((1, *shape),)
    assert (cost.input_origin, cost.uncounted, cost.forward) == ("known", (), "meta")
    assert cost.parameters == trained(model)
    assert cost.parameters + cost.buffers == model.count_params()


def test_rows_have_the_names_that_keras_prints():
    cost = count_source("keras:ResNet50", Setting())
    model = load("keras:ResNet50", Setting()).model
    names = [layer.name for layer in model.layers[1:]]
    assert sorted(row.layer for row in cost.layers) == sorted(names)
    rows = {row.layer: row for row in cost.layers}
    assert (rows["conv1_conv"].kind, rows["conv1_conv"].output_shape) == ("Conv2D", (1, 112, 112, 64))
    assert rows["conv1_conv"].macs == 112 * 112 * 64 * 7 * 7 * 3
    assert all(rows[layer.name].parameters == trained(layer) for layer in model.layers[1:])


def test_the_resolution_and_the_batch_are_followed():
    cost = count_source("keras:MobileNetV2", Setting(resolution=96, batch_size=2))
    assert cost.input_shapes == ((2, 96, 96, 3),)
    assert count_source("keras:MobileNetV2", Setting(dtype="bfloat16", resolution=96)).macs == cost.macs // 2


def test_a_size_that_its_layers_do_not_take_is_refused():
    with pytest.raises((ForwardError, InputError), match=r"'fc1' is incompatible.*keras:VGG16 takes 224x224x3"):
        count_source("keras:VGG16", Setting(resolution=320))


def test_a_network_trains():
    cost = train_source("keras:MobileNetV2", Setting(resolution=32), TrainingSetting())
    weights, buffers = 3_504_872, 34_112  # trainable and other parameters, as Keras' summary prints them
    assert (cost.parameter_bytes, cost.buffer_bytes, cost.gradient_bytes) == (4 * weights, 4 * buffers, 4 * weights)
    assert cost.backward_macs > cost.forward_macs


# -- names -------------------------------------------------------------------------------------------------------------


def test_the_names_are_those_of_keras_applications():
    names = names_in(HUBS.get("keras"))
    assert {*names, "NASNetMobile"} == {name for name in dir(keras.applications) if name[0].isupper()}
    assert names_in(HUBS.get("keras"), "vgg*") == ["VGG16", "VGG19"]


def test_a_name_of_an_installed_library_is_no_code_of_the_users():
    assert not names_code("keras:ResNet50")
    assert names_code("keras:layers.Dense")


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("resnet50", UnknownNameError, "No network of keras is named 'resnet50'. Did you mean 'ResNet50'"),
        ("ResNet50(weights='imagenet')", SourceError, "weights change no count and are never fetched"),
        ("ResNet50(10)", SourceError, "give arguments by name"),
        ("ResNet50(bogus=1)", SourceError, "No argument of ResNet50 is named 'bogus'"),
        ("ResNet50(input_tensor=1)", SourceError, "No argument of ResNet50 is named 'input_tensor'"),
        ("ResNet50(classes=-3)", SourceError, "does not fit: .*expected a positive integer"),
        ("ResNet50(input_shape=(8, 8, 3))", SourceError, "does not fit: Input size must be at least 32x32"),
        ("NASNetMobile", SourceError, "NASNetMobile is not available with the torch backend"),
    ],
)
def test_what_does_not_fit_is_refused(spec, error, says):
    with pytest.raises(error, match=says):
        count_source(f"keras:{spec}", Setting())


def test_another_backend_is_told(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(SourceError, match="Keras was imported with the backend 'jax' before: set KERAS_BACKEND"):
        count_source("keras:ResNet50", Setting())


def test_a_network_of_another_backend_is_told():
    other = type("Functional", (), {"__module__": "keras.src.models.functional"})()
    with pytest.raises(SourceError, match=r"no torch\.nn\.Module.*Keras has another backend than torch here"):
        check_network(other)
    with pytest.raises(SourceError, match=r"of type types\.SimpleNamespace\.$"):
        check_network(types.SimpleNamespace())


# -- in a file ---------------------------------------------------------------------------------------------------------


def test_a_network_in_a_file_takes_the_input_that_it_was_made_for(nets):
    cost = count_source(f"{nets}:small", Setting())
    assert (cost.input_shapes, cost.input_origin) == (((1, 28, 28, 1),), "assumed: its inputs")
    assert count_source(f"{nets}:open_sizes", Setting(resolution=32)).input_shapes == ((1, 32, 32, 3),)
    assert count_source(f"{nets}:two", Setting(batch_size=2)).input_shapes == ((2, 8), (2, 16))


def test_a_resolution_that_a_network_does_not_have_is_not_passed_over(nets):
    with pytest.raises(InputError, match=r"is given 28×28×1 .its inputs., which a resolution does not change"):
        count_source(f"{nets}:small", Setting(resolution=32))


def test_a_network_that_makes_its_weights_late_is_counted_by_name(nets):
    cost = count_source(f"{nets}:Late", Setting((InputSpec((7,)),)))
    assert (cost.parameters, cost.macs) == (7 * 4 + 4, 7 * 4)
    assert [row.layer for row in cost.layers] == ["dense"]


def test_layers_without_a_name_are_numbered_from_the_start_each_time():
    first, second = (
        [row.layer for row in count_source("keras:MobileNetV3Small", Setting(resolution=32)).layers] for _ in range(2)
    )
    assert first == second
    assert {"rescaling", "activation", "activation_1"} <= set(first)


# -- what the import does besides --------------------------------------------------------------------------------------

COUNTS = """
import os, socket, sys, torch
tried = []
def refuse(*args, **_):
    tried.append(args)
    raise OSError("no network in tests")
# urllib3 opens one to see whether there is IPv6, and connects it to nothing
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
socket.create_connection = socket.getaddrinfo = refuse
before = dict(os.environ)
from archstat.analysis.inference import count_source
from archstat.errors import UnknownNameError
from archstat.networks.hub import HUBS
from archstat.networks.settings import Setting
assert len(list(HUBS.get("keras").names())) > 30
assert "keras" not in sys.modules
try:
    count_source("keras:nothing", Setting())
except UnknownNameError:
    count_source("keras:MobileNet", Setting())
assert not tried, tried
assert dict(os.environ) == before
assert "matplotlib" not in sys.modules
from keras.src.backend import config
assert config.keras_home() == os.path.join(os.environ["HOME"], ".keras")
"""


def test_nothing_is_asked_printed_or_written(leaves_nothing):
    leaves_nothing(COUNTS, "KERAS_", "MPL")
