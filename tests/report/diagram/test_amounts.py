"""The amounts of boxes that were measured: each stands in one place, and none is lost."""

from pathlib import Path

import msgspec
import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.errors import DataError
from archstat.files.results import read_measurements
from archstat.networks.settings import Setting
from archstat.records import LayerTime
from archstat.report.diagram.diagram import diagram_of
from archstat.report.diagram.drawn import content_of

RESULTS = Path(__file__).parents[3] / "reports" / "cnn-architectures" / "results"


def measured(name):
    (found,) = read_measurements(RESULTS / f"{name}-cpu-fp32-b1.json")
    return found


def made(network, times):
    """A measurement of a network, made of times by path and run."""
    base, cost = measured("alexnet"), network.cost
    rows = [
        LayerTime(layer, "", call, is_leaf, time_s, None, time_s, is_resolved=True)
        for layer, call, is_leaf, time_s in times
    ]
    return msgspec.structs.replace(
        base,
        architecture=cost.architecture,
        input_shapes=cost.input_shapes,
        counted=msgspec.structs.replace(base.counted, parameters=cost.parameters, macs=cost.macs),
        layers=msgspec.structs.replace(base.layers, rows=tuple(rows)),
    )


def times(content):
    """The times of boxes, by title, those of modules included."""
    return {box.title: box.values["latency"] for box in content.boxes}


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet50"])
def test_boxes_and_the_network_itself_have_all_that_was_measured(name):
    measurement, network = measured(name), analyse(name, Setting())
    content = content_of(network, measurement=measurement, is_folded=False)
    top = sum(box.values["latency"] for box in content.boxes if box.in_ < 0)
    undrawn = {"", "flatten", "dropout", "drop6", "drop7"}
    own = sum(row.time_s for row in measurement.layers.rows if row.layer in undrawn)
    assert top + own == pytest.approx(sum(row.time_s for row in measurement.layers.rows))


def test_a_fold_has_the_time_of_all_its_repetitions():
    measurement, network = measured("resnet50"), analyse("resnet50", Setting())
    folded, unfolded = (times(content_of(network, measurement=measurement, is_folded=each)) for each in (True, False))
    assert folded["conv4_x"] == pytest.approx(unfolded["conv4_x"])
    assert folded["conv4_2–conv4_6"] == pytest.approx(sum(unfolded[f"conv4_{number}"] for number in range(2, 7)))


def test_a_module_alone_takes_as_long_as_in_the_network():
    measurement, network = measured("googlenet"), analyse("googlenet", Setting())
    alone = content_of(network, "inception_3a", measurement=measurement)
    own = sum(row.time_s for row in measurement.layers.rows if row.layer == "inception_3a")
    inside = sum(box.values["latency"] for box in alone.boxes if box.in_ < 0)
    assert inside + own == pytest.approx(times(content_of(network, measurement=measurement))["inception_3a"])


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.left(x) + self.right(x)


class Twice(nn.Module):
    """A module with a sum of its own, which runs twice."""

    def __init__(self):
        super().__init__()
        self.sum, self.last = Sum(), nn.Linear(4, 2)

    def forward(self, x):
        return self.last(self.sum(self.sum(x).relu()))


def test_what_a_module_does_itself_stands_with_its_own_run():
    network = analyse_model(Twice(), torch.zeros(1, 4))
    runs = [("sum.left", 1, True, 1.0), ("sum.right", 1, True, 2.0), ("sum", 1, False, 10.0)]
    runs += [("sum.left", 2, True, 3.0), ("sum.right", 2, True, 4.0), ("sum", 2, False, 20.0)]
    runs += [("last", 1, True, 5.0), ("", 1, False, 100.0)]
    content = content_of(network, measurement=made(network, runs), is_folded=False)
    groups = [box.values["latency"] for box in content.boxes if box.has_parts]
    assert groups == [13.0, 27.0]
    assert [box.values["latency"] for box in content.boxes if box.sign] == [0.0, 0.0]
    assert times(content)["last"] == 5.0


def test_the_picture_says_under_which_conditions_the_times_hold():
    diagram = diagram_of(analyse("alexnet", Setting()), measurement=measured("alexnet"))
    assert diagram.look.show == "latency"
    assert measured("alexnet").conditions.device_name in diagram.caption


def test_times_of_something_else_are_refused():
    with pytest.raises(DataError, match="What was measured is 'alexnet', what is counted is 'vgg16'"):
        diagram_of(analyse("vgg16", Setting()), measurement=measured("alexnet"))
    unlayered = msgspec.structs.replace(measured("alexnet"), layers=None)
    with pytest.raises(DataError, match="has no layers"):
        diagram_of(analyse("alexnet", Setting()), measurement=unlayered)


def test_a_latency_that_nobody_measured_is_not_shown():
    with pytest.raises(DataError, match="measured, not counted"):
        diagram_of(analyse("alexnet", Setting()), show="latency")
