"""Whole networks side by side."""

import pytest

from archstat.errors import DataError
from archstat.report.charts.totals import totals
from archstat.report.drawing import theme
from tests.report.networks import cost, known, material


def names(view):
    return [text.split("<")[0] for text in view.figure.layout.yaxis.ticktext]


def test_the_largest_comes_first_in_each_view():
    chart = totals(material(known("alexnet"), known("vgg16"), known("resnet50")))
    parameters, macs, *_ = chart.views
    assert names(parameters) == ["VGG-16", "AlexNet", "ResNet-50"]
    assert names(macs) == ["VGG-16", "ResNet-50", "AlexNet"]
    assert list(parameters.figure.data[0].x) == [138_357_544, 60_965_224, 25_557_032]
    assert parameters.alt == "Parameters of 3 networks, from 138.4 M (VGG-16) down to 25.56 M (ResNet-50)."
    assert "1×3×224×224 (1×3×227×227: AlexNet), float32" in chart.caption


def test_families_have_colours_where_there_are_several():
    several = totals(material(known("alexnet"), known("vgg16"))).views[0].figure
    assert set(several.data[0].marker.color) == {theme.RED, theme.BLUE}
    foreign = totals(material(cost("./a.py:A", parameters=1), cost("./b.py:B", parameters=2))).views[0].figure
    assert set(foreign.data[0].marker.color) == {theme.BLUE}


def test_what_no_network_has_is_no_view():
    chart = totals(material(cost("a", parameters=1), cost("b", parameters=2)))
    assert [view.label for view in chart.views] == ["Parameters"]


def test_of_very_many_the_largest_are_shown():
    chart = totals(material(*(cost(f"net{size}", parameters=size) for size in range(1, 61))))
    assert names(chart.views[0])[0] == "net60"
    assert len(chart.views[0].figure.data[0].x) == 40
    assert "Of more than 40 networks the largest are shown." in chart.caption


def test_one_network_has_nothing_beside_it():
    with pytest.raises(DataError, match="two networks at least"):
        totals(material(known("alexnet")))


def test_hostile_names_are_cut():
    bars = totals(material(cost("<b>" * 5000, parameters=1), cost("b", parameters=2))).views[0].figure
    assert all(len(text) < 400 and "<b><b>" not in text for text in bars.data[0].hovertext)
