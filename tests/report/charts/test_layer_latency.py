"""Time against MACs by layer: the points, the layers without MACs, those that are too short, and what is named."""

import math

import msgspec
import pytest

from archstat.errors import DataError
from archstat.report.charts._layer_times import layer_times_of
from archstat.report.charts.layer_latency import layer_latency
from archstat.report.material import Subject
from tests.measured import measured, time, times
from tests.report.charts.support import drawn_texts, layout_of, small, subject
from tests.report.charts.support import timed as timed_subject

CONV, LINEAR = 4 * 8 * 8 * 27, 512


def points(chart):
    """The points of the picture: across, up, hover."""
    trace = chart.views[0].figure.data[0]
    return list(zip(trace.x, trace.y, trace.hovertext, strict=True))


def test_a_point_is_the_macs_and_the_time_of_a_layer():
    conv, linear, _ = points(layer_latency(timed_subject()))
    assert conv[:2] == (pytest.approx(CONV), 20e-6)
    assert linear[:2] == (pytest.approx(LINEAR), 5e-6)
    assert "time: <b>20.00 µs, 55.6 %</b>" in conv[2]  # of 20 + 10 + 1 + 5
    assert "MACs in a second: <b>345.6 MMAC/s</b>" in conv[2]


def test_layers_without_macs_stand_in_a_strip_at_the_left_with_their_share():
    chart = layer_latency(timed_subject())
    across, up, hover = points(chart)[-1]
    layout = layout_of(chart.views[0])
    strip = layout["shapes"][0]
    assert strip["x0"] < across < strip["x1"] < LINEAR
    assert up == 10e-6
    assert "MACs: <b>0</b>" in hover
    assert layout["xaxis"]["ticktext"][0] == "0"
    assert "1 layer without MACs, in the strip at the left, takes 27.8 % of the time (1 27.8 %)." in chart.caption


def test_without_such_layers_there_is_no_strip():
    chart = layer_latency(timed_subject(relu=0.0))
    assert "shapes" not in layout_of(chart.views[0])
    assert "0" not in layout_of(chart.views[0])["xaxis"]["ticktext"]


def test_layers_that_are_too_short_are_left_out_and_said():
    chart = layer_latency(timed_subject())
    assert len(points(chart)) == 3
    assert "Left out: 1 layer shorter than 2.000 µs, too short for this measurement, 2.8 % of the time" in chart.caption


def test_the_line_is_the_speed_of_all_layers_with_macs():
    chart = layer_latency(timed_subject())
    line = chart.views[0].figure.data[1]
    speed = (CONV + LINEAR) / 25e-6
    assert [x / y for x, y in zip(line.x, line.y, strict=True)] == [pytest.approx(speed)] * 2
    assert "all together: 297.0 MMAC/s" in drawn_texts(layout_of(chart.views[0]))


def test_what_is_off_the_line_is_named_and_what_is_on_it_is_not():
    named = drawn_texts(layout_of(layer_latency(timed_subject()).views[0]))
    assert "3" in named  # 512 MACs in 5 µs: a third of the speed
    assert "0" not in named  # 1.16 times the speed
    assert "1" in named  # no MACs, 27.8 % of the time


def test_the_local_response_normalizations_of_alexnet_have_their_share_in_the_caption(committed):
    chart = layer_latency(committed("alexnet"))
    assert "norm1 17.8 %, norm2 11.3 %" in chart.caption
    assert {"norm1", "norm2"} <= set(drawn_texts(layout_of(chart.views[0])))
    assert "hooks and the clock of the host; the median of" in chart.caption
    assert "2 threads · fp32 · batch 1" in chart.caption


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "googlenet", "resnet50"])
def test_shown_and_too_short_layers_are_all_that_were_counted_and_measured(committed, name):
    found = layer_times_of(committed(name))
    assert found.share((*found.places, *found.short)) == pytest.approx(1, abs=0.05)
    assert all(math.isfinite(place.time_s) and place.time_s > 0 for place in found.places)


def test_a_network_without_such_a_measurement_is_not_drawn():
    with pytest.raises(DataError, match="No measurement of 'lenet5' is given"):
        layer_latency(subject("lenet5"))
    without = Subject(small(), measured(small().cost), small())
    with pytest.raises(DataError, match="has no layers"):
        layer_latency(without)


def test_a_network_of_which_all_layers_are_too_short_is_not_drawn():
    rows = times(time("0", 1e-6, is_resolved=False), time("3", 1e-6, is_resolved=False), resolution_s=2e-6)
    with pytest.raises(DataError, match=r"takes 2\.000 µs or more"):
        layer_latency(Subject(small(), measured(small().cost, rows), small()))


def test_the_measurement_of_another_input_is_refused():
    other = msgspec.structs.replace(timed_subject().measurement, input_shapes=((1, 3, 8, 8),))
    with pytest.raises(DataError, match="was measured on an input of"):
        layer_latency(Subject(small(), other, small()))
