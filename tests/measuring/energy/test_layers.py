"""The energy of layers whose power and time are set: modules that make a simulated clock pass."""

import pytest
import torch
from torch import nn

from archstat.measuring.energy.layers import is_host_bound, measure_layer_energy
from archstat.measuring.energy.replay import RepeatedCall
from archstat.measuring.energy.whole import EnergyPlan, planned_seconds
from archstat.measuring.hooks.captured import capture_calls
from archstat.measuring.prepared import Prepared
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Conditions, Energy, LayerTime, LayerTimes
from tests.measuring.boards import FakeBoard, FakeClock, FakeWork, backwards

PLAN = EnergyPlan(trials=2, idle_wait_s=0.0, idle_s=0.0, window_s=5.0)


class Burn(nn.Module):
    """Takes some time at some power."""

    def __init__(self, board, seconds, watts):
        super().__init__()
        self.board, self.seconds, self.watts = board, seconds, watts

    def forward(self, x):
        self.board.watts = self.watts
        self.board.clock.advance(self.seconds)
        self.board.watts = self.board.idle_w
        return x + 1


class BurnInPlace(Burn):
    def forward(self, x):
        super().forward(x)
        return x.add_(1)


class BurnAtRandom(Burn):
    def forward(self, x):
        return super().forward(x) + torch.rand_like(x)


class BurnAndCount(Burn):
    def __init__(self, *args):
        super().__init__(*args)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count += 1
        return super().forward(x)


def prepared(model, *inputs):
    return Prepared("net", model.eval(), inputs or (torch.zeros(2, 3),), Conditions("cpu", "a processor", "fp32", 2))


def times_of(**seconds):
    rows = tuple(LayerTime(layer, "Burn", 1, bool(layer), time, None, time, True) for layer, time in seconds.items())
    return LayerTimes("hooks", rows, sum(seconds.values()), sum(seconds.values()), 5)


def measure(board, network, times, plan=PLAN, **kwargs):
    clock = board.clock
    return measure_layer_energy(network, times, board, plan, clock=clock, background=clock.background, **kwargs)


@pytest.fixture
def board():
    return FakeBoard(FakeClock(), phase=0.037)


def test_the_energy_of_each_layer_is_its_own_power_times_its_own_time(board):
    model = nn.Sequential()
    for name, seconds, watts in (("a", 0.004, 150), ("b", 0.010, 350), ("c", 0.002, 250)):
        model.add_module(name, Burn(board, seconds, watts))
    result = measure(board, prepared(model), times_of(a=0.004, b=0.010, c=0.002))
    assert [row.layer for row in result.rows] == ["a", "b", "c"]
    assert [row.pass_j for row in result.rows] == pytest.approx([0.6, 3.5, 0.5], rel=3e-3)
    assert [row.time_s for row in result.rows] == pytest.approx([0.004, 0.010, 0.002], rel=1e-6)
    assert [row.power_w for row in result.rows] == pytest.approx([150, 350, 250], rel=3e-3)
    assert all(row.code == "" and not row.is_shared and row.uncertainty_j > 0 for row in result.rows)
    by_time = [sum((0.6, 3.5, 0.5)) * share / 16 for share in (4, 10, 2)]
    assert abs(by_time[0] / 0.6 - 1) > 0.9  # which the share of the time would have got wrong


def test_runs_of_the_same_op_on_the_same_shapes_are_measured_once(board):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.burn = Burn(board, 0.005, 300)

        def forward(self, x):
            return self.burn(self.burn(x))

    rows = tuple(LayerTime("burn", "Burn", call, True, 0.005, None, 0.005, True) for call in (1, 2))
    result = measure(board, prepared(Twice()), LayerTimes("hooks", rows, 0.01, 0.01, 5))
    assert [row.pass_j for row in result.rows] == pytest.approx([1.5, 1.5], rel=3e-3)
    assert [row.is_shared for row in result.rows] == [False, True]
    assert [row.call for row in result.rows] == [1, 2]


def test_ops_with_a_small_share_of_the_time_are_left_out(board):
    model = nn.Sequential()
    model.add_module("a", Burn(board, 0.01, 300))
    model.add_module("b", Burn(board, 0.00005, 300))
    result = measure(board, prepared(model), times_of(a=0.01, b=0.00005))
    assert [row.code for row in result.rows] == ["", "BELOW_RESOLUTION"]
    assert result.rows[1].pass_j is None


def test_the_own_code_of_a_network_cannot_be_repeated_alone(board):
    model = nn.Sequential()
    model.add_module("a", Burn(board, 0.01, 300))
    result = measure(board, prepared(model), times_of(**{"": 0.005, "a": 0.01}))
    assert [(row.layer, row.code) for row in result.rows] == [("", "LAYER_NOT_REPLAYABLE"), ("a", "")]


