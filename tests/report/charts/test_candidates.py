"""Charts of very many networks."""

import msgspec
import numpy as np
import pytest

from archstat.errors import DataError
from archstat.finding.candidates import Candidate, Choice
from archstat.finding.choosing import pareto_front
from archstat.report.charts.candidates import best, cloud
from archstat.report.drawing import labels
from archstat.report.drawing.plot_area import Frame, Spot
from archstat.report.material import Material
from archstat.report.page import content


def crowd(count, *, library="timm:", seed=1):
    """As many made-up networks; the dearer ones are more accurate, more or less."""
    dice = np.random.default_rng(seed)
    made = []
    for number in range(count):
        macs = int(10 ** dice.uniform(7.5, 11))
        top1 = min(90.0, 40 + 5 * (np.log10(macs) - 5) + dice.normal(0, 6))
        stem = str(dice.choice(["resnet", "vit_b", "swin", "levit"]))
        amounts = (macs // 200, macs, 2 * macs, macs // 99, macs // 25, 4096)
        made.append(Candidate(f"{library}{stem}{number}", "", "g.db", "1x3x224x224", 1, *amounts, False, top1))
    return tuple(made)


def test_every_network_is_a_dot_and_the_front_alone_is_named():
    found = crowd(1000)
    view = best(Material((), choice=Choice(found, "Accuracy: mine."))).views[0]
    line, dots = content_of(view)["data"]
    ahead = {each.network for each in pareto_front(found, "macs", "top1_accuracy")}
    assert sorted(dots["customdata"]) == sorted(each.network for each in found)
    named = {each["text"] for each in view.figure.layout.to_plotly_json()["annotations"] if each.get("ax") is not None}
    assert 0 < len(named) <= len(ahead)
    assert named <= {name.removeprefix("timm:") for name in ahead}
    assert len(line["x"]) == 2 * len(ahead) - 1


def test_a_network_of_ours_is_named_as_its_paper_prints_it_and_found_by_what_one_types_too():
    (first, second) = crowd(2)
    ours = msgspec.structs.replace(first, network="resnet50"), msgspec.structs.replace(second, network="vgg16")
    view = best(Material((), choice=Choice(ours, "Accuracy: mine."))).views[0]
    assert sorted(content_of(view)["data"][1]["customdata"]) == ["ResNet-50 · resnet50", "VGG-16 · vgg16"]
    told = {each.text for each in view.figure.layout.annotations} & {"ResNet-50", "VGG-16", "resnet50", "vgg16"}
    assert told
    assert told <= {"ResNet-50", "VGG-16"}


def content_of(view):
    from archstat.report.chart import Chart

    return content(Chart("a", "a", (view,)))["views"][0]


def test_networks_whose_accuracy_is_not_known_are_counted_in_words():
    found = (*crowd(3), *(msgspec.structs.replace(each, top1_accuracy=None) for each in crowd(2, seed=2)))
    chart = best(Material((), choice=Choice(found, "Accuracy: mine.")))
    assert "No accuracy is known of 2 more. Accuracy: mine." in chart.caption
    assert "of 3 networks" in chart.title
    assert len(cloud(Material((), choice=Choice(found))).views[0].figure.data[0].x) == 5


def test_a_quantity_that_no_network_has_is_no_view():
    found = tuple(msgspec.structs.replace(each, macs=0) for each in crowd(4))
    assert [view.label for view in cloud(Material((), choice=Choice(found))).views] == [
        "Activation memory",
        "Peak memory",
    ]


def test_a_network_that_costs_none_is_not_drawn_said_and_still_beats_others():
    free = msgspec.structs.replace(crowd(1)[0], network="timm:free", macs=0, top1_accuracy=89.9)
    dear = [msgspec.structs.replace(each, top1_accuracy=50.0) for each in crowd(3, seed=2)]
    chart = best(Material((), choice=Choice((free, *dear))))
    assert "Not drawn: 1 without MACs." in chart.caption
    assert "No other" not in chart.views[0].alt, "none that is drawn is on the front"


def test_what_networks_are_counted_for_does_not_depend_on_an_order_of_chance():
    shapes = ["1x3x8x8", "1x1x32x32", "1x3x9x9"]
    found = tuple(msgspec.structs.replace(each, input_shapes=shapes[n]) for n, each in enumerate(crowd(3)))
    assert "Counted for one input each, of 3 shapes." in cloud(Material((), choice=Choice(found))).caption
    most = tuple(msgspec.structs.replace(each, input_shapes=shapes[n // 3]) for n, each in enumerate(crowd(4)))
    caption = cloud(Material((), choice=Choice(most))).caption
    assert "Counted for one input, of 1×3×8×8 by most and of 1 other shape by the rest." in caption


def test_networks_that_cost_nothing_at_all_have_no_chart():
    nothing = {"macs": 0, "parameters": 0, "activation_bytes": 0, "peak_activation_bytes": 0}
    found = tuple(msgspec.structs.replace(each, **nothing) for each in crowd(3))
    with pytest.raises(DataError, match="cost nothing that could be drawn"):
        best(Material((), choice=Choice(found)))


def test_one_network_is_no_crowd():
    with pytest.raises(DataError, match="Accuracies are known of 1 of 1 networks"):
        best(Material((), choice=Choice(crowd(1))))
    with pytest.raises(DataError, match="one of the networks in a store, and none is given"):
        cloud(Material(()))


def test_a_line_across_points_costs_the_same_whether_or_not_far_points_are_looked_at(monkeypatch):
    dice = np.random.default_rng(3)
    frame = Frame((0, 1), (0, 1), 500, 500)
    spots = [Spot(dice.random(), dice.random(), f"network {n}" if n < 8 else "", 3.0) for n in range(300)]
    quick = labels.annotations(spots, frame)
    monkeypatch.setattr(labels, "_beside", lambda points, _: points)
    assert labels.annotations(spots, frame) == quick
