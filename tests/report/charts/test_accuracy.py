"""Accuracy against cost: what is where, which source it has, and what is left out."""

import functools
import itertools
import json

import msgspec
import pytest

from archstat.errors import DataError, UnknownNameError
from archstat.finding.ratings import of_file, stated, together
from archstat.published.names import display_name
from archstat.report.charts.accuracy import accuracy, top1
from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import frame_of
from archstat.report.images import drawing_of
from archstat.report.page import content
from archstat.report.pictures.sizes import PICTURE_SIZES
from archstat.report.pictures.words import words_of
from tests.measured import CONDITIONS, ENERGY, latency, measured
from tests.report.networks import known, material

OWN = "alexnet googlenet vgg16 inception_v3 inception_v4".split()
RESIDUAL = "resnet18 resnet50_v1_5 resnet101_v1_5 resnet152_v1_5".split()


def lecture(**more):
    return material(*map(known, [*OWN, *RESIDUAL]), evaluation="canziani2016", **more)


@functools.cache
def drawn():
    """The lecture's picture."""
    return accuracy(lecture())


def view_of(chart, label):
    return next(view for view in chart.views if view.label == label)


def bubbles(view):
    """Cost, accuracy and diameter of each bubble, by name."""
    points = view.figure.data[1]
    names = [text.split("</b>")[0].removeprefix("<b>") for text in points.hovertext]
    return dict(zip(names, zip(points.x, points.y, points.marker.size, strict=True), strict=True))


def ranked(view, place):
    places = bubbles(view)
    return sorted(places, key=lambda name: places[name][place])


# -- the picture of the lecture ----------------------------------------------------------------------------------------


def test_the_lecture_s_picture_comes_out_of_our_counts():
    view = view_of(drawn(), "MACs")
    places = bubbles(view)
    assert ranked(view, 0)[-1] == "vgg16"  # VGG has most operations
    assert ranked(view, 2)[-1] == "vgg16"  # and most parameters
    assert ranked(view, 0)[0] == "alexnet"  # AlexNet has fewest operations
    assert ranked(view, 1)[0] == "alexnet"  # and the lowest accuracy
    assert ranked(view, 2).index("alexnet") == 7  # but more parameters than all others but VGG
    assert ranked(view, 2)[0] == "googlenet"  # GoogLeNet has fewest parameters
    assert ranked(view, 1)[-1] == "inception_v4"  # and Inception-v4 is on top
    assert places["resnet152_v1_5"][1] > places["vgg16"][1]
    assert places["resnet152_v1_5"][0] < places["vgg16"][0]


def test_googlenet_is_on_the_front_by_operations_and_by_parameters():
    chart = drawn()
    assert "more accurate than AlexNet, GoogLeNet, ResNet-18" in view_of(chart, "MACs").alt
    assert "more accurate than GoogLeNet, ResNet-18" in view_of(chart, "Parameters").alt
    assert "VGG" not in view_of(chart, "MACs").alt.split("No other")[1]


def test_the_caption_says_whose_accuracies_they_are_and_that_its_operations_are_two_for_a_mac():
    caption = drawn().caption
    assert "Canziani, Paszke, Culurciello, 2016, Fig. 1" in caption
    assert caption.endswith("two for each MAC.")
    assert "1×3×224×224 (1×3×299×299: Inception-v3, Inception-v4; 1×3×227×227: AlexNet)" in caption


# -- what is drawn -----------------------------------------------------------------------------------------------------


def test_areas_are_in_proportion_to_parameters():
    places = bubbles(view_of(drawn(), "MACs"))
    vgg, alexnet = (places[name][2] for name in ("vgg16", "alexnet"))
    assert (alexnet / vgg) ** 2 == pytest.approx(60_965_224 / 138_357_544, rel=2e-3)