@pytest.mark.parametrize("kind", [BurnInPlace, BurnAtRandom, BurnAndCount])
def test_layers_that_alone_would_do_something_else_are_left_out(board, kind):
    model = nn.Sequential()
    model.add_module("a", kind(board, 0.005, 300))
    model.add_module("b", Burn(board, 0.005, 300))
    result = measure(board, prepared(model), times_of(a=0.005, b=0.005))
    assert [row.code for row in result.rows] == ["LAYER_NOT_REPLAYABLE", ""]
    assert result.rows[1].pass_j == pytest.approx(1.5, rel=3e-3)


def test_a_budget_is_spent_on_the_layers_that_take_longest(board):
    model = nn.Sequential()
    for at, name in enumerate("abc"):
        model.add_module(name, Burn(board, 0.005, 300 + at))
    budget = planned_seconds(PLAN, 2)
    result = measure(board, prepared(model), times_of(a=0.004, b=0.006, c=0.005), budget_s=budget)
    assert [row.code for row in result.rows] == ["NOT_MEASURED_BUDGET", "", ""]
    assert board.clock.now < budget
    nothing = measure(board, prepared(model), times_of(a=0.004, b=0.006, c=0.005), budget_s=1.0)
    assert [row.code for row in nothing.rows] == ["NOT_MEASURED_BUDGET"] * 3


def test_what_the_rows_add_up_to_is_told_and_never_made_to_fit(board):
    model = nn.Sequential()
    for name in "ab":
        model.add_module(name, Burn(board, 0.005, 300))
    times = times_of(a=0.005, b=0.005)

    def closure(whole_j, **kwargs):
        whole = Energy("fake", "board", "latency", 2, pass_j=whole_j)
        result = measure(board, prepared(model), times, whole=whole, **kwargs)
        assert [row.pass_j for row in result.rows if row.pass_j] == pytest.approx([1.5] * 2, rel=3e-3)
        return next(reason.text for reason in result.reasons if reason.code == "LAYER_CLOSURE")

    assert "2 of 2 rows, 100 % of the time of a pass, add up to 100 % of its energy" in closure(3.0)
    assert "indicative" not in closure(3.0)
    assert "add up to 75 %" in closure(4.0)
    assert "indicative" in closure(4.0)
    assert "indicative" in closure(2.0)


def test_without_the_energy_of_a_pass_there_is_nothing_to_compare_with(board):
    model = nn.Sequential()
    model.add_module("a", Burn(board, 0.005, 300))
    result = measure(board, prepared(model), times_of(a=0.005))
    assert [reason.code for reason in result.reasons] == []


def test_a_row_that_the_meter_failed_says_why(board):
    class Breaking(Burn):
        def forward(self, x):
            if self.board.clock.now > 3:
                self.board.fails = backwards()
            return super().forward(x)

    model = nn.Sequential()
    model.add_module("a", Breaking(board, 0.005, 300))
    result = measure(board, prepared(model), times_of(a=0.005))
    assert (result.rows[0].pass_j, result.rows[0].code) == (None, "ENERGY_BACKWARDS")


def test_a_host_that_launches_as_long_as_the_device_works_bounds_it():
    board = FakeBoard(FakeClock())
    assert is_host_bound(FakeWork(board, seconds=0.001, launch=0.003), board.clock)
    assert not is_host_bound(FakeWork(board, seconds=0.003, launch=0.0001), board.clock)


# -- replaying ---------------------------------------------------------------------------------------------------------


def only_call(network):
    """The one call of its one leaf."""
    (call,) = capture_calls(network)
    return call


def test_arguments_by_name_are_replayed_too():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Bilinear(3, 3, 2)
            self.calls = []
            self.layer.register_forward_pre_hook(lambda _m, _a, kw: self.calls.append(list(kw)), with_kwargs=True)

        def forward(self, x):
            return self.layer(x, input2=x)

    network = prepared(Attends())
    replay = RepeatedCall(network, only_call(network), copies=3)
    network.model.calls.clear()
    replay.run()
    replay.wait()
    assert network.model.calls == [["input2"]] * 3
    assert not replay.is_graph


@pytest.mark.parametrize(("by", "is_same"), [(1e-4, True), (0.1, False)])
def test_a_layer_is_replayed_if_its_output_is_the_same_but_for_the_order_of_sums(by, is_same):
    class Shaky(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x + by * self.calls

    network = prepared(nn.Sequential(Shaky()), torch.rand(4, 4, generator=torch.Generator().manual_seed(0)))
    if is_same:
        assert RepeatedCall(network, only_call(network), 1).copies == 1
    else:
        with pytest.raises(CannotMeasure, match="gives other results when it is run again"):
            RepeatedCall(network, only_call(network), 1)
