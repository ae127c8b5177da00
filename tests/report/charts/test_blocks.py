"""Small networks part by part."""

import functools

import pytest

from archstat.analysis.inference import analyse
from archstat.errors import DataError
from archstat.report.charts.blocks import branches
from archstat.report.material import Mark, Material, material_from
from tests.report.networks import cost, material, row

NAMES = ["inception_module_naive", "inception_module_bottleneck"]
SLIP = Mark("inception_module_bottleneck", "macs", 358e6, "printed: 358M, a slip")


@functools.cache
def modules():
    return material_from(NAMES, (), analyse)


def test_naive_against_bottleneck_is_854_million_against_271():
    bars = branches(modules()).views[0].figure.data[0]
    naive = [28 * 28 * 256 * n * k * k for n, k in ((128, 1), (192, 3), (96, 5))]
    bottleneck = [28 * 28 * n for n in (128 * 256, 64 * 256, 192 * 64 * 9, 64 * 256, 96 * 64 * 25, 64 * 256)]
    assert list(bars.x) == [sum(naive), *naive, sum(bottleneck), *bottleneck]
    assert (sum(naive), sum(bottleneck)) == (854_196_224, 271_351_808)


def test_a_printed_figure_stands_as_a_diamond_under_the_total():
    given = Material(modules().subjects, marks=(SLIP,))
    chart = branches(given)
    bars, marks = chart.views[0].figure.data
    assert list(marks.x) == [358e6]
    assert marks.y[0] == bars.y[4] + 1  # the total of the bottleneck is the fifth bar
    assert "printed: 358M, a slip" in [each.text for each in chart.views[0].figure.layout.annotations]
    assert "printed: 358M, a slip" in chart.views[0].alt


def test_a_figure_of_another_network_or_quantity_is_not_drawn():
    marks = (Mark("vgg16", "macs", 1e9, "no"), Mark(NAMES[0], "parameters", 1e9, "no"))
    figure = branches(Material(modules().subjects, marks=marks)).views[0].figure
    assert [trace.type for trace in figure.data] == ["bar"]


def test_a_block_is_the_sum_of_its_layers():
    a, b = (cost(name, row("stem", 10), row("block.one", 20), row("block.two", 30)) for name in "ab")
    bars = branches(material(a, b)).views[0].figure.data[0]
    assert list(bars.x) == [60, 10, 50] * 2


@pytest.mark.parametrize(
    ("costs", "match"),
    [
        ([cost("a", row("x", 1))], "2 to 4 networks, not of 1"),
        ([cost(name, row("x", 1)) for name in "abcde"], "2 to 4 networks, not of 5"),
        ([cost("a", row("x", 1)), cost("b", row("y", 1))], "a, b have no part of one name"),
        ([cost("a", row("x", 1)), cost("b", row("x"))], "'b' has 0 parts with MACs"),
        ([cost("a", row("x", 1)), cost("b", *(row(f"x{n}", 1) for n in range(13)))], "'b' has 13 parts with MACs"),
    ],
)
def test_what_is_no_set_of_like_blocks_is_refused(costs, match):
    with pytest.raises(DataError, match=match):
        branches(material(*costs))


def test_hostile_names_come_out_escaped_and_cut():
    name = "<script>x</script>" + "z" * 10_000
    figure = branches(material(cost(name, row(name, 1)), cost("b", row(name, 2)))).views[0].figure.to_json()
    assert "<script" not in figure
    assert len(figure) < 20_000