def test_the_front_climbs_from_the_cheapest_to_the_most_accurate():
    front = view_of(drawn(), "Parameters").figure.data[0]
    assert (front.x[0], front.y[0]) == (known("googlenet").parameters, 68)
    assert front.y[-1] == 80
    assert list(front.x) == sorted(front.x)
    assert list(front.y) == sorted(front.y)


def test_the_front_has_its_name_where_its_steps_can_be_seen():
    def names(chart):
        return [each.text for each in chart.views[0].figure.layout.annotations]

    assert "Pareto front" in names(drawn())
    assert "Pareto front" not in names(accuracy(material(known("resnet101"), known("se_resnet101"))))


def test_every_network_of_the_lecture_has_its_name_beside_it_also_on_a_phone():
    for view in drawn().views:
        for layout in (json.loads(view.figure.to_json())["layout"], view.narrow):
            texts = {each["text"] for each in layout["annotations"]}
            assert {display_name(name) for name in (*OWN, *RESIDUAL)} <= texts, view.label


def test_a_hover_has_every_number_and_the_source():
    text = view_of(drawn(), "MACs").figure.data[1].hovertext
    googlenet = next(each for each in text if each.startswith("<b>googlenet"))
    assert "Top-1 accuracy: <b>68.0 %</b>" in googlenet
    assert "MACs: <b>1.5" in googlenet
    assert "Canziani" in googlenet
    assert "Caffe" in googlenet  # which copy was evaluated


def test_a_batch_costs_what_its_inputs_cost_each():
    one, eight = (material(known("vgg16", batch), known("resnet18", batch)) for batch in (1, 8))
    assert [bubbles(view) for view in accuracy(one).views] == [bubbles(view) for view in accuracy(eight).views]


def test_like_costs_start_at_zero_and_unlike_ones_are_logarithmic():
    like = accuracy(material(known("vgg16"), known("vgg19")))
    assert like.views[0].figure.layout.xaxis.range[0] == 0
    assert drawn().views[0].figure.layout.xaxis.type == "log"


# -- measurements ------------------------------------------------------------------------------------------------------


def timed(name, median_s, *, batch=1, threads=1, **more):
    made = measured(known(name), latency=latency(median_s), architecture=name, **more)
    counted = msgspec.structs.replace(made.counted, macs=made.counted.macs * batch)
    conditions = msgspec.structs.replace(CONDITIONS, batch_size=batch, threads=threads)
    return msgspec.structs.replace(made, conditions=conditions, counted=counted)


def test_latencies_are_those_of_the_largest_group_of_like_conditions():
    runs = (
        timed("vgg16", 9.0, threads=8),
        timed("vgg16", 0.3),
        timed("googlenet", 0.1),
        timed("alexnet", 0.05),
        timed("vgg19", 9.0, threads=8),
    )
    chart = accuracy(lecture(measurements=runs))
    places = bubbles(view_of(chart, "Latency"))
    assert {name: place[0] for name, place in places.items()} == {"vgg16": 0.3, "googlenet": 0.1, "alexnet": 0.05}
    assert "Some Processor · 1 thread · fp32 · batch 1" in chart.caption
    assert "8 threads" not in chart.caption


def test_a_measurement_on_another_input_is_left_out():
    other = msgspec.structs.replace(timed("vgg16", 0.3).counted, macs=5)
    runs = (msgspec.structs.replace(timed("vgg16", 0.3), counted=other), timed("googlenet", 0.1))
    assert "Latency" not in [view.label for view in accuracy(lecture(measurements=runs)).views]


def test_a_view_of_what_was_measured_needs_two_networks():
    runs = (timed("vgg16", 0.3),)
    chart = accuracy(lecture(measurements=runs))
    assert [view.label for view in chart.views] == ["MACs", "Parameters", "Activation memory"]
    assert "Latency" not in chart.caption


