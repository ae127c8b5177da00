import csv
import sys

import pytest
import torch
import torchmetrics
from torch import nn

from archstat.frameworks.lightning import ArchstatSummary, Callback
from archstat.frameworks.watch import ArchstatWarning
from tests.frameworks.logs import scalars
from tests.frameworks.networks import CONV_MACS, LINEAR_MACS, PARAMETERS, are_equal, dataset, small, weights_of

lightning = sys.modules[Callback.__module__.partition(".")[0]]
loggers = lightning.pytorch.loggers if lightning.__name__ == "lightning" else lightning.loggers

STEP_MACS = 4 * (2 * CONV_MACS + 3 * LINEAR_MACS)


class Module(lightning.LightningModule):
    """A network with a metric, a log and a list, as people write them."""

    def __init__(self):
        super().__init__()
        self.body = small()
        self.accuracy = torchmetrics.Accuracy("multiclass", num_classes=10)
        self.losses = []

    def forward(self, images):
        return self.body(images)

    def training_step(self, batch, batch_idx):  # noqa: ARG002 - as people write it
        images, labels = batch
        found = self(images)
        loss = nn.functional.cross_entropy(found, labels)
        self.accuracy(found, labels)
        self.log("loss", loss)
        self.log_dict({"accuracy": self.accuracy, "epoch_of_trainer": float(self.trainer.current_epoch)})
        self.losses.append(loss.detach())
        return {"loss": loss, "images": images}

    def validation_step(self, batch, batch_idx):  # noqa: ARG002 - likewise
        self.log("val_loss", nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


def trained(callbacks, module=None, logger=False, batches=4, **options):
    """Train two epochs from the same beginning."""
    module = module or Module()
    lightning.seed_everything(1, verbose=False)
    chosen = {"max_epochs": 2, "log_every_n_steps": 1, "accelerator": "cpu", "devices": 1, **options}
    trainer = lightning.Trainer(
        callbacks=callbacks,
        logger=logger,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        **chosen,
    )
    data = dataset(batches)
    trainer.fit(module, torch.utils.data.DataLoader(data, 4, shuffle=True), torch.utils.data.DataLoader(data, 4))
    return module, trainer


def test_a_training_is_the_same_to_the_last_bit():
    plain, trainer = trained([])
    seen, watched = trained([ArchstatSummary(depth=0, peak=1e12)])
    assert are_equal(weights_of(plain), weights_of(seen))
    assert trainer.callback_metrics == watched.callback_metrics
    assert torch.equal(torch.stack(plain.losses), torch.stack(seen.losses))
    assert vars(seen).keys() == vars(plain).keys()
    assert vars(seen.accuracy).keys() == vars(plain.accuracy).keys()


def test_the_numbers_arrive_in_the_file_of_every_logger(tmp_path, capsys):
    places = [loggers.CSVLogger(tmp_path, name="csv"), loggers.TensorBoardLogger(tmp_path, name="tensorboard")]
    trained([ArchstatSummary(depth=1, convention="thop", peak=1e12)], logger=places)
    with (tmp_path / "csv/version_0/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    first = next(row for row in rows if row["archstat/parameters"])
    assert (int(first["archstat/parameters"]), int(first["archstat/step_macs"])) == (PARAMETERS, STEP_MACS)
    rates = [row for row in rows if row["archstat/mfu"]]
    assert len(rates) == 2 * 4 - 1  # of the first step there is none
    for row in rates:
        spent = float(row["archstat/flops_per_s"]) / int(first["archstat/step_flops"])
        assert float(row["archstat/mfu"]) == pytest.approx(2 * STEP_MACS * spent / 1e12)
    logged = scalars(tmp_path / "tensorboard/version_0")
    assert logged["archstat/step_macs"] == [(0, STEP_MACS)]
    assert [step for step, _ in logged["archstat/mfu"]] == [int(row["step"]) for row in rates]
    out = capsys.readouterr().out
    assert "thop" in out
    assert f"{4 * (CONV_MACS + LINEAR_MACS):,}" in out


def test_batches_that_are_accumulated_are_each_a_step(tmp_path):
    logger = loggers.CSVLogger(tmp_path, name="csv")
    plain, _ = trained([], accumulate_grad_batches=2)
    seen, _ = trained([ArchstatSummary(depth=0, peak=1e12)], logger=logger, accumulate_grad_batches=2)
    assert are_equal(weights_of(plain), weights_of(seen))
    with (tmp_path / "csv/version_0/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["archstat/step_macs"]) for row in rows if row["archstat/step_macs"]] == [STEP_MACS]
    assert sum(bool(row["archstat/mfu"]) for row in rows) == 4  # one for each update


def test_a_compiled_part_is_counted_and_trained_as_without(capsys):
    def compiled():
        module = Module()
        module.body = torch.compile(module.body, backend="eager")
        return module

    plain, _ = trained([], compiled(), max_epochs=1)
    seen, _ = trained([ArchstatSummary(depth=None, peak=1e12)], compiled(), max_epochs=1)
    assert are_equal(weights_of(plain), weights_of(seen))
    assert "\nbody.0 " in capsys.readouterr().out


class Manual(Module):
    """A network that makes its updates itself."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(nn.functional.cross_entropy(self(batch[0]), batch[1]))
        optimizer.step()


class Branching(Module):
    """A network whose step depends on what it computes."""

    def training_step(self, batch):
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        return loss * 2 if loss > 1 else loss


@pytest.mark.parametrize(
    ("kind", "why"), [(Manual, "With manual optimization only"), (Branching, "replayed without values")]
)
def test_what_cannot_be_counted_is_told_once_and_trained(kind, why):
    plain, _ = trained([], kind())
    with pytest.warns(ArchstatWarning, match=why) as told:
        seen, _ = trained([ArchstatSummary()], kind())
    assert len([each for each in told if each.category is ArchstatWarning]) == 1
    assert are_equal(weights_of(plain), weights_of(seen))
