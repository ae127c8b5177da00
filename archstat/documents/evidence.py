"""What is known of one network, and by which programs: what a card, a paper and its methods are written from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archstat.finding.ratings import Rating
from archstat.language import listed, say
from archstat.networks.ingredients import version_of_torch
from archstat.records import InferenceMemory, Measurement, ModelCost, Tally
from archstat.store.records import Versions, library_of_programs, source_of
from archstat.sweeping.plan import versions_for
from archstat.version import __version__


class Evidence(msgspec.Struct, frozen=True):
    """What is known of one network.

    Attributes:
        cost: What the network costs.
        counted_by: The programs that counted it; those of a saved cost are not known.
        memory: What the memory at inference goes to; ``None``: a saved cost does not hold it.
        measurements: What was measured of the network.
        tally: The count of the network by another convention, if one was asked for.
        rating: How accurate the network is; ``None``: nobody is known to have evaluated it on that input.
        rated_by: Whose accuracies were looked up, in a sentence; ``""``: none were found of any network.
        timm_activations: The elements that timm's cards call activations; ``None``: a saved cost does not tell.
    """

    cost: ModelCost
    counted_by: Versions = Versions()
    memory: InferenceMemory | None = None
    measurements: tuple[Measurement, ...] = ()
    tally: Tally | None = None
    rating: Rating | None = None
    rated_by: str = ""
    timm_activations: int | None = None

    @property
    def name(self) -> str:
        """The name that a user gave the network."""
        return self.cost.architecture


def programs_of(name: str) -> Versions:
    """The programs that count a named network in this process; the library where it is one of a library."""
    library = versions_for(name).library if source_of(name) else ""
    return Versions(__version__, version_of_torch(), library_of_programs(name, library))


def programs_told(several: Iterable[Versions]) -> str:
    """Programs with their versions, libraries in brackets; those that are not known are said to be so."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for each in several:
        groups.setdefault((each.archstat, each.torch), {})[each.library] = None
    return listed(_told(*programs, libraries) for programs, libraries in groups.items())


def _told(archstat: str, torch: str, libraries: Iterable[str]) -> str:
    if not archstat:
        return say("archstat, in a version that is not recorded")
    beside = ", ".join(filter(None, [f"torch {torch}" if torch else "", *libraries]))
    return f"archstat {archstat} ({beside})" if beside else f"archstat {archstat}"


def measured_of_network(cost: ModelCost, measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """The measurements of a network, in the order of their batch sizes."""
    own = [each for each in measurements if each.architecture == cost.architecture]
    return tuple(sorted(own, key=lambda each: each.conditions.batch_size))


def names_of_evidence(found: Sequence[Evidence]) -> list[str]:
    """The names of networks, each once."""
    return list(dict.fromkeys(each.name for each in found))