def test_energy_is_that_of_one_input_and_the_caption_says_of_what():
    energy = msgspec.structs.replace(ENERGY, batch_size=4, pass_j=2.0)
    runs = tuple(timed(name, 0.1, batch=4, energy=energy) for name in ("vgg16", "googlenet"))
    chart = accuracy(lecture(measurements=runs))
    assert {place[0] for place in bubbles(view_of(chart, "Energy")).values()} == {0.5}
    assert "Energy is that of the GPU board, with a full queue" in chart.caption
    assert "Energy: <b>500.0 mJ</b>" in str(view_of(chart, "MACs").figure.data[1].hovertext)


# -- what cannot be drawn ----------------------------------------------------------------------------------------------


def test_networks_that_the_source_has_not_are_named():
    chart = accuracy(material(*map(known, ["vgg16", "googlenet", "lenet5"]), evaluation="canziani2016"))
    assert "It has none of: LeNet-5." in chart.caption


def test_a_network_whose_twin_was_evaluated_is_drawn_dashed_and_on_no_front():
    names = ["alexnet", "vgg16", "googlenet", "resnet50"]
    chart = accuracy(material(*map(known, names), evaluation="canziani2016"))
    figure = chart.views[0].figure
    (outline,) = [each for each in figure.layout.shapes if each.type == "path"]
    assert (outline.line.dash, outline.yanchor) == ("4px,3px", bubbles(chart.views[0])["resnet50"][1])
    assert "dashed: ResNet-50 (that of ResNet-50 v1.5)." in chart.caption
    assert "dashed ones aside" in chart.caption
    assert "more accurate than AlexNet, GoogLeNet, VGG-16." in chart.views[0].alt
    assert "nobody evaluated resnet50 alike" in " ".join(figure.data[1].hovertext)


def test_a_twin_that_is_drawn_itself_is_not_drawn_twice():
    chart = accuracy(material(*map(known, ["vgg16", "resnet50", "resnet50_v1_5"]), evaluation="canziani2016"))
    assert "resnet50" not in bubbles(chart.views[0])
    assert "It has none of: ResNet-50 (but of ResNet-50 v1.5)." in chart.caption


def test_what_a_user_knows_counts_before_the_source_and_says_whose_it_is():
    mine = stated("lenet5=80.5/95,my thesis", ["lenet5", "vgg16"])
    again = stated("vgg16=73.25", ["lenet5", "vgg16"])
    both = material(*map(known, ["vgg16", "vgg19", "googlenet", "lenet5"]), accuracies=together([mine, again]))
    chart = accuracy(both)
    heights = {name: height for name, (_, height, *_) in bubbles(chart.views[0]).items()}
    assert (heights["lenet5"], heights["vgg16"]) == (80.5, 73.25)
    assert "Accuracy of LeNet-5: my thesis. Accuracies from several" in chart.caption
    assert "Accuracy of VGG-16: as stated by hand." in chart.caption


def test_what_is_stated_and_what_a_file_says_are_told_apart(tmp_path):
    (tmp_path / "mine.csv").write_text("network,top1,source\nlenet5,50,\nalexnet,60,our run\n")
    own = together([stated("vgg16=73", ["vgg16"]), of_file(tmp_path / "mine.csv")])
    chart = accuracy(material(*map(known, ["vgg16", "lenet5", "alexnet"]), accuracies=own))
    told = "Accuracy of VGG-16: as stated by hand. Accuracy of LeNet-5: mine.csv. Accuracy of AlexNet: our run."
    assert told in chart.caption


def test_a_user_can_know_all_accuracies():
    own = together([stated(f"{name}={50 + number}", [name]) for number, name in enumerate(["lenet5", "lenet5_modern"])])
    chart = accuracy(material(*map(known, ["lenet5", "lenet5_modern"]), accuracies=own))
    assert "Accuracy of LeNet-5, LeNet-5 (dense C3): as stated by hand." in chart.caption
    assert "several sources" not in chart.caption


