"""The time of leaves alone on a simulated GPU."""

import pytest
import torch
from torch import nn

from archstat.measuring.cuda.passes import GpuPlan
from archstat.measuring.cuda.replay import time_isolated
from archstat.measuring.reasons import CannotMeasure
from tests.measuring.simulated_gpu import Kernels, SimulatedGpu, prepared_of

PLAN = GpuPlan(samples=2)


def times_of(gpu, model):
    return time_isolated(prepared_of(model, torch.ones(2)), gpu, gpu, PLAN, 1e-3)


def test_a_leaf_takes_its_kernels_time_and_nothing_of_the_host_s():
    gpu = SimulatedGpu(launch_ns=100_000)
    times = times_of(gpu, Kernels(gpu, 10, a=Kernels(gpu, 30, 5), b=Kernels(gpu, 400)))
    assert times.method == "isolated"
    assert {row.layer: row.time_s for row in times.rows} == pytest.approx({"a": 35e-6, "b": 400e-6}, rel=0.03)
    assert times.whole_s == times.measured_s == 1e-3, "nothing is measured within a pass"


def test_calls_that_are_alike_are_measured_once_and_marked():
    gpu = SimulatedGpu()
    times = times_of(gpu, Kernels(gpu, a=Kernels(gpu, 30), b=Kernels(gpu, 30), c=Kernels(gpu, 50)))
    assert [(row.layer, row.is_shared) for row in times.rows] == [("a", False), ("b", True), ("c", False)]
    assert times.rows[0].time_s == times.rows[1].time_s != times.rows[2].time_s
    assert gpu.captures == 2


def test_a_leaf_without_work_for_the_gpu_takes_none_of_its_time():
    gpu = SimulatedGpu()
    times = times_of(gpu, Kernels(gpu, a=Kernels(gpu, 30), view=nn.Flatten(0)))
    assert [(row.layer, row.time_s) for row in times.rows][1] == ("view", 0.0)


class Steps(Kernels):
    """Its own state goes into its output."""

    steps = 0

    def forward(self, x):
        self.steps += 1
        return super().forward(x) + self.steps


def test_a_leaf_that_gives_other_results_has_no_row_and_is_told():
    gpu = SimulatedGpu()
    times = times_of(gpu, Kernels(gpu, a=Kernels(gpu, 30), b=Steps(gpu, 40)))
    assert [row.layer for row in times.rows] == ["a"]
    (reason,) = times.reasons
    assert reason.code == "LAYER_NOT_REPLAYABLE"
    assert reason.text.startswith("b gives other results")


def test_a_leaf_that_cannot_be_captured_has_no_row_and_is_told():
    gpu = SimulatedGpu()

    class Waits(Kernels):
        def forward(self, x):
            if self.gpu._captured is not None:
                raise RuntimeError("not permitted when stream is capturing")
            return super().forward(x)

    times = times_of(gpu, Kernels(gpu, a=Kernels(gpu, 30), b=Waits(gpu, 40)))
    assert [row.layer for row in times.rows] == ["a"]
    assert times.reasons[0].text == "b cannot be captured as a CUDA graph (RuntimeError); it has no row."


def test_every_layer_without_a_row_is_named():
    gpu = SimulatedGpu()
    a, b, c = Steps(gpu, 40), Steps(gpu, 40), Steps(gpu, 40)
    times = times_of(gpu, Kernels(gpu, a=a, b=b, c=c, d=Kernels(gpu, 30)))
    assert [row.layer for row in times.rows] == ["d"]
    assert times.reasons[0].text.endswith("it has no row. Likewise b, c.")


def test_out_of_memory_is_told_by_its_own_name():
    gpu = SimulatedGpu()
    gpu.capture_error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(CannotMeasure, match="Out of memory while a was repeated") as caught:
        times_of(gpu, Kernels(gpu, a=Kernels(gpu, 30)))
    assert caught.value.reason.code == "OOM"
