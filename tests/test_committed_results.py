"""The measurements that are committed: they can be read, and are of the networks as they are counted now."""

from pathlib import Path

import pytest

from archstat.analysis.inference import analyse
from archstat.files.results import read_measurements
from archstat.networks.settings import Setting
from archstat.records import CountedTotals
from archstat.tables import measured_compare_table, measured_table

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "reports").glob("*/results/*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_committed_result_is_of_its_network_as_it_is_counted_now(path):
    for measurement in read_measurements(path):
        conditions = measurement.conditions
        network = analyse(measurement.architecture, Setting(batch_size=conditions.batch_size, dtype=conditions.dtype))
        assert measurement.input_shapes == network.cost.input_shapes
        assert all(
            getattr(measurement.counted, name) == getattr(network.cost, name)
            for name in CountedTotals.__struct_fields__
        )
        if measurement.layers is not None:
            table = measured_table(network.cost, network.traffic(), measurement, measurement.peaks)
            assert sum(row[2] or 0 for row in table.rows) == network.cost.macs
            assert 0.95 <= measurement.layers.closure <= 1.05


def test_the_four_networks_of_the_lectures_are_there_by_layer_and_in_batches():
    found = [each for path in FILES for each in read_measurements(path)]
    networks = {"alexnet", "vgg16", "googlenet", "resnet50"}
    assert networks <= {each.architecture for each in found if each.layers is not None}
    for size in (1, 2, 4, 8, 16):
        assert networks <= {each.architecture for each in found if each.conditions.batch_size == size}


def test_committed_results_of_one_folder_can_be_compared():
    for folder in {path.parent for path in FILES}:
        measurements = [each for path in sorted(folder.glob("*.json")) for each in read_measurements(path)]
        assert len(measured_compare_table(measurements).rows) == len(measurements)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_of_a_machine_or_a_user_is_in_a_committed_result(path):
    text = path.read_text()
    assert not any(f"/{folder}/" in text for folder in ("home", "root", "tmp", "Users"))
