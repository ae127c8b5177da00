"""The times of modules by events on a simulated GPU, where each is known by arithmetic."""

import pytest
import torch

from archstat.measuring.cuda.events import RESOLVED, empty_pair_s, time_by_events
from archstat.measuring.cuda.passes import GpuPlan
from archstat.measuring.cuda.stall import Stall
from archstat.measuring.reasons import CannotMeasure
from tests.measuring.simulated_gpu import Kernels, SimulatedGpu, prepared_of

PLAN = GpuPlan(passes=3, samples=2)


def network(gpu):
    """100 us of its own around a layer of 300 us that holds one of 40 us, and a layer of 5 us."""
    deep = Kernels(gpu, 200, 100, inside=Kernels(gpu, 40))
    return Kernels(gpu, 60, 40, deep=deep, small=Kernels(gpu, 5))


def times_of(gpu, model, plan=PLAN):
    return time_by_events(prepared_of(model, torch.zeros(1)), gpu, gpu, plan, 1e-3)


def by_layer(times):
    return {row.layer: row for row in times.rows}


def test_the_time_of_a_module_is_without_the_modules_in_it():
    gpu = SimulatedGpu(launch_ns=50_000)
    times = times_of(gpu, network(gpu))
    assert times.method == "events"
    found = {layer: row.time_s for layer, row in by_layer(times).items()}
    assert found == pytest.approx({"": 100e-6, "deep": 300e-6, "deep.inside": 40e-6, "small": 5e-6})


def test_without_a_stall_the_same_rows_would_be_those_of_the_host():
    """What the stall is for: a launch takes longer than every kernel here."""
    gpu = SimulatedGpu(launch_ns=500_000)
    times = times_of(gpu, network(gpu))
    assert sum(row.time_s for row in times.rows) == pytest.approx(445e-6)


def test_the_cost_of_a_pair_of_events_is_taken_off_once_for_each_stretch():
    gpu = SimulatedGpu()
    times = times_of(gpu, network(gpu))
    assert times.overhead_s == pytest.approx(2e-6)
    rows = by_layer(times)
    assert rows["small"].raw_s == pytest.approx(7e-6)
    assert rows["deep"].raw_s == pytest.approx(304e-6), "before and after the module in it"
    assert rows[""].raw_s == pytest.approx(106e-6), "before, between and after two"


def test_the_empty_pair_is_the_median_of_many():
    gpu = SimulatedGpu()
    assert empty_pair_s(gpu, Stall(gpu, lambda: None, gpu)) == pytest.approx(2e-6)


def test_a_row_of_few_empty_pairs_is_not_resolved():
    gpu = SimulatedGpu()
    times = times_of(gpu, network(gpu))
    assert times.resolution_s == pytest.approx(RESOLVED * 2e-6)
    assert {layer: row.is_resolved for layer, row in by_layer(times).items()} == {
        "": True,
        "deep": True,
        "deep.inside": True,
        "small": False,
    }


def test_runs_of_a_shared_module_have_a_row_each():
    gpu = SimulatedGpu()
    shared = Kernels(gpu, 70)
    times = times_of(gpu, Kernels(gpu, 30, first=shared, other=Kernels(gpu, 50, again=shared)))
    assert [(row.layer, row.call) for row in times.rows] == [("", 1), ("first", 1), ("other", 1), ("first", 2)]
    assert [row.time_s for row in times.rows][1:] == pytest.approx([70e-6, 50e-6, 70e-6])


def test_a_pass_too_deep_for_the_queue_is_measured_in_segments():
    gpu = SimulatedGpu(launch_ns=20_000, depth=140)
    layers = {f"l{n}": Kernels(gpu, *[4 + n] * 12) for n in range(20)}
    times = times_of(gpu, Kernels(gpu, **layers), GpuPlan(passes=2))
    assert max(gpu.sleeps[-8:]) < max(gpu.sleeps), "a full queue is no reason for long stalls"
    assert times.rows[0].time_s == pytest.approx(0, abs=1e-9)
    assert [row.time_s for row in times.rows[1:]] == pytest.approx([12e-6 * (4 + n) for n in range(20)])


def test_one_module_too_deep_for_the_queue_cannot_be_measured():
    gpu = SimulatedGpu(depth=140)
    with pytest.raises(CannotMeasure, match="did not stay ahead"):
        times_of(gpu, Kernels(gpu, 5, deep=Kernels(gpu, *[5] * 300)))


def test_a_network_that_waits_inside_cannot_be_measured_so():
    gpu = SimulatedGpu()
    with pytest.raises(CannotMeasure) as caught:
        times_of(gpu, Kernels(gpu, 50, reads=Kernels(gpu, 10, waits=True)))
    assert caught.value.reason.code == "MODEL_SYNCS"


def test_one_impossible_time_rejects_all_rows():
    gpu = SimulatedGpu()
    gpu.broken_time = float("nan")
    with pytest.raises(CannotMeasure) as caught:
        times_of(gpu, network(gpu))
    assert caught.value.reason.code == "EVENT_TIME_INVALID"


def test_several_streams_are_refused():
    gpu = SimulatedGpu()

    class OnAnother(Kernels):
        def forward(self, x):
            self.gpu.current_stream = 20
            x = self._inside(x)
            self.gpu.current_stream = 7
            return x

    with pytest.raises(CannotMeasure, match="several streams"):
        times_of(gpu, OnAnother(gpu, inside=Kernels(gpu, 40)))


def test_confidential_computing_is_refused():
    gpu = SimulatedGpu()
    with pytest.raises(CannotMeasure) as caught:
        times_of(gpu, network(gpu), GpuPlan(is_confidential=True))
    assert caught.value.reason.code == "CC_ENABLED"


def test_a_network_that_takes_another_way_each_time_is_refused():
    gpu = SimulatedGpu()

    class Wavers(Kernels):
        runs = 0

        def forward(self, x):
            self.runs += 1
            return self.a(x) if self.runs % 2 else self.a(self.a(x))

    with pytest.raises(CannotMeasure, match="Not the same modules") as caught:
        times_of(gpu, Wavers(gpu, a=Kernels(gpu, 10)))
    assert caught.value.reason.code == "PATH_VARIES"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
def test_parts_without_hooks_and_unused_ones_leave_the_other_rows():
    gpu = SimulatedGpu()

    class Uses(Kernels):
        def _inside(self, x):
            return self.works(self.scripted(x))

    parts = {"scripted": torch.jit.script(torch.nn.ReLU()), "works": Kernels(gpu, 40), "unused": torch.nn.Linear(1, 1)}
    times = times_of(gpu, Uses(gpu, 60, **parts))
    assert {row.layer: row.time_s for row in times.rows} == pytest.approx({"": 60e-6, "works": 40e-6})
    assert times.reasons == ()


def test_no_hook_is_left_behind():
    gpu = SimulatedGpu()
    model = network(gpu)
    times_of(gpu, model)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
