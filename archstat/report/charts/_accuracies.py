"""Networks with their accuracies as charts tell of them: whose they are, and who has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.language import listed, recorded, retold, say
from archstat.published.accuracies import Evaluation, evaluated_as
from archstat.published.names import display_name
from archstat.report.charts._names import shown_names
from archstat.report.drawing import captions, theme
from archstat.report.material import Material, Subject, one_input
from archstat.report.rated import Rated, evaluation_of, rated_as


class Ratings(msgspec.Struct, frozen=True):
    """The networks of a page that one source rates, and those whose accuracy a user knows.

    Attributes:
        evaluation: The source; ``None``: all accuracies are a user's.
        rated: The networks that have an accuracy.
        without: The networks that have none, each with a hint in brackets where there is one.
    """

    evaluation: Evaluation | None
    rated: tuple[Rated, ...]
    without: tuple[str, ...]

    @property
    def counts_operations(self) -> bool:
        """Whether the source has a chart of its own, which counts two operations for each MAC."""
        return self.evaluation is not None and self.evaluation.key == "canziani2016"

    def source_of(self, each: Rated) -> str:
        """Where the accuracies come from, for a hover."""
        if each.source or self.evaluation is None:
            return say("Accuracy: {source}.", source=each.source)
        told = say("Accuracy: {source}.", source=_evaluated(self.evaluation))
        return f"{told} {each.note}".strip()

    def caption(self) -> str:
        """Where the accuracies come from, and who has none."""
        told = [*self._told_evaluation(), *self._told_twins(), *self._told_own()]
        if self.without:
            names = captions.some(self.without)
            told.append(
                say("No accuracy is known of: {networks}.", networks=names)
                if self.evaluation is None
                else say("It has none of: {networks}.", networks=names)
            )
        return " ".join(told)

    def _told_evaluation(self) -> Iterator[str]:
        if self.evaluation is not None and any(not each.source for each in self.rated):
            link = f" ({self.evaluation.link})" if self.evaluation.link else ""
            yield say("Accuracy: {source}.", source=f"{_evaluated(self.evaluation)}{link}")

    def _told_twins(self) -> Iterator[str]:
        twins = [
            say("{network} (that of {twin})", network=theme.cut(each.label), twin=display_name(each.twin))
            for each in self.rated
            if each.twin
        ]
        if twins:
            yield say(
                "With the accuracy of what goes by the same name elsewhere, dashed: {networks}.",
                networks=captions.some(twins),
            )

    def _told_own(self) -> Iterator[str]:
        """Whose accuracies a user knows, and that they compare only as far as they were found alike."""
        sources: dict[str, list[str]] = {}
        for each in self.rated:
            if each.source:
                sources.setdefault(each.source, []).append(each.label)
        for source, names in sources.items():
            yield say("Accuracy of {networks}: {source}.", networks=captions.some(names), source=source)
        if sources and len(sources) + any(not each.source for each in self.rated) > 1:
            yield say("Accuracies from several sources compare as far as they were found alike.")

    def inputs(self) -> str:
        """What the networks were counted for: the shape that most have, and the others."""
        shapes = captions.inputs((each.label, _shape(each.subject)) for each in self.rated)
        dtypes = listed(dict.fromkeys(each.subject.network.cost.dtype for each in self.rated))
        return say("Counted for one input of {shapes}, {dtypes}.", shapes=shapes, dtypes=dtypes)


def _evaluated(each: Evaluation) -> str:
    """What an evaluation is: its source, its protocol, and how far its values can be off."""
    return "; ".join(map(retold, (each.source, each.protocol, each.precision)))


_PROTOCOLS = (
    recorded("ImageNet validation, one network, one center crop of the size used in training"),
    recorded("ImageNet validation, one network, one center crop"),
    recorded("ImageNet validation, top-1, one network, one center crop"),
)
_PRECISIONS = (
    recorded("as printed, to a thousandth of a percentage point"),
    recorded("as printed, to a hundredth of a percentage point"),
    recorded("read off the chart by others, ±1 percentage point"),
)
"""What ``published/accuracies.toml`` says of its evaluations."""


def ratings(material: Material, least: int = 2) -> Ratings:
    """The networks of a page with their accuracies: what a user knows, else what one source says.

    The source is the one that was asked for, else the one that has most of the networks.

    Raises:
        UnknownNameError: No source of that name is known.
        DataError: Too few of the networks have an accuracy.
    """
    names, evaluation = material.names, evaluation_of(material)
    found = [(subject, rated_as(subject, evaluation, material)) for subject in material.subjects]
    rated = tuple(each for _, each in found if each is not None)
    if evaluation is None and not rated:
        raise DataError(
            f"No source that archstat knows has accuracies of {captions.some(names) or 'no network at all'}."
        )
    unrated = [subject.name for subject, each in found if each is None]
    if len(rated) < least:
        typed = [_hinted(name, evaluation, {}) for name in unrated]
        missing = f" and none of {captions.some(typed)}" if typed else ""
        source = "What is given here" if evaluation is None else f"{evaluation.source},"
        raise DataError(f"{source} has accuracies of {len(rated)} of these networks{missing}; {least} are needed.")
    shown = shown_names(names)
    rated = tuple(msgspec.structs.replace(each, label=shown[each.name]) for each in rated)
    twins = {} if evaluation is None else {name: display_name(name) for name in evaluation.top1}
    return Ratings(evaluation, rated, tuple(_hinted(name, evaluation, {**twins, **shown}) for name in unrated))


def _hinted(name: str, evaluation: Evaluation | None, names: Mapping[str, str]) -> str:
    """A network without an accuracy, and why; what it has no other name for is called as one types it."""
    label = names.get(name, name)
    if evaluation is None:
        return theme.cut(label)
    if name in evaluation.top1:
        return say("{network} (counted on an input of another size)", network=label)
    twin = evaluated_as(name)
    if twin not in evaluation.top1:
        return theme.cut(label)
    return say("{network} (but of {twin})", network=label, twin=names.get(twin, twin))


def _shape(subject: Subject) -> str:
    return units.shapes((1, *shape) for shape in one_input(subject.network.cost))
