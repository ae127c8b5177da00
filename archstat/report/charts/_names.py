"""What networks are called in a chart: as their papers print them, each so that it is told from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archstat import units
from archstat.language import say
from archstat.published.names import display_name, display_names
from archstat.records import Measurement
from archstat.report.drawing import captions, theme
from archstat.report.material import one_input


def name_in_title(name: str) -> str:
    """The name of a network in the title of a chart of its own."""
    return theme.cut(display_name(name))


def sized_names(measurements: Sequence[Measurement]) -> list[str]:
    """What the networks of measurements are called; one that was measured on inputs of several sizes with the size."""
    networks = {(each.architecture, one_input(each)) for each in measurements}
    sizes = Counter(name for name, _ in networks)
    shown = display_names(sizes)
    return [
        f"{shown[each.architecture]}, {units.shapes(one_input(each))}"
        if sizes[each.architecture] > 1
        else shown[each.architecture]
        for each in measurements
    ]


def measured_inputs(measurements: Sequence[Measurement]) -> str:
    """A sentence on what networks were measured on: the shape of one input that most have, and the others."""
    names = display_names(each.architecture for each in measurements)
    pairs = dict.fromkeys((names[each.architecture], units.shapes(one_input(each))) for each in measurements)
    return say("One input is {shapes}.", shapes=captions.inputs(pairs))


def shown_names(names: Iterable[str]) -> dict[str, str]:
    """What each of several networks is called, as one line of print."""
    return {name: theme.cut(shown, 400) for name, shown in display_names(names).items()}
