"""The raw records of the installed torch's profiler, of a profile that is real, on a CPU."""

import contextlib

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from archstat.measuring.cuda import kernels, kineto
from archstat.measuring.cuda.kineto import records_of
from archstat.measuring.hooks.calls import CallHooks
from archstat.measuring.reasons import CannotMeasure


def recorded(work):
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], acc_events=False) as done:
        work()
    return done


def annotated_network():
    """A network whose runs of modules are annotated in one pass, as the times by kernels do it."""
    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))
    inside = []

    def enter(number):
        inside.append(contextlib.ExitStack())
        inside[-1].enter_context(record_function(f"{kernels.CALL}{number}"))

    hooks = CallHooks(model, enter, lambda _: inside.pop().close())

    def work():
        with hooks, record_function(f"{kernels.PASS}0"):
            model(torch.zeros(1, 4))

    return work, hooks


def test_the_installed_torch_gives_every_attribute_that_is_read():
    records = records_of(recorded(lambda: torch.zeros(3).relu()))
    relu = next(record for record in records if record.name == "aten::relu")
    assert (relu.kind, relu.device_type, relu.linked) == ("cpu_op", "cpu", 0)
    assert 0 < relu.start_ns < relu.end_ns
    assert relu.correlation > 0


def test_annotations_and_ops_share_a_clock_a_thread_and_one_count():
    work, hooks = annotated_network()
    records = records_of(recorded(work))
    marks = {r.name: r for r in records if r.kind == "user_annotation" and r.name.startswith("archstat")}
    assert sorted(marks) == ["archstat pass#0", *(f"archstat#{n}" for n in range(5))]
    assert [call.layer for call in hooks.calls] == ["", "0", "1", "1.0", "1.1"]
    relu = next(record for record in records if record.name == "aten::relu")
    for name, holds in (("archstat pass#0", True), ("archstat#2", True), ("archstat#3", True), ("archstat#1", False)):
        assert (marks[name].start_ns <= relu.start_ns <= relu.end_ns <= marks[name].end_ns) == holds
    assert len({record.thread for record in (*marks.values(), relu)}) == 1
    numbers = [r.correlation for r in records if r.kind in {"cpu_op", "user_annotation"}]
    assert len(set(numbers)) == len(numbers)


def test_kernels_linked_to_the_ops_of_a_real_profile_are_found_with_their_modules():
    """The profile is real; the device's part, which needs one, is put beside it: a kernel for every op."""
    work, _ = annotated_network()
    records = records_of(recorded(work))
    ops = [r for r in records if r.name in {"aten::addmm", "aten::relu"}]
    late = max(record.end_ns for record in records)
    device = [
        kineto.TraceRecord(op.name, "kernel", 1, late + 10 * n, late + 10 * n + 7, n, op.correlation, "cuda", 0, 7)
        for n, op in enumerate(sorted(ops, key=lambda op: op.start_ns))
    ]
    (traced,) = kernels.traced_passes((*records, *device), (0,), 5, 0)
    assert [(one.name, one.owner) for one in traced.kernels] == [
        ("aten::addmm", 1),
        ("aten::relu", 3),
        ("aten::addmm", 4),
    ]


def test_a_torch_without_one_of_the_attributes_is_told(monkeypatch):
    done = recorded(lambda: torch.zeros(3).relu())
    monkeypatch.setattr(kineto, "_ATTRIBUTES", (*kineto._ATTRIBUTES, "colour"))
    with pytest.raises(CannotMeasure, match="has no 'colour': its records cannot be read") as caught:
        records_of(done)
    assert caught.value.reason.code == "CUPTI_UNAVAILABLE"


def test_a_profile_without_raw_records_is_told():
    with pytest.raises(CannotMeasure, match=r"has no 'kineto_results.events'"):
        records_of(profile(activities=[ProfilerActivity.CPU], acc_events=False))
