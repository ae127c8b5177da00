"""A printed number → where it comes from: every combination is worked out, and those that print so are ranked.

A chance match is the danger of any such search, so it says how many numbers it tried and how many of them a random
number would meet.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import get_args

import msgspec

from archstat import units
from archstat.analysis.network import Analyse, Network
from archstat.counting.conventions import OURS
from archstat.errors import ArchstatError
from archstat.identifying.asked import ROUNDED_TO_TENS, Asked, NumberKind, PrintedReading
from archstat.identifying.hypotheses import Hypothesis, hypotheses_by_convention, hypotheses_of
from archstat.identifying.meant_networks import MeantNetwork, search_stages
from archstat.identifying.origins import FLOPS_CALLED_MACS, Identification, Origin
from archstat.identifying.printed_figures import figures_of
from archstat.language import recorded
from archstat.networks.settings import Setting
from archstat.published.figures import counted

_ALIKE: dict[str, tuple[NumberKind, ...]] = {
    "parameters": ("parameters",),
    "MACs": ("MACs", "FLOPs"),
    "FLOPs": ("MACs", "FLOPs"),
    "bytes": ("bytes",),
    "elements": ("elements",),
}
"""What is searched for a number of a kind: MACs are called FLOPs, and FLOPs MACs."""

_FOUND = ("exact", "rounds")
_NEAREST = 5
_FAR = 2
"""Counts of a greater strain do not tell much where nothing matches."""


def identify(
    name: str,
    asked: Asked,
    analyse: Analyse,
    setting: Setting | None = None,
    *,
    is_thorough: bool = False,
    most_stages: int = 3,
) -> Identification:
    """Where a number that is said of a network comes from.

    Args:
        name: The network.
        asked: The number.
        analyse: Counts a network.
        setting: How the network is counted, where the text says so; other inputs are not tried then.
        is_thorough: Go on where an answer was found.
        most_stages: The stages of :func:`search_stages` that are searched.

    Raises:
        ArchstatError: The named network cannot be counted; of others that cannot be, nothing is said.
    """
    setting = setting or Setting()
    kinds = _kinds(asked)
    found: list[Origin] = []
    network = analyse(name, setting)
    stages = search_stages(name, setting, network, varies=set(kinds) != {"parameters"})
    every = list(itertools.islice(stages, most_stages))
    is_whole = most_stages >= 3
    for place, stage in enumerate(every):
        for subject in _once(stage, every[:place]):
            found += _origins(subject, asked, kinds, network if subject.name == name else None, analyse, setting)
        if place + 1 < len(every) and not is_thorough and any(map(_is_plain, found)):
            is_whole = False
            break
    return _judged(name, asked, found, is_whole=is_whole)


def identify_named(name: str, asked: Asked, analyse: Analyse, setting: Setting) -> Identification:
    """Whether a number is one of exactly that network and input, by a way to count that is in use.

    Args:
        name: The network.
        asked: The number.
        analyse: Counts a network.
        setting: How the network is counted.

    Raises:
        ArchstatError: The network cannot be counted.
    """
    network = analyse(name, setting)
    found = _origins(MeantNetwork(name, setting), asked, _kinds(asked), network, analyse, setting)
    usual = [each for each in found if _is_usual(each)]
    return _judged(name, asked, usual, is_whole=False)


def _is_usual(origin: Origin) -> bool:
    """Whether a text that prints a number may mean it so; of what is rounded to tens, the first that one thinks of."""
    most = 1 if ROUNDED_TO_TENS in origin.assumptions else 1 + len(origin.assumptions)
    return origin.strain <= most and len(origin.assumptions) <= 1


def _kinds(asked: Asked) -> tuple[NumberKind, ...]:
    """What is searched for a number; a plain one can be anything, and bytes only to the last digit."""
    if asked.kind:
        return _ALIKE[asked.kind]
    return tuple(kind for kind in get_args(NumberKind) if kind != "bytes" or asked.is_whole)


def _is_plain(origin: Origin) -> bool:
    """Whether a number comes about by a way to count that is in use, so that nothing simpler is to be looked for."""
    return origin.verdict in _FOUND and origin.strain <= 1 + len(origin.assumptions)


def _once(stage: Iterable[MeantNetwork], before: Sequence[Sequence[MeantNetwork]]) -> Iterator[MeantNetwork]:
    """The subjects of a stage that no earlier one had, each once."""
    known = {(each.name.replace(" ", ""), each.setting) for earlier in before for each in earlier}
    for subject in stage:
        key = (subject.name.replace(" ", ""), subject.setting)
        if key not in known:
            known.add(key)
            yield subject


def _origins(
    subject: MeantNetwork,
    asked: Asked,
    kinds: Sequence[NumberKind],
    known: Network | None,
    analyse: Analyse,
    named: Setting,
) -> list[Origin]:
    """What a subject comes to, each way to count and to read the number an origin of its own."""
    if subject.is_of_totals:
        return list(_compared(subject, asked, _totals(subject.name, kinds), ""))
    try:
        network = known if known is not None and subject.setting == named else analyse(subject.name, subject.setting)
    except ArchstatError:  # it takes no such input, or its library is not what we know
        return []
    if network.cost.input_origin.startswith("assumed") and subject.strain:
        return []
    amounts = [*hypotheses_of(network, kinds), *figures_of(subject, kinds)]
    is_again = subject.setting != named  # parameters are those of the usual input
    amounts = [each for each in amounts if each.is_of_input or not is_again]
    return list(_compared(subject, asked, amounts, _size(network)))


def _totals(name: str, kinds: Sequence[NumberKind]) -> Iterator[Hypothesis]:
    """What is known of an architecture of ours without a trace."""
    about = counted()[name]
    if "parameters" in kinds:
        yield Hypothesis("parameters", recorded("all parameters"), Fraction(about.parameters), is_of_input=False)
    if "MACs" in kinds or "FLOPs" in kinds:
        yield from hypotheses_by_convention(OURS, about.macs)


def _size(network: Network) -> str:
    """The size of an image, or the shapes of whatever goes in."""
    shapes = network.cost.input_shapes
    is_image = len(shapes) == 1 and len(shapes[0]) == 4
    return units.shape(shapes[0][2:]) if is_image else units.shapes(shapes)


def _compared(subject: MeantNetwork, asked: Asked, amounts: Iterable[Hypothesis], size: str) -> Iterator[Origin]:
    for amount in amounts:
        for reading in asked.readings:
            if amount.value > 0:
                yield _origin(subject, asked, amount, reading, size)


def _origin(subject: MeantNetwork, asked: Asked, amount: Hypothesis, reading: PrintedReading, size: str) -> Origin:
    verdict = reading.printed.verdict(amount.value)
    called = {"": "", "MACs": FLOPS_CALLED_MACS, "FLOPs": recorded("MACs called FLOPs")}
    is_called_so = asked.kind in ("", amount.kind)
    told = ["" if is_called_so else called[asked.kind], reading.assumption]
    told.append(recorded("digits cut off and not rounded") if verdict == "truncated" else "")
    if not asked.kind and amount.kind == "FLOPs" and amount.shown_by == "reconcile":
        told.append(recorded("a MAC counted as two"))
    told = [*subject.assumptions, *filter(None, told)]
    stated = Fraction(reading.printed.value)
    return Origin(
        subject.name,
        size if amount.is_of_input else "",
        (amount.what,),
        amount.value,
        verdict,
        tuple(told),
        amount.strain + subject.strain + len(told) - len(subject.assumptions),
        amount.shown_by,
        _how(subject.setting, amount),
        float((amount.value - stated) / stated),
    )


def _how(setting: Setting, amount: Hypothesis) -> dict[str, int]:
    """How the network is counted, where that is not as usual."""
    batch = amount.batch_size if amount.batch_size > 1 else setting.batch_size
    how = {"resolution": setting.resolution, "sequence": setting.sequence, "batch_size": batch if batch > 1 else None}
    return {name: value for name, value in how.items() if value is not None}


# -- ranking -----------------------------------------------------------------------------------------------------------


def _judged(name: str, asked: Asked, found: Sequence[Origin], *, is_whole: bool) -> Identification:
    """The search as a whole: its answers in order, and what a chance hit is worth."""
    matching = sorted((each for each in found if each.verdict != "differs"), key=_rank)
    others = [each for each in found if each.strain <= _FAR]
    nearest = [] if matching else _merged(sorted(others, key=lambda each: (abs(each.off), each.strain)))[:_NEAREST]
    numbers = {each.value for each in found}
    around = [_around(reading, numbers) for reading in asked.readings]
    return Identification(
        asked,
        name,
        tuple(_merged(matching)),
        tuple(nearest),
        hypotheses=len(found),
        numbers=len(numbers),
        nearby=len(set().union(*around)),
        chance=sum(len(each) * _share_met(reading) for each, reading in zip(around, asked.readings, strict=True)),
        is_whole=is_whole,
    )


def _rank(origin: Origin) -> tuple[int, int, float]:
    """Exact before rounded, few assumptions before many, near before far."""
    return origin.verdict != "exact", origin.strain, abs(origin.off)


def _around(reading: PrintedReading, numbers: Iterable[Fraction]) -> set[Fraction]:
    """The numbers between half and twice the one that is asked about."""
    middle = Fraction(reading.printed.value)
    return {value for value in numbers if middle / 2 <= value <= 2 * middle}


def _share_met(reading: PrintedReading) -> float:
    """How much of the numbers between half and twice the one that is asked about a count meets, by their logarithms.

    What is cut off prints so too, which is half a step more than what is rounded.
    """
    value, step = float(reading.printed.value), float(reading.printed.step)
    above = step if step != 1 else step / 2
    return min(math.log((value + above) / max(value - step / 2, value / 2)) / math.log(4), 1.0)


def _merged(origins: Iterable[Origin]) -> list[Origin]:
    """Origins of which those that come to the same number are one: the first, with its other ways to count."""
    found: dict[Fraction, Origin] = {}
    for each in origins:
        first = found.setdefault(each.value, each)
        if (first.network, first.size, first.assumptions) == (each.network, each.size, each.assumptions):
            what = tuple(dict.fromkeys((*first.what, *each.what)))
            found[each.value] = msgspec.structs.replace(first, what=what)
    return list(found.values())
