"""Every published figure, against our count under its convention."""

import typing

import pytest

from archstat import units
from archstat.analysis.inference import Setting, analyse
from archstat.published.figures import FigureConvention, FigureVerdict, published
from archstat.quantities import part_of, value_of
from archstat.registry import parse_call


def counted_as(name, resolution, quantity, convention):
    """Our count under the convention of a figure."""
    return value_of(part_of(analyse(name, Setting(resolution=resolution)), ""), quantity, convention)


FIGURES = [
    (call, resolution, quantity, figure)
    for name, about in published().items()
    for call, resolution, of in [(name, None, about), *((v.call, v.resolution, v) for v in about.variants)]
    for quantity, figure in (("parameters", of.parameters), ("macs", of.macs))
    if figure is not None
]


@pytest.mark.parametrize(("name", "resolution", "quantity", "figure"), FIGURES)
@pytest.mark.sampled(5)
def test_a_published_figure_relates_to_our_count_as_declared(name, resolution, quantity, figure):
    count = counted_as(name, resolution, quantity, figure.convention)
    assert units.parse(figure.printed).verdict(count) == figure.verdict, f"we count {count:,}"


def test_no_declared_verdict_goes_unchecked():
    assert {figure.verdict for *_, figure in FIGURES} == set(typing.get_args(FigureVerdict))
    assert {figure.convention for *_, figure in FIGURES} == set(typing.get_args(FigureConvention))


@pytest.mark.parametrize("name", [name for name, about in published().items() if about.variants])
def test_a_variant_is_one_of_its_own_architecture_and_not_the_architecture_itself(name):
    for variant in published()[name].variants:
        place, args, kwargs = parse_call(variant.call)
        assert (place, args) == (name, [])
        assert kwargs or variant.resolution
        assert variant.parameters or variant.macs or variant.errors


EXPLAINED_OTHERWISE = {
    ("efficientnet_b2", "parameters", "all+running"): "running means and variances",
    ("se_resnext50_32x4d", "macs", "conv+linear+norm"): "no rule gives all rows",
    ("se_resnext101_32x4d", "macs", "conv+linear+norm"): "no rule gives all rows",
    ("se_bn_inception", "macs", "conv+linear+norm"): "no rule gives all rows",
}
"""Figures that another convention gives, which the others of their table are not counted by: the entry says so."""


@pytest.mark.rare
def test_a_figure_that_differs_is_not_simply_counted_by_another_convention():
    known = {"parameters": ("all", "weights", "all+running")}
    others = [convention for convention in typing.get_args(FigureConvention) if convention not in known["parameters"]]
    found = {
        (name, quantity, convention): figure
        for name, resolution, quantity, figure in FIGURES
        if figure.verdict == "differs"
        for convention in known.get(quantity, others)
        if units.parse(figure.printed).verdict(counted_as(name, resolution, quantity, convention)) == "rounds"
    }
    assert set(found) == set(EXPLAINED_OTHERWISE)
    assert all(EXPLAINED_OTHERWISE[place] in figure.why for place, figure in found.items())
