"""The time by layer: exact on networks whose times are known, and the same rows as are counted on real ones."""

import gc
from collections import Counter

import msgspec
import pytest
import torch
from torch import nn

from archstat.counting.rows import count_trace
from archstat.measuring.cpu import layers as measuring
from archstat.measuring.cpu.layers import HookCost, LayerPlan, hook_cost, time_layers
from archstat.measuring.protocols import HostClock
from archstat.measuring.reasons import CannotMeasure
from archstat.networks import sources
from archstat.records import LayerTimes
from archstat.tracing import trace
from tests.measuring.networks import FakeClock, Raises, Takes, hooks_of, prepared
from tests.support import Calls

ONCE = LayerPlan(rounds=1, block=1, fewest=1, seconds=0, most=1, max_s=0)
US = 1_000


@pytest.fixture(autouse=True)
def _short_chain(monkeypatch):
    """What hooks cost is exact on a fake clock however short the chain is."""
    monkeypatch.setattr(measuring, "CHAINED_MODULES", 10)


def times_of(model, clock, plan=None, *inputs):
    return time_layers(prepared(model, *inputs), plan or LayerPlan(most=20), clock)


def by_layer(times):
    """The times in whole nanoseconds, by layer and call."""
    return {(row.layer, row.call): round(row.time_s * 1e9) for row in times.rows}


def codes(times):
    return [reason.code for reason in times.reasons]


# -- exact times -------------------------------------------------------------------------------------------------------


def test_every_run_of_every_module_has_a_row_with_its_own_time():
    clock = FakeClock()
    shared = Takes(clock, 300 * US)
    model = nn.Sequential(Takes(clock, 70 * US), shared, nn.Sequential(Takes(clock, 2), shared))
    times = times_of(model, clock)
    expected = {("", 1): 0, ("0", 1): 70_000, ("1", 1): 300_000, ("2", 1): 0, ("2.0", 1): 2, ("1", 2): 300_000}
    assert by_layer(times) == expected
    assert [(row.layer, row.call) for row in times.rows] == list(expected)
    assert [row.kind for row in times.rows] == ["Sequential", "Takes", "Takes", "Sequential", "Takes", "Takes"]
    assert [row.is_leaf for row in times.rows] == [False, True, True, False, True, True]
    assert (times.method, times.closure, times.unowned_s) == ("hooks", 1.0, 0.0)
    assert times.whole_s == times.measured_s == pytest.approx(670_002e-9)


def test_what_hooks_cost_is_taken_off_the_module_around_and_nowhere_else():
    clock = FakeClock(reading_ns=100)
    model = nn.Sequential(Takes(clock, 50 * US), Takes(clock, 30 * US), nn.Sequential(Takes(clock, 20 * US)))
    times = times_of(model, clock)
    assert round(times.overhead_s * 1e9) == round(times.floor_s * 1e9) == 100
    raw = [round(row.raw_s * 1e9) for row in times.rows]
    assert raw == [4 * 100, 50_100, 30_100, 2 * 100, 20_100]  # a module reads once itself, and pays one of each in it
    assert list(by_layer(times).values()) == [100, 50_100, 30_100, 100, 20_100]
    assert round(times.unowned_s * 1e9) == 100
    assert round(times.whole_s * 1e9) == 100_100
    assert times.rows_s == pytest.approx(times.whole_s + 5 * times.floor_s)


def test_hooks_cost_in_steps_of_a_real_clock_more_than_nothing():
    cost = hook_cost(prepared(nn.ReLU()), HostClock())
    assert 0 < cost.inside_s < 1e-3
    assert 0 < cost.outside_s < 1e-3


def test_a_row_is_never_less_than_nothing(monkeypatch):
    monkeypatch.setattr(measuring, "hook_cost", lambda *_: HookCost(outside_s=1.0, inside_s=0.0))
    clock = FakeClock(reading_ns=100)
    times = times_of(nn.Sequential(Takes(clock, 50 * US)), clock)
    container, leaf = times.rows
    assert (container.time_s, container.interval.low, container.interval.high) == (0.0, 0.0, 0.0)
    assert round(container.raw_s * 1e9) == 200
    assert leaf.time_s == leaf.raw_s
    assert times.unowned_s == 0.0


