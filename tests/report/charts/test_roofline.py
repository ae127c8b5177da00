"""The roofline: points and roof by hand, what is over it, what is left out."""

import math

import msgspec
import pytest

from archstat.errors import DataError
from archstat.report.charts.roofline import roof, roofline
from tests.measured import PEAKS
from tests.report.charts.support import drawn_texts, layout_of, small, timed

SLOW = msgspec.structs.replace(PEAKS, flops_per_s=1e9, bytes_per_s=1e9, call_s=1e-9)
CONV_FLOPS, CONV_BYTES = 2 * 4 * 8 * 8 * 27 + 4 * 8 * 8, 4 * (3 * 10 * 10 + 4 * 27 + 4 + 4 * 8 * 8)
RELU_FLOPS, RELU_BYTES = 4 * 8 * 8, 2 * 4 * 4 * 8 * 8


def points(chart):
    """The points of the picture."""
    return chart.views[0].figure.data[1]


def test_a_point_is_the_flops_for_each_byte_and_in_each_second():
    found = points(roofline(timed(peaks=SLOW)))
    assert found.x[0] == CONV_FLOPS / CONV_BYTES
    assert found.y[0] == CONV_FLOPS / 20e-6
    assert found.x[2] == RELU_FLOPS / RELU_BYTES
    assert found.y[2] == RELU_FLOPS / 10e-6


def test_the_area_of_a_point_is_its_time():
    small_, large, _ = points(roofline(timed(conv=5e-6, linear=20e-6, peaks=SLOW))).marker.size
    assert large / small_ == pytest.approx(math.sqrt(20 / 5), rel=0.01)


def test_the_roof_rises_to_its_ridge_and_is_level_from_there():
    line = roofline(timed()).views[0].figure.data[0]
    ridge = 1e12 / 1e11
    assert line.x[1] == ridge
    assert line.y == (pytest.approx(line.x[0] * 1e11), 1e12, 1e12)
    assert (roof(1, PEAKS), roof(ridge, PEAKS), roof(1e6, PEAKS)) == (1e11, 1e12, 1e12)


def test_roof_and_ridge_are_named_in_the_picture():
    layout = layout_of(roofline(timed()).views[0])
    assert {"memory: 100.0 GB/s", "1.000 TFLOP/s", "ridge: 10.00 FLOP/byte"} <= set(drawn_texts(layout))


def test_the_hover_has_all_numbers_and_the_bound():
    hover = points(roofline(timed(peaks=SLOW))).hovertext[0]
    told = ("20.00 µs, 55.6 %", "704.0 MFLOP/s", "133.6 MB/s", "14,080", "2.609 KiB", "compute, 70.4 % of the roof")
    assert all(f"<b>{text}</b>" in hover for text in told), hover


def test_layers_over_the_roof_are_counted_and_explained():
    chart = roofline(timed(conv=10e-6, peaks=SLOW))  # 14,080 FLOPs take 14.08 µs at best
    assert "1 of 3 layers is over the roof: an algorithm such as Winograd's" in chart.caption
    assert "over the roof" not in roofline(timed()).caption


def test_layers_that_are_too_short_are_said():
    assert "Left out: 1 layer shorter than 2.000 µs" in roofline(timed()).caption


def test_on_committed_measurements_labels_keep_to_the_longest_layers(committed):
    chart = roofline(committed("alexnet"))
    named = set(drawn_texts(layout_of(chart.views[0])))
    assert {"fc6", "norm1", "norm2"} <= named
    assert "389.2 GFLOP/s" in named


def test_without_a_roof_or_with_that_of_another_device_nothing_is_drawn():
    with pytest.raises(DataError, match="has no roof"):
        roofline(timed(peaks=None))
    with pytest.raises(DataError, match="peaks are of another device"):
        roofline(timed(peaks=msgspec.structs.replace(PEAKS, device_name="Another")))


def test_hostile_names_come_out_escaped_and_cut():
    name = "<script>" + "x" * 10_000
    rows = tuple(msgspec.structs.replace(row, kind=name) for row in small().cost.layers)
    network = msgspec.structs.replace(timed(), as_measured=_Renamed(rows))
    told = [*points(roofline(network)).hovertext, *drawn_texts(layout_of(roofline(network).views[0]))]
    assert not any("<script" in text for text in told)
    assert max(map(len, told)) < 600


class _Renamed:
    """The small network with other rows."""

    def __init__(self, rows):
        self.cost = msgspec.structs.replace(small().cost, layers=rows)

    def traffic(self):
        return small().traffic()
