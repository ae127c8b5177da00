"""Activation memory over a forward pass: the levels, the stages, the peak and what is alive there."""

import pytest

from archstat.analysis.network import Saved
from archstat.errors import DataError
from archstat.records import AliveTensor, MemoryLevel, MemoryLevels, Peak
from archstat.report.charts.memory import memory, stages
from archstat.report.drawing.canvas import PHONE, WIDE
from archstat.report.drawing.theme import CHAR
from archstat.report.material import Subject
from archstat.tables.network import WHOLE_NETWORK
from tests.report.charts.support import drawn_texts, layout_of, network, small, subject

MIB = 2**20


class Levelled(Saved, frozen=True):
    """A network with memory levels of our own."""

    own: MemoryLevels = None

    def levels(self):
        return self.own


def with_levels(*levels, alive=()):
    """A network whose ops have that much memory alive: a path and bytes for each."""
    most = max(nbytes for _, nbytes in levels)
    at = [nbytes for _, nbytes in levels].index(most)
    own = MemoryLevels(
        tuple(MemoryLevel(layer, "conv2d", nbytes) for layer, nbytes in levels),
        Peak(most, at if most else -1, levels[at][0]),
        alive,
    )
    return Subject(Levelled(small().cost, own))


def test_the_line_is_the_memory_alive_during_each_op_in_a_unit_of_the_peak():
    view = memory(with_levels(("a", MIB), ("b", 3 * MIB), ("b", 2 * MIB))).views[0]
    line, peak = view.figure.data
    assert (line.x, line.y) == ((0.5, 1, 2, 3, 3.5), (1, 1, 3, 2, 2))
    assert (peak.x, peak.y) == ((2,), (3,))
    assert layout_of(view)["yaxis"]["title"]["text"] == "Activations alive (MiB)"


def test_a_small_network_is_drawn_in_kib():
    view = memory(subject("lenet5")).views[0]
    assert layout_of(view)["yaxis"]["title"]["text"] == "Activations alive (KiB)"
    assert max(view.figure.data[0].y) == 4 * 3 * 6 * 28 * 28 / 1024


def test_vgg16_peaks_where_two_maps_of_64_by_224_by_224_are_alive():
    chart = memory(subject("vgg16"))
    assert subject("vgg16").network.levels().peak.nbytes == 2 * 4 * 64 * 224 * 224
    assert "<b>24.50 MiB in conv1_2</b>" in drawn_texts(layout_of(chart.views[0]))
    assert chart.caption.endswith("conv1_1 conv2d 1×64×224×224 (12.25 MiB), conv1_2 conv2d 1×64×224×224 (12.25 MiB).")
    assert "it peaks at 24.50 MiB at op 3, in conv1_2." in chart.views[0].alt


def test_of_many_tensors_at_the_peak_the_largest_four_are_named():
    alive = tuple(AliveTensor(f"layer{number}", "add", (number,), number) for number in (6, 1, 5, 2, 4, 3))
    caption = memory(with_levels(("a", 21), alive=alive)).caption
    assert caption.endswith(
        "layer6 add 6 (6 B), layer5 add 5 (5 B), layer4 add 4 (4 B), layer3 add 3 (3 B) and 2 smaller."
    )


def test_stages_are_ops_after_each_other_under_one_first_name():
    levels = with_levels(("a.x", 1), ("a.y", 2), ("b", 3), ("", 2), ("a", 1)).network.levels()
    assert [(part.name, part.first, part.last) for part in stages(levels)] == [
        ("a", 1, 2),
        ("b", 3, 3),
        (WHOLE_NETWORK, 4, 4),
        ("a", 5, 5),
    ]


def test_stages_without_room_for_their_name_have_none():
    levels = [(f"stage{number % 7}", 5) for number in range(400)] + [("wide", 5)] * 400
    names = drawn_texts(layout_of(memory(with_levels(*levels)).views[0]))
    assert names[:-1] == ["wide"]


@pytest.mark.parametrize("name", ["alexnet", "resnet50", "densenet121", "googlenet"])
def test_the_name_of_the_peak_stays_inside_on_a_phone_and_where_it_is_wide(name):
    view = memory(subject(name)).views[0]
    for canvas in (WIDE, PHONE):
        layout, width = view.draw(canvas).to_plotly_json()["layout"], canvas.width
        room = width - layout["margin"]["l"] - layout["margin"]["r"]
        label = layout["annotations"][-1]
        first, last = layout["xaxis"]["range"]
        middle = (label["x"] - first) / (last - first) * room + label["xshift"]
        half = (len(label["text"]) - len("<b></b>")) * CHAR / 2
        assert half <= middle <= room - half


def test_hostile_names_come_out_escaped_and_cut():
    name = "<script>" + "x" * 10_000
    chart = memory(with_levels((name, 5), (name, 4), alive=(AliveTensor(name, "add", (), 5),)))
    told = [*drawn_texts(layout_of(chart.views[0])), *chart.views[0].figure.data[0].hovertext]
    assert not any("<script" in text for text in told)
    assert max(map(len, (*told, chart.caption, chart.views[0].alt))) < 500


def test_a_network_that_allocates_nothing_and_a_saved_one_are_not_drawn():
    with pytest.raises(DataError, match="allocates no activation memory"):
        memory(with_levels(("a", 0)))
    with pytest.raises(DataError, match="holds no ops"):
        memory(Subject(Saved(network("lenet5").cost)))
