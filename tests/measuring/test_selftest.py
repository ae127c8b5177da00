"""Two copies of one network: pairs on a clock of our own, and what they say."""

import numpy as np
import pytest

from archstat.errors import InputError
from archstat.measuring.selftest import compare_pairs, run_selftest, take_pairs
from archstat.networks.settings import MeasureSetting
from archstat.records import Noise
from tests.measured import CONDITIONS, environment
from tests.measuring.support import FakeClock, FakeWork


def test_both_run_one_after_the_other_and_take_turns_in_beginning():
    clock, log = FakeClock(), []
    first, second = FakeWork(clock, 0.01, log, "a"), FakeWork(clock, 0.02, log, "b")
    pairs = take_pairs(first, second, 3.0, clock)
    assert set(map("".join, zip(log[::2], log[1::2], strict=True))) == {"ab", "ba"}
    assert log[:8] == list("abbaabba")
    assert len(pairs) == 97  # of 100, the first three are the warm-up
    assert np.allclose(pairs, [(0.01, 0.02)] * 97)


def test_too_little_time_is_refused():
    clock = FakeClock()
    with pytest.raises(InputError, match=r"^1 s are enough for 2 pairs, 40 are needed: give it more time\.$"):
        take_pairs(FakeWork(clock, 0.1), FakeWork(clock, 0.1), 1.0, clock)


@pytest.mark.parametrize("pairs", [10, 21, 39])
def test_a_machine_that_is_too_busy_for_many_pairs_gets_its_verdict_and_is_told(pairs):
    clock = FakeClock()
    taken = take_pairs(FakeWork(clock, 0.1), FakeWork(clock, 0.1), 0.2 * (pairs + 3) - 0.05, clock)
    assert len(taken) == pairs
    found = compare_pairs(taken, CONDITIONS, environment())
    assert found.is_fair
    assert [reason.code for reason in found.reasons] == ["TOO_FEW_SAMPLES"]
    assert found.reasons[0].text.startswith(f"There was time for {pairs} pairs only, 40 make a verdict sharp")


def noise(seed, scale, n=200):
    random = np.random.default_rng(seed)
    return [tuple(0.01 * np.exp(scale * random.standard_normal(2))) for _ in range(n)]


@pytest.mark.parametrize("scale", [0.001, 0.01, 0.1])
def test_no_difference_is_found_where_there_is_none_and_noise_makes_the_smallest_one_larger(scale):
    found = [compare_pairs(noise(seed, scale), CONDITIONS, environment()) for seed in range(40)]
    assert all(each.is_fair for each in found)
    widths = [each.interval.half_width for each in found]
    # a median of 10 differences of two normal numbers scatters by 1.253 · √2 · scale / √10, and the sixth and the
    # fifteenth of twenty lie 0.598 of that from the middle
    assert np.median(widths) == pytest.approx(0.598 * 1.253 * np.sqrt(2) * scale / np.sqrt(10), rel=0.35)


def test_a_difference_that_is_there_is_found():
    slower = [(one, other * 1.02) for one, other in noise(1, 0.01)]
    found = compare_pairs(slower, CONDITIONS, environment())
    assert not found.is_fair
    assert found.ratio == pytest.approx(1.02, abs=0.003)


def test_stretches_of_time_that_differ_are_told():
    pairs = [(0.01 * (1 + at // 40), 0.01 * (1 + at // 40)) for at in range(200)]
    found = compare_pairs(pairs, CONDITIONS, environment())
    assert found.round_spread == pytest.approx(4 / 3)
    assert [reason.code for reason in found.reasons] == ["HOST_NOISY"]
    assert found.is_fair


def test_the_noise_of_the_host_is_told():
    import msgspec

    busy = msgspec.structs.replace(environment(), noise=Noise(0.1, 0.4, 0.0, 0, 1, 1.0))
    found = compare_pairs(noise(1, 0.001), CONDITIONS, busy)
    assert [reason.code for reason in found.reasons] == ["HOST_PRESSURE"]


def test_a_whole_test_runs_on_this_computer(monkeypatch):
    monkeypatch.setattr("archstat.measuring.selftest.NETWORK", "lenet5_modern")
    clock, told = FakeClock(), []

    class Ticking(FakeClock):
        def now_ns(self):
            self.advance(0.01)
            return super().now_ns()

    clock = Ticking()
    found = run_selftest(MeasureSetting(max_s=3.0, threads=1), clock, lambda part, share: told.append((part, share)))
    assert found.architecture == "lenet5_modern"
    assert (found.ratio, found.pairs >= 40, found.conditions.threads) == (1.0, True, 1)
    assert told[-1] == ("self-test", 1.0)


def test_what_the_device_cannot_do_is_refused():
    with pytest.raises(InputError, match="TF32 is a format of GPUs"):
        run_selftest(MeasureSetting(precision="tf32"))
