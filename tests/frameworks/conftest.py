"""What keeps the frameworks within the folder of a test, and quiet: nothing is sent, asked for or left."""

import warnings

import pytest

from archstat.networks.hubs import keras, ultralytics  # noqa: F401 - their imports write nothing, once these are known
from archstat.networks.torchvision_ops import mend_torchvision

mend_torchvision()

QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # a database is made in a dozen steps, which take ten times as long as a test
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "YOLO_OFFLINE": "true",
}
FOLDERS = "HF_HOME KERAS_HOME WANDB_CACHE_DIR WANDB_CONFIG_DIR WANDB_DATA_DIR WANDB_DIR YOLO_CONFIG_DIR".split()


@pytest.fixture(autouse=True)
def _within(tmp_path, monkeypatch):
    """Whatever is written by default lands in the folder of the test; what frameworks warn of is theirs."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**QUIET, **dict.fromkeys(FOLDERS, str(tmp_path))}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file:{tmp_path}/mlruns")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", module=r"archstat\..*")
        yield


@pytest.fixture
def yolo(tmp_path, monkeypatch):
    """Ultralytics, with settings that stay in the folder of the test."""
    from archstat.networks.libraries import library_of

    library = library_of("ultralytics", "ultralytics")
    monkeypatch.setattr(library.utils.SETTINGS, "file", tmp_path / "settings.json")
    changed = {"runs_dir": str(tmp_path), **dict.fromkeys(("sync", "wandb", "tensorboard", "mlflow"), False)}
    for name, value in changed.items():
        monkeypatch.setitem(library.utils.SETTINGS, name, value)
    monkeypatch.setattr("ultralytics.cfg.TESTS_RUNNING", False)  # its own tests write beside its code
    return library.YOLO
