"""How accurate networks are, and what they cost: the charts of Canziani et al., from counts of ours.

Source: Canziani, Paszke, Culurciello: An Analysis of Deep Neural Network Models for Practical Applications (2016),
Fig. 1 and 2. https://arxiv.org/abs/1605.07678
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.files.choosing import conditions_text
from archstat.language import retold, say
from archstat.published.names import display_name
from archstat.records import Energy, Measurement
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._accuracies import Ratings, ratings
from archstat.report.drawing import axes, theme
from archstat.report.drawing.bar_rows import BarRow, End, Group, Rows
from archstat.report.drawing.bubble_plot import Bubble, Picture, front, is_enlarged
from archstat.report.drawing.families import families, family_of
from archstat.report.material import Material
from archstat.report.rated import Rated
from archstat.tables.measurements import alike
from archstat.tables.quantities import ACTIVATION_BYTES, MACS, PARAMETERS, Quantity


class _Cost(msgspec.Struct, frozen=True):
    """What a view has along its axis.

    Attributes:
        label: What the switch says.
        title: What stands at the axis.
        unit: Behind the prefix at its ticks.
        show: From a value to text.
        values: The value of each network that has one.
        told: What to add to the caption.
        is_of_runs: Whether the quantity was measured, and not counted.
    """

    label: str
    title: str
    unit: str
    show: Callable[[Any], str]
    values: Mapping[str, float]
    told: str = ""
    is_of_runs: bool = False

    def is_measured(self, each: Rated) -> bool:
        """Whether the quantity was measured of a network, and not counted."""
        return self.is_of_runs and each.name in self.values


@chart("networks", takes=("evaluation",))
def accuracy(material: Material) -> Chart:
    """Top-1 accuracy against what it costs; the area of a bubble is the number of parameters."""
    found = ratings(material)
    costs = [cost for cost in _costs(found, material.measurements) if len(cost.values) > 1]
    told = " ".join(f"{cost.told} {_missing(cost, found)}".strip() for cost in costs if cost.told)
    operations = say("Its own chart counts operations: two for each MAC.") if found.counts_operations else ""
    caption = " ".join(filter(None, (_areas(found), found.inputs(), told, found.caption(), operations)))
    views = tuple(_view(found, cost, costs) for cost in costs)
    return Chart("accuracy", say("Accuracy, and what it costs"), views, caption)


def _areas(found: Ratings) -> str:
    """What areas and the dotted line are."""
    area = (
        say("The area of a bubble is the number of parameters, the smallest ones drawn larger to be seen")
        if is_enlarged([each.amount("parameters") for each in found.rated])
        else say("The area of a bubble is the number of parameters")
    )
    front_ = (
        say("no network here, dashed ones aside, is cheaper and more accurate than one on the dotted line")
        if any(each.twin for each in found.rated)
        else say("no network here is cheaper and more accurate than one on the dotted line")
    )
    return say("{area}; {front}, the Pareto front.", area=area, front=front_)


def _missing(cost: _Cost, found: Ratings) -> str:
    """Of which networks alone something was measured."""
    here = [each.label for each in found.rated if each.name in cost.values]
    return say("It was measured of {networks} alone.", networks=", ".join(here)) if len(here) < len(found.rated) else ""


# -- what is along the axis --------------------------------------------------------------------------------------------


def _costs(found: Ratings, measurements: Sequence[Measurement]) -> list[_Cost]:
    own = [_fitting(found, each) for each in measurements]
    measured = [each for each in own if each is not None]
    return [
        _counted(found, MACS, say("MACs for one input")),
        _counted(found, PARAMETERS, PARAMETERS.label),
        _counted(found, ACTIVATION_BYTES, say("Activation memory for one input"), "B"),
        _latency([each for each in measured if each.latency is not None]),
        _energy([each for each in measured if each.energy is not None and each.energy.input_j is not None]),
    ]


def _counted(found: Ratings, quantity: Quantity, title: str, unit: str = "") -> _Cost:
    values = {each.name: each.amount(quantity.key) for each in found.rated}
    return _Cost(quantity.label, title, unit, quantity.show, {name: value for name, value in values.items() if value})


def _fitting(found: Ratings, measurement: Measurement) -> Measurement | None:
    """The measurement, if it is one of these networks on an input of the size that it is rated for."""
    own = next((each for each in found.rated if each.name == measurement.architecture), None)
    if own is None:
        return None
    counted = measurement.counted
    expected = own.amount("parameters"), own.amount("macs") * measurement.conditions.batch_size
    return measurement if (counted.parameters, counted.macs) == expected else None


def _latency(measurements: Sequence[Measurement]) -> _Cost:
    """The time of a pass, of the largest group of like conditions."""
    group = max(alike(measurements), key=_networks, default=[])
    values = {each.architecture: each.latency.median_s for each in group if each.latency is not None}
    if not values:
        return _Cost(say("Latency"), "", "s", units.seconds, {})
    size, conditions = group[0].conditions.batch_size, retold(conditions_text(group[0].conditions))
    told = say("Latency is the median time of a pass: {conditions}.", conditions=conditions)
    title = (
        say("Latency of a pass over one input")
        if size == 1
        else say("Latency of a pass over {count} inputs", count=units.exact(size))
    )
    return _Cost(say("Latency"), title, "s", units.seconds, values, told, is_of_runs=True)


def _energy(measurements: Sequence[Measurement]) -> _Cost:
    """The energy of one input, of the largest group of like conditions by one meter."""
    groups: dict[tuple[Any, ...], list[Measurement]] = {}
    for each in measurements:
        if each.energy is not None:
            groups.setdefault((each.conditions, each.energy.boundary, each.energy.mode), []).append(each)
    group = max(groups.values(), key=_networks, default=[])
    pairs = [(each.architecture, each.energy) for each in group if each.energy is not None]
    values = {name: energy.input_j for name, energy in pairs if energy.input_j is not None}
    if not values:
        return _Cost(say("Energy"), "", "J", units.joules, {})
    told = _told_energy(pairs[0][1], retold(conditions_text(group[0].conditions)))
    return _Cost(say("Energy"), say("Energy for one input"), "J", units.joules, values, told, is_of_runs=True)


def _told_energy(energy: Energy, conditions: str) -> str:
    """Of what the energy is."""
    if energy.mode == "pipelined":
        return say(
            "Energy is that of the {boundary}, with a full queue: {conditions}.",
            boundary=retold(energy.boundary),
            conditions=conditions,
        )
    return say(
        "Energy is that of the {boundary}, one pass after the other: {conditions}.",
        boundary=retold(energy.boundary),
        conditions=conditions,
    )


def _networks(group: Sequence[Measurement]) -> int:
    return len({each.architecture for each in group})


# -- the picture -------------------------------------------------------------------------------------------------------


def _view(found: Ratings, cost: _Cost, costs: Sequence[_Cost]) -> View:
    rated = [each for each in found.rated if each.name in cost.values]
    picture = Picture(
        tuple(_bubble(each, cost, found, costs) for each in rated),
        axes.amounts(list(cost.values.values()), cost.title, cost.unit, room=0.11),
        say("Top-1 accuracy (%)"),
        PARAMETERS.label,
        tuple(families(each.name for each in rated)),
    )
    return View(cost.label, picture.figure, _alt(rated, cost, picture))


def _bubble(each: Rated, cost: _Cost, found: Ratings, costs: Sequence[_Cost]) -> Bubble:
    lines = [
        *each.lines(),
        *((more.label, more.show(more.values[each.name])) for more in costs if more.is_measured(each)),
    ]
    hover = theme.hover(each.name, lines, source=found.source_of(each))
    amount, colour = each.amount("parameters"), family_of(each.name)[1]
    return Bubble(each.label, cost.values[each.name], each.top1, amount, colour, hover, is_dashed=bool(each.twin))


def _alt(rated: Sequence[Rated], cost: _Cost, picture: Picture) -> str:
    least, most = min(rated, key=lambda each: each.top1), max(rated, key=lambda each: each.top1)
    low, high = (
        f"{units.amount(each.top1, '%')} ({each.label}, {cost.show(cost.values[each.name])})" for each in (least, most)
    )
    drawn = say(
        "Bubbles of {count} networks: top-1 accuracy against {quantity}, from {low} to {high}.",
        count=len(rated),
        quantity=cost.title,
        low=low,
        high=high,
    )
    names = ", ".join(each.name for each in front(picture.bubbles))
    return " ".join((drawn, say("No other is both cheaper and more accurate than {networks}.", networks=names)))


@chart("networks", takes=("evaluation",))
def top1(material: Material) -> Chart:
    """Top-1 accuracy as bars, the best first, all from one source."""
    found = ratings(material)
    rated = sorted(found.rated, key=lambda each: -each.top1)
    best, worst = rated[0], rated[-1]
    alt = say(
        "Top-1 accuracy of {count} networks, from {most} down to {least}.",
        count=len(rated),
        most=f"{units.amount(best.top1, '%')} ({best.label})",
        least=f"{units.amount(worst.top1, '%')} ({worst.label})",
    )
    colours = families(each.name for each in rated)
    rows = Rows((Group("", tuple(_bar(each, found) for each in rated)),), tuple(colours))
    return Chart("top1", say("Top-1 accuracy"), (View("", rows.figure, alt),), found.caption())


def _bar(each: Rated, found: Ratings) -> BarRow:
    hover = theme.hover(each.name, each.lines(), source=found.source_of(each))
    short = units.share(each.top1, 100)
    text = f"{short} ({display_name(each.twin)})" if each.twin else short
    return BarRow(each.label, (End(each.top1, text, short, family_of(each.name)[1], hover),))
