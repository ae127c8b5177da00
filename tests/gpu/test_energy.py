"""What must hold of the energy of networks on any GPU whose board has a counter."""

import pytest
import torch
from torch import nn

from archstat.measuring.energy.layers import measure_layer_energy
from archstat.measuring.energy.replay import RepeatedCall
from archstat.measuring.energy.whole import EnergyPlan, Load, measure_energy
from archstat.measuring.hooks.captured import capture_calls
from archstat.measuring.metering import open_meter
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import HostClock
from archstat.records import Conditions, LayerTime, LayerTimes

pytestmark = pytest.mark.gpu

PLAN = EnergyPlan(trials=3, idle_wait_s=5.0, idle_s=5.0, cool_down_s=1.0)


class Stack(nn.Sequential):
    """Convolutions that keep a GPU busy, and the first of them several times the work of the last."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(64, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 64, 1),
        )


def prepared(batch, model=None):
    torch.manual_seed(0)
    x = torch.randn(batch, 64, 56, 56, device="cuda")
    conditions = Conditions("cuda", torch.cuda.get_device_name(), "fp32", batch)
    return Prepared("stack", (model or Stack()).eval().cuda(), (x,), conditions)


@pytest.fixture(scope="module")
def meter():
    board = "GPU-" + str(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)
    return open_meter("cuda", board, HostClock())


@pytest.fixture(scope="module")
def energies(meter):
    networks = [prepared(batch) for batch in (8, 16, 32)]
    return measure_energy([Load(network, network.conditions.batch_size) for network in networks], meter, PLAN)


def test_energy_grows_with_the_batch(energies):
    assert [energy.pass_j for energy in energies] == sorted(energy.pass_j for energy in energies)
    assert energies[2].pass_j > 2 * energies[0].pass_j


def test_net_energy_is_a_part_of_the_gross(energies):
    for energy in energies:
        assert 0 < energy.net_j < energy.pass_j
        assert 0 < energy.idle.power_w < energy.power_w


def test_counter_and_sensor_agree_or_the_record_says_so(energies):
    for energy in energies:
        codes = {reason.code for reason in energy.reasons}
        if energy.disagreement is not None:
            assert (abs(energy.disagreement) > 0.02) == ("COUNTER_SENSOR_DISAGREE" in codes)


def test_trials_of_one_configuration_resemble_each_other(energies):
    for energy in energies:
        assert len(energy.trials) == 3
        assert energy.uncertainty_j < 0.2 * energy.pass_j


def test_the_counter_steps_in_milliseconds(energies):
    assert all(0.001 < energy.step_s < 0.5 for energy in energies)
    assert all(trial.steps >= 19 for energy in energies for trial in energy.trials)


def replay_of(network, copies):
    return RepeatedCall(network, capture_calls(network)[0], copies)


def test_a_layer_is_replayed_as_a_graph_and_gives_what_it_gave():
    replay = replay_of(prepared(8), 10)
    replay.run()
    replay.wait()
    assert replay.is_graph


def test_a_layer_that_waits_for_the_device_is_replayed_without_a_graph():
    class Waits(nn.Module):
        def forward(self, x):
            return x * (1 + 0 * x.sum().item())

    before = torch.cuda.current_stream()
    replay = replay_of(prepared(8, nn.Sequential(Waits())), 2)
    replay.run()
    replay.wait()
    assert not replay.is_graph
    assert torch.cuda.current_stream() == before
    torch.rand(8, device="cuda")  # and neither random numbers nor what is captured next are harmed
    assert replay_of(prepared(8), 2).is_graph


def test_the_layers_add_up_to_about_the_whole(meter, energies):
    network = prepared(32)
    rows = tuple(LayerTime(str(i), "", 1, True, _time(network, i), None, 0.0, True) for i in range(5))
    whole_s = sum(row.time_s for row in rows)
    times = LayerTimes("isolated", rows, whole_s, whole_s, 20)
    result = measure_layer_energy(network, times, meter, whole=energies[2])
    assert sum(row.pass_j or 0.0 for row in result.rows) == pytest.approx(energies[2].pass_j, rel=0.3)
    assert result.rows[2].pass_j > result.rows[4].pass_j
    assert result.rows[3].is_shared  # the same pointwise op on the same shapes
    assert "LAYER_CLOSURE" in {reason.code for reason in result.reasons}


def _time(network, i):
    """The time of one layer, by events around twenty runs of it."""
    layers = list(network.model)
    layer, x = layers[i], nn.Sequential(*layers[:i])(network.inputs[0]).detach()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    with torch.inference_mode():
        layer(x)
        start.record()
        for _ in range(20):
            layer(x)
        end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1e3 / 20
