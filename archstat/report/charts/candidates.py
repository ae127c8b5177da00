"""Very many networks, out of a store: how accurate they are, what they cost, and which of them no other one beats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.finding.candidates import Candidate, Choice
from archstat.finding.choosing import pareto_front
from archstat.language import listed, retold, say
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import shown_names
from archstat.report.drawing import axes, captions, families, theme
from archstat.report.drawing.crowd_plot import CrowdPlot, Dot
from archstat.report.material import Material
from archstat.store.records import source_of
from archstat.tables.candidates import named
from archstat.tables.quantities import ACTIVATION_BYTES, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES, Quantity

_COSTS = (MACS, PARAMETERS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)


@chart("networks")
def best(material: Material) -> Chart:
    """Top-1 accuracy against cost of every network of a store; those that no other one beats have names."""
    choice = _chosen(material)
    rated = [each for each in choice.candidates if each.top1_accuracy is not None]
    if len(rated) < 2:
        raise DataError(
            f"Accuracies are known of {len(rated)} of {len(choice.candidates)} networks to choose from; 2 are needed."
        )
    look = _look(rated)
    views = tuple(_against_accuracy(rated, cost, look) for cost in _COSTS if _varies(rated, cost))
    if not views:
        raise DataError("The networks of the store cost nothing that could be drawn.")
    told = (
        say(
            "Each dot is a network; none here is cheaper and more accurate than one on the dotted line, the Pareto "
            "front."
        ),
        _for_inputs(rated),
        _without(len(choice.candidates) - len(rated)),
        _undrawn(rated),
        retold(choice.source),
    )
    title = say("Accuracy, and what it costs, of {count} networks", count=units.exact(len(rated)))
    return Chart("best", title, views, " ".join(filter(None, told)), is_searched=True)


@chart("networks")
def cloud(material: Material) -> Chart:
    """Parameters of every network of a store against what else it costs."""
    found = [each for each in _chosen(material).candidates if each.parameters]
    if len(found) < 2:
        raise DataError(f"The store has {len(found)} networks with parameters; 2 are needed.")
    look = _look(found)
    costs = [cost for cost in _COSTS if cost is not PARAMETERS and _varies(found, cost)]
    views = tuple(_against_parameters(found, cost, look) for cost in costs)
    if not views:
        raise DataError("The networks of the store cost nothing but parameters.")
    caption = " ".join(filter(None, (say("Each dot is a network."), _for_inputs(found), _undrawn(found))))
    title = say("What {count} networks cost", count=units.exact(len(found)))
    return Chart("cloud", title, views, caption, is_searched=True)


def _chosen(material: Material) -> Choice:
    """What the charts of a store are drawn of.

    Raises:
        DataError: No store is given, or nothing in it fits.
    """
    if not material.choice.candidates:
        raise DataError("This chart is one of the networks in a store, and none is given.")
    return material.choice


class _Look(msgspec.Struct, frozen=True):
    """What networks look like.

    Attributes:
        colours: The colours of their families.
        library: What all names begin with, as ``"timm:"``, and labels do without.
        names: What networks are called.
    """

    colours: families.Stems
    library: str
    names: Mapping[str, str]

    def name(self, each: Candidate) -> str:
        """What a network is called, with what was varied of its input."""
        return named(msgspec.structs.replace(each, network=self.names[each.network]))

    def both_names(self, each: Candidate) -> str:
        """What a network is called, and what one types: a reader looks for either."""
        shown, typed = self.name(each), named(each)
        return shown if shown == typed else f"{shown} · {typed}"


def _look(found: Sequence[Candidate]) -> _Look:
    libraries = {source_of(each.network) for each in found}
    library = f"{libraries.pop()}:" if len(libraries) == 1 else ""
    names = [each.network for each in found]
    return _Look(families.stems(names), library, shown_names(names))


def _against_accuracy(rated: Sequence[Candidate], cost: Quantity, look: _Look) -> View:
    known = [each for each in rated if getattr(each, cost.key)]
    ahead = [each for each in pareto_front(rated, cost.key, "top1_accuracy") if each in known]
    picture = CrowdPlot(
        tuple(_dot(each, cost, each.top1_accuracy or 0.0, look, is_ahead=each in ahead) for each in known),
        _axis([getattr(each, cost.key) for each in known], cost),
        _accuracies([each.top1_accuracy or 0.0 for each in known]),
        look.colours.shown,
    )
    alt = [say("Dots of {count} networks: top-1 accuracy against {quantity}.", count=len(known), quantity=cost.label)]
    if ahead:
        best_ones = captions.some([look.name(each) for each in ahead])
        alt.append(say("No other is both cheaper and more accurate than {networks}.", networks=best_ones))
    return View(cost.label, picture.figure, " ".join(alt))


def _against_parameters(found: Sequence[Candidate], cost: Quantity, look: _Look) -> View:
    known = [each for each in found if getattr(each, cost.key)]
    picture = CrowdPlot(
        tuple(_dot(each, cost, each.parameters, look) for each in known),
        _axis([getattr(each, cost.key) for each in known], cost),
        _axis([each.parameters for each in known], PARAMETERS),
        look.colours.shown,
    )
    least, most = (pick(known, key=lambda each: getattr(each, cost.key)) for pick in (min, max))
    low, high = (f"{cost.show(getattr(each, cost.key))} ({look.name(each)})" for each in (least, most))
    alt = say(
        "Dots of {count} networks: parameters against {quantity}, from {low} to {high}.",
        count=len(known),
        quantity=cost.label,
        low=low,
        high=high,
    )
    return View(cost.label, picture.figure, alt)


def _varies(found: Sequence[Candidate], cost: Quantity) -> bool:
    return sum(1 for each in found if getattr(each, cost.key)) > 1


def _dot(each: Candidate, cost: Quantity, y: float, look: _Look, *, is_ahead: bool = False) -> Dot:
    accuracies = [(say("Top-1 accuracy"), each.top1_accuracy), (say("Top-5 accuracy"), each.top5_accuracy)]
    lines = [(what, units.amount(share, "%")) for what, share in accuracies if share is not None]
    lines += [(quantity.label, quantity.show(getattr(each, quantity.key))) for quantity in _COSTS]
    weights = [(say("Weights"), each.weights)] if each.weights else []
    hover = theme.hover(named(each), [*lines, *weights, (say("Input"), each.input_shapes.replace("x", "×"))])
    label = look.name(each).removeprefix(look.library)
    return Dot(look.both_names(each), label, getattr(each, cost.key), y, look.colours.of(each.network), hover, is_ahead)


def _axis(values: Sequence[float], quantity: Quantity) -> dict[str, object]:
    return axes.amounts(values, quantity.label, "B" if quantity.unit == "bytes" else "", room=0.06)


def _accuracies(values: Sequence[float]) -> dict[str, object]:
    """The axis of accuracies; a few networks far below do not press the others together."""
    low, high = min(values), max(values)
    room = max((high - low) * 0.06, 1.0)
    return theme.axis(say("Top-1 accuracy (%)"), range=[low - room, min(high + 1.5 * room, 101.0)])


def _for_inputs(found: Sequence[Candidate]) -> str:
    batches = sorted({each.batch_size or 1 for each in found})
    batch = say("one input") if batches == [1] else say("batches of {sizes}", sizes=listed(map(units.exact, batches)))
    shapes = Counter(each.input_shapes for each in found)
    first, count = min(shapes.items(), key=lambda pair: (-pair[1], pair[0]))
    most, others = first.replace("x", "×"), len(shapes) - 1
    if not others:
        return say("Counted for {batch} of {shape}.", batch=batch, shape=most)
    if 2 * count <= len(found):
        return say("Counted for {batch} each, of {count} shapes.", batch=batch, count=len(shapes))
    if others == 1:
        return say("Counted for {batch}, of {shape} by most and of 1 other shape by the rest.", batch=batch, shape=most)
    return say(
        "Counted for {batch}, of {shape} by most and of {count} other shapes by the rest.",
        batch=batch,
        shape=most,
        count=others,
    )


def _without(count: int) -> str:
    return say("No accuracy is known of {count} more.", count=units.exact(count)) if count else ""


def _undrawn(found: Sequence[Candidate]) -> str:
    """What has no place on a logarithmic axis."""
    without = {cost.label: sum(1 for each in found if not getattr(each, cost.key)) for cost in _COSTS}
    told = [say("{count} without {quantity}", count=count, quantity=label) for label, count in without.items() if count]
    return say("Not drawn: {networks}.", networks=", ".join(told)) if told else ""
