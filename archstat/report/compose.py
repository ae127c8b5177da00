"""Networks and measurements → a page: which charts and tables stand on it, in which order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from archstat import units
from archstat.analysis.network import Network, Saved
from archstat.documents.evidence import Evidence, programs_of
from archstat.documents.methods import measured_methods, methods, stored_methods
from archstat.errors import DataError
from archstat.finding.candidates import Choice, networks_of
from archstat.finding.choosing import ordered, pareto_front
from archstat.language import retold, say
from archstat.published.figures import Published, published_of
from archstat.published.names import display_name, display_names
from archstat.records import Measurement, Step
from archstat.report.blocks import Block, Heading, Methods, Page, Sheet, Tiles
from archstat.report.chart import CHARTS, Chart, Kind, drawn
from archstat.report.diagram.diagram import DIAGRAM, Diagram, diagram_of
from archstat.report.drawing.theme import cut
from archstat.report.material import Material, Subject
from archstat.store.records import Versions
from archstat.tables import compare_table, diff_table, layer_table, measured_compare_table, measured_table
from archstat.tables.candidates import candidates_table
from archstat.tables.joining import refuse_another
from archstat.tables.quantities import ACTIVATION_BYTES, FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES

_ORDER = (
    *("best", "cloud"),
    *("accuracy", "top1", "totals", "latency", "batch", "branches", "overhead", "difference", "winners"),
    *("layers", "icicle", "memory", "layer_latency", "roofline"),
)
"""How charts follow each other on a page; one that is not named here comes last."""

_NAMED_MAX = 4
"""More networks than these are counted in a title and not named."""


def compose(material: Material, *, title: str = "", charts: Sequence[str] = ()) -> Page:
    """The page of one network, or of several beside each other.

    Args:
        material: The networks that the page shows, and what is known of them.
        title: The title of the page; ``""``: the names of the networks.
        charts: The charts, by name; none: every one that fits.

    Raises:
        UnknownNameError: There is no such chart.
        DataError: A chart that was asked for by name cannot be drawn.
    """
    pictures = _chosen(charts, material) if charts else _fitting(material)
    one = material.subjects[0] if len(material.subjects) == 1 else None
    blocks = list(_of_one(one, pictures, material.measurements) if one else _of_several(material, pictures))
    blocks += chosen_sheets(material.choice)
    blocks += methods_blocks(material)
    without = say("Charts of time, roofline and batch sizes need measurements: 'archstat measure' makes them.")
    return Page(
        title or _title(material),
        tuple(blocks),
        _subtitle(one) if one else "",
        () if material.measurements or not material.subjects else (without,),
    )


def _chosen(names: Sequence[str], material: Material) -> list[Chart | Diagram]:
    """The charts of these names, each once."""
    kinds = {name: None if name == DIAGRAM else CHARTS.get(name) for name in dict.fromkeys(names)}
    for name, kind in kinds.items():
        if (kind is None or kind.of == "network") and not material.subjects:
            raise DataError(f"The chart {name!r} is one of a network, and none is counted here: name one.")
    found: list[Chart | Diagram] = []
    for kind in kinds.values():
        found += drawn(kind, material) if kind is not None else _diagrams(material)
    return found


def _diagrams(material: Material) -> list[Diagram]:
    """What feeds what in each network."""
    made = [
        diagram_of(subject.network, show=MACS.key, measurement=subject.layers_measured) for subject in material.subjects
    ]
    return [
        msgspec.structs.replace(each, title=say("What feeds what in {network}", network=each.title)) for each in made
    ]


def _fitting(material: Material) -> list[Chart | Diagram]:
    """Every chart that can be drawn; those of single networks where there is only one."""
    kinds = sorted(CHARTS.all().values(), key=_place)
    fitting = [kind for kind in kinds if kind.of == "networks" or len(material.subjects) == 1]
    found: list[Chart | Diagram] = [*drawable(fitting, material)]
    if len(material.subjects) == 1:
        with contextlib.suppress(DataError):  # of a saved cost nobody knows what feeds what
            found += _diagrams(material)
    return found


def drawable(kinds: Iterable[Kind], material: Material) -> list[Chart]:
    """The charts of these kinds, without those that show what is not there: nobody has asked for one by name."""
    found: list[Chart] = []
    for kind in kinds:
        with contextlib.suppress(DataError):
            found += drawn(kind, material)
    return found


def _place(kind: Kind) -> int:
    return _ORDER.index(kind.name) if kind.name in _ORDER else len(_ORDER)


def _title(material: Material) -> str:
    """The networks; if none is counted, those that were measured."""
    names = material.names or list(dict.fromkeys(each.architecture for each in material.measurements))
    if not names and material.choice.candidates:
        names = networks_of(material.choice.candidates)
    if len(names) > _NAMED_MAX:
        return say("{count} networks", count=units.exact(len(names)))
    return ", ".join(map(cut, display_names(names).values()))


def _subtitle(subject: Subject) -> str:
    """What one types, where the title prints another name, and the paper."""
    about = published_of(subject.network.cost)
    paper = about.paper if isinstance(about, Published) else subject.network.cost.paper
    typed = "" if display_name(subject.name) == subject.name else cut(subject.name)
    return " · ".join(filter(None, (typed, paper)))


def _of_one(
    subject: Subject, charts: Sequence[Chart | Diagram], measurements: Sequence[Measurement]
) -> Iterator[Block]:
    """The totals, the charts, the layers with their sums, and all measurements."""
    yield Tiles(tuple(_tiles(subject)))
    yield from charts
    yield Heading(say("Layer by layer"))
    yield layers_sheet(subject)
    if subject.measurement is not None and subject.measurement.layers is not None:
        yield Heading(say("As it ran"))
        yield measured_sheet(subject)
    yield from _measured(measurements)


def _tiles(subject: Subject) -> Iterator[tuple[str, str, str]]:
    cost = subject.network.cost
    peak = cut(cost.peak_layer) or say("the network itself")
    told = {
        PARAMETERS: units.exact(cost.parameters),
        MACS: units.exact(cost.macs),
        FLOPS: say("2 · MACs + {others}", others=units.compact(cost.other_flops)),
        ACTIVATION_BYTES: say("of all layers"),
        PEAK_ACTIVATION_BYTES: say("of activations at once, in {layer}", layer=peak),
    }
    for quantity, more in told.items():
        yield quantity.label, quantity.show(getattr(cost, quantity.key)), more
    measurement = subject.measurement
    if measurement is not None and measurement.latency is not None:
        refuse_another(subject.measured()[0].cost, measurement)
        conditions = measurement.conditions
        batch = say("batch {size}", size=conditions.batch_size)
        where = f"{cut(conditions.device_name)}, {conditions.precision}, {batch}"
        yield say("Latency"), units.seconds(measurement.latency.median_s), where


def _measured(measurements: Sequence[Measurement]) -> Iterator[Block]:
    """Every measurement, also what could not be run."""
    if measurements:
        yield Heading(say("Measured"))
        yield Sheet(say("Measurements"), measured_compare_table(measurements))


def chosen_sheets(choice: Choice) -> Iterator[Block]:
    """The networks of a store that no other one beats, and all of them."""
    if not choice.candidates:
        return
    ahead = pareto_front(choice.candidates, MACS.key, "top1_accuracy")
    if ahead:
        yield Heading(say("What no other network beats"))
        yield Sheet(say("Pareto front of MACs and top-1 accuracy"), candidates_table(ahead, choice))
    yield Heading(say("All networks of the store"))
    best_first = ordered(choice.candidates, "top1_accuracy" if ahead else MACS.key)
    yield Sheet(say("Networks of the store"), candidates_table(best_first, choice))


def methods_blocks(material: Material) -> Iterator[Block]:
    """How the numbers of a page came about; a saved cost does not say which programs counted it."""
    found = [
        Evidence(each.network.cost, Versions() if isinstance(each.network, Saved) else programs_of(each.name))
        for each in material.subjects
    ]
    counts = (*methods(found, _TOTALS), *stored_methods(material.choice, () if found else _TOTALS))
    paragraphs = (*counts, *measured_methods(material.measurements))
    if paragraphs:
        yield Heading(say("Methods"))
        yield Methods(paragraphs)


_TOTALS = (PARAMETERS, MACS, FLOPS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)


def layers_sheet(subject: Subject) -> Sheet:
    """The layers of a network with the sums behind each row."""
    name = say("Layers of {network}", network=subject.name)
    return Sheet(name, layer_table(subject.network.cost), sums_of(subject.network))


def sums_of(network: Network) -> tuple[tuple[Step, ...], ...]:
    """The sums behind each row of a network; none of a saved cost."""
    try:
        return tuple(tuple(map(retold_step, each.steps)) for each in network.explanations())
    except DataError:  # a saved cost has none
        return ()


def retold_step(step: Step) -> Step:
    """A sum in the language that is spoken."""
    return msgspec.structs.replace(step, quantity=retold(step.quantity), remark=retold(step.remark))


def measured_sheet(subject: Subject) -> Sheet:
    """The layers of a network beside their times.

    Raises:
        DataError: The network was not measured by layers.
    """
    network, measurement = subject.measured()
    table = measured_table(network.cost, network.traffic(), measurement, measurement.peaks)
    return Sheet(say("Measured layers of {network}", network=subject.name), table)


def _of_several(material: Material, charts: Sequence[Chart | Diagram]) -> Iterator[Block]:
    """The charts, the totals of each network, and the layers of two side by side."""
    yield from charts
    costs = [subject.network.cost for subject in material.subjects]
    if costs:
        yield Heading(say("Totals"))
        yield Sheet(say("Totals"), compare_table(costs))
    yield from _measured(material.measurements)
    if len(costs) == 2:
        yield Heading(say("Layer by layer"))
        yield Sheet(say("Layers side by side"), diff_table(*costs))
