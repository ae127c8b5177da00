"""The layers of a network that were counted and measured, as the charts of its time draw them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.language import say
from archstat.records import LayerTimes
from archstat.report.material import Subject
from archstat.tables.joining import Joined, times_beside_counts


class Timed(msgspec.Struct, frozen=True):
    """The layers of a network whose time can be told.

    Attributes:
        with_macs: The layers that multiply and accumulate.
        without_macs: The layers that do not multiply and accumulate.
        short: The layers that are too short for the measurement.
        times: The measurement.
        rows_s: The time of all measured rows.
        macs_per_s: The speed of all layers that have MACs together.
    """

    with_macs: tuple[Joined, ...]
    without_macs: tuple[Joined, ...]
    short: tuple[Joined, ...]
    times: LayerTimes
    rows_s: float
    macs_per_s: float

    @property
    def places(self) -> tuple[Joined, ...]:
        """All layers whose time can be told."""
        return (*self.with_macs, *self.without_macs)

    def share(self, places: Sequence[Joined]) -> float:
        """The part of all measured rows that some of them are."""
        return _time(places) / self.rows_s


def _time(places: Sequence[Joined]) -> float:
    return sum(place.time_s or 0.0 for place in places)


def layer_times_of(subject: Subject) -> Timed:
    """The layers of a network that were counted and measured.

    Raises:
        DataError: The network was not measured by layer, or is another one; or no layer is long enough.
    """
    network, measurement = subject.measured()
    times, joined = times_beside_counts(network.cost, network.traffic(), measurement)
    places = [place for place in joined if place.counted and place.measured]
    found = [place for place in places if place.resolved_s]
    with_macs = tuple(place for place in found if place.macs)
    if not with_macs:
        raise DataError(
            f"No layer of {subject.name!r} with MACs takes {units.seconds(times.resolution_s)} or more, which is what "
            "this measurement can tell: measure a larger batch."
        )
    without = tuple(place for place in found if not place.macs)
    short = tuple(place for place in places if not place.resolved_s)
    speed = sum(place.macs for place in with_macs) / _time(with_macs)
    return Timed(with_macs, without, short, times, times.rows_s, speed)


def too_short(found: Timed) -> str:
    """What is not drawn since its time cannot be told."""
    count, least = len(found.short), units.seconds(found.times.resolution_s)
    share = units.share(found.share(found.short), 1)
    if count == 1:
        return say(
            "Left out: 1 layer shorter than {least}, too short for this measurement, {share} of the time together.",
            least=least,
            share=share,
        )
    return say(
        "Left out: {count} layers shorter than {least}, too short for this measurement, {share} of the time together.",
        count=count,
        least=least,
        share=share,
    )
