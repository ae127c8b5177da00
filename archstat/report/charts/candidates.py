"""Very many networks, out of a store: how accurate they are, what they cost, and which of them no other one beats."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.finding.candidates import Candidate
from archstat.finding.choosing import pareto_front
from archstat.report.chart import Chart, View, chart
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
    choice = material.choice
    rated = [each for each in choice.candidates if each.top1_accuracy is not None]
    if len(rated) < 2:
        raise DataError(
            f"Accuracies are known of {len(rated)} of {len(choice.candidates)} networks to choose from; 2 are needed."
        )
    look = _look(rated)
    views = tuple(_against_accuracy(rated, cost, look) for cost in _COSTS if _varies(rated, cost))
    told = (
        "Each dot is a network; none here is cheaper and more accurate than one on the dotted line, the Pareto front.",
        _for_inputs(rated),
        _without(len(choice.candidates) - len(rated)),
        choice.source,
    )
    title = f"Accuracy, and what it costs, of {units.exact(len(rated))} networks"
    return Chart("best", title, views, " ".join(filter(None, told)), is_searched=True)


@chart("networks")
def cloud(material: Material) -> Chart:
    """Parameters of every network of a store against what else it costs."""
    found = [each for each in material.choice.candidates if each.parameters]
    if len(found) < 2:
        raise DataError(f"{len(found)} networks to choose from are given; 2 are needed, out of a store.")
    look = _look(found)
    costs = [cost for cost in _COSTS if cost is not PARAMETERS and _varies(found, cost)]
    views = tuple(_against_parameters(found, cost, look) for cost in costs)
    if not views:
        raise DataError("The networks of the store cost nothing but parameters.")
    caption = f"Each dot is a network. {_for_inputs(found)}"
    return Chart("cloud", f"What {units.exact(len(found))} networks cost", views, caption, is_searched=True)


class _Look(msgspec.Struct, frozen=True):
    """What networks look like.

    Attributes:
        colours: The colours of their families.
        library: What all names begin with, as ``"timm:"``, and labels do without.
    """

    colours: families.Stems
    library: str


def _look(found: Sequence[Candidate]) -> _Look:
    libraries = {source_of(each.network) for each in found}
    library = f"{libraries.pop()}:" if len(libraries) == 1 else ""
    return _Look(families.stems([each.network for each in found]), library)


def _against_accuracy(rated: Sequence[Candidate], cost: Quantity, look: _Look) -> View:
    known = [each for each in rated if getattr(each, cost.key)]
    ahead = pareto_front(known, cost.key, "top1_accuracy")
    picture = CrowdPlot(
        tuple(_dot(each, cost, each.top1_accuracy or 0.0, look, is_ahead=each in ahead) for each in known),
        _axis([getattr(each, cost.key) for each in known], cost),
        _accuracies([each.top1_accuracy or 0.0 for each in known]),
        look.colours.shown,
    )
    alt = (
        f"Dots of {len(known)} networks: top-1 accuracy against {cost.label}. No other is both cheaper and more "
        f"accurate than {captions.some([named(each) for each in ahead])}."
    )
    return View(cost.label, picture.figure(), alt, picture.narrow())


def _against_parameters(found: Sequence[Candidate], cost: Quantity, look: _Look) -> View:
    known = [each for each in found if getattr(each, cost.key)]
    picture = CrowdPlot(
        tuple(_dot(each, cost, each.parameters, look) for each in known),
        _axis([getattr(each, cost.key) for each in known], cost),
        _axis([each.parameters for each in known], PARAMETERS),
        look.colours.shown,
        has_front=False,
    )
    least, most = (pick(known, key=lambda each: getattr(each, cost.key)) for pick in (min, max))
    ends = [f"{cost.show(getattr(each, cost.key))} ({named(each)})" for each in (least, most)]
    alt = f"Dots of {len(known)} networks: parameters against {cost.label}, from {' to '.join(ends)}."
    return View(cost.label, picture.figure(), alt, picture.narrow())


def _varies(found: Sequence[Candidate], cost: Quantity) -> bool:
    return sum(1 for each in found if getattr(each, cost.key)) > 1


def _dot(each: Candidate, cost: Quantity, y: float, look: _Look, *, is_ahead: bool = False) -> Dot:
    accuracies = [("Top-1 accuracy", each.top1_accuracy), ("Top-5 accuracy", each.top5_accuracy)]
    lines = [(what, units.amount(share, "%")) for what, share in accuracies if share is not None]
    lines += [(quantity.label, quantity.show(getattr(each, quantity.key))) for quantity in _COSTS]
    weights = [("Weights", each.weights)] if each.weights else []
    hover = theme.hover(named(each), [*lines, *weights, ("Input", each.input_shapes.replace("x", "×"))])
    label = named(each).removeprefix(look.library)
    return Dot(named(each), label, getattr(each, cost.key), y, look.colours.of(each.network), hover, is_ahead)


def _axis(values: Sequence[float], quantity: Quantity) -> dict[str, object]:
    return axes.amounts(values, quantity.label, "B" if quantity.unit == "bytes" else "", room=0.06)


def _accuracies(values: Sequence[float]) -> dict[str, object]:
    """The axis of accuracies; a few networks far below do not press the others together."""
    low, high = min(values), max(values)
    room = max((high - low) * 0.06, 1.0)
    return theme.axis("Top-1 accuracy (%)", range=[low - room, min(high + 1.5 * room, 101.0)])


def _for_inputs(found: Sequence[Candidate]) -> str:
    batches = sorted({each.batch_size or 1 for each in found})
    batch = "one input" if batches == [1] else f"batches of {' and '.join(map(units.exact, batches))}"
    shapes = sorted({each.input_shapes for each in found}, key=[each.input_shapes for each in found].count)
    most = shapes[-1].replace("x", "×")
    others = f" by most, and {len(shapes) - 1} other shapes" if len(shapes) > 1 else ""
    return f"Counted for {batch}: {most}{others}."


def _without(count: int) -> str:
    return f"Of {units.exact(count)} more networks no accuracy is known." if count else ""
