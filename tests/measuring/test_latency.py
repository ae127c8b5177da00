"""When a measurement stops, and what it then says: on a clock that only the tests wind."""

import gc
import itertools
import weakref

import msgspec
import numpy as np
import pytest

from archstat.measuring.latency import LatencyPlan, latency_reasons, time_passes
from archstat.records import Interval
from tests.measuring.support import FakeClock, FakeWork, correlated

PLAN = LatencyPlan()


def measured(times, plan=PLAN):
    clock = FakeClock()
    return time_passes([FakeWork(clock, times)], plan, clock)[0]


def endless(draw):
    return iter(draw, None)


def codes(latency):
    return [reason.code for reason in latency_reasons(latency)]


def test_a_steady_network_stops_as_soon_as_it_may():
    latency = measured(0.01)
    assert (latency.stopped_by, latency.rounds, latency.n) == ("precision", 5, 100)
    assert latency.median_s == latency.min_s == latency.max_s == latency.first_call_s == pytest.approx(0.01)
    assert latency.interval.half_width == pytest.approx(0)
    assert latency.elapsed_s == pytest.approx(1.0)
    assert codes(latency) == []


def test_a_slow_network_goes_on_until_there_are_samples_enough():
    latency = measured(0.2)
    assert (latency.stopped_by, latency.n) == ("precision", 80)
    assert latency.elapsed_s == pytest.approx(16.0)


def test_a_network_that_is_too_slow_for_that_stops_at_the_time_limit_and_says_so():
    latency = measured(2.0)
    assert (latency.stopped_by, latency.n, latency.rounds) == ("max_time", 15, 5)
    assert latency.interval.method == "order statistics"
    assert "PRECISION_NOT_REACHED" in codes(latency)


def test_a_network_of_which_few_passes_fit_has_no_interval():
    latency = measured(8.0)
    assert (latency.n, latency.stopped_by, latency.interval) == (4, "max_time", None)
    assert [reason.text for reason in latency_reasons(latency)] == [
        "Stopped at the time limit after 4 samples: too few.",
    ]


def test_noise_that_is_too_large_for_the_target_ends_at_the_time_limit_with_a_wide_interval():
    latency = measured(endless(correlated(7, memory=0.99, width=0.5)))
    assert latency.stopped_by == "max_time"
    assert latency.interval.half_width > PLAN.target * latency.median_s
    assert latency.elapsed_s == pytest.approx(30, rel=0.02)
    assert {"PRECISION_NOT_REACHED", "HOST_NOISY"} <= set(codes(latency))


@pytest.mark.parametrize(("memory", "target"), [(0.0, 0.01), (0.5, 0.01), (0.9, 0.02)])
@pytest.mark.sampled(3)
def test_where_precision_stops_it_the_interval_still_holds_the_truth(memory, target):
    """Looking often and stopping when it suits makes intervals false; rare looks and rounds keep them true."""
    truth = np.median([draw() for draw in [correlated(1, memory=0.0)] for _ in range(200_000)])
    plan = LatencyPlan(target=target)
    found = [measured(endless(correlated(100 + seed, memory=memory)), plan) for seed in range(100)]
    held = sum(each.interval.low <= truth <= each.interval.high for each in found)
    assert held >= 88
    assert sum(each.stopped_by == "precision" for each in found) > 50


def test_a_round_that_differs_widens_the_interval_though_each_is_steady():
    def slower_in_the_third():
        yield from itertools.repeat(0.01, 51 + 40 + 4)  # the warm-up, two rounds and a bit
        yield from itertools.repeat(0.011, 12)
        yield from itertools.repeat(0.01)

    latency = measured(slower_in_the_third(), LatencyPlan(max_s=1.0))
    assert latency.interval.method == "round medians"
    assert latency.round_spread == pytest.approx(0.1, rel=0.2)
    assert "HOST_NOISY" in codes(latency)


def test_the_warm_up_goes_on_while_times_fall():
    falling = itertools.chain([1.0], (0.01 * (1 + 9 * 0.9**k) for k in range(80)), itertools.repeat(0.01))
    latency = measured(falling)
    assert latency.is_warm
    assert latency.first_call_s == 1.0
    assert latency.warm_up_calls > 80
    assert latency.max_s < 0.0105


def test_a_warm_up_has_an_end():
    latency = measured(1.0 / k for k in range(1, 100))
    assert not latency.is_warm
    assert "NOT_WARM" in codes(latency)


def test_percentiles_need_samples():
    assert measured(2.0).p95_s is None
    assert measured(0.01).p95_s is not None
    assert measured(0.01).p99_s is None
    assert measured(0.002).p99_s is not None


def test_what_is_too_short_for_the_clock_is_repeated_within_a_sample():
    latency = measured(4e-6)
    assert latency.block == 13  # 13 x 4 us > 50 us
    assert latency.median_s == pytest.approx(4e-6)
    assert "AMORTISED" in codes(latency)


