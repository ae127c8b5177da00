"""What whole networks cost, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from archstat import units
from archstat.errors import DataError
from archstat.language import listed, say
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
    views = tuple(_view(costs, quantity, shown) for quantity in met)
    return Chart("totals", say("What the networks cost"), views, " ".join(_told(costs, shown)))


def _told(costs: Sequence[ModelCost], names: Mapping[str, str]) -> Iterator[str]:
    """What was counted, and what is shown of it."""
    yield say(
        "Counted for an input of {shapes}, {dtypes}.",
        shapes=captions.inputs((names[cost.architecture], units.shapes(cost.input_shapes)) for cost in costs),
        dtypes=listed(dict.fromkeys(cost.dtype for cost in costs)),
    )
    yield say("Activation memory is that of all layers' outputs together, peak memory what is alive of it at once.")
    if len(costs) > _SHOWN_MAX:
        yield say("Of more than {most} networks the largest are shown.", most=_SHOWN_MAX)


def _view(costs: Sequence[ModelCost], quantity: Quantity, names: Mapping[str, str]) -> View:
    key, title, show = quantity.key, quantity.label, quantity.show
    ordered = sorted(costs, key=lambda cost: -getattr(cost, key))
    shown = ordered[:_SHOWN_MAX]
    groups = families(cost.architecture for cost in shown)
    rows = tuple(
        BarRow(names[cost.architecture], (_end(cost, key, show, is_alone=len(groups) == 1),)) for cost in shown
    )
    made = Rows((Group("", rows),), tuple(groups) if len(groups) > 1 else ())
    most, least = (
        f"{show(getattr(cost, key))} ({theme.cut(names[cost.architecture])})" for cost in (ordered[0], ordered[-1])
    )
    alt = say(
        "{quantity} of {count} networks, from {most} down to {least}.",
        quantity=title,
        count=len(costs),
        most=most,
        least=least,
    )
    return View(title, made.figure, alt)


def _end(cost: ModelCost, key: str, show: Callable[[int], str], *, is_alone: bool) -> End:
    """The bar of a network; its colour is that of its family where there are several."""
    text = show(getattr(cost, key))
    lines = [(each.label, each.show(getattr(cost, each.key))) for each in OF_NETWORKS]
    colour = theme.BLUE if is_alone else family_of(cost.architecture)[1]
    return End(getattr(cost, key), text, text, colour, theme.hover(cost.architecture, lines))
