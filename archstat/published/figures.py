"""What was published of each architecture: ``published/figures.toml``, validated, and our own counts beside it.

Needs no torch, so ``archstat list`` answers at once. Our counts (``published/counted.json``) are written by
``make counts`` and compared with fresh ones in the tests.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from archstat.errors import DataError, UnknownNameError, quoted
from archstat.published.data_files import data_file, entries
from archstat.records import ModelCost, Shape
from archstat.registry import parse_call
from archstat.units import parse

FIGURES_FILE = "figures.toml"

FigureConvention = Literal[
    "all", "weights", "all+running", "conv+linear", "conv", "conv+linear+add", "conv+linear+norm"
]
FigureVerdict = Literal["exact", "rounds", "truncated", "differs"]


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure as it was printed.

    Attributes:
        printed: The digits and the prefix of the figure: ``"3.8e9"``.
        convention: What the figure counts. Of parameters ``"all"``, ``"weights"`` (no biases, no normalization) or
            ``"all+running"`` (with the running means and variances of batch normalization); of MACs ``"conv+linear"``,
            ``"conv"``, ``"conv+linear+add"`` (with one for each element of a residual addition) or
            ``"conv+linear+norm"`` (with one for each element that is normalized or has a bias).
        source: Where the figure stands.
        verdict: What our count says of it.
        why: Why the figure is not our count rounded; needed where it is not.
    """

    printed: str
    convention: FigureConvention
    source: str
    verdict: FigureVerdict
    why: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no number, or differs without a reason."""
        try:
            parse(self.printed)
        except DataError as error:
            raise ValueError(str(error).rstrip(".")) from error
        if self.verdict in ("truncated", "differs") and not self.why:
            raise ValueError(f"{self.printed} is {self.verdict}: say why")

    def __str__(self) -> str:
        """The figure as it is printed."""
        return self.printed


class ErrorRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measured error.

    Attributes:
        protocol: The data, the crops and the number of networks.
        source: Where the error stands.
        top1: Percent wrong.
        top5: Percent without the right one among five.
    """

    protocol: str
    source: str
    top1: float | None = None
    top5: float | None = None


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An architecture with other arguments, or on another resolution, that figures were published of.

    Attributes:
        call: How a user names it: ``"mobilenet_v1(width=0.5)"``.
        resolution: Height and width of its input, if they are others.
        parameters: The number of parameters.
        macs: The multiply-accumulates.
        errors: The error rates.
    """

    call: str
    resolution: int | None = None
    parameters: Figure | None = None
    macs: Figure | None = None
    errors: tuple[ErrorRate, ...] = ()


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One architecture as its paper describes it.

    Attributes:
        display: The name of the architecture as the paper prints it: ``"ResNet-50"``. No two have the same.
        title: The paper.
        authors: The surnames of the authors.
        year: The year of the paper.
        link: Where to read the paper.
        where: The table or figure that gives the structure.
        task: What the network does, on which data.
        note: What differs from the paper, or from what a reader expects.
        twin: The architecture of ours that goes by the same name elsewhere, or ``""``; the note says how it differs.
        parameters: The number of parameters.
        macs: The multiply-accumulates.
        errors: The error rates.
        variants: What was published of it with other arguments or on another resolution.
    """

    display: str
    title: str
    authors: str
    year: int
    link: str
    where: str
    task: str
    note: str = ""
    twin: str = ""
    parameters: Figure | None = None
    macs: Figure | None = None
    errors: tuple[ErrorRate, ...] = ()
    variants: tuple[Variant, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a name that cannot be read on a label."""
        if not (self.display.strip() == self.display and self.display.isprintable() and 0 < len(self.display) <= 28):
            raise ValueError(f"{self.display!r} is no name of 1 to 28 characters: labels cut longer ones")

    @property
    def paper(self) -> str:
        """Where the structure stands, in one line."""
        return f"{self.authors}: {self.title} ({self.year}), {self.where}. {self.link}"


class ListedArchitecture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What we know of one architecture without torch.

    Attributes:
        family: The name of its file.
        input_shape: The shape of one input without the batch dimension.
        arguments: The arguments that can be varied, with the defaults: ``"classes=1000, reduction=16"``.
        parameters: Our count.
        macs: Our count for one such input.
    """

    family: str
    input_shape: Shape
    arguments: str
    parameters: int
    macs: int


@functools.cache
def published() -> dict[str, Published]:
    """Every architecture by name, in the order of the file.

    Raises:
        DataError: The file does not hold together.
    """
    found = entries(data_file(FIGURES_FILE), FIGURES_FILE, Published)
    refuse_same_names(found)
    return found


def refuse_same_names(found: Mapping[str, Published]) -> None:
    """Refuse two architectures of one printed name: a chart could not tell them apart.

    Raises:
        DataError: Two have the same.
    """
    names: dict[str, str] = {}
    for name, about in found.items():
        other = names.setdefault(about.display.casefold(), name)
        if other != name:
            raise DataError(f"{FIGURES_FILE} calls both {quoted(other)} and {quoted(name)} {about.display!r}.")


@functools.cache
def counted() -> dict[str, ListedArchitecture]:
    """Our totals by name."""
    return msgspec.json.decode(data_file("counted.json"), type=dict[str, ListedArchitecture])


def published_of(cost: ModelCost) -> Published | Variant | None:
    """What was published of exactly the network that was counted, on one input of exactly that size."""
    name, _, arguments = parse_call(cost.architecture)
    about, own = published().get(name), counted().get(name)
    if about is None or own is None:
        return None
    if (cost.parameters, cost.macs) == (own.parameters, own.macs):
        return about
    return next((variant for variant in about.variants if _fits(variant, own, arguments, cost)), None)


def _fits(variant: Variant, own: ListedArchitecture, arguments: dict[str, Any], cost: ModelCost) -> bool:
    *first, height, width = own.input_shape
    sizes = (height, width) if variant.resolution is None else (variant.resolution,) * 2
    return parse_call(variant.call)[2] == arguments and cost.input_shapes == ((1, *first, *sizes),)


def select(pattern: str = "", *, years: tuple[int, int] | None = None, task: str = "") -> list[str]:
    """The names of architectures, in the order of the file.

    Args:
        pattern: With ``*``, ``?`` or ``[``: what the whole name looks like. Else how a word of the name, as it is
            typed or printed, of the family, the title, the authors or the task begins.
        years: The first and the last year.
        task: Part of the task.
    """
    return [
        name
        for name, about in published().items()
        if _matches(name, about, pattern.lower())
        and (years is None or years[0] <= about.year <= years[1])
        and task.lower() in about.task.lower()
    ]


def is_glob(pattern: str) -> bool:
    """Whether a text describes names and is none itself."""
    return any(character in pattern for character in "*?[")


def _matches(name: str, about: Published, pattern: str) -> bool:
    """Whether a word of what is known begins so: ``lenet`` is no part of GoogLeNet, nor ``senet`` of DenseNet."""
    if is_glob(pattern):
        return fnmatch.fnmatchcase(name, pattern)
    told = f"{name} {about.display} {counted()[name].family} {about.title} {about.authors} {about.task}".lower()
    return re.search(rf"(?<![^\W_\d]){re.escape(pattern)}", told) is not None


def expand(names: Iterable[str]) -> list[str]:
    """Names, with those that describe several architectures replaced by them; each architecture comes once.

    Raises:
        UnknownNameError: A description fits none.
    """
    found: dict[str, None] = {}
    for name in names:
        is_description = is_glob(name) and not any(mark in name for mark in "(:/.")
        fitting = select(name) if is_description else [name]
        if not fitting:
            raise UnknownNameError(f"No architecture is named like {quoted(name)}. 'archstat list' shows every name.")
        found.update(dict.fromkeys(fitting))
    return list(found)