def test_networks_take_turns_in_rounds_of_a_drawn_order():
    clock, log = FakeClock(), []
    plan = LatencyPlan(seed=3)
    works = [FakeWork(clock, 0.01, log, name) for name in "ab"]
    time_passes(works, plan, clock)
    runs = [(name, len(list(group))) for name, group in itertools.groupby(log[2 * 51 :])]
    assert sum(length for _, length in runs) == 200
    assert 5 < len(runs) <= 10  # five rounds each; where a round ends with the one that begins the next, they join
    assert clock.slept == []


def test_a_single_network_pauses_between_rounds():
    clock = FakeClock()
    time_passes([FakeWork(clock, 0.01)], PLAN, clock)
    assert clock.slept == [0.2] * 4


def test_each_network_stops_on_its_own():
    clock = FakeClock()
    noisy = endless(correlated(7, memory=0.99, width=0.5))
    steady, busy = time_passes([FakeWork(clock, 0.01), FakeWork(clock, noisy)], PLAN, clock)
    assert (steady.stopped_by, busy.stopped_by) == ("precision", "max_time")


def test_an_interruption_keeps_what_there_is():
    times = itertools.chain(itertools.repeat(0.01, 51 + 33), [KeyboardInterrupt()])
    latency = measured(times)
    assert (latency.n, latency.rounds, latency.stopped_by) == (33, 2, "interrupted")
    assert codes(latency)[0] == "INTERRUPTED"


def test_an_interruption_before_the_first_sample_leaves_nothing():
    assert measured(iter([0.01, KeyboardInterrupt()])) is None


@pytest.mark.parametrize("good_runs", [0, 3, 70])
def test_a_network_that_fails_does_not_take_the_others_along(good_runs):
    clock = FakeClock()
    failing = FakeWork(clock, itertools.chain(itertools.repeat(0.01, good_runs), [RuntimeError("out of tea")]))
    failure, other = time_passes([failing, FakeWork(clock, 0.01)], PLAN, clock)
    assert str(failure) == "out of tea"
    assert other.stopped_by == "precision"


def test_garbage_is_collected_between_rounds_only():
    clock, seen = FakeClock(), []

    class Work(FakeWork):
        def run(self):
            super().run()
            seen.append(gc.isenabled())

    time_passes([Work(clock, 0.01)], PLAN, clock)
    assert set(seen) == {False}
    assert gc.isenabled()


def test_many_samples_are_put_down_by_their_summary():
    latency = measured(endless(correlated(7, memory=0.995, middle=1e-3)))
    assert latency.n > 10_000
    assert latency.samples_s == ()
    assert len(measured(0.01).samples_s) == 100


def test_progress_ends_no_further_than_the_whole():
    clock, told = FakeClock(), []
    time_passes([FakeWork(clock, 2.0)], PLAN, clock, lambda part, share: told.append((part, share)))
    assert told[0] == ("warm-up", 0.0)
    assert told[-1] == ("latency", 1.0)
    assert [share for _, share in told] == sorted(share for _, share in told)


def test_the_longest_time_is_not_exceeded_by_more_than_a_pass():
    clock = FakeClock()
    plan = LatencyPlan(max_s=10)
    time_passes([FakeWork(clock, endless(correlated(7, memory=0.99, width=0.5)))], plan, clock)
    assert clock.ns / 1e9 <= plan.longest_s + 0.02


@pytest.mark.parametrize(("drift", "says"), [(0.1, "10.0% longer"), (-0.091, "9.1% less")])
def test_times_that_change_for_good_are_told(drift, says):
    latency = measured(0.01)
    assert "DRIFTING" not in codes(latency)
    drifted = msgspec.structs.replace(latency, drift=drift, interval=Interval(0.0099, 0.0101, ""))
    reasons = {reason.code: reason.text for reason in latency_reasons(drifted)}
    assert reasons["DRIFTING"] == f"The second half of the samples took {says} than the first."
    wide = msgspec.structs.replace(drifted, interval=Interval(0.0094, 0.0106, ""))
    assert "DRIFTING" not in codes(wide)


@pytest.mark.parametrize("first", [1.0, 61.0])
def test_the_first_call_is_no_part_of_the_warm_up(first):
    latency = measured(itertools.chain([first], itertools.repeat(2e-5)))
    assert latency.first_call_s == first
    assert latency.is_warm
    assert latency.warm_up_calls > 20_000
    assert (latency.block, latency.median_s) == (3, pytest.approx(2e-5))


def test_a_failure_does_not_keep_what_its_pass_had_made_alive():
    class Thing:
        pass

    made = []

    class Fails(FakeWork):
        def run(self):
            thing = Thing()
            made.append(weakref.ref(thing))
            raise RuntimeError("out of tea")

    class Looks(FakeWork):
        def run(self):
            super().run()
            made.append(made[0]() is None)

    clock = FakeClock()
    failure, other = time_passes([Fails(clock, 0.01), Looks(clock, 0.01)], PLAN, clock)
    assert str(failure) == "out of tea"
    assert other is not None
    assert all(made[1:])
