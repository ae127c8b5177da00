import csv

import numpy as np
import pytest
import torch
from PIL import Image

from archstat.errors import InputError
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.ultralytics import watch
from tests.frameworks.networks import are_equal


@pytest.fixture
def pictures(tmp_path):
    """Two classes of noise, to be told apart."""
    draws = np.random.default_rng(0)
    for part in ("train", "val"):
        for kind in "ab":
            folder = tmp_path / "pictures" / part / kind
            folder.mkdir(parents=True)
            for number in range(2):
                pixels = draws.integers(0, 255, (40, 40, 3), dtype="uint8")
                Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "pictures"


NETWORK = """
nc: 2
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
head:
  - [-1, 1, Classify, [nc]]
"""


@pytest.fixture
def network(tmp_path):
    """The file of a network of two layers."""
    path = tmp_path / "tiny-cls.yaml"
    path.write_text(NETWORK)
    return path


def trained(model, folder, pictures):
    model.train(
        data=str(pictures),
        epochs=2,
        batch=2,
        imgsz=32,
        workers=0,
        device="cpu",
        project=str(folder),
        name="run",
        plots=False,
        amp=False,
        verbose=False,
    )
    return torch.load(folder / "run/weights/last.pt", weights_only=False)["model"].state_dict()


def test_a_training_is_the_same_and_the_numbers_are_in_its_results(yolo, network, pictures, tmp_path, capsys):
    plain = trained(yolo(network, task="classify"), tmp_path / "plain", pictures)
    model = yolo(network, task="classify")
    watch(model, depth=2, peak=1e12)
    seen = trained(model, tmp_path / "seen", pictures)
    assert are_equal(plain, seen)
    with (tmp_path / "seen/run/results.csv").open() as file:
        rows = list(csv.DictReader(file))
    made = model.model.train().requires_grad_()
    expected = StepCounter(made, lambda network, images: network(images).sum()).step(torch.empty(2, 3, 32, 32))
    assert [float(row["archstat/step_macs"]) for row in rows] == [pytest.approx(expected.macs, rel=1e-5)] * 2
    assert all(float(row["archstat/mfu"]) > 0 for row in rows)
    assert "Training step: " in capsys.readouterr().out


def test_what_takes_no_callbacks_is_refused():
    with pytest.raises(InputError, match=r"hand over a model of Ultralytics, as YOLO"):
        watch(torch.nn.Linear(1, 1))
