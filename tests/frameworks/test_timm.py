import csv
import math

import pytest
import timm
import timm.optim
import timm.utils
import torch
from torch import nn

from archstat.frameworks.steps import StepCounter
from archstat.frameworks.timm import watch_loader
from archstat.frameworks.watch import ArchstatWarning
from tests.frameworks.networks import are_equal, weights_of


def trained(watches, epochs=2, loss_fn=None):
    """A loop as that of timm's script, with its file of results."""
    torch.manual_seed(1)
    model = timm.create_model("test_resnet", num_classes=10)
    data = torch.utils.data.TensorDataset(torch.randn(6, 3, 32, 32), torch.randint(0, 10, (6,)))
    loader = torch.utils.data.DataLoader(data, 2, shuffle=True)
    loss_fn = loss_fn or nn.CrossEntropyLoss()
    optimizer = timm.optim.create_optimizer_v2(model, "sgd", lr=0.1)
    batches = watch_loader(loader, model, loss_fn, depth=0, peak=1e12) if watches else loader
    assert len(batches) == 3
    for epoch in range(epochs):
        for inputs, target in batches:
            optimizer.zero_grad()
            loss = loss_fn(model(inputs), target)
            loss.backward()
            optimizer.step()
        metrics = {"loss": float(loss), **(batches.metrics() if watches else {})}
        timm.utils.update_summary(epoch, metrics, None, "summary.csv", write_header=epoch == 0)
    return model


def test_a_training_is_the_same_and_the_numbers_are_in_its_summary(tmp_path):
    plain = trained(watches=False)
    (tmp_path / "summary.csv").unlink()
    seen = trained(watches=True)
    assert are_equal(weights_of(plain), weights_of(seen))
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    step = StepCounter(plain, lambda network, given: network(given).sum()).step(torch.empty(2, 3, 32, 32))
    assert [int(row["train_archstat/step_macs"]) for row in rows] == [step.macs] * 2
    assert all(float(row["train_archstat/mfu"]) > 0 for row in rows)


def test_what_cannot_be_counted_is_told_once_and_trained(tmp_path):
    def branching(found, target):
        loss = nn.functional.cross_entropy(found, target)
        return loss * 2 if loss > 1 else loss

    plain = trained(watches=False, loss_fn=branching)
    (tmp_path / "summary.csv").unlink()
    with pytest.warns(ArchstatWarning, match="was not counted") as told:
        seen = trained(watches=True, loss_fn=branching)
    assert len(told) == 1
    assert are_equal(weights_of(plain), weights_of(seen))


def test_a_loader_answers_and_is_told_what_it_is_asked_and_told():
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2), torch.zeros(4, 1)), 2)
    batches = watch_loader(loader, nn.Linear(2, 1), nn.MSELoss(), depth=0, peak=1e12)
    assert batches.batch_size == 2
    batches.mixup_enabled = False
    assert loader.mixup_enabled is False
    assert math.isnan(batches.metrics().get("archstat/mfu", math.nan))
    for _ in batches:
        break  # an epoch that ends early
    assert batches.metrics()["archstat/parameters"] == 3
