"""How accurate the networks are that one source evaluated alike: ``published/accuracies.toml``, validated.

Needs no torch. Accuracies compare within an evaluation only; what each paper prints of its own network, under its own
protocol, is in :mod:`archstat.published.figures`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

import msgspec

from archstat.errors import UnknownNameError
from archstat.published.data_files import data_file, entries

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


def evaluation_named(key: str) -> Evaluation:
    """The evaluation of that key.

    Raises:
        UnknownNameError: There is none.
    """
    known = evaluations()
    if key not in known:
        raise UnknownNameError.of("evaluation", key, known, f"The evaluations are {', '.join(known)}.")
    return known[key]


def best_for(names: Iterable[str]) -> Evaluation | None:
    """The evaluation that covers most of these architectures, the first in the file if several do; or none.

    >>> best_for(["alexnet", "googlenet", "vgg16"]).key
    'canziani2016'
    """
    wanted = set(names)
    best = max(evaluations().values(), key=lambda each: len(wanted & each.top1.keys()), default=None)
    return best if best is not None and wanted & best.top1.keys() else None
