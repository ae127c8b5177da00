"""Whose accuracies: those of one evaluation or of a file, and what a user states of networks of their own.

A file is CSV with a column of names (``model``, ``network`` or ``name``) and one of accuracies in percent (``top1``,
perhaps ``top5``), as timm's own ``results-imagenet.csv`` is. Where it says the size of the image (``img_size``), a
network that was counted on another one has no accuracy; ``source`` says where a row comes from.

Accuracies of two evaluations compare only as far as both were made alike, which nobody but the user can know: what is
drawn says which accuracy is whose.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from archstat.errors import DataError, UnknownNameError, quoted
from archstat.files.text import named_up_to, text_of
from archstat.language import recorded
from archstat.published.accuracies import Evaluation, best_for, evaluation_named
from archstat.published.figures import counted

_NAMES = ("network", "model", "name")
_TIMM = "timm:"
_SPELLINGS = ("timm/", "hf-hub:timm/")


class Rating(msgspec.Struct, frozen=True):
    """How accurate one network is.

    Attributes:
        top1: Percent right.
        top5: Percent with the right one among five; ``None``: not told.
        size: The side of the image that it was evaluated on; ``None``: not told.
        weights: Which of several sets of trained weights was evaluated: ``"a1_in1k"``; ``""``: the name says it.
        source: Where this one accuracy comes from; ``""``: from an evaluation, as all of its accuracies.
    """

    top1: float
    top5: float | None = None
    size: int | None = None
    weights: str = ""
    source: str = ""


class RatedBy(msgspec.Struct, frozen=True):
    """One source of accuracies.

    Attributes:
        source: Who evaluated, in a sentence; ``""``: nobody.
        ratings: Accuracies by the name of the network, of every size and of all weights that the source has.
    """

    source: str = ""
    ratings: Mapping[str, tuple[Rating, ...]] = {}

    def of(self, network: str, shapes: Sequence[Sequence[int]]) -> Rating | None:
        """The rating of a network that was counted on an input; ``None``: the source has none of it.

        A name without a tag (``timm:resnet50``) is that of a structure: of the weights that the source has of it
        (``resnet50.a1_in1k``), those are taken that are right most often.
        """
        sides = {side for shape in shapes[:1] for side in shape[-2:]} if shapes else set()
        found = [
            each for each in self.ratings.get(_named(network), ()) if each.size is None or sides in ({each.size}, set())
        ]
        return max(found, key=lambda each: each.top1, default=None)


NO_RATINGS = RatedBy()


def together(several: Sequence[RatedBy]) -> RatedBy:
    """Several sources as one: of a network that two of them rate, the first one counts."""
    ratings: dict[str, tuple[Rating, ...]] = {}
    for each in several:
        ratings = {**each.ratings, **ratings}
    return RatedBy(" ".join(filter(None, dict.fromkeys(each.source for each in several))), ratings)


def _named(network: str) -> str:
    """A name as ratings have it: a library's network is another one than ours of the same name."""
    prefix = next((each for each in _SPELLINGS if network.startswith(each)), "")
    return f"{_TIMM}{network[len(prefix) :]}" if prefix else network


def of_evaluation(key: str, names: Iterable[str]) -> RatedBy:
    """The accuracies of one evaluation.

    Args:
        key: The name of the evaluation; ``""``: the one that has most of the networks.
        names: The networks.

    Raises:
        UnknownNameError: There is no such evaluation.
    """
    evaluation = evaluation_named(key) if key else best_for(names)
    return NO_RATINGS if evaluation is None else RatedBy(_source(evaluation), _ratings(evaluation))


def _source(evaluation: Evaluation) -> str:
    told = f"{evaluation.source}; {evaluation.protocol}; {evaluation.precision}"
    if not evaluation.link:
        return recorded("Accuracy: {source}.", source=told)
    return recorded("Accuracy: {source} ({link}).", source=told, link=evaluation.link)


def _ratings(evaluation: Evaluation) -> dict[str, tuple[Rating, ...]]:
    """The accuracies of an evaluation, each of the input that its network is made for and of no other."""
    own = counted()
    return {
        name: (Rating(top1, evaluation.top5.get(name), own[name].input_shape[-1] if name in own else None),)
        for name, top1 in evaluation.top1.items()
    }


_STATED = re.compile(
    r"(?P<name>(?:[^=()]|\((?:[^()]|\([^()]*\))*\))+)"  # the arguments of a network have their own '='
    r"=(?P<top1>[^=/,]*)(?:/(?P<top5>[^=/,]*))?(?:,(?P<source>.*))?",
    re.DOTALL,
)


def is_stated(text: str) -> bool:
    """Whether a text states the accuracy of a network, as ``my=76.4`` does, and is no name of a file."""
    return _STATED.fullmatch(text) is not None and not Path(text).is_file()


