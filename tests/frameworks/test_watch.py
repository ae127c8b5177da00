import math
import warnings

import pytest
import torch

from archstat.errors import InputError, UnknownNameError
from archstat.frameworks.steps import StepCounter
from archstat.frameworks.watch import ArchstatWarning, Options, StepWatch
from archstat.language import speaking
from tests.frameworks.networks import PARAMETERS, batch, loss, small
from tests.frameworks.test_rates import Clock


def watching(network=None, how=loss, *, depth=0, convention=None, peak=1e9, most_shapes=64, **more):
    network = network or small()
    return StepWatch(network, StepCounter(network, how), Options(depth, convention, peak, most_shapes), **more)


def make_steps(watch, *sizes, clock=None):
    """One step a batch, a second each."""
    for size in sizes:
        watch.before(batch(size))
        if clock is not None:
            clock.now += 1
        watch.after()


def test_the_model_flops_of_the_steps_over_time_and_peak_are_the_mfu():
    clock = Clock()
    watch = watching(peak=1e9, clock=clock, devices=2)
    make_steps(watch, 4, 4, clock=clock)
    totals, rates = watch.totals(), watch.rates()
    assert totals["archstat/parameters"] == PARAMETERS
    assert rates["archstat/mfu"] == pytest.approx(2 * totals["archstat/step_macs"] / 2e9)
    assert rates["archstat/flops_per_s"] == pytest.approx(totals["archstat/step_flops"])
    assert math.isnan(watch.rates()["archstat/mfu"])
    assert watch.known_rates() == {}


def test_each_shape_is_counted_once_and_the_clock_stands_meanwhile():
    clock, counted = Clock(), []

    def slow(network, given):
        counted.append(len(given[0]))
        clock.now += 50
        return loss(network, given)

    watch = watching(how=slow, clock=clock)
    make_steps(watch, 4, 4, 2, 4, 2, clock=clock)
    assert counted == [4, 2]
    four, two = (StepCounter(small(), loss).step(batch(size)).flops for size in (4, 2))
    assert watch.rates()["archstat/flops_per_s"] == pytest.approx((2 * four + 2 * two) / 4)


def test_more_shapes_than_are_wanted_are_told_once_and_windows_with_them_have_no_rate():
    clock = Clock()
    watch = watching(clock=clock, most_shapes=1)
    make_steps(watch, 4, clock=clock)
    with pytest.warns(ArchstatWarning, match="more than 1 shapes: others are not counted") as told:
        make_steps(watch, 2, 3, clock=clock)
    assert len(told) == 1
    assert watch.known_rates() == {}
    make_steps(watch, 4, clock=clock)
    assert watch.known_rates()["archstat/mfu"] > 0


def test_a_count_that_fails_is_told_once_and_stops_nothing():
    def failing(*_):
        raise ZeroDivisionError("<script>\x1b[31m\nmore")

    watch = watching(how=failing)
    with pytest.warns(ArchstatWarning, match="was not counted: .*ZeroDivisionError") as told:
        make_steps(watch, 4, 4, 2)
    assert len(told) == 1
    assert "\x1b" not in str(told[0].message)
    assert watch.totals() == watch.rates() == {}


@pytest.mark.parametrize("given", [None, [], "text", torch.eye(2).to_sparse()])
def test_a_batch_that_cannot_be_counted_stops_nothing(given):
    watch = watching()
    with pytest.warns(ArchstatWarning, match="was not counted"):
        watch.before(given)


def test_without_a_peak_there_is_no_mfu_and_that_is_said_once():
    watch = watching(peak=None)
    with pytest.warns(ArchstatWarning, match="No MFU is told, as nobody said") as told:
        make_steps(watch, 4, 2)
    assert len(told) == 1
    assert list(watch.rates()) == ["archstat/flops_per_s"]


def test_a_peak_that_cannot_be_had_costs_the_mfu_alone():
    watch = watching(peak="absent.json")
    with pytest.warns(ArchstatWarning, match=r"No MFU is told: .*absent\.json"):
        watch.before(batch())
    assert watch.totals()["archstat/parameters"] == PARAMETERS


def test_the_table_has_the_depth_and_the_convention_that_were_chosen(capsys):
    watching(depth=None, convention="thop").before(batch())
    out = capsys.readouterr().out
    assert "Conv2d 3→8 3×3" in out
    assert "thop" in out
    assert "\nTraining step: " in out
    watching(torch.nn.Sequential(small()), depth=1).before(batch())
    assert "6 rows" in capsys.readouterr().out
    watching(depth=0).before(batch())
    watching(depth=None, writes=False).before(batch())
    assert capsys.readouterr().out == ""


def test_a_table_that_cannot_be_shown_costs_the_table_alone(monkeypatch):
    monkeypatch.setattr("archstat.frameworks.watch.layer_table", None)
    watch = watching(depth=1)
    with pytest.warns(ArchstatWarning, match="The table cannot be shown"):
        watch.before(batch())
    assert watch.totals()


def test_the_line_on_the_step_is_said_in_the_language_that_is_spoken(capsys):
    with speaking("ko"):
        watching(depth=1).before(batch())
    assert "\n학습 한 단계: 순전파" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ((-1, None, None, 64), InputError),
        ((1, None, None, 0), InputError),
        ((1, "nonsense", None, 1), UnknownNameError),
    ],
)
def test_choices_that_cannot_be_met_are_refused_before_a_training(wrong, error):
    with pytest.raises(error):
        Options(*wrong)


def test_a_training_on_meta_has_no_time_to_tell():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watch = watching(small().to("meta"))
        watch.before(tuple(each.to("meta") for each in batch()))
    assert watch.totals()["archstat/parameters"] == PARAMETERS
