"""Fixtures of the charts: the measurements that reports are made of."""

from pathlib import Path

import pytest

from archstat.files.results import read_measurements
from archstat.report.material import Subject
from tests.report.charts.support import network

RESULTS = Path(__file__).parents[3] / "reports" / "cnn-architectures" / "results"


@pytest.fixture(scope="session")
def results():
    """All committed measurements."""
    return tuple(each for path in sorted(RESULTS.glob("*-cpu-fp32-b1.json")) for each in read_measurements(path))


@pytest.fixture(scope="session")
def committed(results):
    """From a name to the network with its committed measurement."""
    by_name = {each.architecture: each for each in results}
    return lambda name: Subject(network(name), by_name[name], network(name))
