"""Which accuracy each network of a page has, and whose it is; nothing is drawn here."""

from __future__ import annotations

import msgspec

from archstat import units
from archstat.language import say
from archstat.published.accuracies import Evaluation, best_for, evaluated_as, evaluation_named
from archstat.published.figures import counted
from archstat.report.material import Material, Subject
from archstat.tables.quantities import ACTIVATION_BYTES, MACS, PARAMETERS


class Rated(msgspec.Struct, frozen=True):
    """A network whose accuracy is known.

    Attributes:
        subject: The network.
        top1: Percent right.
        top5: Percent with the right one among five; ``None``: the source has none.
        note: In which respect another network was evaluated.
        source: Who says so, where it is not the evaluation.
        twin: The network that was evaluated in its place; ``""``: it was itself.
        label: What the network is called in a chart.
    """

    subject: Subject
    top1: float
    top5: float | None
    note: str = ""
    source: str = ""
    twin: str = ""
    label: str = ""

    @property
    def name(self) -> str:
        """The name of the network."""
        return self.subject.name

    @property
    def batch(self) -> int:
        """How many inputs it was counted for."""
        return batch_of(self.subject)

    def amount(self, quantity: str) -> float:
        """A quantity of the network for one input, by its name in the cost; parameters do not grow with the batch."""
        whole: int = getattr(self.subject.network.cost, quantity)
        return whole if quantity == "parameters" else whole / self.batch

    def lines(self) -> list[tuple[str, str]]:
        """The accuracies of the network, and what was counted of it, for one input."""
        cost = self.subject.network.cost
        top5 = [] if self.top5 is None else [(say("Top-5 accuracy"), units.amount(self.top5, "%"))]
        return [
            (say("Top-1 accuracy"), units.amount(self.top1, "%")),
            *top5,
            (MACS.label, units.compact(round(self.amount("macs")))),
            (PARAMETERS.label, units.compact(cost.parameters)),
            (ACTIVATION_BYTES.label, units.data_size(round(self.amount("activation_bytes")))),
        ]


def evaluation_of(material: Material) -> Evaluation | None:
    """The source that was asked for, else the one that has most of the networks; ``None``: none has any.

    Raises:
        UnknownNameError: No source of that name is known.
    """
    return evaluation_named(material.evaluation) if material.evaluation else best_for(material.names)


def unrated(material: Material) -> list[str]:
    """The networks that have no accuracy."""
    evaluation = evaluation_of(material)
    return [each.name for each in material.subjects if rated_as(each, evaluation, material) is None]


def rated_as(subject: Subject, evaluation: Evaluation | None, material: Material) -> Rated | None:
    """The accuracy of a network: a user's, that of the source, or that of its twin where the twin is not drawn."""
    name, cost = subject.name, subject.network.cost
    own = material.accuracies.of(name, cost.input_shapes)
    if own is not None:
        return Rated(subject, own.top1, own.top5, source=own.source)
    if evaluation is None or not _is_as_evaluated(subject):
        return None
    if name in evaluation.top1:
        return Rated(subject, evaluation.top1[name], evaluation.top5.get(name), evaluation.notes.get(name, ""))
    twin = evaluated_as(name)
    if twin not in evaluation.top1 or twin in material.names:
        return None
    note = say("It is that of {twin}: nobody evaluated {network} alike.", twin=twin, network=name)
    return Rated(subject, evaluation.top1[twin], evaluation.top5.get(twin), note, twin=twin)


def _is_as_evaluated(subject: Subject) -> bool:
    """On an input of another size it costs another amount, and is as accurate as nobody has measured."""
    cost, own = subject.network.cost, counted().get(subject.name)
    return own is not None and (cost.parameters, cost.macs) == (own.parameters, own.macs * batch_of(subject))


def batch_of(subject: Subject) -> int:
    """How many inputs a network was counted for."""
    shapes = subject.network.cost.input_shapes
    return shapes[0][0] if shapes and shapes[0] else 1