class Wanders(nn.Module):
    """A layer that takes 1 µs, 2 µs, … 7 µs and 1 µs again, besides a fixed time."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.calls = clock, 0

    def forward(self, x):
        self.calls += 1
        self.clock.ns += 100 * US + 1000 * (self.calls % 7)
        return x


def test_a_row_is_a_median_with_its_interval():
    clock = FakeClock()
    times = times_of(nn.Sequential(Wanders(clock)), clock, LayerPlan(most=100, seconds=0))
    row = times.rows[1]
    assert 100e-6 < row.interval.low <= row.time_s <= row.interval.high < 107e-6
    assert row.interval.method == "batch medians"
    assert times_of(nn.Sequential(Takes(clock, 5)), clock, ONCE).rows[0].interval is None


def test_short_rows_cannot_be_told_from_the_cost_of_measuring():
    clock = FakeClock(reading_ns=100)
    model = nn.Sequential(Takes(clock, 9_899), Takes(clock, 9_900))
    times = times_of(model, clock)
    assert times.resolution_s == 10e-6
    assert [row.is_resolved for row in times.rows] == [False, False, True]
    slow = FakeClock(reading_ns=4_000)
    assert times_of(nn.Sequential(Takes(slow, 1)), slow).resolution_s == pytest.approx(5 * 4_000e-9)


def test_the_own_code_of_containers_is_named_where_it_is_much():
    clock = FakeClock()

    def network(own_ns):
        def call(x):
            clock.ns += own_ns
            return inner.layer(x)

        inner = Calls(call, layer=Takes(clock, 95 * US))
        return nn.Sequential(inner)

    assert codes(times_of(network(5 * US), clock)) == []
    (reason,) = times_of(network(6 * US), clock).reasons
    assert reason.code == "UNATTRIBUTED"
    assert reason.text.startswith("6 % of the time is in no layer: ")
    assert "most of it in '0' (Calls)" in reason.text


def test_a_module_in_a_leaf_has_its_own_row():
    clock = FakeClock()
    elsewhere = Takes(clock, 40 * US)
    hidden = [elsewhere]  # in a list: no module of the leaf's own

    def call(x):
        clock.ns += 10 * US
        return hidden[0](x)

    times = times_of(nn.Sequential(Calls(call), elsewhere), clock)
    assert by_layer(times) == {("", 1): 0, ("0", 1): 10_000, ("1", 1): 40_000, ("1", 2): 40_000}
    assert times.rows[1].is_leaf


def test_a_module_that_raises_and_is_caught_keeps_its_row():
    clock = FakeClock()

    def call(x):
        try:
            model.broken(x)
        except ValueError:
            return model.other(x)

    model = Calls(call, broken=Raises(clock, 20 * US), other=Takes(clock, 40 * US))
    assert by_layer(times_of(model, clock)) == {("", 1): 0, ("broken", 1): 20_000, ("other", 1): 40_000}


def test_a_direct_call_of_forward_is_the_time_of_its_caller_and_is_named():
    clock = FakeClock()
    model = Calls(lambda x: model.inner(model.inner.forward(x)), inner=Takes(clock, 30 * US))
    times = times_of(model, clock)
    assert by_layer(times) == {("", 1): 30_000, ("inner", 2): 30_000}
    assert codes(times) == ["HOOKS_NOT_FIRED", "UNATTRIBUTED"]


def test_a_lazy_layer_goes_by_the_kind_that_it_becomes():
    times = times_of(nn.Sequential(nn.LazyLinear(4)), HostClock(), ONCE, torch.ones(2, 3))
    assert times.rows[1].kind == "Linear"


# -- passes ------------------------------------------------------------------------------------------------------------


class Watched(nn.Module):
    """A network that notes whether hooks stand on it."""

    def __init__(self, clock, ns):
        super().__init__()
        self.clock, self.ns, self.seen = clock, ns, []

    def forward(self, x):
        self.seen.append("hooked" if self._forward_hooks else "bare")
        self.clock.ns += self.ns
        return x


def test_passes_with_hooks_and_without_alternate_and_take_turns_to_begin():
    clock = FakeClock()
    model = Watched(clock, 1)
    times = times_of(model, clock, LayerPlan(rounds=1, block=2, fewest=4, seconds=0, most=4))
    first, way, warm_up = ["bare"], ["bare", "hooked"], ["bare", "hooked"]
    assert model.seen == [*first, *way, *warm_up, *["bare"] * 2, *["hooked"] * 4, *["bare"] * 2]
    assert times.passes == 4


@pytest.mark.parametrize(
    ("pass_s", "passes"),
    [(0.5e-3, 1002), (10e-3, 102), (0.1, 21), (1.0, 12), (30.0, 3)],
    ids=["at most 1000", "2 seconds", "at least 20", "20 seconds", "one block"],
)
def test_a_plan_has_its_numbers(pass_s, passes):
    clock = FakeClock()
    times = times_of(Takes(clock, round(pass_s * 1e9)), clock, LayerPlan())
    assert times.passes == passes
    assert LayerPlan().planned_seconds(pass_s) == pytest.approx((2 * passes + 5) * pass_s + 0.8, rel=0.2)


def test_rounds_lie_apart_and_tell_how_far_they_are():
    clock, told = FakeClock(), []
    time_layers(prepared(Takes(clock, 10**8)), LayerPlan(rounds=4), clock, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
    assert clock.slept == [0.2] * 3


def test_a_network_that_runs_other_modules_in_another_pass_is_refused_and_left_as_it_was():
    passes = []

    def call(x):
        passes.append(1)
        return model.now_and_then(x) if len(passes) > 5 else x

    model = Calls(call, now_and_then=nn.ReLU())
    found = hooks_of(model)
    with pytest.raises(CannotMeasure, match="One pass runs 1 modules, another one 2") as caught:
        times_of(model, FakeClock())
    assert caught.value.reason.code == "PATH_VARIES"
    assert hooks_of(model) == found
    assert gc.isenabled()


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 7], ids=lambda after: f"in pass {after + 1}")
def test_a_network_that_raises_keeps_its_hooks_and_none_of_ours(after):
    passes = []

    def call(x):
        passes.append(1)
        if len(passes) > after:
            raise ValueError("broken")
        return x

    model = nn.Sequential(nn.ReLU(), Calls(call))
    model[0].register_forward_hook(lambda *_: None)
    found = hooks_of(model)
    with pytest.raises(ValueError, match="broken"):
        times_of(model, FakeClock())
    assert hooks_of(model) == found
    assert "forward" not in vars(model[1])
    assert gc.isenabled()


def test_garbage_is_not_collected_in_a_pass_and_a_collector_that_was_off_stays_off():
    was_on = []
    gc.disable()
    try:
        times_of(Calls(lambda x: was_on.append(gc.isenabled()) or x), FakeClock(), ONCE)
        assert not gc.isenabled()
    finally:
        gc.enable()
    times_of(Calls(lambda x: was_on.append(gc.isenabled()) or x), FakeClock(), ONCE)
    assert not any(was_on[-4:])


def test_compiled_networks_are_refused_before_they_run():
    model = Calls(lambda _x: pytest.fail("it ran"))
    with pytest.raises(CannotMeasure) as caught:
        time_layers(prepared(model, mode="compiled"), ONCE, FakeClock())
    assert caught.value.reason.code == "COMPILED_NO_LAYERS"


# -- real networks -----------------------------------------------------------------------------------------------------


NETWORKS = {
    "lenet5_modern": 32,
    "resnet20": 32,
    "googlenet": 64,
    "squeezenet1_1": 64,
    "mobilenet_v2": 32,
    "mobilenet_v3_small": 32,
    "shufflenet_v2": 32,
    "shufflenet_v1": 32,
    "densenet121": 32,
    "efficientnet_b0": 32,
    "se_resnet50": 32,
    "fractalnet": 32,
    "nin_cifar10": 32,
}


def check_join(model, *inputs):
    """Every counted run of a leaf is measured once, and none besides; nor is any other run of a module."""
    traced = trace(model, inputs)
    measured = times_of(model, HostClock(), ONCE, *inputs).rows
    times = Counter()
    runs = []
    for call in traced.calls:
        times[call.layer] += 1
        runs.append((traced.layers[call.layer].path, times[call.layer], traced.layers[call.layer].kind))
    assert [(row.layer, row.call, row.kind) for row in measured] == runs
    counted = [row for row in count_trace(traced, "network").layers if row.kind[0].isupper() and row.call >= 1]
    assert [(row.layer, row.call, row.kind) for row in measured if row.is_leaf] == [
        (row.layer, row.call, row.kind) for row in counted
    ]
    return len(counted)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_rows_are_those_that_are_counted(name):
    source = sources.find(name)
    channels = source.input_shape[0]
    x = torch.zeros(1, channels, NETWORKS[name], NETWORKS[name])
    assert check_join(sources.build_on_cpu(source).eval(), x) >= 8


class Shares(nn.Module):
    """A network with a module of two names, one that runs twice, one that never does, attention, and functional ops."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.second = self.first
        self.act = nn.ReLU()
        self.unused = nn.Linear(8, 8)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(8, 8), self.act) for _ in range(2)])
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.optional = None

    def forward(self, x):
        x = self.act(self.second(self.act(self.first(x))))
        for block in self.blocks:
            x = x + block(x)
        return self.attention(x, x, x)[0] * 2


def test_shared_modules_and_attention_join_with_what_is_counted():
    assert check_join(Shares().eval(), torch.ones(2, 5, 8)) == 8


def test_an_encoder_joins_with_what_is_counted_and_says_that_hooks_change_it():
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    x = torch.ones(2, 5, 8)
    assert check_join(model, x) == 14
    assert "HOOKS_CHANGE_PATH" in codes(times_of(model, HostClock(), ONCE, x))


def test_the_larger_of_two_layers_takes_longer():
    model = nn.Sequential(nn.Linear(256, 64), nn.Linear(64, 64), nn.Linear(64, 3200), nn.Linear(3200, 64))
    times = times_of(model, HostClock(), LayerPlan(rounds=1, seconds=0, fewest=9), torch.ones(256, 256))
    _, _, small, large, _ = times.rows
    assert large.time_s > small.time_s
    assert times.rows_s == pytest.approx(sum(row.time_s for row in times.rows) + times.unowned_s)


def test_times_go_through_json():
    times = times_of(nn.Sequential(nn.ReLU()), HostClock(), ONCE)
    assert msgspec.json.decode(msgspec.json.encode(times), type=LayerTimes) == times
