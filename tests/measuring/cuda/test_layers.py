"""Where the time goes on a simulated GPU: which method is taken, why not the ones before it, and that rows add up."""

import pytest
import torch

from archstat.measuring.cuda import replay
from archstat.measuring.cuda.layers import time_layers_on_gpu
from archstat.measuring.cuda.passes import GpuPlan
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason
from tests.measuring.simulated_gpu import Kernels, SimulatedGpu, kernel, prepared_of

PLAN = GpuPlan(passes=4, samples=2)


def network(gpu, **more):
    """100 us of its own around a layer of 300 us that holds one of 40 us."""
    return Kernels(gpu, 60, 40, deep=Kernels(gpu, 200, 100, inside=Kernels(gpu, 40)), **more)


def times_of(gpu, model=None, plan=PLAN):
    return time_layers_on_gpu(prepared_of(model or network(gpu), torch.ones(2)), gpu, gpu, plan)


def raising(error):
    def call(*_):
        raise error

    return call


def codes(times):
    return [reason.code for reason in times.reasons]


def test_kernels_come_first_and_each_row_has_its_own():
    times = times_of(SimulatedGpu())
    assert times.method == "kernels"
    assert times.reasons == ()
    assert {row.layer: row.time_s for row in times.rows} == pytest.approx(
        {"": 100e-6, "deep": 300e-6, "deep.inside": 40e-6}
    )
    rows = {row.layer: row for row in times.rows}
    assert rows["deep"].kernel_names == ("k200", "k100")
    assert [row.kernels for row in times.rows] == [2, 2, 1]
    assert times.passes == 4


def test_rows_and_gaps_are_the_whole_pass():
    times = times_of(SimulatedGpu(launch_ns=200_000))
    assert times.gap_s == pytest.approx(0, abs=1e-9), "the queue was held up"
    assert times.whole_s == pytest.approx(442e-6), "two events included"
    assert times.closure == pytest.approx(1, rel=0.01)


def test_the_gaps_of_a_launch_bound_pass_that_cannot_be_held_up_are_told():
    gpu = SimulatedGpu(launch_ns=200_000)
    times = times_of(gpu, network(gpu, reads=Kernels(gpu, 10, waits=True)))
    assert times.method == "kernels"
    assert codes(times) == ["MODEL_SYNCS"]
    assert times.gap_s > 500e-6
    assert {row.layer: row.time_s for row in times.rows}["deep"] == pytest.approx(300e-6)


def test_a_queue_that_only_the_annotations_overflow_is_told():
    gpu = SimulatedGpu(depth=12)
    annotate = gpu.annotate

    def narrower(name):
        gpu.depth = 3
        return annotate(name)

    gpu.annotate = narrower
    gpu.spoil = lambda records: (setattr(gpu, "depth", 12), records)[1]
    times = times_of(gpu)
    assert times.method == "kernels"
    assert codes(times) == ["QUEUE_RAN_DRY"]
    assert times.whole_s == pytest.approx(442e-6)


def test_the_whole_pass_is_timed_before_and_after_the_trace():
    gpu = SimulatedGpu()
    gpu.spoil = lambda records: (setattr(gpu, "event_device_ns", 42_000), records)[1]
    assert times_of(gpu).whole_s == pytest.approx((442e-6 + 482e-6) / 2)


def test_overlapping_streams_count_in_their_rows_and_once_in_the_whole():
    gpu = SimulatedGpu()

    class Beside(Kernels):
        def forward(self, x):
            free = self.gpu.free_ns
            self.gpu.launch("first", 300_000)
            self.gpu.launch("beside", 200_000, stream=20, free_at=free)
            return x

    times = times_of(gpu, Kernels(gpu, a=Beside(gpu)))
    assert times.rows_s == pytest.approx(500e-6)
    assert times.overlap_s == pytest.approx(200e-6, rel=0.05)
    assert times.closure == pytest.approx(1, rel=0.03)


def test_a_layer_without_kernels_is_known_to_take_no_time():
    gpu = SimulatedGpu()
    times = times_of(gpu, network(gpu, nothing=torch.nn.Identity()))
    row = times.rows[-1]
    assert (row.layer, row.time_s, row.kernels, row.is_resolved) == ("nothing", 0.0, 0, True)


def test_a_kernel_shorter_than_a_trace_resolves_is_marked():
    gpu = SimulatedGpu()
    times = times_of(gpu, network(gpu, tiny=Kernels(gpu, 0.4)))
    assert not times.rows[-1].is_resolved


def test_without_a_trace_events_are_taken_and_the_reason_is_kept():
    gpu = SimulatedGpu()
    gpu.trace_error = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace."))
    times = times_of(gpu)
    assert times.method == "events"
    assert codes(times) == ["CUPTI_UNAVAILABLE"]
    assert {row.layer: row.time_s for row in times.rows}["deep"] == pytest.approx(300e-6)


def test_the_two_methods_agree():
    by_kernels = times_of(SimulatedGpu())
    gpu = SimulatedGpu()
    gpu.trace_error = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace."))
    by_events = times_of(gpu)
    assert [row.time_s for row in by_events.rows] == pytest.approx([row.time_s for row in by_kernels.rows])


