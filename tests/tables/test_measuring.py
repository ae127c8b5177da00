"""The tables of measuring, from hand-made records."""

import msgspec
import pytest

from archstat.records import GpuTimes, Interval, Noise, Reason, SelfTest
from archstat.tables import latency_table, plan_table, selftest_table
from archstat.tables.formats import csv_text, text
from tests.measured import CONDITIONS, ENERGY, MEMORY, environment, measured


def cells(table):
    return dict(zip([column.key for column in table.columns], table.rows[0], strict=True))


def test_a_latency_comes_with_its_interval_its_samples_and_what_stopped_it():
    found = cells(latency_table([measured(memory=MEMORY)]))
    assert (found["latency_s"], found["half_width_s"], found["min_s"]) == (0.01, pytest.approx(0.001), 0.005)
    assert (found["first_call_s"], found["n"], found["stopped_by"]) == (1.0, 100, "precision")
    assert (found["throughput"], found["peak_bytes"], found["counted_peak_bytes"]) == (100.0, 2**20, 0)
    assert (found["p95_s"], found["mark"]) == (None, "")


def test_what_was_not_measured_is_no_number():
    found = cells(latency_table([measured(latency=None)], has_energy=True))
    missing = [key for key, value in found.items() if value is None]
    assert {"latency_s", "n", "stopped_by", "throughput", "peak_bytes", "energy_j", "power_w"} <= set(missing)


def test_energy_is_that_of_one_input():
    found = cells(latency_table([measured(energy=msgspec.structs.replace(ENERGY, net_j=1.0))], has_energy=True))
    assert (found["energy_j"], found["energy_half_width_j"], found["net_energy_j"]) == (0.5, 0.025, 0.25)
    assert found["power_w"] == 300.0
    assert "energy_j" not in cells(latency_table([measured()]))


def test_times_of_a_gpu_have_columns_where_there_are_any():
    found = cells(latency_table([measured(gpu=GpuTimes(pipelined_s=0.004, busy_s=0.003))]))
    assert (found["pipelined_s"], found["span_s"], found["busy_s"]) == (0.004, None, 0.003)
    assert found["throughput"] == 250.0
    assert "pipelined_s" not in cells(latency_table([measured()]))


def test_unlike_conditions_stand_under_headings_of_their_own():
    other = measured(conditions=msgspec.structs.replace(CONDITIONS, batch_size=8))
    shown = text(latency_table([measured(), other, measured()]))
    assert shown.count("Some Processor · 1 thread · fp32 · batch 1 · eager") == 1
    assert "Rows under different headings do not compare" in shown


def test_a_noisy_time_is_marked_and_why_is_told():
    noisy = measured(reasons=(Reason("HOST_NOISY", "It was loud."), Reason("AMORTISED", "It was short.")))
    shown = text(latency_table([noisy]))
    assert "10.00 ms  ~" in shown
    assert "~ net at batch 1: It was loud." in shown
    assert "\nnet at batch 1: It was short." in shown


def test_a_plan_adds_up():
    table = plan_table([("net", CONDITIONS, "latency", 40.0), ("net", CONDITIONS, "layers", 20.0)])
    assert [row[2:] for row in table.rows] == [("latency", 40.0), ("layers", 20.0)]
    assert table.notes == ("At most 60.00 s in all, if no pass takes more than a second. Nothing was measured.",)
    assert plan_table([("net", CONDITIONS, "energy", 600.0)]).notes[0].startswith("At most 10 minutes in all, if")


def selftest(low=0.99, high=1.02, *reasons):
    quiet = msgspec.structs.replace(environment(), noise=Noise(0.1, 0.01, None, 0, 1, 1.0))
    interval = Interval(low, high, "batch medians")
    return SelfTest("net", CONDITIONS, 50, 0.01, 0.0101, 1.001, interval, 1.0, 0.03, quiet, reasons)


def test_a_self_test_says_what_it_can_see():
    table = selftest_table(selftest())
    found = cells(table)
    assert (found["ratio"], found["low"], found["high"], found["smallest_difference"]) == (
        1.001,
        0.99,
        1.02,
        pytest.approx(0.02),
    )
    assert table.notes == (
        "The copies do not differ by more than chance.",
        "Believe no difference below 2.0% in so many pairs.",
        "The machine is quiet.",
    )
    assert "0.0101" in csv_text(table)


@pytest.mark.parametrize(
    ("ratio", "is_fair"), [(1.0, True), (1.0099, True), (0.9901, True), (1.0101, False), (0.98, False)]
)
def test_a_difference_is_more_than_chance_if_twice_the_interval_does_not_hold_1(ratio, is_fair):
    interval = Interval(ratio - 0.005, ratio + 0.005, "batch medians")
    found = msgspec.structs.replace(selftest(), ratio=ratio, interval=interval)
    assert found.is_fair is is_fair
    assert found.smallest_difference == pytest.approx(abs(ratio - 1) + 0.005)


def test_a_self_test_that_fails_says_so():
    made = msgspec.structs.replace(selftest(1.01, 1.02, Reason("HOST_NOISY", "It was loud.")), ratio=1.015)
    notes = selftest_table(made).notes
    assert notes[0].startswith("The copies differ by more than chance")
    assert notes[-1] == "It was loud."
    assert "The machine is quiet." not in notes