def stated(text: str, names: Sequence[str]) -> RatedBy:
    """The accuracy that a user states of a network: ``my=76.4``, ``my=76.4/93.1`` or ``my=76.4,my thesis``.

    Args:
        text: The name, the percents right (the first guess, five guesses), and where they come from.
        names: The networks that can be meant. A part of a name that no other one ends with is enough: ``Net`` for
            ``./net.py:Net``.

    Raises:
        UnknownNameError: No network has that name.
        DataError: A number is no percentage.
    """
    found = _STATED.fullmatch(text)
    if found is None:
        raise DataError(f"{quoted(text)} states no accuracy: write NAME=PERCENT, as 'my=76.4'.")
    name = _meant(found["name"].strip(), names)
    place = f"The accuracy of {name}"
    top1, top5 = _percent(found["top1"], place), _percent(found["top5"], place)
    if top1 is None:
        raise DataError(f"{place} is missing: write NAME=PERCENT, as 'my=76.4'.")
    if top5 is not None and top5 < top1:
        raise DataError(f"{place}: five guesses ({top5:g} %) are not right less often than one ({top1:g} %).")
    source = (found["source"] or "").strip() or "as stated by hand"
    return RatedBy(f"Accuracy of {name}: {source}.", {_named(name): (Rating(top1, top5, source=source),)})


def of_values(top1: Mapping[str, float], names: Sequence[str]) -> RatedBy:
    """Accuracies by the names of networks, in percent, as a program hands them over.

    Raises:
        UnknownNameError: No network has such a name.
        DataError: A number is no percentage.
    """
    ratings: dict[str, tuple[Rating, ...]] = {}
    for wanted, value in top1.items():
        name = _meant(wanted, names)
        percent = _percent(str(value), f"The accuracy of {name}")
        ratings[_named(name)] = (Rating(percent or 0.0, source="as stated by hand"),)
    return RatedBy("", ratings)


def _meant(wanted: str, names: Sequence[str]) -> str:
    """The network that a user means."""
    if wanted in names:
        return wanted
    ends = [name for name in dict.fromkeys(names) if re.split(r"[:/]", name)[-1] == wanted]
    if len(ends) != 1:
        told = f"The networks are {named_up_to(list(dict.fromkeys(names)), _NAMED_MAX)}." if names else ""
        raise UnknownNameError.of("network with an accuracy to state", wanted, names, told)
    return ends[0]


_NAMED_MAX = 8


def of_file(path: Path) -> RatedBy:
    """The accuracies in a file.

    Raises:
        DataError: The file cannot be read, has no such columns, or a value that is no percentage.
    """
    reader = csv.DictReader(io.StringIO(text_of(path)))
    fields = [field for field in reader.fieldnames or () if field]
    named = next((field for field in _NAMES if field in fields), None)
    if named is None or "top1" not in fields:
        has = ", ".join(fields[:8]) or "none"
        raise DataError(f"{path} has no accuracies: it needs the columns 'network' and 'top1', and has {has}.")
    exact: dict[str, list[Rating]] = {}
    untagged: dict[str, list[Rating]] = {}
    for line, row in enumerate(_rows(reader, path), 2):
        rating = _rating(row, f"{path}:{line}", path.name)
        name = _named((row[named] or "").strip())
        in_timm = name if name.startswith(_TIMM) else f"{_TIMM}{name}"  # whose own tables leave the library out
        for each in dict.fromkeys((name, in_timm)):
            exact.setdefault(each, []).append(rating)
        structure, _, weights = in_timm.partition(".")
        if weights:
            untagged.setdefault(structure, []).append(msgspec.structs.replace(rating, weights=weights))
    if exact and all(each.top1 <= 1 for rated in exact.values() for each in rated):
        raise DataError(f"{path} has no accuracies in percent: no 'top1' in it is more than 1.")
    ratings = {**untagged, **exact}  # what is named exactly is sure
    best = " Of several weights of a network the most accurate count." if untagged else ""
    return RatedBy(f"Accuracy: {path.name}.{best}", {name: tuple(each) for name, each in ratings.items()})


def _rows(reader: csv.DictReader[str], path: Path) -> Iterator[dict[str, str | None]]:
    try:
        yield from reader
    except csv.Error as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


def _rating(row: Mapping[str, str | None], place: str, source: str) -> Rating:
    top1 = _percent(row.get("top1"), place)
    if top1 is None:
        raise DataError(f"{place}: there is no accuracy 'top1'.")
    size = (row.get("img_size") or "").strip()
    if size and not (size.isascii() and size.isdigit()):
        raise DataError(f"{place}: {quoted(size)} is no size of an image.")
    source = (row.get("source") or "").strip() or source
    return Rating(top1, _percent(row.get("top5"), place), int(size) if size else None, source=source)


def _percent(text: str | None, place: str) -> float | None:
    if not (text or "").strip():
        return None
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise DataError(f"{place}: {quoted(text)} is no accuracy in percent.")
    return value
