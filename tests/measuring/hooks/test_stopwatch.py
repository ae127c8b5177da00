"""Hooks that read the clock, and the own time of each run."""

import pytest
import torch
from torch import nn

from archstat.measuring.hooks.stopwatch import ModuleRun, Stopwatch, hooks_on, self_times
from tests.measuring.networks import FakeClock, Raises, Takes, hooks_of
from tests.support import Calls


def timed(model, clock):
    watch = Stopwatch(list(model.modules()), clock)
    with watch.attached():
        model(torch.ones(1))
    return watch.take()


def test_the_time_of_a_module_is_that_without_the_modules_in_it():
    clock = FakeClock()
    model = nn.Sequential(Takes(clock, 30), nn.Sequential(Takes(clock, 5), Takes(clock, 7)))
    assert timed(model, clock) == [
        ModuleRun(0, 0, 2),
        ModuleRun(1, 30, 0),
        ModuleRun(2, 0, 2),
        ModuleRun(3, 5, 0),
        ModuleRun(4, 7, 0),
    ]


def test_each_reading_of_the_clock_costs_the_module_around_it_one_and_the_module_itself_one():
    clock = FakeClock(reading_ns=1)
    model = nn.Sequential(Takes(clock, 30), Takes(clock, 50))
    assert timed(model, clock) == [ModuleRun(0, 3, 2), ModuleRun(1, 31, 0), ModuleRun(2, 51, 0)]


def test_a_module_that_raises_is_timed_and_the_others_are_not_disturbed():
    clock = FakeClock()

    def call(x):
        try:
            model.broken(x)
        except ValueError:
            clock.ns += 1
        return model.other(x)

    model = Calls(call, broken=nn.Sequential(Raises(clock, 20)), other=Takes(clock, 40))
    assert timed(model, clock) == [ModuleRun(0, 1, 2), ModuleRun(1, 0, 1), ModuleRun(2, 20, 0), ModuleRun(3, 40, 0)]


def test_a_module_that_a_hook_of_its_own_stops_has_not_run():
    clock = FakeClock()

    def refuse(_module, _args):
        raise ValueError("broken")

    def call(x):
        with pytest.raises(ValueError, match="broken"):
            model.stopped(x)
        return model.other(x)

    model = Calls(call, stopped=Takes(clock, 20), other=Takes(clock, 40))
    model.stopped.register_forward_pre_hook(refuse)
    assert timed(model, clock) == [ModuleRun(0, 0, 1), ModuleRun(2, 40, 0)]


def test_an_end_without_a_beginning_is_left_out():
    assert self_times([0, 0, ~1, 3, ~0, 10]) == [ModuleRun(0, 10, 0)]


def test_a_pass_is_forgotten_once_it_is_taken():
    clock = FakeClock()
    model = Takes(clock, 3)
    watch = Stopwatch([model], clock)
    with watch.attached():
        model(torch.ones(1))
        assert watch.take() == [ModuleRun(0, 3, 0)]
        assert watch.take() == []


def test_what_hooks_of_the_network_do_is_the_time_of_the_module_around():
    clock = FakeClock()
    inner = Takes(clock, 30)
    inner.register_forward_pre_hook(lambda *_: setattr(clock, "ns", clock.ns + 5))
    inner.register_forward_hook(lambda *_: setattr(clock, "ns", clock.ns + 6))
    assert timed(nn.Sequential(inner), clock) == [ModuleRun(0, 11, 1), ModuleRun(1, 30, 0)]


def test_hooks_are_taken_off_and_those_of_the_network_stay():
    model = nn.Sequential(nn.ReLU())
    model[0].register_forward_hook(lambda *_: None, always_call=True)
    model[0].register_forward_pre_hook(lambda *_: None)
    found = hooks_of(model)
    watch = Stopwatch(list(model.modules()), FakeClock())
    with watch.attached():
        assert hooks_of(model) != found
    assert hooks_of(model) == found


def test_hooks_are_taken_off_if_one_cannot_be_put_on():
    model = nn.Sequential(nn.ReLU(), nn.Tanh())
    found = hooks_of(model)

    def hooks(number):
        if number == 2:
            raise ValueError("no third")
        return (lambda *_: None), (lambda *_: None)

    with pytest.raises(ValueError, match="no third"), hooks_on(list(model.modules()), hooks):
        pass
    assert hooks_of(model) == found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
def test_a_scripted_module_takes_no_hooks_and_the_others_do():
    clock = FakeClock()
    model = nn.Sequential(torch.jit.script(nn.ReLU()), Takes(clock, 4))
    assert timed(model, clock) == [ModuleRun(0, 0, 1), ModuleRun(2, 4, 0)]
