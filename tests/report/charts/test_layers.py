"""What layers cost, as bars: values by hand, what is left out, names that are long or hostile."""

import msgspec
import pytest

from archstat.analysis.network import Saved
from archstat.errors import DataError
from archstat.report.charts.layers import layers
from archstat.report.drawing.canvas import PHONE
from archstat.report.drawing.theme import CHAR
from archstat.report.material import Subject
from tests.report.charts.support import drawn_texts, layout_of, network, small, subject
from tests.report.networks import cost, row


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


def test_of_many_layers_a_bar_is_a_block_and_no_layer_is_left_out():
    chart = layers(subject("resnet50"))
    bars = chart.views[1].figure.data[0]
    assert sum(bars.x) == network("resnet50").cost.macs
    assert len(bars.x) == 22, "16 blocks, the shortcut of four, the first convolution and the last layer"
    assert chart.views[1].alt.startswith("MACs by block: ")
    assert "Of more than 30 layers a bar is what those of a block come to." in chart.caption
    assert "Of more than 30" not in layers(subject("alexnet")).caption


def test_the_smallest_blocks_that_are_few_enough_are_drawn():
    bars = layers(subject("densenet121")).views[1].figure.data[0]
    assert sum(bars.x) == network("densenet121").cost.macs
    assert len(bars.x) <= 30


def test_a_network_without_blocks_shows_all_of_its_layers():
    rows = tuple(row(f"conv{number}", 10 + number) for number in range(50))
    view = layers(Subject(Saved(cost("flat", *rows)))).views[0]
    assert len(view.figure.data[0].x) == 50
    assert view.alt.startswith("MACs by layer: conv49 has ")


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "densenet121"])
def test_the_label_of_the_longest_bar_has_room_on_a_phone(name):
    for view in layers(subject(name)).views:
        bars = view.figure.data[0]
        end = view.narrow["xaxis"]["range"][1]
        room = PHONE.width - view.narrow["margin"]["l"] - view.narrow["margin"]["r"]
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
