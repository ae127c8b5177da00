"""Whose each kernel is, from records made by hand: nested modules, odd links, streams; and records not believed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.measuring.cuda import kernels
from archstat.measuring.cuda.kernels import Kernel, TracedPass, traced_passes
from archstat.measuring.reasons import CannotMeasure
from tests.measuring.simulated_gpu import host, kernel

# One pass, by its offset: the network (run 0) has a kernel of its own, then a layer (run 1) with two, then one again.
#   host    |pass 0 ..................................................... 900|
#           |  run 0  10 ............................................ 800 |
#           |     op 20-30 |  run 1  100 ........ 400 | op 500-520       |
#           |              |  op 110-120   op 200-210 |                  |
#   device       1000-1100     1100-1300     1300-1350     1400-1500


def one_pass(number, at):
    """The records of that pass."""
    op, launch = 1000 * (number + 1), 5000 * (number + 1)
    return [
        host(f"archstat pass#{number}", "user_annotation", at, at + 900, op),
        host("archstat#0", "user_annotation", at + 10, at + 800, op + 1),
        host("archstat#1", "user_annotation", at + 100, at + 400, op + 2),
        host("aten::cat", "cpu_op", at + 20, at + 30, op + 3),
        host("aten::conv2d", "cpu_op", at + 110, at + 120, op + 4),
        host("aten::add_", "cpu_op", at + 200, at + 210, op + 5),
        host("aten::relu", "cpu_op", at + 500, at + 520, op + 6),
        *(host("cudaLaunchKernel", "cuda_runtime", at + t, at + t + 5, launch + n) for n, t in _LAUNCHED),
        kernel("cat", at + 1000, at + 1100, launch, op + 3),
        kernel("conv", at + 1100, at + 1300, launch + 1, op + 4),
        kernel("bias", at + 1300, at + 1350, launch + 2, op + 5),
        kernel("relu", at + 1400, at + 1500, launch + 3, op + 6),
    ]


_LAUNCHED = ((0, 22), (1, 112), (2, 202), (3, 505))


def trace(passes=3):
    return [record for number in range(passes) for record in one_pass(number, 10_000 * (number + 1))]


def changed(records, known_as, place=0, **changes):
    """The records with one of that name changed."""
    which = [index for index, record in enumerate(records) if record.name == known_as][place]
    return [msgspec.structs.replace(r, **changes) if i == which else r for i, r in enumerate(records)]


def without(records, name, place):
    which = [index for index, record in enumerate(records) if record.name == name][place]
    return records[:which] + records[which + 1 :]


def passes_of(records, kept=(1, 2), calls=2, device=0):
    return traced_passes(records, kept, calls, device)


def refusal(records, **kwargs):
    with pytest.raises(CannotMeasure) as caught:
        passes_of(records, **kwargs)
    return caught.value.reason


# -- whose they are ------------------------------------------------------------------------------------------------


def test_a_kernel_belongs_to_the_innermost_module():
    for traced in passes_of(trace()):
        assert traced.owned_ns == {0: 100 + 100, 1: 200 + 50}
        assert traced.unowned_ns == 0


def test_a_row_counts_its_kernels_and_names_them_the_longest_running_first():
    traced = passes_of(trace())[0]
    assert traced.names_of(1) == ("conv", "bias")
    assert (traced.count_of(0), traced.count_of(1), traced.count_of(2)) == (2, 2, 0)


def test_busy_time_span_and_gap_of_a_pass():
    traced = passes_of(trace())[0]
    assert (traced.busy_ns, traced.span_ns, traced.gap_ns, traced.total_ns) == (450, 500, 50, 450)


def test_the_order_of_the_records_does_not_matter():
    assert passes_of(trace()[::-1]) == passes_of(trace())


def test_kernels_that_overlap_on_two_streams_are_busy_once():
    records = trace()
    for number in range(3):
        at = 10_000 * (number + 1)
        records = changed(records, "bias", number, start_ns=at + 1150, end_ns=at + 1400, stream=20)
    traced = passes_of(records)[0]
    assert traced.owned_ns == {0: 200, 1: 200 + 250}
    assert (traced.total_ns, traced.busy_ns, traced.gap_ns) == (650, 500, 0)


def test_the_link_to_an_op_goes_before_the_number_of_the_launch():
    """The profiler and the driver count separately: a kernel's number may be that of an op of another module."""
    records = trace()
    for number in range(3):
        records = changed(records, "conv", number, correlation=1000 * (number + 1) + 6)
    assert passes_of(records) == passes_of(trace())


