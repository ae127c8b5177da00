"""Two sets of measurements side by side: what compares, what changed, and what can be told from the noise."""

import msgspec
import pytest

from archstat.errors import DataError
from archstat.records import Interval
from archstat.tables.measured_difference import measured_diff_table, measured_diff_tables, measured_pairs
from tests.measured import CONDITIONS, MEMORY, latency, measured, time, times

BATCH_8 = msgspec.structs.replace(CONDITIONS, batch_size=8)


def ran(median, low, high, **changes):
    """A network whose median time lies in an interval."""
    made = latency(median)
    made = msgspec.structs.replace(made, interval=Interval(low, high, "batch medians"))
    return measured(latency=made, **changes)


def cells(table):
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def test_times_whose_intervals_lie_apart_are_told_apart():
    (row,) = cells(measured_diff_table([(ran(0.010, 0.009, 0.011), ran(0.012, 0.0115, 0.013))]))
    assert (row["latency_s_a"], row["latency_s_b"], row["verdict"]) == (0.010, 0.012, "told apart")
    assert row["latency_change"] == pytest.approx(0.2)


def test_times_whose_intervals_overlap_are_not():
    (row,) = cells(measured_diff_table([(ran(0.010, 0.009, 0.012), ran(0.012, 0.0115, 0.013))]))
    assert row["verdict"] == "not told apart"


def test_without_an_interval_nobody_knows():
    before = ran(0.010, 0.009, 0.011)
    after = msgspec.structs.replace(before, latency=msgspec.structs.replace(before.latency, interval=None))
    (row,) = cells(measured_diff_table([(before, after)]))
    assert row["verdict"] == "not known"


def test_what_was_not_run_has_no_change():
    (row,) = cells(measured_diff_table([(ran(0.010, 0.009, 0.011), measured(latency=None, memory=MEMORY))]))
    assert (row["latency_s_b"], row["latency_change"], row["peak_bytes_b"]) == (None, None, 2**20)


def test_each_is_paired_with_the_one_of_its_conditions():
    one, eight = ran(0.010, 0.009, 0.011), ran(0.05, 0.04, 0.06, conditions=BATCH_8)
    assert measured_pairs([one, eight], [eight, one]) == [(one, one), (eight, eight)]


def test_of_several_networks_each_is_paired_with_its_own():
    a, b = ran(0.010, 0.009, 0.011, architecture="a"), ran(0.010, 0.009, 0.011, architecture="b")
    assert measured_pairs([a, b], [b]) == [(b, b)]
    assert measured_pairs([a], [b]) == [(a, b)]


@pytest.mark.parametrize("changes", [{"conditions": BATCH_8}, {"input_shapes": ((1, 3, 9, 9),)}])
def test_other_conditions_and_other_inputs_do_not_compare(changes):
    with pytest.raises(DataError, match=r"Nothing here compares: net on 1×3×8×8 .* Measure both under the same"):
        measured_pairs([ran(0.010, 0.009, 0.011)], [ran(0.010, 0.009, 0.011, **changes)])


def layered(*rows):
    intervals = [
        msgspec.structs.replace(row, interval=Interval(row.time_s * 0.9, row.time_s * 1.1, "trials")) for row in rows
    ]
    return ran(0.010, 0.009, 0.011, layers=times(*intervals))


def test_layers_that_changed_most_come_first_and_those_of_one_alone_are_counted():
    before = layered(time("conv1", 0.001), time("conv2", 0.002), time("gone", 0.001))
    after = layered(time("conv1", 0.0011), time("conv2", 0.004))
    _, layers = measured_diff_tables([before], [after], only_changes=False)
    assert [(row["layer"], row["verdict"]) for row in cells(layers)] == [
        ("conv2", "told apart"),
        ("conv1", "not told apart"),
    ]
    assert layers.notes[-1].endswith("in one of the two alone, left out: 1.")
    _, layers = measured_diff_tables([before], [after], only_changes=True)
    assert [row["layer"] for row in cells(layers)] == ["conv2"]
