"""Measurements of whole networks: what stands together, and what is marked."""

import functools

import msgspec
import pytest

import archstat
from archstat.errors import UnknownNameError
from archstat.files.choosing import conditions_text
from archstat.records import Conditions, GpuTimes, Reason
from archstat.tables import measured_compare_table
from archstat.tables.formats import text
from archstat.tables.measurements import NOISE, alike
from tests.measured import CONDITIONS, ENERGY, MEMORY, environment, latency, measured

cost_of = functools.cache(archstat.count)
BATCH_8 = msgspec.structs.replace(CONDITIONS, batch_size=8)
GPU = Conditions("cuda", "Some Board", "tf32", 4, "compiled", "channels_last", None, 300.0)
NOISY = Reason("HOST_NOISY", "Host not quiet: medians of rounds differ by 9 %.")
NO_METER = Reason("RAPL_ABSENT_VM", "No RAPL zones (virtual machine).")


def at(conditions, name="net", **changes):
    return measured(architecture=name, conditions=conditions, **changes)


def cells(table):
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


def notes(*measurements):
    return "\n".join(measured_compare_table(measurements).notes)


def test_a_row_has_what_was_counted_and_what_was_measured():
    made = measured(cost_of("lenet5"), latency=latency(0.02, 0.003), memory=MEMORY, energy=ENERGY, conditions=GPU)
    (row,) = cells(measured_compare_table([made]))
    assert (row["architecture"], row["input_shape"]) == ("lenet5", (1, 1, 32, 32))
    assert (row["parameters"], row["macs"]) == (60_000, 325_680)
    assert (row["latency_s"], row["min_s"]) == (0.02, 0.01)
    assert row["half_width_s"] == pytest.approx(0.003)
    assert row["throughput"] == pytest.approx(4 / 0.02)
    assert row["peak_bytes"] == 2**20
    assert (row["energy_j"], row["power_w"]) == (2.0 / 4, 300.0)


def test_throughput_is_that_of_a_full_queue_where_it_was_measured():
    (row,) = cells(measured_compare_table([at(GPU, gpu=GpuTimes(pipelined_s=0.001))]))
    assert row["throughput"] == pytest.approx(4 / 0.001)


def test_what_was_not_measured_is_nothing_and_not_0():
    (row,) = cells(measured_compare_table([at(CONDITIONS, latency=None)]))
    missing = ("latency_s", "half_width_s", "min_s", "throughput", "peak_bytes", "energy_j", "power_w")
    assert [row[key] for key in missing] == [None] * 7


@pytest.mark.parametrize(
    "changes",
    [
        {"device_name": "Another"},
        {"threads": 2},
        {"precision": "bf16"},
        {"batch_size": 2},
        {"mode": "compiled"},
        {"memory_format": "channels_last"},
        {"power_limit_w": 250.0},
    ],
)
def test_no_two_conditions_share_a_heading(changes):
    other = msgspec.structs.replace(CONDITIONS, **changes)
    table = measured_compare_table([at(CONDITIONS), at(other), at(CONDITIONS, "second")])
    assert [row[:2] for row in table.rows] == [
        (conditions_text(CONDITIONS), "net"),
        (conditions_text(CONDITIONS), "second"),
        (conditions_text(other), "net"),
    ]
    assert conditions_text(CONDITIONS) != conditions_text(other)
    assert "Rows under different headings do not compare" in "\n".join(table.notes)


def test_one_heading_needs_no_warning():
    assert "Rows under different headings" not in notes(at(CONDITIONS), at(CONDITIONS, "second"))


def test_rows_are_sorted_within_their_heading():
    slow, fast = {"latency": latency(0.4)}, {"latency": latency(0.1)}
    made = [
        at(CONDITIONS, "a", **fast),
        at(BATCH_8, "a", **fast),
        at(BATCH_8, "b", **slow),
        at(CONDITIONS, "b", **slow),
    ]
    table = measured_compare_table(made, sort="latency_s")
    assert [row[1] for row in table.rows] == ["b", "a", "b", "a"]
    assert [row[1] for row in measured_compare_table(made).rows] == ["a", "b", "a", "b"]
    with pytest.raises(UnknownNameError, match="No column is named 'latency'"):
        measured_compare_table(made, sort="latency")


def test_what_is_noisy_is_marked_and_the_reason_stands_below():
    table = measured_compare_table([at(CONDITIONS, "a", reasons=(NOISY,)), at(CONDITIONS, "b", reasons=(NO_METER,))])
    assert [row["mark"] for row in cells(table)] == ["~", ""]
    assert f"~ a at batch 1: {NOISY.text}" in table.notes
    assert f"b at batch 1: {NO_METER.text}" in table.notes


