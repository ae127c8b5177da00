"""Every published figure, against our count under its convention."""

import collections
import typing

import pytest
import torch

from archstat import units
from archstat.analysis import Setting, count_source
from archstat.published import Convention, Verdict, published
from archstat.settings import parse_call
from archstat.sources import build_on_meta, find


def counted_as(name, resolution, quantity, convention):
    """Our count under the convention of a figure."""
    cost, model = count_source(name, Setting(resolution=resolution)), build_on_meta(find(name))
    if quantity == "parameters":
        running = [b for path, b in model.named_buffers() if path.endswith(("running_mean", "running_var"))]
        return {
            "all": cost.parameters,
            "weights": sum(p.numel() for p in model.parameters() if p.dim() > 1),
            "all+running": cost.parameters + sum(b.numel() for b in running),
        }[convention]
    convolutions = {path for path, module in model.named_modules() if isinstance(module, torch.nn.Conv2d)}
    other = collections.Counter({op.op: op.other_flops for op in cost.ops})  # a norm is two, a bias one
    return {
        "conv+linear": cost.macs,
        "conv": sum(row.macs for row in cost.layers if row.layer in convolutions),
        "conv+linear+add": cost.macs + other["add"],
        "conv+linear+norm": cost.macs + other["batch_norm"] // 2 + other["conv2d"],
    }[convention]


FIGURES = [
    (call, resolution, quantity, figure)
    for name, about in published().items()
    for call, resolution, of in [(name, None, about), *((v.call, v.resolution, v) for v in about.variants)]
    for quantity, figure in (("parameters", of.parameters), ("macs", of.macs))
    if figure is not None
]


@pytest.mark.parametrize(("name", "resolution", "quantity", "figure"), FIGURES)
def test_a_published_figure_relates_to_our_count_as_declared(name, resolution, quantity, figure):
    count = counted_as(name, resolution, quantity, figure.convention)
    assert units.parse(figure.printed).verdict(count) == figure.verdict, f"we count {count:,}"


def test_no_declared_verdict_goes_unchecked():
    assert {figure.verdict for *_, figure in FIGURES} == set(typing.get_args(Verdict))
    assert {figure.convention for *_, figure in FIGURES} == set(typing.get_args(Convention))


@pytest.mark.parametrize("name", [name for name, about in published().items() if about.variants])
def test_a_variant_is_one_of_its_own_architecture_and_not_the_architecture_itself(name):
    for variant in published()[name].variants:
        place, args, kwargs = parse_call(variant.call)
        assert (place, args) == (name, [])
        assert kwargs or variant.resolution
        assert variant.parameters or variant.macs or variant.errors
