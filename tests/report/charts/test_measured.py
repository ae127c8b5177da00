"""Latency against MACs of several networks: points, intervals, groups of like conditions, correlation."""

import msgspec
import pytest

from archstat.errors import DataError
from archstat.records import CountedTotals, Interval, Reason
from archstat.report.charts.measured import latency as draw
from archstat.report.material import Material
from tests.measured import CONDITIONS, latency, measured
from tests.report.charts.support import drawn_texts, layout_of


def one(name, macs, time_s, half_s=1e-4, **changes):
    """A network of so many MACs that takes so long."""
    counted = CountedTotals(1, macs, 2 * macs, 1, 4, 4)
    return measured(architecture=name, counted=counted, latency=latency(time_s, half_s), **changes)


def of(*measurements):
    """The chart of them."""
    return draw(Material((), measurements))


THREE = (one("a", 10, 1e-3), one("b", 100, 1e-1), one("c", 1000, 1e-2))


def test_a_point_is_the_macs_and_the_median_with_its_interval():
    points = of(*THREE).views[0].figure.data[0]
    assert (points.x, points.y) == ((10, 100, 1000), (1e-3, 1e-1, 1e-2))
    assert points.error_y.array == pytest.approx((1e-4,) * 3)
    assert points.error_y.arrayminus == pytest.approx((1e-4,) * 3)
    assert "95 % interval 900.0 µs to 1.100 ms" in points.hovertext[0]


def test_an_interval_below_zero_is_drawn_and_told_in_full_and_does_not_stretch_the_axis():
    wild = one("wild", 10, 1e-3)
    wild = msgspec.structs.replace(
        wild, latency=msgspec.structs.replace(wild.latency, interval=Interval(-5e-3, 9e-3, "round medians"))
    )
    figure = of(wild, *THREE[1:]).views[0].figure
    points = figure.data[0]
    assert points.error_y.arrayminus[0] == pytest.approx(6e-3)
    assert points.error_y.array[0] == pytest.approx(8e-3)
    assert 10 ** figure.layout.yaxis.range[0] > 1e-3 / 6
    assert "95 % interval -5.000 ms to 9.000 ms" in points.hovertext[0]


def test_the_correlation_stands_in_the_picture_and_under_it():
    chart = of(*THREE)
    text = "Pearson r of the logarithms 0.50, Spearman rank correlation 0.50, n = 3."
    assert text in chart.caption
    assert drawn_texts(layout_of(chart.views[0]))[-1] == text
    assert text in chart.views[0].alt


def test_of_two_networks_none_is_told():
    assert "No correlation is told: n = 2, fewer than 3." in of(*THREE[:2]).caption


def test_only_the_largest_group_of_like_conditions_is_drawn_and_the_others_are_named():
    other = msgspec.structs.replace(CONDITIONS, batch_size=8, threads=4)
    chart = of(one("d", 10, 1.0, conditions=other), *THREE)
    assert chart.views[0].figure.data[0].x == (10, 100, 1000)
    assert "Left out, as measured under other conditions: d (4 threads · batch 8)." in chart.caption
    assert "Left out" not in of(*THREE).caption


def test_a_disturbed_time_is_marked():
    noisy = one("noisy", 10, 1e-3, reasons=(Reason("HOST_NOISY", "Noisy."),))
    chart = of(noisy, *THREE[1:])
    assert "~noisy" in drawn_texts(layout_of(chart.views[0]))
    assert "~ marks a time that was disturbed" in chart.caption
    assert "~ marks" not in of(*THREE).caption


def test_hostile_names_come_out_escaped_and_cut():
    chart = of(one("<script>" + "x" * 10_000, 10, 1e-3), *THREE[1:])
    told = [*drawn_texts(layout_of(chart.views[0])), *chart.views[0].figure.data[0].hovertext]
    assert not any("<script" in text for text in told)
    assert max(map(len, (*told, chart.views[0].alt))) < 500


@pytest.mark.parametrize("measurements", [(), (measured(latency=None),), (one("a", 0, 1e-3),)])
def test_without_a_latency_and_macs_nothing_is_drawn(measurements):
    with pytest.raises(DataError, match="No measurement with a latency is given"):
        of(*measurements)


def test_the_committed_measurements_are_of_like_conditions(results):
    chart = of(*results)
    assert "n = 4." in chart.caption
    assert {"AlexNet", "VGG-16", "GoogLeNet"} <= set(drawn_texts(layout_of(chart.views[0])))
