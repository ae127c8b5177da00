import math

import pytest
import torch

from archstat.errors import ArchstatError, InputError
from archstat.files.results import peaks_to_json
from archstat.frameworks.peak import most_flops_per_s, precision_of
from archstat.frameworks.rates import Rates
from archstat.frameworks.steps import StepCounter
from archstat.measuring.environment.devices import device_name
from archstat.records import Peaks
from tests.frameworks.networks import batch, loss, small

CPU = torch.device("cpu")


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def step():
    return StepCounter(small(), loss).step(batch())


def test_the_rate_is_the_work_of_the_steps_after_the_first_over_their_time(step):
    clock = Clock()
    rates = Rates(clock=clock)
    clock.now = 100.0
    rates.add(step)
    for _ in range(3):
        clock.now += 2.0
        rates.add(step)
    found = rates.read()
    assert found.flops_per_s == pytest.approx(3 * step.flops / 6)
    assert found.model_flops_per_s == pytest.approx(3 * step.model_flops / 6)


def test_a_pause_takes_no_time(step):
    clock = Clock()
    rates = Rates(clock=clock)
    rates.add(step)
    clock.now = 1.0
    rates.add(step)
    rates.pause()
    clock.now = 500.0
    rates.resume()
    clock.now = 502.0
    rates.add(step)
    assert rates.read().flops_per_s == pytest.approx(2 * step.flops / 3)


def test_a_reading_begins_anew_and_also_within_a_pause(step):
    clock = Clock()
    rates = Rates(clock=clock)
    rates.add(step)
    clock.now = 1.0
    rates.add(step)
    rates.pause()
    assert rates.read().flops_per_s == pytest.approx(step.flops)
    assert math.isnan(rates.read().flops_per_s)


def test_without_a_step_and_with_one_that_nobody_counted_there_is_no_rate(step):
    clock = Clock()
    rates = Rates(clock=clock)
    assert math.isnan(rates.read().flops_per_s)
    rates.add(step)
    clock.now = 1.0
    rates.add(step)
    rates.add(None)
    assert math.isnan(rates.read().flops_per_s)


def test_the_device_is_waited_for_before_the_clock_is_read(step):
    waited = []
    rates = Rates(lambda: waited.append(len(waited)))
    rates.add(step)
    rates.add(step)
    rates.read()
    assert len(waited) == 3  # as it begins, and at both ends of the reading


# -- peaks -------------------------------------------------------------------------------------------------------------


def peaks(**changed):
    told = {"device_name": device_name(CPU), "precision": "fp32", "threads": 1, "how": "measured", **changed}
    return Peaks(flops_per_s=2e12, bytes_per_s=1e11, call_s=1e-6, **told)


def test_a_peak_is_a_number_a_record_or_a_file(tmp_path):
    (tmp_path / "peaks.json").write_text(peaks_to_json(peaks()))
    assert most_flops_per_s(None, CPU, "fp32") is None
    assert most_flops_per_s(312e12, CPU, "fp32") == 312e12
    assert most_flops_per_s(peaks(), CPU, "fp32") == 2e12
    assert most_flops_per_s("peaks.json", CPU, "fp32") == most_flops_per_s(tmp_path / "peaks.json", CPU, "fp32") == 2e12


@pytest.mark.parametrize("wrong", [0, -1.0, math.inf, math.nan])
def test_a_peak_that_is_no_rate_is_refused(wrong):
    with pytest.raises(InputError, match="give a positive number"):
        most_flops_per_s(wrong, CPU, "fp32")


@pytest.mark.parametrize("changed", [{"device_name": "Another"}, {"precision": "bf16"}])
def test_a_peak_of_another_device_or_precision_is_refused(changed):
    with pytest.raises(InputError, match=r"measure it there with 'archstat peaks'"):
        most_flops_per_s(peaks(**changed), CPU, "fp32")


@pytest.mark.parametrize("content", [None, "", "{}", "<script>"])
def test_a_file_that_holds_no_peaks_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "peaks.json").write_text(content)
    with pytest.raises(ArchstatError, match=r"peaks\.json"):
        most_flops_per_s("peaks.json", CPU, "fp32")


def test_a_peak_that_is_measured_draws_none_of_the_trainings_random_numbers(monkeypatch):
    def measured(device, precision):
        torch.randn(3)
        return peaks(device_name=device_name(device), precision=precision)

    monkeypatch.setattr("archstat.frameworks.peak.measure_peaks", measured)
    before = torch.get_rng_state()
    assert most_flops_per_s("measure", CPU, "bf16") == 2e12
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(InputError, match="'fp64' cannot be measured"):
        most_flops_per_s("measure", CPU, "fp64")
    with pytest.raises(InputError, match="'meta' cannot be measured"):
        most_flops_per_s("measure", torch.device("meta"), "fp32")


@pytest.mark.parametrize(
    ("dtype", "name"),
    [(torch.float32, "fp32"), (torch.bfloat16, "bf16"), (torch.float16, "fp16"), (torch.float64, "fp64")],
)
def test_numbers_have_the_names_of_peaks(dtype, name):
    assert precision_of(dtype, CPU) == name
