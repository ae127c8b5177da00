"""The paragraph on methods says what records say, and nothing else."""

import msgspec

from archstat.documents.evidence import measured_of_network, programs_told
from archstat.documents.methods import measured_methods, methods
from archstat.language import speaking
from archstat.records import RUN_FOR_REAL, GpuTimes, Reason, UncountedOp
from archstat.store.records import Versions, library_of_programs
from tests.documents.known import ENERGY, MEMORY, counted, known, ran
from tests.measured import CONDITIONS, environment, latency


def at_batch(size, **changes):
    return ran("lenet5", conditions=msgspec.structs.replace(CONDITIONS, batch_size=size), **changes)


def test_networks_on_one_input_are_told_of_together_and_others_by_name():
    (one,) = methods([known("resnet20"), known("resnet32")])
    assert "They are for input 1×3×32×32 in float32." in one
    (two,) = methods([known("resnet20"), known("resnet32"), known("lenet5")])
    assert "Those of ResNet-20 and ResNet-32 are for input 1×3×32×32 in float32." in two
    assert "Those of LeNet-5 are for input 1×1×32×32 in float32." in two


def test_an_input_that_was_assumed_is_told_as_that():
    cost = msgspec.structs.replace(counted("lenet5").cost, input_origin="assumed: it is an image")
    (told,) = methods([known("lenet5", cost=cost)])
    assert "They are for input assumed: 1×1×32×32 (it is an image) in float32." in told


def test_what_was_run_and_what_was_not_counted_is_told_of_that_network():
    uncounted = (UncountedOp("my.op", 2, 10),)
    cost = msgspec.structs.replace(counted("lenet5").cost, forward="real", uncounted=uncounted)
    (told,) = methods([known("lenet5", cost=cost), known("resnet20")])
    assert "no values" not in told
    assert f"LeNet-5: {RUN_FOR_REAL}" in told
    assert "lenet5: not counted: my.op (2 ×, 10 elements): MACs and FLOPs are lower bounds." in told


def test_programs_stand_once_with_all_libraries():
    versions = [Versions("1", "2", "timm 3"), Versions("1", "2"), Versions("1", "2", "torchvision 4"), Versions()]
    assert programs_told(versions) == (
        "archstat 1 (torch 2, timm 3, torchvision 4) and archstat, in a version that is not recorded"
    )
    assert library_of_programs("hf:config.json", "transformers 5.2 config.json 12ab") == "transformers 5.2"
    assert library_of_programs("./net.py:Net", "net.py 12ab") == ""


def test_the_protocol_of_times_is_told_with_the_range_of_several_measurements():
    (told,) = measured_methods([at_batch(1), at_batch(8, latency=latency(n=1200, rounds=5, stopped_by="max_time"))])
    assert "(batch 1, 8; archstat 0.1.0, torch 2.13.0, Python 3.11, torch.inference_mode, Linux; 2026-01-01)" in told
    assert "100–1,200 passes in 2–5 rounds of time, after 3 calls to warm up." in told
    assert "Its 95 % interval comes from medians of batches of samples." in told
    assert "The aim was half of that interval at 2.0 % of the median or less." in told
    (done,) = measured_methods([at_batch(1)])
    assert "Samples were taken until half of that interval was 2.0 % of the median or less." in done


def test_samples_of_several_passes_are_no_single_passes():
    (told,) = measured_methods([at_batch(1, latency=latency(block=64, interval=None))])
    assert "each the mean of up to 64 forward passes in a row" in told
    assert "interval" not in told


def test_energy_memory_and_the_queue_are_told_where_they_were_measured_and_not_elsewhere():
    (bare,) = measured_methods([at_batch(1)])
    assert not any(word in bare for word in ("Energy", "memory", "queue"))
    (told,) = measured_methods([at_batch(1, energy=ENERGY, memory=MEMORY, gpu=GpuTimes(pipelined_s=0.005))])
    assert "Energy is that of the GPU board for one input, with a full queue, idle power included" in told
    assert "Energy is the mean of 2 windows of 2.000 s – 2.500 s, by the meter nvml.total_energy." in told
    assert "Measured memory is what a pass allocates at most, above parameters and inputs: the allocations that" in told
    assert "Inputs/s are those with a full queue." in told


def test_what_disturbed_is_told_of_those_that_it_disturbed():
    noisy, failed = Reason("HOST_NOISY", "It was noisy."), Reason("OOM", "Memory was missing.")
    runs = [at_batch(1, reasons=(noisy,)), at_batch(2, reasons=(noisy,)), at_batch(4, latency=None, reasons=(failed,))]
    (told,) = measured_methods(runs)
    assert "LeNet-5 at batch 1, 2: Rounds, or quartiles, differ by more than they should." in told
    assert "LeNet-5 at batch 4: Memory was missing." in told
    (alone,) = measured_methods(runs[2:])
    assert alone.endswith("2026-01-01). Memory was missing.")


def test_another_device_or_another_torch_has_a_paragraph_of_its_own():
    other = msgspec.structs.replace(CONDITIONS, device_name="Other")
    runs = [at_batch(1), ran("lenet5", conditions=other), at_batch(1, environment=environment(torch="2.14.0"))]
    assert len(measured_methods([*runs, at_batch(2)])) == 3
    assert measured_methods([]) == ()
    assert methods([]) == ()


def test_measurements_are_those_of_the_network_by_their_batches():
    found = measured_of_network(counted("lenet5").cost, [at_batch(8), ran("resnet20"), at_batch(1)])
    assert [each.conditions.batch_size for each in found] == [1, 8]


def test_the_methods_are_told_in_korean():
    with speaking("ko"):
        counts, times = methods([known("lenet5", at_batch(1, energy=ENERGY, memory=MEMORY))])
    assert counts.startswith("LeNet-5의 값은 ")
    assert "지연 시간은 호출부터" in times
    assert "에너지는 길이 2.000 s – 2.500 s인 구간 2개의 평균이며" in times