def test_a_bubble_that_would_not_be_seen_is_drawn_larger_and_the_caption_says_so():
    chart = accuracy(material(*map(known, ["vgg16", "vgg19", "lenet5"]), accuracies=stated("lenet5=50", ["lenet5"])))
    assert min(size for *_, size in bubbles(chart.views[0]).values()) == 5.0
    assert "the smallest ones drawn larger to be seen" in chart.caption


def test_a_network_on_another_input_is_not_as_accurate_as_on_its_own():
    larger = known("vgg16", macs=99, shape=(1, 3, 448, 448))
    chart = accuracy(material(larger, known("googlenet"), known("alexnet"), evaluation="canziani2016"))
    assert "vgg16" not in bubbles(chart.views[0])
    assert "VGG-16 (counted on an input of another size)" in chart.caption


def test_one_network_is_no_comparison():
    with pytest.raises(DataError, match=r"accuracies of 1 of these networks and none of lenet5; 2 are needed"):
        accuracy(material(known("vgg16"), known("lenet5")))


def test_networks_that_no_source_has_cannot_be_drawn():
    with pytest.raises(DataError, match=r"No source that archstat knows has accuracies of lenet5\."):
        accuracy(material(known("lenet5")))


def test_a_source_that_is_not_known_is_named():
    with pytest.raises(UnknownNameError, match=r"canziani2017.*canziani2016"):
        accuracy(material(known("vgg16"), known("vgg19"), evaluation="canziani2017"))


def test_hostile_names_do_no_harm():
    hostile = "<script>alert('x')</script>" + "y" * 10_000
    chart = accuracy(material(known("vgg16"), known("vgg19"), known("lenet5", architecture=hostile)))
    assert "<script" not in json.dumps(content(chart))
    assert len(chart.caption) < 1_000


# -- bars --------------------------------------------------------------------------------------------------------------


def test_bars_start_at_zero_and_the_best_is_on_top():
    chart = top1(lecture())
    bars = chart.views[0].figure.data[0]
    assert list(bars.x) == sorted(bars.x, reverse=True)
    assert bars.x[0] == 80
    assert bars.x[-1] == 54.5
    layout = chart.views[0].figure.layout
    assert "54.5 %" in [each.text for each in layout.annotations]
    assert layout.xaxis.range[0] == 0
    assert layout.yaxis.ticktext[0] == "Inception-v4"


def test_bars_say_what_their_colours_mean():
    texts = [each.text for each in top1(lecture()).views[0].figure.layout.annotations]
    assert [text.split("</span> ")[1] for text in texts if "</span>" in text] == [
        "VGG",
        "Inception",
        "ResNet",
        "AlexNet",
    ]


def test_bars_take_the_source_that_has_most_of_them():
    chart = top1(material(*map(known, ["resnet18", "se_resnet50", "senet154"])))
    assert "Cadene, 2018" in chart.caption
    assert "81.304 %" in chart.views[0].alt


# -- as pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", PICTURE_SIZES)
def test_in_a_picture_every_network_of_the_lecture_has_its_name_and_no_lines_to_names_cross(size):
    for view in drawn().views:
        picture = drawing_of(view, words_of(drawn(), view), PICTURE_SIZES[size])
        layout = picture.figure["layout"]
        names = [each for each in layout["annotations"] if "ax" in each and each["text"] != "Pareto front"]
        assert {display_name(name) for name in (*OWN, *RESIDUAL)} == {each["text"] for each in names}
        frame = frame_of(layout, Canvas(picture.width))
        lines = [leader(each, frame) for each in names if each["arrowcolor"] != "rgba(0,0,0,0)"]
        assert not any(crosses(*pair) for pair in itertools.combinations(lines, 2))


def leader(label, frame):
    x, y = frame.pixels(label["x"], label["y"])
    return (x, y), (x + label["ax"], y + label["ay"])


def crosses(first, second):
    def turn(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = first, second
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
