import csv
import sys

import numpy as np
import pytest

from archstat.frameworks.keras import ArchstatLogger
from archstat.frameworks.watch import ArchstatWarning
from tests.frameworks.networks import CONV_MACS, LINEAR_MACS, PARAMETERS

keras = sys.modules["keras"]
STEP_MACS = 4 * (2 * CONV_MACS + 3 * LINEAR_MACS)


def small():
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("adam", loss=loss, metrics=["accuracy"])
    return network, np.random.rand(16, 8, 8, 3).astype("float32"), np.random.randint(0, 10, 16)  # noqa: NPY002


def forked():
    image = keras.Input((6,))
    inner = keras.layers.Dense(4, activation="relu")(image)
    network = keras.Model(image, [keras.layers.Dense(2, name="a")(inner), keras.layers.Dense(1, name="b")(inner)])
    network.compile("sgd", loss=["mse", "mse"])
    return network, np.random.rand(16, 6).astype("float32"), [np.ones((16, 2)), np.ones((16, 1))]  # noqa: NPY002


def trained(callbacks, make=small, **options):
    keras.utils.set_random_seed(1)
    network, x, y = make()
    history = network.fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=callbacks, **options).history
    return network, history


@pytest.mark.parametrize("make", [small, forked])
def test_a_training_is_the_same_to_the_last_bit(make):
    plain, before = trained([], make)
    seen, after = trained([ArchstatLogger(depth=0, peak=1e12)], make)
    assert all(map(np.array_equal, plain.get_weights(), seen.get_weights()))
    assert before == {name: after[name] for name in before}
    assert not hasattr(seen.train_function, "__wrapped__")


def test_the_numbers_arrive_in_the_file_of_a_logger_behind_it(tmp_path, capsys):
    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    _, history = trained([ArchstatLogger(depth=1, peak=1e12), logger], validation_split=0.25)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["archstat/step_macs"]) for row in rows] == history["archstat/step_macs"] == [STEP_MACS] * 2
    assert history["archstat/trainable_parameters"] == [PARAMETERS] * 2
    assert [float(row["archstat/mfu"]) > 0 for row in rows] == [True, True]
    assert "Conv2D 3→8 3×3" in capsys.readouterr().out


def test_a_second_training_begins_anew():
    callback = ArchstatLogger(depth=0, peak=1e12)
    network, history = trained([callback])
    again = network.fit(np.zeros((2, 8, 8, 3)), np.zeros(2), verbose=0, callbacks=[callback]).history
    assert again["archstat/step_macs"] == [STEP_MACS // 2]
    assert history["archstat/step_macs"] == [STEP_MACS] * 2


def test_what_cannot_be_counted_is_told_once_and_trained():
    def branching(truth, found):
        return found * 2 if float(found.sum()) > 0 else found + 0 * truth[:, None]

    def make():
        network, x, y = small()
        network.compile("sgd", loss=branching)
        return network, x, y

    plain, _ = trained([], make)
    with pytest.warns(ArchstatWarning, match="was not counted") as told:
        seen, history = trained([ArchstatLogger()], make)
    assert len([each for each in told if each.category is ArchstatWarning]) == 1
    assert all(map(np.array_equal, plain.get_weights(), seen.get_weights()))
    assert not any(name.startswith("archstat") for name in history)


def test_another_backend_is_told():
    callback = ArchstatLogger()
    callback.set_model(object())
    with pytest.warns(ArchstatWarning, match="another backend than torch"):
        callback.on_train_begin()
    callback.on_train_batch_end(0)
    callback.on_epoch_end(0, {})
