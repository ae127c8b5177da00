"""What layers cost, as bars: values by hand, what is left out, names that are long or hostile."""

import msgspec
import pytest

from archstat.analysis.network import Saved
from archstat.errors import DataError
from archstat.report.chart import PHONE
from archstat.report.charts.layers import layers
from archstat.report.drawing.theme import CHAR
from archstat.report.material import Subject
from tests.report.charts.support import drawn_texts, layout_of, network, small, subject


def changed(**changes):
    """The small network with other rows than it has."""
    rows = tuple(msgspec.structs.replace(row, **changes) for row in small().cost.layers)
    return Subject(Saved(msgspec.structs.replace(small().cost, layers=rows)))


def test_fc6_holds_three_quarters_of_the_parameters_of_vgg16():
    view = layers(subject("vgg16")).views[0]
    bars = view.figure.data[0]
    assert 512 * 7 * 7 * 4096 + 4096 in bars.x
    assert "102.8 M · 74.3 %" in bars.text
    assert view.alt == "Parameters by layer: fc6 has 74.3 % of 138.4 M, the most."


def test_views_are_parameters_macs_and_memory_and_leave_out_layers_without():
    parameters, macs, memory = layers(Subject(small())).views
    assert [view.label for view in (parameters, macs, memory)] == ["Parameters", "MACs", "Activation memory"]
    assert list(parameters.figure.data[0].x) == [3 * 4 * 9 + 4, 256 * 2 + 2]
    assert list(macs.figure.data[0].x) == [4 * 8 * 8 * 27, 512]
    assert list(memory.figure.data[0].x) == [4 * 256, 4 * 256, 4 * 2]


def test_of_many_layers_the_thirty_largest_are_drawn_in_the_order_of_execution():
    chart = layers(subject("densenet121"))
    bars = chart.views[1].figure.data[0]
    macs = [row.macs for row in network("densenet121").cost.layers if row.macs]
    assert sorted(bars.x) == sorted(macs)[-30:]
    later = iter(macs)
    assert all(value in later for value in bars.x)
    assert f"The other {len(macs) - 30} layers have" in chart.views[1].alt
    assert "Of more than 30 layers the largest are shown." in chart.caption
    assert "Of more than 30" not in layers(subject("alexnet")).caption


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "densenet121"])
def test_the_label_of_the_longest_bar_has_room_on_a_phone(name):
    for view in layers(subject(name)).views:
        bars = view.figure.data[0]
        end = view.narrow["xaxis"]["range"][1]
        room = PHONE - view.narrow["margin"]["l"] - view.narrow["margin"]["r"]
        ends = [value / end * room + len(text) * CHAR for value, text in zip(bars.x, bars.text, strict=True)]
        assert max(ends) <= room


def test_on_a_phone_names_stand_over_their_bars():
    view = layers(Subject(small())).views[0]
    assert drawn_texts(view.narrow)[-2:] == ["0", "3"]
    assert not view.narrow["yaxis"]["visible"]


def test_colours_are_told_in_words():
    assert drawn_texts(layout_of(layers(subject("alexnet")).views[0])) == [
        '<span style="color:var(--blue)">■</span> Convolution',
        '<span style="color:var(--orange)">■</span> Linear',
    ]


def test_hostile_names_come_out_escaped_and_cut():
    name = "<script>alert(1)</script>" + "x" * 10_000
    view = layers(changed(layer=name, kind="<b>Conv2d")).views[0]
    told = [*layout_of(view)["yaxis"]["ticktext"], *view.figure.data[0].hovertext, *drawn_texts(view.narrow)]
    assert not any("<script" in text or "<b>Conv" in text for text in told)
    assert max(map(len, told)) < 400
    assert len(view.alt) < 200


def test_a_network_that_costs_nothing_has_no_bars():
    with pytest.raises(DataError, match="has no layer that costs anything"):
        layers(changed(parameters=0, macs=0, activation_bytes=0))
