"""How accurate the networks are that one source evaluated alike: ``published/accuracies.toml``, validated.

Needs no torch. Accuracies compare within an evaluation only; what each paper prints of its own network, under its own
protocol, is in :mod:`archstat.published.figures`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

import msgspec

from archstat.errors import UnknownNameError
from archstat.language import recorded
from archstat.published.data_files import data_file, entries
from archstat.published.figures import published
from archstat.published.protocols import error_under, protocol_for, protocols_of

ACCURACIES_FILE = "accuracies.toml"


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The accuracies of several networks, by one source under one protocol.

    Attributes:
        key: The name of the evaluation in the file: ``"canziani2016"``.
        title: The paper or the page.
        source: Authors, year, and where in it the values stand.
        link: Where to read the paper or the page.
        protocol: The data, the crops and the number of networks.
        precision: How far a value can be from what was measured.
        top1: Percent right, by the name of the architecture of ours whose structure was evaluated.
        top5: Percent with the right one among five, of the same networks or fewer.
        notes: In which respect what was evaluated is not our architecture.
    """

    key: str
    title: str
    source: str
    link: str
    protocol: str
    precision: str
    top1: Mapping[str, float]
    top5: Mapping[str, float] = {}
    notes: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse what is no percentage, five guesses that are right less often than one, and notes on nothing."""
        for name, value in (*self.top1.items(), *self.top5.items()):
            if not 0 < value < 100:
                raise ValueError(f"{value:g} of {name} is no accuracy in percent")
        for name in (*self.top5, *self.notes):
            if name not in self.top1:
                raise ValueError(f"{name} has no top-1 accuracy")
        for name, value in self.top5.items():
            if value <= self.top1[name]:
                raise ValueError(f"the top-5 accuracy of {name} is {value:g}, no more than its top-1 accuracy")


@functools.cache
def evaluations() -> dict[str, Evaluation]:
    """Every evaluation by its key, in the order of the file.

    Raises:
        DataError: The file does not hold together.
    """
    return entries(data_file(ACCURACIES_FILE), ACCURACIES_FILE, Evaluation, named="key")


def published_by(protocol: str, names: Iterable[str] | None = None) -> Evaluation:
    """The errors that papers print of their networks by one protocol, as accuracies.

    Each is of another training, so that they compare less than those of one source; of several errors of a network
    the first that is listed counts.

    Args:
        protocol: The protocol: ``"ImageNet val, 1-crop"``.
        names: Of which architectures; ``None``: of all.
    """
    wanted = published() if names is None else {name: published()[name] for name in names if name in published()}
    errors = {name: error_under(about, protocol) for name, about in wanted.items()}
    top1 = {name: error.top1 for name, error in errors.items() if error is not None and error.top1 is not None}
    top5 = {name: error.top5 for name, error in errors.items() if error is not None and error.top5 is not None}
    return Evaluation(
        key=protocol,
        title="Errors as papers print them",
        source=recorded(
            "each network's own paper or a later one, every one trained by itself ('archstat compare' lists them)"
        ),
        link="",
        protocol=protocol,
        precision=recorded("as printed"),
        top1={name: round(100 - error, 3) for name, error in top1.items()},
        top5={name: round(100 - top5[name], 3) for name in top1 if name in top5},
    )


_SHOWN_MIN = 2
"""Fewer networks are no comparison."""


def evaluation_named(key: str) -> Evaluation:
    """The evaluation of that key, or the errors that were published by a protocol of that name.

    Raises:
        UnknownNameError: There is none.
    """
    known = evaluations()
    if key in known:
        return known[key]
    if key in protocols_of(published().values()):
        return published_by(key)
    told = f"The evaluations are {', '.join(known)}, and protocols of published errors, as 'ImageNet val, 1-crop'."
    raise UnknownNameError.of("evaluation", key, known, told)


def best_for(names: Iterable[str]) -> Evaluation | None:
    """The evaluation that covers most of these architectures, the first in the file if several do; or none.

    An architecture whose twin was evaluated counts too, where the evaluation has two of them by their own names. Where
    no evaluation has two, but two have errors published by one protocol, it is those.

    >>> best_for(["alexnet", "googlenet", "vgg16"]).key
    'canziani2016'
    """
    wanted = set(names)
    fitting = [each for each in evaluations().values() if len(wanted & each.top1.keys()) >= _SHOWN_MIN]
    if fitting:
        covered = wanted | {evaluated_as(name) for name in wanted}
        return max(fitting, key=lambda each: len(covered & each.top1.keys()))
    printed = _most_printed(wanted)
    if printed is not None and len(printed.top1) >= _SHOWN_MIN:
        return printed
    return next((each for each in evaluations().values() if wanted & each.top1.keys()), None)


def evaluated_as(name: str) -> str:
    """The architecture of ours that goes by the same name elsewhere; ``""``: none."""
    about = published().get(name)
    return about.twin if about is not None else ""


def _most_printed(wanted: set[str]) -> Evaluation | None:
    """The errors by the protocol that most of these networks share."""
    protocol = protocol_for([about for name, about in published().items() if name in wanted])
    return published_by(protocol, wanted) if protocol else None
