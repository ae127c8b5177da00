"""What may be said of samples, against arithmetic, known tables and simulated noise of a known median."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.measuring import statistics
from tests.measuring.support import correlated


@pytest.mark.parametrize(
    ("freedom", "printed"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (19, 2.093), (120, 1.980)]
)
def test_the_quantiles_of_students_t_are_those_of_the_tables(freedom, printed):
    assert statistics.t_quantile(freedom) == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 8, 25, 26])
def test_95_percent_of_the_density_lie_within_the_quantile(freedom):
    t = np.linspace(-statistics.t_quantile(freedom), statistics.t_quantile(freedom), 100_001)
    scale = math.gamma((freedom + 1) / 2) / math.sqrt(freedom * math.pi) / math.gamma(freedom / 2)
    assert np.trapezoid(scale * (1 + t**2 / freedom) ** (-(freedom + 1) / 2), t) == pytest.approx(0.95, abs=1e-6)


@pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (10, 2, 9), (15, 4, 12), (19, 5, 15)])
def test_few_samples_are_bounded_by_the_ranks_of_the_binomial(n, low, high):
    interval, lag1 = statistics.interval_of_median(list(range(1, n + 1)))
    assert (interval.low, interval.high, interval.method, lag1) == (low, high, "order statistics", None)


def test_of_five_samples_no_pair_holds_the_median_often_enough():
    assert statistics.interval_of_median([1, 2, 3, 4, 5]) == (None, None)


def test_the_interval_of_batches_lies_between_the_sixth_and_the_fifteenth_of_twenty_medians():
    order = [3, 17, 8, 12, 1, 20, 6, 14, 10, 5, 16, 2, 19, 7, 13, 9, 18, 4, 15, 11]
    interval, lag1 = statistics.interval_of_median([value for value in order for _ in range(3)])
    assert lag1 < 0  # neighbours are unlike, so nothing is widened
    assert (interval.low, interval.high, interval.method) == (6, 15, "batch medians")


def test_the_head_is_what_does_not_fill_a_batch():
    steady = [1.0, 3.0] * 10
    assert statistics.interval_of_median([100.0, *steady]) == statistics.interval_of_median(steady)


def test_neighbours_that_resemble_each_other_widen_the_interval():
    interval, lag1 = statistics.interval_of_median(list(range(1, 21)))
    middle = np.arange(1, 21) - 10.5
    assert lag1 == pytest.approx(middle[1:] @ middle[:-1] / (middle @ middle))
    wider = math.sqrt((1 + lag1) / (1 - lag1))
    assert wider > 3
    assert (interval.low, interval.high) == (0.0, pytest.approx(10.5 + 4.5 * wider))  # 10.5 - 4.5 x 3.2 is below 0


def test_a_burst_that_disturbs_a_few_batches_does_not_make_the_interval_as_wide_as_itself():
    draw = correlated(3, memory=0.5)
    times = [draw() * (20 if 900 <= at < 1000 else 1) for at in range(2000)]
    interval, _ = statistics.interval_of_median(times)
    assert interval.half_width < 0.02 * statistics.median(times)


def test_few_rounds_are_judged_by_students_t_and_more_by_their_ranks():
    five = statistics.interval_of_rounds([1.0, 1.1, 0.9, 1.0, 1.0], 1.0)
    assert five.half_width == pytest.approx(statistics.t_quantile(4) * math.sqrt(0.005) / math.sqrt(5))
    six = statistics.interval_of_rounds([1.0, 1.1, 0.9, 1.0, 1.0, 1.05], 1.0)
    assert (six.low, six.high, six.method) == (0.9, 1.1, "round medians")
    nine = statistics.interval_of_rounds([1.0, 1.1, 0.9, 1.0, 1.0, 1.05, 50.0, 1.0, 1.0], 1.0)
    assert (nine.low, nine.high) == (1.0, 1.1)
    assert statistics.interval_of_rounds([1.0], 1.0) is None


def test_an_interval_of_rounds_holds_the_median_of_all_samples_and_no_negative_time():
    assert statistics.interval_of_rounds([2.0, 2.1, 2.0, 2.1, 2.0], 1.0).low == 1.0
    assert statistics.interval_of_rounds([1.0, 9.0], 1.0).low == 0.0


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_the_interval_holds_the_true_median_as_often_as_it_says(memory):
    truth = np.median([draw() for draw in [correlated(1, memory=0.0)] for _ in range(200_000)])
    held = 0
    for seed in range(300):
        draw = correlated(1000 + seed, memory=memory)
        interval, _ = statistics.interval_of_median([draw() for _ in range(400)])
        held += interval.low <= truth <= interval.high
    assert held / 300 > 0.90


def test_order_statistics_would_be_wrong_more_often_than_not_on_a_busy_computer():
    """The reason for batches: as independent, 400 samples with a memory give intervals that hold less than 60 %."""
    truth = np.median([draw() for draw in [correlated(1, memory=0.0)] for _ in range(200_000)])
    held = 0
    for seed in range(300):
        draw = correlated(1000 + seed, memory=0.9)
        interval = statistics._from_order([draw() for _ in range(400)])
        held += interval.low <= truth <= interval.high
    assert held / 300 < 0.60


def test_outliers_are_ten_standard_deviations_away():
    assert statistics.outliers([9.0, 10.0, 11.0] * 10 + [24.0, 25.0]) == 1
    assert statistics.outliers([10.0] * 30 + [99.0]) == 0  # of equal samples no deviation is known


def test_drift_compares_the_halves():
    assert statistics.drift([1.0, 1.0, 1.0, 1.5, 1.5, 1.5]) == pytest.approx(0.5)
    assert statistics.drift([1.0]) == 0.0


def test_the_spread_of_rounds_is_over_their_median():
    assert statistics.spread([9.0, 10.0, 12.0]) == pytest.approx(0.3)


def test_one_value_has_no_interval():
    assert statistics.interval_of_mean([3.0], "trials") is None


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=80))
def test_an_interval_holds_the_middle_of_its_samples(times):
    interval, lag1 = statistics.interval_of_median(times)
    if interval is not None:
        assert interval.low <= statistics.median(times) <= interval.high
    assert lag1 is None or -1 <= lag1 <= 1
