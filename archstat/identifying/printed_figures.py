"""What papers print of a network, whether or not that is what the network comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from archstat import units
from archstat.identifying.asked import NumberKind
from archstat.identifying.hypotheses import Hypothesis
from archstat.identifying.meant_networks import MeantNetwork
from archstat.language import recorded
from archstat.networks.settings import Setting
from archstat.published.figures import Figure, Published, Variant, published
from archstat.registry import parse_call


def figures_of(subject: MeantNetwork, kinds: Sequence[NumberKind]) -> Iterator[Hypothesis]:
    """The figures that were published of a network on its usual input, or of a variant.

    Args:
        subject: The network on an input.
        kinds: Of what numbers are wanted.
    """
    about = published().get(parse_call(subject.name)[0])
    if about is None:
        return
    printed = _entry(about, subject)
    if printed is None:
        return
    if "parameters" in kinds and printed.parameters is not None:
        yield _figure("parameters", printed.parameters)
    if ("MACs" in kinds or "FLOPs" in kinds) and printed.macs is not None:
        yield _figure("MACs", printed.macs)


def _entry(about: Published, subject: MeantNetwork) -> Published | Variant | None:
    """What was published of exactly that network and input."""
    setting = subject.setting
    if "(" not in subject.name and setting == Setting():
        return about
    asked = (parse_call(subject.name), setting)
    return next(
        (each for each in about.variants if (parse_call(each.call), Setting(resolution=each.resolution)) == asked), None
    )


def _figure(kind: NumberKind, figure: Figure) -> Hypothesis:
    what = recorded("published: {figure} ({source})", figure=figure.printed, source=figure.source)
    return Hypothesis(kind, what, Fraction(units.parse(figure.printed).value), 0, is_of_input=kind != "parameters")
