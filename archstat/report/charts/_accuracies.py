"""Networks with their accuracies, all of them from one source."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.published.accuracies import Evaluation, best_for, evaluation_named
from archstat.published.figures import counted, published
from archstat.published.names import display_name
from archstat.report.charts._names import shown_names
from archstat.report.drawing import captions, theme
from archstat.report.material import Material, Subject, one_input


class Rated(msgspec.Struct, frozen=True):
    """A network whose accuracy the source has.

    Attributes:
        subject: The network.
        label: What the network is called in the chart.
        top1: Percent right.
        top5: Percent with the right one among five; ``None``: the source has none.
        note: In which respect another network was evaluated.
    """

    subject: Subject
    label: str
    top1: float
    top5: float | None
    note: str

    @property
    def name(self) -> str:
        """The name of the network, as one types it."""
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
        top5 = [] if self.top5 is None else [("Top-5 accuracy", units.amount(self.top5, "%"))]
        return [
            ("Top-1 accuracy", units.amount(self.top1, "%")),
            *top5,
            ("MACs", units.compact(round(self.amount("macs")))),
            ("Parameters", units.compact(cost.parameters)),
            ("Activation memory", units.data_size(round(self.amount("activation_bytes")))),
        ]


class Ratings(msgspec.Struct, frozen=True):
    """The networks of a page that one source rates.

    Attributes:
        evaluation: The source.
        rated: The networks that the source rates.
        without: The networks that the source does not rate, each with a hint in brackets where there is one.
    """

    evaluation: Evaluation
    rated: tuple[Rated, ...]
    without: tuple[str, ...]

    def source_of(self, each: Rated) -> str:
        """Where the accuracies come from, for a hover."""
        source = f"Accuracy: {self.evaluation.source}; {self.evaluation.protocol}; {self.evaluation.precision}."
        return f"{source} {each.note}".strip()

    def caption(self) -> str:
        """Where the accuracies come from, and who has none."""
        each = self.evaluation
        link = f" ({each.link})" if each.link else ""
        source = f"Accuracy: {each.source}; {each.protocol}; {each.precision}{link}."
        return f"{source} It has none of: {captions.some(self.without)}." if self.without else source

    def inputs(self) -> str:
        """What the networks were counted for: the shape that most have, and the others."""
        shapes = captions.inputs((each.label, _shape(each.subject)) for each in self.rated)
        dtypes = " and ".join(dict.fromkeys(each.subject.network.cost.dtype for each in self.rated))
        return f"Counted for one input of {shapes}, {dtypes}."


def ratings(material: Material, least: int = 2) -> Ratings:
    """The networks of a page with their accuracies from the source that was asked for, else from the one with most.

    Raises:
        UnknownNameError: No source of that name is known.
        DataError: The source rates too few of the networks.
    """
    names = material.names
    evaluation = evaluation_named(material.evaluation) if material.evaluation else best_for(names)
    if evaluation is None:
        raise DataError(
            f"No source that archstat knows has accuracies of {captions.some(names) or 'no network at all'}."
        )
    fits = [subject for subject in material.subjects if subject.name in evaluation.top1 and _is_as_evaluated(subject)]
    unrated = [each.name for each in material.subjects if each not in fits]
    if len(fits) < least:
        typed = [_hinted(name, evaluation, {}) for name in unrated]
        missing = f" and none of {captions.some(typed)}" if typed else ""
        raise DataError(
            f"{evaluation.source}, has accuracies of {len(fits)} of these networks{missing}; {least} are needed."
        )
    shown = shown_names(names)
    rated = tuple(_rated(evaluation, subject, shown[subject.name]) for subject in fits)
    twins = {name: display_name(name) for name in evaluation.top1}
    return Ratings(evaluation, rated, tuple(_hinted(name, evaluation, {**twins, **shown}) for name in unrated))


def _rated(evaluation: Evaluation, subject: Subject, label: str) -> Rated:
    name = subject.name
    return Rated(subject, label, evaluation.top1[name], evaluation.top5.get(name), evaluation.notes.get(name, ""))


def _is_as_evaluated(subject: Subject) -> bool:
    """On an input of another size it costs another amount, and is as accurate as nobody has measured."""
    cost, own = subject.network.cost, counted().get(subject.name)
    return own is not None and (cost.parameters, cost.macs) == (own.parameters, own.macs * batch_of(subject))


def batch_of(subject: Subject) -> int:
    """How many inputs a network was counted for."""
    shapes = subject.network.cost.input_shapes
    return shapes[0][0] if shapes and shapes[0] else 1


def _hinted(name: str, evaluation: Evaluation, names: Mapping[str, str]) -> str:
    """A network without an accuracy, and why; what it has no other name for is called as one types it."""
    label = names.get(name, name)
    if name in evaluation.top1:
        return f"{label} (counted on an input of another size)"
    about = published().get(name)
    twin = about.twin if about is not None else ""
    return f"{label} (but of {names.get(twin, twin)})" if twin in evaluation.top1 else theme.cut(label)


def _shape(subject: Subject) -> str:
    return units.shapes((1, *shape) for shape in one_input(subject.network.cost))
