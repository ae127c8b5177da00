"""Loggers that take seconds to import, through Lightning."""

from archstat.frameworks.lightning import ArchstatSummary
from tests.frameworks.logs import mlflow_numbers, wandb_numbers
from tests.frameworks.test_lightning import STEP_MACS, loggers, trained


def test_wandb_gets_the_numbers_offline(tmp_path):
    logger = loggers.WandbLogger(save_dir=tmp_path, offline=True, project="archstat")
    trained([ArchstatSummary(depth=0, peak=1e12)], logger=logger, max_epochs=1)
    logger.experiment.finish()
    found = wandb_numbers(tmp_path)
    assert found["archstat/step_macs"] == [STEP_MACS]
    assert len(found["archstat/mfu"]) == 3


def test_mlflow_gets_the_numbers(tmp_path):
    logger = loggers.MLFlowLogger("archstat", tracking_uri=f"file:{tmp_path}/runs")
    trained([ArchstatSummary(depth=0, peak=1e12)], logger=logger, max_epochs=1)
    found = mlflow_numbers(tmp_path / "runs")
    assert found["archstat/step_macs"] == [STEP_MACS]
    assert len(found["archstat/mfu"]) == 3
