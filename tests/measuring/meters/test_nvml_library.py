"""From a driver's library to the energy of a pass: all of it ours but the bindings, which load a small one in C."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from archstat.records import Energy, Reason

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    target = folder / "libnvidia-ml.so.1"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(target), str(HERE / "libnvidia-ml.c")]
    subprocess.run(command, check=True)
    return folder


def measure(folder, kind, **variables):
    environment = os.environ | {"LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-m", "tests.measuring.meters.measure_fake"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout, type=kind)


def test_the_energy_is_that_which_was_set(library):
    energy = measure(library, Energy)
    assert (energy.source, energy.boundary) == ("nvml.total_energy", "GPU board")
    assert energy.pass_j == pytest.approx(300 * 0.004, rel=2e-3)
    assert energy.net_j == pytest.approx(240 * 0.004, rel=3e-3)
    assert energy.input_j == energy.pass_j / 2
    assert energy.idle.power_w == pytest.approx(60, rel=2e-3)
    assert energy.step_s == pytest.approx(0.1, rel=0.05)
    assert abs(energy.disagreement) < 0.01
    assert energy.reasons == ()


def test_a_counter_that_steps_five_times_as_often_says_the_same(library):
    energy = measure(library, Energy, FAKE_STEP_MS="20")
    assert energy.pass_j == pytest.approx(1.2, rel=2e-3)
    assert energy.step_s == pytest.approx(0.02, rel=0.05)


def test_without_a_counter_the_sensor_says_about_the_same(library):
    energy = measure(library, Energy, FAKE_ENERGY="3")
    assert energy.source == "nvml.power"
    assert energy.pass_j == pytest.approx(1.2, rel=5e-3)
    assert energy.trials[0].window_s >= 10
    assert [reason.code for reason in energy.reasons] == ["ENERGY_UNSUPPORTED"]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"FAKE_ENERGY": "3", "FAKE_POWER": "3"}, "ENERGY_UNSUPPORTED"),
        ({"FAKE_ENERGY": "4", "FAKE_POWER": "4"}, "NVML_PERMISSION"),
        ({"FAKE_INIT": "4"}, "NVML_PERMISSION"),
        ({"FAKE_INIT": "9"}, "NVML_DRIVER"),
        ({"FAKE_MIG": "1"}, "MIG"),
        ({"FAKE_STEP_MS": "1000000000"}, "ENERGY_STUCK"),
    ],
)
def test_what_cannot_be_measured_says_why(library, variables, code):
    assert measure(library, Reason, **variables).code == code


def test_without_a_library_there_is_no_driver(tmp_path):
    reason = measure(tmp_path, Reason)
    assert reason.code == "NVML_LIB_MISSING"
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in reason.text
