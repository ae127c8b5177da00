"""Slopes between the steps of a meter."""

import math
import random
from statistics import pstdev

import pytest

from archstat.measuring.energy.windows import MeterRecording, MeterStep, Slope, throttled_shares
from archstat.measuring.metering import MeterError, Power, State
from tests.measuring.boards import FakeBoard, FakeClock

SECOND = 10**9


def recording(*steps):
    """Of a meter that is not asked: only its steps matter."""
    made = MeterRecording(FakeBoard(FakeClock()))
    made.steps = [MeterStep(round(time * SECOND), joules, 10_000_000) for time, joules in steps]
    return made


def test_a_slope_goes_from_the_first_step_in_a_time_to_the_last():
    made = recording((0.1, 10), (0.2, 20), (0.3, 40), (0.4, 60), (0.5, 100))
    slope = made.slope(0.15 * SECOND, 0.45 * SECOND)
    assert (slope.window_s, slope.steps) == (0.2, 2)
    assert slope.power_w == pytest.approx(200)
    assert made.slope(0.2 * SECOND, 0.4 * SECOND) == slope
    assert made.slope(0.21 * SECOND, 0.3 * SECOND) is None


def test_the_doubt_is_twice_the_standard_error_of_what_is_seen_late():
    draw = random.Random(3)  # noqa: S311  # nothing secret
    late, true_s = 0.02, 5.0
    windows = [true_s + draw.uniform(0, late) - draw.uniform(0, late) for _ in range(20000)]
    slope = Slope(MeterStep(0, 0.0, 20_000_000), MeterStep(5 * SECOND, 1500.0, 20_000_000), 50)
    assert slope.doubt(0.1) == pytest.approx(2 * pstdev(windows) / true_s, rel=0.02)
    assert slope.doubt(0.1) == pytest.approx(2 * late / (math.sqrt(6) * true_s))
    assert slope.doubt(0.001) == pytest.approx(2 * 0.001 / (math.sqrt(6) * true_s))  # no later than a step is long


def test_power_is_steady_when_two_seconds_are_alike():
    def steps(late_w):
        early = [(i / 10, 30 * i) for i in range(11)]
        return recording(*early, *((1 + i / 10, 300 + late_w / 10 * i) for i in range(1, 11)))

    assert steps(300).is_steady(2 * SECOND, 1.0)
    assert steps(305).is_steady(2 * SECOND, 1.0)
    assert not steps(307).is_steady(2 * SECOND, 1.0)
    assert not steps(293).is_steady(2 * SECOND, 1.0)
    assert not steps(300).is_steady(SECOND, 1.0)  # there is no second before it


def test_momentary_power_is_integrated_by_trapezoids():
    made = recording((1, 0), (3, 600))
    made.powers = [Power(round(time * SECOND), watts) for time, watts in ((0, 9), (1, 100), (2, 300), (3, 200), (4, 9))]
    assert made.instant_w(made.slope(0, 4 * SECOND)) == pytest.approx((200 + 250) / 2)
    made.powers = made.powers[:2]
    assert made.instant_w(made.slope(0, 4 * SECOND)) is None


def test_the_idle_power_says_how_much_it_varied():
    calm = recording(*((i / 10, 7 * i) for i in range(101)))
    restless = recording(*((i / 10, 7 * i + 4 * math.sin(i / 10)) for i in range(101)))
    assert calm.idle_power(0, 10 * SECOND, 0.1).power_w == pytest.approx(70)
    assert calm.idle_power(0, 10 * SECOND, 0.1).uncertainty_w == pytest.approx(70 * 2 * 0.01 / math.sqrt(6) / 10)
    assert restless.idle_power(0, 10 * SECOND, 0.1).uncertainty_w > 1
    with pytest.raises(MeterError, match="does not advance"):
        recording((1, 0)).idle_power(0, 10 * SECOND, 0.1)


def test_reduced_clocks_are_a_share_of_the_time_between_two_states():
    def state(time, **seconds):
        return State(time * SECOND, throttled_s=seconds)

    states = [state(0, power_cap=5.0, thermal=2.0), state(2, power_cap=5.5, thermal=2.0), state(4, power_cap=6.0)]
    assert throttled_shares(states) == {"power_cap": 0.25}
    assert throttled_shares(states[:1]) == {}