def test_a_reason_of_all_is_told_once():
    made = [at(CONDITIONS, name, reasons=(NO_METER, NO_METER)) for name in "ab"]
    assert [note for note in measured_compare_table(made).notes if "RAPL" in note] == [NO_METER.text]


def test_reasons_of_memory_and_energy_are_told_too():
    memory = msgspec.structs.replace(MEMORY, peak_bytes=None, reasons=(Reason("PEAK_VARIES", "No memory."),))
    energy = msgspec.structs.replace(ENERGY, pass_j=None, reasons=(Reason("RAPL_ABSENT", "No energy."),))
    said = notes(at(CONDITIONS, memory=memory, energy=energy))
    assert "net at batch 1: No memory." in said
    assert "net at batch 1: No energy." in said
    assert "memory is what" not in said
    assert "Energy is that" not in said


@pytest.mark.parametrize("code", sorted(NOISE))
def test_each_code_of_noise_marks_its_row(code):
    (row,) = cells(measured_compare_table([at(CONDITIONS, reasons=(Reason(code, "Why."),))]))
    assert row["mark"] == "~"


def test_energy_says_what_it_includes():
    said = notes(at(GPU, energy=ENERGY), at(GPU, "second", energy=ENERGY))
    says = "Energy is that of the GPU board for one input, with a full queue, idle power included; how far the"
    assert said.count(says) == 1
    assert "meter itself is off: about 5 % as a rule, alike for all rows of one board." in said
    assert "one pass after the other, idle" in notes(at(GPU, energy=msgspec.structs.replace(ENERGY, mode="latency")))


def test_the_error_of_a_gpu_s_sensor_is_not_said_of_the_counters_of_a_processor():
    energy = msgspec.structs.replace(ENERGY, source="rapl", boundary="CPU packages", gain_error=None)
    said = notes(at(CONDITIONS, energy=energy))
    assert "Energy is that of the CPU packages" in said
    assert "how far the meter itself is off: not known." in said
    assert "5 %" not in said.partition("Energy is")[2]


def test_what_differs_under_one_heading_is_said():
    old, new = environment("2.12.0"), environment("2.13.0")
    assert "measured with torch 2.12.0 and 2.13.0." in notes(at(GPU, environment=old), at(GPU, environment=new))
    one, two = environment(board="a"), environment(board="b")
    assert "measured on 2 boards of that name." in notes(at(GPU, environment=one), at(GPU, environment=two))
    alike = notes(at(GPU, environment=one), at(GPU, environment=one), at(BATCH_8, environment=old))
    assert "measured with torch" not in alike
    assert "boards of that name" not in alike


TABLE = """\
Input 1×3×8×8

Architecture  Parameters  MACs   Latency            ±       Min  Inputs/s  Peak memory
──────────────────────────────────────────────────────────────────────────────────────

Some Processor · 1 thread · fp32 · batch 1 · eager · contiguous
a                      0     0  10.00 ms     1.000 ms  5.000 ms     100.0    1.000 MiB
b                      0     0         –            –         –         –            –

Some Processor · 1 thread · fp32 · batch 8 · eager · contiguous
a                      0     0  10.00 ms  ~  1.000 ms  5.000 ms     800.0            –

Latency is the median time of a pass, ± half of its 95 % interval. Inputs/s is with a full queue where that was \
measured, else one pass after the other.
Peak memory is what a pass allocates at most, above parameters and inputs.
Rows under different headings do not compare: their conditions differ.
~ a at batch 8: Host not quiet: medians of rounds differ by 9 %.
"""


def test_batches_follow_each_other_by_size():
    sizes = [1, 16, 2, 4, 8]
    made = [at(msgspec.structs.replace(CONDITIONS, batch_size=size), "a") for size in sizes]
    assert [group[0].conditions.batch_size for group in alike(made)] == [1, 2, 4, 8, 16]
    other = at(msgspec.structs.replace(CONDITIONS, threads=8), "a")
    assert [group[0].conditions.threads for group in alike([other, *made])][:2] == [8, 1], "as they are met"


def test_headings_stand_over_their_rows():
    made = [at(CONDITIONS, "a", memory=MEMORY), at(BATCH_8, "a", reasons=(NOISY,)), at(CONDITIONS, "b", latency=None)]
    assert text(measured_compare_table(made)) == TABLE