def test_a_kernel_without_an_op_belongs_where_it_was_launched():
    records = trace()
    for number in range(3):
        records = changed(records, "conv", number, linked=0)
    assert passes_of(records) == passes_of(trace())


def test_a_number_of_a_launch_is_never_taken_for_an_op():
    """The launch of a kernel is lost, and its number is by chance that of an op: the op has nothing to do with it."""
    records = [record for record in trace() if record.kind != "cuda_runtime"]
    for number in range(3):
        records = changed(records, "bias", number, linked=0, correlation=1000 * (number + 1) + 3)
    assert refusal(records).text == (
        "GPU tracing gave no usable records (11% of kernel time belongs to no module); "
        "another profiler, such as DCGM or Nsight, may hold CUPTI."
    )


def test_an_op_of_another_thread_has_no_module():
    records = trace()
    for number in range(3):
        records = changed(records, "aten::add_", number, thread=2)
    assert "11% of kernel time" in refusal(records).text


def test_a_kernel_that_lies_far_behind_the_host_still_belongs_to_its_op():
    records = [
        msgspec.structs.replace(r, start_ns=r.start_ns + 3000, end_ns=r.end_ns + 3000) if r.kind == "kernel" else r
        for r in trace()
    ]
    assert [traced.owned_ns for traced in passes_of(records)] == [{0: 200, 1: 250}] * 2


def test_a_small_share_without_a_module_is_told_and_not_refused():
    records = [r for r in trace() if r.name != "cudaLaunchKernel"]
    records += [kernel("memset", 10_000 * n + 1360, 10_000 * n + 1365, 77 + n, kind="gpu_memset") for n in (1, 2, 3)]
    assert [traced.unowned_ns for traced in passes_of(records)] == [5, 5]


def test_annotations_on_the_device_synchronisations_overhead_and_the_stall_are_no_kernels():
    others = [
        kernel("archstat#1", 20_100, 21_500, 9, 2002, kind="gpu_user_annotation"),
        kernel("Context Sync", 21_500, 21_900, 9, kind="cuda_sync"),
        kernel("Activity Buffer Request", 20_000, 29_000, kind="overhead"),
        kernel("spin_kernel(long)", 20_001, 20_900, 12),
    ]
    assert passes_of(trace() + others) == passes_of(trace())


def test_a_run_that_begins_when_the_one_before_ends_is_not_within_it():
    records = [
        *(
            r
            for number in range(3)
            for r in [
                host(
                    "archstat#2",
                    "user_annotation",
                    10_000 * (number + 1) + 400,
                    10_000 * (number + 1) + 450,
                    9_000 + number,
                )
            ]
        ),
        *trace(),
    ]
    assert [traced.owned_ns for traced in passes_of(records, calls=3)] == [{0: 200, 1: 250}] * 2


# -- which passes --------------------------------------------------------------------------------------------------


def test_a_spoilt_head_is_thrown_away_with_its_passes():
    records = without(changed(trace(), "conv", 0, start_ns=0), "relu", 0)
    assert passes_of(records) == passes_of(trace())


def test_without_modules_only_the_kernels_of_a_pass_are_asked_for():
    records = [record for record in trace() if not record.name.startswith("archstat#")]
    assert [traced.busy_ns for traced in passes_of(records, calls=0)] == [450, 450]


# -- what is not believed ------------------------------------------------------------------------------------------


def test_no_kernel_at_all_is_no_trace():
    reason = refusal([record for record in trace() if record.device_type == "cpu"])
    assert reason.code == "CUPTI_UNAVAILABLE"
    assert "no kernel in it" in reason.text