def test_a_trace_that_shows_too_little_time_is_refused():
    gpu = SimulatedGpu()
    gpu.spoil = lambda records: [r for r in records if r.name not in {"k200", "k100"}]
    times = times_of(gpu)
    assert times.method == "events"
    assert codes(times) == ["CUPTI_INVALID"]
    assert "without a trace" in times.reasons[0].text


def test_a_trace_of_another_device_is_refused():
    gpu = SimulatedGpu()
    gpu.spoil = lambda records: (
        [kernel("k", r.start_ns, r.end_ns, r.correlation, r.linked, device=3) for r in records if r.kind == "kernel"]
        + [r for r in records if r.kind != "kernel"]
    )
    assert codes(times_of(gpu)) == ["CUPTI_INVALID"]


class Uses(Kernels):
    """Runs a scripted part and one that launches, and not a third."""

    def _inside(self, x):
        return self.works(self.scripted(x))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
@pytest.mark.parametrize("method", ["kernels", "isolated"])
def test_parts_without_hooks_and_unused_ones_leave_the_other_rows(method):
    gpu = SimulatedGpu()
    if method == "isolated":
        gpu.trace_error, gpu.broken_time = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace.")), -1.0
    parts = {"scripted": torch.jit.script(torch.nn.ReLU()), "works": Kernels(gpu, 40), "unused": torch.nn.Linear(1, 1)}
    times = times_of(gpu, Uses(gpu, 60, **parts))
    assert times.method == method
    assert {row.layer: row.time_s for row in times.rows}["works"] == pytest.approx(40e-6, rel=1e-3)
    assert {row.layer for row in times.rows} <= {"", "works"}
    assert "HOOKS_NOT_FIRED" not in codes(times)


def test_a_network_whose_hooks_are_never_called_is_refused_by_every_method():
    gpu = SimulatedGpu()
    prepared = prepared_of(Kernels(gpu, 60), torch.ones(2))
    prepared.run_eagerly = lambda: prepared.model.forward(torch.ones(2))
    says = r"^The network did not run as a module: no hook was called\. The network has no leaves\.$"
    with pytest.raises(CannotMeasure, match=says):
        time_layers_on_gpu(prepared, gpu, gpu, PLAN)


def test_without_a_trace_and_events_each_layer_is_repeated_alone():
    gpu = SimulatedGpu()
    gpu.trace_error = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace."))
    gpu.broken_time = -1.0
    times = times_of(gpu)
    assert times.method == "isolated"
    assert codes(times) == ["EVENT_TIME_INVALID", "CUPTI_UNAVAILABLE"]
    assert [row.layer for row in times.rows] == ["deep.inside"]


def test_a_profiler_that_raises_leaves_the_other_methods():
    gpu = SimulatedGpu()
    gpu.trace_error = RuntimeError("CUPTI_ERROR_INSUFFICIENT_PRIVILEGES")
    times = times_of(gpu)
    assert times.method == "events"
    says = "cannot be measured: RuntimeError: CUPTI_ERROR_INSUFFICIENT_PRIVILEGES."
    assert times.reasons == (Reason("PART_FAILED", f"The time of layers by kernels {says}"),)


def test_events_that_raise_leave_the_host_s_clock_and_a_trace():
    gpu = SimulatedGpu()
    gpu.event = raising(RuntimeError("CUDA error: not permitted"))
    times = times_of(gpu)
    assert times.method == "kernels"
    assert codes(times) == ["PART_FAILED"]
    assert "RuntimeError: CUDA error: not permitted" in times.reasons[0].text


def test_memory_that_does_not_suffice_for_the_inputs_of_layers_is_told_as_that(monkeypatch):
    gpu = SimulatedGpu()
    gpu.trace_error = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace."))
    gpu.broken_time = -1.0
    monkeypatch.setattr(replay, "capture_calls", raising(torch.OutOfMemoryError("CUDA out of memory.")))
    with pytest.raises(CannotMeasure, match=r"No trace\. The time of layers by replays .*: out of memory\.") as caught:
        times_of(gpu)
    assert caught.value.reason.code == "OOM"


def test_where_nothing_works_all_reasons_are_given():
    gpu = SimulatedGpu()
    gpu.trace_error = CannotMeasure(Reason("CUPTI_UNAVAILABLE", "No trace."))
    gpu.broken_time = -1.0
    gpu.capture_error = RuntimeError("no")
    with pytest.raises(CannotMeasure, match=r"impossible time .* No trace\. deep\.inside cannot be captured") as caught:
        times_of(gpu)
    assert caught.value.reason.code == "LAYER_NOT_REPLAYABLE"


def test_confidential_computing_leaves_kernels_and_the_host_s_clock():
    times = times_of(SimulatedGpu(), plan=GpuPlan(4, 2, is_confidential=True))
    assert times.method == "kernels"
    assert codes(times) == ["CC_ENABLED"]
    assert times.whole_s > 442e-6, "waited for, by the host's clock"


def test_no_hook_is_left_behind_whatever_happens():
    gpu = SimulatedGpu()
    model = network(gpu)
    times_of(gpu, model)
    gpu.trace_error = ValueError("from nowhere")
    with pytest.raises(ValueError, match="from nowhere"):
        times_of(gpu, model)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
