"""The examples of the manual are run as they stand there, each in a folder of its own."""

import csv

import numpy as np
import pytest
from PIL import Image

import archstat.frameworks.keras  # noqa: F401 - imports Keras for torch, whatever the environment says
from tests.docs.pages import DOCS, blocks
from tests.frameworks.logs import scalars

EXAMPLES = dict(
    zip("lightning transformers keras ultralytics timm".split(), blocks(DOCS / "frameworks.md", "python"), strict=True)
)
LOGGED = {"archstat/parameters", "archstat/step_macs", "archstat/flops_per_s", "archstat/mfu"}


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("framework", EXAMPLES)
@pytest.mark.sampled(5)  # each imports another framework
def test_an_example_runs_and_its_logger_gets_the_numbers(framework, tmp_path, yolo, capsys):
    del yolo
    (tmp_path / "tiny-cls.yaml").write_text(
        "nc: 2\nbackbone: [[-1, 1, Conv, [8, 3, 2]]]\nhead: [[-1, 1, Classify, [nc]]]\n"
    )
    for number in range(8):
        folder = tmp_path / "pictures" / ("train", "val")[number % 2] / "ab"[number // 4]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 40, 3), number, dtype="uint8")).save(folder / f"{number}.png")
    text = EXAMPLES[framework]
    assert f"archstat.frameworks.{framework}" in text
    exec(compile(text, framework, "exec"), {"__name__": "example"})  # noqa: S102 - our own document
    assert "\nTraining step: " in capsys.readouterr().out
    assert logged_by(framework, tmp_path) >= LOGGED


def logged_by(framework, folder):
    """The names of what a logger wrote."""
    if framework == "transformers":
        return {name.removeprefix("train/") for path in folder.rglob("events.out*") for name in scalars(path.parent)}
    paths = {"lightning": "metrics.csv", "keras": "log.csv", "ultralytics": "results.csv", "timm": "summary.csv"}
    (path,) = folder.rglob(paths[framework])
    rows = rows_of(path)
    return {name.removeprefix("train_") for name in rows[0] if any(row[name] not in ("", "nan") for row in rows)}
