"""The winners of the ImageNet challenge."""

import pytest

from archstat.errors import DataError
from archstat.report.charts.history import winners
from archstat.report.drawing.canvas import PHONE, WIDE, Canvas
from tests.report.networks import known, material


def test_errors_fall_and_layers_grow_from_year_to_year():
    errors, _, layers = winners(material()).views[0].figure.data
    assert list(errors.x) == [28.2, 25.8, 16.4, 11.7, 7.3, 6.7, 3.6, 3.0, 2.3]
    assert list(layers.x) == [8, 8, 19, 22, 152, 152, 152]
    assert list(layers.y) == [2, 3, 4, 5, 6, 7, 8]


def test_the_error_of_a_person_is_a_line_with_its_name():
    view = winners(material()).views[0]
    line = view.figure.data[1]
    assert list(line.x) == [5.1, 5.1]
    assert "a person: 5.1 %" in [each.text for each in view.figure.layout.annotations]


def test_each_bar_has_its_error_and_its_layers_beside_it():
    texts = [each.text for each in winners(material()).views[0].figure.layout.annotations]
    assert texts.count("shallow") == 2
    assert texts.count("152") == 3
    assert "16.4 %" in texts


def test_who_came_second_is_marked():
    names = winners(material()).views[0].figure.layout.yaxis.ticktext
    assert [name for name in names if "(2nd)" in name] == [names[4]]
    assert names[4].startswith("VGG (2nd)")


def test_a_hover_has_the_precise_error_and_the_source():
    text = winners(material()).views[0].figure.data[0].hovertext[2]
    assert "16.42 %" in text
    assert "Krizhevsky" in text


def test_three_winners_on_a_page_are_enough():
    assert winners(material(*map(known, ["alexnet", "googlenet", "resnet152"]))).name == "winners"


def test_a_page_about_other_networks_does_not_show_it():
    with pytest.raises(DataError, match=r"2 of these networks won .* 3 are needed\. The winners are alexnet, vgg19,"):
        winners(material(*map(known, ["alexnet", "googlenet", "lenet5"])))


def test_no_error_stands_on_the_line_of_a_person():
    view = winners(material()).views[0]
    for canvas in (WIDE, PHONE, Canvas(400, is_fixed=True)):
        figure = view.draw(canvas)
        line, margin = figure.data[1].x[0], figure.layout.margin
        plot = (canvas.width - margin.l - margin.r) * figure.layout.xaxis.domain[1]
        errors = [each for each in figure.layout.annotations if each.xref == "x" and each.text.endswith(" %")]
        shown = [each for each in errors if "person" not in each.text]
        assert len(shown) == len(figure.data[0].x)
        at = line / figure.layout.xaxis.range[1] * plot
        lefts = [each.x / figure.layout.xaxis.range[1] * plot + each.xshift for each in shown]
        assert all(left > at + 2 for left in lefts)


def test_every_entry_has_its_whole_name_where_a_column_has_room_for_it():
    names = winners(material()).views[0].draw(Canvas(409, is_fixed=True)).layout.yaxis.ticktext
    assert not any("…" in name for name in names)
