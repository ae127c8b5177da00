"""What variants add, and where two networks differ."""

import pytest

from archstat.errors import DataError
from archstat.report.charts.variants import difference, overhead
from tests.report.networks import cost, known, material, row


def texts(view):
    return [each.text for each in view.figure.layout.annotations]


# -- what variants add -------------------------------------------------------------------------------------------------


def test_a_variant_adds_what_it_has_more_in_percent():
    base = cost("net", parameters=200, macs=1000, activation_bytes=400)
    variant = cost("se_net", parameters=220, macs=1001, activation_bytes=300)
    view = overhead(material(base, variant)).views[0]
    assert list(view.figure.data[0].x) == pytest.approx([0.1, 0.001, -0.25])
    assert "+10.0 % (200 → 220)" in texts(view)
    assert "−25.0 % (400 B → 300 B)" in texts(view)
    assert view.alt == "se_net over net: Parameters +10.0 %, MACs +0.1 %, Activation memory −25.0 %."


def test_se_adds_ten_percent_of_parameters_and_next_to_no_operations():
    bars = overhead(material(known("resnet50"), known("se_resnet50"))).views[0].figure.data[0]
    assert bars.x[0] == pytest.approx(2_530_992 / 25_557_032, abs=0.005)
    assert 0 < bars.x[1] < 0.001


def test_what_it_gains_is_told_where_one_source_has_both():
    chart = overhead(material(known("resnet101"), known("se_resnet101")))
    assert "+2.2 points (76.2 % → 78.4 %)" in texts(chart.views[0])
    assert "Cadene, 2018" in chart.caption
    printed = overhead(material(known("resnet50"), known("se_resnet50")))
    assert "+1.4 points (75.3 % → 76.7 %)" in texts(printed.views[0]), "the errors by 1-crop, 24.7 and 23.29"
    assert "ImageNet val, 1-crop" in printed.caption
    without = overhead(material(known("lenet5"), known("lenet5_modern")))
    assert not any("points" in text for text in texts(without.views[0]))
    assert "Accuracy" not in without.caption


def test_the_longest_name_is_the_one_that_a_variant_is_named_after():
    names = ["net", "net_b", "se_net_b"]
    costs = [cost(name, parameters=size, macs=size, activation_bytes=size) for size, name in enumerate(names, 1)]
    titles = [text for text in texts(overhead(material(*costs)).views[0]) if text.startswith("<b>")]
    assert titles == ["<b>net_b over net</b>", "<b>se_net_b over net_b</b>"]


def test_inputs_of_other_sizes_are_not_compared():
    with pytest.raises(DataError, match="No network here is named after another"):
        overhead(material(cost("net", parameters=1, macs=1), cost("se_net", parameters=1, macs=1, shape=(1, 3, 9, 9))))


def test_pairs_beyond_the_eighth_are_counted_in_the_caption():
    costs = [cost(name, parameters=1, macs=1) for n in range(10) for name in (f"net{n}x", f"se_net{n}x")]
    chart = overhead(material(*costs))
    assert "2 more pairs are not shown." in chart.caption
    assert len(chart.views[0].figure.data[0].x) == 8 * 3


# -- where two differ --------------------------------------------------------------------------------------------------


def test_rows_that_differ_are_drawn_to_either_side():
    same = [row("a", 5), row("b", 6)]
    first, second = cost("one", *same, row("c", 7)), cost("two", *same, row("c", 9), row("d", 11))
    chart = difference(material(first, second))
    bars = chart.views[0].figure.data[0]
    assert list(zip(bars.y, bars.x, strict=True)) == [(0.0, -7), (0.0, 9), (1.0, 11)]
    assert "MACs of one: <b>7</b><br>MACs of two: <b>9</b>" in bars.hovertext[0]
    assert chart.caption.endswith("2 of 4 rows are alike.")
    assert [view.label for view in chart.views] == ["MACs"]


def test_rows_beyond_the_fortieth_are_summed():
    same = [row(f"same{n}", 1) for n in range(50)]
    more = [row(f"more{n}", 10 + n) for n in range(43)]
    view = difference(material(cost("one", *same), cost("two", *same, *more))).views[0]
    assert len(view.figure.data[0].x) == 41
    assert view.figure.data[0].x[-1] == 10 + 11 + 12
    assert view.figure.layout.yaxis.ticktext[-1] == "3 others"


def test_a_difference_is_one_of_two():
    with pytest.raises(DataError, match="of two networks, not of 1"):
        difference(material(cost("one", row("a", 1))))


def test_networks_with_little_in_common_are_refused():
    with pytest.raises(DataError, match="Of 2 rows of 'one' and 'two' 0 are alike"):
        difference(material(cost("one", row("a", 1)), cost("two", row("b", 2, kind="Linear"))))


def test_networks_that_cost_the_same_have_no_difference():
    with pytest.raises(DataError, match="'one' and 'two' cost the same in every row"):
        difference(material(cost("one", row("a", 1)), cost("two", row("a", 1))))
