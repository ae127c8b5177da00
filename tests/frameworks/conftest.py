"""What keeps the frameworks within the folder of a test, and quiet: nothing is sent, asked for or left."""

import os
import warnings

import pytest

from archstat.networks.torchvision_ops import mend_torchvision

# Before a framework is imported, as some read these but once.
os.environ.update(
    DO_NOT_TRACK="1",
    HF_HUB_OFFLINE="1",
    MLFLOW_ALLOW_FILE_STORE="true",  # a database is made in a dozen steps, which take ten times as long as a test
    MLFLOW_DISABLE_TELEMETRY="true",
    WANDB_ERROR_REPORTING="false",
    WANDB_MODE="offline",
    WANDB_SILENT="true",
    YOLO_AUTOINSTALL="false",
    YOLO_OFFLINE="true",
)
mend_torchvision()


@pytest.fixture(autouse=True)
def _within(tmp_path, monkeypatch):
    """Whatever is written by default lands in the folder of the test; what frameworks warn of is theirs."""
    monkeypatch.chdir(tmp_path)
    for name in ("KERAS_HOME", "WANDB_DIR", "YOLO_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file:{tmp_path}/mlruns")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", module=r"archstat\..*")
        yield