SPOILT = {
    "another device": (changed(trace(), "bias", 1, device=1), "kernels on another device than 0"),
    "time 0": (changed(trace(), "bias", 1, start_ns=0), "begin at time 0"),
    "time 0, no link": (changed(trace(), "bias", 1, start_ns=0, linked=0, correlation=1), "begin at time 0"),
    "no time": (changed(trace(), "bias", 1, end_ns=21_300), "take no time"),
    "backwards": (changed(trace(), "bias", 1, end_ns=21_200), "take no time"),
    "twice": ([*trace(), one_pass(1, 20_000)[-2]], "the same kernel twice"),
    "a lost kernel": (without(trace(), "bias", 1), "not the same kernels in every pass"),
    "another kernel": (changed(trace(), "bias", 1, name="fill"), "not the same kernels in every pass"),
    "a lost run": (without(trace(), "archstat#1", 1), "1 of the 2 runs of modules are in pass 1"),
    "a lost pass": (without(trace(), "archstat pass#1", 0), "pass 1 is in it 0 times"),
    "an empty pass": ([r for r in trace() if r.kind != "kernel" or r.start_ns < 20_000], "a pass without kernels"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_trace_with_an_impossible_record_is_refused_as_a_whole(spoilt):
    records, text = SPOILT[spoilt]
    reason = refusal(records)
    assert reason.code == "CUPTI_INVALID"
    assert text in reason.text


@pytest.mark.parametrize(("busy_s", "is_possible"), [(1.05, True), (1.06, False), (0.5, True), (0.49, False)])
def test_kernels_fill_half_of_the_span_at_least_and_all_of_it_at_most(busy_s, is_possible):
    if is_possible:
        kernels.check_span(busy_s, 1.0)
    else:
        with pytest.raises(CannotMeasure, match="without a trace") as caught:
            kernels.check_span(busy_s, 1.0)
        assert caught.value.reason.code == "CUPTI_INVALID"


# -- laws ----------------------------------------------------------------------------------------------------------

SOME = st.lists(
    st.builds(
        lambda start, length, stream, owner: Kernel(f"k{length}", start, start + length, stream, owner),
        st.integers(1, 10_000),
        st.integers(1, 3_000),
        st.integers(1, 3),
        st.none() | st.integers(0, 4),
    ),
    min_size=1,
    max_size=30,
)


@given(SOME)
def test_rows_and_what_nobody_owns_are_all_kernels(some):
    traced = TracedPass(tuple(some))
    assert sum(traced.owned_ns.values()) + traced.unowned_ns == traced.total_ns
    assert sum(traced.count_of(owner) for owner in traced.owned_ns) <= len(some)


@given(SOME)
def test_the_longest_kernel_is_at_most_the_busy_time_and_that_at_most_span_and_sum(some):
    traced = TracedPass(tuple(some))
    assert max(one.duration_ns for one in some) <= traced.busy_ns <= min(traced.span_ns, traced.total_ns)
    assert traced.gap_ns + traced.busy_ns == traced.span_ns


@given(SOME)
def test_the_busy_time_is_the_number_of_instants_in_which_a_kernel_runs(some):
    assert TracedPass(tuple(some)).busy_ns == len({t for one in some for t in range(one.start_ns, one.end_ns)})


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_however_modules_nest_each_kernel_is_found_with_its_owner(steps, random):
    """A walk that opens and closes runs, with a kernel at every step: the stack of the walk is the truth."""
    records, owners = walk(steps)
    random.shuffle(records)
    traced = traced_passes(records, (0,), len(set(owners)), 0)
    assert [one.owner for one in traced[0].kernels] == owners


def walk(steps):
    time, inside, runs, owners, open_at = 10, [0], 1, [], {0: 5}
    records, end = [], 5 + 100 * (2 * len(steps) + 4)

    def step(time):
        number = 1000 + time
        records.append(host("op", "cpu_op", time, time + 2, number))
        records.append(kernel("k", time + 10**6, time + 10**6 + 1, 0, number))
        owners.append(inside[-1])

    step(time)
    for choice in steps:
        time += 100
        if choice == 0 and len(inside) > 1:
            last = inside.pop()
            records.append(host(f"archstat#{last}", "user_annotation", open_at[last], time - 50, 5000 + last))
        elif choice == 1:
            open_at[runs] = time - 50
            inside.append(runs)
            runs += 1
        step(time)
    while inside:
        time, last = time + 100, inside.pop()
        records.append(host(f"archstat#{last}", "user_annotation", open_at[last], time, 5000 + last))
    records.append(host("archstat pass#0", "user_annotation", 1, max(end, time) + 1, 4999))
    return records, owners
