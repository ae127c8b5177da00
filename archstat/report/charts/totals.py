"""What whole networks cost, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from archstat import units
from archstat.errors import DataError
from archstat.records import ModelCost
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import shown_names
from archstat.report.drawing import captions, theme
from archstat.report.drawing.bar_rows import BarRow, End, Group, Rows
from archstat.report.drawing.families import families, family_of
from archstat.report.material import Material
from archstat.tables.quantities import OF_NETWORKS, Quantity

_SHOWN_MAX = 40
"""More bars than these are no longer read one by one."""


@chart("networks")
def totals(material: Material) -> Chart:
    """Parameters, MACs, activation memory and its peak of each network, as bars, the largest first."""
    costs = [subject.network.cost for subject in material.subjects]
    if len(costs) < 2:
        raise DataError("Totals are set side by side of two networks at least.")
    met = [quantity for quantity in OF_NETWORKS if any(getattr(cost, quantity.key) for cost in costs)]
    shown = shown_names(cost.architecture for cost in costs)
    shapes = captions.inputs((shown[cost.architecture], units.shapes(cost.input_shapes)) for cost in costs)
    dtypes = " and ".join(dict.fromkeys(cost.dtype for cost in costs))
    most = f" Of more than {_SHOWN_MAX} networks the largest are shown." if len(costs) > _SHOWN_MAX else ""
    return Chart(
        "totals",
        "What the networks cost",
        tuple(_view(costs, quantity, shown) for quantity in met),
        f"Counted for an input of {shapes}, {dtypes}. Activation memory is that of all layers' outputs together, peak "
        f"memory what is alive of it at once.{most}",
    )


def _view(costs: Sequence[ModelCost], quantity: Quantity, names: Mapping[str, str]) -> View:
    key, title, show = quantity.key, quantity.label, quantity.show
    ordered = sorted(costs, key=lambda cost: -getattr(cost, key))
    shown = ordered[:_SHOWN_MAX]
    groups = families(cost.architecture for cost in shown)
    rows = tuple(
        BarRow(names[cost.architecture], (_end(cost, key, show, is_alone=len(groups) == 1),)) for cost in shown
    )
    made = Rows((Group("", rows),), tuple(groups) if len(groups) > 1 else ())
    ends = [f"{show(getattr(cost, key))} ({theme.cut(names[cost.architecture])})" for cost in (ordered[0], ordered[-1])]
    return View(title, made.figure, f"{title} of {len(costs)} networks, from {' down to '.join(ends)}.")


def _end(cost: ModelCost, key: str, show: Callable[[int], str], *, is_alone: bool) -> End:
    """The bar of a network; its colour is that of its family where there are several."""
    text = show(getattr(cost, key))
    lines = [(each.label, each.show(getattr(cost, each.key))) for each in OF_NETWORKS]
    colour = theme.BLUE if is_alone else family_of(cost.architecture)[1]
    return End(getattr(cost, key), text, text, colour, theme.hover(cost.architecture, lines))
