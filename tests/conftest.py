"""Settings and fixtures of all tests."""

import importlib
import os
import shutil
import subprocess

import pytest
import torch
from hypothesis import HealthCheck, settings

from archstat.networks.torchvision_ops import mend_torchvision
from tests.sampling import IS_WHOLE, is_drawn

# The first call of an op loads parts of torch: no deadline, and a draw may be slow. The same examples every time.
settings.register_profile(
    "archstat", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("archstat")

# Tests of what is counted count; those of what is kept name a folder of their own.
os.environ["ARCHSTAT_CACHE"] = "off"


@pytest.fixture(scope="session")
def torchvision():
    """Torchvision, also where its compiled part does not fit torch."""
    mend_torchvision()
    return importlib.import_module("torchvision")


@pytest.fixture(scope="session")
def chromium():
    """The path of Chromium, which comes with the system: CI installs it, and elsewhere tests without it are skipped."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next(filter(None, map(shutil.which, names)), None)
    return program or pytest.skip("there is no Chromium")


@pytest.fixture(scope="session")
def pdflatex():
    """The path of pdfLaTeX with siunitx, which come with the system: CI installs them, elsewhere tests are skipped."""
    program, finder = shutil.which("pdflatex"), shutil.which("kpsewhich")
    found = finder and subprocess.run([finder, "siunitx.sty"], check=False, capture_output=True).stdout
    return program if program and found else pytest.skip("there is no LaTeX with siunitx: install texlive-science")


def pytest_collection_modifyitems(config, items):
    """Leave out what needs a GPU where there is none, and what a quick run does not draw: deselected, not skipped."""
    possible = [item for item in items if _has_its_device(item)]
    drawn = [item for item in possible if _is_drawn(item)]
    # Where chance leaves a test no case, it has its first.
    frequent = [item for item in possible if not item.get_closest_marker("rare")]
    cases = {_test_of(item): item for item in reversed(frequent)} | {_test_of(item): None for item in drawn}
    kept = set(map(id, [*drawn, *filter(None, cases.values())]))
    chosen = [item for item in items if id(item) in kept]
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = chosen


def _has_its_device(item):
    return torch.cuda.is_available() or item.get_closest_marker("gpu") is None


def _is_drawn(item):
    """Whether every run makes a test: it is not rare and has few cases, or this one is of those that are drawn."""
    if item.get_closest_marker("rare"):
        return IS_WHOLE
    marker = item.get_closest_marker("sampled")
    return marker is None or not hasattr(item, "callspec") or is_drawn(item.nodeid, *marker.args)


def _test_of(item):
    """The function of a case, and its class: what all cases of one test have in common."""
    return item.nodeid.partition("[")[0]


# -- a skipped test proves nothing: on CI it fails the run -------------------------------------------------------------

skipped = []


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        skipped.append(report.nodeid)


def pytest_collectreport(report):
    if report.skipped:
        skipped.append(report.nodeid)


def pytest_sessionfinish(session):
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if os.environ.get("CI") and skipped:
        terminalreporter.section("skipped on CI, which fails the run", red=True)
        terminalreporter.write_line("\n".join(skipped))
